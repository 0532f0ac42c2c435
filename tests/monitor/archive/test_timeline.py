"""The sound of a timeline: what can be read of it, again and again."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import soundfile

from monitor.archive.timeline import open_sound
from monitor.errors import AuscultError, RecordingError


def test_samples_channel_and_length(tmp_path):
    """The second channel, as often as it is asked for; its length is counted, not believed."""
    stereo = np.random.default_rng(0).uniform(-0.5, 0.5, (70_000, 2)).astype(np.float32)
    soundfile.write(tmp_path / "a.wav", stereo, 8000, "FLOAT")
    sound = open_sound(tmp_path / "a.wav", channel=2)
    assert (sound.num_samples, sound.duration_s, sound.error) == (70_000, 8.75, None)
    for _ in range(2):
        np.testing.assert_array_equal(np.concatenate(list(sound.blocks())), stereo[:, 1])


def test_lost_samples_are_zeros(tmp_path):
    """What is no number is written as silence."""
    soundfile.write(tmp_path / "a.wav", np.array([0.5, np.nan, np.inf, 0.25], np.float32), 4000, "FLOAT")
    assert np.concatenate(list(open_sound(tmp_path / "a.wav").blocks())).tolist() == [0.5, 0.0, 0.0, 0.25]


def test_a_damaged_file_is_read_up_to_the_damage(tmp_path):
    """A FLAC that breaks off has what comes before, and says why it ends; blocks() then ends without an error."""
    path = tmp_path / "cut.flac"
    soundfile.write(path, np.random.default_rng(0).uniform(-0.5, 0.5, 80_000), 4000)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    sound = open_sound(path)
    assert 0 < sound.num_samples < 80_000
    assert isinstance(sound.error, RecordingError)
    assert sum(map(len, sound.blocks())) == sound.num_samples


def test_a_format_with_sound_needs_it(timeline):
    """Where the sound is gone, it says so."""
    assert timeline.needed_sound("EDF") is timeline.sound
    with pytest.raises(AuscultError, match="its sound is gone, and EDF holds the sound"):
        dataclasses.replace(timeline, sound=None).needed_sound("EDF")


def test_values_of_the_session(timeline, crashed):
    """Text where there is some."""
    assert (timeline.text("subject"), crashed.text("subject"), timeline.text("schema")) == ("P7", None, None)

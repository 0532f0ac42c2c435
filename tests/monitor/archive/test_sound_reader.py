"""Any stretch of a sound: the same samples as the whole, in every format, in any order."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from monitor.archive.sound_reader import SoundReader
from monitor.archive.timeline import open_sound
from monitor.errors import RecordingError

RATE = 8000
STRETCHES = [(0, 100), (70_000, 79_000), (0, 10), (5000, 5000), (79_990, 90_000), (-50, 20), (100_000, 100_010)]


@pytest.mark.parametrize(("suffix", "subtype"), [("wav", "FLOAT"), ("flac", "PCM_24"), ("ogg", "VORBIS")])
@pytest.mark.parametrize("channel", [None, 2])
def test_a_stretch_is_what_the_whole_has_there(tmp_path, suffix, subtype, channel):
    """Whether the format can be sought or not."""
    path = tmp_path / f"sound.{suffix}"
    soundfile.write(path, np.random.default_rng(3).uniform(-0.5, 0.5, (80_000, 2)), RATE, subtype)
    sound = open_sound(path, channel)
    whole = np.concatenate(list(sound.blocks()))
    with SoundReader(sound) as reader:
        for start, end in STRETCHES:
            expected = whole[max(0, start) : end]
            np.testing.assert_array_equal(reader.read(start, end), expected)
            np.testing.assert_array_equal(sound.read(start, end), expected)


def test_what_is_no_number_is_silence(tmp_path):
    """As in the blocks of the sound."""
    path = tmp_path / "sound.wav"
    waveform = np.full(4000, 0.25, np.float32)
    waveform[100:200] = np.nan
    soundfile.write(path, waveform, RATE, "FLOAT")
    with SoundReader(open_sound(path)) as reader:
        assert set(reader.read(50, 250).tolist()) == {0.0, 0.25}


def test_a_file_that_is_gone_before_the_first_read(tmp_path):
    """It is an error in one line; once it is open it can be read, and closing twice is safe."""
    path = tmp_path / "sound.wav"
    soundfile.write(path, np.zeros(4000), RATE)
    sound = open_sound(path)
    reader = SoundReader(sound)
    assert len(reader.read(0, 10)) == 10
    reader.close()
    reader.close()
    path.unlink()
    with pytest.raises(RecordingError, match=r"sound\.wav"):
        reader.read(0, 10)


def test_a_length_that_is_known_is_not_counted_again(tmp_path):
    """Where the file says the same; one that does not is read to its end."""
    path = tmp_path / "sound.flac"
    soundfile.write(path, np.zeros(4000), RATE)
    assert open_sound(path, num_samples=4000).num_samples == 4000
    assert open_sound(path, num_samples=3999).num_samples == 4000

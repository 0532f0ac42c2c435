"""A WAV whose header states no length is read to the end of the file; any other file is left to the decoder."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from monitor.audio.sources.decoding.open_ended_wav import OpenEndedWav
from monitor.audio.sources.file import RecordingSource
from monitor.errors import RecordingError

SUBTYPES = ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT"]


def write(path: Path, samples: int, size: int | None = 0, sample_rate: int = 4000, subtype: str = "PCM_16") -> Path:
    """Write two channels of noise whose header states ``size`` bytes; None leaves the true size."""
    soundfile.write(path, np.random.default_rng(0).normal(0, 0.1, (samples, 2)), sample_rate, subtype)
    if size is not None:
        data = path.read_bytes()
        at = data.index(b"data") + 4
        path.write_bytes(data[:at] + struct.pack("<I", size) + data[at + 4 :])
    return path


def all_of(sound: OpenEndedWav, start_sample: int = 0) -> NDArray[np.float32]:
    """Return everything from a sample on, (samples, channels)."""
    return np.concatenate([np.zeros((0, 2), np.float32), *sound.blocks(start_sample)])


@pytest.mark.parametrize("subtype", SUBTYPES)
@pytest.mark.parametrize("start", [0, 1, 4000, 19_999, 20_000])
def test_every_sample_up_to_the_end_of_the_file(tmp_path: Path, subtype: str, start: int) -> None:
    """From any start, the samples are those of the finished file; the length is that of the file."""
    expected, _ = soundfile.read(write(tmp_path / "whole.wav", 20_000, None, subtype=subtype), dtype="float32")
    opened = OpenEndedWav.open(write(tmp_path / "a.wav", 20_000, subtype=subtype), "a.wav")
    assert opened is not None
    with opened as sound:
        assert (sound.sample_rate, sound.channels, sound.num_samples) == (4000, 2, 20_000)
        np.testing.assert_array_equal(all_of(sound, start), expected[start:])


@pytest.mark.parametrize("subtype", SUBTYPES)
@pytest.mark.parametrize("size", [0, 0x7FFF_FFFF, 0x7FFF_FF00, 0xFFFF_FFFF])
def test_a_recording_source_plays_it_to_the_end(tmp_path: Path, size: int, subtype: str) -> None:
    """Whatever placeholder the recorder wrote, a source plays the whole file, channel and start included."""
    expected, _ = soundfile.read(write(tmp_path / "whole.wav", 20_000, None, subtype=subtype), dtype="float32")
    source = RecordingSource(write(tmp_path / "a.wav", 20_000, size, subtype=subtype), channel=2, start_s=1.0)
    assert source.duration_s == 4.0
    np.testing.assert_array_equal(np.concatenate(list(source.blocks(700))), expected[4000:, 1])


@pytest.mark.parametrize("content", ["finished", "flac", "text", "empty"])
def test_other_files_are_left_to_the_decoder(tmp_path: Path, content: str) -> None:
    """A finished WAV, another format, no sound at all, and a WAV that is really empty are not taken."""
    path = tmp_path / "a.wav"
    if content == "text":
        path.write_text("hello world, how are you")
    elif content == "flac":
        soundfile.write(path, np.zeros(100), 4000, format="FLAC")
    else:
        write(path, 0 if content == "empty" else 100, None)
    assert OpenEndedWav.open(path, "a.wav") is None


def test_a_sample_rate_out_of_range_is_refused(tmp_path: Path) -> None:
    """The error is the one for any recording."""
    with pytest.raises(RecordingError, match=r"a\.wav: sample rate of 500 Hz"):
        OpenEndedWav.open(write(tmp_path / "a.wav", 100, sample_rate=500), "a.wav")

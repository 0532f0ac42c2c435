"""What goes to the output process and comes from it."""

from __future__ import annotations

import dataclasses
import io
import json

import numpy as np
import pytest

from monitor.audio.playback.protocol import (
    GAP,
    IDLE,
    SETTINGS,
    SOUND,
    OutputReport,
    frame,
    read_frame,
    report,
)


class Dribble(io.RawIOBase):
    """A pipe that gives a few bytes at a time."""

    def __init__(self, data):
        self._data = io.BytesIO(data)

    def read(self, size=-1):
        """Return at most three bytes."""
        return self._data.read(min(size, 3))


def test_every_frame_arrives():
    """Sound bit for bit with its place, gaps, pauses and settings, from a pipe that gives a few bytes at a time."""
    noise = np.random.default_rng(0).standard_normal(1000).astype(np.float32)
    settings = {"sound": "bell", "volume_db": -3.0, "on": True}
    data = frame(SOUND, 2**40, waveform=noise) + frame(GAP, 7, 9) + frame(IDLE) + frame(SETTINGS, settings=settings)
    stream = Dribble(data)
    sound = read_frame(stream)
    assert (sound.kind, sound.start_sample, sound.samples) == (SOUND, 2**40, 1000)
    assert np.array_equal(sound.waveform, noise)
    assert read_frame(stream)[:3] == (GAP, 7, 9)
    assert read_frame(stream).kind == IDLE
    assert read_frame(stream).settings == settings
    assert read_frame(stream) is None


def test_a_stream_cut_anywhere_ends():
    """A frame that is not whole is the end, never half a frame."""
    data = frame(SOUND, 5, waveform=np.ones(3, np.float32))
    assert all(read_frame(io.BytesIO(data[:end])) is None for end in range(len(data)))


@pytest.mark.parametrize("data", [b"x\0\0\0\0", b"s\xff\xff\xff\xff"])
def test_other_bytes_are_refused(data):
    """Unknown kinds and impossible lengths are an error."""
    with pytest.raises(ValueError, match="must be a frame"):
        read_frame(io.BytesIO(data))


def test_a_report_arrives():
    """Every value of a report passes through its line."""
    sent = OutputReport("open", "Headphones", None, 12.5, 99.0, 0.08, 3, 40)
    assert report(json.dumps(dataclasses.asdict(sent)).encode()) == sent


@pytest.mark.parametrize("line", [b"", b"[]", b'{"state":"open","other":1}', b"{"])
def test_other_lines_are_refused(line):
    """What is no report is an error."""
    with pytest.raises(ValueError, match=r"report|Expecting"):
        report(line)

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
    FrameReader,
    OutputReport,
    frame,
    report,
)


class Dribble:
    """A pipe that gives a few bytes at a time, none in between, and nothing at the end."""

    def __init__(self, data):
        self._data, self._full = io.BytesIO(data), False

    def read(self, size):
        """Return at most three bytes, or None."""
        self._full = not self._full
        return self._data.read(min(size, 3)) if self._full else None


def read_to_the_end(stream):
    """Return all frames of a stream."""
    reader, frames = FrameReader(stream), []
    while not reader.ended:
        frames += reader.available()
    return frames


def test_every_frame_arrives():
    """Sound bit for bit with its place, gaps, pauses and settings, from a pipe that gives a few bytes at a time."""
    noise = np.random.default_rng(0).standard_normal(1000).astype(np.float32)
    settings = {"sound": "bell", "volume_db": -3.0, "on": True}
    data = frame(SOUND, 2**40, waveform=noise) + frame(GAP, 7, 9) + frame(IDLE) + frame(SETTINGS, settings=settings)
    sound, gap, idle, set_to = read_to_the_end(Dribble(data))
    assert (sound.kind, sound.start_sample, sound.samples) == (SOUND, 2**40, 1000)
    assert np.array_equal(sound.waveform, noise)
    assert gap[:3] == (GAP, 7, 9)
    assert idle.kind == IDLE
    assert set_to.settings == settings


def test_many_frames_at_once_arrive_in_order():
    """More than one read of the pipe gives is read at once."""
    data = b"".join(frame(SOUND, start, waveform=np.zeros(400, np.float32)) for start in range(0, 40_000, 400))
    reader = FrameReader(io.BytesIO(data))
    assert [read.start_sample for read in reader.available()] == list(range(0, 40_000, 400))
    assert reader.available() == []
    assert reader.ended


def test_a_stream_cut_anywhere_ends():
    """A frame that is not whole is the end, never half a frame."""
    data = frame(SOUND, 5, waveform=np.ones(3, np.float32))
    assert all(read_to_the_end(io.BytesIO(data[:end])) == [] for end in range(len(data)))


def test_nothing_yet_is_not_the_end():
    """A pipe that has nothing to give is asked again."""
    reader = FrameReader(Dribble(frame(IDLE)))
    assert (reader.available(), reader.ended) == ([], False)
    assert (reader.available(), reader.ended) == ([], False)
    assert [read.kind for read in reader.available()] == [IDLE]


@pytest.mark.parametrize("data", [b"x\0\0\0\0", b"s\xff\xff\xff\xff"])
def test_other_bytes_are_refused(data):
    """Unknown kinds and impossible lengths are an error."""
    with pytest.raises(ValueError, match="must be a frame"):
        FrameReader(io.BytesIO(data)).available()


def test_a_report_arrives():
    """Every value of a report passes through its line."""
    sent = OutputReport("open", "Headphones", None, 12.5, 99.0, 0.08, 3, 40)
    assert report(json.dumps(dataclasses.asdict(sent)).encode()) == sent


@pytest.mark.parametrize("line", [b"", b"[]", b'{"state":"open","other":1}', b"{"])
def test_other_lines_are_refused(line):
    """What is no report is an error."""
    with pytest.raises(ValueError, match=r"report|Expecting"):
        report(line)

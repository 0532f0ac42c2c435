"""What a process that captures says: whole frames in pieces of any size, and nothing else."""

from __future__ import annotations

import dataclasses
import itertools
import json
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.audio.framing import HEADER
from monitor.audio.sources.capture_process.protocol import (
    FAILED,
    LOST,
    SOUND,
    STATUS,
    CaptureReport,
    CaptureSetup,
    failed_frame,
    lost_frame,
    read_frames,
    setup_from,
    sound_frame,
    status_frame,
)
from monitor.audio.sources.device.selection import DeviceInfo
from monitor.messages import DeviceStatus

STATUS_NOW = DeviceStatus("lost", "steth", "ALSA", 2, 4000, message="is not connected", drift=0.01, lost_s=1.5)
WHOLE = (
    sound_frame(5, np.array([0.5, -1.0, np.nan], np.float32), 12.25)
    + lost_frame(8, 100, 13.5)
    + status_frame(CaptureReport(STATUS_NOW, 0.04))
    + failed_frame("steth: gone", "plug it in")
)


class Pieces:
    """A stream that gives the pieces it was made of."""

    def __init__(self, data, cuts):
        edges = [0, *sorted(cuts), len(data)]
        self.pieces = [data[a:b] for a, b in itertools.pairwise(edges) if b > a]

    def read(self, size):
        """Return the next piece; nothing at the end."""
        return self.pieces.pop(0) if self.pieces else b""


def all_frames(stream):
    """Return every frame, and what is left."""
    frames, rest, ended = [], b"", False
    while not ended:
        new, rest, ended = read_frames(stream, rest)
        frames += new
    return frames, rest


@given(cuts=st.lists(st.integers(0, len(WHOLE)), max_size=12))
def test_frames_are_whole_however_the_bytes_come(cuts):
    """Sound bit for bit, positions, times, the state of the device, a failure."""
    frames, rest = all_frames(Pieces(WHOLE, cuts))
    assert rest == b""
    assert [frame.kind for frame in frames] == [SOUND, LOST, STATUS, FAILED]
    sound, lost, status, failed = frames
    assert (sound.start_sample, sound.samples, sound.time_s) == (5, 3, 12.25)
    assert np.array_equal(sound.waveform, np.array([0.5, -1.0, np.nan], np.float32), equal_nan=True)
    assert lost[1:4] == (8, 100, 13.5)
    assert status.report == CaptureReport(STATUS_NOW, 0.04)
    assert failed.failure == ("steth: gone", "plug it in")


def test_a_frame_that_was_cut_off_is_kept_back():
    """A process that was killed leaves half a frame, which is no sound."""
    frames, rest = all_frames(Pieces(WHOLE[:20], []))
    assert frames == []
    assert rest == WHOLE[:20]


@pytest.mark.parametrize(
    "data",
    [
        b"Traceback (most recent call last)",
        HEADER.pack(SOUND, 2**30),
        HEADER.pack(LOST, 3) + b"abc",
        HEADER.pack(STATUS, 2) + b"{}",
        HEADER.pack(STATUS, 4) + b"null",
        HEADER.pack(FAILED, 3) + b"???",
    ],
)
def test_what_is_no_frame_is_an_error(data):
    """Text, a length beyond any block, a payload of another form."""
    with pytest.raises(ValueError, match=r"frame|JSON|Expecting"):
        read_frames(Pieces(data, []))


def test_a_setup_survives_the_command_line():
    """All values, those of the device too; its tested rates are of no use there."""
    device = DeviceInfo(7, "Bed 1", "PulseAudio", 1, 4000, source="bed.monitor", opened_by=2)
    setup = CaptureSetup(device, 4000, 2, 0.1, once=True, waiting=True)
    assert setup_from(json.dumps(dataclasses.asdict(setup))) == setup
    assert struct.calcsize("<cI") == HEADER.size == 5

"""Frames from the monitor to the process of the server."""

from __future__ import annotations

import io

import numpy as np

from monitor.serve.feed import FedLine
from monitor.serve.process.frames import Begin, PartPulse, Pulse, ServerSetup, Sound, frame, read_frame
from tests.monitor.serve.conftest import START, snapshot, window

SETUP = ServerSetup(3, b"", loopback=True, token="secret", run="ab12", share_subject=False, subject=None, several=False)


def test_what_is_read_is_what_was_written():
    """One after the other, then the end."""
    sound = Sound(7, np.arange(5, dtype=np.float32), ((8, 9),))
    part = PartPulse("bed 1", "P-7", Begin(START, live=True), snapshot(), sound)
    pulse = Pulse((part,), (FedLine(1, 0.5, "{}", "bed 1"),), ((window(), "bed 1"),))
    stream = io.BytesIO(frame(SETUP) + frame(pulse))
    assert read_frame(stream) == SETUP
    read = read_frame(stream)
    assert (read.lines, read.judged, read.parts[0][:3]) == (pulse.lines, pulse.judged, part[:3])
    np.testing.assert_array_equal(read.parts[0].sound.waveform, sound.waveform)
    np.testing.assert_array_equal(read.parts[0].snapshot.tensor, part.snapshot.tensor)
    assert read_frame(stream) is None


def test_a_frame_that_is_cut_off_is_the_end():
    """Whoever wrote it is gone."""
    whole = frame(SETUP)
    for size in (0, 3, 4, len(whole) - 1):
        assert read_frame(io.BytesIO(whole[:size])) is None

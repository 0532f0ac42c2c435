"""A program that is stopped for longer than the sound server buffers, and continued."""

from __future__ import annotations

import signal
import threading

import numpy as np
import pytest
import soundfile

RATE = 192_000
"""Hz. PulseAudio buffers 4 MiB for a program that does not read: 5.5 s of 32-bit samples at this rate."""
STOPPED_S = 8.0
TOLERANCE_S = 0.25
"""The latency of the stream and a block."""


class StoppedRun:
    """One run that is stopped for some seconds while noise is played."""

    def __init__(self, stethoscope, folder):
        self.noise = np.random.default_rng(3).integers(-3000, 3000, 60 * RATE).astype(np.int16)
        played, record = folder / "noise.wav", folder / "stopped.wav"
        soundfile.write(played, self.noise, RATE, "PCM_16")
        stethoscope.plug_in(RATE)
        stethoscope.play(played)
        listening = stethoscope.listen("--rate", RATE, "--record", record)
        try:
            opened = listening.until_state("open")
            listening.until_window(opened["at_s"] + 5.5)
            listening.process.send_signal(signal.SIGSTOP)
            threading.Event().wait(STOPPED_S)
            listening.process.send_signal(signal.SIGCONT)
            self.told = listening.until(lambda line: line["type"] == "device" and line["held_up"] > 0)
            self.measured = listening.until(
                lambda line: line["type"] == "device" and line["measured_rate_hz"] is not None, 40.0
            )
            self.code, self.errors = listening.end()
        finally:
            stethoscope.unplug()
        self.lines, self.windows = listening.lines, listening.of("window")
        self.devices = listening.of("device")
        self.recorded = np.round(soundfile.read(record, dtype="float32")[0] * 2**15).astype(np.int16)

    def played_at(self, start):
        """Return where in the noise a piece of the recording comes from."""
        piece = self.recorded[start : start + 1000].tobytes()
        found = self.noise.tobytes().find(piece)
        assert found >= 0, "the recording holds something that was not played"
        return found // 2

    def zeros(self):
        """Return the start and the end of the longest run of zeros behind the first second."""
        silent = np.concatenate([[False], self.recorded == 0, [False]])
        silent[:RATE] = False
        edges = np.flatnonzero(np.diff(silent)).reshape(-1, 2)
        return edges[np.argmax(edges[:, 1] - edges[:, 0])].tolist()


@pytest.fixture(scope="module")
def stopped(stethoscope, tmp_path_factory):
    """Listen while the program is stopped once."""
    return StoppedRun(stethoscope, tmp_path_factory.mktemp("stopped"))


def test_it_is_told_once(stopped):
    """One line when it is settled, with the seconds that are lost: what the server did not buffer."""
    assert stopped.told["state"] == "open"
    assert 0.5 < stopped.told["lost_s"] < STOPPED_S
    assert {line["held_up"] for line in stopped.devices[stopped.devices.index(stopped.told) :]} == {1}
    assert stopped.devices[-1]["lost_s"] == stopped.told["lost_s"]
    assert stopped.devices[-1]["reopened"] == 0


def test_the_windows_are_withheld(stopped):
    """There is one run of windows without scores, as long as the gap and the windows that overlap it."""
    gap = np.array([False, *(line["gap"] for line in stopped.windows), False])
    assert len(np.flatnonzero(np.diff(gap))) == 2
    assert all(line["scores"] is None for line in stopped.windows if line["gap"])
    start, end = stopped.zeros()
    for line in stopped.windows:
        assert line["gap"] or line["end_s"] <= start / RATE + 1e-6 or line["start_s"] >= end / RATE - 1e-6


def test_the_recording_is_true_to_the_clock(stopped):
    """Zeros stand for what is lost; the sound on both sides of them is where it was played."""
    recording = [line for line in stopped.lines if line["type"] == "recording"][-1]
    start, end = stopped.zeros()
    assert end - start == recording["lost_samples"] == round(stopped.told["lost_s"] * RATE)
    before = start - RATE - stopped.played_at(start - RATE)
    after = end + RATE - stopped.played_at(end + RATE)
    assert after == pytest.approx(before, abs=TOLERANCE_S * RATE)


def test_no_clock_is_called_slow(stopped):
    """The sample rate is measured again and is right."""
    assert stopped.measured["measured_rate_hz"] == pytest.approx(RATE, rel=1e-3)
    assert all(line["drift"] is None for line in stopped.devices)


def test_no_other_alarm(stopped):
    """The burst is neither an overload nor a slow disk, and overwrites nothing unread."""
    assert not [line for line in stopped.lines if line["type"] == "overload"]
    assert all(line["error"] is None for line in stopped.lines if line["type"] == "recording")
    assert (stopped.code, stopped.lines[-1]["overruns"]) == (130, 0)

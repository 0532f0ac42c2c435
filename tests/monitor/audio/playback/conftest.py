"""A scripted library of outputs, a scripted output process, and a clock."""

from __future__ import annotations

import io

import numpy as np
import pytest

from monitor.audio.playback.protocol import FrameReader, OutputReport
from monitor.audio.sources.device.selection import DeviceInfo
from monitor.errors import DeviceError

HEADPHONES = DeviceInfo(2, "USB Headphones", "ALSA", 2, 44_100, default=True)


class ScriptedOutputs:
    """Outputs whose callback the test calls."""

    def __init__(self):
        self.found, self.rates, self.failing = [HEADPHONES], {48_000}, None
        self.opened, self.closed, self.pull = [], 0, None
        self.active, self.latency_s = True, 0.03

    def outputs(self):
        """Return what is plugged in."""
        return self.found

    def plays(self, device, sample_rate):
        """Return whether a rate is supported."""
        return sample_rate in self.rates

    def open_output(self, device, sample_rate, latency_s, on_pull):
        """Open, or fail as scripted."""
        if self.failing is not None:
            raise DeviceError(self.failing)
        self.opened.append((device.name, sample_rate, latency_s))
        self.pull = on_pull
        return self

    def close(self):
        """Count."""
        self.closed += 1


class ScriptedProcess:
    """An output process that keeps its frames and reports what the test sets."""

    def __init__(self, setup):
        self.setup, self.report = setup, OutputReport("opening")
        self.data, self.broken, self.killed, self.finished = b"", False, 0, 0

    def send(self, data):
        """Keep a frame; a process that has gone refuses it."""
        if self.broken:
            raise BrokenPipeError
        self.data += data

    def finish(self, timeout_s=0.0):
        """Count."""
        self.finished += 1

    def kill(self):
        """Count."""
        self.killed += 1

    def frames(self):
        """Return the frames so far."""
        return FrameReader(io.BytesIO(self.data)).available()

    def sound(self):
        """Return what was sent, zeros for gaps."""
        parts = [
            read.waveform if read.kind == b"s" else np.zeros(read.samples) for read in self.frames() if read.samples
        ]
        return np.concatenate(parts) if parts else np.zeros(0)


class Clock:
    """Seconds that the test moves."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    """Return a clock."""
    return Clock()


@pytest.fixture
def outputs():
    """Return a library with one pair of headphones."""
    return ScriptedOutputs()


@pytest.fixture
def processes():
    """Return a list that launches scripted processes into itself."""

    class Launched(list):
        def __call__(self, setup):
            self.append(ScriptedProcess(setup))
            return self[-1]

    return Launched()

"""A scripted audio backend: devices that a test plugs in and out, streams whose blocks it delivers."""

from __future__ import annotations

import numpy as np
import pytest

from monitor.audio.sources.device.selection import DeviceInfo
from monitor.errors import DeviceError

STETHOSCOPE = DeviceInfo(3, "steth", "ALSA", 2, 1000)


class ScriptedStream:
    """A stream that is active until the test, or a close, ends it."""

    latency_s = 0.05
    failure = None

    def __init__(self, on_block):
        self.on_block = on_block
        self.active = True
        self.closed = 0

    def close(self):
        """Count."""
        self.closed += 1
        self.active = False

    def deliver(self, samples=50, value=0.5, overflow=False):
        """Call the callback."""
        self.on_block(np.full((samples, 2), value, np.float32), overflow)


class ScriptedBackend:
    """A library whose devices a test changes; it sees the change after a restart only, as PortAudio does."""

    notice = None

    def __init__(self):
        self.plugged = [STETHOSCOPE]
        self.seen = [STETHOSCOPE]
        self.failing = None
        self.streams = []
        self.opened = []
        self.restarts = 0
        self.checked = []

    def devices(self):
        """Return what was there at the last restart."""
        return self.seen

    def check(self, device, channels, sample_rate):
        """Note what was asked."""
        self.checked.append((device, channels, sample_rate))

    def open(self, device, channels, sample_rate, latency_s, on_block):
        """Open, or fail as scripted."""
        if self.failing is not None:
            raise DeviceError(self.failing)
        self.opened.append((device, channels, sample_rate, latency_s))
        self.streams.append(ScriptedStream(on_block))
        return self.streams[-1]

    def restart(self):
        """See what is plugged in."""
        assert all(stream.closed for stream in self.streams), "no stream may be open"
        self.restarts += 1
        self.seen = self.plugged


@pytest.fixture
def backend():
    """Return a scripted backend with one device."""
    return ScriptedBackend()


@pytest.fixture
def steth():
    """Return the device of the backend."""
    return STETHOSCOPE

"""A scripted audio library for the commands that open devices."""

from __future__ import annotations

import json
import os
import threading

import numpy as np
import pytest

from monitor.audio.sources.device.selection import DeviceInfo
from monitor.errors import DeviceError

STETH = DeviceInfo(3, "My Stethoscope", "ALSA", 1, 4000)
OTHER = DeviceInfo(5, "pulse", "ALSA", 32, 44_100, default=True)


class LiveStream:
    """Delivers noise from its own thread, faster than real time, until it is closed."""

    failure = None

    def __init__(self, take, channels):
        self.active = True
        self._channels = channels
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(take,), name="scripted-audio")
        self._thread.start()

    def _run(self, take):
        rng = np.random.default_rng(0)
        while not self._ended.wait(0.002):
            take(rng.normal(0, 0.1, (200, self._channels)).astype(np.float32), False)

    def close(self):
        """End the thread."""
        self.active = False
        self._ended.set()
        self._thread.join(timeout=5)


class ScriptedPortAudio:
    """An audio backend whose devices and failures a test chooses."""

    notice = None

    def __init__(self):
        self.plugged = [STETH, OTHER]
        self.opened = []
        self.restarts = 0
        self.after_restarts = {}
        self.failing = None

    def devices(self):
        """Return the connected devices."""
        return self.plugged

    def tested_rates(self, device):
        """Return the same rates for every device."""
        return (4000, 44_100)

    def check(self, device, channels, sample_rate):
        """Refuse one rate."""
        if sample_rate == 12_345:
            raise DeviceError(f"{device.name}: does not do 12345 Hz", "choose --rate 4000, 44100")

    def open(self, device, channels, sample_rate, latency_s, take):
        """Open a stream, or fail as scripted."""
        if self.failing is not None:
            raise DeviceError(self.failing, "plug it in")
        self.opened.append((device.name, channels, sample_rate, latency_s))
        return LiveStream(take, channels)

    def restart(self):
        """Update the list of connected devices."""
        self.restarts += 1
        self.plugged = self.after_restarts.get(self.restarts, self.plugged)


@pytest.fixture
def library(monkeypatch, tmp_path):
    """Return the scripted backend that listen and devices use, without settings of this machine."""
    for name in [name for name in os.environ if name.startswith("AUSCULT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    scripted = ScriptedPortAudio()
    for module in ("listen", "options.several_inputs", "setup.devices", "setup.doctor.command", "exam.command"):
        monkeypatch.setattr(f"monitor.commands.{module}.PortAudio", lambda: scripted)
    return scripted


@pytest.fixture
def json_lines(capsys):
    """Return a function that gives the JSON lines written to standard output."""
    return lambda: [json.loads(line) for line in capsys.readouterr().out.splitlines()]

"""Headphones beside the virtual stethoscope: two channels of one null sink, so that one recording has both in time."""

from __future__ import annotations

import os
import subprocess
import threading
import time

import numpy as np

RATE = 48_000
LAB = "lab"
SINK = "steth"
CONFIG = """
</usr/share/alsa/alsa.conf>
pcm.!default {{ type pulse }}
pcm.stethoscope {{ type pulse device "steth-input" }}
pcm.earphones {{ type pulse device "phones" }}
pcm.wireless {{ type pulse server "unix:{socket}" device "steth" }}
"""
"""``wireless`` is on a server of its own, which a test can end: a server moves the sound of a lost output itself."""


class Lab:
    """A stethoscope and headphones on one time axis."""

    def __init__(self, stethoscope, folder):
        self.stethoscope, self.folder = stethoscope, folder
        self._config = stethoscope.folder / "asoundrc"
        self._before = self._config.read_text()
        (folder / "other").mkdir(mode=0o700)
        self.wireless = type(stethoscope)(folder / "other")
        self._config.write_text(CONFIG.format(socket=self.wireless.socket))
        self._modules, self._recordings = [], []
        stereo = ("channels=2", "channel_map=front-left,front-right", "format=s16le", f"rate={RATE}")
        self._load("module-null-sink", f"sink_name={LAB}", *stereo)
        self._load("module-remap-sink", "sink_name=steth", f"master={LAB}", *self._side("left"))
        self._load("module-remap-source", "source_name=steth-input", f"master={LAB}.monitor", *self._side("left"))
        self._load("module-remap-sink", "sink_name=phones", f"master={LAB}", *self._side("right"))

    @staticmethod
    def _side(name):
        """Return the arguments that pick one channel."""
        return "channels=1", "channel_map=mono", f"master_channel_map=front-{name}", "remix=no"

    def _load(self, *module):
        """Load a module of the sound server."""
        loaded = self.stethoscope._control("load-module", *module)
        assert loaded.returncode == 0, loaded.stderr
        self._modules.append(loaded.stdout.strip())

    def connect_wireless(self):
        """Connect the headphones that can be lost."""
        self.wireless.start()
        self.wireless.plug_in(RATE)

    def close(self):
        """Remove everything."""
        for recording in self._recordings:
            recording.end()
        self.wireless.close()
        for module in reversed(self._modules):
            self.stethoscope._control("unload-module", module)
        self._config.write_text(self._before)

    def record(self):
        """Start to record both sides, stethoscope and headphones."""
        self._recordings.append(Recording(self.stethoscope.environment, f"{LAB}.monitor", 2))
        return self._recordings[-1]

    def record_wireless(self):
        """Start to record the headphones that can be lost."""
        self._recordings.append(Recording(self.wireless.environment, f"{SINK}.monitor", 1))
        return self._recordings[-1]


class Recording:
    """What a sound server plays, on the clock.

    Attributes
    ----------
    began_s : float or None
        On the monotonic clock, once it has ended: the time of the first sample.
    """

    def __init__(self, environment, source, channels):
        form = ("--format=s16le", f"--rate={RATE}", f"--channels={channels}", "--latency-msec=10")
        self._recorder = subprocess.Popen(
            ["parec", "-d", source, *form], env=environment, stdout=subprocess.PIPE, bufsize=0
        )
        self.began_s, self._channels = None, channels
        self._parts, self._offsets, self._bytes = [], [], 0
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self):
        """Keep what comes, and when that would have begun."""
        while data := os.read(self._recorder.stdout.fileno(), 2**16):
            self._parts.append(data)
            self._bytes += len(data)
            self._offsets.append(time.monotonic() - self._bytes / (2 * self._channels) / RATE)

    @property
    def length_s(self):
        """Seconds so far."""
        return self._bytes / (2 * self._channels) / RATE

    def end(self):
        """End it; return the sound of each channel. Twice is safe."""
        self._recorder.terminate()
        self._recorder.wait(timeout=10)
        self._reader.join(timeout=10)
        self._recorder.stdout.close()
        if self._offsets:
            self.began_s = float(np.percentile(self._offsets[len(self._offsets) // 3 :], 2))  # the reads least late
        return (np.frombuffer(b"".join(self._parts), "<i2").reshape(-1, self._channels) / 2**15).T


def likeness(sound, part):
    """Return the correlation of a part with every place of a sound, (places,), in [-1, 1]."""
    size = len(sound) + len(part)
    products = np.fft.irfft(np.fft.rfft(sound, size) * np.conj(np.fft.rfft(part, size)), size)
    energies = np.concatenate(([0.0], np.cumsum(sound**2)))
    energy = energies[len(part) :] - energies[: -len(part)]
    return products[: len(energy)] / np.sqrt(np.maximum(energy * (part**2).sum(), 1e-12))

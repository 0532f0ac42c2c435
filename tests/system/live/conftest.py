"""A virtual stethoscope: a sound server of our own, a null sink, and players that play into it.

The server runs in user space, knows no sound card, and shares nothing with one that may be there: its socket and its
settings are in a temporary folder. ``auscult listen`` reads it through ALSA's plug-in and the real PortAudio, in a
process of its own.
"""

from __future__ import annotations

import contextlib
import ctypes.util
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from monitor.features.resample import resampled
from monitor.synthesis.parameters import HeartParameters
from monitor.synthesis.phonocardiogram import phonocardiogram
from tests.system.live.lab import SINK, Lab

ROOT = Path(__file__).resolve().parents[3]
PLUGIN = "alsa-lib/libasound_module_pcm_pulse.so"

LEAD_S = 0.2
"""Seconds of silence at the start of a file: the null sink may have been read ahead by that when a player starts."""

ALSA_CONFIG = f"""
</usr/share/alsa/alsa.conf>
pcm.!default {{ type pulse }}
pcm.stethoscope {{ type pulse device "{SINK}.monitor" }}
"""


def missing():
    """Return what the virtual stethoscope lacks on this machine, or None."""
    if not sys.platform.startswith("linux"):
        return "the virtual stethoscope needs Linux"
    absent = [program for program in ("pulseaudio", "pactl", "paplay") if shutil.which(program) is None]
    if absent:
        return f"the virtual stethoscope needs {', '.join(absent)}"
    if not any(folder.joinpath(PLUGIN).exists() for folder in (Path("/usr/lib64"), *Path("/usr/lib").glob("*"))):
        return "the virtual stethoscope needs ALSA's pulse plug-in (libasound2-plugins)"
    return None if ctypes.util.find_library("portaudio") else "live sound needs the PortAudio library"


def wait_until(condition, timeout_s, what):
    """Wait for a condition, bounded; polls an event and never sleeps by itself."""
    pause, deadline = threading.Event(), time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if condition():
            return
        pause.wait(0.02)
    pytest.fail(f"{what} did not come about within {timeout_s:g} s")


class VirtualStethoscope:
    """A sound server with one null sink, whose monitor is the input "stethoscope"."""

    def __init__(self, folder):
        self.folder = folder
        self.socket = folder / "native"
        (folder / "home").mkdir(mode=0o700)
        (folder / "asoundrc").write_text(ALSA_CONFIG)
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("AUSCULT", "PULSE", "XDG"))},
            "HOME": str(folder / "home"),
            "XDG_RUNTIME_DIR": str(folder),
            "PULSE_SERVER": f"unix:{self.socket}",
            "ALSA_CONFIG_PATH": str(folder / "asoundrc"),
            "OMP_NUM_THREADS": "1",
            "PYTHONPATH": str(ROOT),
        }
        self._server = None
        self._programs = []
        self._listening = []
        self._module = None

    def start(self):
        """Start the server, without an output."""
        self.socket.unlink(missing_ok=True)
        protocol = f"module-native-protocol-unix socket={self.socket} auth-anonymous=1"
        command = [
            "pulseaudio",
            "-n",
            "--daemonize=no",
            "--exit-idle-time=-1",
            "--use-pid-file=no",
            "--disable-shm=yes",
        ]
        with (self.folder / "server.log").open("ab") as log:
            self._server = subprocess.Popen(
                [*command, f"--load={protocol}"], env=self.environment, stdout=log, stderr=log
            )
        wait_until(lambda: self._control("info").returncode == 0, 20, "an answer of the sound server")

    def kill(self):
        """End the server as a crash would."""
        if self._server is not None:
            self._server.kill()
            self._server.wait(timeout=10)
            self._server = None

    def plug_in(self, sample_rate=4000, channels=1):
        """Add the null sink; return the time at which it existed."""
        places = ("mono", "front-left,front-right")[channels - 1]
        form = f"rate={sample_rate} channels={channels} channel_map={places} format=s16le"
        loaded = self._control("load-module", "module-null-sink", f"sink_name={SINK}", *form.split())
        assert loaded.returncode == 0, loaded.stderr
        self._module = loaded.stdout.strip()
        return time.time()

    def unplug(self):
        """Remove the null sink."""
        assert self._control("unload-module", self._module).returncode == 0

    def play(self, path):
        """Start playing a file."""
        player = subprocess.Popen(
            ["paplay", "--device", SINK, str(path)], env=self.environment, stderr=subprocess.DEVNULL
        )
        self._programs.append(player)
        return player

    def listen(self, *arguments, program=None):
        """Start ``auscult listen --json`` on the stethoscope, or on the device that is named."""
        device = () if "--device" in arguments else ("--device", "stethoscope")
        command = [sys.executable, *(program or ["-m", "monitor"]), "listen", *device, "--json"]
        listening = Listening([*command, *map(str, arguments)], self.environment)
        self._listening.append(listening)
        return listening

    def examine(self, *arguments):
        """Start ``auscult exam --json`` on the stethoscope."""
        command = [sys.executable, "-m", "monitor", "exam", "--device", "stethoscope", "--json"]
        examining = Listening([*command, *map(str, arguments)], self.environment)
        self._listening.append(examining)
        return examining

    def auscult(self, *arguments):
        """Run auscult to its end; return its exit code, output and errors."""
        command = [sys.executable, "-m", "monitor", *map(str, arguments)]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout, done.stderr

    def close(self):
        """End everything."""
        for listening in self._listening:
            listening.close()
        for program in self._programs:
            with contextlib.suppress(ProcessLookupError):
                program.kill()
            program.wait(timeout=10)
        self.kill()

    def _control(self, *arguments):
        """Run ``pactl``."""
        return subprocess.run(["pactl", *arguments], env=self.environment, capture_output=True, text=True, timeout=20)


class Listening:
    """A running ``auscult listen --json`` and the lines that it has written."""

    def __init__(self, command, environment):
        self.process = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0
        )
        self.lines = []
        self._rest = b""

    def until(self, wanted, timeout_s=20.0):
        """Return the first new line for which ``wanted`` is true."""
        deadline, seen = time.monotonic() + timeout_s, len(self.lines)
        while time.monotonic() < deadline:
            for line in self.lines[seen:]:
                if wanted(line):
                    return line
            seen = len(self.lines)
            if not self._read(max(0.0, deadline - time.monotonic())):
                break
        pytest.fail(f"the line did not come; the last were {self.lines[-3:]}, errors: {self._errors()}")

    def until_window(self, end_s, timeout_s=30.0):
        """Return the first new window that ends at ``end_s`` or later."""
        return self.until(lambda line: line["type"] == "window" and line["end_s"] >= end_s, timeout_s)

    def until_state(self, state, timeout_s=20.0):
        """Return the first new line with the device in a state."""
        return self.until(lambda line: line["type"] == "device" and line["state"] == state, timeout_s)

    def end(self, number=signal.SIGTERM):
        """Send a signal, read to the end, and return the exit code and the errors."""
        self.process.send_signal(number)
        return self.ended()

    def ended(self, timeout_s=20.0):
        """Read to the end, and return the exit code and the errors."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline and self._read(0.5):
            pass
        code = self.process.wait(timeout=10)
        errors = self._errors()
        self.close()
        return code, errors

    def close(self):
        """Kill the program, whatever it does, and close its output."""
        self.process.kill()
        self.process.wait(timeout=10)
        self.process.stdout.close()
        self.process.stderr.close()

    def of(self, kind):
        """Return the lines of one type."""
        return [line for line in self.lines if line["type"] == kind]

    def _read(self, timeout_s):
        """Read what arrives within ``timeout_s``; return whether more may come."""
        if not select.select([self.process.stdout], [], [], timeout_s)[0]:
            return True
        data = os.read(self.process.stdout.fileno(), 65536)
        whole = (self._rest + data).split(b"\n")
        self._rest = whole.pop()
        self.lines += [json.loads(line) for line in whole]
        return bool(data)

    def _errors(self):
        """Return the standard error of the program, once it has ended."""
        return self.process.stderr.read().decode() if self.process.poll() is not None else "(still running)"


@pytest.fixture(scope="module")
def stethoscope(tmp_path_factory):
    """Return a virtual stethoscope; skip where it cannot run."""
    reason = missing()
    if reason is not None:
        pytest.skip(reason)
    virtual = VirtualStethoscope(tmp_path_factory.mktemp("steth"))
    try:
        virtual.start()
        yield virtual
    finally:
        virtual.close()


@pytest.fixture
def lab(stethoscope, tmp_path):
    """Return a stethoscope with headphones."""
    built = Lab(stethoscope, tmp_path)
    yield built
    built.close()


@pytest.fixture(scope="session")
def heart_files(tmp_path_factory):
    """Return a function that writes 16-bit files with a synthetic heart, resampled from 4000 Hz if needed."""
    folder = tmp_path_factory.mktemp("hearts")

    def make(seconds, sample_rate=4000):
        path = folder / f"heart-{seconds}-{sample_rate}.wav"
        if not path.exists():
            waveform = phonocardiogram(seconds, HeartParameters(), np.random.default_rng(5), 4000).waveform
            waveform[: round(LEAD_S * 4000)] = 0.0
            soundfile.write(path, resampled(waveform, 4000, sample_rate), sample_rate, "PCM_16")
        return path

    return make


@pytest.fixture(scope="session")
def find_in():
    """Return a function that finds the index at which all samples of a file begin in a recording."""

    def find(recorded, played, tolerance=0.0):
        loudest = int(np.abs(played).argmax())
        starts = np.flatnonzero(np.abs(recorded - played[loudest]) <= tolerance) - loudest
        for start in starts[(starts >= 0) & (starts + len(played) <= len(recorded))].tolist():
            if np.abs(recorded[start : start + len(played)] - played).max() <= tolerance:
                return start
        return pytest.fail("the recording does not contain the whole file")

    return find

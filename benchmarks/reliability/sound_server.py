"""A virtual stethoscope that plays numbered samples: a sound server of our own, a null sink, a player.

The value of each sample is its number, so that a recording shows to the sample what was received and what was not.
Needs Linux with PulseAudio, ALSA's pulse plug-in and PortAudio.
"""

from __future__ import annotations

import contextlib
import ctypes.util
import fcntl
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np

__all__ = ["PERIOD", "SAMPLE_RATE", "Player", "SoundServer", "missing", "numbered"]

SAMPLE_RATE = 4000
PERIOD = 65_535
"""Numbers before they repeat: every 16-bit value but 0, which is silence and lost sound."""
BLOCK_SAMPLES = 400
NEW_START = 40_000
"""Numbers left out where the player starts again: more than any loss that is measured."""
PIPE_BYTES = 4096
MAX_WAITING = 6000
"""Samples that the pipe and the player may hold."""
SINK = "steth"
PLUGIN = "alsa-lib/libasound_module_pcm_pulse.so"
ALSA = f"""
</usr/share/alsa/alsa.conf>
pcm.!default {{ type pulse }}
pcm.stethoscope {{ type pulse device "{SINK}.monitor" }}
"""


def missing() -> str | None:
    """Return what the virtual stethoscope lacks on this machine, or None."""
    absent = [program for program in ("pulseaudio", "pactl", "pacat") if shutil.which(program) is None]
    if not sys.platform.startswith("linux") or absent:
        return f"needs Linux and {', '.join(absent) or 'PulseAudio'}"
    if not any(folder.joinpath(PLUGIN).exists() for folder in (Path("/usr/lib64"), *Path("/usr/lib").glob("*"))):
        return "needs ALSA's pulse plug-in (libasound2-plugins)"
    return None if ctypes.util.find_library("portaudio") else "needs the PortAudio library"


def numbered(first: int, count: int) -> bytes:
    """Return samples from a number on, 16-bit.

    Examples
    --------
    >>> np.frombuffer(numbered(32_766, 4), "<i2").tolist()
    [32767, -32768, -32767, -32766]
    """
    numbers = (np.arange(first, first + count) % PERIOD) + 1  # 1 to 65535
    return numbers.astype(np.uint16).view(np.int16).astype("<i2").tobytes()


class SoundServer:
    """A PulseAudio server with one null sink, whose monitor is the input "stethoscope".

    Parameters
    ----------
    folder : Path
        For its socket and settings; shared with no other server.
    """

    def __init__(self, folder: Path) -> None:
        (folder / "asoundrc").write_text(ALSA, encoding="utf-8")
        self._socket = folder / "native"
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("AUSCULT", "PULSE", "XDG"))},
            "HOME": str(folder),
            "XDG_RUNTIME_DIR": str(folder),
            "PULSE_SERVER": f"unix:{self._socket}",
            "ALSA_CONFIG_PATH": str(folder / "asoundrc"),
            "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
        }
        self._log = folder / "server.log"
        self._server: subprocess.Popen[bytes] | None = None
        self._module = ""

    def start(self) -> None:
        """Start the server and plug the stethoscope in."""
        self._socket.unlink(missing_ok=True)
        protocol = f"module-native-protocol-unix socket={self._socket} auth-anonymous=1"
        plain = ["-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no", "--disable-shm=yes"]
        with self._log.open("ab") as log:
            self._server = subprocess.Popen(
                ["pulseaudio", *plain, f"--load={protocol}"], env=self.environment, stdout=log, stderr=log
            )
        for _ in range(200):
            if self._control("info").returncode == 0:
                break
            time.sleep(0.1)
        else:
            raise OSError("PulseAudio does not start")
        self.plug_in()

    def plug_in(self) -> None:
        """Add the sink."""
        form = f"rate={SAMPLE_RATE} channels=1 channel_map=mono format=s16le"
        self._module = self._control(
            "load-module", "module-null-sink", f"sink_name={SINK}", *form.split()
        ).stdout.strip()

    def unplug(self) -> None:
        """Remove the sink."""
        self._control("unload-module", self._module)

    def kill(self) -> None:
        """End the server as a crash would."""
        if self._server is not None:
            self._server.kill()
            self._server.wait(timeout=10)
            self._server = None

    def _control(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run ``pactl``."""
        return subprocess.run(
            ["pactl", *arguments], env=self.environment, capture_output=True, text=True, timeout=30, check=False
        )


class Player:
    """Plays numbered samples without end; starts again where the device comes back.

    Parameters
    ----------
    server : SoundServer
    """

    def __init__(self, server: SoundServer) -> None:
        self._environment = server.environment
        self._number = 0
        self._stopping, self._silent = threading.Event(), threading.Event()
        self._program: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._run, name="reliability-player")

    def start(self) -> None:
        """Play."""
        self._thread.start()

    def silence(self, *, silent: bool) -> None:
        """Pause the sound, as a stethoscope that is put away; the device stays."""
        (self._silent.set if silent else self._silent.clear)()

    def stop(self) -> None:
        """End the player."""
        self._stopping.set()
        self._end_program()
        self._thread.join(timeout=10.0)

    def _run(self) -> None:
        while not self._stopping.is_set():
            raw = ["--raw", "--format=s16le", "--channels=1", f"--rate={SAMPLE_RATE}", f"--device={SINK}"]
            self._program = subprocess.Popen(
                ["pacat", "--playback", *raw, "--latency-msec=100"],
                stdin=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=self._environment,
            )
            first = self._number
            with contextlib.suppress(OSError, ValueError):
                self._feed(self._program)
            self._end_program()
            played = self._number - first > MAX_WAITING  # else there was no device, and nothing was heard
            self._number = self._number + NEW_START if played else first
            self._stopping.wait(0.2)

    def _feed(self, program: subprocess.Popen[bytes]) -> None:
        """Write samples until the program ends; silence ends it, for only then the sink plays nothing."""
        if program.stdin is not None:
            fcntl.fcntl(program.stdin, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        while program.poll() is None and not self._stopping.is_set() and program.stdin is not None:
            if self._silent.is_set():
                self._stopping.wait(0.05)
                return
            program.stdin.write(numbered(self._number, BLOCK_SAMPLES))
            program.stdin.flush()
            self._number += BLOCK_SAMPLES

    def _end_program(self) -> None:
        program = self._program
        if program is None:
            return
        program.kill()
        program.wait(timeout=10)
        with contextlib.suppress(OSError, ValueError):
            if program.stdin is not None:
                program.stdin.close()

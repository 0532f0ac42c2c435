"""A running ``auscult listen --json --record`` and what it has told; its use of threads, files and memory."""

from __future__ import annotations

import contextlib
import datetime
import fcntl
import json
import os
import resource
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
from sound_server import SAMPLE_RATE

__all__ = ["Listener"]

PIPE_BYTES = 4096
"""Capacity of the output's pipe: full after a few windows that no one reads."""


class Listener:
    """One program that listens.

    Parameters
    ----------
    environment : dict
        With the sound server.
    record : Path
        The recording.
    max_file_bytes : int or None
        Largest file that it may write, as on a disk that is full then.
    """

    def __init__(self, environment: dict[str, str], record: Path, max_file_bytes: int | None = None) -> None:
        command = [sys.executable, "-m", "monitor", "listen", "--device", "stethoscope", "--rate", str(SAMPLE_RATE)]
        self.record = record
        self.process = subprocess.Popen(
            [*command, "--json", "--record", str(record)],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
        )
        if max_file_bytes is not None:
            resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (max_file_bytes, max_file_bytes))
        assert self.process.stdout is not None
        fcntl.fcntl(self.process.stdout, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        self._usage = psutil.Process(self.process.pid)
        self.lines: list[dict[str, Any]] = []
        self.broken_lines = 0
        self._errors = ""
        self.reading = threading.Event()
        self.reading.set()
        self._thread = threading.Thread(target=self._read, name="reliability-reader")
        self._thread.start()

    def wait_for(self, wanted: Callable[[dict[str, Any]], bool], timeout_s: float, since: int = 0) -> bool:
        """Return whether a line comes, from line ``since`` on."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            if any(wanted(line) for line in self.lines[since:]):
                return True
            if self.process.poll() is not None:
                return any(wanted(line) for line in self.lines[since:])
            time.sleep(0.05)
        return False

    def is_open(self, timeout_s: float = 20.0, since: int = 0) -> bool:
        """Return whether the device is open, waiting for it."""
        return self.wait_for(lambda line: line["type"] == "device" and line["state"] == "open", timeout_s, since)

    def usage(self) -> dict[str, float] | None:
        """Return threads, file descriptors and resident MB; None once it has ended."""
        with contextlib.suppress(psutil.Error), self._usage.oneshot():
            memory = self._usage.memory_info().rss / 2**20
            return {"threads": self._usage.num_threads(), "files": self._usage.num_fds(), "memory_mb": memory}
        return None

    def end(self, number: int = signal.SIGINT, timeout_s: float = 30.0) -> tuple[int | None, str]:
        """Send a signal and return the exit code, None for one that had to be killed, and standard error."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.ended(timeout_s)

    def ended(self, timeout_s: float = 30.0) -> tuple[int | None, str]:
        """Wait for the end; see :meth:`end`."""
        self.reading.set()
        code: int | None = None
        try:
            code = self.process.wait(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(timeout=10)
        self._thread.join(timeout=10.0)
        assert self.process.stderr is not None
        if not self.process.stderr.closed:
            self._errors = self.process.stderr.read().decode(errors="replace")
            self.process.stderr.close()
        return code, self._errors

    def of(self, kind: str) -> list[dict[str, Any]]:
        """Return the lines of one type."""
        return [line for line in self.lines if line["type"] == kind]

    def clock_drift_s(self) -> float | None:
        """Return by how much the position in the sound lags behind the clock, from the first to the last window.

        From the device's lines: both are written at the same moment.
        """
        lines = [line for line in self.of("device") if line["state"] in ("open", "lost", "closed") and line["at_s"] > 0]
        if len(lines) < 2:
            return None
        seconds = [datetime.datetime.fromisoformat(line["time"]).timestamp() for line in (lines[0], lines[-1])]
        return (seconds[1] - seconds[0]) - (lines[-1]["at_s"] - lines[0]["at_s"])

    def _read(self) -> None:
        """Read lines until the output is closed; pause while :attr:`reading` is clear."""
        assert self.process.stdout is not None
        rest = b""
        while True:
            self.reading.wait()
            if not select.select([self.process.stdout], [], [], 0.2)[0]:
                continue
            data = os.read(self.process.stdout.fileno(), 65_536)
            *whole, rest = (rest + data).split(b"\n")
            for line in whole:
                try:
                    self.lines.append(json.loads(line))
                except ValueError:
                    self.broken_lines += 1
            if not data:
                self.broken_lines += bool(rest)
                self.process.stdout.close()
                return

"""The monitor's end of the process that owns the output device (:mod:`monitor.audio.playback.output_program`).

Frames are written by one thread, the player's; ``auscult-output-reports`` reads the reports. The process may hang or
die: a write then fails or waits until :meth:`OutputProcess.kill`, and nothing but the player waits for it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import subprocess
import threading

from monitor.audio.child_program import child_command, start_child
from monitor.audio.playback.protocol import OutputReport, OutputSetup, report
from monitor.log import get_logger

__all__ = ["OutputProcess"]

logger = get_logger(__name__)

PROGRAM = "monitor.audio.playback.output_program"
ENDED = "the output ended unexpectedly"
FINISH_S = 3.2
"""Longest wait for the last samples to be played."""


class OutputProcess:
    """A running process with an output.

    Parameters
    ----------
    setup : OutputSetup
    command : list of str or None
        What to start; None for the program. A test passes its own.

    Raises
    ------
    OSError
        If it cannot be started.
    """

    def __init__(self, setup: OutputSetup, command: list[str] | None = None) -> None:
        self._process = start_child(command or child_command(PROGRAM), setup)
        self._report = OutputReport("opening")
        self._reader = threading.Thread(target=self._read, name="auscult-output-reports")
        self._reader.start()

    @property
    def report(self) -> OutputReport:
        """The newest report; safe on any thread."""
        return self._report

    def send(self, data: bytes) -> None:
        """Write a frame.

        Raises
        ------
        OSError
            If the process has ended.
        """
        stdin = self._process.stdin
        rest = memoryview(data)
        while stdin is not None and rest:
            rest = rest[stdin.write(rest) or 0 :]

    def finish(self, timeout_s: float = FINISH_S) -> None:
        """Let the process play what it has, and end it. Twice is safe."""
        self._close_input()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout_s)
        self.kill()
        self._reader.join(timeout=FINISH_S)
        if self._process.stdout is not None:
            self._process.stdout.close()

    def kill(self) -> None:
        """End the process at once; a write that waits fails. Safe on any thread."""
        self._process.kill()
        self._process.wait()

    def _close_input(self) -> None:
        """Close the process's standard input."""
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()

    def _read(self) -> None:
        """Read reports until the process ends."""
        stdout = self._process.stdout
        rest = b""
        try:
            while stdout is not None and (data := stdout.read(4096)):
                *lines, rest = (rest + data).split(b"\n")
                for line in lines:
                    self._report = report(line)
        except (OSError, ValueError):
            logger.debug("the output's reports ended", exc_info=True)
        if self._report.state != "failed":
            self._report = dataclasses.replace(self._report, state="failed", message=ENDED)

"""The program's end of a process that captures a device: started, read, asked to end, killed.

:meth:`CaptureChild.read` is for one thread, and waits; everything else is safe on any thread.
"""

from __future__ import annotations

import contextlib
import subprocess

from monitor.audio.child_program import child_command, start_child
from monitor.audio.sources.capture_process.protocol import CaptureSetup, Frame, read_frames

__all__ = ["CaptureChild"]

PROGRAM = "monitor.audio.sources.capture_process.program"
KILL_S = 1.0
"""Longest wait for a killed process: a driver may hold one that the system cannot end."""


class CaptureChild:
    """A running process.

    Parameters
    ----------
    setup : CaptureSetup
    command : list of str or None
        What to start; None for the program. A test passes its own.

    Raises
    ------
    OSError
        If it cannot be started.

    Attributes
    ----------
    pid : int
    """

    def __init__(self, setup: CaptureSetup, command: list[str] | None = None) -> None:
        self._process = start_child(command or child_command(PROGRAM), setup)
        self.pid = self._process.pid
        self._rest = b""

    def read(self) -> list[Frame] | None:
        """Wait for frames and return them, perhaps none yet; None once the process has ended, or writes no frames."""
        stdout = self._process.stdout
        if stdout is None:
            return None
        try:
            frames, self._rest, ended = read_frames(stdout, self._rest)
        except (OSError, ValueError):
            return None
        return None if ended else frames

    def begin_end(self) -> None:
        """Ask it to end, and wait for nothing. Twice is safe."""
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()

    def kill(self) -> bool:
        """End it at once, and return whether it has ended. Twice is safe."""
        self._process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(KILL_S)
        return self._process.returncode is not None

    def close(self) -> int | None:
        """Release what it held, once :meth:`read` has returned None; return its exit code, None where it hangs."""
        self.begin_end()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(KILL_S)
        self.kill()
        if self._process.stdout is not None:
            self._process.stdout.close()
        return self._process.returncode

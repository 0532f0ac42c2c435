"""The process of a worker, and one that is started ahead, while the scan still imports what it needs.

Imports no NumPy, nor what does: the scan starts it first of all. Any thread.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Self

__all__ = ["SpareWorker", "end_process", "start_process", "worker_program"]

PROGRAM = "import sys\nsys.path[:] = {path!r}\nfrom monitor.commands.scan.worker import main\nsys.exit(main())"
"""Imports what this program would, whatever the current folder holds."""
END_S = 2.0
"""Longest wait for a worker that was killed, or has nothing left to do."""


class SpareWorker:
    """A worker process that is started before its setup is known: its imports take as long as those of the scan.

    A context manager, which ends the process where none has taken it.

    Parameters
    ----------
    command : sequence of str or None
        What to start; None for the worker. A test passes its own.
    """

    def __init__(self, command: Sequence[str] | None = None) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        with contextlib.suppress(OSError):  # the pool tries again, and says what is wrong
            self._process = start_process(worker_program() if command is None else command)

    def take(self) -> subprocess.Popen[bytes] | None:
        """Return the process, once, to whoever ends it from then on; None where there is none."""
        process, self._process = self._process, None
        return process

    def __enter__(self) -> Self:
        """Return the spare worker."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the process, unless it was taken."""
        process = self.take()
        if process is not None:
            end_process(process)


def worker_program() -> list[str]:
    """Return what starts a worker."""
    return [sys.executable, "-c", PROGRAM.format(path=_import_path())]


def start_process(command: Sequence[str]) -> subprocess.Popen[bytes]:
    """Return a worker process that has just been started.

    Raises
    ------
    OSError
        If it cannot be.
    """
    return subprocess.Popen(  # noqa: S603  # our own program
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=None if os.environ.get("AUSCULT_LOG") else subprocess.DEVNULL,
        bufsize=0,
    )


def end_process(process: subprocess.Popen[bytes], reader: threading.Thread | None = None) -> None:
    """End a process and the thread that reads from it, and close its pipes. Twice is safe."""
    process.kill()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(END_S)
    if reader is not None:
        reader.join(END_S)
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with contextlib.suppress(OSError):
                stream.close()


def _import_path() -> list[str]:
    """Return where to look for packages: first where this one is, never in whatever folder is the current one."""
    return [str(Path(__file__).resolve().parents[3]), *(folder for folder in sys.path if folder)]

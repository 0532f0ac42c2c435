"""How far a scan is: one line that is drawn over on a terminal, and otherwise a line now and then."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import IO

from monitor.output import draw, say

__all__ = ["Progress", "counted"]

DRAW_S = 0.2
SAY_S = 60.0
CLEAR = "\r\x1b[K"


class Progress:
    """The progress of a scan.

    Parameters
    ----------
    stream : text file or None
        The terminal to draw on; None where there is none.
    num_files, num_bytes : int
        To be judged.
    width : callable
        Columns of the terminal.
    clock : callable
        Monotonic seconds.
    """

    def __init__(
        self,
        stream: IO[str] | None,
        num_files: int,
        num_bytes: int,
        width: Callable[[], int],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stream, self._width, self._clock = stream, width, clock
        self._num_files, self._num_bytes = num_files, num_bytes
        self._files = self._bytes = self._errors = 0
        self._seconds = 0.0
        self._began = self._told = clock()

    def add(self, num_bytes: int, seconds: float, *, failed: bool) -> None:
        """Count a file.

        Parameters
        ----------
        num_bytes : int
            Its size, by which the time left is estimated.
        seconds : float
            Of sound.
        failed : bool
        """
        self._files += 1
        self._bytes += num_bytes
        self._seconds += seconds
        self._errors += failed

    def show(self) -> None:
        """Draw or print the line, if it is time."""
        now = self._clock()
        if now - self._told < (SAY_S if self._stream is None else DRAW_S):
            return
        self._told = now
        if self._stream is None:
            say(self.text())
        else:
            draw(self._stream, CLEAR + self.text()[: max(0, self._width() - 1)])

    def clear(self) -> None:
        """Take the line off the terminal."""
        if self._stream is not None:
            draw(self._stream, CLEAR)

    def text(self) -> str:
        """Return the line: files, hours of sound a second, the time left, and errors so far."""
        elapsed = self._clock() - self._began
        parts = [f"{self._files} of {self._num_files} files"]
        if elapsed > 0 and self._files:
            parts.append(f"{self._seconds / 3600 / elapsed:.2f} hours of sound a second")
            if self._bytes:
                parts.append(f"{_duration(elapsed * (self._num_bytes - self._bytes) / self._bytes)} left")
        if self._errors:
            parts.append(counted(self._errors, "error"))
        return ", ".join(parts)

    def total(self) -> str:
        """Return what was done, in how long."""
        elapsed = max(1e-9, self._clock() - self._began)
        return (
            f"{counted(self._files, 'file')}, {_duration(self._seconds)} of sound in {_duration(elapsed)}"
            f" ({self._seconds / elapsed:.0f} times real time)"
        )


def counted(number: int, what: str) -> str:
    """Return a number of things.

    Examples
    --------
    >>> counted(1, "file"), counted(2, "file")
    ('1 file', '2 files')
    """
    return f"{number} {what}{'' if number == 1 else 's'}"


def _duration(seconds: float) -> str:
    """Return seconds as a person says them.

    Examples
    --------
    >>> _duration(4.2), _duration(75), _duration(5400)
    ('4.2 s', '1 min 15 s', '1 h 30 min')
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"

"""How far a command with many recordings is: a bar with the time left, on a terminal, once it takes a while.

Drawn over one line of standard error, so what is printed on standard output must take it away before. Main thread.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence
from typing import IO

from monitor.archive.time_axis import clock as clock_text
from monitor.output import draw, ending

__all__ = ["ProgressBar", "bar_on_standard_error"]

FIRST_S = 2.0
"""Seconds after which it is drawn: what is done sooner needs none."""
DRAW_S = 0.2
WIDTH = 24
CLEAR = "\r\x1b[K"
NOTHING = 1e-9


class ProgressBar:
    """The progress over some recordings, by their sizes.

    Parameters
    ----------
    stream : text file or None
        The terminal to draw on; None to draw nothing.
    sizes : sequence of int
        Of each recording, in bytes, for the time left.
    width : callable
        Columns of the terminal.
    clock : callable
        Monotonic seconds.

    Examples
    --------
    >>> now = iter((0.0, 30.0)).__next__
    >>> bar = ProgressBar(None, [1000, 3000], clock=now)
    >>> bar.show(0, 0.5)
    >>> bar.text(0, 0.5, 30.0)
    '[===                     ] 1 of 2, 3:30 left'
    """

    def __init__(
        self,
        stream: IO[str] | None,
        sizes: Sequence[int],
        width: Callable[[], int] = lambda: 80,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stream, self._sizes, self._width, self._clock = stream, sizes, width, clock
        self._began = clock()
        self._due_s, self._shown = self._began + FIRST_S, False

    def show(self, position: int, fraction: float) -> None:
        """Draw the bar, if it is time.

        Parameters
        ----------
        position : int
            Index of the recording that is being read.
        fraction : float
            How much of it is done, 0 to 1.
        """
        now = self._clock()
        if self._stream is None or now < self._due_s or ending():
            return
        self._due_s, self._shown = now + DRAW_S, True
        draw(self._stream, CLEAR + self.text(position, fraction, now - self._began)[: max(0, self._width() - 1)])

    def clear(self) -> None:
        """Take the bar away, before anything else is printed; it is drawn again when it is time."""
        if self._stream is not None and self._shown:
            self._shown = False
            draw(self._stream, CLEAR)

    def text(self, position: int, fraction: float, elapsed_s: float) -> str:
        """Return the bar; see :meth:`show`."""
        sizes = self._sizes
        done = (sum(sizes[:position]) + fraction * sizes[position]) / max(NOTHING, sum(sizes))
        bar = "=" * round(min(1.0, done) * WIDTH)
        left = f", {clock_text(elapsed_s * (1 - done) / done, 15)} left" if 0 < done < 1 else ""
        return f"[{bar:<{WIDTH}}] {position + 1} of {len(sizes)}{left}"


def bar_on_standard_error(files: Sequence[str]) -> ProgressBar:
    """Return the bar over some files, on standard error where that is a terminal; it is none with standard input."""
    on_terminal = sys.stderr is not None and sys.stderr.isatty() and "-" not in files
    return ProgressBar(sys.stderr if on_terminal else None, [_size(file) for file in files], _columns)


def _size(file: str) -> int:
    """Return the size of a file in bytes; 0 where it is not there."""
    try:
        return os.stat(file).st_size
    except (OSError, ValueError):
        return 0


def _columns() -> int:
    """Return the width of the terminal of standard error."""
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns
    except (OSError, ValueError):
        return 80

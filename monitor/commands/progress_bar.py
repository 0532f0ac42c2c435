"""How far a command is: a bar with the time left, on a terminal, once it takes a while; elsewhere a line now and then.

The one display of ``scan``, ``replay``, ``plot`` and ``review``. Drawn over one line, so what is printed must take it
away before. Main thread.
"""

from __future__ import annotations

import itertools
import os
import sys
import time
from collections.abc import Callable, Sequence
from typing import IO

from monitor.archive.time_axis import clock as clock_text
from monitor.output import draw, ending, say

__all__ = ["ProgressBar", "RecordingsBar", "bar_on_standard_error", "terminal_columns"]

FIRST_S = 2.0
"""Seconds after which it is drawn: what is done sooner needs none."""
DRAW_S = 0.2
WIDTH = 24
CLEAR = "\r\x1b[K"
NOTHING = 1e-9


class ProgressBar:
    """One line that says how far the work is.

    Parameters
    ----------
    stream : text file or None
        The terminal to draw on; None where there is none.
    width : callable
        Columns of the terminal.
    clock : callable
        Monotonic seconds.
    say_s : float or None
        Seconds between two lines where there is no terminal; None for no line.

    Examples
    --------
    >>> now = iter((0.0, 30.0)).__next__
    >>> bar = ProgressBar(None, clock=now)
    >>> bar.text(0.125, "1 of 2")
    '[===                     ] 1 of 2, 3:30 left'
    """

    def __init__(
        self,
        stream: IO[str] | None,
        width: Callable[[], int] = lambda: 80,
        clock: Callable[[], float] = time.monotonic,
        say_s: float | None = None,
    ) -> None:
        self._stream, self._width, self._clock, self._say_s = stream, width, clock, say_s
        self._began = clock()
        self._due_s = self._began + (FIRST_S if stream is not None else say_s or 0.0)
        self._shown = False

    @property
    def elapsed_s(self) -> float:
        """Seconds since the work began."""
        return self._clock() - self._began

    def show(self, done: float, what: Callable[[], str]) -> None:
        """Draw the line, if it is time; where there is no terminal, print it.

        Parameters
        ----------
        done : float
            Share of the work, 0 to 1.
        what : callable
            Returns what is counted; asked only when it is time.
        """
        now = self._clock()
        if now < self._due_s or ending():
            return
        if self._stream is not None:
            self._due_s, self._shown = now + DRAW_S, True
            draw(self._stream, CLEAR + self.text(done, what())[: max(0, self._width() - 1)])
        elif self._say_s is not None:
            self._due_s = now + self._say_s
            say(what() + self._left(done))

    def clear(self) -> None:
        """Take the line away, before anything else is printed; it is drawn again when it is time."""
        if self._stream is not None and self._shown:
            self._shown = False
            draw(self._stream, CLEAR)

    def text(self, done: float, what: str) -> str:
        """Return the line; see :meth:`show`."""
        bar = "=" * round(min(1.0, max(0.0, done)) * WIDTH)
        return f"[{bar:<{WIDTH}}] {what}{self._left(done)}"

    def _left(self, done: float) -> str:
        """Return the time left, as long as there is some, and something to tell it from."""
        return f", {clock_text(self.elapsed_s * (1 - done) / done, 15)} left" if 0 < done < 1 else ""


class RecordingsBar:
    """The progress over some recordings, one after another, by their sizes.

    Parameters
    ----------
    bar : ProgressBar
    sizes : sequence of int
        Of each recording, in bytes.

    Examples
    --------
    >>> RecordingsBar(ProgressBar(None), [1000, 3000]).done(1, 0.5)
    0.625
    """

    def __init__(self, bar: ProgressBar, sizes: Sequence[int]) -> None:
        self._bar, self._before = bar, [*itertools.accumulate(sizes, initial=0)]

    def show(self, position: int, fraction: float) -> None:
        """Draw the bar, if it is time.

        Parameters
        ----------
        position : int
            Index of the recording that is being read.
        fraction : float
            How much of it is done, 0 to 1.
        """
        self._bar.show(self.done(position, fraction), lambda: f"{position + 1} of {len(self._before) - 1}")

    def done(self, position: int, fraction: float) -> float:
        """Return the share of all that is done; see :meth:`show`."""
        before, after = self._before[position], self._before[position + 1]
        return (before + fraction * (after - before)) / max(NOTHING, self._before[-1])

    def clear(self) -> None:
        """Take the bar away, before anything else is printed."""
        self._bar.clear()


def bar_on_standard_error(files: Sequence[str]) -> RecordingsBar:
    """Return the bar over some files, on standard error where that is a terminal; it is none with standard input."""
    on_terminal = sys.stderr is not None and sys.stderr.isatty() and "-" not in files
    bar = ProgressBar(sys.stderr if on_terminal else None, lambda: terminal_columns(sys.stderr))
    return RecordingsBar(bar, [_size(file) for file in files])


def _size(file: str) -> int:
    """Return the size of a file in bytes; 0 where it is not there."""
    try:
        return os.stat(file).st_size
    except (OSError, ValueError):
        return 0


def terminal_columns(stream: IO[str]) -> int:
    """Return the width of the terminal that a stream is; 80 where it is none."""
    try:
        return os.get_terminal_size(stream.fileno()).columns
    except (OSError, ValueError):
        return 80

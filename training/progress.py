"""How far a training is, on the terminal or nowhere."""

from __future__ import annotations

import math
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Task, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars
from rich.table import Column

__all__ = ["Progress", "SilentProgress", "TerminalProgress", "Tick"]


WIDE = 100
"""Columns of a terminal that has room for a longer bar."""


class Tick(Protocol):
    """Called after each step."""

    def __call__(self, loss: float, watched: float = math.nan, /) -> None:
        """Take a step's loss, and the loss on watched patients; NaN where there is none."""


class Progress(Protocol):
    """Shown while training runs."""

    def stage(self, name: str, total: int) -> Tick:
        """Begin a stage of ``total`` steps; what is returned is called after each of them."""

    def whole(self, name: str, total: int) -> None:
        """Begin a bar over the stages that follow, ``total`` steps together; a stage may end early."""

    def skip(self, steps: int) -> None:
        """Take steps off the whole: they need not be run."""

    def note(self, text: str) -> None:
        """Say one line."""


class SilentProgress:
    """Progress that is shown nowhere."""

    def stage(self, name: str, total: int) -> Tick:
        """Begin a stage; see :class:`Progress`."""
        return lambda loss, watched=math.nan, /: None

    def whole(self, name: str, total: int) -> None:
        """Begin a bar over all stages."""

    def skip(self, steps: int) -> None:
        """Take steps off the whole."""

    def note(self, text: str) -> None:
        """Say one line."""


class TerminalProgress:
    """A bar per stage with losses and time left, and one over all of them; plain lines where there is no terminal.

    Parameters
    ----------
    console : Console
        Standard error, so that standard output holds only results.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        columns = (
            TextColumn("{task.description}", markup=False, table_column=_name_column(console.width)),
            BarColumn(bar_width=20 if console.width > WIDE else 10),
            MofNCompleteColumn(),
            TextColumn("{task.fields[loss]}"),
            TimeRemainingColumn(),
        )
        self._bars = Bars(*columns, console=console, disable=not console.is_terminal)
        self._whole: TaskID | None = None
        self._current: TaskID | None = None

    def __enter__(self) -> Self:
        """Start drawing."""
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop drawing."""
        self._bars.stop()

    def whole(self, name: str, total: int) -> None:
        """Begin a bar over the stages that follow; each of theirs gives way to the next."""
        if self._console.is_terminal:
            self._current = None
            self._whole = self._bars.add_task(name, total=total, loss="")

    def skip(self, steps: int) -> None:
        """Take steps off the whole."""
        if self._whole is not None:
            self._bars.update(self._whole, total=(self._task(self._whole).total or 0) - steps)

    def note(self, text: str) -> None:
        """Say one line, above the bars."""
        self._console.print(text, highlight=False, markup=False, soft_wrap=True)

    def stage(self, name: str, total: int) -> Tick:
        """Begin a stage; see :class:`Progress`."""
        if not self._console.is_terminal:
            self._console.print(f"{name} ({total} steps)", highlight=False, markup=False, soft_wrap=True)
            return SilentProgress().stage(name, total)
        self._close()
        task = self._current = self._bars.add_task(name, total=total, loss="")
        smooth = seen = math.nan

        def tick(loss: float, watched: float = math.nan, /) -> None:
            nonlocal smooth, seen
            smooth = loss if math.isnan(smooth) else 0.95 * smooth + 0.05 * loss
            seen = seen if math.isnan(watched) else watched
            self._bars.update(task, advance=1, loss=_losses(smooth, seen))
            if self._whole is not None:
                self._bars.update(self._whole, advance=1)

        return tick

    def _close(self) -> None:
        """Hide the stage before, and take the steps that it did not need off the whole."""
        if self._whole is not None and self._current is not None:
            before = self._task(self._current)
            self.skip(int((before.total or 0) - before.completed))
            self._bars.remove_task(self._current)

    def _task(self, which: TaskID) -> Task:
        """Return a bar's state."""
        return next(task for task in self._bars.tasks if task.id == which)


def _name_column(width: int) -> Column:
    """Return the column of the names, which are cut off where the numbers need the room."""
    return Column(no_wrap=True, overflow="ellipsis", max_width=max(10, width - (67 if width > WIDE else 57)))


def _losses(smooth: float, watched: float) -> str:
    """Return the losses in words, without those that there are not."""
    parts = [f"loss {smooth:.3f}"] if not math.isnan(smooth) else []
    parts += [f"watched {watched:.3f}"] if not math.isnan(watched) else []
    return ", ".join(parts)

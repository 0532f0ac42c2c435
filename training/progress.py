"""Progress of a training, on the terminal or not shown."""

from __future__ import annotations

import math
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Task, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars
from rich.table import Column

from monitor.output import printable

__all__ = ["OnStep", "Progress", "SilentProgress", "TerminalProgress"]

WIDE = 100
"""Columns of a terminal with room for a longer bar."""


class OnStep(Protocol):
    """Called after each step."""

    def __call__(self, loss: float, validation_loss: float = math.nan, /) -> None:
        """Take the loss of a step, and the validation loss; NaN where there is none."""


class Progress(Protocol):
    """Reports the progress of a training."""

    def stage(self, name: str, total: int) -> OnStep:
        """Begin a stage of ``total`` steps; the returned function is called after each of them."""

    def whole(self, name: str, total: int) -> None:
        """Begin a bar over all following stages, ``total`` steps together; a stage may end early."""

    def skip(self, steps: int) -> None:
        """Remove steps from the total: they need not run."""

    def note(self, text: str) -> None:
        """Print one line."""


class SilentProgress:
    """Progress that is not shown.

    Examples
    --------
    >>> on_step = SilentProgress().stage("fold 1", total=10)
    >>> on_step(0.7)
    """

    def stage(self, name: str, total: int) -> OnStep:
        """Begin a stage; see :class:`Progress`."""
        return lambda loss, validation_loss=math.nan, /: None

    def whole(self, name: str, total: int) -> None:
        """Begin a bar over all stages; see :class:`Progress`."""

    def skip(self, steps: int) -> None:
        """Remove steps from the total."""

    def note(self, text: str) -> None:
        """Print one line."""


class TerminalProgress:
    """A bar per stage with losses and time left, and one over all of them; plain lines without a terminal.

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
        """Begin a bar over all following stages; the bar of each replaces the one before."""
        if self._console.is_terminal:
            self._current = None
            self._whole = self._bars.add_task(printable(name), total=total, loss="")

    def skip(self, steps: int) -> None:
        """Remove steps from the total."""
        if self._whole is not None:
            self._bars.update(self._whole, total=(self._task(self._whole).total or 0) - steps)

    def note(self, text: str) -> None:
        """Print one line, above the bars."""
        self._console.print(printable(text), highlight=False, markup=False, soft_wrap=True)

    def stage(self, name: str, total: int) -> OnStep:
        """Begin a stage; see :class:`Progress`."""
        if not self._console.is_terminal:
            self._console.print(f"{printable(name)} ({total} steps)", highlight=False, markup=False, soft_wrap=True)
            return SilentProgress().stage(name, total)
        self._close()
        task = self._current = self._bars.add_task(printable(name), total=total, loss="")
        smoothed = latest = math.nan

        def on_step(loss: float, validation_loss: float = math.nan, /) -> None:
            nonlocal smoothed, latest
            smoothed = loss if math.isnan(smoothed) else 0.95 * smoothed + 0.05 * loss
            latest = latest if math.isnan(validation_loss) else validation_loss
            self._bars.update(task, advance=1, loss=_losses(smoothed, latest))
            if self._whole is not None:
                self._bars.update(self._whole, advance=1)

        return on_step

    def _close(self) -> None:
        """Hide the bar of the last stage, and remove the steps that it did not need from the total."""
        if self._whole is not None and self._current is not None:
            last = self._task(self._current)
            self.skip(int((last.total or 0) - last.completed))
            self._bars.remove_task(self._current)

    def _task(self, task_id: TaskID) -> Task:
        """Return the state of a bar."""
        return next(task for task in self._bars.tasks if task.id == task_id)


def _name_column(width: int) -> Column:
    """Return the column of stage names, which go on in the next line where the numbers need the room."""
    return Column(overflow="fold", max_width=max(10, width - (68 if width > WIDE else 58)))


def _losses(smoothed: float, validation: float) -> str:
    """Return the losses as text, without those that are NaN."""
    parts = [f"loss {smoothed:.3f}"] if not math.isnan(smoothed) else []
    parts += [f"val_loss {validation:.3f}"] if not math.isnan(validation) else []
    return ", ".join(parts)

"""How far a training is, on the terminal or nowhere."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

__all__ = ["Progress", "TerminalProgress"]


class Progress(Protocol):
    """Shown while training runs."""

    def stage(self, name: str, total: int) -> Callable[[float], None]:
        """Begin a stage of ``total`` steps; the function returned is called after each with the loss, or NaN."""


class TerminalProgress:
    """A bar per stage with the running loss and the time left; one line per stage where there is no terminal.

    Parameters
    ----------
    console : Console
        Standard error, so that standard output holds only results.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[loss]}"),
            TimeRemainingColumn(),
        )
        self._bars = Bars(*columns, console=console, disable=not console.is_terminal)

    def __enter__(self) -> Self:
        """Start drawing."""
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop drawing."""
        self._bars.stop()

    def stage(self, name: str, total: int) -> Callable[[float], None]:
        """Begin a stage; see :class:`Progress`."""
        if not self._console.is_terminal:
            self._console.print(f"{name} ({total} steps)", highlight=False)
            return lambda loss: None
        task = self._bars.add_task(name, total=total, loss="")
        smooth = math.nan

        def tick(loss: float) -> None:
            nonlocal smooth
            smooth = loss if math.isnan(smooth) else 0.95 * smooth + 0.05 * loss
            self._bars.update(task, advance=1, loss="" if math.isnan(smooth) else f"loss {smooth:.3f}")

        return tick

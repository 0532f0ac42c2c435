"""Progress is a bar on a terminal, a line per stage elsewhere, and never on standard output."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from training.progress import TerminalProgress


def console(*, terminal: bool) -> Console:
    """Return a console that writes into memory."""
    return Console(file=io.StringIO(), force_terminal=terminal, width=100, color_system=None, legacy_windows=False)


def written(to: Console) -> str:
    """Return what was written."""
    assert isinstance(to.file, io.StringIO)
    return to.file.getvalue()


def test_a_line_per_stage_without_a_terminal() -> None:
    """In a file each stage is one plain line, however many steps it has."""
    to = console(terminal=False)
    with TerminalProgress(to) as progress:
        tick = progress.stage("fold 1 of 5", 3)
        for _ in range(3):
            tick(0.5)
        progress.stage("fold 2 of 5", 7)
    assert written(to) == "fold 1 of 5 (3 steps)\nfold 2 of 5 (7 steps)\n"


def test_a_bar_on_a_terminal() -> None:
    """On a terminal the stage shows its name, its steps and the running loss."""
    to = console(terminal=True)
    with TerminalProgress(to) as progress:
        tick = progress.stage("fold 1 of 5", 2)
        tick(0.75)
        tick(0.75)
    assert "fold 1 of 5" in written(to)
    assert "2/2" in written(to)
    assert "loss 0.750" in written(to)


def test_no_loss_where_there_is_none() -> None:
    """A stage without a loss, such as reading files, shows none and never "nan"."""
    to = console(terminal=True)
    with TerminalProgress(to) as progress:
        tick = progress.stage("reading recordings", 1)
        tick(float("nan"))
    assert "1/1" in written(to)
    assert "loss" not in written(to)
    assert "nan" not in written(to)


def test_the_terminal_is_restored_after_an_error() -> None:
    """When training fails, the cursor comes back and the error goes on."""
    to = console(terminal=True)

    def fail() -> None:
        raise RuntimeError("no more memory")

    with pytest.raises(RuntimeError, match="no more memory"), TerminalProgress(to) as progress:
        progress.stage("fold 1 of 5", 2)(1.0)
        fail()
    shown, hidden = written(to).rfind("\x1b[?25h"), written(to).rfind("\x1b[?25l")
    assert shown > hidden >= 0

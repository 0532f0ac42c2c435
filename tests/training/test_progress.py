"""Progress is a bar on a terminal, a line per stage elsewhere, and never on standard output."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from training.progress import SilentProgress, TerminalProgress


def console(*, terminal: bool, width: int = 100) -> Console:
    """Return a console that writes into memory."""
    return Console(file=io.StringIO(), force_terminal=terminal, width=width, color_system=None, legacy_windows=False)


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


def test_a_bar_over_all_stages() -> None:
    """The whole counts the steps of every stage; what is skipped, or not needed, is taken off it."""
    to = console(terminal=True)
    with TerminalProgress(to) as progress:
        progress.whole("whole training", 100)
        tick = progress.stage("fold 1", 40)
        for _ in range(30):
            tick(1.0)
        progress.stage("fold 2", 40)(0.5)  # fold 1 did not need 10 of its steps
        progress.skip(20)
        (whole,) = (task for task in progress._bars.tasks if task.description == "whole training")
        assert (whole.completed, whole.total) == (31, 70)
        assert [task.description for task in progress._bars.tasks] == ["whole training", "fold 2"]


def test_the_watched_loss_stands_until_the_next() -> None:
    """The loss on watched patients is shown beside the running loss, also between two looks."""
    to = console(terminal=True)
    with TerminalProgress(to) as progress:
        tick = progress.stage("fold 1 of 5", 3)
        tick(0.5)
        tick(0.5, 0.625)
        tick(0.5)
    assert "loss 0.500, watched 0.625" in written(to)


@pytest.mark.parametrize("width", [80, 120])
def test_the_numbers_fit(width: int) -> None:
    """On a narrow terminal a long name is cut off, never the steps, the losses or the time left."""
    to = console(terminal=True, width=width)
    with TerminalProgress(to) as progress:
        progress.whole("whole training", 5000)
        tick = progress.stage("repeat 1, fold 2 of 5: made and partly labelled sounds", 350)
        tick(0.5, 0.625)
        tick(0.5)
    last = next(line for line in reversed(written(to).splitlines()) if "repeat 1" in line)
    assert last.startswith("repeat 1, fold 2 of 5")
    assert "2/350" in last
    assert "loss 0.500, watched 0.625 " in last
    assert last.count(":") >= 3  # of the name, and of the time left


@pytest.mark.parametrize("terminal", [False, True])
def test_a_line(terminal: bool) -> None:
    """A line is said as it is, on a terminal and elsewhere, and never folded or taken for markup."""
    to = console(terminal=terminal)
    text = "fold 1: murmur AUC 0.9 [no markup] " + 20 * "long "
    with TerminalProgress(to) as progress:
        progress.whole("whole training", 3)
        progress.skip(1)
        progress.note(text)
    assert text.strip() in written(to)


def test_shown_nowhere() -> None:
    """Silent progress takes everything and says nothing."""
    progress = SilentProgress()
    progress.whole("all", 3)
    progress.skip(1)
    progress.note("a line")
    tick = progress.stage("fold", 2)
    tick(1.0)
    tick(1.0, 2.0)
    assert vars(progress) == {}


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

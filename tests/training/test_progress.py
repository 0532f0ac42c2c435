"""Progress is a bar on a terminal and a line per stage in a file."""

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
        on_step = progress.stage("fold 1 of 5", 3)
        for _ in range(3):
            on_step(0.5)
        progress.stage("fold 2 of 5", 7)
    assert written(to) == "fold 1 of 5 (3 steps)\nfold 2 of 5 (7 steps)\n"


def test_a_bar_on_a_terminal() -> None:
    """On a terminal the stage shows its name, its steps and the running loss."""
    to = console(terminal=True)
    with TerminalProgress(to) as progress:
        on_step = progress.stage("fold 1 of 5", 2)
        on_step(0.75)
        on_step(0.75)
    assert "fold 1 of 5" in written(to)
    assert "2/2" in written(to)
    assert "loss 0.750" in written(to)


def test_a_nan_loss_is_not_shown() -> None:
    """A stage without a loss, such as reading files, shows none and never "nan"."""
    to = console(terminal=True)
    with TerminalProgress(to) as progress:
        on_step = progress.stage("reading recordings", 1)
        on_step(float("nan"))
    assert "1/1" in written(to)
    assert "loss" not in written(to)
    assert "nan" not in written(to)


def test_a_bar_over_all_stages() -> None:
    """The total counts the steps of every stage; skipped and unused steps are removed from it."""
    to = console(terminal=True)
    with TerminalProgress(to) as progress:
        progress.whole("whole training", 100)
        on_step = progress.stage("fold 1", 40)
        for _ in range(30):
            on_step(1.0)
        progress.stage("fold 2", 40)(0.5)  # fold 1 did not need 10 of its steps
        progress.skip(20)
        (whole,) = (task for task in progress._bars.tasks if task.description == "whole training")
        assert (whole.completed, whole.total) == (31, 70)
        assert [task.description for task in progress._bars.tasks] == ["whole training", "fold 2"]


def test_the_validation_loss_stays_until_the_next() -> None:
    """The validation loss is shown beside the running loss, also between two validations."""
    to = console(terminal=True)
    with TerminalProgress(to) as progress:
        on_step = progress.stage("fold 1 of 5", 3)
        on_step(0.5)
        on_step(0.5, 0.625)
        on_step(0.5)
    assert "loss 0.500, val_loss 0.625" in written(to)


@pytest.mark.parametrize("width", [80, 120])
def test_numbers_fit_on_a_narrow_terminal(width: int) -> None:
    """On a narrow terminal a long name goes on below; nothing is cut: not it, the steps, the losses, the time left."""
    to = console(terminal=True, width=width)
    with TerminalProgress(to) as progress:
        progress.whole("whole training", 5000)
        on_step = progress.stage("repeat 1, fold 2 of 5: synthetic and partially labelled sounds", 350)
        on_step(0.5, 0.625)
        on_step(0.5)
    lines = written(to).splitlines()
    first = max(index for index, line in enumerate(lines) if "repeat 1" in line)
    last = lines[first]
    name_width = {80: 22, 120: 52}[width]
    below = " ".join(line[:name_width].strip() for line in lines[first : first + 4])
    assert below.startswith("repeat 1, fold 2 of 5: synthetic and partially labelled sounds")
    assert last.startswith("repeat 1, fold 2 of 5")
    assert "2/350" in last
    assert "loss 0.500, val_loss 0.625 " in last
    assert last.rstrip().endswith("0:00:01")  # the time left


@pytest.mark.parametrize("terminal", [False, True])
def test_a_note_is_printed_as_it_is(terminal: bool) -> None:
    """A note is never wrapped or taken for markup, on a terminal or in a file."""
    to = console(terminal=terminal)
    text = "fold 1: murmur AUC 0.9 [no markup] " + 20 * "long "
    with TerminalProgress(to) as progress:
        progress.whole("whole training", 3)
        progress.skip(1)
        progress.note(text)
    assert text.strip() in written(to)


def test_silent_progress_keeps_nothing() -> None:
    """Silent progress accepts every call and has no state."""
    progress = SilentProgress()
    progress.whole("all", 3)
    progress.skip(1)
    progress.note("a line")
    on_step = progress.stage("fold", 2)
    on_step(1.0)
    on_step(1.0, 2.0)
    assert vars(progress) == {}


def test_the_terminal_is_restored_after_an_error() -> None:
    """When training fails, the cursor is shown again and the error is raised."""
    to = console(terminal=True)

    def fail() -> None:
        raise RuntimeError("no more memory")

    with pytest.raises(RuntimeError, match="no more memory"), TerminalProgress(to) as progress:
        progress.stage("fold 1 of 5", 2)(1.0)
        fail()
    shown, hidden = written(to).rfind("\x1b[?25h"), written(to).rfind("\x1b[?25l")
    assert shown > hidden >= 0

"""The examination on a terminal: keys, the bell, and the result after the terminal is restored."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from monitor.commands.exam.progress import Progress
from monitor.commands.exam.screen import TICK_S, ExamScreenView
from monitor.commands.exam.views import Guidance
from monitor.dashboard.keyboard import Keyboard
from monitor.messages import Summary, Verdict
from monitor.process.interrupts import Interrupts
from monitor.runtime.pipeline import Pipeline

SUMMARY = Summary("scripted", 11, 0, 0, Verdict("uncertain"), None)


class Keys:
    """A terminal on which a test types."""

    bits_per_second = 300  # too slow to be asked anything

    def __init__(self):
        self.typed = ""

    def acquire(self):
        """There are keys."""
        return True

    def release(self):
        """Nothing was changed."""

    def text(self):
        """Return what was typed since the last call."""
        text, self.typed = self.typed, ""
        return text


@pytest.fixture
def shown(scripted_source, plain_bundle, decision):
    """Return a view that has begun, its terminal, its keys and its interrupts."""
    output, keys, interrupts = io.StringIO(), Keys(), Interrupts()
    console = Console(file=output, force_terminal=True, width=80, height=24, color_system="truecolor")
    guidance = Guidance(Progress(("AV", "PV"), 10.0, decision), decision, None, None)
    view = ExamScreenView(guidance, console, Keyboard(keys))
    with Pipeline(scripted_source, plain_bundle) as pipeline:
        view.attach(pipeline, interrupts)
        view.begin(pipeline.start_message)
        try:
            yield view, output, keys, interrupts, pipeline
        finally:
            view.close()


def test_it_draws_the_examination(shown, snapshot):
    """Not the dashboard."""
    view, output, _, _, _ = shown
    view.snapshot(snapshot(1.0))
    assert "aortic" in output.getvalue()
    assert "skip site" in output.getvalue()


def test_the_bell_and_the_tick(shown, snapshot, window):
    """Once, when a site has enough; the tick goes after a while."""
    view, output, _, _, _ = shown
    for index in range(11):
        view.window(window(index / 2))
    view.snapshot(snapshot(10.0))
    assert output.getvalue().count("\a") == 1
    view._screen.refresh()
    assert "AV is done" in view._screen.canvas.text
    view.snapshot(snapshot(10.0 + TICK_S + 0.1))
    view._screen.refresh()
    assert "AV is done" not in view._screen.canvas.text
    assert output.getvalue().count("\a") == 1


def test_keys(shown, snapshot):
    """Those of the examination come first; a note takes every key; `q` ends."""
    view, _, keys, interrupts, pipeline = shown
    keys.typed = "n"
    view.snapshot(snapshot(1.0))
    keys.typed = "sq\n"
    view.snapshot(snapshot(1.1))
    assert [entry.text for entry in pipeline.take_entries() if hasattr(entry, "text")] == ["sq"]
    assert not interrupts.requested
    keys.typed = "s2"
    view.snapshot(snapshot(1.2))
    view.snapshot(snapshot(1.3))
    assert view._guidance.guide.progress.site == "PV"
    assert pipeline.take_entries() == []  # the key 2 changes no site here
    keys.typed = "q"
    view.snapshot(snapshot(1.4))
    assert interrupts.requested


def test_the_result_is_printed_when_the_terminal_is_restored(shown, capsys):
    """A row per site, the finding, the disclaimer; once."""
    view, output, _, _, _ = shown
    view.end(SUMMARY)
    assert capsys.readouterr().out == ""
    view.close()
    out = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in out[:2]] == ["AV", "PV"]
    assert out[-2].startswith("finding (ended before the last site): none")
    assert out[-1] == "research use, not for diagnosis"
    assert output.getvalue().endswith("\x1b[?1049l")
    view.close()
    assert capsys.readouterr().out == ""

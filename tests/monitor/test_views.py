"""Which view is chosen, and what the dashboard leaves behind when it closes."""

from __future__ import annotations

import io

import numpy as np
import pytest
from rich.console import Console

from models.heart_settings import HeartSettings
from models.phonocardiogram import phonocardiogram
from monitor.app import play
from monitor.interrupts import Interrupts
from monitor.screen import Screen
from monitor.sources.array import ArraySource
from monitor.views import DashboardView, JsonView, PlainView, choose_view

HEART = phonocardiogram(6.0, HeartSettings(), np.random.default_rng(5)).waveform


class Terminal(io.StringIO):
    """Standard output that says it is a terminal."""

    encoding = "utf-8"

    def isatty(self):
        """Return that it is."""
        return True


@pytest.mark.parametrize(
    ("arguments", "kind"), [({"json": True, "plain": False}, JsonView), ({"json": False, "plain": True}, PlainView)]
)
def test_what_was_asked_for_is_shown(arguments, kind, monkeypatch):
    """`--json` and `--plain` hold on a terminal too."""
    monkeypatch.setattr("sys.stdout", Terminal())
    assert isinstance(choose_view(**arguments), kind)


def test_a_terminal_gets_the_dashboard(monkeypatch):
    """Without a flag a terminal shows the dashboard."""
    monkeypatch.setattr("sys.stdout", Terminal())
    monkeypatch.setenv("TERM", "xterm-256color")
    assert isinstance(choose_view(json=False, plain=False), DashboardView)


def test_a_dumb_terminal_and_a_pipe_get_lines(monkeypatch):
    """Where nothing can be drawn there are lines."""
    monkeypatch.setattr("sys.stdout", Terminal())
    monkeypatch.setenv("TERM", "dumb")
    assert isinstance(choose_view(json=False, plain=False), PlainView)
    monkeypatch.setattr("sys.stdout", io.StringIO())
    assert isinstance(choose_view(json=False, plain=False), PlainView)


def test_the_dashboard_gives_the_terminal_back_and_prints_what_it_found(plain_bundle, capsys):
    """After the alternate screen is left the summary stands in the terminal; closing twice prints it once."""
    file = Terminal()
    console = Console(file=file, force_terminal=True, width=80, height=24, color_system="truecolor")
    with Interrupts() as interrupts, DashboardView(Screen(console)) as view:
        play(ArraySource(HEART, 4000, name="made"), plain_bundle, view, interrupts)
    view.close()
    drawn = file.getvalue()
    assert drawn.count("\x1b[?1049h") == drawn.count("\x1b[?1049l") == 1
    assert drawn.index("\x1b[?1049h") < drawn.index("not for diagnosis") < drawn.index("\x1b[?1049l")
    out = capsys.readouterr().out
    assert out.count("summary") == 1
    assert "3 windows" in out

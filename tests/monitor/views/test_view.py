"""Which view is chosen, and what the dashboard prints when it closes."""

from __future__ import annotations

import io
import os
import subprocess
import sys

import numpy as np
import pytest
from rich.console import Console

from monitor.audio.sources.array import ArraySource
from monitor.commands.player import play
from monitor.dashboard.terminal import Screen
from monitor.process.interrupts import Interrupts
from monitor.synthesis.parameters import HeartParameters
from monitor.synthesis.phonocardiogram import phonocardiogram
from monitor.views.view import DashboardView, JsonView, PlainView, choose_view

HEART = phonocardiogram(6.0, HeartParameters(), np.random.default_rng(5)).waveform


class Terminal(io.StringIO):
    """Standard output that claims to be a terminal."""

    encoding = "utf-8"

    def isatty(self):
        """Return True."""
        return True


@pytest.mark.parametrize(
    ("arguments", "kind"), [({"json": True, "plain": False}, JsonView), ({"json": False, "plain": True}, PlainView)]
)
def test_the_requested_view_is_chosen(arguments, kind, monkeypatch):
    """`--json` and `--plain` apply on a terminal too."""
    monkeypatch.setattr("sys.stdout", Terminal())
    assert isinstance(choose_view(**arguments), kind)


def test_a_terminal_gets_the_dashboard(monkeypatch):
    """Without a flag a terminal shows the dashboard."""
    monkeypatch.setattr("sys.stdout", Terminal())
    monkeypatch.setenv("TERM", "xterm-256color")
    assert isinstance(choose_view(json=False, plain=False), DashboardView)


def test_a_dumb_terminal_and_a_pipe_get_lines(monkeypatch):
    """Where the dashboard cannot be drawn there are lines."""
    monkeypatch.setattr("sys.stdout", Terminal())
    monkeypatch.setenv("TERM", "dumb")
    assert isinstance(choose_view(json=False, plain=False), PlainView)
    monkeypatch.setattr("sys.stdout", io.StringIO())
    assert isinstance(choose_view(json=False, plain=False), PlainView)


def test_what_was_saved_is_said_again_at_the_end(plain_bundle, capsys, tmp_path, monkeypatch):
    """On standard error, with the whole path, once."""
    monkeypatch.chdir(tmp_path)
    console = Console(file=Terminal(), force_terminal=True, width=80, height=24, color_system="truecolor")
    with Interrupts() as interrupts, DashboardView(Screen(console)) as view:
        play(ArraySource(HEART, 4000, name="synthetic"), plain_bundle, view, interrupts)
        view.press("s")
    view.close()
    saved = sorted(path.name for path in tmp_path.iterdir())
    lines = capsys.readouterr().err.splitlines()
    assert lines == [f"saved the screen in {saved[0]}", f"saved 6 s of sound in {saved[1]}"]


def test_the_dashboard_restores_the_terminal_and_prints_the_summary(plain_bundle, capsys):
    """The summary is printed once, after the alternate screen is left."""
    file = Terminal()
    console = Console(file=file, force_terminal=True, width=80, height=24, color_system="truecolor")
    with Interrupts() as interrupts, DashboardView(Screen(console)) as view:
        play(ArraySource(HEART, 4000, name="synthetic"), plain_bundle, view, interrupts)
    view.close()
    drawn = file.getvalue()
    assert drawn.count("\x1b[?1049h") == drawn.count("\x1b[?1049l") == 1
    assert drawn.index("\x1b[?1049h") < drawn.index("not for diagnosis") < drawn.index("\x1b[?1049l")
    out = capsys.readouterr().out
    assert out.count("summary") == 1
    assert "3 windows" in out


@pytest.mark.parametrize("ended", [True, False])
def test_a_recording_that_was_left_is_no_row(plain_bundle, capsys, ended):
    """Of several recordings there is a table; what was heard of the one that was left is not its verdict."""
    console = Console(file=Terminal(), force_terminal=True, width=80, height=24, color_system="truecolor")

    def report(summaries):
        return ["header", *(summary.source for summary in summaries)]

    with Interrupts() as interrupts, DashboardView(Screen(console), report=report) as view:
        play(ArraySource(HEART, 4000, name="whole"), plain_bundle, view, interrupts)
        if not ended:
            interrupts.quit()
        play(ArraySource(HEART, 4000, name="second\x1b"), plain_bundle, view, interrupts)
    *rows, last = capsys.readouterr().out.splitlines()
    assert rows == ["header", "whole"]
    assert last == "second\\x1b" if ended else last.startswith("second\\x1b: left before its end, ")


def test_line_views_need_neither_rich_nor_psutil():
    """Choosing a view for a pipe imports nothing of the dashboard's packages, so that `replay --json` starts fast."""
    program = (
        "import sys, monitor.views.view as view;"
        "view.choose_view(json=False, plain=True); view.choose_view(json=True, plain=False);"
        "print({'rich', 'psutil', 'logging'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "set()"


class ScriptedKeyboard:
    """A keyboard that returns one scripted key per call."""

    works = is_slow_line = True

    def __init__(self, *typed):
        self.typed = list(typed)
        self.calls = []
        self.suspending = self.resumed = False

    def start(self):
        """Record the call."""
        self.calls.append("start")

    def stop(self):
        """Record the call."""
        self.calls.append("stop")

    def suspend(self):
        """Record the call; the program continues at once."""
        self.calls.append("suspend")
        self.suspending, self.resumed = False, True

    def resume(self):
        """Record the call."""
        self.calls.append("resume")
        self.resumed = False

    def handle_stops(self):
        """Record the call."""

    def pressed(self):
        """Return the next key."""
        return [self.typed.pop(0)] if self.typed else []


class TestKeys:
    """Keys on the dashboard."""

    def played(self, bundle, keyboard, waveform=HEART):
        """Play a heart sound with a keyboard; return what was drawn, and the interrupts."""
        file = Terminal()
        console = Console(file=file, force_terminal=True, width=120, height=40, color_system="truecolor")
        with Interrupts() as interrupts, DashboardView(Screen(console), keyboard) as view:
            play(ArraySource(waveform, 4000, speed=64.0), bundle, view, interrupts)
        return file.getvalue(), interrupts

    def test_q_ends_with_a_summary(self, plain_bundle, capsys):
        """The exit code is 0, the summary printed, and the keyboard released."""
        keyboard = ScriptedKeyboard("m", "q")
        _, interrupts = self.played(plain_bundle, keyboard, np.tile(HEART, 50))
        assert (interrupts.requested, interrupts.exit_code) == (True, 0)
        assert capsys.readouterr().out.count("summary") == 1
        assert keyboard.calls == ["start", "stop"]

    def test_ctrl_z_leaves_the_screen_and_enters_it_again(self, plain_bundle):
        """The alternate screen is left before the stop and entered after it."""
        keyboard = ScriptedKeyboard()
        keyboard.suspending = True
        drawn, _ = self.played(plain_bundle, keyboard)
        assert keyboard.calls == ["start", "suspend", "resume", "stop"]
        assert drawn.count("\x1b[?1049h") == drawn.count("\x1b[?1049l") == 2

    def test_keys_are_shown_where_there_is_a_keyboard(self, plain_bundle):
        """Without a keyboard the row of keys is empty."""
        assert "freeze" not in self.played(plain_bundle, None)[0]
        drawn, _ = self.played(plain_bundle, ScriptedKeyboard())
        assert "pause" in drawn


@pytest.mark.parametrize(("to_file", "keys"), [(True, True), (False, False)])
def test_json_lines_read_keys_only_when_written_to_a_file(to_file, keys, monkeypatch, tmp_path):
    """The reader of a pipe may need the terminal itself."""
    with (tmp_path / "lines").open("w") as file:
        monkeypatch.setattr("sys.stdout", file if to_file else Terminal())
        assert (choose_view(json=True, plain=False)._keyboard is not None) == keys


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pseudo-terminals")
@pytest.mark.parametrize(("output", "free"), [("file", True), ("terminal", True), ("pipe", False), ("none", False)])
def test_line_views_have_keys_where_no_reader_may_need_them(output, free, tmp_path, monkeypatch):
    """A pager at the end of a pipe reads the keyboard itself."""
    if output == "none":
        monkeypatch.setattr("sys.stdout", None)
    elif output == "file":
        monkeypatch.setattr("sys.stdout", (tmp_path / "lines").open("w"))
    else:
        other, descriptor = os.openpty() if output == "terminal" else os.pipe()
        monkeypatch.setattr("sys.stdout", os.fdopen(descriptor, "w"))
    for view in (choose_view(json=True, plain=False), choose_view(json=False, plain=True)):
        assert (view._keyboard is not None) is free
    if sys.stdout is not None:
        sys.stdout.close()
    if output in ("terminal", "pipe"):
        os.close(other)

"""Which view is chosen, and what the dashboard leaves behind when it closes."""

from __future__ import annotations

import dataclasses
import io
import json
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from monitor.audio.sources.array import ArraySource
from monitor.commands.player import play
from monitor.dashboard.terminal import Screen
from monitor.interrupts import Interrupts
from monitor.messages import DeviceStatus, Level, RecordingStatus, Snapshot, Start, Summary, Verdict
from monitor.synthesis.parameters import HeartParameters
from monitor.synthesis.phonocardiogram import phonocardiogram
from monitor.views.view import DashboardView, JsonView, PlainView, choose_view

HEART = phonocardiogram(6.0, HeartParameters(), np.random.default_rng(5)).waveform


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


class TypedKeyboard:
    """A keyboard on which a test types before each look."""

    works = True

    def __init__(self, *typed):
        self.typed = list(typed)
        self.calls = []
        self.suspending = self.resumed = False

    def start(self):
        """Note it."""
        self.calls.append("start")

    def stop(self):
        """Note it."""
        self.calls.append("stop")

    def suspend(self):
        """Note it; the program goes on at once."""
        self.calls.append("suspend")
        self.suspending, self.resumed = False, True

    def resume(self):
        """Note it."""
        self.calls.append("resume")
        self.resumed = False

    def obey_stops(self):
        """Note it."""

    def pressed(self):
        """Return what is typed next."""
        return [self.typed.pop(0)] if self.typed else []


class TestKeys:
    """Keys on the dashboard."""

    def played(self, bundle, keyboard, waveform=HEART):
        """Play a heart with a keyboard; return what was drawn, and how it ended."""
        file = Terminal()
        console = Console(file=file, force_terminal=True, width=120, height=40, color_system="truecolor")
        with Interrupts() as interrupts, DashboardView(Screen(console), keyboard) as view:
            play(ArraySource(waveform, 4000, speed=64.0), bundle, view, interrupts)
        return file.getvalue(), interrupts

    def test_q_ends_with_a_summary(self, plain_bundle, capsys):
        """And with an exit code of 0; the keyboard is given back."""
        keyboard = TypedKeyboard("m", "q")
        _, interrupts = self.played(plain_bundle, keyboard, np.tile(HEART, 50))
        assert (interrupts.requested, interrupts.exit_code) == (True, 0)
        assert capsys.readouterr().out.count("summary") == 1
        assert keyboard.calls == ["start", "stop"]

    def test_ctrl_z_gives_the_screen_back_and_takes_it_again(self, plain_bundle):
        """Left before the stop, entered anew after it."""
        keyboard = TypedKeyboard()
        keyboard.suspending = True
        drawn, _ = self.played(plain_bundle, keyboard)
        assert keyboard.calls == ["start", "suspend", "resume", "stop"]
        assert drawn.count("\x1b[?1049h") == drawn.count("\x1b[?1049l") == 2

    def test_keys_are_named_where_there_are_some(self, plain_bundle):
        """A terminal without keys shows no line of them."""
        assert "freeze" not in self.played(plain_bundle, None)[0]
        drawn, _ = self.played(plain_bundle, TypedKeyboard())
        assert "pause" in drawn


def test_marks_and_the_end_of_json_lines(plain_bundle, capsys):
    """`m` is a line where it was pressed, `q` ends with the summary; the keyboard is given back."""
    keyboard = TypedKeyboard("m", "x", "m", "q")
    view = JsonView(keyboard)
    with Interrupts() as interrupts:
        play(ArraySource(np.tile(HEART, 50), 4000, speed=64.0), plain_bundle, view, interrupts)
        assert interrupts.exit_code == 0
    view.close()
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    marks = [line for line in lines if line["type"] == "mark"]
    assert [mark["number"] for mark in marks] == [1, 2]
    assert marks[0]["at_s"] <= marks[1]["at_s"]
    assert lines[-1]["type"] == "summary"
    assert keyboard.calls == ["start", "stop"]


@pytest.mark.parametrize(("to_file", "keys"), [(True, True), (False, False)])
def test_json_lines_take_keys_only_beside_a_file(to_file, keys, monkeypatch, tmp_path):
    """Whoever reads a pipe may want the terminal itself."""
    with (tmp_path / "lines").open("w") as file:
        monkeypatch.setattr("sys.stdout", file if to_file else Terminal())
        assert (choose_view(json=True, plain=False)._keyboard is not None) == keys


START = Start("steth", 4000, "heart-sounds", "0" * 64, ("normal", "murmur"), 5.0, 0.5, None, 1.0)
FILE = Snapshot(START, 12.0, None, None, (), Level(-30.0, -20.0, False), 1.9, 2.4, 0, 0, 0, False)
OPEN = DeviceStatus("open", "steth", "ALSA", 1, 4000)
LOST = dataclasses.replace(OPEN, state="lost", message="steth: no sound comes any more: looking for it")
RECORDING = RecordingStatus(Path("a.wav"), 3.0, 0, None)
SUMMARY = Summary("steth", 0, 0, 0, Verdict("listening"), None)


def shown(view, capsys, *snapshots):
    """Return the lines that a view writes for some snapshots, without the first and the last."""
    view.begin(START, "heart")
    for snapshot in snapshots:
        view.snapshot(snapshot, "")
    view.end(SUMMARY)
    return capsys.readouterr().out.splitlines()[1:-1]


class TestLiveLines:
    """What line views tell of a live input between the windows."""

    def test_json_tells_changes_only(self, capsys):
        """A line when something about the device has changed, none for a figure that merely moves."""
        snapshots = [FILE, OPEN, OPEN, dataclasses.replace(OPEN, lost_s=1.0), LOST, LOST, OPEN]
        live = [one if one is FILE else dataclasses.replace(FILE, device=one) for one in snapshots]
        lines = [json.loads(line) for line in shown(JsonView(), capsys, *live)]
        assert [(line["type"], line["state"]) for line in lines] == [
            ("device", "open"), ("device", "lost"), ("device", "open"),
        ]  # fmt: skip
        assert lines[1]["message"] == LOST.message
        assert lines[1]["time"].endswith("+00:00")

    @pytest.mark.parametrize(
        "change",
        [{"finding": "dead"}, {"measured_rate_hz": 4000.0}, {"drift": 0.01}, {"overflows": 1}, {"reopened": 1}],
    )
    def test_json_tells_every_kind_of_change(self, capsys, change):
        """Finding, rate, drift, overflow and reopening each give a line."""
        live = [dataclasses.replace(FILE, device=one) for one in (OPEN, dataclasses.replace(OPEN, **change))]
        assert len(shown(JsonView(), capsys, *live)) == 2

    def test_json_tells_the_recording_at_the_end(self, capsys):
        """At the beginning, when something is wrong, and what it came to."""
        full = dataclasses.replace(RECORDING, error="the disk is full")
        done = dataclasses.replace(RECORDING, written_s=9.0)
        live = [dataclasses.replace(FILE, recording=one) for one in (RECORDING, full, full, done)]
        lines = [json.loads(line) for line in shown(JsonView(), capsys, *live)]
        assert [line["error"] for line in lines] == [None, "the disk is full", None, None]
        assert lines[-1]["written_s"] == 9.0

    def test_json_tells_an_overload_and_its_end(self, capsys):
        """And nothing while all is well."""
        late = dataclasses.replace(FILE, overloaded=True, skipped=5)
        lines = [json.loads(line) for line in shown(JsonView(), capsys, FILE, late, late, FILE)]
        assert [(line["overloaded"], line["skipped"]) for line in lines] == [(True, 5), (False, 0)]

    def test_each_source_begins_anew(self, capsys):
        """What was told of one file is told of the next."""
        view = JsonView()
        live = dataclasses.replace(FILE, device=OPEN)
        assert len(shown(view, capsys, live)) == len(shown(view, capsys, live)) == 1

    def test_plain_tells_what_is_wrong_and_when_it_is_over(self, capsys):
        """Once each; closing the device mends nothing."""
        closed = dataclasses.replace(OPEN, state="closed")
        live = [dataclasses.replace(FILE, device=one) for one in (OPEN, LOST, LOST, OPEN, LOST, closed)]
        assert shown(PlainView(), capsys, *live) == [
            f"    12.0 s  ! {LOST.message}",
            "    12.0 s    sound comes again",
            f"    12.0 s  ! {LOST.message}",
        ]

    def test_plain_tells_a_new_reason(self, capsys):
        """A sentence that changes is told again."""
        other = dataclasses.replace(LOST, message="steth: is not connected: looking for it")
        live = [dataclasses.replace(FILE, device=one) for one in (LOST, other)]
        assert len(shown(PlainView(), capsys, *live)) == 2

"""Line views write one line per window, and lines on changes between the windows."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from monitor.messages import (
    DeviceStatus,
    Level,
    Mark,
    PlaybackStatus,
    Quality,
    RecordingStatus,
    SiteChange,
    Snapshot,
    Start,
    Summary,
    Verdict,
    WindowEvent,
)
from monitor.process.interrupts import Interrupts
from monitor.views.lines import JsonView, PlainView

START = Start("steth", 4000, "heart-sounds", "0" * 64, ("normal", "murmur"), 5.0, 0.5, None, 1.0)
FILE = Snapshot(START, 12.0, None, None, (), Level(-30.0, -20.0, False), 1.9, 2.4, 0, 0, 0, False)
OPEN = DeviceStatus("open", "steth", "ALSA", 1, 4000)
LOST = dataclasses.replace(OPEN, state="lost", message="steth: no sound comes any more: looking for it")
RECORDING = RecordingStatus(Path("a.wav"), 3.0, 0, None)
SUMMARY = Summary("steth", 0, 0, 0, Verdict("listening"), None)


def shown(view, capsys, *snapshots):
    """Return the lines that a view writes for some snapshots, without the first and the last."""
    view.begin(START)
    for snapshot in snapshots:
        view.snapshot(snapshot)
    view.end(SUMMARY)
    return capsys.readouterr().out.splitlines()[1:-1]


class TestJsonLines:
    """JSON lines on a live input between the windows."""

    def test_only_changes_of_the_device_are_written(self, capsys):
        """A new state is written, a number that merely grows is not."""
        snapshots = [FILE, OPEN, OPEN, dataclasses.replace(OPEN, lost_s=1.0), LOST, LOST, OPEN]
        live = [item if item is FILE else dataclasses.replace(FILE, device=item) for item in snapshots]
        lines = [json.loads(line) for line in shown(JsonView(), capsys, *live)]
        assert [(line["type"], line["state"]) for line in lines] == [
            ("device", "open"), ("device", "lost"), ("device", "open"),
        ]  # fmt: skip
        assert lines[1]["message"] == LOST.message
        assert lines[1]["time"].endswith("+00:00")

    @pytest.mark.parametrize(
        "change",
        [
            {"finding": "dead"},
            {"measured_rate_hz": 4000.0},
            {"drift": 0.01},
            {"overflows": 1},
            {"reopened": 1},
            {"held_up": 1},
        ],
    )
    def test_every_kind_of_change_is_written(self, capsys, change):
        """Finding, rate, drift, overflow and reopening each give a line."""
        live = [dataclasses.replace(FILE, device=item) for item in (OPEN, dataclasses.replace(OPEN, **change))]
        assert len(shown(JsonView(), capsys, *live)) == 2

    def test_the_recording_is_written(self, capsys):
        """At the beginning, on an error and when it is over, and at the end."""
        full = dataclasses.replace(RECORDING, error="the disk is full")
        done = dataclasses.replace(RECORDING, written_s=9.0)
        live = [dataclasses.replace(FILE, recording=item) for item in (RECORDING, full, full, done)]
        lines = [json.loads(line) for line in shown(JsonView(), capsys, *live)]
        assert [line["error"] for line in lines] == [None, "the disk is full", None, None]
        assert lines[-1]["written_s"] == 9.0

    def test_an_overload_is_written(self, capsys):
        """Its beginning and its end, and nothing otherwise."""
        late = dataclasses.replace(FILE, overloaded=True, skipped=5)
        lines = [json.loads(line) for line in shown(JsonView(), capsys, FILE, late, late, FILE)]
        assert [(line["overloaded"], line["skipped"]) for line in lines] == [(True, 5), (False, 0)]

    def test_each_source_begins_with_its_state(self, capsys):
        """The state of the device is written for every source."""
        view = JsonView()
        live = dataclasses.replace(FILE, device=OPEN)
        assert len(shown(view, capsys, live)) == len(shown(view, capsys, live)) == 1


class TestPlainLines:
    """Plain lines on a live input between the windows."""

    def test_alerts_and_their_end_are_written(self, capsys):
        """Once each; closing the device ends no alert."""
        closed = dataclasses.replace(OPEN, state="closed")
        live = [dataclasses.replace(FILE, device=item) for item in (OPEN, LOST, LOST, OPEN, LOST, closed)]
        assert shown(PlainView(), capsys, *live) == [
            f"    12.0 s  ! {LOST.message}",
            "    12.0 s    sound is back",
            f"    12.0 s  ! {LOST.message}",
        ]

    def test_the_first_sound_of_a_device_that_was_waited_for(self, capsys):
        """It is not back: it was never there; a second loss ends with sound that is back."""
        live = [dataclasses.replace(FILE, device=item) for item in (LOST, OPEN, LOST, OPEN)]
        assert shown(PlainView(), capsys, *live) == [
            f"    12.0 s  ! {LOST.message}",
            "    12.0 s    sound arrives",
            f"    12.0 s  ! {LOST.message}",
            "    12.0 s    sound is back",
        ]

    def test_a_notice_is_written_once(self, capsys):
        """What is over already has no line for its end."""
        held_up = dataclasses.replace(OPEN, held_up=1, notice="16.0 s of sound are lost")
        live = [dataclasses.replace(FILE, device=item) for item in (OPEN, held_up, held_up, OPEN)]
        assert shown(PlainView(), capsys, *live) == ["    12.0 s  ! 16.0 s of sound are lost"]

    def test_a_new_reason_is_written(self, capsys):
        """An alert whose text changes is written again."""
        other = dataclasses.replace(LOST, message="steth: is not connected: looking for it")
        live = [dataclasses.replace(FILE, device=item) for item in (LOST, other)]
        assert len(shown(PlainView(), capsys, *live)) == 2


class ScriptedKeyboard:
    """A keyboard that returns one scripted key per call."""

    def __init__(self, *keys):
        self.keys = list(keys)
        self.calls = []

    def start(self):
        """Record the call."""
        self.calls.append("start")

    def stop(self):
        """Record the call."""
        self.calls.append("stop")

    def handle_stops(self):
        """Record the call."""
        self.calls.append("stops")

    def pressed(self):
        """Return the next key."""
        return [self.keys.pop(0)] if self.keys else []


class MarkedPipeline:
    """A pipeline that returns scripted marks."""

    def __init__(self, *marks):
        self.marks = list(marks)

    newest_sample = 50_000
    start_message = START

    def mark(self, text=None, sample=None):
        """Return the next mark, or the note that is asked for."""
        if text is not None:
            return Mark(3, sample / 4000, sample=sample, text=text)
        return self.marks.pop(0)

    def change_site(self, site):
        """Return a change, but none to AV, which is heard already."""
        return None if site == "AV" else SiteChange(site, 12.5, 50_000)


@pytest.mark.parametrize("kind", [JsonView, PlainView])
def test_keys_beside_lines(capsys, kind):
    """`m` writes a mark and where it is kept, `q` quits, others do nothing; the keyboard is released."""
    keyboard, interrupts = ScriptedKeyboard("m", "x", "m", "q"), Interrupts()
    view = kind(keyboard)
    view.attach(MarkedPipeline(Mark(1, 1.0), Mark(2, 3.0, Path("a.labels.txt"), 2.0)), interrupts)
    for _ in range(3):
        view.snapshot(FILE)
    assert not interrupts.requested
    view.snapshot(FILE)
    view.close()
    lines = capsys.readouterr().out.splitlines()
    if kind is JsonView:
        marks = [line for line in map(json.loads, lines) if line["type"] == "mark"]
        assert [(line["number"], line["at_s"], line["path"]) for line in marks] == [
            (1, 1.0, None),
            (2, 3.0, "a.labels.txt"),
        ]
        assert all(line["time"].endswith("+00:00") for line in marks)
    else:
        assert lines == ["     1.0 s    mark 1", "     3.0 s    mark 2 at 2.0 s -> a.labels.txt"]
    assert (interrupts.requested, interrupts.exit_code) == (True, 0)
    assert keyboard.calls == ["start", "stops", "stops", "stops", "stops", "stop"]


@pytest.mark.parametrize("kind", [JsonView, PlainView])
class TestWindowsThatAReaderMissed:
    """A reader that blocks for longer than the queue is long misses windows."""

    def test_they_are_told_once_when_the_reader_is_back(self, kind, capsys):
        """Not while their number still grows, once when it stays, and again for the next time only."""
        view = kind()
        view.begin(START)
        told = []
        for undelivered in (0, 3, 5, 5, 5, 6, 6):
            view.snapshot(dataclasses.replace(FILE, undelivered=undelivered))
            told += [line.split(": ")[-1] for line in capsys.readouterr().err.splitlines()]
        view.end(dataclasses.replace(SUMMARY, undelivered=6))
        assert told == ["5", "1"]
        assert capsys.readouterr().err == ""

    def test_they_are_told_at_the_end_at_the_latest(self, kind, capsys):
        """The summary has them, and a line on standard error; a source that missed none has no such line."""
        view = kind()
        for undelivered in (2, 0):
            view.begin(START)
            view.end(dataclasses.replace(SUMMARY, undelivered=undelivered))
            captured = capsys.readouterr()
            assert len(captured.err.splitlines()) == (undelivered > 0)
            summary = captured.out.splitlines()[-1]
            assert (
                f'"undelivered":{undelivered}' if kind is JsonView else f"{undelivered} not written"
            ) in summary or (kind is PlainView and not undelivered)


@pytest.mark.parametrize("view", [JsonView(), PlainView()])
def test_start_windows_and_summary_are_one_line_each(view, capsys):
    """A line opens the source, each window has one, and a line closes it."""
    sure = Verdict("verdict", "murmur", 0.9, {"normal": 0.1, "murmur": 0.9})
    view.begin(START)
    for index in range(3):
        view.window(WindowEvent(index, index / 2, 5 + index / 2, sure, sure, Quality(0.9), 70.0, False, False, 1.0))
    view.end(SUMMARY)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 5
    assert "steth" in lines[0]
    assert all("murmur" in line for line in lines[1:4])
    assert "summary" in lines[4]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (
            JsonView,
            ['"type":"site","at_s":12.5,"sample":50000,"site":"PV"', '"type":"note","at_s":12.5', '"text":"q 1"'],
        ),
        (PlainView, ["12.5 s    site PV", 'mark 3 "q 1"']),
    ],
)
def test_sites_and_notes_beside_lines(capsys, kind, expected):
    """A note is typed without a screen too; its keys do nothing else, and Escape drops it."""
    keyboard, interrupts = ScriptedKeyboard("1", "2", *"nq 1\n", "n", "q", "escape"), Interrupts()
    view = kind(keyboard)
    view.attach(MarkedPipeline(), interrupts)
    for _ in range(10):
        view.snapshot(FILE)
    out, err = capsys.readouterr()
    assert all(text in out for text in expected)
    assert len([line for line in out.splitlines() if "site" in line or "note" in line or "mark" in line]) == 2
    assert "note at 12.5 s: type a line" in err
    assert not interrupts.requested


def test_changes_of_the_playback_are_json_lines(capsys):
    """A new state, sound, volume, underrun or message is written, a latency that merely changes is not."""
    playing = PlaybackStatus("playing", "Headphones", latency_ms=100.0)
    statuses = [playing, playing, dataclasses.replace(playing, latency_ms=101.0)]
    statuses += [dataclasses.replace(playing, underruns=1), PlaybackStatus("failed", message="gone")]
    snapshots = [dataclasses.replace(FILE, playback=status) for status in statuses]
    lines = [json.loads(line) for line in shown(JsonView(), capsys, *snapshots)]
    assert [(line["type"], line["state"], line["underruns"]) for line in lines] == [
        ("playback", "playing", 0),
        ("playback", "playing", 1),
        ("playback", "failed", 0),
    ]


def test_a_view_may_have_keys_of_its_own():
    """They come before the others, but not before the text of a note."""

    class Own(PlainView):
        def own_key(self, key):
            taken.append(key)
            return key in "mq"

    taken, interrupts = [], Interrupts()
    view = Own(ScriptedKeyboard("m", "q", "z", "n", "q"))
    view.attach(MarkedPipeline(), interrupts)
    for _ in range(5):
        view.snapshot(FILE)
    assert taken == ["m", "q", "z", "n"]
    assert not interrupts.requested

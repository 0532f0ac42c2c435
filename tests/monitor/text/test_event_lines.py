"""Which line is written when."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from monitor.messages import (
    HeartBeat,
    Level,
    Mark,
    Quality,
    RecordingStatus,
    Snapshot,
    Start,
    Summary,
    Verdict,
    WindowEvent,
)
from monitor.text.event_lines import EventLines

START = Start("steth", 4000, "heart-sounds", "0" * 64, ("normal", "murmur"), 5.0, 0.5, None, 1.0)
STATE = Snapshot(START, 12.0, None, None, (), Level(-30.0, -20.0, False), 1.9, 2.4, 0, 0, 0, False)
HEARD, KEPT = (RecordingStatus(Path(name), 3.0, 0, None) for name in ("heard.wav", "sound.flac"))
SUMMARY = Summary("steth", 0, 0, 0, Verdict("listening"), None)


def written(*snapshots, marks=()):
    """Return the lines of a run as type and path."""
    lines: list[str] = []
    events = EventLines(lines.append, now=lambda: "now")
    events.begin(START)
    for snapshot in snapshots:
        events.snapshot(snapshot)
    for mark in marks:
        events.mark(mark)
    events.end(SUMMARY)
    parsed = [json.loads(line) for line in lines]
    return [(line["type"], line.get("path")) for line in parsed]


def test_recording_and_session_have_lines_each():
    """A change of one gives no line of the other; both come once more at the end."""
    both = dataclasses.replace(STATE, recording=HEARD, session=KEPT)
    failing = dataclasses.replace(both, session=dataclasses.replace(KEPT, error="the disk is full"))
    assert written(both, both, failing) == [
        ("start", None), ("recording", "heard.wav"), ("recording", "sound.flac"), ("recording", "sound.flac"),
        ("recording", "heard.wav"), ("recording", "sound.flac"), ("summary", None),
    ]  # fmt: skip


def test_a_mark_has_its_sample():
    """The line names the sample and the time of the wall clock."""
    lines: list[str] = []
    EventLines(lines.append, now=lambda: "now").mark(Mark(1, 12.5, sample=50_000))
    assert '"at_s":12.5,"time":"now"' in lines[0]
    assert '"sample":50000' in lines[0]


def test_nothing_changes_nothing_is_written():
    """Snapshots without news give no line."""
    assert written(STATE, STATE) == [("start", None), ("summary", None)]


def test_beats_follow_their_window_and_the_last_stand_before_the_summary():
    """A window that was counted has its line even where the program is ended between two lines."""
    lines: list[str] = []
    writer = EventLines(lines.append, now=lambda: "now")
    verdict = Verdict("listening")
    event = WindowEvent(
        index=0,
        start_s=0.0,
        end_s=5.0,
        verdict=verdict,
        rolling=verdict,
        quality=Quality(1.0),
        heart_rate_bpm=None,
        gap=False,
        short=False,
        latency_ms=0.0,
        beats=(HeartBeat(1.0, 1.3, 0.9), HeartBeat(1.8, None, 0.9)),
    )
    writer.window(event)
    writer.end(Summary("a.wav", 1, 0, 0, verdict, None, beats=(HeartBeat(4.9, None, 0.9),)))
    assert [(line["type"], line.get("s1_s")) for line in map(json.loads, lines)] == [
        ("window", None),
        ("beat", 1.0),
        ("beat", 1.8),
        ("beat", 4.9),
        ("summary", None),
    ]

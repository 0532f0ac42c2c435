"""Changes are logged once, with their position."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from monitor.dashboard.event_log import MAX_ENTRIES, EventLog
from monitor.messages import (
    DeviceStatus,
    EctopicBeat,
    EctopicBeats,
    Level,
    Mark,
    PlaybackStatus,
    Quality,
    RecordingStatus,
    Snapshot,
    Start,
    Verdict,
    WindowEvent,
)

START = Start("steth", 4000, "heart-sounds", "0" * 64, ("normal", "murmur"), 5.0, 0.5, None, 1.0)
FILE = Snapshot(START, 12.0, None, None, (), Level(-30.0, -20.0, False), 1.9, 2.4, 0, 0, 0, False)
OPEN = DeviceStatus("open", "steth", "ALSA", 1, 4000)
NORMAL = Verdict("verdict", "normal", 0.9, {"normal": 0.9, "murmur": 0.1})
MURMUR = Verdict("verdict", "murmur", 0.9, {"normal": 0.1, "murmur": 0.9})
POOR = Verdict("poor-signal")


def window(index, rolling, gap=False):
    """Return a window."""
    return WindowEvent(index, index / 2, 5 + index / 2, rolling, rolling, Quality(0.9), 70.0, gap, False, 1.0)


def logged(events):
    """Return times and texts."""
    return [(entry.at_s, entry.text) for entry in events.entries]


def test_changes_of_the_rolling_label_are_logged():
    """A new label or state is logged once, at the end of the window, with its kind."""
    events = EventLog()
    for index, rolling in enumerate((NORMAL, NORMAL, MURMUR, POOR, POOR, MURMUR)):
        events.window(window(index, rolling))
    assert logged(events) == [(5.0, "normal"), (6.0, "murmur"), (6.5, "poor signal"), (7.5, "murmur")]
    assert [entry.kind for entry in events.entries] == ["normal", "murmur", "poor-signal", "murmur"]


def test_ectopic_beats_are_logged_once_each():
    """Each beat is logged at its own time, once, although several windows report it."""
    events = EventLog()
    beats = [EctopicBeat(3.2, 0.7, 1.2, 2.0), EctopicBeat(6.1, 0.655, 1.3, 3.0)]
    for index, count in enumerate((0, 1, 1, 2, 2)):
        ectopic = EctopicBeats(20.0, 22, (), tuple(beats[:count]), trackable=True, evidence=1.0)
        events.window(dataclasses.replace(window(index, NORMAL), ectopic=ectopic), 100.0)
    assert logged(events) == [
        (103.2, "early beat, 70% of the usual interval"),
        (105.0, "normal"),
        (106.1, "early beat, 66% of the usual interval"),
    ]
    assert {entry.kind for entry in events.entries} == {"normal", "ectopic"}


def test_events_stand_in_the_order_in_which_they_happened():
    """What is found out later stands at its own time; a seek begins the times again."""
    events = EventLog()
    for at_s in (5.0, 9.0, 7.0, 9.0):
        events.add(at_s, f"{at_s}")
    events.jump(9.5, 1.0)
    events.add(2.0, "2.0")
    events.add(1.5, "1.5")
    events.again(0.0)
    events.add(4.0, "4.0")
    assert [at_s for at_s, _ in logged(events)] == [5.0, 7.0, 9.0, 9.0, 9.5, 1.5, 2.0, 0.0, 4.0]


def test_what_is_older_than_a_full_list_is_left_out():
    """The list keeps its length and its order."""
    events = EventLog()
    for at_s in range(MAX_ENTRIES):
        events.add(10.0 + at_s, "new")
    events.add(3.0, "old")
    assert len(events.entries) == MAX_ENTRIES
    assert all(entry.text == "new" for entry in events.entries)
    events.add(10.5, "between")
    assert len(events.entries) == MAX_ENTRIES
    assert [entry.at_s for entry in events.entries] == sorted(entry.at_s for entry in events.entries)


def test_a_gap_is_logged_once():
    """Consecutive windows with lost samples are one gap."""
    events = EventLog()
    for index, gap in enumerate((False, True, True, False, True)):
        events.window(window(index, NORMAL, gap))
    assert logged(events)[1:] == [(5.5, "sound was lost"), (7.0, "sound was lost")]


def test_a_seek_is_a_jump():
    """A loss behind it is logged as a loss."""
    events = EventLog()
    events.jump(5.0, 65.0)
    for index, gap in enumerate((False, False, False, False, True)):
        events.window(window(index, NORMAL, gap), 60.0)
    assert logged(events) == [(5.0, "jump to 1:05.0"), (65.0, "normal"), (67.0, "sound was lost")]


def test_a_device_is_lost_and_back():
    """The first opening is not logged; a loss, its end, and a finding about the signal are."""
    events = EventLog()
    lost = dataclasses.replace(OPEN, state="lost")
    dead = dataclasses.replace(OPEN, finding="the input is digital silence: unmute it")
    for device in (dataclasses.replace(OPEN, state="opening"), OPEN, lost, lost, OPEN, dead, dead, OPEN):
        events.snapshot(dataclasses.replace(FILE, device=device))
    assert [text for _, text in logged(events)] == ["device lost", "device back", dead.finding]


def test_recording_and_overload_are_logged():
    """The beginning of a recording, and the beginning and end of an overload."""
    events = EventLog()
    recording = RecordingStatus(Path("a") / "sound.wav", 0.0, 0, None)
    events.snapshot(dataclasses.replace(FILE, recording=recording))
    events.snapshot(dataclasses.replace(FILE, recording=dataclasses.replace(recording, written_s=3.0)))
    events.snapshot(dataclasses.replace(FILE, overloaded=True))
    events.snapshot(FILE)
    assert [text for _, text in logged(events)] == [
        "recording sound.wav", "too slow: windows are skipped", "fast enough again",
    ]  # fmt: skip


def test_marks_are_numbered():
    """Each mark has a number, a time, and the place where it is kept."""
    events = EventLog()
    events.mark(Mark(1, 1.0))
    events.mark(Mark(2, 2.5, Path("a/heart.labels.txt"), 0.5), shift_s=10.0)
    events.mark(Mark(3, 3.0, Path("a/heart.labels.txt"), 1.0, "the disk is full"), shift_s=10.0)
    assert logged(events) == [
        (1.0, "mark 1, only on this screen"),
        (12.5, "mark 2 at 0.5 s -> heart.labels.txt"),
        (13.0, "mark 3 at 1.0 s is not in heart.labels.txt: the disk is full"),
    ]


def test_marks_that_waited_and_are_written_are_logged():
    """Once, when the file has them all; not where they never waited, or their recording has ended."""
    events = EventLog()
    good = RecordingStatus(Path("a.wav"), 1.0, 0, None, Path("a.labels.txt"), 2)
    bad = dataclasses.replace(good, waiting_marks=(1.0,), marks_error="the disk is full")
    for recording in (good, bad, bad, good, good, bad, None):
        events.snapshot(dataclasses.replace(FILE, recording=recording))
    assert [text for _, text in logged(events) if "marks" in text] == ["all marks -> a.labels.txt"]


@pytest.mark.parametrize("count", [MAX_ENTRIES, MAX_ENTRIES + 50])
def test_the_log_is_bounded(count):
    """The oldest entries are dropped."""
    events = EventLog()
    for number in range(count):
        events.add(0.0, f"entry {number}")
    assert len(events.entries) == MAX_ENTRIES
    assert events.entries[-1].text == f"entry {count - 1}"


def test_changes_of_the_playback_are_logged():
    """On, off, failed and another sound, once each; a volume is not."""
    events = EventLog()
    playing = PlaybackStatus("playing", "Headphones")
    bell = dataclasses.replace(playing, sound="bell")
    failed = dataclasses.replace(bell, state="failed", message="no output is connected: looking for it")
    states = [PlaybackStatus("opening"), playing, playing, dataclasses.replace(playing, volume_db=3.0), bell]
    for status in (*states, dataclasses.replace(bell, state="off"), failed, failed, bell):
        events.snapshot(dataclasses.replace(FILE, playback=status))
    texts = ["sound on: Headphones", "sound: bell", "sound off", "no output is connected: looking for it"]
    assert [entry.text for entry in events.entries] == [*texts, "sound on: Headphones"]

"""Edits of a session are added to its lines; no earlier line ever changes, and readers see what counts."""

from __future__ import annotations

import os

import pytest

from monitor.archive.session_timeline import session_timeline
from monitor.commands.review.command import open_session
from monitor.commands.review.session_annotations import SessionAnnotations
from monitor.sessions.event_log import EventLog
from monitor.sessions.reader import read_session
from tests.monitor.sessions.conftest import SCHEMA

NOW = "2026-01-03T10:00:00.000+00:00"


def opened(folder):
    """Return the annotations of a session, with a clock that stands still."""
    timeline, _ = session_timeline(folder)
    return SessionAnnotations(folder / "events.jsonl", timeline.entries, 4000, now=lambda: NOW)


def spans(folder):
    """Return what an export sees of what a person has set."""
    timeline, _ = session_timeline(folder)
    return [(span.kind, span.start_s, span.end_s, span.text) for span in timeline.spans if span.kind in KINDS]


KINDS = ("mark", "note", "label")


def test_every_change_is_seen_by_an_export_and_nothing_is_lost(folder):
    """Marks, notes, labels; edited and deleted: the file grows, its beginning stays byte for byte."""
    before = (folder / "events.jsonl").read_bytes()
    annotations = opened(folder)
    assert [item.text for item in annotations.items] == ["mark 1", "coughs"]
    mark, note = annotations.items
    annotations.change(mark, "gallop?")
    annotations.remove(note)
    label = annotations.label(30.0, 35.5, "murmur")
    annotations.label(50.0, 52.0, "breath")
    annotations.change(label, "normal")
    third = annotations.mark(60.0003)
    assert third.text == "mark 3"
    assert annotations.error == ""
    assert (folder / "events.jsonl").read_bytes().startswith(before)
    assert spans(folder) == [
        ("note", 10.0, 10.0, "gallop?"),
        ("label", 30.0, 35.5, "normal"),
        ("label", 50.0, 52.0, "breath"),
        ("mark", 60.00025, 60.00025, "mark 3"),
    ]
    again = opened(folder)
    assert again.items == annotations.items
    again.remove(again.items[1])
    assert [kind for kind, *_ in spans(folder)] == ["note", "label", "mark"]


def test_the_lines_match_the_schema(folder):
    """Those that a review adds."""
    schemas = pytest.importorskip("jsonschema", reason="jsonschema checks the files of a session")
    lines_before = len(read_session(folder).events().lines)
    annotations = opened(folder)
    annotations.change(annotations.items[1], "quiet")
    label = annotations.label(1.0, 2.0, "murmur")
    annotations.change(label, "normal")
    annotations.remove(annotations.items[-1])
    annotations.mark(3.0)
    event = schemas.Draft202012Validator({**SCHEMA["$defs"]["event"], "$defs": SCHEMA["$defs"]})
    added = read_session(folder).events().lines[lines_before:]
    assert [line["type"] for line in added] == ["edit", "label", "edit", "delete", "mark"]
    for line in added:
        event.validate(line)


def test_a_label_says_that_a_person_gave_it(folder):
    """It stands apart from the verdicts."""
    opened(folder).label(1.0, 2.0, "murmur")
    line = read_session(folder).events().lines[-1]
    assert (line["source"], line["time"]) == ("manual", NOW)
    timeline, _ = session_timeline(folder)
    assert {span.text for span in timeline.spans if span.kind == "verdict"} == {"normal", "murmur"}


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such locks")
def test_a_session_that_another_program_locks(folder):
    """The change waits, and is written once the other has ended."""
    annotations = opened(folder)
    (folder / "other").mkdir()
    events = folder / "events.jsonl"
    kept = events.read_bytes()
    events.unlink()
    log = EventLog(events)  # holds the lock
    events.write_bytes(kept)
    annotations.mark(5.0)
    assert "being written by another program" in annotations.error
    assert len(annotations.unsaved) == 1
    log.stop()
    assert annotations.save()
    assert ("mark", 5.0, 5.0, "mark 3") in spans(folder)


def test_a_session_that_is_written_is_read_only(folder, monkeypatch):
    """It is shown as far as it has come; nothing is added."""
    values = (folder / "session.json").read_text().replace('"2026-01-02T03:05:35+01:00"', "null")
    (folder / "session.json").write_text(values)
    monkeypatch.setattr("monitor.sessions.reader.is_written", lambda path: True)
    timeline, _, annotations = open_session(folder)
    assert "another program is writing this session" in annotations.read_only
    assert len(timeline.windows) == 171

"""Edits and deletions of what a person has set: the newest counts, the earlier lines stay."""

from __future__ import annotations

import json

import pytest

from monitor.sessions.anonymise import anonymise
from monitor.sessions.edits import apply_edits, delete_line, edit_line, label_line, target_of
from monitor.sessions.overview import is_marked, overview
from monitor.sessions.reader import read_session

MARK = {"type": "mark", "at_s": 2.5, "sample": 10_000, "number": 1}
NOTE = {"type": "note", "at_s": 3.0, "sample": 12_000, "number": 2, "text": "coughs"}
LABEL = {"type": "label", "start_s": 3.0, "end_s": 9.5, "label": "murmur", "source": "manual"}
OTHER = {"type": "window", "number": 1, "label": "murmur"}
TIME = "2026-01-03T10:00:00.000+00:00"


def edits(*lines):
    """Return lines of JSON as objects."""
    return [json.loads(line) for line in lines]


def test_lines_without_edits_stay_as_they_are():
    """In their order."""
    lines = [OTHER, MARK, NOTE, LABEL]
    assert apply_edits(lines) == lines
    assert apply_edits([]) == []


def test_an_edit_and_a_deletion_count_for_their_target_alone():
    """A label of the same words, and a window of the same number, stay."""
    later = {**LABEL, "start_s": 20.0, "end_s": 21.0}
    added = edits(edit_line(LABEL, {"label": "normal"}, TIME), delete_line(NOTE, TIME))
    assert apply_edits([OTHER, MARK, NOTE, LABEL, later, *added]) == [OTHER, MARK, {**LABEL, "label": "normal"}, later]


def test_a_note_without_a_number_is_named_by_all_of_it():
    """Another program may have written it so; it can be edited and deleted all the same."""
    note = {"type": "note", "at_s": 3.0, "text": "coughs"}
    (changed,) = apply_edits([NOTE, note, *edits(edit_line(note, {"text": "speaks"}, TIME), delete_line(NOTE, TIME))])
    assert changed == {**note, "text": "speaks"}


def test_an_edit_to_nothing_changes_nothing():
    """Null is no text: a note would have none, and no report could be written."""
    assert apply_edits([NOTE, {"type": "edit", "target": {"number": 2}, "text": None, "at_s": None}]) == [NOTE]


def test_an_edit_can_be_edited_and_deleted():
    """A label is named as it is now."""
    now = {**LABEL, "end_s": 8.0}
    added = edits(edit_line(LABEL, {"start_s": 3.0, "end_s": 8.0}, TIME))
    assert apply_edits([LABEL, *added]) == [now]
    assert apply_edits([LABEL, *added, *edits(delete_line(now, TIME))]) == []


def test_a_mark_with_a_text_is_a_note():
    """The number stays."""
    (line,) = apply_edits([MARK, *edits(edit_line(MARK, {"text": "gallop"}, TIME))])
    assert (line["type"], line["number"], line["text"]) == ("note", 1, "gallop")


def test_what_was_deleted_can_be_set_again():
    """The newest line that fits is meant."""
    assert apply_edits([LABEL, *edits(delete_line(LABEL, TIME)), LABEL]) == [LABEL]
    assert apply_edits([LABEL, LABEL, *edits(delete_line(LABEL, TIME))]) == [LABEL]


@pytest.mark.parametrize("target", [None, {}, [], 7, {"number": 9}, {"type": "window"}])
def test_a_target_that_is_not_found_changes_nothing(target):
    """Whatever stands in the file."""
    for kind in ("edit", "delete"):
        assert apply_edits([OTHER, MARK, {"type": kind, "target": target, "text": "x"}]) == [OTHER, MARK]


def test_only_what_a_person_sets_can_be_changed():
    """Other keys are refused when they are written, and left alone when they are read."""
    with pytest.raises(ValueError, match="must be among"):
        edit_line(NOTE, {"number": 3}, TIME)
    (line,) = apply_edits([NOTE, {"type": "edit", "target": {"number": 2}, "number": 3, "type2": "x"}])
    assert line == NOTE


def test_lines_are_finite():
    """JSON has no other numbers."""
    with pytest.raises(ValueError, match="JSON"):
        label_line(0.0, float("inf"), "murmur", TIME)
    assert target_of(json.loads(label_line(0.123456789, 1.0, "murmur", TIME)))["start_s"] == 0.123457


@pytest.fixture
def edited(session):
    """Return a session that has ended, with a note that was edited and a label that was deleted."""
    session.close()
    session.folder.mkdir(exist_ok=True)
    (session.folder / "session.json").write_text(json.dumps({**session._values(), "ended": None}))
    added = (edit_line(NOTE, {"text": "Mrs Miller coughs"}, TIME), delete_line(LABEL, TIME))
    lines = [*map(json.dumps, (NOTE, LABEL)), *added]
    (session.folder / "events.jsonl").write_text("".join(f"{line}\n" for line in lines))
    return session.folder


def test_the_list_of_sessions_counts_what_counts(edited):
    """What was deleted is no mark any more, but the session stays one that a person has marked."""
    stored = read_session(edited)
    assert overview(stored).marks == 1
    assert is_marked(stored.events())


@pytest.mark.parametrize("keep_notes", [False, True])
def test_anonymising_takes_the_texts_of_edits_too(edited, keep_notes):
    """Unless they were read and are kept."""
    folder = anonymise(edited, keep_notes=keep_notes)
    assert ("Miller" in (folder / "events.jsonl").read_text()) is keep_notes

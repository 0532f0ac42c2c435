"""What a person is asked: each question takes its answer, and Escape leaves it."""

from __future__ import annotations

import pytest

from monitor.commands.review.annotations import Annotation
from monitor.commands.review.entries import Entry, delete_entry, edit_entry, goto_entry, label_entry, note_entry


class Heard:
    """Records what annotations are asked for."""

    def __init__(self):
        self.calls = []

    def __getattr__(self, name):
        return lambda *arguments: self.calls.append((name, *arguments))


def answer(entry, *keys):
    """Press keys."""
    for key in keys:
        entry.key(key)
    assert entry.done


def test_escape_and_an_empty_text_change_nothing():
    """Whatever was asked."""
    heard = Heard()
    for entry in (note_entry(heard, 5.0), label_entry(heard, (1.0, 2.0), ("normal",))):
        answer(entry, "x", "escape")
    answer(note_entry(heard, 5.0), " ", "\n")
    assert heard.calls == []


def test_a_time():
    """It moves; what is no time is an error, and the question is over."""
    moved = []
    entry = goto_entry(moved.append)
    assert not entry.changes
    answer(entry, *"1:05", "\n")
    assert moved == [65.0]
    entry = goto_entry(moved.append)
    entry.key("x")
    with pytest.raises(ValueError, match="no time"):
        entry.key("\n")
    assert entry.done


def test_a_label_by_its_number_or_by_its_name():
    """A digit counts only as the first key."""
    heard = Heard()
    labels = ("normal", "murmur", "extrastole")
    entry = label_entry(heard, (62.0, 64.5), labels)
    assert entry.prompt == "label 1:02.0-1:04.5: 1 normal  2 murmur  3 extrastole  or type: _"
    answer(entry, "3")
    answer(label_entry(heard, (1.0, 2.0), labels), *"S3", "\n")
    answer(label_entry(heard, (1.0, 2.0), labels), *"9", "\n")
    assert [call[-1] for call in heard.calls] == ["extrastole", "S3", "9"]


def test_an_edit_begins_with_the_text():
    """A mark has none yet."""
    heard = Heard()
    note = Annotation("note", 5.0, 5.0, "coug")
    entry = edit_entry(heard, note, ("normal",))
    assert entry.prompt == "note at 0:05.0: coug_"
    answer(entry, "h", "\n")
    answer(edit_entry(heard, Annotation("mark", 5.0, 5.0, "mark 1"), ()), "x", "\n")
    answer(edit_entry(heard, Annotation("label", 5.0, 6.0, "murmur"), ("normal",)), "1")
    assert [call[2] for call in heard.calls] == ["cough", "x", "normal"]


def test_a_deletion_is_confirmed():
    """Only y deletes."""
    heard, item = Heard(), Annotation("note", 5.0, 5.0, "coughs")
    entry = delete_entry(heard, item)
    assert entry.prompt == "delete 'coughs' at 0:05.0? y: yes, any other key: no"
    answer(entry, "n")
    answer(delete_entry(heard, item), "\n")
    assert heard.calls == []
    answer(delete_entry(heard, item), "y")
    assert heard.calls == [("remove", item)]


def test_a_question_shows_what_is_typed():
    """With a cursor."""
    entry = Entry("note", lambda text: None)
    entry.key("a")
    assert entry.prompt == "note: a_"

"""A line that is typed key by key."""

from __future__ import annotations

import pytest

from monitor.dashboard.key_sequences import parse_keys
from monitor.dashboard.text_entry import MAX_TEXT, TextEntry


def typed(text):
    """Return an entry after a terminal's input."""
    entry = TextEntry()
    for key in parse_keys(text):
        entry.key(key)
    return entry


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("loud\n", "loud"),
        ("loud\r", "loud"),
        ("lofd\x7f\x7fud\n", "loud"),
        ("xx\x15loud\n", "loud"),
        ("\x7f\x7fa\n", "a"),
        ("q m? 1\n", "q m? 1"),
        ("\x1b[Ca\x1b[D\tb\x07\n", "ab"),
        ("Größe λ\n", "Größe λ"),
        ("\n", ""),
    ],
)
def test_enter_keeps_what_was_typed(text, kept):
    """Letters and signs are taken, backspace and Ctrl+U delete, other keys do nothing."""
    entry = typed(text)
    assert (entry.text, entry.done, entry.kept) == (kept, True, True)


def test_escape_keeps_nothing():
    """It ends the entry."""
    entry = typed("loud\x1b")
    assert (entry.done, entry.kept) == (True, False)


def test_a_note_is_short():
    """What is longer is not taken; the line can still be ended."""
    entry = typed("x" * 500 + "\n")
    assert (len(entry.text), entry.kept) == (MAX_TEXT, True)

"""One letter for each label and state."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from monitor.text.letters import STATE_LETTERS, label_letters


def test_known_labels() -> None:
    """The first label is lower case, the others upper case."""
    letters = label_letters(("normal", "murmur", "extrastole"))
    assert [letters[label] for label in ("normal", "murmur", "extrastole")] == ["n", "M", "E"]


def test_labels_that_begin_alike_differ() -> None:
    """A letter is used once."""
    letters = label_letters(("murmur", "mixed", "mild", "MM"))
    assert [letters[label] for label in ("murmur", "mixed", "mild", "MM")] == ["m", "M", "I", "A"]


@given(st.lists(st.text(min_size=1).filter(lambda label: label not in STATE_LETTERS), unique=True, max_size=25))
def test_letters_are_all_different(labels: list[str]) -> None:
    """Up to 25 labels have different letters, none of them that of a state."""
    letters = label_letters(labels)
    assert len(set(letters.values())) == len(letters) == len(labels) + len(STATE_LETTERS)
    assert all(len(letter) == 1 and letter.isascii() for letter in letters.values())

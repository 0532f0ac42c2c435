"""The help of a review names every key that does something, and no other."""

from __future__ import annotations

import pytest

from monitor.commands.review.help_page import HELP, KEYS, KEYS_PLAYING

PARTS_OF_THE_SCREEN = {"S1 S2", "verdict"}
SIGNS = {"pgup": "pageup", "pgdn": "pagedown", "space": " "}
IN_THE_MEANING = {"shift-left": "shift", "shift-right": "shift", "j": "j and k", "k": "j and k"} | {
    "home": "home",
    "end": "end",
    "escape": "Esc",
}
SAME_AS_ANOTHER = {"=": "+", "delete": "d"}
"""Without shift, and the key that keyboards have for it."""
TURNS_THE_PAGE = "?"
"""In the row of keys, and in the heading of the page."""


@pytest.fixture
def actions(review):
    """Return the keys that do something."""
    return {*review.controller._moves(), *review.controller._actions(None)}


def named(entries):
    """Return the keys that some entries name."""
    return {SIGNS.get(sign, sign) for keys, _ in entries if keys not in PARTS_OF_THE_SCREEN for sign in keys.split()}


def test_every_key_that_is_named_does_something(actions):
    """On the page, and in the row below the screen."""
    assert named(HELP) <= actions
    signs = {"←→": ["left", "right"], ",.": [",", "."], "<>": ["<", ">"], "[]": ["[", "]"], "space": [" "]}
    assert {sign for keys, _ in KEYS for sign in signs.get(keys, [keys])} <= actions


def test_every_key_that_does_something_is_named(actions):
    """By itself, in the words of another, or as the same as another."""
    text = " ".join(meaning for _, meaning in HELP)
    for key in actions - named(HELP) - {TURNS_THE_PAGE}:
        assert key in SAME_AS_ANOTHER or IN_THE_MEANING[key] in text, key
    assert set(SAME_AS_ANOTHER.values()) <= named(HELP)


def test_while_it_plays_the_same_key_stops():
    """All other keys are those of silence."""
    assert [key for key, _ in KEYS_PLAYING] == [key for key, _ in KEYS]
    assert [pair for pair in KEYS_PLAYING if pair not in KEYS] == [("space", "stop")]

"""From the input of a terminal to keys."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.dashboard.key_sequences import SEQUENCES, is_late_answer, parse_keys, split_begun

BACKGROUND = "\x1b]11;rgb:ffff/ffff/ffff\x1b\\"


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("q", ["q"]),
        (" m+", [" ", "m", "+"]),
        ("\x1b[C\x1b[D", ["right", "left"]),
        ("\x1bOC\x1bOD", ["right", "left"]),
        ("a\x1b[Ab\x1b[5~c\x1b[1;5Cd", ["a", "up", "b", "pageup", "c", "d"]),
        ("\x1b[H\x1b[1~\x1bOH\x1b[F\x1b[4~\x1b[3~", ["home", "home", "home", "end", "end", "delete"]),
        ("\x1b[B\x1b[6~\x1b[1;2C\x1b[1;2D", ["down", "pagedown", "shift-right", "shift-left"]),
        ("a\x1b[15~b\x1b[2~c", ["a", "b", "c"]),
        ("\x1b", ["escape"]),
        ("\x1bq", []),
        ("\x1b[", []),
        ("\x1bO", []),
        ("a" + BACKGROUND + "b\x1b_Gi=31;OK\x1b\\c\x1b]11;rgb:0/0/0\x07d", ["a", "b", "c", "d"]),
        ("\x1b]q", ["q"]),
    ],
)
def test_parse_keys(text, keys):
    """Arrows in both modes, page keys and their neighbours are keys; other sequences and Alt are dropped."""
    assert parse_keys(text) == keys


@given(st.text(alphabet=st.sampled_from("\x1b[O;~ACDq ?1]_G\\\x07"), max_size=30))
def test_any_input_gives_keys(text):
    """Any input gives single characters or names of keys."""
    names = {*SEQUENCES.values(), "escape"}
    assert all(len(key) == 1 or key in names for key in parse_keys(text))


def test_a_string_that_has_begun_is_held():
    """Also where its end is cut in two; what stands before it is not."""
    for cut in range(2, len(BACKGROUND)):
        assert split_begun("q" + BACKGROUND[:cut]) == ("q", BACKGROUND[:cut])
    assert split_begun(BACKGROUND + "q") == (BACKGROUND + "q", "")


def test_only_an_answer_of_ours_is_waited_for():
    """Alt and a bracket may be keys, and a string without end is given up."""
    assert is_late_answer("q" + BACKGROUND[:-1])
    assert is_late_answer("\x1b_Gi=31;O")
    assert not is_late_answer("\x1b]q")
    assert not is_late_answer(BACKGROUND)
    assert not is_late_answer("\x1b]11;" + "x" * 200)

"""Answers of terminals are understood, and the keys between them are kept."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.dashboard.display.answers import Answers, is_answered, parse_answers

XTERM = "\x1b]11;rgb:0000/0000/0000\x1b\\\x1b[?1;0;1024S\x1b[?2;0;640;360S\x1b[?63;1;2;4;6;9;15;22c"
KITTY = "\x1b]11;rgb:ffff/ffff/ffff\x1b\\\x1b_Gi=31;OK\x1b\\\x1b[6;18;9t\x1b[?62;c"
TMUX = "\x1b[?1;2c"
PLAIN = "\x1b[?6c"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (XTERM, Answers((0, 0, 0), sixel=True, colours=1024, largest=(640, 360))),
        (KITTY, Answers((255, 255, 255), kitty=True, cell=(9, 18))),
        (TMUX, Answers()),
        (PLAIN, Answers()),
        ("\x1b]11;rgb:1e/1e/2e\x07\x1b[?1;3;0S\x1b[?2;3;0S\x1b[?1;2c", Answers((30, 30, 46))),
        ("\x1b_Gi=31;ENOTSUPPORTED\x1b\\\x1b[?4c", Answers()),
        ("", Answers()),
    ],
)
def test_what_a_terminal_says(text, expected):
    """Background, forms of pictures, their limits and the cell; level 4 in front is no attribute."""
    assert parse_answers(text) == (expected, "")


@pytest.mark.parametrize("terminal", [XTERM, KITTY])
@given(data=st.data())
def test_keys_between_the_answers_stay(terminal, data):
    """Whatever is typed between two answers is left, in its order."""
    parts = terminal.replace("\x1b]", "|\x1b]").replace("\x1b[", "|\x1b[").replace("\x1b_", "|\x1b_").split("|")
    typed = [data.draw(st.text("qm?1c;t", max_size=3)) for _ in parts]
    mixed = "".join(key + part for key, part in zip(typed, parts, strict=True))
    assert parse_answers(mixed) == (parse_answers(terminal)[0], "".join(typed))


def test_the_last_answer_ends_the_wait():
    """An answer to DA1 is waited for, and nothing else."""
    assert is_answered(XTERM)
    assert is_answered("q" + TMUX)
    assert not is_answered(XTERM[:-1])
    assert not is_answered("q")


@pytest.mark.parametrize(
    ("background", "light"),
    [
        ((255, 255, 255), True),
        ((253, 246, 227), True),
        ((0, 43, 54), False),
        ((30, 30, 46), False),
        ((0, 0, 0), False),
        (None, None),
    ],
)
def test_light_backgrounds(background, light):
    """White and the light ground of Solarized are light, black and its dark one are not."""
    assert Answers(background).light is light

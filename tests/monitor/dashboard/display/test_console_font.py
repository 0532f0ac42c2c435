"""What the console of Linux shows."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from monitor.dashboard.display.console_font import HAS, on_console
from monitor.dashboard.drawing.render import render

GOLDENS = runpy.run_path(str(Path(__file__).parents[1] / "golden" / "make_golden.py"))


@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 40), (40, 12)])
@pytest.mark.parametrize("state", sorted(GOLDENS["STATES"]))
def test_every_screen_has_only_its_signs(width, height, state):
    """No sign of any screen is replaced by a question mark, and each keeps its cell."""
    text = render(GOLDENS["MURMUR"], width, height, state=GOLDENS["STATES"][state]).text
    shown = on_console(text)
    assert len(shown) == len(text)
    assert shown.count("?") == text.count("?")
    assert {sign for sign in shown if not sign.isascii()} <= {*HAS, "·"}


def test_braille_becomes_half_blocks_and_lines():
    """Dots in the upper half, in the lower half, in both, in none; a thin line in the middle stays one."""
    assert on_console("⠁⠉⡀⠤⢸⠀⠶⠂") == "▀▀▄─█ ──"


def test_what_it_lacks_is_a_question_mark():
    """Letters of Latin 1 stay, other scripts do not."""
    assert on_console("Müller é 心") == "Müller é ?"

"""The terminal is asked once; what it answers decides on pictures, and keys typed meanwhile stay."""

from __future__ import annotations

import io
import itertools
import os
import pty

import pytest

from monitor.dashboard.display.answers import Answers, question
from monitor.dashboard.display.asking import (
    USUAL_CELL,
    ask_terminal,
    cell_pixels,
    choose_form,
    make_painter,
)
from monitor.dashboard.display.options import DisplayOptions
from monitor.dashboard.drawing.canvas import FULL_STYLE, TerminalStyle
from monitor.dashboard.keyboard import Keyboard

XTERM = "\x1b]11;rgb:ffff/ffff/ffff\x1b\\\x1b[?1;0;1024S\x1b[?2;0;640;360S\x1b[?63;4c"


class AnsweringTerminal:
    """A terminal that answers in parts, with keys between them."""

    def __init__(self, *parts, bits_per_second=None):
        self.parts, self.bits_per_second = list(parts), bits_per_second

    def acquire(self):
        """Return that there are keys."""
        return True

    def release(self):
        """Restore nothing."""

    def wait(self, seconds):
        """Go on at once."""

    def text(self):
        """Return the next part."""
        return self.parts.pop(0) if self.parts else ""


@pytest.fixture
def keyboard_of():
    """Return a function from the parts of an answer to a keyboard that is started."""
    started = []

    def start(*parts, **options):
        keyboard = Keyboard(AnsweringTerminal(*parts, **options))
        keyboard.start()
        started.append(keyboard)
        return keyboard

    yield start
    for keyboard in started:
        keyboard.stop()


def test_answers_and_keys_are_told_apart(keyboard_of, monkeypatch):
    """Keys before, within and after the answers are the next keys, in their order."""
    for name in ("TMUX", "STY", "TERM"):
        monkeypatch.delenv(name, raising=False)
    keyboard, stream = keyboard_of("q" + XTERM[:9], XTERM[9:30] + "", XTERM[30:] + "m\x1b[C"), io.StringIO()
    answers = ask_terminal(stream, keyboard, itertools.repeat(0.0).__next__)
    assert stream.getvalue() == question(multiplexed=False)
    assert answers == Answers((255, 255, 255), sixel=True, colours=1024, largest=(640, 360))
    assert keyboard.pressed() == ["q", "m", "right"]
    assert keyboard.pressed() == []


@pytest.mark.parametrize(("name", "value"), [("TMUX", "/tmp/tmux-0/default,1,0"), ("STY", "1.pts"), ("TERM", "screen")])
def test_tmux_and_screen_get_no_title_of_ours(keyboard_of, monkeypatch, name, value):
    """They take the question for Kitty graphics for a title, so it is left out."""
    monkeypatch.setenv(name, value)
    stream = io.StringIO()
    ask_terminal(stream, keyboard_of(XTERM))
    assert stream.getvalue() == question(multiplexed=True)
    assert "\x1b_" not in stream.getvalue()


def test_a_far_terminal_gets_no_pictures_unasked(keyboard_of):
    """Its background counts; what it can show does not, as each picture would take long."""
    answers = ask_terminal(io.StringIO(), keyboard_of(XTERM), itertools.count().__next__)
    assert answers == Answers((255, 255, 255))
    assert choose_form(DisplayOptions(), answers, FULL_STYLE) is None
    assert choose_form(DisplayOptions(graphics="sixel"), answers, FULL_STYLE) == "sixel"


@pytest.mark.parametrize("speed", [300, 9600, 19200])
def test_a_slow_line_is_not_asked(keyboard_of, speed):
    """Nothing is written, and no pictures are sent."""
    stream = io.StringIO()
    assert ask_terminal(stream, keyboard_of(XTERM, bits_per_second=speed)) is None
    assert stream.getvalue() == ""
    assert choose_form(DisplayOptions(), None, FULL_STYLE) is None


def test_without_keys_nothing_is_asked():
    """A keyboard that does not work hears no answer."""
    assert ask_terminal(io.StringIO(), Keyboard(AnsweringTerminal(XTERM))) is None


@pytest.mark.parametrize(
    ("answers", "form"),
    [
        (Answers(kitty=True, sixel=True), "kitty"),
        (Answers(sixel=True), "sixel"),
        (Answers(sixel=True, colours=16), "sixel"),
        (Answers(sixel=True, colours=4), None),
        (Answers(), None),
        (None, None),
    ],
)
def test_the_form_is_what_the_terminal_says(answers, form):
    """Kitty before Sixel; no Sixel of four colours, as on a VT240."""
    assert choose_form(DisplayOptions(), answers, FULL_STYLE) == form
    assert choose_form(DisplayOptions(graphics="off"), answers, FULL_STYLE) is None
    assert choose_form(DisplayOptions(graphics="kitty"), answers, FULL_STYLE) == "kitty"


@pytest.mark.parametrize("style", [TerminalStyle(colour=False, gradient=False), TerminalStyle(unicode=False)])
def test_no_pictures_without_colours_or_with_ascii_only(style):
    """What a person switched off stays off."""
    assert choose_form(DisplayOptions(graphics="sixel"), Answers(sixel=True), style) is None


def test_the_paper_is_the_terminals_own_unless_another_theme_was_asked_for():
    """A painter for a dark theme on a light terminal draws on black."""
    known = Answers((250, 250, 240), sixel=True, colours=16)
    paper = make_painter(DisplayOptions(), known, TerminalStyle(light=True), lambda: None)._paper
    assert (paper.background, paper.light, paper.colours) == ((250, 250, 240), True, 16)
    paper = make_painter(DisplayOptions(theme="dark"), known, TerminalStyle(), lambda: None)._paper
    assert (paper.background, paper.light) == ((0, 0, 0), False)
    assert make_painter(DisplayOptions(graphics="off"), known, TerminalStyle(), lambda: None) is None


def test_the_size_of_a_cell():
    """The system's own, else the terminal's answer, else that of the VT340."""
    for answers, cell, expected in (
        (Answers(cell=(9, 18)), (7, 14), (7, 14)),
        (Answers(cell=(9, 18)), None, (9, 18)),
        (Answers(), None, USUAL_CELL),
    ):
        painter = make_painter(DisplayOptions(graphics="sixel"), answers, FULL_STYLE, lambda cell=cell: cell)
        assert painter._cell() == expected


def test_the_system_may_know_the_size_of_a_cell():
    """From the pixels of the window; None where it says none, or where there is no terminal."""
    import fcntl
    import struct
    import termios

    main, other = pty.openpty()
    try:
        with os.fdopen(other, "w") as stream:
            assert cell_pixels(stream) is None
            fcntl.ioctl(main, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 720, 432))
            assert cell_pixels(stream) == (9, 18)
    finally:
        os.close(main)
    assert cell_pixels(io.StringIO()) is None

"""Asks the terminal what it is, once, and decides how the screen is drawn on it.

Main thread.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Mapping
from typing import IO, Literal

from monitor.dashboard.display.answers import Answers, is_answered, parse_answers, question
from monitor.dashboard.display.options import DisplayOptions
from monitor.dashboard.display.painter import Painter
from monitor.dashboard.display.raster import MAX_COLOURS, Paper
from monitor.dashboard.drawing.canvas import TerminalStyle
from monitor.dashboard.keyboard import Keyboard
from monitor.log import get_logger
from monitor.output import draw

__all__ = ["ask_terminal", "cell_pixels", "choose_form", "make_painter"]

logger = get_logger(__name__)

TIMEOUT_S = 0.3
"""Longest time that the answers are waited for."""
NEAR_S = 0.1
"""Longest time until the answers of a terminal to which pictures are sent without being asked to."""
USUAL_CELL = (10, 20)
"""Pixels of a cell where nothing is known: those of the VT340, which many terminals take for Sixel."""
DEFAULT_PAPERS = {False: (0, 0, 0), True: (255, 255, 255)}
MIN_COLOURS, OWN_COLOURS, SIXEL_COLOURS = 8, 16, 32
"""Colours of a picture: the fewest it is drawn in, what a VT340 has, and the most in Sixel, which grows with them."""


def ask_terminal(stream: IO[str], keyboard: Keyboard, clock: Callable[[], float] = time.monotonic) -> Answers | None:
    """Return what the terminal answers, with None where it is not asked; keys typed meanwhile stay.

    Nothing is asked without keys, which is where the answers come, or over a slow serial line.

    Parameters
    ----------
    stream : text file
        The terminal.
    keyboard : Keyboard
        Started.
    clock : callable
        Monotonic seconds.
    """
    if not keyboard.works or keyboard.is_slow_line:
        return None
    began_s = clock()
    sent = question(multiplexed=_is_multiplexed(os.environ))
    text = keyboard.ask(lambda: draw(stream, sent), is_answered, TIMEOUT_S)
    answers, keys = parse_answers(text)
    keyboard.unread(keys)
    logger.info("the terminal answered within %.0f ms: %s", (clock() - began_s) * 1000.0, answers)
    return answers if clock() - began_s < NEAR_S else Answers(background=answers.background, cell=answers.cell)


def _is_multiplexed(environment: Mapping[str, str]) -> bool:
    """Return whether the terminal is tmux or screen."""
    names = "tmux", "screen"
    return bool(environment.get("TMUX") or environment.get("STY")) or environment.get("TERM", "").startswith(names)


def choose_form(
    options: DisplayOptions, answers: Answers | None, style: TerminalStyle
) -> Literal["kitty", "sixel"] | None:
    """Return the form of the pictures; None for characters only."""
    if not (style.colour and style.unicode):
        return None
    if options.graphics == "kitty":
        return "kitty"
    if options.graphics == "sixel":
        return "sixel"
    if options.graphics == "off" or answers is None:
        return None
    if answers.kitty:
        return "kitty"
    return "sixel" if answers.sixel and (answers.colours is None or answers.colours >= OWN_COLOURS) else None


def make_painter(
    options: DisplayOptions, answers: Answers | None, style: TerminalStyle, cell: Callable[[], tuple[int, int] | None]
) -> Painter | None:
    """Return what draws pictures in pixels; None where there are none.

    Parameters
    ----------
    options : DisplayOptions
    answers : Answers or None
    style : TerminalStyle
        With the background that was found.
    cell : callable
        Width and height of a cell in pixels; None where the system does not know them.
    """
    form = choose_form(options, answers, style)
    if form is None:
        return None
    known = answers or Answers()
    usual = known.cell or USUAL_CELL
    # a background that contradicts the theme asked for is none of the theme's
    background = known.background if known.light is style.light and known.background else DEFAULT_PAPERS[style.light]
    colours = MAX_COLOURS if form == "kitty" else max(MIN_COLOURS, min(SIXEL_COLOURS, known.colours or SIXEL_COLOURS))
    return Painter(form, Paper(background, style.light, colours), lambda: cell() or usual, known.largest)


def cell_pixels(stream: IO[str]) -> tuple[int, int] | None:
    """Return width and height of a terminal's cell in pixels; None where the system does not know them."""
    if os.name != "posix":
        return None
    import fcntl
    import struct
    import termios

    with contextlib.suppress(OSError, ValueError, AttributeError):
        answer = fcntl.ioctl(stream.fileno(), termios.TIOCGWINSZ, bytes(8))
        lines, columns, width, height = struct.unpack("HHHH", answer)
        if lines and columns and width >= columns and height >= lines:
            return width // columns, height // lines
    return None

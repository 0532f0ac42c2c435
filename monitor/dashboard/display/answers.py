r"""What a terminal answers when it is asked for its background, its pictures and the size of its cells.

One question is sent, whose last part every terminal answers, so that one which knows none of the others is not
waited for. Answers and keys come on the same line: the answers are taken out, the keys stay in their order.
Source: xterm control sequences (OSC 11, DA1, XTSMGRAPHICS, XTWINOPS 16); the Kitty graphics protocol. Pure functions;
safe on any thread.
"""

from __future__ import annotations

import dataclasses
import re

__all__ = ["Answers", "is_answered", "parse_answers", "question"]

ASK_BACKGROUND = "\x1b]11;?\x1b\\"
ASK_KITTY = "\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\"
ASK_SIXEL = "\x1b[?1;1;0S\x1b[?2;1;0S"
"""How many colours a picture may have, and how many pixels."""
ASK_CELL = "\x1b[16t"
ASK_DEVICE = "\x1b[c"

BACKGROUND = re.compile(
    r"\x1b\]11;rgba?:([0-9a-fA-F]{1,4})/([0-9a-fA-F]{1,4})/([0-9a-fA-F]{1,4})[^\x07\x1b]*(?:\x07|\x1b\\)"
)
OTHER_BACKGROUND = re.compile(r"\x1b\]11;[^\x07\x1b]*(?:\x07|\x1b\\)")
KITTY = re.compile(r"\x1b_G([^\x1b]*)\x1b\\")
REGISTERS = re.compile(r"\x1b\[\?1;(\d+)(?:;(\d+))?S")
GEOMETRY = re.compile(r"\x1b\[\?2;(\d+)(?:;(\d+))?(?:;(\d+))?S")
CELL = re.compile(r"\x1b\[6;(\d+);(\d+)t")
DEVICE = re.compile(r"\x1b\[\?([\d;]*)c")
ALL = (BACKGROUND, OTHER_BACKGROUND, KITTY, REGISTERS, GEOMETRY, CELL, DEVICE)

SIXEL_ATTRIBUTE = "4"
"""In the answer to DA1."""
LIGHT_ABOVE = 0.18
"""Relative luminance from which black text has the higher contrast. Source: WCAG 2, contrast ratio."""


@dataclasses.dataclass(frozen=True, slots=True)
class Answers:
    """What a terminal has said of itself.

    Attributes
    ----------
    background : (int, int, int), or None
        Red, green and blue, 0 to 255.
    kitty, sixel : bool
        Whether it shows pictures of that form.
    colours : int or None
        Of one Sixel picture.
    largest : (int, int), or None
        Width and height of a Sixel picture, pixels.
    cell : (int, int), or None
        Width and height of a cell, pixels.
    """

    background: tuple[int, int, int] | None = None
    kitty: bool = False
    sixel: bool = False
    colours: int | None = None
    largest: tuple[int, int] | None = None
    cell: tuple[int, int] | None = None

    @property
    def light(self) -> bool | None:
        """Whether the background is light; None where it is not known."""
        if self.background is None:
            return None
        parts = (value / 255.0 for value in self.background)
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] > LIGHT_ABOVE


def question(*, multiplexed: bool) -> str:
    """Return what a terminal is sent.

    Parameters
    ----------
    multiplexed : bool
        Whether it is tmux or screen, which have no Kitty graphics and take the question for a title.
    """
    return ASK_BACKGROUND + ("" if multiplexed else ASK_KITTY) + ASK_SIXEL + ASK_CELL + ASK_DEVICE


def is_answered(text: str) -> bool:
    """Return whether a terminal's input has the answer to the last part of the question."""
    return DEVICE.search(text) is not None


def parse_answers(text: str) -> tuple[Answers, str]:
    r"""Return a terminal's answers, and its input without them.

    Examples
    --------
    >>> answers, keys = parse_answers("q\x1b]11;rgb:ffff/ffff/ffff\x1b\\\x1b[?62;4cm")
    >>> answers.background, answers.light, answers.sixel, keys
    ((255, 255, 255), True, True, 'qm')
    """
    background, kitty, cell = BACKGROUND.search(text), KITTY.search(text), CELL.search(text)
    registers, geometry, device = REGISTERS.search(text), GEOMETRY.search(text), DEVICE.search(text)
    answers = Answers(
        background=None if background is None else _rgb(*background.groups()),
        kitty=kitty is not None and kitty[1].endswith(";OK"),
        sixel=device is not None and SIXEL_ATTRIBUTE in device[1].split(";")[1:],
        colours=int(registers[2]) if registers is not None and registers[1] == "0" and registers[2] else None,
        largest=(int(geometry[2]), int(geometry[3])) if geometry is not None and geometry[3] else None,
        cell=None if cell is None else (int(cell[2]), int(cell[1])),
    )
    for pattern in ALL:
        text = pattern.sub("", text)
    return answers, text


def _rgb(*parts: str) -> tuple[int, int, int]:
    """Return a colour of hexadecimal parts, each of one to four digits, as 0 to 255."""
    red, green, blue = (round(int(part, 16) * 255 / (16 ** len(part) - 1)) for part in parts)
    return red, green, blue

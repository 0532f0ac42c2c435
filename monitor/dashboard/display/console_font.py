"""Signs for the console of Linux: its font has the old blocks and lines, but no braille, no eighths and no thick lines.

Source: code page 437, which every console font of Linux has; console_codes(4). Pure functions; safe on any thread.
"""

from __future__ import annotations

__all__ = ["on_console"]

BRAILLE = 0x2800
TOP, BOTTOM = 0x01 | 0x02 | 0x08 | 0x10, 0x04 | 0x20 | 0x40 | 0x80
MIDDLE = 0x02 | 0x10 | 0x04 | 0x20
"""The dots of the upper and of the lower half of a cell, and of its middle. Source: Unicode, Braille Patterns."""
BLOCKS = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}
HAS = frozenset("▀▄█▌▐░▒▓─│┌┐└┘├┤┬┴┼═║·•°±²√÷▲►▼◄→←↑↓↔↕µßé")

OTHERS = {
    **dict(zip("▏▎▍▌▋▊▉", "  ▌▌▌██", strict=True)),
    **dict(zip("▁▂▃▄▅▆▇", "_▄▄▄▄██", strict=True)),
    **dict(zip("━┃▾▸◂▴…", "═║▼►◄▲~", strict=True)),
    **{chr(BRAILLE + dots): BLOCKS[bool(dots & TOP), bool(dots & BOTTOM)] for dots in range(256)},
    **{chr(BRAILLE + dots): "─" for dots in range(1, MIDDLE + 1) if not dots & ~MIDDLE},
}
TABLE = str.maketrans(OTHERS)


def on_console(text: str) -> str:
    """Return text of the same width in the signs of a console font; ``?`` where there is no sign like it.

    Examples
    --------
    >>> on_console("▍▂━ …é☃")
    '▌▄═ ~é?'
    """
    if text.isascii():
        return text
    known = text.translate(TABLE)
    return "".join(sign if sign < "\u0100" or sign in HAS else "?" for sign in known)

"""Record the demo on a terminal, and draw the recording as a moving picture for the README.

    python docs/make/make_moving_picture.py docs/demo.webp

runs ``auscult demo`` in real time on a pseudo-terminal, keeps what it writes with the time at which it does, lets an
emulated terminal (pyte) show it again, and draws the cells of its screen as the frames of an animated WebP picture.
"""

from __future__ import annotations

import functools
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pyte
from matplotlib import font_manager
from PIL import Image, ImageDraw, ImageFont

COLUMNS, LINES = 100, 30
FROM_S, TO_S, FRAME_S = 10.0, 32.0, 0.25
"""Seconds of the demo that are shown: a normal heart, a murmur that begins and is told; and between two frames."""
BURST_S = 0.02
"""What follows within this belongs to the same drawing of the screen."""
HOLD_S = 1.5
"""How long the last frame stays before the picture begins again."""
CELL = (8, 17)
FONT_SIZE = 13
FOREGROUND, BACKGROUND = "d0d0d0", "101014"
NAMED = {
    "black": "000000",
    "red": "cd3131",
    "green": "0dbc79",
    "brown": "e5e510",
    "blue": "2472c8",
    "magenta": "bc3fbc",
    "cyan": "11a8cd",
    "white": "e5e5e5",
    "brightblack": "767676",
    "brightred": "f14c4c",
    "brightgreen": "23d18b",
    "brightbrown": "f5f543",
    "brightblue": "3b8eea",
    "brightmagenta": "d670d6",
    "brightcyan": "29b8db",
    "brightwhite": "ffffff",
}
"""The sixteen colours of a terminal, by pyte's names."""
BLOCKS = {"▀": (0.0, 0.0, 1.0, 0.5), "▄": (0.0, 0.5, 1.0, 1.0), "█": (0.0, 0.0, 1.0, 1.0)} | {
    "▌": (0.0, 0.0, 0.5, 1.0),
    "▐": (0.5, 0.0, 1.0, 1.0),
}
"""Parts of the cell that block characters fill: left, top, right, bottom; fonts leave seams between them."""
BLOCKS |= {sign: (0.0, 1.0 - (eighth + 1) / 8, 1.0, 1.0) for eighth, sign in enumerate("▁▂▃▄▅▆▇")}
BLOCKS |= {sign: (0.0, 0.0, 1.0 - (eighth + 1) / 8, 1.0) for eighth, sign in enumerate("▉▊▋▌▍▎▏")}
BRAILLE, DOTS = 0x2800, ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3))
"""The first Braille character, and column and row of the dot of each of its bits."""


class Written(NamedTuple):
    """What a program wrote, and when, in seconds from its first byte."""

    at_s: float
    data: bytes


def record(command: list[str], seconds: float) -> list[Written]:
    """Run a program on a terminal for some seconds; return what it wrote."""
    import fcntl
    import pty
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(ours, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES", "NO_COLOR")}
    environment |= {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
    process = subprocess.Popen(  # noqa: S603  # our own program
        command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, start_new_session=True
    )
    os.close(theirs)
    written: list[Written] = []
    begun_s = None
    try:
        while begun_s is None or time.monotonic() - begun_s < seconds:
            if not select.select([ours], [], [], 0.05)[0]:
                continue
            try:
                data = os.read(ours, 65536)
            except OSError:  # the program has ended
                break
            now_s = time.monotonic()
            begun_s = now_s if begun_s is None else begun_s
            written.append(Written(now_s - begun_s, data))
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=20)
        os.close(ours)
    return written


def screens(written: list[Written]) -> Iterator[pyte.Screen]:
    """Yield the screen at the time of every frame; the same object each time."""
    screen = pyte.Screen(COLUMNS, LINES)
    stream = pyte.ByteStream(screen)
    waiting = iter([*written, Written(float("inf"), b"")])
    following = next(waiting)
    at_s, fed_s = FROM_S, 0.0
    while at_s <= TO_S:
        while following.at_s <= at_s or following.at_s - fed_s < BURST_S:
            stream.feed(following.data)
            fed_s, following = following.at_s, next(waiting)
        yield screen
        at_s += FRAME_S


@functools.cache
def font(*, bold: bool) -> ImageFont.FreeTypeFont:
    """Return the font of the picture."""
    wanted = font_manager.FontProperties(family="DejaVu Sans Mono", weight="bold" if bold else "normal")
    return ImageFont.truetype(font_manager.findfont(wanted), FONT_SIZE)


def colour(name: str, default: str) -> str:
    """Return a colour of pyte's as ``#rrggbb``."""
    return "#" + (default if name == "default" else NAMED.get(name, name))


def drawn(screen: pyte.Screen) -> Image.Image:
    """Return a screen as a picture."""
    width, height = CELL
    picture = Image.new("RGB", (screen.columns * width, screen.lines * height), colour("default", BACKGROUND))
    draw = ImageDraw.Draw(picture)
    for line in range(screen.lines):
        for column in range(screen.columns):
            cell = screen.buffer[line][column]
            ink, paper = colour(cell.fg, FOREGROUND), colour(cell.bg, BACKGROUND)
            if cell.reverse:
                ink, paper = paper, ink
            left, top = column * width, line * height
            draw.rectangle((left, top, left + width - 1, top + height - 1), fill=paper)
            if cell.data in BLOCKS:
                x0, y0, x1, y1 = BLOCKS[cell.data]
                edges = (left + x0 * width, top + y0 * height, left + x1 * width - 1, top + y1 * height - 1)
                draw.rectangle([round(edge) for edge in edges], fill=ink)
            elif 0 < ord(cell.data[:1] or " ") - BRAILLE < 256:
                for bit, (x, y) in enumerate(DOTS):
                    if (ord(cell.data) - BRAILLE) >> bit & 1:
                        dot = (left + 1 + 4 * x, top + 1 + 4 * y)
                        draw.rectangle((*dot, dot[0] + 1, dot[1] + 1), fill=ink)
            elif cell.data.strip():
                draw.text((left, top + 1), cell.data, font=font(bold=cell.bold), fill=ink)
    return picture


def main(arguments: list[str]) -> int:
    """Write the picture; return the exit code."""
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    written = record([sys.executable, "-m", "monitor", "demo"], TO_S + 1.0)
    frames = [drawn(screen) for screen in screens(written)]
    lasts_ms = [round(1000 * FRAME_S)] * (len(frames) - 1) + [round(1000 * HOLD_S)]
    frames[0].save(
        Path(arguments[0]),
        save_all=True,
        append_images=frames[1:],
        duration=lasts_ms,
        loop=0,
        lossless=True,
        quality=100,
        method=6,
        minimize_size=True,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

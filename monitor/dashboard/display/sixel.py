r"""A picture of few colours as Sixel, the graphics of the VT340, which xterm, foot, mlterm, WezTerm and others show.

Source: DEC STD 070, chapter 9; VT330/VT340 Programmer Reference, chapter 14. Pure functions; safe on any thread.
"""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

__all__ = ["sixel"]

BAND = 6
"""Rows of pixels of one line of Sixel characters."""
WEIGHTS = (1 << np.arange(BAND, dtype=np.uint8))[:, None]
RUN = re.compile(rb"(.)\1{3,}")
FIRST = 63
"""The character without a pixel."""


def sixel(image: NDArray[np.uint8], palette: NDArray[np.uint8]) -> str:
    r"""Return an image as a Sixel sequence, to be drawn from the cursor on.

    Parameters
    ----------
    image : ndarray, shape (rows, columns), uint8
        An index into the palette for each pixel; every pixel is drawn.
    palette : ndarray, shape (colours, 3), uint8
        Red, green and blue.

    Examples
    --------
    >>> sixel(np.array([[0, 0, 1]], np.uint8), np.array([[0, 0, 0], [255, 255, 255]], np.uint8))
    '\x1bP0;1q"1;1;3;1#0;2;0;0;0#1;2;100;100;100#0@@$#1??@-\x1b\\'
    """
    rows, columns = image.shape
    shares = (palette.astype(np.intp) * 100 + 127) // 255
    colours = "".join(f"#{index};2;{red};{green};{blue}" for index, (red, green, blue) in enumerate(shares.tolist()))
    bands = b"".join(_band(image[top : top + BAND], len(palette)) for top in range(0, rows, BAND))
    return f'\x1bP0;1q"1;1;{columns};{rows}{colours}{bands.decode("ascii")}\x1b\\'


def _band(band: NDArray[np.uint8], colours: int) -> bytes:
    """Return at most six rows: for each colour in them its pixels, up to the last one."""
    parts = []
    weights = WEIGHTS[: len(band)]
    for colour in np.flatnonzero(np.bincount(band.ravel(), minlength=colours)).tolist():
        signs = np.where(band == colour, weights, 0).sum(axis=0, dtype=np.uint8)
        used = np.flatnonzero(signs)
        text = (signs[: used[-1] + 1] + np.uint8(FIRST)).tobytes()
        parts.append(b"#%d%b" % (colour, RUN.sub(_run, text)))
    return b"$".join(parts) + b"-"


def _run(match: re.Match[bytes]) -> bytes:
    """Return a repeated character with its count."""
    return b"!%d%b" % (len(match[0]), match[1])

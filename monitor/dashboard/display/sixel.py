r"""A picture of few colours as Sixel, the graphics of the VT340, which xterm, foot, mlterm, WezTerm and others show.

Source: DEC STD 070, chapter 9; VT330/VT340 Programmer Reference, chapter 14. Pure functions; safe on any thread.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["sixel"]

BAND = 6
"""Rows of pixels of one line of Sixel characters."""
FIRST = 63
"""The character without a pixel."""
SIGNS = 64
"""Six pixels, one above the other; numbers from here on stand for the choice of a colour."""
MAX_RUN = 4096
"""More than the columns of a picture."""


class _Words(dict[int, str]):
    """What stands for a run of equal signs, or for the choice of a colour; made when it is first needed."""

    def __missing__(self, key: int) -> str:
        count, sign = divmod(key, SIGNS)
        if count >= MAX_RUN:
            word = f"$#{key - MAX_RUN * SIGNS}"
        else:
            word = f"!{count}{chr(FIRST + sign)}" if count > 3 else chr(FIRST + sign) * count
        self[key] = word
        return word


_words = _Words()


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
    '\x1bP0;1q"1;1;3;1#0;2;0;0;0#1;2;100;100;100$#0@@$#1??@-\x1b\\'
    """
    rows, columns = image.shape
    shares = (palette.astype(np.intp) * 100 + 127) // 255
    colours = "".join(f"#{index};2;{red};{green};{blue}" for index, (red, green, blue) in enumerate(shares.tolist()))
    bands = "".join([_band(image[top : top + BAND], len(palette)) for top in range(0, rows, BAND)])
    return f'\x1bP0;1q"1;1;{columns};{rows}{colours}{bands}\x1b\\'


def _band(band: NDArray[np.uint8], colours: int) -> str:
    """Return at most six rows: for each colour in them its pixels, up to the last one."""
    columns = np.arange(1, band.shape[1] + 1)
    signs = np.zeros((colours, band.shape[1] + 1), np.int32)
    for bit, row in enumerate(band):
        signs[row, columns] |= 1 << bit
    signs[:, 0] = SIGNS + np.arange(colours)  # each line begins with its colour
    line = signs[np.unique(band)].ravel()
    starts = np.concatenate(([0], np.flatnonzero(line[1:] != line[:-1]) + 1))
    values = line[starts]
    counts = np.diff(starts, append=len(line))
    is_choice = values >= SIGNS
    is_rest = (values == 0) & np.append(is_choice[1:], True)  # the empty end of a line
    keys = np.where(is_choice, MAX_RUN * SIGNS + values - SIGNS, counts * SIGNS + values)[~is_rest]
    return "".join(map(_words.__getitem__, keys.tolist())) + "-"

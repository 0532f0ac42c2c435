r"""A picture in the Kitty graphics protocol, which kitty, Ghostty, Konsole, WezTerm and others show.

Source: https://sw.kovidgoyal.net/kitty/graphics-protocol/. Pure functions; safe on any thread.
"""

from __future__ import annotations

import base64
import zlib

import numpy as np
from numpy.typing import NDArray

__all__ = ["kitty", "kitty_delete"]

CHUNK = 4096
"""The most that one escape sequence may carry."""
FIRST_ID = 0x61750000
"""Our pictures have numbers of their own, so that those of other programs stay."""


def kitty(image: NDArray[np.uint8], palette: NDArray[np.uint8], number: int, cells: tuple[int, int]) -> str:
    """Return an image as escape sequences, to be drawn from the cursor on; it replaces the one of the same number.

    Parameters
    ----------
    image : ndarray, shape (rows, columns), uint8
        An index into the palette for each pixel.
    palette : ndarray, shape (colours, 3), uint8
        Red, green and blue.
    number : int
        From 0.
    cells : (int, int)
        Columns and lines that it fills.
    """
    rows, columns = image.shape
    data = base64.standard_b64encode(zlib.compress(palette[image].tobytes(), 1)).decode("ascii")
    chunks = [data[begin : begin + CHUNK] for begin in range(0, len(data), CHUNK)]
    control = f"a=T,q=2,f=24,o=z,s={columns},v={rows},i={FIRST_ID + number},p=1,c={cells[0]},r={cells[1]},C=1"
    last = len(chunks) - 1
    return "".join(
        f"\x1b_G{f'{control},' if index == 0 else ''}m={int(index < last)};{chunk}\x1b\\"
        for index, chunk in enumerate(chunks)
    )


def kitty_delete(number: int) -> str:
    """Return the escape sequence that removes a picture, and the memory that it has."""
    return f"\x1b_Ga=d,d=I,q=2,i={FIRST_ID + number}\x1b\\"

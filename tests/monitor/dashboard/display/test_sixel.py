"""A Sixel picture, decoded again, is the picture."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from monitor.dashboard.display.sixel import sixel

PALETTE = np.array([[0, 0, 0], [255, 255, 255], [128, 0, 64], [10, 20, 30]], np.uint8)
TOKEN = re.compile(r'"1;1;(\d+);(\d+)|#(\d+);2;(\d+);(\d+);(\d+)|#(\d+)|!(\d+)([?-~])|([?-~])|(\$)|(-)')


def decoded(text):
    """Return the image and the colours, in percent, of a Sixel sequence; -1 where nothing is drawn."""
    body = text.removeprefix("\x1bP0;1q").removesuffix("\x1b\\")
    assert TOKEN.sub("", body) == ""
    colours, image, x, y, colour = {}, None, 0, 0, 0
    for width, height, new, red, green, blue, chosen, count, run, single, back, line in TOKEN.findall(body):
        if width:
            image = np.full((int(height) + 6, int(width)), -1)
        elif new:
            colours[int(new)] = int(red), int(green), int(blue)
        elif chosen:
            colour = int(chosen)
        elif back:
            x = 0
        elif line:
            x, y = 0, y + 6
        else:
            bits, times = ord(run or single) - 63, int(count or 1)
            for bit in range(6):
                if bits >> bit & 1:
                    image[y + bit, x : x + times] = colour
            x += times
    return image, colours


@given(
    arrays.arrays(
        np.uint8, st.tuples(st.integers(1, 20), st.integers(1, 30)), elements=st.integers(0, 3), fill=st.just(0)
    )
)
def test_every_pixel_is_drawn_once_decoded(image):
    """Each pixel has its colour, and nothing is drawn below the last row."""
    drawn, colours = decoded(sixel(image, PALETTE))
    np.testing.assert_array_equal(drawn[: len(image)], image)
    assert (drawn[len(image) :] == -1).all()
    assert colours[2] == (50, 0, 25)


@pytest.mark.parametrize("columns", [3, 4, 1000])
def test_long_runs_are_counted(columns):
    """From four equal signs on a count stands in front."""
    text = sixel(np.zeros((6, columns), np.uint8), PALETTE)
    assert (f"!{columns}~" in text) == (columns >= 4)

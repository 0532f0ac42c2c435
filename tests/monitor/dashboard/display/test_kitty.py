"""A picture in the Kitty graphics protocol."""

from __future__ import annotations

import base64
import re
import zlib

import numpy as np

from monitor.dashboard.display.kitty import CHUNK, FIRST_ID, kitty, kitty_delete

PALETTE = np.array([[0, 0, 0], [255, 128, 1]], np.uint8)


def test_the_pixels_come_whole_in_parts():
    """Joined and unpacked they are red, green and blue of each pixel; no part is longer than the protocol allows."""
    image = np.random.default_rng(0).integers(0, 2, (200, 300), np.uint8)
    parts = re.findall(r"\x1b_G([^;]*);([^\x1b]*)\x1b\\", kitty(image, PALETTE, 3, (30, 10)))
    assert len(parts) > 1
    assert all(len(data) <= CHUNK for _, data in parts)
    assert [control.endswith("m=1") for control, _ in parts] == [True] * (len(parts) - 1) + [False]
    pixels = zlib.decompress(base64.b64decode("".join(data for _, data in parts)))
    np.testing.assert_array_equal(np.frombuffer(pixels, np.uint8).reshape(200, 300, 3), PALETTE[image])


def test_it_says_where_and_how_large():
    """Size in pixels and in cells, its number, no answer wanted, and the cursor stays."""
    control = kitty(np.zeros((20, 30), np.uint8), PALETTE, 3, (3, 1))
    for word in ("a=T", "q=2", "f=24", "o=z", "s=30", "v=20", f"i={FIRST_ID + 3}", "c=3", "r=1", "C=1", "m=0"):
        assert word in re.split("[,;G]", control)


def test_it_can_be_removed():
    """By its number, with the memory that it has."""
    assert kitty_delete(3) == f"\x1b_Ga=d,d=I,q=2,i={FIRST_ID + 3}\x1b\\"

"""The colormap is matplotlib's, byte for byte, and read-only."""

from __future__ import annotations

import zlib

import numpy as np
import pytest

from monitor.features.colormap import INFERNO


def test_is_256_colours_of_three_bytes() -> None:
    """The table has one row of red, green and blue for each of 256 steps."""
    assert INFERNO.shape == (256, 3)
    assert INFERNO.dtype == np.uint8


@pytest.mark.parametrize(
    ("step", "colour"),
    [(0, (0, 0, 3)), (64, (87, 15, 109)), (128, (187, 55, 84)), (192, (249, 142, 8)), (255, (252, 254, 164))],
)
def test_known_colours(step: int, colour: tuple[int, int, int]) -> None:
    """Five colours of matplotlib's table are at their positions."""
    assert tuple(int(value) for value in INFERNO[step]) == colour


def test_every_byte_is_matplotlibs() -> None:
    """The checksum of the whole table is the one matplotlib 3.11 gives."""
    assert zlib.crc32(INFERNO.tobytes()) == 29387394


def test_equals_matplotlib_where_it_is_installed() -> None:
    """The installed matplotlib gives the same bytes."""
    matplotlib = pytest.importorskip("matplotlib", reason="matplotlib belongs to the training extra")
    expected = matplotlib.colormaps["inferno"](np.arange(256), bytes=True)[:, :3]
    np.testing.assert_array_equal(INFERNO, expected)


def test_gets_lighter_with_every_step() -> None:
    """Perceived lightness never falls by more than truncation to whole bytes explains."""
    light = INFERNO.astype(float) @ (0.2126, 0.7152, 0.0722)
    assert np.all(np.diff(light) > -0.5)
    assert light[-1] > 10 * light[10]


def test_cannot_be_written() -> None:
    """The table is read-only, because every reader shares it."""
    with pytest.raises(ValueError, match="read-only"):
        INFERNO[0, 0] = 1

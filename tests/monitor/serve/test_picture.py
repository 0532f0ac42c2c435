"""The picture: a valid PNG at any moment of a run."""

from __future__ import annotations

import struct
import zlib

import numpy as np

from monitor.features.colormap import INFERNO
from monitor.serve.feed import Feed
from monitor.serve.picture import HEIGHT, INK, WIDTH, picture, png
from tests.monitor.serve.conftest import snapshot


def decoded(data):
    """Return the pixels of a PNG, its checksums checked."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at, parts = 8, {}
    while at < len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        assert zlib.crc32(kind + body) == struct.unpack(">I", data[at + 8 + length : at + 12 + length])[0]
        parts[kind], at = body, at + 12 + length
    width, height, *rest = struct.unpack(">IIBBBBB", parts[b"IHDR"])
    assert rest == [8, 2, 0, 0, 0]
    rows = np.frombuffer(zlib.decompress(parts[b"IDAT"]), np.uint8).reshape(height, 1 + 3 * width)
    assert not rows[:, 0].any()
    return rows[:, 1:].reshape(height, width, 3)


def test_pixels_survive():
    """Any of them."""
    pixels = np.random.default_rng(1).integers(0, 256, (7, 5, 3), np.uint8)
    np.testing.assert_array_equal(decoded(png(pixels)), pixels)


def test_there_is_a_picture_before_the_sound():
    """Empty, of the same size."""
    assert decoded(picture(Feed())).shape == (HEIGHT, WIDTH, 3)


def test_what_is_heard_is_drawn(run, feed):
    """The trace where there was sound, the spectrogram in its colours, the newest verdict at the right."""
    tensor = np.zeros((64, 64, 3), np.float32)
    tensor[0, :, 0] = 100.0  # the lowest frequency
    feed.snapshot = snapshot(tensor=tensor, history=("normal", "murmur"))
    pixels = decoded(picture(feed))
    assert (pixels[:128] == INK).all(axis=2).any(axis=0).mean() > 0.95
    spectrogram = pixels[128:-16]
    assert (spectrogram[-1] == INFERNO[255]).all()
    assert (spectrogram[0] != INFERNO[255]).any()
    assert tuple(pixels[-1, -3]) == (0xE9, 0xA3, 0x0C)
    assert tuple(pixels[-1, -11]) == (0x0A, 0xA3, 0x7A)

"""The newest five seconds as a PNG: waveform, spectrogram, and the colours of the verdicts. Safe on any thread."""

from __future__ import annotations

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

from monitor.archive.segment_styles import segment_styles
from monitor.features.colormap import INFERNO
from monitor.serve.feed import Feed

__all__ = ["HEIGHT", "WIDTH", "picture", "png"]

WIDTH, TRACE_HEIGHT, SPECTROGRAM_HEIGHT, STRIP_HEIGHT = 640, 128, 256, 16
HEIGHT = TRACE_HEIGHT + SPECTROGRAM_HEIGHT + STRIP_HEIGHT
PAPER, INK, FAINT = (251, 252, 252), (27, 58, 75), (215, 223, 228)
MIN_PEAK = 0.01


def picture(feed: Feed) -> bytes:
    """Return the newest picture of a run; empty fields where there is nothing yet."""
    pixels = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    pixels[:] = PAPER
    _draw_trace(pixels[:TRACE_HEIGHT], feed)
    _draw_spectrogram(pixels[TRACE_HEIGHT:-STRIP_HEIGHT], feed)
    _draw_strip(pixels[-STRIP_HEIGHT:], feed)
    return png(pixels)


def _draw_trace(pixels: NDArray[np.uint8], feed: Feed) -> None:
    """Draw the waveform, as tall as it is loud."""
    from monitor.dashboard.trace import BIN_S, Tracer

    middle = len(pixels) // 2
    pixels[middle] = FAINT
    playing = feed.playing
    if playing is None:
        return
    trace = Tracer(playing.ring, playing.start.sample_rate).trace(playing.ring.end_sample)
    bins = round(playing.start.window_s / BIN_S)
    low, high = trace.low[-bins:], trace.high[-bins:]
    scale = (middle - 2) / max(trace.peak, MIN_PEAK)
    for index in range(len(low)):
        column = WIDTH - 1 - (len(low) - 1 - index) * WIDTH // bins
        top, bottom = middle - round(float(high[index]) * scale), middle - round(float(low[index]) * scale)
        pixels[max(0, top) : bottom + 1, max(0, column)] = INK


def _draw_spectrogram(pixels: NDArray[np.uint8], feed: Feed) -> None:
    """Draw the first channel of the network's input image, in the colours of the dashboard."""
    from monitor.dashboard.drawing.spectrogram import SPECTROGRAM

    snapshot = feed.snapshot
    tensor = None if snapshot is None else snapshot.tensor
    if tensor is None:
        pixels[:] = INFERNO[0]
        return
    values = tensor[::-1, :, SPECTROGRAM.channel]  # (64, 64), the highest frequency first
    steps = (values - SPECTROGRAM.low) / (SPECTROGRAM.high - SPECTROGRAM.low) * 255.0
    image = INFERNO[np.clip(np.nan_to_num(steps), 0, 255).astype(np.uint8)]  # (64, 64, 3)
    rows = np.arange(len(pixels)) * len(image) // len(pixels)
    columns = np.arange(WIDTH) * image.shape[1] // WIDTH
    pixels[:] = image[rows][:, columns]


def _draw_strip(pixels: NDArray[np.uint8], feed: Feed) -> None:
    """Draw the verdicts so far, the newest at the right."""
    snapshot = feed.snapshot
    if snapshot is None:
        return
    styles = segment_styles(snapshot.start.labels)
    step = 8
    for index, key in enumerate(reversed(snapshot.history[-(WIDTH // step) :])):
        style = styles.get(key)
        if style is not None:
            right = WIDTH - index * step
            pixels[:, right - step : right - 1] = tuple(bytes.fromhex(style.colour.removeprefix("#")))


def png(pixels: NDArray[np.uint8]) -> bytes:
    r"""Return pixels as a PNG file.

    Parameters
    ----------
    pixels : ndarray, shape (height, width, 3), uint8

    Examples
    --------
    >>> png(np.zeros((1, 1, 3), np.uint8))[:8]
    b'\x89PNG\r\n\x1a\n'
    """
    height, width, _ = pixels.shape
    rows = np.zeros((height, 1 + 3 * width), np.uint8)  # each row begins with its filter, 0 for none
    rows[:, 1:] = pixels.reshape(height, 3 * width)
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows.tobytes(), 6)),
        (b"IEND", b""),
    )
    chunks = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)

"""The trace and the spectrogram in pixels: each an image of few colours, and its palette.

Pure functions; safe on any thread.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray
from rich.color import Color

from monitor.dashboard.drawing.canvas import LIGHT, RED, TEAL
from monitor.dashboard.drawing.spectrogram import SpectrogramPicture, image_values
from monitor.dashboard.drawing.waveform import TracePicture, columns_of
from monitor.features.colormap import INFERNO

__all__ = ["MAX_COLOURS", "Paper", "Raster", "raster"]

Raster = tuple[NDArray[np.uint8], NDArray[np.uint8]]
"""Indices, shape (rows, columns), and their colours, shape (colours, 3)."""

MAX_COLOURS, MIN_COLOURS = 64, 8
SHADES = 6
"""Of the colour of the trace, so that its edge is smooth; one more is the background, one lost sound."""
HATCH_PX = 4
"""Every so many pixels there is a line across lost sound."""


@dataclasses.dataclass(frozen=True, slots=True)
class Paper:
    """What is drawn on.

    Attributes
    ----------
    background : (int, int, int)
        Red, green and blue, 0 to 255.
    light : bool
        Whether that is light.
    colours : int
        The most that one picture may have, at least 8.
    """

    background: tuple[int, int, int] = (0, 0, 0)
    light: bool = False
    colours: int = MAX_COLOURS


def raster(content: object, width: int, height: int, paper: Paper) -> Raster:
    """Return the pixels of a picture's content.

    Parameters
    ----------
    content : TracePicture or SpectrogramPicture
    width, height : int
        Pixels, at least 1.
    paper : Paper

    Raises
    ------
    TypeError
        If the content is none of these.
    """
    if isinstance(content, TracePicture):
        return _trace(content, width, height, paper)
    if isinstance(content, SpectrogramPicture):
        return _spectrogram(content, width, height, paper)
    raise TypeError(f"content={type(content).__name__} must be a trace or a spectrogram")


def _trace(picture: TracePicture, width: int, height: int, paper: Paper) -> Raster:
    """Return a waveform: a column of pixels from the lowest to the highest sample, its ends shaded."""
    axis = picture.axis
    low, high, lost = columns_of(picture.trace, axis, axis.bins)  # (bins,)
    low, high, lost = _to_columns(low, high, lost, width)
    scale, middle = 10.0 ** (picture.gain_db / 20.0) * height / 2, height / 2
    top = np.clip(middle - scale * high, 0.0, height - 1.0)  # (width,) pixels from the top; NaN without sound
    bottom = np.clip(middle - scale * low, 1.0, height)
    bottom = np.maximum(bottom, top + 1.0)
    row = np.arange(height, dtype=np.float32)[:, None]
    share = np.nan_to_num(np.clip(np.minimum(row + 1, bottom) - np.maximum(row, top), 0.0, 1.0))
    image = np.rint(share * SHADES).astype(np.uint8)  # (height, width)
    hatched = lost[None, :] & ((np.arange(width)[None, :] + np.arange(height)[:, None]) % HATCH_PX == 0)
    image[:, lost] = 0
    image[hatched] = SHADES + 1
    paper_colour, ink = np.array(paper.background, np.float32), _colour(TEAL, paper)
    shares = np.linspace(0.0, 1.0, SHADES + 1)[:, None]
    palette = np.rint(paper_colour * (1 - shares) + ink * shares)
    return image, np.vstack((palette, _colour(RED, paper)[None, :])).astype(np.uint8)


def _to_columns(
    low: NDArray[np.float32], high: NDArray[np.float32], lost: NDArray[np.bool_], width: int
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_]]:
    """Return lowest, highest and whether lost per column of pixels: of several bins, or between two of them."""
    bins = len(low)
    if width <= bins:
        starts = np.arange(width) * bins // width
        lowest, highest = np.fmin.reduceat(low, starts), np.fmax.reduceat(high, starts)
        return lowest, highest, np.logical_or.reduceat(lost, starts)
    at = np.clip((np.arange(width) + 0.5) * bins / width - 0.5, 0, bins - 1)
    before = at.astype(np.intp)
    after, share = np.minimum(before + 1, bins - 1), (at - before).astype(np.float32)
    lows, highs = (edge[before] * (1 - share) + edge[after] * share for edge in (low, high))
    return lows, highs, lost[np.rint(at).astype(np.intp)]


def _spectrogram(picture: SpectrogramPicture, width: int, height: int, paper: Paper) -> Raster:
    """Return a spectrogram on its time axis, interpolated in both directions; background outside of its window."""
    values, axis, span = image_values(picture), picture.axis, picture.span
    rows, columns = values.shape
    seconds = axis.start_s + axis.width * axis.cell_s * (np.arange(width) + 0.5) / width  # (width,)
    wide = _between(values.T, (seconds - span[0]) * columns / picture.window_s - 0.5).T  # (rows, width)
    image = _between(wide, (np.arange(height) + 0.5) * rows / height - 0.5)  # (height, width)
    steps = min(paper.colours, MAX_COLOURS) - 1
    indices = np.minimum(image * steps, steps - 1).astype(np.uint8)
    indices[:, (seconds < span[0]) | (seconds >= span[1])] = steps
    colours = INFERNO[np.arange(steps) * 255 // (steps - 1)]
    palette = np.vstack((colours[::-1] if paper.light else colours, np.array(paper.background)[None, :]))
    return indices, palette.astype(np.uint8)


def _between(values: NDArray[np.float32], at: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the rows at fractional positions, each between its two neighbours."""
    at = np.clip(at, 0, len(values) - 1)
    low = at.astype(np.intp)
    share = (at - low).astype(np.float32)[:, None]
    return values[low] * (1 - share) + values[np.minimum(low + 1, len(values) - 1)] * share


def _colour(name: str, paper: Paper) -> NDArray[np.float32]:
    """Return a colour of the screen as red, green and blue."""
    return np.array(Color.parse(LIGHT[name] if paper.light else name).get_truecolor(), np.float32)

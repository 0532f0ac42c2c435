"""From a window's frames to the 64x64x3 input image of the network.

The image is designed for heart sounds, not for music (docs/decisions/0002):

* Rows are the 64 FFT bins from 15.6 Hz to 1000 Hz. At these frequencies the mel scale is almost linear and finer than
  a 64 ms frame can resolve, so a mel filter bank would only copy bins.
* Channel 0 is the mean and channel 1 the maximum of the log power in each of 64 overlapping columns: the mean shows
  the texture of a murmur, the maximum keeps the short first and second heart sounds sharp.
* Channel 2 is the rhythm: the sliding autocorrelation of the heart-sound envelope, 64 lags from 0.2 s to 1.775 s
  (rows) over time (columns). An ectopic beat is a kink in its ridge, which the spectrum does not show.

Levels are relative to the window, so gain does not matter. One thread per object; must not know about
devices, files or networks.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from monitor.features.compiled.library import address
from monitor.features.compiled.spectra import HeldPlaces
from monitor.features.compiled.window import image_kernel

__all__ = ["NUM_COLUMNS", "NUM_ROWS", "FrameWindow", "HeldFrames", "ImageBuilder", "located"]

NUM_ROWS = 64
NUM_COLUMNS = 64
ITEM_BYTES = 4

DYNAMIC_RANGE = np.float32(8.0 * np.log(10.0))
"""80 dB in natural-log power: levels are clipped this far below the loudest bin of the window."""

CONTRAST = np.float32(0.25)
"""Image units per natural-log power: one unit is 17 dB."""

RHYTHM_FIRST_LAG = 8
"""Frames: 0.2 s, shorter than a beat at 200 beats per minute."""
RHYTHM_WIDTH = 12
"""Frames over which lagged products are averaged: 0.3 s, a heart sound and its surroundings."""
MAX_DEVIATION = np.float32(3.0)
"""Standard deviations from the mean at which the envelope is clipped, so that one thump does not dominate."""


class FrameWindow(NamedTuple):
    """The frames of one window, from which image, gate features and heart rate are computed.

    Attributes
    ----------
    log_power : ndarray, shape (num_frames, 64), float32
        Natural log of the power in bins 1 to 64.
    envelope : ndarray, shape (num_frames,), float32
        Natural log of the power from 20 to 200 Hz, one value per frame.
    low_power, high_power : ndarray, shape (num_frames,), float32
        Power from 20 to 150 Hz, and above 600 Hz.
    """

    log_power: NDArray[np.float32]
    envelope: NDArray[np.float32]
    low_power: NDArray[np.float32]
    high_power: NDArray[np.float32]


class HeldFrames(FrameWindow):
    """The frames of one window as contiguous views of what a spectrogram holds.

    Attributes
    ----------
    held : HeldPlaces or None
        Where all frames that are held begin in memory; None of what :meth:`_replace` returns.
    slot : int
        The first frame, counted from there.
    """

    held: HeldPlaces | None = None
    slot: int = 0


def located(frames: FrameWindow) -> tuple[FrameWindow, tuple[int, int, int, int]]:
    """Return frames whose parts are contiguous and in single precision, and where each begins in memory.

    The addresses hold for as long as the frames are kept.

    Raises
    ------
    ValueError
        If their parts are of different lengths.
    """
    if isinstance(frames, HeldFrames) and frames.held is not None:
        rows, envelope, low, high = frames.held.addresses
        offset = ITEM_BYTES * frames.slot
        return frames, (rows + NUM_ROWS * offset, envelope + offset, low + offset, high + offset)
    one = frames.envelope.shape
    if frames.log_power.shape != (*one, NUM_ROWS) or frames.low_power.shape != one or frames.high_power.shape != one:
        raise ValueError(f"frames of shapes {[part.shape for part in frames]} must be as many")
    frames = FrameWindow(*(np.ascontiguousarray(part, np.float32) for part in frames))
    log_power, envelope, low_power, high_power = map(address, frames)
    return frames, (log_power, envelope, low_power, high_power)


class ImageBuilder:
    """Builds the network's input image from the frames of a window.

    Parameters
    ----------
    num_frames : int
        Frames in a window; all products have this one shape, so their rounding never varies.

    Attributes
    ----------
    kernel : ImageKernel or None
        What builds them where the front end is compiled.

    Notes
    -----
    Holds scratch space; used by one thread.

    Examples
    --------
    >>> silence = FrameWindow(np.zeros((198, 64), np.float32), *np.zeros((3, 198), np.float32))
    >>> ImageBuilder(198).build(silence).shape
    (64, 64, 3)
    """

    def __init__(self, num_frames: int) -> None:
        width = -(-num_frames // NUM_COLUMNS)
        starts = np.round(np.linspace(0, num_frames - width, NUM_COLUMNS)).astype(np.intp)
        self.kernel = image_kernel(
            num_frames,
            width,
            (RHYTHM_FIRST_LAG, RHYTHM_WIDTH),
            (float(DYNAMIC_RANGE), float(CONTRAST), float(MAX_DEVIATION)),
            starts,
            _rhythm_ends(num_frames),
        )
        self._num_frames = num_frames
        if self.kernel is not None:
            return
        self._columns = np.concatenate([starts + offset for offset in range(width)])
        self._per_frame = np.float32(1.0 / width)
        self._gathered = np.empty((width * NUM_COLUMNS, NUM_ROWS), np.float32)
        self._by_offset = self._gathered.reshape(width, -1)
        self._pooled = np.empty((2, NUM_COLUMNS, NUM_ROWS), np.float32)
        self._mean, self._peak = self._pooled.reshape(2, -1)
        self._floor = np.empty_like(self._pooled)
        last_lag = RHYTHM_FIRST_LAG + NUM_ROWS - 1
        self._past = np.zeros(last_lag + num_frames, np.float32)
        self._level = self._past[last_lag:]
        # row k is the level `RHYTHM_FIRST_LAG + k` frames ago; before the window begins it is 0, the mean
        self._lagged = np.lib.stride_tricks.sliding_window_view(self._past, num_frames)[:NUM_ROWS][::-1]
        self._products = np.empty((NUM_ROWS, num_frames), np.float32)
        self._rhythm = np.empty((NUM_ROWS, NUM_COLUMNS), np.float32)
        self._halves = [
            (self._products[:, frames], averages, self._rhythm[:, columns])
            for columns, frames, averages in _box_averages(num_frames)
        ]

    def build(self, frames: FrameWindow) -> NDArray[np.float32]:
        """Return the input image.

        Parameters
        ----------
        frames : FrameWindow

        Returns
        -------
        ndarray, shape (64, 64, 3), float32
            Row 0 is the lowest frequency (or the shortest lag), column 0 the oldest. Channels 0
            and 1 are log power relative to the window's mean, 17 dB to the unit; channel 2 is the
            autocorrelation of the standardized envelope, about -1 to 1.
        """
        image = np.empty((NUM_ROWS, NUM_COLUMNS, 3), np.float32)
        if self.kernel is not None:
            if len(frames.envelope) != self._num_frames:
                raise ValueError(f"{len(frames.envelope)} frames must be {self._num_frames} frames")
            frames, (log_power, envelope, _, _) = located(frames)
            self.kernel.build(log_power, envelope, address(image))
            return image
        channels = image.T  # (channels, columns, rows)
        self._pool(frames.log_power)
        np.multiply(self._pooled, CONTRAST, out=channels[:2])
        self._correlate(frames.envelope)
        channels[2] = self._rhythm.T
        return image

    def _pool(self, rows: NDArray[np.float32]) -> None:
        """Compute mean and maximum of the frames in each column, less the mean level, ``(2, 64 columns, 64 bins)``."""
        rows.take(self._columns, 0, self._gathered, "clip")  # no index is out of range; "raise" would copy again
        np.add.reduce(self._by_offset, axis=0, out=self._mean)
        np.multiply(self._mean, self._per_frame, out=self._mean)
        np.maximum.reduce(self._by_offset, axis=0, out=self._peak)
        self._floor.fill(np.maximum.reduce(self._peak) - DYNAMIC_RANGE)
        np.maximum(self._pooled, self._floor, out=self._pooled)  # with one number it takes twice as long
        reference = np.add.reduce(self._mean) / np.float32(NUM_COLUMNS * NUM_ROWS)
        np.subtract(self._pooled, reference, out=self._pooled)

    def _correlate(self, envelope: NDArray[np.float32]) -> None:
        """Compute the sliding autocorrelation of the envelope, ``(64 lags, 64 columns)``."""
        level, count = self._level, np.float32(len(envelope))
        np.subtract(envelope, np.add.reduce(envelope) / count, out=level)
        np.divide(level, np.sqrt(np.dot(level, level) / count) + np.float32(1e-3), out=level)
        np.minimum(level, MAX_DEVIATION, out=level)
        np.maximum(level, -MAX_DEVIATION, out=level)
        np.multiply(self._lagged, level, out=self._products)
        for products, averages, out in self._halves:
            np.matmul(products, averages, out=out)


def _rhythm_ends(num_frames: int) -> NDArray[np.intp]:
    """Return the frame at which each column of the rhythm ends, excluded."""
    return np.round(np.linspace(RHYTHM_WIDTH, num_frames, NUM_COLUMNS)).astype(np.intp)


def _box_averages(num_frames: int) -> list[tuple[slice, slice, NDArray[np.float32]]]:
    """Return columns, their frames, and the matrix that averages RHYTHM_WIDTH frames into each column.

    In two halves, because half of the whole matrix is zeros.
    """
    ends = _rhythm_ends(num_frames)
    frame = np.arange(num_frames)[:, None]
    inside = (frame < ends) & (frame >= ends - RHYTHM_WIDTH)
    averages = (inside / RHYTHM_WIDTH).astype(np.float32)
    halves = []
    for columns in (slice(0, NUM_COLUMNS // 2), slice(NUM_COLUMNS // 2, NUM_COLUMNS)):
        frames = slice(int(ends[columns][0]) - RHYTHM_WIDTH, int(ends[columns][-1]))
        halves.append((columns, frames, np.ascontiguousarray(averages[frames, columns])))
    return halves

"""The article's input image, computed in memory: one whole window in, one coloured image out.

The article's network was given ``plt.specgram(NFFT=2048, noverlap=128, scale="dB", cmap="inferno")`` of 5 s at
22050 Hz, saved and read back as 64x64x3 in [0, 1]. This computes the same image without matplotlib and without a
file: the same segments, taper and decibels, the colormap stretched from the window's quietest to its loudest cell,
then resized to 64x64. Windows share no work; that is the article's method, and why it is slow. It is the baseline.

Source: "CNN Sound Recognition Code Along" (2021); ``matplotlib.mlab.specgram``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from monitor.features.colormap import INFERNO
from monitor.features.spec import SpectrogramSpec

__all__ = ["ARTICLE", "ArticleImage", "article_image", "specgram_decibels"]

ARTICLE = SpectrogramSpec(kind="article", sample_rate=22_050, frame_s=2048 / 22_050, frame_hop_s=1920 / 22_050)

SIZE = 64
SILENT_DB = -200.0
"""The level of digital silence, which matplotlib would leave white."""


class ArticleImage:
    """Images of a sound that arrives in blocks, each computed from its whole window on demand.

    Parameters
    ----------
    spec : SpectrogramSpec
        Settings of kind ``"article"``.

    Notes
    -----
    Written by one thread. Holds the samples of two windows.
    """

    def __init__(self, spec: SpectrogramSpec) -> None:
        self.spec = spec
        self._samples = np.zeros(4 * spec.window_samples, np.float32)
        self._first = 0
        self._used = 0

    @property
    def end_sample(self) -> int:
        """Samples pushed so far."""
        return self._first + self._used

    def push(self, waveform: NDArray[np.float32]) -> int:
        """Store the next samples; returns 0, because no frame is computed before an image is asked for."""
        for begin in range(0, len(waveform), self.spec.window_samples):
            part = waveform[begin : begin + self.spec.window_samples]
            self._make_room(len(part))
            self._samples[self._used : self._used + len(part)] = part
            self._used += len(part)
        return 0

    def _make_room(self, count: int) -> None:
        """Move the samples still needed to the front when the buffer is full."""
        if self._used + count > len(self._samples):
            drop = self._used - 2 * self.spec.window_samples
            self._samples[: self._used - drop] = self._samples[drop : self._used].copy()
            self._first += drop
            self._used -= drop

    def image(self, start_sample: int) -> NDArray[np.float32]:
        """Return the image of the window that starts at ``start_sample``.

        Returns
        -------
        ndarray, shape (64, 64, 3), float32
            See :func:`article_image`.

        Raises
        ------
        ValueError
            If the window is not complete yet, or no longer held.
        """
        slot = start_sample - self._first
        if slot < 0 or slot + self.spec.window_samples > self._used:
            raise ValueError(f"start_sample={start_sample} must lie in a window that is complete and still held")
        return article_image(self._samples[slot : slot + self.spec.window_samples], self.spec)


def article_image(waveform: NDArray[np.float32], spec: SpectrogramSpec) -> NDArray[np.float32]:
    """Return the article's image of one window.

    Parameters
    ----------
    waveform : ndarray, shape (samples,), float32
        At least one frame long.
    spec : SpectrogramSpec

    Returns
    -------
    ndarray, shape (64, 64, 3), float32
        Red, green and blue from 0 to 1; row 0 is the lowest frequency.

    Raises
    ------
    ValueError
        If the waveform is shorter than a frame.

    Examples
    --------
    >>> article_image(np.zeros(ARTICLE.window_samples, np.float32), ARTICLE).shape
    (64, 64, 3)
    """
    decibels = specgram_decibels(waveform, spec)
    audible = decibels > SILENT_DB + 1e-6
    low = decibels[audible].min() if audible.any() else 0.0
    high = max(float(decibels.max()), low + 1e-6)
    level = _resized(np.clip((decibels - low) / (high - low), 0, 1))  # (bins, segments) -> (64, 64)
    colours = INFERNO[np.minimum((level * 256).astype(int), 255)]  # (64, 64, 3)
    image: NDArray[np.float32] = (colours / 255.0).astype(np.float32)
    return image


def specgram_decibels(waveform: NDArray[np.float32], spec: SpectrogramSpec) -> NDArray[np.float64]:
    """Return the values that ``plt.specgram`` plots for a waveform, before the colormap.

    Returns
    -------
    ndarray, shape (bins, segments), float64
        Power spectral density in dB for a rate of 2, which is matplotlib's default; at least SILENT_DB.

    Raises
    ------
    ValueError
        If the waveform is shorter than a frame.
    """
    size, hop = spec.frame_samples, spec.frame_hop_samples
    if len(waveform) < size:
        raise ValueError(f"waveform of {len(waveform)} samples must hold at least one frame of {size}")
    taper = np.hanning(size)
    segments = np.lib.stride_tricks.sliding_window_view(waveform, size)[::hop] * taper  # (segments, samples)
    power = np.abs(np.fft.rfft(segments)) ** 2 / (2.0 * (taper**2).sum())  # (segments, bins)
    power[:, 1:-1] *= 2.0  # the one-sided spectrum holds both sides
    decibels: NDArray[np.float64] = 10 * np.log10(np.maximum(power, 10 ** (SILENT_DB / 10))).T
    return decibels


def _resized(level: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return an image resized to 64 rows by averaging and to 64 columns by the nearest neighbour."""
    edges = np.linspace(0, len(level), SIZE + 1).astype(int)
    rows = np.add.reduceat(level, edges[:-1], axis=0) / np.diff(edges)[:, None]
    columns = (np.arange(SIZE) + 0.5) * level.shape[1] / SIZE
    return rows[:, columns.astype(int)]

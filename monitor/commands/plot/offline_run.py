"""A recording analysed from start to end: the arrays of a figure, and the windows of :mod:`monitor.archive.offline`.

Memory does not grow with the recording: waveform and spectrogram are stored as peaks, and of a window only its event.
Must not draw.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from monitor.archive.decimate import PeakDecimator
from monitor.archive.offline import OfflineResult, judge_offline
from monitor.archive.peak_spectrogram import PeakSpectrogram
from monitor.audio.ring_buffer import Read
from monitor.audio.sample_store import SampleStore
from monitor.audio.sources.paced import PacedSource
from monitor.errors import AuscultError
from monitor.features.spec import SpectrogramSpec
from monitor.inference.bundle import Bundle
from monitor.messages import Start, Summary, WindowEvent

__all__ = ["OfflineRun", "WindowCallback", "run_offline"]

WAVEFORM_COLUMNS = 4096
"""A long recording has at least half of them: more than the figure has pixels across."""
HELD_WINDOWS = 3
"""Windows of sound that are held for :data:`WindowCallback`."""

WindowCallback = Callable[[WindowEvent, NDArray[np.float32]], None]
"""Called with a window and its samples, shape (samples,), float32, in [-1, 1], at the sample rate of the source."""


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class OfflineRun:
    """The results of a recording, and the arrays of its figure.

    Attributes
    ----------
    start : Start
    windows : tuple of WindowEvent
        With a latency of 0: nothing runs live.
    summary : Summary
    duration_s : float
        Seconds analysed.
    low, high : ndarray, shape (columns,), float32
        Minimum and maximum sample of each column, in [-1, 1].
    lost : ndarray, shape (columns,), bool
        Whether samples of the column were lost.
    column_s : float
        Duration of each of these columns, seconds.
    power_db : ndarray, shape (64, columns), float32
        Power of the loudest frame of each column, lowest frequency first; dB relative to a full-scale tone.
    power_column_s, frame_s, bin_hz : float
        Seconds from one of these columns to the next, and in one frame; hertz from row to row, which is also the
        frequency of the first row.
    error : AuscultError or None
        Why the recording ended early; the rest then covers what came before.
    """

    start: Start
    windows: tuple[WindowEvent, ...]
    summary: Summary
    duration_s: float
    low: NDArray[np.float32]
    high: NDArray[np.float32]
    lost: NDArray[np.bool_]
    column_s: float
    power_db: NDArray[np.float32]
    power_column_s: float
    frame_s: float
    bin_hz: float
    error: AuscultError | None


def run_offline(
    source: PacedSource, bundle: Bundle, hop_s: float | None = None, on_window: WindowCallback | None = None
) -> OfflineRun:
    """Return the results of a source, analysed on the caller's thread as fast as possible.

    Parameters
    ----------
    source : PacedSource
        Not started; its speed is ignored.
    bundle : Bundle
    hop_s : float or None
        Seconds between two windows; None for the bundle's own.
    on_window : callable or None
        Called with each window and its samples; those of a short clip are looped, as the network sees them.

    Raises
    ------
    ValueError
        If the hop does not fit the bundle.
    AuscultError
        If the source fails before its first sample, or the network gives NaN or infinity.
    """
    arrays = _Arrays(source.sample_rate, bundle.spec, on_window)
    result = judge_offline(source, bundle, hop_s, on_window=arrays.add_window, on_read=arrays.add_read)
    return arrays.run(result)


class _Arrays:
    """What a figure shows of one pass over a source, and its windows."""

    def __init__(self, sample_rate: int, spec: SpectrogramSpec, on_window: WindowCallback | None) -> None:
        self._sample_rate = sample_rate
        self._on_window = on_window
        self._sound = SampleStore(HELD_WINDOWS * round(spec.window_s * sample_rate))
        self._waveform = PeakDecimator(3, WAVEFORM_COLUMNS)
        self._spectrogram = PeakSpectrogram(sample_rate, spec)
        self._windows: list[WindowEvent] = []

    def add_read(self, read: Read) -> None:
        """Add the peaks of the next samples."""
        lost = np.zeros(len(read.waveform), np.float32)
        for start, end in read.lost:
            lost[max(0, start - read.start_sample) : end - read.start_sample] = 1.0
        self._sound.append(read.waveform)
        self._waveform.push(np.stack((-read.waveform, read.waveform, lost)))
        self._spectrogram.push(read.waveform)

    def add_window(self, event: WindowEvent) -> None:
        """Add a window, and call whoever wants its samples."""
        self._windows.append(event)
        if self._on_window is not None:
            self._on_window(event, self._samples(event))

    def _samples(self, event: WindowEvent) -> NDArray[np.float32]:
        """Return the samples of a window; of a short clip, looped."""
        start, end = (round(seconds * self._sample_rate) for seconds in (event.start_s, event.end_s))
        return np.resize(self._sound.copy(start, min(end, self._sound.end_sample)), end - start)

    def run(self, result: OfflineResult) -> OfflineRun:
        """Return everything as one value; nothing may be added afterwards."""
        spectrogram = self._spectrogram
        spectrogram.push(np.zeros(0, np.float32), last=True)
        low, high, lost = self._waveform.columns
        return OfflineRun(
            start=result.start,
            windows=tuple(self._windows),
            summary=result.summary,
            duration_s=result.duration_s,
            low=-low,
            high=high,
            lost=lost > 0,
            column_s=self._waveform.items_per_column / self._sample_rate,
            power_db=spectrogram.power_db(),
            power_column_s=spectrogram.peaks.items_per_column * spectrogram.spec.frame_hop_s,
            frame_s=spectrogram.spec.frame_s,
            bin_hz=spectrogram.spec.sample_rate / spectrogram.spec.frame_samples,
            error=result.error,
        )

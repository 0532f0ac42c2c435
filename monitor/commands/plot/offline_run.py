"""A recording analysed from start to end without a thread: its windows as live, and the arrays of a figure.

The windows come from the :class:`~monitor.analysis.analyzer.Analyzer` of the live pipeline, and lost samples are
found by the same ring buffer, so the numbers are those of ``auscult replay --speed max``. Memory does not grow with
the recording: waveform and spectrogram are stored as peaks, and of a window only its event. Must not draw.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Generator, Iterator

import numpy as np
from numpy.typing import NDArray

from monitor.analysis.analyzer import Analyzer
from monitor.analysis.verdict import Summarizer
from monitor.archive.decimate import PeakDecimator
from monitor.archive.peak_spectrogram import PeakSpectrogram
from monitor.audio.ring_buffer import Read, RingBuffer
from monitor.audio.sources.base import PacedSource
from monitor.errors import AuscultError
from monitor.inference.bundle import Bundle
from monitor.messages import Start, Summary, WindowEvent

__all__ = ["OfflineRun", "WindowCallback", "run_offline"]

WAVEFORM_COLUMNS = 4096
"""A long recording has at least half of them: more than the figure has pixels across."""
RING_WINDOWS = 3
"""Windows of sound that stay in the ring for :data:`WindowCallback`."""

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
        If the source fails before its first sample.
    """
    runner = _OfflineRunner(source, bundle, hop_s, on_window)
    error: AuscultError | None = None
    try:
        runner.read_all(source)
    except AuscultError as failure:
        if not runner.analysis.end_sample:
            raise
        error = failure
    runner.finish()
    return runner.result(source, bundle, error or source.shortfall)


class _OfflineRunner:
    """The state of one pass over a source."""

    def __init__(
        self, source: PacedSource, bundle: Bundle, hop_s: float | None, on_window: WindowCallback | None
    ) -> None:
        self.analysis = Analyzer(bundle, source.sample_rate, hop_s, source=source)
        window = round(bundle.spec.window_s * source.sample_rate)
        self._ring = RingBuffer(RING_WINDOWS * window)
        self._cursor = self._ring.cursor()
        self._waveform = PeakDecimator(3, WAVEFORM_COLUMNS)
        self._spectrogram = PeakSpectrogram(source.sample_rate, bundle.spec)
        self._windows: list[WindowEvent] = []
        self._summary = Summarizer()
        self._on_window = on_window

    def read_all(self, source: PacedSource) -> None:
        """Analyse the blocks of the source one after the other."""
        blocks = source.blocks(self.analysis.max_samples)
        with contextlib.closing(blocks) if isinstance(blocks, Generator) else contextlib.nullcontext():
            for block in blocks:
                self._ring.push(block)
                for read in self._reads():
                    self._add(read)

    def _reads(self) -> Iterator[Read]:
        """Yield the unread samples of the ring."""
        while self._cursor.behind:
            read = self._cursor.read(self.analysis.max_samples, 0.0)
            if read is not None:
                yield read

    def _add(self, read: Read) -> None:
        """Classify the windows that a read completes, and add its peaks."""
        lost = np.zeros(len(read.waveform), np.float32)
        for start, end in read.lost:
            lost[max(0, start - read.start_sample) : end - read.start_sample] = 1.0
        self._waveform.push(np.stack((-read.waveform, read.waveform, lost)))
        self._spectrogram.push(read.waveform)
        self._classify(self.analysis.push_read(read))

    def finish(self) -> None:
        """Classify the windows that only the end of the source completes."""
        self._spectrogram.push(np.zeros(0, np.float32), last=True)
        self._classify(self.analysis.finish())

    def _classify(self, ready: list[int]) -> None:
        """Classify complete windows."""
        for index in ready:
            event = self.analysis.judge(index).event
            self._windows.append(event)
            self._summary.push(event)
            if self._on_window is not None:
                self._on_window(event, self._samples(event))

    def _samples(self, event: WindowEvent) -> NDArray[np.float32]:
        """Return the samples of a window; of a short clip, looped."""
        start, end = (round(seconds * self.analysis.sample_rate) for seconds in (event.start_s, event.end_s))
        return np.resize(self._ring.store.copy(start, min(end, self.analysis.end_sample)), end - start)

    def result(self, source: PacedSource, bundle: Bundle, error: AuscultError | None) -> OfflineRun:
        """Return everything as one value."""
        rate, spectrogram = source.sample_rate, self._spectrogram
        low, high, lost = self._waveform.columns
        return OfflineRun(
            start=Start(
                source=source.name,
                sample_rate=rate,
                model=bundle.name,
                model_sha256=bundle.model_sha256,
                engine=bundle.engine_name,
                labels=bundle.labels,
                window_s=bundle.spec.window_s,
                hop_s=self.analysis.hop_s,
                duration_s=source.duration_s,
                speed=source.speed,
                acoustic_thresholds=bundle.acoustic_thresholds,
            ),
            windows=tuple(self._windows),
            summary=dataclasses.replace(
                self._summary.summary(source.name, bundle.decision), truncated=source.shortfall is not None
            ),
            duration_s=self.analysis.end_sample / rate,
            low=-low,
            high=high,
            lost=lost > 0,
            column_s=self._waveform.items_per_column / rate,
            power_db=spectrogram.power_db(),
            power_column_s=spectrogram.peaks.items_per_column * spectrogram.spec.frame_hop_s,
            frame_s=spectrogram.spec.frame_s,
            bin_hz=spectrogram.spec.sample_rate / spectrogram.spec.frame_samples,
            error=error,
        )

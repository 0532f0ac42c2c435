"""A recording heard from start to end, without a thread: its windows as judged live, and what a picture needs.

The windows come from the very :class:`~monitor.analysis.analyzer.Analyzer` that replays and listens, and lost samples are
found by the very ring, so the numbers are those of ``auscult replay --speed max``. Memory does not grow with the
sound itself: what is drawn is kept as peaks, and of a window only its event. Must not draw.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Generator, Iterator

import numpy as np
from numpy.typing import NDArray

from monitor.analysis.analyzer import Analyzer
from monitor.analysis.verdict import Summarizer
from monitor.audio.ring_buffer import Read, RingBuffer
from monitor.audio.sources.base import PacedSource
from monitor.commands.plot.decimate import Peaks
from monitor.errors import AuscultError
from monitor.features.image import NUM_ROWS
from monitor.features.resample import StreamingResampler
from monitor.features.spec import HEART, SpectrogramSpec
from monitor.features.spectrogram import StreamingSpectrogram
from monitor.inference.bundle import Bundle
from monitor.messages import Start, Summary, WindowEvent

__all__ = ["OfflineRun", "WindowTaker", "run_offline"]

SOUND_COLUMNS = 4096
"""At least 2048 for a long sound: more than the picture has pixels across."""
SPECTRUM_COLUMNS = 4096
RING_WINDOWS = 3
"""Windows of sound that stay at hand for whoever wants a window's samples."""

WindowTaker = Callable[[WindowEvent, NDArray[np.float32]], None]
"""Takes a window and its samples, shape (samples,), float32, at the source's rate, in [-1, 1]."""


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class OfflineRun:
    """All that was found in a recording.

    Attributes
    ----------
    start : Start
    windows : tuple of WindowEvent
        With a latency of 0: nobody waited.
    summary : Summary
    uncertain_below : float
        The bundle's threshold on the confidence.
    duration_s : float
        Seconds heard.
    low, high : ndarray, shape (columns,), float32
        Smallest and largest sample of each column.
    lost : ndarray, shape (columns,), bool
        Whether samples of the column were lost.
    column_s : float
        Seconds in each of these columns.
    power_db : ndarray, shape (64, columns), float32
        Log power of the frames, the loudest of each column, lowest frequency first; dB of a full-scale tone.
    power_column_s, frame_s, bin_hz : float
        Seconds from one of these columns to the next, and in one frame; hertz from row to row, the first one at that.
    error : AuscultError or None
        What ended the recording early; all of the above is then of what came before.
    """

    start: Start
    windows: tuple[WindowEvent, ...]
    summary: Summary
    uncertain_below: float
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
    source: PacedSource, bundle: Bundle, hop_s: float | None = None, on_window: WindowTaker | None = None
) -> OfflineRun:
    """Judge every window of a source, on the caller's thread, as fast as that goes.

    Parameters
    ----------
    source : PacedSource
        Not started; its pace does not matter.
    bundle : Bundle
    hop_s : float or None
        Seconds between two windows; None for the bundle's own.
    on_window : callable or None
        Called with each window and its samples; a short clip's are looped, as judged.

    Raises
    ------
    ValueError
        If the hop does not fit the bundle.
    AuscultError
        If the source gives no sound at all.
    """
    hearing = _OfflineRunner(source, bundle, hop_s, on_window)
    error: AuscultError | None = None
    try:
        hearing.hear_all(source)
    except AuscultError as failure:
        if not hearing.analysis.end_sample:
            raise
        error = failure
    hearing.finish()
    return hearing.run_result(source, bundle, error)


class _OfflineRunner:
    """The state of one pass over a source."""

    def __init__(self, source: PacedSource, bundle: Bundle, hop_s: float | None, on_window: WindowTaker | None) -> None:
        self.analysis = Analyzer(bundle, source.sample_rate, hop_s)
        window = round(bundle.spec.window_s * source.sample_rate)
        self._ring = RingBuffer(RING_WINDOWS * window)
        self._cursor = self._ring.cursor()
        self._sound = Peaks(3, SOUND_COLUMNS)
        self._spectrum = _Spectrum(source.sample_rate, bundle.spec)
        self._windows: list[WindowEvent] = []
        self._summary = Summarizer()
        self._on_window = on_window

    def hear_all(self, source: PacedSource) -> None:
        """Take the source's blocks one after the other."""
        blocks = source.blocks(self.analysis.max_samples)
        with contextlib.closing(blocks) if isinstance(blocks, Generator) else contextlib.nullcontext():
            for block in blocks:
                self._ring.push(block)
                for read in self._reads():
                    self._take(read)

    def _reads(self) -> Iterator[Read]:
        """Yield what the ring holds unread."""
        while self._cursor.behind:
            read = self._cursor.read(self.analysis.max_samples, 0.0)
            if read is not None:
                yield read

    def _take(self, read: Read) -> None:
        """Judge what a read completes, and keep its peaks."""
        lost = np.zeros(len(read.waveform), np.float32)
        for start, end in read.lost:
            lost[max(0, start - read.start_sample) : end - read.start_sample] = 1.0
        self._sound.push(np.stack((-read.waveform, read.waveform, lost)))
        self._spectrum.push(read.waveform)
        self._judge(self.analysis.push_read(read))

    def finish(self) -> None:
        """Judge what is left."""
        self._spectrum.push(np.zeros(0, np.float32), last=True)
        self._judge(self.analysis.finish())

    def _judge(self, ready: list[int]) -> None:
        """Judge windows that are complete."""
        for index in ready:
            event = self.analysis.judge(index).event
            self._windows.append(event)
            self._summary.push(event)
            if self._on_window is not None:
                self._on_window(event, self._samples(event))

    def _samples(self, event: WindowEvent) -> NDArray[np.float32]:
        """Return a window's samples; of a short clip, looped."""
        start, end = (round(seconds * self.analysis.sample_rate) for seconds in (event.start_s, event.end_s))
        return np.resize(self._ring.store.copy(start, min(end, self.analysis.end_sample)), end - start)

    def run_result(self, source: PacedSource, bundle: Bundle, error: AuscultError | None) -> OfflineRun:
        """Return everything, frozen."""
        rate, spectrum = source.sample_rate, self._spectrum
        low, high, lost = self._sound.columns
        return OfflineRun(
            start=Start(
                source=source.name,
                sample_rate=rate,
                model=bundle.name,
                model_sha256=bundle.model_sha256,
                labels=bundle.labels,
                window_s=bundle.spec.window_s,
                hop_s=self.analysis.hop_s,
                duration_s=source.duration_s,
                speed=source.speed,
            ),
            windows=tuple(self._windows),
            summary=self._summary.summary(source.name, bundle.decision),
            uncertain_below=bundle.decision.uncertain_below,
            duration_s=self.analysis.end_sample / rate,
            low=-low,
            high=high,
            lost=lost > 0,
            column_s=self._sound.items_per_column / rate,
            power_db=spectrum.power_db(),
            power_column_s=spectrum.peaks.items_per_column * spectrum.spec.frame_hop_s,
            frame_s=spectrum.spec.frame_s,
            bin_hz=spectrum.spec.sample_rate / spectrum.spec.frame_samples,
            error=error,
        )


class _Spectrum:
    """The bundle's frames from the first to the last, also where no window is complete.

    A bundle of the article's kind has no frames that windows share; the default ones stand in, which
    heart rate and quality are found in anyway.
    """

    def __init__(self, sample_rate: int, spec: SpectrogramSpec) -> None:
        self.spec = spec if spec.kind == HEART.kind else HEART
        self.peaks = Peaks(NUM_ROWS, SPECTRUM_COLUMNS)
        self._resampler = StreamingResampler(sample_rate, self.spec.sample_rate)
        self._frames = StreamingSpectrogram(self.spec)

    def power_db(self) -> NDArray[np.float32]:
        """Return the columns in decibels; a tone at full scale, whose amplitude Hann's taper quarters, has 0."""
        full_scale_db = 20 * np.log10(self.spec.frame_samples / 4)
        return self.peaks.columns * np.float32(10 / np.log(10)) - np.float32(full_scale_db)

    def push(self, waveform: NDArray[np.float32], *, last: bool = False) -> None:
        """Take the next samples of the source; with ``last``, its end."""
        count = self._frames.push(self._resampler.push(waveform, last=last))
        if count:
            self.peaks.push(self._frames.latest(count).log_power.T)

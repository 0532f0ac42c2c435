"""What the pictures of a report are drawn from: the whole sound in few columns, and its clearest seconds in many.

Memory does not grow with the sound but for one value every 25 ms. Must not draw.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.archive.beats import tracked_beats
from monitor.archive.decimate import PeakDecimator
from monitor.archive.peak_spectrogram import PeakSpectrogram
from monitor.archive.timeline import Sound, Timeline
from monitor.features.spec import HEART

__all__ = ["CLOSE_UP_S", "Excerpt", "close_up_span", "read_excerpt", "read_whole"]

WAVEFORM_COLUMNS = 2400
"""At least half of them are used: more than a page has pixels across."""
CLOSE_UP_S = 8.0
"""Seconds of the close-up: single heart sounds can be told apart, and several beats fit."""
SHORT_S = 15.0
"""A sound up to here is shown whole, without a close-up."""
PART_S = 1.0
"""Seconds that are added at a time."""


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Excerpt:
    """Waveform and spectrogram of a stretch of sound.

    Attributes
    ----------
    start_s, end_s : float
        Seconds of the sound.
    low, high : ndarray, shape (columns,), float32
        Minimum and maximum sample of each column, in [-1, 1].
    column_s : float
        Seconds of each.
    power_db : ndarray, shape (64, columns), float32
        Power of the loudest frame of each column, lowest frequency first; dB relative to a full-scale tone.
    power_start_s, power_column_s : float
        Where the first of these columns begins, and seconds of each.
    bin_hz : float
        Hertz from row to row, which is also the frequency of the first.
    """

    start_s: float
    end_s: float
    low: NDArray[np.float32]
    high: NDArray[np.float32]
    column_s: float
    power_db: NDArray[np.float32]
    power_start_s: float
    power_column_s: float
    bin_hz: float


def close_up_span(timeline: Timeline) -> tuple[float, float] | None:
    """Return the seconds of the close-up, None where the sound is short enough to be shown whole.

    They end with a window whose own label is that of the summary, if there is one: with that up to which the poorest
    window of these seconds is best, so that they hold no lost sound where that can be helped.
    """
    duration_s = timeline.duration_s
    if duration_s <= SHORT_S:
        return None
    label = (timeline.summary or {}).get("label")
    fitting = [window for window in timeline.windows if label and window.get("label") == label] or timeline.windows
    best = max(fitting, key=lambda window: _poorest(timeline.windows, float(window["end_s"])), default=None)
    end_s = min(duration_s, max(CLOSE_UP_S, CLOSE_UP_S if best is None else float(best["end_s"])))
    return end_s - CLOSE_UP_S, end_s


def _poorest(windows: Sequence[dict[str, Any]], end_s: float) -> tuple[float, float]:
    """Return the quality of the poorest and of the last of the windows that end in the close-up before ``end_s``."""
    scores = [
        float(window["quality"].get("score") or 0.0)
        for window in windows
        if end_s - CLOSE_UP_S < float(window["end_s"]) <= end_s
    ]
    return min(scores), scores[-1]


def read_whole(sound: Sound, windows: Sequence[dict[str, Any]]) -> tuple[Excerpt, list[float]]:
    """Return the whole sound, and the beats of the rhythm tracker.

    Parameters
    ----------
    sound : Sound
    windows : sequence of dict
        The ``window`` lines.

    Raises
    ------
    RecordingError
        If the file can no longer be read.
    """
    excerpt, envelope = _read(sound, 0, sound.num_samples)
    return excerpt, tracked_beats(envelope, windows)


def read_excerpt(sound: Sound, start_s: float, end_s: float) -> Excerpt:
    """Return a stretch of a sound.

    Raises
    ------
    RecordingError
        If the file can no longer be read.
    """
    start, end = (min(round(seconds * sound.sample_rate), sound.num_samples) for seconds in (start_s, end_s))
    return _read(sound, start, end)[0]


def _read(sound: Sound, start: int, end: int) -> tuple[Excerpt, NDArray[np.float32]]:
    """Return the samples from one to another, and their rhythm envelope."""
    rate = sound.sample_rate
    waveform, spectrogram = PeakDecimator(2, WAVEFORM_COLUMNS), PeakSpectrogram(rate, HEART)
    envelopes = []
    for block in _parts(sound, start, end):
        waveform.push(np.stack((-block, block)))
        envelopes.append(spectrogram.push(block))
    envelopes.append(spectrogram.push(np.zeros(0, np.float32), last=True))
    low, high = waveform.columns
    column_s = spectrogram.peaks.items_per_column * HEART.frame_hop_s
    excerpt = Excerpt(
        start_s=start / rate,
        end_s=end / rate,
        low=-low,
        high=high.copy(),
        column_s=waveform.items_per_column / rate,
        power_db=spectrogram.power_db(),
        power_start_s=start / rate + (HEART.frame_s - min(HEART.frame_s, column_s)) / 2,
        power_column_s=column_s,
        bin_hz=HEART.sample_rate / HEART.frame_samples,
    )
    return excerpt, np.concatenate(envelopes)


def _parts(sound: Sound, start: int, end: int) -> Iterator[NDArray[np.float32]]:
    """Yield the samples from one to another, about a second at a time."""
    left, size = end - start, round(PART_S * sound.sample_rate)
    for block in sound.blocks(start):
        for begin in range(0, min(len(block), left), size):
            yield block[begin : min(begin + size, left)]
        left -= min(len(block), left)
        if left <= 0:
            return

"""Early S1 and the pauses behind them, and the evidence of an ectopic beat that they are: for s1_intervals.py.

Must not read files, fit or print anything.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from monitor.analysis.rhythm.beat_path import BeatPath
from monitor.features.sound_bands import FRAME_HOP_S, frame_centre_s
from monitor.inference.segmentation.cycle_decoder import CycleDecoder
from monitor.inference.segmentation.segmenter import CycleModel, Evidence
from training.data.annotations import RHYTHM_WINDOW_S

NEIGHBOURS = 6
"""Intervals on either side of an early beat and its pause whose median is the usual one."""
MAX_DEPTH = 0.3
PEAK_FROM, USUAL_PROBABILITY = 0.1, 0.9
SMOOTHED, CENTRED = 5, 6

Numbers = NDArray[np.float64]
Rule = Callable[[Numbers, Numbers], Numbers]
RULES: dict[str, Rule] = {
    "early and pause from .9": lambda coupling, pause: np.minimum(1 - coupling, pause - 0.9),
    "early before a pause": lambda coupling, pause: np.where(pause > 1.03, 1 - coupling, -1.0),
    "early and pause": lambda coupling, pause: np.minimum(1 - coupling, pause - 1),
}


class Choice(NamedTuple):
    """How evidence is made of early beats, and what it counts."""

    rule: str
    least: float
    confidence: float
    weight: float

    def evidence(self, beats: Numbers, starts_s: Numbers) -> Numbers:
        """Return the evidence of windows, ``(windows,)``, from early beats as :func:`early_beats` gives them."""
        first_s, last_s, coupling, pause, confidence = beats.T
        depth = np.where(confidence >= self.confidence, RULES[self.rule](coupling, pause), -1.0)
        inside = (first_s >= starts_s[:, None]) & (last_s <= starts_s[:, None] + RHYTHM_WINDOW_S)
        deepest = np.where(inside, depth, self.least).max(axis=1, initial=self.least)
        return self.weight * np.clip(deepest, self.least, MAX_DEPTH)


def decoded_s1(probabilities: NDArray[np.float32], model: CycleModel) -> list[tuple[float, float]]:
    """Return time and confidence of the S1 that the decoder finds."""
    evidence = Evidence()
    found = [(sound, model.confidence(evidence.of(sound))) for sound in CycleDecoder().push(probabilities)]
    return [(time_of(sound.frame), confidence) for sound, confidence in found if sound.is_s1]


def path_s1(probabilities: NDArray[np.float32], decoded: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return time and clarity of the S1 on the most likely path through the peaks of their probability."""
    if len(decoded) < NEIGHBOURS:
        return []
    of_s1 = probabilities[:, 0].astype(np.float64)
    smooth = np.convolve(of_s1, np.ones(SMOOTHED) / SMOOTHED, "same")
    middle = smooth[1:-1]
    peaks = np.flatnonzero((middle > PEAK_FROM) & (middle >= smooth[:-2]) & (middle > smooth[2:])) + 1
    path = BeatPath(float(np.median(np.diff([at_s for at_s, _ in decoded[:9]]))) / FRAME_HOP_S)
    beats, newest = [], -np.inf
    for peak in peaks.tolist():
        around = np.arange(max(0, peak - CENTRED), min(len(of_s1), peak + CENTRED + 1))
        newest = max(float(around @ of_s1[around] / of_s1[around].sum()), newest + 0.5)
        path.add(newest, min(1.0, smooth[peak] / USUAL_PROBABILITY))
        for beat in path.settle(peak - 2.5 * path.interval):
            if beat.follows_previous and beats:
                interval = beat.position - beats[-1].position
                if abs(interval / path.interval - 1) < 0.22:
                    path.interval += 0.15 * (interval - path.interval)
                    path.update_background(beats[-1].position, beat.position)
            beats.append(beat)
    beats += path.settle(np.inf)
    return [(time_of(beat.position), beat.clarity) for beat in beats]


def time_of(frame: float) -> float:
    """Return the middle of a frame, seconds."""
    return float(frame_centre_s(0)) + frame * FRAME_HOP_S


def early_beats(s1: Sequence[tuple[float, float]]) -> Numbers:
    """Return every S1 with those beside it, ``(beats, 5)``.

    Time of the S1 before and of the one after, the intervals to them relative to the median of the intervals around,
    and the least confidence of the three.
    """
    if len(s1) < NEIGHBOURS:
        return np.zeros((0, 5))
    at_s, sure = np.array(s1).T
    intervals = np.diff(at_s)
    padded = np.pad(intervals, NEIGHBOURS, constant_values=np.nan)
    around = np.lib.stride_tricks.sliding_window_view(padded, 2 * NEIGHBOURS + 2)[: len(intervals) - 1]
    usual = np.nanmedian(np.delete(around, [NEIGHBOURS, NEIGHBOURS + 1], axis=1), axis=1)
    least = np.minimum(np.minimum(sure[:-2], sure[1:-1]), sure[2:])
    return np.column_stack((at_s[:-2], at_s[2:], intervals[:-1] / usual, intervals[1:] / usual, least))

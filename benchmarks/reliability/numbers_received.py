"""What a recording of numbered samples shows: sound received, sound lost, and whether a loss has its place.

Pure.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sound_server import PERIOD

__all__ = ["Received", "received"]

MAX_MEASURED = PERIOD // 2
"""Longest loss in samples that the numbers measure."""


@dataclasses.dataclass(frozen=True)
class Received:
    """A recording against the numbers that were played.

    Attributes
    ----------
    samples : int
        Of the recording.
    zeros : int
        Silence and lost sound.
    lost : int
        Numbers that were played between others that were received, and are not there.
    without_place : int
        Of these, samples for which the recording has no zeros: what follows is too early by them.
    wrong : int
        Samples that are no number that was due: damage of the sound.
    """

    samples: int
    zeros: int
    lost: int
    without_place: int
    wrong: int


def received(waveform: NDArray[Any], max_gap: int = MAX_MEASURED) -> Received:
    """Return what a recording shows.

    Parameters
    ----------
    waveform : ndarray, shape (samples,), float
        Of 16-bit numbers, divided by 2**15.

    Notes
    -----
    A player that starts again begins with a number of its own: a step of more than half the period, or back, counts as
    a new start and as no loss.

    Examples
    --------
    >>> sound = np.array([1, 2, 3, 0, 0, 6, 7, 9], np.float32) / 2**15
    >>> received(sound)
    Received(samples=8, zeros=2, lost=3, without_place=1, wrong=0)
    """
    numbers = np.rint(waveform.astype(np.float64) * 2**15).astype(np.int64)
    wrong = int((np.abs(waveform.astype(np.float64) * 2**15 - numbers) > 1e-3).sum())
    at = np.flatnonzero(numbers)
    if not len(at):
        return Received(len(numbers), len(numbers), 0, 0, wrong)
    order = np.where(numbers[at] > 0, numbers[at], numbers[at] + PERIOD + 1) - 1  # 0 to PERIOD - 1
    steps, places = np.diff(order) % PERIOD, np.diff(at)  # (received - 1,)
    gap = (steps != 1) | (places != 1)
    lost = without = 0
    for step, place in zip(steps[gap].tolist(), places[gap].tolist(), strict=True):
        if step == 1 or step > min(max_gap, MAX_MEASURED):  # silence between two numbers, or a new start
            continue
        lost += step - 1
        without += max(0, step - place)
    return Received(len(numbers), int((numbers == 0).sum()), lost, without, wrong)

"""Where in the cardiac cycle a murmur lies, as a bundle tells it: in systole, in diastole, in both, or not sure.

A multinomial logistic model of how loud each part of the cycle is in six bands, against the quietest part: a murmur
fills a part that is quiet in other hearts. Pure; safe on any thread.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.features.compiled.cycles import TimingKernel, timing_kernel
from monitor.features.compiled.library import library
from monitor.features.sound_bands import NUM_BANDS

__all__ = ["MIN_CYCLES", "NUM_FEATURES", "NUM_PARTS", "NUM_VALUES", "TIMINGS", "TimingModel", "timing_features"]

TIMINGS = ("systolic", "diastolic", "systolic and diastolic")

NUM_PARTS = 5
"""First and second half of systole; first, second and last third of diastole."""
NUM_PAIRS = NUM_BANDS // 2
NUM_VALUES = NUM_FEATURES = NUM_PARTS * NUM_PAIRS + 2
"""Of a cycle: the mean log power of each part in each pair of bands, the log of systole over diastole, the confidence.
The features of some cycles are as many."""
MAX_CONFIDENCE = 0.999
MIN_CYCLES = 3


def timing_features(cycles: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return what the model hears in some cycles.

    Parameters
    ----------
    cycles : ndarray, shape (cycles, 32)
        Of one heart, from :class:`monitor.analysis.segmentation.cycle_energies.CycleEnergies`; at least one.

    Returns
    -------
    ndarray, shape (32,), float64
        The mean log power of each part in pairs of bands less that of the quietest part, part by part; the log of
        systole over diastole; the log-odds of the mean confidence.
    """
    features: NDArray[np.float64] = np.add.reduce(cycles, 0, np.float64)
    features *= 1.0 / len(cycles)
    levels = features[:-2].reshape(NUM_PARTS, NUM_PAIRS)
    levels -= np.minimum.reduce(levels)
    confidence = min(max(float(features[-1]), 1.0 - MAX_CONFIDENCE), MAX_CONFIDENCE)
    features[-1] = math.log(confidence / (1.0 - confidence))
    return features


@dataclasses.dataclass(frozen=True)
class TimingModel:
    """What a bundle holds for the timing of murmurs.

    Attributes
    ----------
    weights : ndarray, shape (3, 33), float64
        From the features of :func:`timing_features`, and 1, to the natural log-odds of each of :data:`TIMINGS`.
    said_from : tuple of float
        The probability from which each is said.
    stays_from : tuple of float
        The probability down to which each is still said once it has been.
    """

    weights: NDArray[np.float64]
    said_from: tuple[float, float, float]
    stays_from: tuple[float, float, float]

    @functools.cached_property
    def _kernel(self) -> TimingKernel | None:
        """The compiled model; None where there is no library."""
        return timing_kernel(self.weights, NUM_PARTS, NUM_PAIRS, MAX_CONFIDENCE)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> TimingModel:
        """Return the model of ``murmur_timing`` of ``bundle.json``, checked; one without ``stays_from`` has one bar.

        Raises
        ------
        KeyError, TypeError, ValueError
            If a setting is missing or cannot be used.
        """
        weights = np.array([values["weights"][timing] for timing in TIMINGS], np.float64)
        said_from = _bars(values["said_from"])
        stays_from = _bars(values.get("stays_from", values["said_from"]))
        if weights.shape != (len(TIMINGS), NUM_FEATURES + 1) or not np.abs(weights).max() <= 1e6:
            raise ValueError(f"murmur_timing.weights must be {NUM_FEATURES + 1} numbers for each timing")
        if not all(0.0 <= low <= high <= 1.0 for low, high in zip(stays_from, said_from, strict=True)):
            raise ValueError("murmur_timing.said_from must be from 0 to 1, and stays_from no higher")
        return cls(weights, said_from, stays_from)

    def probabilities(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the probability of each of :data:`TIMINGS`, given that there is a murmur.

        Parameters
        ----------
        features : ndarray, shape (..., 32)

        Returns
        -------
        ndarray, shape (..., 3)
        """
        odds = features @ self.weights[:, :-1].T
        odds += self.weights[:, -1]
        odds -= odds.max(axis=-1, keepdims=True)
        np.exp(odds, out=odds)
        odds /= odds.sum(axis=-1, keepdims=True)
        return np.asarray(odds, np.float64)

    def timing(self, cycles: NDArray[np.floating], before: str | None = None) -> str | None:
        """Return where the murmur of some cycles lies.

        Parameters
        ----------
        cycles : ndarray, shape (cycles, 32)
        before : {"systolic", "diastolic", "systolic and diastolic"} or None
            What was said of the same heart a moment ago: it stays unless its probability falls below ``stays_from`` or
            another one's reaches ``said_from``.

        Returns
        -------
        str or None
            None where it is not sure, and with fewer than three cycles.
        """
        if len(cycles) < MIN_CYCLES:
            return None
        kernel = None if library() is None else self._kernel
        if kernel is not None:
            first, second, third = kernel.odds(cycles)
        else:
            odds = self.weights[:, :-1].dot(timing_features(cycles))
            odds += self.weights[:, -1]
            first, second, third = odds.tolist()
        highest = max(first, second, third)
        likelihoods = (math.exp(first - highest), math.exp(second - highest), math.exp(third - highest))
        total, best = sum(likelihoods), (first, second, third).index(highest)
        if 1.0 / total >= self.said_from[best]:
            return TIMINGS[best]
        if before is None:
            return None
        said = TIMINGS.index(before)
        return before if likelihoods[said] / total >= self.stays_from[said] else None


def _bars(values: Mapping[str, Any]) -> tuple[float, float, float]:
    """Return the least probability of each of :data:`TIMINGS`."""
    first, second, third = (float(values[timing]) for timing in TIMINGS)
    return first, second, third

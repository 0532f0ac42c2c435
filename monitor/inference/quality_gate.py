"""Whether a window sounds like a heart: features of its frames, and a logistic regression on them.

It has four features of the frames, each clamped so that none decides alone, and none of which changes with loudness;
and the network's odds that the sound is a heart. A bundle holds its :class:`QualityGate`, fitted in training;
docs/decisions/0003 says on which data. Pure functions, safe on any thread; must not know about devices, files or
networks.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from monitor.features.compiled.library import library
from monitor.features.compiled.window import MAX_FRAMES, GateKernel, gate_kernel
from monitor.features.image import NUM_ROWS, FrameWindow, located

__all__ = ["DEFAULT_GATE", "MAX_ODDS", "GateFeatures", "QualityGate", "compiled_gate", "gate_features"]


class GateFeatures(NamedTuple):
    """The features of a window's frames.

    Attributes
    ----------
    tilt : float
        Natural-log power, -4 to 6; the mean level from 31 to 141 Hz less the mean of all bins.
    periodicity : float
        0 to 1; autocorrelation of the envelope at the beat interval.
    swing : float
        Natural-log power, 0 to 1.3; standard deviation of the envelope, clipped at that of a faint heart.
    bumps : float
        0 to 0.3; how much the power above 600 Hz is correlated with the envelope, where it is strong: a knock on
        the chest piece has all frequencies at once.
    """

    tilt: float
    periodicity: float
    swing: float
    bumps: float


MIN_POWER = 1e-16
"""Keeps the logarithm of silence finite."""

MIN_SPREAD = 1e-6
"""Product of two standard deviations in natural-log power; below it two constant levels differ by rounding alone."""

TILT_BINS = slice(1, 9)
"""Bins of the log power, 31 to 141 Hz: above the rumble, below most noise."""
TILT = np.full(NUM_ROWS, -1.0 / NUM_ROWS, np.float32)
TILT[TILT_BINS] += np.float32(1.0 / 8.0)
"""Weights that give the mean of those bins minus the mean of all."""

LEAST_TILT, MOST_TILT = -4.0, 6.0
"""Natural-log power at which the tilt is clipped."""

FULL_SWING = 1.3
"""Standard deviation of the envelope; noise has 0.3 to 0.9, a faint heart 1, most hearts more than this."""

STRONG_HIGH_DB = 10.0
MIN_CORRELATION = 0.7
"""Bumps count from a correlation of 0.7, in full where the power from 20 to 150 Hz is no more than that above 600 Hz,
and not at all where it is 10 dB more: that may be a clean first heart sound."""

MAX_ODDS = 6.0
"""Natural log-odds at which those of the network are clipped, for or against a heart."""


@dataclasses.dataclass(frozen=True, slots=True)
class QualityGate:
    """A logistic regression: how much a window sounds like a heart, and the threshold below which it is withheld.

    Parameters
    ----------
    typical : GateFeatures
        Of the mean heart window.
    weights : GateFeatures
        Per unit of each feature.
    typical_odds, odds_weight : float
        The same for the network's natural log-odds of a heart, clipped at plus and minus 6.
    bias : float
    poor_below : float
        0 to 1. Score under which a window is withheld.

    Raises
    ------
    ValueError
        If a value is not a finite number, or the threshold is out of range.

    Examples
    --------
    >>> noise = GateFeatures(tilt=0.1, periodicity=0.2, swing=0.4, bumps=0.0)
    >>> DEFAULT_GATE.passes(DEFAULT_GATE.typical), DEFAULT_GATE.passes(noise)
    (True, False)
    """

    typical: GateFeatures
    weights: GateFeatures
    typical_odds: float
    odds_weight: float
    bias: float
    poor_below: float

    def __post_init__(self) -> None:
        """Refuse settings that give no score."""
        values = (*self.typical, *self.weights, self.typical_odds, self.odds_weight, self.bias, self.poor_below)
        if not all(isinstance(value, int | float) and math.isfinite(value) for value in values):
            raise ValueError(f"gate settings {values} must be finite numbers")
        if not 0.0 <= self.poor_below < 1.0:
            raise ValueError(f"poor_below={self.poor_below:g} must be from 0 to below 1")

    def contributions(self, features: GateFeatures, odds: float | None) -> tuple[GateFeatures, float]:
        """Return what each feature, and the network's odds, add to the logit of the score; 0 for the mean heart.

        Parameters
        ----------
        features : GateFeatures
        odds : float or None
            The network's natural log-odds of a heart; None if it has no output for that.
        """
        features = GateFeatures(*map(_contribution, self.weights, features, self.typical))
        if odds is None:
            return features, 0.0
        return features, self.odds_weight * (clamp(odds, -MAX_ODDS, MAX_ODDS) - self.typical_odds)

    def score(self, features: GateFeatures, odds: float | None = None) -> float:
        """Return how much a window sounds like a heart, 0 to 1; parameters as :meth:`contributions`."""
        by_tilt, by_periodicity, by_swing, by_bumps = self.weights
        tilt, periodicity, swing, bumps = features
        usual_tilt, usual_periodicity, usual_swing, usual_bumps = self.typical
        logit = self.bias + (
            by_tilt * (tilt - usual_tilt)
            + by_periodicity * (periodicity - usual_periodicity)
            + by_swing * (swing - usual_swing)
            + by_bumps * (bumps - usual_bumps)
        )
        if odds is not None:
            logit += self.odds_weight * (min(MAX_ODDS, max(-MAX_ODDS, odds)) - self.typical_odds)
        return 1.0 / (1.0 + math.exp(-min(700.0, max(-700.0, logit))))

    def passes(self, features: GateFeatures, odds: float | None = None) -> bool:
        """Return whether a window may be given a label; parameters as :meth:`contributions`."""
        return self.score(features, odds) >= self.poor_below

    def to_json(self) -> dict[str, Any]:
        """Return the settings as plain JSON values."""
        return {**dataclasses.asdict(self), "typical": self.typical._asdict(), "weights": self.weights._asdict()}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> QualityGate:
        """Return the gate that :meth:`to_json` wrote.

        Raises
        ------
        KeyError, TypeError, ValueError
            If a setting is missing, unknown or refused.
        """
        return cls(
            **{**values, "typical": GateFeatures(**values["typical"]), "weights": GateFeatures(**values["weights"])}
        )


DEFAULT_GATE = QualityGate(
    typical=GateFeatures(2.813, 0.6681, 1.293, 0.0004537),
    weights=GateFeatures(0.6473, 7.757, 14.25, -48.13),
    typical_odds=0.0,
    odds_weight=0.0,
    bias=3.82,
    poor_below=0.063,
)
"""For a network without an output for non-cardiac sounds. Source: benchmarks/constants/quality_gate.py, on half of the
patients."""


def gate_features(frames: FrameWindow, periodicity: float) -> GateFeatures:
    """Return the features of a window.

    Parameters
    ----------
    frames : FrameWindow
    periodicity : float
        0 to 1, of :func:`monitor.features.heart_rate.heart_rate` on the same frames.

    Returns
    -------
    GateFeatures
    """
    kernel = compiled_gate() if len(frames.envelope) <= MAX_FRAMES else None
    if kernel is not None:
        frames, addresses = located(frames)
        tilt, swing, bumps = kernel.features(*addresses, len(frames.envelope))
        return GateFeatures(tilt, periodicity, swing, bumps)
    each = _ones(len(frames.envelope))  # a product with ones takes a third of the time of a sum
    tilt = float(each @ frames.log_power @ TILT) / len(each)
    level = frames.envelope - each @ frames.envelope / np.float32(len(each))
    swing = math.sqrt(float(level @ level) / len(each))
    tilt, swing = clamp(tilt, LEAST_TILT, MOST_TILT), min(swing, FULL_SWING)
    return GateFeatures(tilt, periodicity, swing, _bumps(level, frames, each))


def _bumps(level: NDArray[np.float32], frames: FrameWindow, each: NDArray[np.float32]) -> float:
    """Return the feature ``bumps``, given the envelope less the mean and a one for each frame."""
    low = float(each @ frames.low_power) + MIN_POWER
    high = float(each @ frames.high_power) + MIN_POWER
    strength = min(1.0, 1.0 - 10.0 * math.log10(low / high) / STRONG_HIGH_DB)
    if strength <= 0.0:
        return 0.0
    high_level = np.log(frames.high_power + np.float32(MIN_POWER))
    high_level -= each @ high_level / np.float32(len(each))
    spread = math.sqrt(float(level @ level) * float(high_level @ high_level))
    correlation = float(level @ high_level) / spread if spread > MIN_SPREAD * len(each) else 0.0
    return strength * max(0.0, correlation - MIN_CORRELATION)


def compiled_gate() -> GateKernel | None:
    """Return the compiled features, which are tilt, swing and bumps; None where NumPy computes them."""
    return None if library() is None else _kernel()


@functools.cache
def _kernel() -> GateKernel | None:
    """Return the compiled features, or None where there is no library."""
    bins = (TILT_BINS.start, TILT_BINS.stop)
    bumps = (MIN_POWER, MIN_SPREAD, STRONG_HIGH_DB, MIN_CORRELATION)
    return gate_kernel(bins, bumps, (LEAST_TILT, MOST_TILT, FULL_SWING))


@functools.lru_cache(maxsize=8)
def _ones(count: int) -> NDArray[np.float32]:
    """Return ``count`` ones."""
    return np.ones(count, np.float32)


def _contribution(weight: float, value: float, typical: float) -> float:
    """Return what a feature adds to the logit."""
    return weight * (value - typical)


def clamp(value: float, low: float, high: float) -> float:
    """Return ``value`` clipped to a range."""
    return min(high, max(low, value))

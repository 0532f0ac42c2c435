"""How sure a heart sound is: the probability that it is right, from what speaks for it. One thread."""

from __future__ import annotations

import math

from monitor.features.compiled.confidence import confidence_kernel
from monitor.inference.segmentation.cycle_decoder import DecodedSound

__all__ = ["Confidence", "Evidence", "Weights", "confidence_of"]

RECENT, FIRST_RECENT = 0.2, 0.5
"""Weight of each new heart sound in the mean probability of those before, and that mean at the beginning."""
MIN_PROBABILITY, MAX_PROBABILITY = 0.001, 0.999
"""What a few thousand examples can tell."""
MAX_MARGIN = 200.0
MAX_LOG_ODDS = 50.0

Weights = tuple[float, float, float, float]
"""From the three kinds of evidence, and 1, to the natural log-odds that a heart sound is right."""


class Evidence:
    """What speaks for each heart sound of a stream: its probability, its margin, the probability of those before."""

    def __init__(self) -> None:
        self._recent = FIRST_RECENT

    def of(self, sound: DecodedSound) -> tuple[float, float, float]:
        """Return what speaks for the next heart sound, on logarithmic scales."""
        recent = self._recent
        self._recent += RECENT * (sound.probability - recent)
        return _log_odds(sound.probability), math.log1p(min(sound.margin, MAX_MARGIN)), _log_odds(recent)


def _log_odds(probability: float) -> float:
    """Return the natural log-odds of a probability, within limits."""
    inside = min(max(probability, MIN_PROBABILITY), MAX_PROBABILITY)
    return math.log(inside / (1.0 - inside))


def confidence_of(weights: Weights, evidence: tuple[float, float, float]) -> float:
    """Return the probability that a heart sound is right: within 60 ms of one of its name.

    Examples
    --------
    >>> round(confidence_of((1.0, 0.5, 0.2, -1.0), (2.0, 3.0, 1.0)), 3)
    0.937
    """
    by_probability, by_margin, by_recent, bias = weights
    probability, margin, recent = evidence
    odds = by_probability * probability + by_margin * margin + by_recent * recent + bias
    return 1.0 / (1.0 + math.exp(-max(-MAX_LOG_ODDS, min(MAX_LOG_ODDS, odds))))


class Confidence:
    """Tells how sure the heart sounds of one stream are.

    Parameters
    ----------
    weights : tuple of float

    Attributes
    ----------
    kernel : ConfidenceKernel or None
        What does it in C; None where Python does.
    """

    def __init__(self, weights: Weights) -> None:
        limits = (MIN_PROBABILITY, MAX_PROBABILITY, MAX_MARGIN, MAX_LOG_ODDS)
        self.kernel = confidence_kernel(weights, limits, (RECENT, FIRST_RECENT))
        self._weights, self._evidence = weights, Evidence()

    def of(self, sound: DecodedSound) -> float:
        """Return how sure the next heart sound is, 0 to 1."""
        if self.kernel is not None:
            return self.kernel.of(sound.probability, sound.margin)
        return confidence_of(self._weights, self._evidence.of(sound))

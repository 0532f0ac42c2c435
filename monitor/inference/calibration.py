"""From what a network puts out to calibrated scores. Pure NumPy, any thread.

A bundle stores its :class:`Calibration`. Networks of ours put out logits for every label and
for "not a heart"; the article's puts out sigmoids.
"""

from __future__ import annotations

import dataclasses
import math
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.labels import EXTRASTOLE

__all__ = ["Calibration", "mask_extrasystole", "softmax"]

KINDS = ("softmax", "share")

NEVER = np.float32(-60.0)
"""Logit of what cannot be told."""


@dataclasses.dataclass(frozen=True, slots=True)
class Calibration:
    """How outputs become probabilities.

    Parameters
    ----------
    kind : {"softmax", "share"}
        Softmax of ``outputs / temperature + bias``, or each output's share of their sum.
    temperature : float
        Above 0.
    bias : tuple of float
        One per label: logarithm of how common the labels are taken to be.
    given : tuple of tuple of float
        Row: the label that a sound shows; column: the label that its recording is given; each row sums to 1. Where a
        label says something of a recording that a window need not show, a score is the probability that the label is
        given, not that it is shown. Empty where the two are the same.

    Raises
    ------
    ValueError
        If a value is out of range.
    """

    kind: str = "softmax"
    temperature: float = 1.0
    bias: tuple[float, ...] = ()
    given: tuple[tuple[float, ...], ...] = ()
    _columns: tuple[tuple[float, ...], ...] = dataclasses.field(default=(), init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse what could not give probabilities."""
        if self.kind not in KINDS:
            raise ValueError(f"kind={self.kind!r} must be one of {', '.join(KINDS)}")
        if not (np.isfinite(self.temperature) and self.temperature > 0):
            raise ValueError(f"temperature={self.temperature} must be above 0")
        if not all(np.isfinite(value) for value in self.bias):
            raise ValueError(f"bias={self.bias} must be finite")
        if any(len(row) != len(self.given) or not _are_shares(row) for row in self.given):
            raise ValueError(f"given={self.given} must be square, each row of probabilities that sum to 1")
        object.__setattr__(self, "_columns", tuple(zip(*self.given, strict=True)))

    def scores(self, outputs: NDArray[np.floating], num_labels: int) -> NDArray[np.float64]:
        """Return calibrated probabilities of the labels.

        Parameters
        ----------
        outputs : ndarray, shape (..., outputs)
            The labels' first; an output for "not a heart" may follow and is left out here.
        num_labels : int

        Returns
        -------
        ndarray, shape (..., num_labels), float64
            Sums to 1.
        """
        values = np.asarray(outputs, np.float64)[..., :num_labels]
        if self.kind == "share":
            positive = values + 1e-9
            share: NDArray[np.float64] = positive / np.add.reduce(positive, axis=-1, keepdims=True)
            return share
        bias = np.asarray(self.bias or (0.0,) * num_labels)
        shown = softmax(values / self.temperature + bias)
        return shown @ np.asarray(self.given) if self.given else shown

    def heart_probability(self, outputs: NDArray[np.floating], num_labels: int) -> NDArray[np.float64] | None:
        """Return how likely the sound is a heart at all, shape (...), or None if the network does not tell."""
        values = np.asarray(outputs, np.float64)
        if self.kind == "share" or values.shape[-1] == num_labels:
            return None
        return 1.0 - softmax(values)[..., num_labels]

    def heart_odds(self, outputs: NDArray[np.floating], num_labels: int) -> NDArray[np.float64] | None:
        """Return the natural log of the odds that the sound is a heart at all, shape (...), or None as above."""
        values = np.asarray(outputs, np.float64)
        if self.kind == "share" or values.shape[-1] == num_labels:
            return None
        labels = values[..., :num_labels]
        top = np.maximum.reduce(labels, axis=-1)
        odds: NDArray[np.float64] = top + np.log(np.add.reduce(np.exp(labels - top[..., None]), axis=-1))
        return odds - values[..., num_labels]

    def scores_and_odds(self, outputs: NDArray[np.floating], num_labels: int) -> tuple[list[float], float | None]:
        """Return scores of one picture, as :meth:`scores`, and the odds of a heart, as :meth:`heart_odds` does.

        In plain floats: for a handful of numbers that is a tenth of the price of arrays.

        Parameters
        ----------
        outputs : ndarray, shape (outputs,)
        num_labels : int

        Returns
        -------
        tuple of (list of float, float or None)
        """
        values: list[float] = outputs.tolist()
        if self.kind == "share":
            positive = [value + 1e-9 for value in values[:num_labels]]
            total = sum(positive)
            return [value / total for value in positive], None
        odds = None
        if len(values) > num_labels:
            no_heart = values.pop()
            top = max(values)
            odds = top + math.log(sum([math.exp(value - top) for value in values])) - no_heart
        temperature = self.temperature
        shown = [value / temperature for value in values]
        if self.bias:
            shown = list(map(operator.add, shown, self.bias))
        shown = _softmax_of_few(shown)
        if not self.given:
            return shown, odds
        return [sum(map(operator.mul, shown, column)) for column in self._columns], odds

    def to_json(self) -> dict[str, Any]:
        """Return the settings as plain JSON values."""
        return {
            "kind": self.kind,
            "temperature": self.temperature,
            "bias": list(self.bias),
            "given": [list(row) for row in self.given],
        }

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Calibration:
        """Return the calibration that :meth:`to_json` wrote.

        Raises
        ------
        ValueError
            If a value is refused.
        """
        kind, temperature = str(values["kind"]), float(values["temperature"])
        bias = tuple(float(value) for value in values["bias"])
        return cls(kind, temperature, bias, tuple(tuple(map(float, row)) for row in values.get("given", ())))


def mask_extrasystole(
    outputs: NDArray[np.float32], labels: Sequence[str], kind: str = "softmax"
) -> NDArray[np.float32]:
    """Return the outputs for a looped clip: nobody knows its rhythm, for its seams are beats that no heart made.

    Of 171 short normal clips of set B one in twelve was taken for an extrasystole by its seam, of 149 long ones none.

    Parameters
    ----------
    outputs : ndarray, shape (..., outputs), float32
    labels : sequence of str
    kind : {"softmax", "share"}
        As of a :class:`Calibration`; only logits are changed.
    """
    if kind != "softmax" or EXTRASTOLE not in labels:
        return outputs
    changed = np.array(outputs)
    changed[..., list(labels).index(EXTRASTOLE)] = NEVER
    return changed


def _are_shares(row: tuple[float, ...]) -> bool:
    """Return whether some numbers are probabilities that sum to 1."""
    return all(np.isfinite(value) and value >= 0 for value in row) and abs(sum(row) - 1.0) < 1e-6


def softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the softmax over the last axis."""
    power = np.exp(logits - np.maximum.reduce(logits, axis=-1, keepdims=True))
    result: NDArray[np.float64] = power / np.add.reduce(power, axis=-1, keepdims=True)
    return result


def _softmax_of_few(logits: list[float]) -> list[float]:
    """Return the softmax of a handful of numbers."""
    top = max(logits)
    powers = [math.exp(value - top) for value in logits]
    total = sum(powers)
    return [power / total for power in powers]

"""From a network's outputs to calibrated scores. Pure NumPy, any thread.

A bundle stores its :class:`Calibration`. The default network's outputs are logits for every label and for
non-cardiac sounds; the article's are sigmoids.
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

__all__ = ["Calibration", "check_outputs", "mask_extrasystole", "softmax"]

KINDS = ("softmax", "share")

NEVER = np.float32(-60.0)
"""Logit of a label that a sound cannot show."""


@dataclasses.dataclass(frozen=True, slots=True)
class Calibration:
    """How the outputs of a network become probabilities.

    Parameters
    ----------
    kind : {"softmax", "share"}
        Softmax of ``outputs / temperature + bias``, or each output divided by their sum.
    temperature : float
        0.01 to 100.
    bias : tuple of float
        One per label: log of the prior odds, up to a constant; -100 to 100. Empty for zeros.
    given : tuple of tuple of float
        Row: the class that a window shows; column: the label that its recording was given; each row sums to 1. A
        recording labelled extrasystole need not show one in every window, so a score is the probability of the
        recording's label. Empty where the two are the same.

    Raises
    ------
    ValueError
        If a value is out of range.

    Examples
    --------
    >>> calibration = Calibration("softmax", temperature=2.0)
    >>> logits = np.array([2.0, 0.0, -9.0])  # two labels, and the output for non-cardiac sounds
    >>> calibration.scores(logits, num_labels=2).round(3)
    array([0.731, 0.269])
    """

    kind: str = "softmax"
    temperature: float = 1.0
    bias: tuple[float, ...] = ()
    given: tuple[tuple[float, ...], ...] = ()
    _columns: tuple[tuple[float, ...], ...] = dataclasses.field(default=(), init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse values that could not give probabilities."""
        if self.kind not in KINDS:
            raise ValueError(f"kind={self.kind!r} must be one of {', '.join(KINDS)}")
        if not 0.01 <= self.temperature <= 100.0:
            raise ValueError(f"temperature={self.temperature} must be from 0.01 to 100")
        if not all(-100.0 <= value <= 100.0 for value in self.bias):
            raise ValueError(f"bias={self.bias} must be from -100 to 100")
        if any(len(row) != len(self.given) or not _are_probabilities(row) for row in self.given):
            raise ValueError(f"given={self.given} must be square, each row of probabilities that sum to 1")
        object.__setattr__(self, "_columns", tuple(zip(*self.given, strict=True)))

    def scores(self, outputs: NDArray[np.floating], num_labels: int) -> NDArray[np.float64]:
        """Return calibrated probabilities of the labels.

        Parameters
        ----------
        outputs : ndarray, shape (..., outputs)
            Those of the labels first; an output for non-cardiac sounds may follow and is ignored here.
        num_labels : int

        Returns
        -------
        ndarray, shape (..., num_labels), float64
            Sums to 1.
        """
        values = np.asarray(outputs, np.float64)[..., :num_labels]
        if self.kind == "share":
            positive = np.maximum(values, 0.0) + 1e-9
            scores: NDArray[np.float64] = positive / np.add.reduce(positive, axis=-1, keepdims=True)
            return scores
        bias = np.asarray(self.bias or (0.0,) * num_labels)
        shown = softmax(values / self.temperature + bias)
        return shown @ np.asarray(self.given) if self.given else shown

    def heart_probability(self, outputs: NDArray[np.floating], num_labels: int) -> NDArray[np.float64] | None:
        """Return the probability that the sound is a heart, shape (...); None if the network has no output for it."""
        values = np.asarray(outputs, np.float64)
        if self.kind == "share" or values.shape[-1] == num_labels:
            return None
        return 1.0 - softmax(values)[..., num_labels]

    def heart_odds(self, outputs: NDArray[np.floating], num_labels: int) -> NDArray[np.float64] | None:
        """Return the natural log-odds that the sound is a heart, shape (...); None as above."""
        values = np.asarray(outputs, np.float64)
        if self.kind == "share" or values.shape[-1] == num_labels:
            return None
        labels = values[..., :num_labels]
        top = np.maximum.reduce(labels, axis=-1)
        odds: NDArray[np.float64] = top + np.log(np.add.reduce(np.exp(labels - top[..., None]), axis=-1))
        return odds - values[..., num_labels]

    def scores_and_odds(self, outputs: NDArray[np.floating], num_labels: int) -> tuple[list[float], float | None]:
        """Return the scores of one window, as :meth:`scores`, and the log-odds of a heart, as :meth:`heart_odds`.

        In plain floats, which for a handful of numbers take a tenth of the time of arrays.

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
            positive = [max(value, 0.0) + 1e-9 for value in values[:num_labels]]
            total = sum(positive)
            return [value / total for value in positive], None
        odds = None
        if len(values) > num_labels:
            non_cardiac = values.pop()
            top = max(values)
            odds = top + math.log(sum([math.exp(value - top) for value in values])) - non_cardiac
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


def check_outputs(outputs: NDArray[np.float32]) -> None:
    """Refuse a network's outputs that no score can be computed from.

    Parameters
    ----------
    outputs : ndarray, shape (outputs,), float32

    Raises
    ------
    ValueError
        If one is NaN or infinite.

    Examples
    --------
    >>> check_outputs(np.float32([1.0, np.nan]))
    Traceback (most recent call last):
    ValueError: the network's outputs [1.0, nan] must be finite
    """
    values = outputs.tolist()
    if not math.isfinite(sum(values)):  # float32 values never add up to an infinite float
        raise ValueError(f"the network's outputs {values} must be finite")


def mask_extrasystole(
    outputs: NDArray[np.float32], labels: Sequence[str], kind: str = "softmax"
) -> NDArray[np.float32]:
    """Return the outputs for a looped clip, in which no extrasystole can be found.

    A loop has no rhythm, because its seams break the beat intervals: of 171 short normal clips of PASCAL set B one in
    twelve was classified as an extrasystole for its seam, of 149 long ones none.

    Parameters
    ----------
    outputs : ndarray, shape (..., outputs), float32
    labels : sequence of str
    kind : {"softmax", "share"}
        Of the :class:`Calibration`; only logits are changed.

    Returns
    -------
    ndarray, shape (..., outputs), float32
        With the logit of an extrasystole, if that is a label, at -60; the input itself otherwise.
    """
    if kind != "softmax" or EXTRASTOLE not in labels:
        return outputs
    changed = np.array(outputs)
    changed[..., list(labels).index(EXTRASTOLE)] = NEVER
    return changed


def _are_probabilities(row: tuple[float, ...]) -> bool:
    """Return whether these are probabilities that sum to 1."""
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

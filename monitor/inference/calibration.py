"""From a network's outputs to calibrated scores. Pure functions, any thread.

A bundle stores its :class:`Calibration`. The default network's outputs are logits for every label and for
non-cardiac sounds; the article's are sigmoids.
"""

from __future__ import annotations

import dataclasses
import math
import operator
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.labels import EXTRASTOLE

__all__ = ["Calibration", "Loudness", "check_outputs", "mask_extrasystole", "softmax"]

KINDS = ("softmax", "share")

MAX_LOGIT = 50.0
"""Further from 0, the logistic function is 0 or 1."""

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

    Attributes
    ----------
    inaudible : tuple of int and float, or None
        The label that recordings are annotated with although it is not heard, and the share of these recordings, if
        that is what ``given`` says.

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
    inaudible: tuple[int, float] | None = dataclasses.field(default=None, init=False, repr=False, compare=False)

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
        object.__setattr__(self, "inaudible", None if self.kind == "share" else _inaudible(self.given))

    def scores(self, outputs: NDArray[np.floating], num_labels: int) -> NDArray[np.float64]:
        """Return calibrated probabilities of the labels.

        Parameters
        ----------
        outputs : ndarray, shape (..., outputs)
            Those of the labels first; what follows, such as an output for non-cardiac sounds, is ignored here.
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
        return 1.0 - softmax(values[..., : num_labels + 1])[..., num_labels]

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
            non_cardiac, values = values[num_labels], values[:num_labels]
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

    def acoustic_scores(self, scores: Mapping[str, float]) -> dict[str, float]:
        """Return the probability that each label is heard, where a score is that the recording is annotated with it.

        With the share s of recordings that are annotated with one label (an extrasystole) although it is not heard, an
        acoustic score ``a`` gives the score ``a + s * (1 - a)`` of that label and ``(1 - s) * a`` of every other; this
        is the inverse. So it is 0 where the score has its lowest value, s, and the order of the others is kept.

        Parameters
        ----------
        scores : mapping of label to float
            Sum to 1, in the order of the outputs: of :meth:`scores`, or what later evidence made of them.

        Returns
        -------
        dict of str to float
            0 to 1, sum to 1. The scores themselves where ``given`` is empty or holds no such share, and with the kind
            "share".

        Notes
        -----
        Source: docs/decisions/0011; the law of total probability, P(annotated) = P(heard) + s * (1 - P(heard)).

        Examples
        --------
        >>> calibration = Calibration(given=((0.9, 0.1), (0.0, 1.0)))  # a tenth is annotated with what is not heard
        >>> calibration.acoustic_scores({"normal": 0.9, "extrastole": 0.1})
        {'normal': 1.0, 'extrastole': 0.0}
        """
        if self.inaudible is None:
            return dict(scores)
        column, share = self.inaudible
        rest = 1.0 - share
        heard = [score / rest for score in scores.values()]
        heard[column] = max(0.0, heard[column] - share / rest)  # evidence may have lowered a score below s
        total = sum(heard)
        return {label: value / total for label, value in zip(scores, heard)}  # noqa: B905  # of one length

    def acoustic_thresholds(self, threshold: float, labels: Sequence[str]) -> dict[str, float]:
        """Return the acoustic score of each label at which its score reaches a threshold; above 1 where none does.

        Parameters
        ----------
        threshold : float
            0 to 1.
        labels : sequence of str
            In the order of the outputs.

        Examples
        --------
        >>> calibration = Calibration(given=((0.75, 0.25), (0.0, 1.0)))
        >>> calibration.acoustic_thresholds(0.625, ("normal", "extrastole"))
        {'normal': 0.8333333333333334, 'extrastole': 0.5}
        """
        column, share = self.inaudible or (0, 0.0)
        floors = [share if index == column else 0.0 for index in range(len(labels))]
        at = [max(0.0, threshold - floor) / (1.0 - share) for floor in floors]
        return dict(zip(labels, at, strict=True))

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


@dataclasses.dataclass(frozen=True, slots=True)
class Loudness:
    """How the output of a network for a loud murmur becomes a probability.

    The output follows that for non-cardiac sounds. It says how loud a murmur is where there is one, and nothing of
    whether there is one.

    Parameters
    ----------
    weight, bias : float
        The probability is the logistic function of ``weight * output + bias``.

    Examples
    --------
    >>> outputs = np.array([0.2, 3.0, -9.0, 1.5])  # normal, murmur, non-cardiac sound, loud
    >>> round(Loudness(weight=2.0, bias=-1.0).probability(outputs, num_labels=2), 3)
    0.881
    """

    weight: float
    bias: float

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Loudness | None:
        """Return that of the settings of a bundle; None where they have none."""
        values = settings.get("loudness")
        return None if values is None else cls(float(values["weight"]), float(values["bias"]))

    def probability(self, outputs: NDArray[np.floating], num_labels: int) -> float:
        """Return the probability that a murmur, if there is one, is a loud one.

        Parameters
        ----------
        outputs : ndarray, shape (outputs,)
            Of one window.
        num_labels : int
        """
        logit = self.weight * float(outputs[num_labels + 1]) + self.bias
        return 1.0 / (1.0 + math.exp(-min(max(logit, -MAX_LOGIT), MAX_LOGIT)))


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


def _inaudible(given: tuple[tuple[float, ...], ...]) -> tuple[int, float] | None:
    """Return the label that recordings are annotated with although it is not heard, and the share of these recordings.

    None where the matrix is empty or of another form: ``(1 - share) * identity``, plus the share in the label's column.
    """
    for column in range(len(given)):
        share = max((row[column] for index, row in enumerate(given) if index != column), default=0.0)
        expected = (1.0 - share) * np.eye(len(given))
        expected[:, column] += share
        if 0.0 < share < 1.0 and np.allclose(given, expected, rtol=0.0, atol=1e-9):
            return column, share
    return None


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

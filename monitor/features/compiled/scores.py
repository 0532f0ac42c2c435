"""The outputs of the network for a window to calibrated scores, in C."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence

import numpy as np

from monitor.features.compiled.library import address, library

__all__ = ["MAX_LABELS", "ScoreKernel", "score_kernel"]

MAX_LABELS = 16
"""What the buffer in C holds."""


class _ScoreSettings(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_int32) for name in ("num_labels", "has_odds", "has_loudness")),
        *((name, ctypes.c_double) for name in ("temperature", "loud_weight", "loud_bias", "max_logit")),
        *((name, ctypes.c_void_p) for name in ("bias", "given")),
    )


class ScoreKernel:
    """Computes calibrated scores, the log-odds of a heart and the probability of a loud murmur; belongs to one thread.

    Parameters
    ----------
    opened : PyDLL
    num_labels, num_outputs : int
        Of the network; more outputs than labels give odds.
    temperature : float
    bias : sequence of float
        One per label, or none.
    given : sequence of sequence of float
        Square, or empty.
    loudness : tuple of float, or None
        Weight, bias, and logit at which that of a loud murmur is clipped; None where no output says it.
    """

    def __init__(
        self,
        opened: ctypes.PyDLL,
        num_labels: int,
        num_outputs: int,
        temperature: float,
        bias: Sequence[float],
        given: Sequence[Sequence[float]],
        loudness: tuple[float, float, float] | None,
    ) -> None:
        self._kept = tuple(np.array(values, np.float64) for values in (bias, given))
        pointers = [address(values) if values.size else None for values in self._kept]
        self._has_odds, self._has_loudness = num_outputs > num_labels, loudness is not None
        numbers = (temperature, *(loudness or (0.0, 0.0, 0.0)))
        self._settings = _ScoreSettings(num_labels, self._has_odds, self._has_loudness, *numbers, *pointers)
        self._outputs = (ctypes.c_float * num_outputs)()
        self._result = (ctypes.c_double * (num_labels + self._has_odds + self._has_loudness))()
        self._places = tuple(map(ctypes.addressof, (self._settings, self._outputs, self._result)))
        self._run = opened.auscult_scores

    def read(self, outputs: list[float]) -> tuple[list[float], float | None, float | None]:
        """Return the scores, and odds and loudness where there are any, of as many outputs as there are."""
        self._outputs[:] = outputs  # type: ignore[assignment]  # floats are what it takes
        self._run(*self._places)
        scores: list[float] = self._result[:]
        loud = scores.pop() if self._has_loudness else None
        return scores, scores.pop() if self._has_odds else None, loud


def score_kernel(
    num_labels: int,
    num_outputs: int,
    temperature: float,
    bias: Sequence[float],
    given: Sequence[Sequence[float]],
    loudness: tuple[float, float, float] | None = None,
) -> ScoreKernel | None:
    """Return the kernel for scores as :class:`ScoreKernel`; None where Python must do it."""
    opened = library()
    fits = 0 < num_labels <= min(num_outputs - 2 * (loudness is not None), MAX_LABELS)
    if opened is None or not fits or len(bias) not in (0, num_labels) or len(given) not in (0, num_labels):
        return None
    return ScoreKernel(opened, num_labels, num_outputs, temperature, bias, given, loudness)

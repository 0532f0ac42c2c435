"""What the network's outputs for one window say: scores, odds of a heart, loudness; compiled where that can be."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from monitor.features.compiled.library import library
from monitor.features.compiled.scores import ScoreKernel, score_kernel
from monitor.inference.calibration import MAX_LOGIT, Calibration, Loudness

__all__ = ["Readout"]


class Readout:
    """Reads the outputs of one network, window by window; belongs to one thread.

    Parameters
    ----------
    labels : sequence of str
    calibration : Calibration
    loudness : Loudness or None
        None with a network that says nothing of it.

    Examples
    --------
    >>> readout = Readout(("normal", "murmur"), Calibration(), Loudness(weight=2.0, bias=-1.0))
    >>> scores, odds, loud = readout.read(np.float32([0.0, 0.0, -9.0, 1.5]))
    >>> scores, round(odds, 2), round(loud, 2)
    ({'normal': 0.5, 'murmur': 0.5}, 9.69, 0.88)
    """

    def __init__(self, labels: Sequence[str], calibration: Calibration, loudness: Loudness | None = None) -> None:
        self._labels = tuple(labels)
        self._calibration = calibration
        self._loudness = loudness
        self._kernel: ScoreKernel | None = None
        self._num_outputs = 0  # not known before the first window
        self._compiled = library() is not None and calibration.kind == "softmax"

    def read(self, outputs: NDArray[np.float32]) -> tuple[dict[str, float], float | None, float | None]:
        """Return the scores of one window by label, the log-odds of a heart, and the probability of a loud murmur.

        Parameters
        ----------
        outputs : ndarray, shape (outputs,), float32
            Finite.

        Returns
        -------
        tuple
            As :meth:`Calibration.scores_and_odds` and :meth:`Loudness.probability`, within their rounding; the odds and
            the loudness None where no output says them.
        """
        if self._num_outputs != len(outputs):
            self._prepare(len(outputs))
        if self._kernel is not None:
            values, odds, loud = self._kernel.read(outputs.tolist())
        else:
            num_labels = len(self._labels)
            values, odds = self._calibration.scores_and_odds(outputs, num_labels)
            loud = None if self._loudness is None else self._loudness.probability(outputs, num_labels)
        return dict(zip(self._labels, values)), odds, loud  # noqa: B905  # of one length

    def _prepare(self, num_outputs: int) -> None:
        """Make the kernel for so many outputs."""
        self._num_outputs = num_outputs
        if self._compiled:
            loudness, of = self._loudness, self._calibration
            loud = None if loudness is None else (loudness.weight, loudness.bias, MAX_LOGIT)
            self._kernel = score_kernel(len(self._labels), num_outputs, of.temperature, of.bias, of.given, loud)

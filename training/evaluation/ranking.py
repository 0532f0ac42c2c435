"""Figures of one ranking for many choices of rows: sorted once, then counted. Pure.

The same figures as :func:`training.evaluation.metrics.auc` and :func:`training.evaluation.metrics.sensitivity_at_specificity`, which sort
anew each time; a bootstrap asks a thousand times.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

__all__ = ["Ranking"]


class Ranking:
    """Positives and negatives in the order of a score.

    Parameters
    ----------
    positive : ndarray, shape (n,), bool
    score : ndarray, shape (n,)

    Raises
    ------
    ValueError
        If the shapes differ.
    """

    def __init__(self, positive: NDArray[np.bool_], score: NDArray[np.floating]) -> None:
        if positive.shape != score.shape:
            raise ValueError(f"score.shape={score.shape} must be the shape of positive, {positive.shape}")
        values, place = np.unique(score, return_inverse=True)
        self._size = 2 * len(values)
        self._cell = 2 * place + positive

    def figures(self, rows: NDArray[np.intp], specificity: float) -> tuple[float, float]:
        """Return the area under the ROC curve and the sensitivity that keeps a specificity, for some rows.

        Parameters
        ----------
        rows : ndarray, shape (m,), int
            A row may come more than once.
        specificity : float

        Returns
        -------
        tuple of float
            NaN where the rows hold only positives or only negatives.
        """
        counts = np.bincount(self._cell[rows], minlength=self._size)
        negatives, positives = counts[0::2], counts[1::2]
        num_negative, num_positive = int(negatives.sum()), int(positives.sum())
        if not num_negative or not num_positive:
            return math.nan, math.nan
        below = np.cumsum(negatives)
        area = float(positives @ (below - 0.5 * negatives)) / (num_positive * num_negative)
        kept = below - negatives >= specificity * num_negative - 1e-9  # at a threshold that takes this place in
        return area, float(positives[kept].sum() / num_positive)

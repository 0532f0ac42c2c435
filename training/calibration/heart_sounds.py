"""How sure a heart sound is: a logistic model of what speaks for it, and from where on it is shown.

Fitted on heart sounds that were found in held-out patients. Pure.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["MAX_ERROR", "fit_confidence", "shown_threshold"]

MAX_ERROR = 0.03
"""Share of the heart sounds that are shown which may be wrong."""
ITERATIONS = 25
RIDGE = 1e-3


def fit_confidence(evidence: NDArray[np.float64], right: NDArray[np.bool_]) -> tuple[float, ...]:
    """Return the weights of each kind of evidence, and of 1, by maximum likelihood.

    Parameters
    ----------
    evidence : ndarray, shape (sounds, kinds)
    right : ndarray, shape (sounds,), bool

    Examples
    --------
    >>> evidence = np.array([[0.0], [0.0], [1.0], [1.0], [1.0], [1.0]])
    >>> weights = fit_confidence(evidence, np.array([True, False, True, True, True, False]))
    >>> [round(weight, 1) for weight in weights]  # even odds at 0, three to one at 1
    [1.1, 0.0]
    """
    values = np.column_stack([evidence, np.ones(len(evidence))])
    weights = np.zeros(values.shape[1])
    for _ in range(ITERATIONS):  # Newton's method
        probability = 1 / (1 + np.exp(-values @ weights))
        slope = values.T @ (right - probability) - RIDGE * weights
        curvature = (values * (probability * (1 - probability))[:, None]).T @ values + RIDGE * np.eye(len(weights))
        weights += np.linalg.solve(curvature, slope)
    return tuple(float(weight) for weight in weights)


def shown_threshold(confidence: NDArray[np.float64], right: NDArray[np.bool_], max_error: float = MAX_ERROR) -> float:
    """Return the least confidence from which at most so many of the heart sounds above it are wrong; 1 if none is.

    Examples
    --------
    >>> shown_threshold(np.array([0.9, 0.8, 0.7, 0.6]), np.array([True, True, True, False]), max_error=0.1)
    0.7
    """
    order = np.argsort(-confidence, kind="stable")
    errors = np.cumsum(~right[order]) / np.arange(1, len(order) + 1)
    ordered = confidence[order]
    last_of_equal = np.append(ordered[1:] < ordered[:-1], True)  # those of one confidence are shown together
    allowed = np.flatnonzero((errors <= max_error) & last_of_equal)
    return float(ordered[allowed[-1]]) if len(allowed) else 1.0

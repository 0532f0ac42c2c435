"""Confidence: the weights behind simulated heart sounds are found again; the threshold keeps its promise."""

from __future__ import annotations

import numpy as np

from training.calibration.heart_sounds import fit_confidence, shown_threshold


def test_the_weights_are_found_again() -> None:
    """From many sounds that were drawn with known weights."""
    rng = np.random.default_rng(0)
    evidence = rng.standard_normal((20_000, 3))
    odds = evidence @ [1.5, 0.5, -1.0] + 0.7
    right = rng.random(20_000) < 1 / (1 + np.exp(-odds))
    assert np.allclose(fit_confidence(evidence, right), [1.5, 0.5, -1.0, 0.7], atol=0.08)


def test_sounds_that_are_all_right_have_finite_weights() -> None:
    """Where nothing is wrong, the weights stay numbers."""
    assert np.isfinite(fit_confidence(np.ones((50, 3)), np.ones(50, np.bool_))).all()


def test_the_threshold_keeps_the_share_of_errors() -> None:
    """Above it at most so many are wrong, and one step lower there are more."""
    rng = np.random.default_rng(1)
    confidence = rng.random(5000)
    right = rng.random(5000) < confidence
    threshold = shown_threshold(confidence, right, max_error=0.1)
    assert (~right[confidence >= threshold]).mean() <= 0.1 < (~right[confidence >= threshold - 0.05]).mean()


def test_sounds_of_one_confidence_are_shown_together_or_not_at_all() -> None:
    """Of four equal ones, one of which is wrong, none is allowed at an error of a tenth."""
    confidence, right = np.array([0.95, 0.9, 0.9, 0.9, 0.9]), np.array([True, True, True, False, True])
    assert shown_threshold(confidence, right, max_error=0.1) == 0.95


def test_nothing_is_shown_where_nothing_is_right() -> None:
    """The threshold is then out of reach of every confidence below 1."""
    assert shown_threshold(np.array([0.9, 0.8]), np.array([False, False])) == 1.0

"""Calibration finds the temperature on held-out outputs, undoes the drawing, and never sees the fold it judges."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.inference.calibration import Calibration, softmax
from training.calibration.scores import (
    SHOWN,
    TEMPERATURES,
    cross_calibrated,
    fit_calibration,
    heart_threshold,
    recording_scores,
)
from training.evaluation.metrics import calibration_error

EVEN = (1.0, 1.0, 1.0)
LABELS = ("healthy", "murmur", "other")
PASCAL = ("normal", "murmur", "extrastole")


def made_outputs(count: int, sharpness: float, seed: int = 0) -> tuple[list[NDArray[np.float32]], NDArray[np.intp]]:
    """Return logits of one-window recordings, three labels and no heart, whose truth is drawn from their softmax.

    The logits returned are ``sharpness`` times those that the truth was drawn from.
    """
    rng = np.random.default_rng(seed)
    logits = rng.standard_normal((count, 3)) * 2
    truth = np.array([rng.choice(3, p=scores) for scores in softmax(logits)], np.intp)
    outputs = np.concatenate((logits * sharpness, np.full((count, 1), -9.0)), axis=1).astype(np.float32)
    return [outputs[index : index + 1] for index in range(count)], truth


def test_the_score_of_a_recording_is_the_mean_over_its_windows() -> None:
    """Two windows that say the opposite make a recording that says neither."""
    outputs = [np.array([[9.0, -9, 0], [-9, 9, 0]], np.float32), np.array([[0.0, 0, 5]], np.float32)]
    np.testing.assert_allclose(recording_scores(outputs, Calibration(), 2), [[0.5, 0.5], [0.5, 0.5]], atol=1e-6)


@pytest.mark.parametrize("sharpness", [0.7, 1.0, 2.5])
def test_finds_the_temperature(sharpness: float) -> None:
    """Outputs that are too sure, or not sure enough, by some factor get that factor as temperature."""
    outputs, truth = made_outputs(1000, sharpness)
    calibration = fit_calibration(outputs, truth, LABELS, EVEN, 0.0)
    assert calibration.temperature == pytest.approx(sharpness, rel=0.2)
    scores = recording_scores(outputs, calibration, 3)
    assert calibration_error(truth, scores) < 0.06


def test_undoes_the_drawing() -> None:
    """With exponent 0, a label that training drew twice as often is taken down by the logarithm of its share."""
    outputs, truth = made_outputs(50, 1.0)
    bias = fit_calibration(outputs, truth, LABELS, (2.0, 1.0, 1.0), 0.0).bias
    np.testing.assert_allclose(bias, -np.log([0.5, 0.25, 0.25]))


@pytest.mark.parametrize("exponent", [0.5, 1.0])
def test_puts_the_labels_own_frequency_in_its_place(exponent: float) -> None:
    """The bias is the logarithm of the label's share of the recordings, to the exponent, over that in the drawing."""
    outputs, _ = made_outputs(10, 1.0)
    truth = np.repeat([0, 1, 2], (7, 2, 1))
    bias = fit_calibration(outputs, truth, LABELS, (3.0, 2.0, 1.0), exponent).bias
    np.testing.assert_allclose(bias, np.log(np.array([0.7, 0.2, 0.1]) ** exponent / (np.array([3, 2, 1]) / 6)))


def unheard(count: int, seed: int = 0) -> tuple[list[NDArray[np.float32]], NDArray[np.intp]]:
    """Return one-window recordings that all sound normal or murmur; a tenth is called extrastole all the same."""
    rng = np.random.default_rng(seed)
    sounds = rng.integers(2, size=count)
    outputs = np.full((count, 4), -9.0, np.float32)
    outputs[np.arange(count), sounds] = 9.0
    truth = np.where(rng.random(count) < 0.1, 2, sounds)
    return [outputs[index : index + 1] for index in range(count)], truth.astype(np.intp)


def test_finds_the_share_that_is_not_heard() -> None:
    """Where a tenth of what sounds normal is called extrastole, no score says more than nine tenths for normal."""
    outputs, truth = unheard(600)
    calibration = fit_calibration(outputs, truth, PASCAL, EVEN, 1.0)
    scores = recording_scores(outputs, calibration, 3)
    assert scores[:, 2].min() == pytest.approx((truth == 2).mean(), abs=0.02)
    assert calibration_error(truth, scores) < 0.03


def test_what_is_not_heard_leaves_the_order() -> None:
    """The share is the same for all, so sounds keep their order in every label's score."""
    outputs, truth = unheard(200)
    calibration = fit_calibration(outputs, truth, PASCAL, EVEN, 1.0)
    probes = np.random.default_rng(3).normal(0, 3, (50, 4))
    given, shown = (its.scores(probes, 3) for its in (calibration, dataclasses.replace(calibration, given=())))
    for label in range(3):
        np.testing.assert_array_equal(np.argsort(given[:, label]), np.argsort(shown[:, label]))


def test_only_an_extrasystole_can_go_unheard() -> None:
    """Other labels are taken at their word."""
    outputs, truth = unheard(300)
    assert fit_calibration(outputs, truth, LABELS, EVEN, 1.0).given == ()


def test_the_temperature_is_of_a_fixed_list() -> None:
    """Temperatures are tried one after the other, so that the same outputs give the same digits anywhere."""
    outputs, truth = made_outputs(200, 1.7)
    assert fit_calibration(outputs, truth, LABELS, EVEN, 1.0).temperature in TEMPERATURES.tolist()


def test_no_fold_helps_to_choose_its_own_calibration() -> None:
    """The scores of a fold do not change when its truth does; those of the others do."""
    outputs, truth = made_outputs(120, 1.5)
    folds = np.arange(120) % 4
    other_truth = np.where(folds == 0, (truth + 1) % 3, truth)
    before, after = (cross_calibrated(outputs, its, LABELS, folds, EVEN, 1.0) for its in (truth, other_truth))
    np.testing.assert_array_equal(before[folds == 0], after[folds == 0])
    assert not np.allclose(before[folds != 0], after[folds != 0])


def test_every_recording_is_scored() -> None:
    """Each recording gets one row that sums to 1, in the order given."""
    outputs, truth = made_outputs(60, 1.0)
    scores = cross_calibrated(outputs, truth, LABELS, np.arange(60) % 3, (1.0, 2.0, 1.0), 1.0)
    np.testing.assert_allclose(scores.sum(axis=1), 1.0)
    assert (scores.argmax(axis=1) == truth).mean() > 0.5


def outputs_with_heart(probabilities: NDArray[np.float64]) -> list[NDArray[np.float32]]:
    """Return one-window outputs whose probability of a heart is given; two labels."""
    outputs = np.zeros((len(probabilities), 3), np.float32)
    outputs[:, 2] = np.log(2 * (1 - probabilities) / probabilities)
    return [outputs[index : index + 1] for index in range(len(outputs))]


def test_the_threshold_lets_all_but_the_strangest_hearts_pass() -> None:
    """One in a hundred held-out windows lies below."""
    probabilities = np.linspace(0.1, 0.3, 1001)
    assert heart_threshold(outputs_with_heart(probabilities), Calibration(), 2) == pytest.approx(0.102, abs=2e-4)


def test_the_threshold_stays_below_a_half() -> None:
    """However sure the network is of its hearts, a sound that is rather a heart than not is never refused."""
    assert heart_threshold(outputs_with_heart(np.full(50, 0.99)), Calibration(), 2) == 0.5


def test_no_threshold_for_a_network_that_cannot_tell() -> None:
    """Without an output for no heart nothing is refused."""
    assert heart_threshold([np.zeros((4, 3), np.float32)], Calibration("share"), 3) == 0.0
    assert heart_threshold([np.zeros((4, 3), np.float32)], Calibration(), 3) == 0.0


def test_an_early_beat_is_not_in_every_window() -> None:
    """An extrasystole is taken to be shown in half of the windows of a recording that has one; the others in all."""
    outputs, _ = made_outputs(10, 1.0)
    truth = np.repeat([0, 1, 2], (7, 2, 1))
    bias = fit_calibration(outputs, truth, PASCAL, EVEN, 1.0).bias
    np.testing.assert_allclose(bias, np.log(np.array([0.7, 0.2, 0.1 * SHOWN]) * 3))


def test_an_extrasystole_keeps_its_frequency() -> None:
    """The exponent is for the other labels; the odds of an early beat are those of the recordings whatever it is."""
    outputs, _ = made_outputs(10, 1.0)
    truth = np.repeat([0, 1, 2], (7, 2, 1))
    bias = fit_calibration(outputs, truth, PASCAL, EVEN, 0.0).bias
    np.testing.assert_allclose(bias, np.log(np.array([1.0, 1.0, 0.1 * SHOWN]) * 3))

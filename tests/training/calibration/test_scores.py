"""Calibration finds the temperature on held-out outputs, replaces the priors of training, and is cross-validated."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.inference.calibration import Calibration, softmax
from training.calibration.scores import (
    TEMPERATURES,
    VISIBLE,
    cross_calibrated,
    fit_calibration,
    heart_threshold,
    recording_scores,
)
from training.evaluation.metrics import calibration_error

EVEN = (1.0, 1.0, 1.0)
LABELS = ("healthy", "murmur", "other")
PASCAL = ("normal", "murmur", "extrastole")


def random_outputs(count: int, sharpness: float, seed: int = 0) -> tuple[list[NDArray[np.float32]], NDArray[np.intp]]:
    """Return logits of one-window recordings, three labels and non-cardiac, and labels drawn from their softmax.

    The logits are ``sharpness`` times those that the labels were drawn from.
    """
    rng = np.random.default_rng(seed)
    logits = rng.standard_normal((count, 3)) * 2
    ground_truth = np.array([rng.choice(3, p=scores) for scores in softmax(logits)], np.intp)
    outputs = np.concatenate((logits * sharpness, np.full((count, 1), -9.0)), axis=1).astype(np.float32)
    return [outputs[index : index + 1] for index in range(count)], ground_truth


def test_the_score_of_a_recording_is_the_mean_over_its_windows() -> None:
    """Two windows with opposite scores give a recording with even scores."""
    outputs = [np.array([[9.0, -9, 0], [-9, 9, 0]], np.float32), np.array([[0.0, 0, 5]], np.float32)]
    np.testing.assert_allclose(recording_scores(outputs, Calibration(), 2), [[0.5, 0.5], [0.5, 0.5]], atol=1e-6)


@pytest.mark.parametrize("sharpness", [0.7, 1.0, 2.5])
def test_finds_the_temperature(sharpness: float) -> None:
    """Overconfident or underconfident logits, by some factor, get that factor as temperature."""
    outputs, ground_truth = random_outputs(1000, sharpness)
    calibration = fit_calibration(outputs, ground_truth, LABELS, EVEN, 0.0)
    assert calibration.temperature == pytest.approx(sharpness, rel=0.2)
    scores = recording_scores(outputs, calibration, 3)
    assert calibration_error(ground_truth, scores) < 0.06


def test_removes_the_priors_of_training() -> None:
    """With exponent 0, the bias is minus the logarithm of a label's share in training."""
    outputs, ground_truth = random_outputs(50, 1.0)
    bias = fit_calibration(outputs, ground_truth, LABELS, (2.0, 1.0, 1.0), 0.0).bias
    np.testing.assert_allclose(bias, -np.log([0.5, 0.25, 0.25]))


@pytest.mark.parametrize("exponent", [0.5, 1.0])
def test_uses_the_frequencies_of_the_recordings(exponent: float) -> None:
    """The bias is the logarithm of a label's share of the recordings, to the exponent, over that in training."""
    outputs, _ = random_outputs(10, 1.0)
    ground_truth = np.repeat([0, 1, 2], (7, 2, 1))
    bias = fit_calibration(outputs, ground_truth, LABELS, (3.0, 2.0, 1.0), exponent).bias
    np.testing.assert_allclose(bias, np.log(np.array([0.7, 0.2, 0.1]) ** exponent / (np.array([3, 2, 1]) / 6)))


def inaudible(count: int, seed: int = 0) -> tuple[list[NDArray[np.float32]], NDArray[np.intp]]:
    """Return one-window recordings that all sound normal or murmur; a tenth is labelled extrastole all the same."""
    rng = np.random.default_rng(seed)
    sounds = rng.integers(2, size=count)
    outputs = np.full((count, 4), -9.0, np.float32)
    outputs[np.arange(count), sounds] = 9.0
    ground_truth = np.where(rng.random(count) < 0.1, 2, sounds)
    return [outputs[index : index + 1] for index in range(count)], ground_truth.astype(np.intp)


def test_finds_the_share_of_inaudible_extrasystoles() -> None:
    """Where a tenth of all sounds is labelled extrastole, no score of another label exceeds nine tenths."""
    outputs, ground_truth = inaudible(600)
    calibration = fit_calibration(outputs, ground_truth, PASCAL, EVEN, 1.0)
    scores = recording_scores(outputs, calibration, 3)
    assert scores[:, 2].min() == pytest.approx((ground_truth == 2).mean(), abs=0.02)
    assert calibration_error(ground_truth, scores) < 0.03


def test_inaudible_extrasystoles_keep_the_ranking() -> None:
    """The share is the same for all, so the ranking by every label's score stays."""
    outputs, ground_truth = inaudible(200)
    calibration = fit_calibration(outputs, ground_truth, PASCAL, EVEN, 1.0)
    probes = np.random.default_rng(3).normal(0, 3, (50, 4))
    audible = dataclasses.replace(calibration, given=())
    given, without = (fitted.scores(probes, 3) for fitted in (calibration, audible))
    for label in range(3):
        np.testing.assert_array_equal(np.argsort(given[:, label]), np.argsort(without[:, label]))


def test_other_labels_are_audible() -> None:
    """Only an extrasystole can be inaudible."""
    outputs, ground_truth = inaudible(300)
    assert fit_calibration(outputs, ground_truth, LABELS, EVEN, 1.0).given == ()


def test_the_temperature_is_of_a_fixed_list() -> None:
    """Temperatures come from a grid, so that the same outputs give the same digits on any machine."""
    outputs, ground_truth = random_outputs(200, 1.7)
    assert fit_calibration(outputs, ground_truth, LABELS, EVEN, 1.0).temperature in TEMPERATURES.tolist()


def test_no_fold_is_calibrated_by_itself() -> None:
    """The scores of a fold do not change with its labels; those of the other folds do."""
    outputs, ground_truth = random_outputs(120, 1.5)
    folds = np.arange(120) % 4
    changed = np.where(folds == 0, (ground_truth + 1) % 3, ground_truth)
    before, after = (cross_calibrated(outputs, labels, LABELS, folds, EVEN, 1.0) for labels in (ground_truth, changed))
    np.testing.assert_array_equal(before[folds == 0], after[folds == 0])
    assert not np.allclose(before[folds != 0], after[folds != 0])


def test_every_recording_is_scored() -> None:
    """Each recording gets one row that sums to 1, in the order given."""
    outputs, ground_truth = random_outputs(60, 1.0)
    scores = cross_calibrated(outputs, ground_truth, LABELS, np.arange(60) % 3, (1.0, 2.0, 1.0), 1.0)
    np.testing.assert_allclose(scores.sum(axis=1), 1.0)
    assert (scores.argmax(axis=1) == ground_truth).mean() > 0.5


def test_another_form_of_the_networks_is_scored_by_the_same_calibration() -> None:
    """The calibration is fitted on the outputs, whatever is scored with it."""
    outputs, ground_truth = random_outputs(60, 1.0)
    folds, shifted = np.arange(60) % 3, [windows + np.float32([0.5, 0.0, 0.0, 0.0]) for windows in outputs]
    scores = cross_calibrated(outputs, ground_truth, LABELS, folds, EVEN, 1.0, scored=shifted)
    for fold in range(3):
        rows, held_out = np.flatnonzero(folds != fold).tolist(), np.flatnonzero(folds == fold).tolist()
        fitted = fit_calibration([outputs[row] for row in rows], ground_truth[rows], LABELS, EVEN, 1.0)
        expected = recording_scores([shifted[row] for row in held_out], fitted, 3)
        np.testing.assert_array_equal(scores[held_out], expected)


def test_audible_scores_leave_the_share_out() -> None:
    """Audible scores are those without the share of inaudible extrasystoles, which each fold estimates for itself."""
    outputs, ground_truth = random_outputs(120, 1.5)
    labels, folds = ("normal", "murmur", "extrastole"), np.arange(120) % 2
    ground_truth = np.where((ground_truth == 0) & (folds == 1), 2, ground_truth)  # many inaudible ones in one fold
    scores, audible = (
        cross_calibrated(outputs, ground_truth, labels, folds, EVEN, 1.0, audible=audible) for audible in (False, True)
    )
    for fold in (0, 1):
        rows = [row for row in range(120) if folds[row] != fold]
        fitted = fit_calibration([outputs[row] for row in rows], ground_truth[rows], labels, EVEN, 1.0)
        share = fitted.given[0][2] if fitted.given else 0.0
        held_out = folds == fold
        np.testing.assert_allclose(scores[held_out, 2], share + (1 - share) * audible[held_out, 2])
    assert not np.allclose(scores[:, 2], audible[:, 2])


def outputs_with_heart(probabilities: NDArray[np.float64]) -> list[NDArray[np.float32]]:
    """Return one-window outputs with some heart probabilities; two labels."""
    outputs = np.zeros((len(probabilities), 3), np.float32)
    outputs[:, 2] = np.log(2 * (1 - probabilities) / probabilities)
    return [outputs[index : index + 1] for index in range(len(outputs))]


def test_the_heart_threshold() -> None:
    """One in a hundred held-out windows of hearts lies below."""
    probabilities = np.linspace(0.1, 0.3, 1001)
    assert heart_threshold(outputs_with_heart(probabilities), Calibration(), 2) == pytest.approx(0.102, abs=2e-4)


def test_the_heart_threshold_is_at_most_one_half() -> None:
    """However confident the network is, a window that is more probably a heart is never withheld."""
    assert heart_threshold(outputs_with_heart(np.full(50, 0.99)), Calibration(), 2) == 0.5


def test_no_threshold_without_non_cardiac_output() -> None:
    """A network without that output withholds nothing."""
    assert heart_threshold([np.zeros((4, 3), np.float32)], Calibration("share"), 3) == 0.0
    assert heart_threshold([np.zeros((4, 3), np.float32)], Calibration(), 3) == 0.0


def test_an_ectopic_beat_is_not_in_every_window() -> None:
    """An extrasystole is expected in half of the windows of a recording that has one; other labels in all."""
    outputs, _ = random_outputs(10, 1.0)
    ground_truth = np.repeat([0, 1, 2], (7, 2, 1))
    bias = fit_calibration(outputs, ground_truth, PASCAL, EVEN, 1.0).bias
    np.testing.assert_allclose(bias, np.log(np.array([0.7, 0.2, 0.1 * VISIBLE]) * 3))


def test_an_extrasystole_keeps_its_frequency() -> None:
    """The exponent concerns the other labels; an extrasystole is as common as in the recordings."""
    outputs, _ = random_outputs(10, 1.0)
    ground_truth = np.repeat([0, 1, 2], (7, 2, 1))
    bias = fit_calibration(outputs, ground_truth, PASCAL, EVEN, 0.0).bias
    np.testing.assert_allclose(bias, np.log(np.array([1.0, 1.0, 0.1 * VISIBLE]) * 3))

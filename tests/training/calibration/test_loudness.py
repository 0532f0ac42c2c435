"""Soft and loud: fitted with equal weight, measured on folds that it was not fitted on, by recording and by patient."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from training.calibration.loudness import ABSENT, LOUD, SOFT, GradedRecordings, fit_loudness, measure_loudness
from training.evaluation.bootstrap import Bootstrap

BOOTSTRAP = Bootstrap(0, 20)


def graded(
    truth: list[int], scores: list[float], logits: list[float], *, per_patient: int = 1, folds: int = 2
) -> GradedRecordings:
    """Return recordings of one repeat; the patients are spread over the folds in turn."""
    patients = [f"p{index // per_patient:03d}" for index in range(len(truth))]
    of_fold = [[(index // per_patient) % folds for index in range(len(truth))]]
    return GradedRecordings(
        np.array(truth, np.intp), np.array([scores]), np.array([logits]), np.array(of_fold), patients
    )


def probability(logit: float, weight: float, bias: float) -> float:
    """Return the logistic function."""
    return float(1.0 / (1.0 + np.exp(-(weight * logit + bias))))


def test_the_fit_has_the_maximum_likelihood() -> None:
    """No weight or bias a little away from it is more likely, with soft and loud murmurs weighing the same."""
    rng = np.random.default_rng(0)
    is_loud = rng.random(400) < 0.2
    logits = rng.normal(np.where(is_loud, 1.0, -1.0), 1.5)
    fitted = fit_loudness(logits, is_loud)

    def likelihood(weight: float, bias: float) -> float:
        chance = np.array([probability(logit, weight, bias) for logit in logits])
        of_truth: NDArray[np.float64] = np.log(np.where(is_loud, chance, 1.0 - chance))
        return float(of_truth[is_loud].mean() + of_truth[~is_loud].mean())

    best = likelihood(fitted.weight, fitted.bias)
    for step in (-0.1, 0.1):
        assert best > likelihood(fitted.weight + step, fitted.bias)
        assert best > likelihood(fitted.weight, fitted.bias + step)


def test_it_is_finite_where_the_grades_do_not_overlap() -> None:
    """The likelihood alone would grow without end."""
    fitted = fit_loudness(np.array([-1.0, -2.0, 1.0, 2.0]), np.array([False, False, True, True]))
    assert 0.0 < fitted.weight < 1000.0
    assert probability(1.0, fitted.weight, fitted.bias) > 0.5 > probability(-1.0, fitted.weight, fitted.bias)


def test_a_perfect_network() -> None:
    """Every figure is 1, and the counts are those of the recordings and the patients."""
    truth = [ABSENT, ABSENT, SOFT, SOFT, LOUD, LOUD] * 4
    scores = [0.1 if kind == ABSENT else 0.9 for kind in truth]
    logits = [2.0 if kind == LOUD else -2.0 for kind in truth]
    result = measure_loudness(graded(truth, scores, logits, per_patient=2), BOOTSTRAP)
    assert result is not None
    assert {name: estimate.value for name, estimate in result.metrics.items()} == dict.fromkeys(result.metrics, 1.0)
    assert result.counts["recordings_soft"] == 8
    assert result.counts["patients_soft"] == 4
    assert result.loudness.weight > 0


def test_a_murmur_below_the_threshold_counts_as_absent() -> None:
    """A soft one that is missed lowers its own recall, and no other."""
    truth = [ABSENT, SOFT, LOUD] * 8
    scores = [0.1 if kind == ABSENT or index == 1 else 0.9 for index, kind in enumerate(truth)]
    logits = [2.0 if kind == LOUD else -2.0 for kind in truth]
    result = measure_loudness(graded(truth, scores, logits), BOOTSTRAP)
    assert result is not None
    recalls = [result.metrics[f"recall_{name}"].value for name in ("absent", "soft", "loud")]
    assert recalls == [1.0, pytest.approx(7 / 8), 1.0]


def test_a_patient_has_the_mean_of_its_recordings() -> None:
    """One recording of a patient that sounds soft does not make a loud murmur soft."""
    patients = graded([LOUD, LOUD, SOFT, SOFT], [0.9] * 4, [3.0, -1.0, -1.0, -2.0], per_patient=2).by_patient()
    assert patients.logits.tolist() == [[1.0, -1.5]]
    assert patients.truth.tolist() == [LOUD, SOFT]
    assert patients.folds.tolist() == [[0, 1]]


@pytest.mark.parametrize("missing", [ABSENT, SOFT, LOUD])
def test_no_figure_without_each_kind(missing: int) -> None:
    """Nothing is fitted, and the bundle says nothing of loudness."""
    truth = [kind for kind in (ABSENT, SOFT, LOUD) * 4 if kind != missing]
    assert measure_loudness(graded(truth, [0.5] * len(truth), [0.0] * len(truth)), BOOTSTRAP) is None

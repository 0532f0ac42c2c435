"""Metrics of among-out scores, with intervals."""

from __future__ import annotations

import json

import numpy as np
import pytest

from training.evaluation import metrics
from training.evaluation.bootstrap import Estimate
from training.evaluation.cross_validated import CrossValidatedMetrics, auc_estimate, measure
from training.evaluation.curves import accuracy_at_coverage
from training.evaluation.metrics import Ranking

LABELS = ("normal", "murmur", "extrastole")


@pytest.fixture(scope="module")
def measured() -> CrossValidatedMetrics:
    """Return the metrics of 60 recordings of 30 patients, mostly correct."""
    rng = np.random.default_rng(0)
    ground_truth = np.array([0] * 36 + [1] * 16 + [2] * 8, np.intp)
    scores = rng.dirichlet((1, 1, 1), 60) * 0.6 + 0.4 * np.eye(3)[ground_truth]
    return measure(ground_truth, scores, LABELS, [f"p{row // 2}" for row in range(60)])


def test_metrics_and_intervals(measured: CrossValidatedMetrics) -> None:
    """All documented metrics are there, each inside its interval."""
    names = ["accuracy", "balanced_accuracy", "macro_f1", "calibration_error", "accuracy_on_surest_80"]
    assert list(measured.overall) == names
    assert list(measured.per_label) == list(LABELS)
    names = ["sensitivity", "specificity", "precision", "auc", "sensitivity_at_specificity_0.90"]
    for estimates in measured.per_label.values():
        assert list(estimates) == names
    # the calibration error of a resample tends to be larger than that of the whole, so it may lie outside
    estimates = [estimate for name, estimate in measured.overall.items() if name != "calibration_error"]
    estimates += [estimate for of_label in measured.per_label.values() for estimate in of_label.values()]
    assert all(0 <= estimate.low <= estimate.value <= estimate.high <= 1 for estimate in estimates)


def test_counts(measured: CrossValidatedMetrics) -> None:
    """Recordings and patients are counted, and the confusion matrix has every recording once."""
    assert (measured.num_recordings, measured.num_patients) == (60, 30)
    assert measured.confusion.sum() == 60
    assert measured.confusion.sum(axis=1).tolist() == [36, 16, 8]


def test_the_decision_is_the_largest_score(quick_figures: None) -> None:
    """Accuracy and confusion follow from the label with the largest score alone."""
    scores = np.array([[0.4, 0.35, 0.25], [0.2, 0.5, 0.3], [0.3, 0.3, 0.4], [0.6, 0.2, 0.2]])
    result = measure(np.array([0, 1, 2, 1]), scores, LABELS, ["a", "b", "c", "d"])
    assert result.overall["accuracy"].value == 0.75
    assert result.confusion.tolist() == [[1, 0, 0], [1, 1, 0], [0, 0, 1]]


def test_equal_seeds_give_equal_intervals(quick_figures: None) -> None:
    """The same scores give the same intervals to the last digit."""
    ground_truth, scores = np.array([0, 1, 0, 1]), np.array([[0.9, 0.1], [0.4, 0.6], [0.3, 0.7], [0.2, 0.8]])
    first, second = (measure(ground_truth, scores, ("a", "b"), ["p", "q", "r", "s"]) for _ in range(2))
    assert first.to_json() == second.to_json()


def test_json(measured: CrossValidatedMetrics) -> None:
    """Written as JSON and read again it is the same, with plain numbers of four digits."""
    values = measured.to_json()
    assert json.loads(json.dumps(values, allow_nan=False)) == values
    assert values["recordings"] == 60
    assert values["overall"]["accuracy"]["value"] == round(measured.overall["accuracy"].value, 4)


def test_nan_is_null_in_json(quick_figures: None) -> None:
    """The precision of a label that is never decided is null."""
    result = measure(np.array([0, 0, 1, 1]), np.tile([[0.9, 0.1]], (4, 1)), ("a", "b"), ["p", "q", "r", "s"]).to_json()
    assert result["per_label"]["b"]["precision"] == {"value": None, "low": None, "high": None}
    assert result["per_label"]["b"]["auc"]["value"] == 0.5


def scored(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return ground ground_truth and scores of 60 recordings."""
    ground_truth = np.array([0] * 36 + [1] * 16 + [2] * 8, np.intp)
    return ground_truth, np.random.default_rng(seed).dirichlet((1, 1, 1), 60) * 0.6 + 0.4 * np.eye(3)[ground_truth]


PATIENTS = [f"p{row // 2}" for row in range(60)]
NOISY = [row % 3 == 0 if row % 5 else None for row in range(60)]


def plain(result: CrossValidatedMetrics) -> dict[str, Estimate]:
    """Return all estimates by name."""
    named = {f"{label} {name}": value for label, of in result.per_label.items() for name, value in of.items()}
    return result.overall | named | result.apart


class TestRepeats:
    """Metrics over several repeats."""

    def test_a_metric_is_the_mean(self, quick_figures: None) -> None:
        """Each metric of three repeats is the mean of those of each."""
        ground_truth, _ = scored(0)
        repeats = [scored(seed)[1] for seed in range(3)]
        each = [plain(measure(ground_truth, scores, LABELS, PATIENTS, noisy=NOISY)) for scores in repeats]
        together = measure(ground_truth, np.stack(repeats), LABELS, PATIENTS, noisy=NOISY)
        assert together.num_repeats == 3
        assert (together.num_recordings, together.num_patients) == (60, 30)
        for name, estimate in plain(together).items():
            assert estimate.value == pytest.approx(np.mean([one[name].value for one in each])), name

    def test_resamples_are_the_same_in_all_repeats(self, quick_figures: None) -> None:
        """The same scores three times give the same interval as once: patients are resampled, not repeats."""
        ground_truth, scores = scored(1)
        once, thrice = (
            measure(ground_truth, repeats, LABELS, PATIENTS) for repeats in (scores, np.stack([scores] * 3))
        )
        for name, estimate in plain(once).items():
            other = plain(thrice)[name]
            assert (estimate.low, estimate.high) == pytest.approx((other.low, other.high)), name
        assert thrice.confusion.tolist() == (3 * once.confusion).tolist()

    def test_the_mean_has_a_narrower_interval(self, quick_figures: None) -> None:
        """The mean of independent repeats varies less than one repeat does, and lies within its interval."""
        ground_truth, _ = scored(0)
        positive = ground_truth == 1
        scores = np.random.default_rng(0).random((8, 60)) + 0.3 * positive
        result = auc_estimate(positive, scores, PATIENTS)
        each = [auc_estimate(positive, of_repeat[None], PATIENTS) for of_repeat in scores]
        assert result.value == pytest.approx(np.mean([one.value for one in each]))
        assert result.high - result.low < max(one.high - one.low for one in each)

    def test_the_auc_is_the_fraction_of_pairs_in_order(self) -> None:
        """Three of the four pairs of a positive and a negative are in order, in both repeats."""
        positive = np.array([True, True, False, False])
        scores = np.array([[0.9, 0.4, 0.5, 0.1], [0.6, 0.2, 0.3, 0.1]])
        assert auc_estimate(positive, scores, ["a", "b", "c", "d"]).value == 0.75

    def test_shapes_that_do_not_fit(self) -> None:
        """Scores of other recordings or labels are refused."""
        ground_truth, scores = scored(0)
        with pytest.raises(ValueError, match=r"scores.shape=\(59, 3\) must end with \(60, 3\)"):
            measure(ground_truth, scores[1:], LABELS, PATIENTS)


class TestMetrics:
    """The metrics are those of training.evaluation.metrics and training.evaluation.curves."""

    def test_overall_and_labels(self, quick_figures: None) -> None:
        """Value by value, computed plainly."""
        ground_truth, scores = scored(2)
        result = measure(ground_truth, scores, LABELS, PATIENTS)
        matrix = metrics.confusion(ground_truth, scores.argmax(axis=1), 3)
        correct = scores.argmax(axis=1) == ground_truth
        assert result.overall["macro_f1"].value == pytest.approx(metrics.macro_f1(matrix))
        assert result.overall["accuracy_on_surest_80"].value == pytest.approx(
            accuracy_at_coverage(correct, scores.max(axis=1), 0.8)
        )
        for index, label in enumerate(LABELS):
            estimates = result.per_label[label]
            assert estimates["auc"].value == pytest.approx(metrics.auc(ground_truth == index, scores[:, index]))
            assert estimates["sensitivity_at_specificity_0.90"].value == pytest.approx(
                Ranking(ground_truth == index, scores[:, index]).metrics(np.arange(60), 0.9)[1]
            )

    def test_noise_apart(self, quick_figures: None) -> None:
        """Murmurs among clean and among noisy recordings; extrastoles against clean and against noisy normals."""
        ground_truth, scores = scored(3)
        result = measure(ground_truth, scores, LABELS, PATIENTS, noisy=NOISY).apart
        clean, noisy = (np.array([value is kind for value in NOISY]) for kind in (False, True))
        for kind, among in {"clean": clean, "noisy": noisy}.items():
            area = metrics.auc(ground_truth[among] == 1, scores[among, 1])
            assert result[f"murmur_auc_{kind}"].value == pytest.approx(area)
            both = (ground_truth == 2) | ((ground_truth == 0) & among)
            area = metrics.auc(ground_truth[both] == 2, scores[both, 2])
            assert result[f"extrastole_against_{kind}_normals_auc"].value == pytest.approx(area)
        assert all(each.low <= each.value <= each.high for each in result.values())

    @pytest.mark.parametrize("noisy", [None, [None] * 60, [False] * 60])
    def test_unknown_noise(self, quick_figures: None, noisy: list[bool | None] | None) -> None:
        """Without information on noise there is no contrast."""
        ground_truth, scores = scored(3)
        result = measure(ground_truth, scores, LABELS, PATIENTS, noisy=noisy).apart
        known = ["murmur_auc_clean", "extrastole_against_clean_normals_auc"]
        assert list(result) == (known if noisy and noisy[0] is False else [])

    def test_other_labels(self, quick_figures: None) -> None:
        """Other labels have no contrasts of murmurs or extrastoles."""
        result = measure(np.array([0, 0, 1, 1]), np.eye(2)[[0, 0, 1, 0]], ("a", "b"), list("pqrs"), noisy=[True] * 4)
        assert result.apart == {}

    def test_what_ranks_extrasystoles(self, quick_figures: None) -> None:
        """The comparisons of an extrasystole rank by the audible score where it is given; every other metric stays."""
        ground_truth, scores = scored(3)
        audible = np.random.default_rng(8).random(60)
        plain_result = measure(ground_truth, scores, LABELS, PATIENTS, noisy=NOISY)
        result = measure(ground_truth, scores, LABELS, PATIENTS, noisy=NOISY, audible=audible)
        for kind in (False, True):
            among = (ground_truth == 2) | ((ground_truth == 0) & np.array([value is kind for value in NOISY]))
            name = f"extrastole_against_{'noisy' if kind else 'clean'}_normals_auc"
            expected = metrics.auc(ground_truth[among] == 2, audible[among])
            assert result.apart[name].value == pytest.approx(expected)
            assert result.apart[name].value != plain_result.apart[name].value
        assert result.apart["murmur_auc_clean"] == plain_result.apart["murmur_auc_clean"]
        assert (result.overall, result.per_label) == (plain_result.overall, plain_result.per_label)

    def test_the_audible_score_of_each_repeat(self, quick_figures: None) -> None:
        """Each repeat is ranked by its own audible scores, and the metric is the mean."""
        ground_truth, scores = scored(3)
        audible = np.random.default_rng(9).random((2, 60))
        name = "extrastole_against_clean_normals_auc"
        both = measure(ground_truth, np.stack([scores] * 2), LABELS, PATIENTS, noisy=NOISY, audible=audible).apart[name]
        each = [
            measure(ground_truth, scores, LABELS, PATIENTS, noisy=NOISY, audible=of_repeat).apart[name].value
            for of_repeat in audible
        ]
        assert both.value == pytest.approx(np.mean(each))

    def test_audible_scores_of_other_recordings(self, quick_figures: None) -> None:
        """Audible scores must be as many as the scores."""
        ground_truth, scores = scored(3)
        with pytest.raises(ValueError, match=r"audible\.shape"):
            measure(ground_truth, scores, LABELS, PATIENTS, audible=np.zeros((2, 60)))

"""Held-out scores become figures with intervals."""

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
def evidence() -> CrossValidatedMetrics:
    """Return the evidence of 60 recordings of 30 patients, mostly judged right."""
    rng = np.random.default_rng(0)
    truth = np.array([0] * 36 + [1] * 16 + [2] * 8, np.intp)
    scores = rng.dirichlet((1, 1, 1), 60) * 0.6 + 0.4 * np.eye(3)[truth]
    return measure(truth, scores, LABELS, [f"p{row // 2}" for row in range(60)])


def test_figures(evidence: CrossValidatedMetrics) -> None:
    """All figures that the card and the command promise are there, each inside its interval."""
    names = ["accuracy", "balanced_accuracy", "macro_f1", "calibration_error", "accuracy_on_surest_80"]
    assert list(evidence.overall) == names
    assert list(evidence.per_label) == list(LABELS)
    names = ["sensitivity", "specificity", "precision", "auc", "sensitivity_at_specificity_0.90"]
    for figures in evidence.per_label.values():
        assert list(figures) == names
    # the calibration error of a draw tends to be larger than that of the whole, so it may lie outside
    figures = [figure for name, figure in evidence.overall.items() if name != "calibration_error"]
    figures += [figure for of_label in evidence.per_label.values() for figure in of_label.values()]
    assert all(0 <= figure.low <= figure.value <= figure.high <= 1 for figure in figures)


def test_counts(evidence: CrossValidatedMetrics) -> None:
    """Recordings and patients are counted, and the confusion has every recording once."""
    assert (evidence.num_recordings, evidence.num_patients) == (60, 30)
    assert evidence.confusion.sum() == 60
    assert evidence.confusion.sum(axis=1).tolist() == [36, 16, 8]


def test_the_decision_is_the_largest_score(quick_figures: None) -> None:
    """Accuracy and confusion follow from the label with the largest score alone."""
    scores = np.array([[0.4, 0.35, 0.25], [0.2, 0.5, 0.3], [0.3, 0.3, 0.4], [0.6, 0.2, 0.2]])
    found = measure(np.array([0, 1, 2, 1]), scores, LABELS, ["a", "b", "c", "d"])
    assert found.overall["accuracy"].value == 0.75
    assert found.confusion.tolist() == [[1, 0, 0], [1, 1, 0], [0, 0, 1]]


def test_the_seed_repeats_the_intervals(quick_figures: None) -> None:
    """The same scores give the same intervals to the last digit."""
    truth, scores = np.array([0, 1, 0, 1]), np.array([[0.9, 0.1], [0.4, 0.6], [0.3, 0.7], [0.2, 0.8]])
    first, second = (measure(truth, scores, ("a", "b"), ["p", "q", "r", "s"]) for _ in range(2))
    assert first.to_json() == second.to_json()


def test_json(evidence: CrossValidatedMetrics) -> None:
    """Written as JSON and read again it is the same, with plain numbers of four digits."""
    values = evidence.to_json()
    assert json.loads(json.dumps(values, allow_nan=False)) == values
    assert values["recordings"] == 60
    assert values["overall"]["accuracy"]["value"] == round(evidence.overall["accuracy"].value, 4)


def test_what_is_no_number_is_null(quick_figures: None) -> None:
    """The precision of a label never decided is null, never NaN, which is no JSON."""
    found = measure(np.array([0, 0, 1, 1]), np.tile([[0.9, 0.1]], (4, 1)), ("a", "b"), ["p", "q", "r", "s"]).to_json()
    assert found["per_label"]["b"]["precision"] == {"value": None, "low": None, "high": None}
    assert found["per_label"]["b"]["auc"]["value"] == 0.5


def scored(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return truth and scores of 60 recordings."""
    truth = np.array([0] * 36 + [1] * 16 + [2] * 8, np.intp)
    return truth, np.random.default_rng(seed).dirichlet((1, 1, 1), 60) * 0.6 + 0.4 * np.eye(3)[truth]


PATIENTS = [f"p{row // 2}" for row in range(60)]
NOISY = [row % 3 == 0 if row % 5 else None for row in range(60)]


def plain(found: CrossValidatedMetrics) -> dict[str, Estimate]:
    """Return all figures by name."""
    named = {f"{label} {name}": its for label, of in found.per_label.items() for name, its in of.items()}
    return found.overall | named | found.apart


class TestRepeats:
    """Figures over several repeats."""

    def test_a_figure_is_the_mean(self, quick_figures: None) -> None:
        """Each figure of three repeats is the mean of the figures of each."""
        truth, _ = scored(0)
        repeats = [scored(seed)[1] for seed in range(3)]
        each = [plain(measure(truth, scores, LABELS, PATIENTS, noisy=NOISY)) for scores in repeats]
        together = measure(truth, np.stack(repeats), LABELS, PATIENTS, noisy=NOISY)
        assert together.num_repeats == 3
        assert (together.num_recordings, together.num_patients) == (60, 30)
        for name, figure in plain(together).items():
            assert figure.value == pytest.approx(np.mean([its[name].value for its in each])), name

    def test_the_same_patients_count_in_all(self, quick_figures: None) -> None:
        """The same scores three times give the same interval as once: a draw is of patients, not of repeats."""
        truth, scores = scored(1)
        once, thrice = (measure(truth, its, LABELS, PATIENTS) for its in (scores, np.stack([scores] * 3)))
        for name, figure in plain(once).items():
            other = plain(thrice)[name]
            assert (figure.low, figure.high) == pytest.approx((other.low, other.high)), name
        assert thrice.confusion.tolist() == (3 * once.confusion).tolist()

    def test_the_interval_is_narrower_than_of_the_worst(self, quick_figures: None) -> None:
        """The mean of independent repeats varies less than one repeat does, and lies within its interval."""
        truth, _ = scored(0)
        positive = truth == 1
        scores = np.random.default_rng(0).random((8, 60)) + 0.3 * positive
        found = auc_estimate(positive, scores, PATIENTS)
        each = [auc_estimate(positive, its[None], PATIENTS) for its in scores]
        assert found.value == pytest.approx(np.mean([its.value for its in each]))
        assert found.high - found.low < max(its.high - its.low for its in each)

    def test_shapes_that_do_not_fit(self) -> None:
        """Scores of other recordings or labels are refused."""
        truth, scores = scored(0)
        with pytest.raises(ValueError, match=r"scores.shape=\(59, 3\) must end with \(60, 3\)"):
            measure(truth, scores[1:], LABELS, PATIENTS)


class TestFigures:
    """The figures are those of training.evaluation.metrics and training.evaluation.curves."""

    def test_overall_and_labels(self, quick_figures: None) -> None:
        """Value by value, computed plainly."""
        truth, scores = scored(2)
        found = measure(truth, scores, LABELS, PATIENTS)
        matrix = metrics.confusion(truth, scores.argmax(axis=1), 3)
        right = scores.argmax(axis=1) == truth
        assert found.overall["macro_f1"].value == pytest.approx(metrics.macro_f1(matrix))
        assert found.overall["accuracy_on_surest_80"].value == pytest.approx(
            accuracy_at_coverage(right, scores.max(axis=1), 0.8)
        )
        for index, label in enumerate(LABELS):
            figures = found.per_label[label]
            assert figures["auc"].value == pytest.approx(metrics.auc(truth == index, scores[:, index]))
            assert figures["sensitivity_at_specificity_0.90"].value == pytest.approx(
                Ranking(truth == index, scores[:, index]).metrics(np.arange(60), 0.9)[1]
            )

    def test_noise_apart(self, quick_figures: None) -> None:
        """Murmurs among clean and among noisy recordings; extrastoles against clean and against noisy normals."""
        truth, scores = scored(3)
        found = measure(truth, scores, LABELS, PATIENTS, noisy=NOISY).apart
        clean, noisy = (np.array([its is kind for its in NOISY]) for kind in (False, True))
        for kind, held in {"clean": clean, "noisy": noisy}.items():
            area = metrics.auc(truth[held] == 1, scores[held, 1])
            assert found[f"murmur_auc_{kind}"].value == pytest.approx(area)
            both = (truth == 2) | ((truth == 0) & held)
            area = metrics.auc(truth[both] == 2, scores[both, 2])
            assert found[f"extrastole_against_{kind}_normals_auc"].value == pytest.approx(area)
        assert all(its.low <= its.value <= its.high for its in found.values())

    @pytest.mark.parametrize("noisy", [None, [None] * 60, [False] * 60])
    def test_noise_that_nobody_tells(self, quick_figures: None, noisy: list[bool | None] | None) -> None:
        """What the set does not say gives no figure."""
        truth, scores = scored(3)
        found = measure(truth, scores, LABELS, PATIENTS, noisy=noisy).apart
        known = ["murmur_auc_clean", "extrastole_against_clean_normals_auc"]
        assert list(found) == (known if noisy and noisy[0] is False else [])

    def test_labels_of_ones_own(self, quick_figures: None) -> None:
        """Other labels have no figures that are about murmurs or extrastoles."""
        found = measure(np.array([0, 0, 1, 1]), np.eye(2)[[0, 0, 1, 0]], ("a", "b"), list("pqrs"), noisy=[True] * 4)
        assert found.apart == {}

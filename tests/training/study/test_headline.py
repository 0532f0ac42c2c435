"""Headline metrics of a study from its scores: means over seeds, and paired differences."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from training.evaluation import metrics
from training.evaluation.bootstrap import Bootstrap
from training.evaluation.metrics import Ranking
from training.study.headline import compare_all, differences, headline, per_seed
from training.study.scores import StudyScores, save_scores

CIRCOR = "CirCor DigiScope"
Scores = Callable[..., StudyScores]


def test_values(study_scores: Scores) -> None:
    """With one seed, each is what training.evaluation.metrics gives for the rows that it is about."""
    study = study_scores(1, repeats=1)
    values = {name: estimate["value"] for name, estimate in headline(study, Bootstrap(0, 20)).items()}
    scores, ground_truth = study.scores[0, :60].astype(float), np.arange(60) % 3
    matrix = metrics.confusion(ground_truth, scores.argmax(axis=1), 3)
    noisy = study.noisy[:60] == 1
    clean_normals = (ground_truth == 2) | ((ground_truth == 0) & ~noisy)
    murmurs = Ranking(ground_truth == 1, scores[:, 1])
    expected = {
        "accuracy": metrics.accuracy(matrix),
        "balanced_accuracy": metrics.balanced_accuracy(matrix),
        "macro_f1": metrics.macro_f1(matrix),
        "calibration_error": metrics.calibration_error(ground_truth, scores),
        "murmur_auc": metrics.auc(ground_truth == 1, scores[:, 1]),
        "murmur_auc_noisy": metrics.auc(ground_truth[noisy] == 1, scores[noisy, 1]),
        "murmur_auc_clean": metrics.auc(ground_truth[~noisy] == 1, scores[~noisy, 1]),
        "murmur_sensitivity_at_specificity_0.90": murmurs.metrics(np.arange(60), 0.9)[1],
        "extrastole_auc_clean_normals": metrics.auc(ground_truth[clean_normals] == 2, scores[clean_normals, 2]),
        f"murmur_auc in {CIRCOR}": metrics.auc(np.arange(20) % 2 == 1, study.scores[0, 60:, 1].astype(float)),
        "premature_auc_all": metrics.auc(
            np.char.startswith(study.window_kinds, "premature"), study.window_scores[0].astype(float)
        ),
    }
    for name, value in expected.items():
        assert values[name] == pytest.approx(value, abs=1e-4), name


def test_metrics_are_averaged_over_seeds(study_scores: Scores) -> None:
    """The value is the mean of the seeds' values, not that of averaged scores, and lies in its interval."""
    study = study_scores(2, repeats=3)
    estimates, seeds = headline(study, Bootstrap(0, 200)), per_seed(study)
    assert estimates.keys() == seeds.keys()
    for name, estimate in estimates.items():
        assert estimate["value"] == pytest.approx(np.mean(seeds[name]), abs=2e-4)
    accuracy = estimates["accuracy"]
    assert accuracy["low"] < accuracy["value"] < accuracy["high"]


@pytest.mark.slow
def test_a_difference_is_paired(study_scores: Scores) -> None:
    """A study does not differ from itself in another order; a better network differs by the difference of values."""
    ours, better = study_scores(3), study_scores(3, skill=0.4)
    permuted = ours.only(np.random.default_rng(0).permutation(80), np.arange(40))
    same = differences(permuted, ours, Bootstrap(0, 20))
    assert {tuple(estimate.values()) for estimate in same.values()} == {(0.0, 0.0, 0.0)}
    estimates = differences(better, ours, Bootstrap(0, 200))
    values = [headline(study, Bootstrap(0, 1))["accuracy"]["value"] for study in (better, ours)]
    assert estimates["accuracy"]["value"] == pytest.approx(values[0] - values[1], abs=2e-4)
    assert estimates["accuracy"]["low"] > 0


def test_only_what_both_have_is_compared(study_scores: Scores) -> None:
    """Recordings, windows and seeds that one of them lacks do not count."""
    ours = study_scores(4, repeats=3)
    fewer = ours.first(1).only(np.arange(5, 80), np.arange(8, 40))
    estimates = differences(fewer, ours, Bootstrap(0, 10))
    assert estimates["murmur_auc"]["value"] == estimates["premature_auc_all"]["value"] == 0.0


def test_without_windows(study_scores: Scores) -> None:
    """Without annotations there are metrics of recordings alone."""
    study = study_scores(6).only(np.arange(80), np.empty(0, np.intp))
    estimates = headline(study, Bootstrap(0, 5))
    assert "accuracy" in estimates
    assert "premature_auc_all" not in estimates


def test_a_folder_is_compared(tmp_path: Path, study_scores: Scores) -> None:
    """Every variant is compared with the recipe; without it with nothing, and a broken file gives a line."""
    assert compare_all(tmp_path, 5)["variants"] == {}
    digests = [
        save_scores(study_scores(seed), tmp_path / f"{name}.npz") for seed, name in ((7, "ours"), (8, "changed"))
    ]
    (tmp_path / "broken.npz").write_bytes(b"")
    lines: list[str] = []
    compared = compare_all(tmp_path, 5, lines.append)["variants"]
    assert list(compared) == ["changed"]
    assert compared["changed"]["scores_sha256"] == digests[::-1]
    assert len(lines) == 1

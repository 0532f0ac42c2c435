"""A study's figures from its scores: means over seeds, differences paired by patient, and what is kept on disk."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from monitor.errors import DataError
from training.evaluation import metrics
from training.evaluation.bootstrap import Bootstrap
from training.evaluation.metrics import Ranking
from training.study.headline import compare_all, differences, headline, per_seed
from training.study.scores import StudyScores, load_scores, save_scores
from training.study.tables import OverSeeds

LABELS = ("normal", "murmur", "extrastole")
CIRCOR = "CirCor DigiScope"


def scores_of(seed: int, repeats: int = 2, skill: float = 0.15, size: int = 60) -> StudyScores:
    """Return scores of recordings of set B and of CirCor, and of windows, right more often than not."""
    rng = np.random.default_rng(seed)
    truth = np.arange(size) % 3
    target = np.concatenate([np.eye(3)[truth], np.eye(3)[[0, 1] * 10]])
    scores = [(1 - skill) * rng.dirichlet((1, 1, 1), size + 20) + skill * target for _ in range(repeats)]
    kinds = np.array(["premature|short_interval", "regular", "", "regular"] * 10)
    window_scores = [rng.random(40) + skill * (kinds == "premature|short_interval") for _ in range(repeats)]
    return StudyScores(
        labels=LABELS,
        telling=("PASCAL set B",),
        names=np.array([f"{number}.wav" for number in range(size + 20)]),
        sources=np.array(["PASCAL set B"] * size + [CIRCOR] * 20),
        patients=np.array([f"b{number // 2}" for number in range(size)] + [f"c{number}" for number in range(20)]),
        may_be=np.array([LABELS[its] for its in truth] + ["normal|extrastole", "murmur"] * 10),
        noisy=np.array([1, 0] * (size // 2) + [-1] * 20, np.int8),
        scores=np.stack(scores).astype(np.float32),
        shown=np.stack([its[:, 2] ** 2 for its in scores]).astype(np.float32),
        window_names=np.array([f"{number // 8}.wav" for number in range(40)]),
        window_patients=np.array([f"c{number // 8}" for number in range(40)]),
        window_kinds=kinds,
        window_scores=np.stack(window_scores).astype(np.float32),
    )


def test_figures_are_those_of_the_metrics() -> None:
    """With one seed, each is what training.evaluation.metrics gives for the rows that it is about."""
    scores = scores_of(1, repeats=1)
    found = {name: its["value"] for name, its in headline(scores, Bootstrap(0, 20)).items()}
    its, truth = scores.scores[0, :60].astype(float), np.arange(60) % 3
    matrix = metrics.confusion(truth, its.argmax(axis=1), 3)
    noisy = scores.noisy[:60] == 1
    clean_normals = (truth == 2) | ((truth == 0) & ~noisy)
    expected = {
        "accuracy": metrics.accuracy(matrix),
        "balanced_accuracy": metrics.balanced_accuracy(matrix),
        "macro_f1": metrics.macro_f1(matrix),
        "calibration_error": metrics.calibration_error(truth, its),
        "murmur_auc": metrics.auc(truth == 1, its[:, 1]),
        "murmur_auc_noisy": metrics.auc(truth[noisy] == 1, its[noisy, 1]),
        "murmur_auc_clean": metrics.auc(truth[~noisy] == 1, its[~noisy, 1]),
        "murmur_sensitivity_at_specificity_0.90": Ranking(truth == 1, its[:, 1]).metrics(np.arange(60), 0.9)[1],
        "extrastole_auc_clean_normals": metrics.auc(truth[clean_normals] == 2, its[clean_normals, 2]),
        f"murmur_auc in {CIRCOR}": metrics.auc(np.arange(20) % 2 == 1, scores.scores[0, 60:, 1].astype(float)),
        "premature_auc_all": metrics.auc(
            np.char.startswith(scores.window_kinds, "premature"), scores.window_scores[0].astype(float)
        ),
    }
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, abs=1e-4), name


def test_seeds_are_averaged_not_their_scores() -> None:
    """The value is the mean of the seeds' values, and lies in its interval."""
    scores = scores_of(2, repeats=3)
    found, seeds = headline(scores, Bootstrap(0, 200)), per_seed(scores)
    assert found.keys() == seeds.keys()
    for name, figure in found.items():
        assert figure["value"] == pytest.approx(np.mean(seeds[name]), abs=2e-4)
    assert found["accuracy"]["low"] < found["accuracy"]["value"] < found["accuracy"]["high"]


def test_a_difference_is_paired() -> None:
    """Nothing differs from itself, whatever the order; a better network is better by the difference of the figures."""
    ours, better = scores_of(3), scores_of(3, skill=0.4)
    mixed = ours.only(np.random.default_rng(0).permutation(80), np.arange(40))
    same = differences(mixed, ours, Bootstrap(0, 20))
    assert {(its["value"], its["low"], its["high"]) for its in same.values()} == {(0.0, 0.0, 0.0)}
    found = differences(better, ours, Bootstrap(0, 200))
    values = [headline(its, Bootstrap(0, 1))["accuracy"]["value"] for its in (better, ours)]
    assert found["accuracy"]["value"] == pytest.approx(values[0] - values[1], abs=2e-4)
    assert found["accuracy"]["low"] > 0


def test_only_what_both_have_is_compared() -> None:
    """A recording that one of them lacks, and seeds that one of them lacks, do not count."""
    ours = scores_of(4, repeats=3)
    fewer = ours.first(1).only(np.arange(5, 80), np.arange(8, 40))
    found = differences(fewer, ours, Bootstrap(0, 10))
    assert found["murmur_auc"]["value"] == found["premature_auc_all"]["value"] == 0.0


def test_scores_are_kept(tmp_path: Path) -> None:
    """They come back as they were; the same scores give the same file; no path is in it."""
    scores = scores_of(5)
    digest = save_scores(scores, tmp_path / "a.npz")
    assert save_scores(scores, tmp_path / "b.npz") == digest
    back = load_scores(tmp_path / "a.npz")
    for field in dataclasses.fields(StudyScores):
        np.testing.assert_array_equal(getattr(back, field.name), getattr(scores, field.name))
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["a.npz", "b.npz"]


def test_no_window_is_no_trouble(tmp_path: Path) -> None:
    """Without marks there are figures of recordings alone, also from the file."""
    scores = scores_of(6).only(np.arange(80), np.empty(0, np.intp))
    save_scores(scores, tmp_path / "a.npz")
    assert "premature_auc_all" not in headline(load_scores(tmp_path / "a.npz"), Bootstrap(0, 5))


def test_other_files_are_refused(tmp_path: Path) -> None:
    """A file that is something else says so, with the next step."""
    (tmp_path / "a.npz").write_bytes(b"nothing of the kind")
    with pytest.raises(DataError, match="--again"):
        load_scores(tmp_path / "a.npz")
    np.savez(tmp_path / "b.npz", format=np.array(99))
    with pytest.raises(DataError, match=r"b\.npz"):
        load_scores(tmp_path / "b.npz")


def test_a_folder_is_compared(tmp_path: Path) -> None:
    """Every variant with the recipe; without the recipe there is nothing to say, and a broken file is told."""
    assert compare_all(tmp_path, 5)["variants"] == {}
    digests = [save_scores(scores_of(seed), tmp_path / f"{name}.npz") for seed, name in ((7, "ours"), (8, "changed"))]
    (tmp_path / "broken.npz").write_bytes(b"")
    told: list[str] = []
    found = compare_all(tmp_path, 5, told.append)["variants"]
    assert list(found) == ["changed"]
    assert found["changed"]["scores_sha256"] == digests[::-1]
    assert len(told) == 1


def test_rows_of_seeds_one_after_another() -> None:
    """The mean of the seeds' figures, patients drawn with all seeds; rows that do not repeat are taken as they are."""
    values = np.array([1.0, 2.0, 3.0, 11.0, 12.0, 13.0])
    of = {"mean": lambda rows: {"mean": float(values[rows].mean())}}["mean"]
    found = OverSeeds(2, 0, 100).estimate(of, ["a", "b", "c"] * 2)["mean"]
    assert found.value == 7.0
    assert 6.0 <= found.low < found.high <= 8.0  # seeds do not make it wider: no patient has another seed than all
    apart = OverSeeds(2, 0, 100).estimate(of, ["a", "b", "c", "d", "e", "f"])["mean"]
    assert apart.high - apart.low > 2.0

"""Tables of a study: metrics averaged over seeds, counts of one seed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from training.data.annotations import REGULAR
from training.data.recording import Recording
from training.evaluation.ectopic import AnnotatedWindows
from training.evaluation.scoring import ScoredRecording
from training.study.tables import OverSeeds, rhythm_of_seeds, robustness_json, tables_json

LABELS = ("normal", "murmur", "extrastole")


def scored(seed: int) -> list[ScoredRecording]:
    """Return 12 recordings of 12 patients; with seed 0 all labels are right, with seed 1 all but one of each."""
    recordings = []
    for row in range(12):
        label, wrong = row % 3, seed == 1 and row < 3
        scores = np.full(3, 0.1)
        scores[(label + 1) % 3 if wrong else label] = 0.8
        recording = Recording(Path(f"{row}.wav"), (LABELS[label],), f"p{row}", "clinic")
        recordings.append(ScoredRecording(recording, tuple(scores.tolist()), 0.9, row % 2, 4, 6.0))
    return recordings


SEEDS = [scored(0), scored(1)]
BOOTSTRAP = OverSeeds(2, 0, 20)


def test_means_over_seeds() -> None:
    """A metric is the mean over the seeds, and a patient is resampled with all of them."""
    values = np.array([1.0, 2.0, 3.0, 11.0, 12.0, 13.0])

    def statistic(rows: np.ndarray) -> dict[str, float]:
        return {"mean": float(values[rows].mean())}

    paired = OverSeeds(2, 0, 100).estimate(statistic, ["a", "b", "c"] * 2)["mean"]
    assert paired.value == 7.0
    assert 6.0 <= paired.low < paired.high <= 8.0  # the seeds do not widen it: every patient has both
    single = OverSeeds(2, 0, 100).estimate(statistic, ["a", "b", "c", "d", "e", "f"])["mean"]
    assert single.high - single.low > 2.0


def test_tables() -> None:
    """The accuracy is the mean over the seeds; recordings count once; the confusion sums over the seeds."""
    tables = tables_json(SEEDS, LABELS, BOOTSTRAP)
    assert tables["accuracy"]["value"] == pytest.approx((1.0 + 0.75) / 2)
    assert (tables["recordings"], tables["patients"]) == (12, 12)
    assert np.sum(tables["confusion"]["matrix"]) == 24
    assert tables["per_recording"]["murmur"]["positives"] == 4
    assert "type" not in tables


def test_rhythm_against_both_ground_truths() -> None:
    """The label of the recordings and the annotations of the windows, each counted once; None without the label."""
    kinds = [frozenset({"premature"}), frozenset({REGULAR})] * 4
    patients = [f"p{row // 2}" for row in range(8)]
    annotated = [
        AnnotatedWindows(np.array([0.9, 0.1] * 4), kinds, patients, [f"clinic/{name}" for name in patients])
        for _ in SEEDS
    ]
    rhythm = rhythm_of_seeds(SEEDS, annotated, LABELS, BOOTSTRAP)
    assert rhythm is not None
    assert rhythm["label"]["all normals"]["positives"] == 4
    premature = rhythm["marks"]["definitions"]["premature"]
    assert (premature["windows"], premature["patients"]) == (4, 4)
    assert premature["auc_against_regular"]["value"] == 1.0
    assert rhythm_of_seeds(SEEDS, annotated, ("normal", "murmur"), BOOTSTRAP) is None


def test_robustness() -> None:
    """By perturbation, the AUC of the finding, the accuracy, and the share of windows withheld."""
    robustness = robustness_json({"8 bit": SEEDS}, LABELS, BOOTSTRAP)
    values = {name: estimate["value"] for name, estimate in robustness["8 bit"].items()}
    assert values["accuracy"] == pytest.approx(0.875)
    assert values["windows_withheld"] == pytest.approx(0.125)
    assert values["murmur_auc"] == pytest.approx((1.0 + 0.8125) / 2, abs=1e-4)

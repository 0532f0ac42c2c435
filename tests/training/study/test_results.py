"""Outputs of a variant's folds to scores and metrics, without a network."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="outputs of folds come with the training extra")

from monitor.features.spec import HEART
from monitor.labels import NON_CARDIAC
from training.data.audio import Frames, Sound
from training.data.corpus import Corpus
from training.data.recording import Recording
from training.fitting.cross_validation import FoldPlan
from training.study.fold_outputs import FoldOutputs
from training.study.results import Result, described, result_of
from training.study.variants import VARIANTS

LABELS = ("normal", "murmur", "extrastole")
ROWS = [np.arange(0, 14, 2), np.arange(1, 14, 2)]


def corpus_of() -> Corpus:
    """Return 12 labelled recordings of 6 s, a clip that is looped, and a non-cardiac sound."""
    recordings = [Recording(Path(f"{row}.wav"), (LABELS[row % 3],), f"p{row}", "clinic") for row in range(13)]
    recordings.append(Recording(Path("lung.wav"), (NON_CARDIAC,), "lung", "lungs"))
    empty = Frames(np.empty((0, 64), np.float32), np.empty((3, 0), np.float32))
    seconds = [6] * 12 + [2, 6]
    sounds = [Sound(one, empty, s * HEART.sample_rate) for one, s in zip(recordings, seconds, strict=True)]
    return Corpus.of(recordings, sounds)


def outputs_of(row: int) -> np.ndarray:
    """Return outputs of two windows in which every label is right."""
    outputs = np.full((2, 4), -3.0, np.float32)
    outputs[:, 3 if row == 13 else row % 3] = 3.0
    return outputs


def result(**changes: object) -> Result:
    """Return the result of a variant with two folds."""
    plans, folds = [], []
    for fold, rows in enumerate(ROWS):
        others = ROWS[1 - fold]
        plans.append(FoldPlan(0, fold, 0, f"fold {fold}", others, rows))
        labelled = [row for row in rows.tolist() if row != 13]
        perturbed = {"silence": {row: np.zeros((2, 4), np.float32) for row in labelled}}
        folds.append(FoldOutputs(rows, [outputs_of(row) for row in rows.tolist()], perturbed, 1.0))
    variant = dataclasses.replace(VARIANTS["ours"], **changes)  # type: ignore[arg-type]
    return result_of(variant, corpus_of(), plans, folds, [1.0, 1.0, 1.0], prior_exponent=1.0, resamples=5)


def test_metrics_of_hearts() -> None:
    """Non-cardiac sounds are counted in the data but have no scores; right outputs give an accuracy of 1."""
    metrics = result().metrics
    assert [(data["set"], data["recordings"]) for data in metrics["data"]] == [("clinic", 13), ("lungs", 1)]
    assert [(data["set"], data["recordings"]) for data in metrics["held_out"]] == [("clinic", 13)]
    assert metrics["tables"]["recordings"] == 13
    assert metrics["headline"]["accuracy"]["value"] == 1.0
    assert metrics["headline"]["accuracy"]["value"] == metrics["tables"]["accuracy"]["value"]
    assert (metrics["telling"], metrics["other_sets"], metrics["draws"]) == (["clinic"], {}, 5)


def test_a_looped_clip_has_no_rhythm() -> None:
    """The clip of 2 s, a normal, has the lowest audible score of an extrasystole of all normals."""
    scores = result().scores
    assert scores.names.tolist()[12] == "12.wav"
    normals = [0, 3, 6, 9]
    assert scores.audible[0, 12] < scores.audible[0, normals].min()


def test_perturbed_recordings() -> None:
    """They are scored with the calibrations of the recordings, where the variant asks for it."""
    robustness = result().metrics["robustness"]
    assert list(robustness) == ["as recorded", "silence"]
    assert robustness["as recorded"]["accuracy"]["value"] == 1.0
    assert robustness["silence"]["accuracy"]["value"] < 0.6
    assert result(is_perturbed=False).metrics["robustness"] is None


def test_described_data() -> None:
    """Patients of hearts are counted, an unknown one each time."""
    unknown = [Recording(Path(f"{index}.wav"), ("normal",), "", "clinic") for index in range(2)]
    noise = Recording(Path("n.wav"), (NON_CARDIAC,), "lung", "clinic")
    (data,) = described([*unknown, noise])
    assert (data["recordings"], data["patients"]) == (3, 2)

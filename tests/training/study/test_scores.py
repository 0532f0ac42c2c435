"""A study's scores: made from each seed, selected, and stored so that they can be read again."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from monitor.errors import DataError
from training.data.corpus import Corpus
from training.data.recording import Recording
from training.evaluation.ectopic import AnnotatedWindows
from training.study.scores import StudyScores, extrastole_index, load_scores, make_scores, save_scores

LABELS = ("normal", "murmur", "extrastole")


def test_scores_are_restored(tmp_path: Path, study_scores: Callable[..., StudyScores]) -> None:
    """They are read as they were written; the same scores give the same file; nothing else is left."""
    scores = study_scores(5)
    digest = save_scores(scores, tmp_path / "a.npz")
    assert save_scores(scores, tmp_path / "b.npz") == digest
    restored = load_scores(tmp_path / "a.npz")
    for field in dataclasses.fields(StudyScores):
        np.testing.assert_array_equal(getattr(restored, field.name), getattr(scores, field.name))
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["a.npz", "b.npz"]


def test_keys_of_the_file_stay(tmp_path: Path, study_scores: Callable[..., StudyScores]) -> None:
    """Files in docs/evidence were written with these keys."""
    save_scores(study_scores(5), tmp_path / "a.npz")
    with np.load(tmp_path / "a.npz") as stored:
        assert sorted(stored.files) == [
            "format", "labels", "may_be", "names", "noisy", "patients", "scores", "shown", "sources", "telling",
            "window_kinds", "window_names", "window_patients", "window_scores",
        ]  # fmt: skip


def test_scores_without_windows(tmp_path: Path, study_scores: Callable[..., StudyScores]) -> None:
    """No annotated window is no trouble."""
    save_scores(study_scores(6).only(np.arange(80), np.empty(0, np.intp)), tmp_path / "a.npz")
    assert len(load_scores(tmp_path / "a.npz").annotated(0)) == 0


def test_other_files_are_refused(tmp_path: Path) -> None:
    """Another file, or another format, is an error with the next step."""
    (tmp_path / "a.npz").write_bytes(b"no archive")
    with pytest.raises(DataError, match="--again"):
        load_scores(tmp_path / "a.npz")
    np.savez(tmp_path / "b.npz", format=np.array(99))
    with pytest.raises(DataError, match=r"b\.npz"):
        load_scores(tmp_path / "b.npz")


def test_selections(study_scores: Callable[..., StudyScores]) -> None:
    """Rows by data set, the first seeds, and some recordings and windows, all arrays together."""
    scores = study_scores(1, repeats=3)
    assert scores.fully_labelled_rows().tolist() == list(range(60))
    assert (scores.other_sets(), scores.of_set("CirCor DigiScope").tolist()) == (
        ["CirCor DigiScope"],
        list(range(60, 80)),
    )
    assert (scores.first(2).repeats, scores.first(2).window_scores.shape) == (2, (2, 40))
    some = scores.only(np.array([3, 70]), np.array([0]))
    assert some.names.tolist() == ["3.wav", "70.wav"]
    assert (some.scores.shape, some.audible.shape, some.window_scores.shape) == ((3, 2, 3), (3, 2), (3, 1))
    assert some.annotated(0).kinds == [frozenset({"premature", "short_interval"})]


def test_scores_of_held_out_recordings() -> None:
    """Names without paths, an unknown patient apart, joined labels, and the audible score of an extrasystole."""
    recordings = [
        Recording(Path("secret/a.wav"), ("normal",), "p1", "clinic", noisy=True),
        Recording(Path("secret/b.wav"), ("normal", "extrastole"), "", "other"),
    ]
    corpus = Corpus(recordings, (), LABELS, {"clinic"})
    values = np.array([[0.2, 0.3, 0.5], [0.6, 0.3, 0.1]])
    windows = AnnotatedWindows(np.array([0.25]), [frozenset({"regular"})], ["p1"], ["clinic/a.wav"])
    scores = make_scores(corpus, [0, 1], [values], [values / 2], [windows])
    assert scores.names.tolist() == ["a.wav", "b.wav"]
    assert scores.patients.tolist() == ["p1", "unknown/1"]
    assert scores.may_be.tolist() == ["normal", "normal|extrastole"]
    assert scores.noisy.tolist() == [1, -1]
    assert scores.audible.tolist() == [[0.25, np.float32(0.05)]]
    assert (scores.window_names.tolist(), scores.window_scores.tolist()) == (["a.wav"], [[0.25]])


def test_labels_without_extrasystole() -> None:
    """There is no index, and the audible score is 0."""
    assert (extrastole_index(LABELS), extrastole_index(("a", "b"))) == (2, None)
    corpus = Corpus([Recording(Path("a.wav"), ("a",), "p", "clinic")], (), ("a", "b"), {"clinic"})
    values = np.array([[0.9, 0.1]])
    scores = make_scores(corpus, [0], [values], [values], [AnnotatedWindows(np.empty(0), [], [], [])])
    assert scores.audible.tolist() == [[0.0]]

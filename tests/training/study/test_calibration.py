"""A study's outputs to scores: no fold is calibrated by itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from monitor.features.spec import HEART
from monitor.inference.calibration import Calibration
from training.data.annotations import REGULAR, RhythmWindow
from training.data.audio import Frames, Sound
from training.data.corpus import Corpus
from training.data.recording import Recording
from training.study.calibration import (
    FoldCalibration,
    Repeat,
    duration_s,
    fit_fold_calibrations,
    score_annotated_windows,
    score_recordings,
    without_inaudible,
)

LABELS = ("normal", "murmur", "extrastole")
NUM = 12


def corpus_of(labels: tuple[str, ...] = LABELS) -> Corpus:
    """Return 12 recordings of 6 s."""
    recordings = [Recording(Path(f"{row}.wav"), (LABELS[row % 3],), f"p{row}", "clinic") for row in range(NUM)]
    empty = Frames(np.empty((0, 64), np.float32), np.empty((3, 0), np.float32))
    return Corpus(recordings, [Sound(one, empty, 6 * HEART.sample_rate) for one in recordings], labels, {"clinic"})


CORPUS = corpus_of()


def repeat_of(seed: int = 0) -> Repeat:
    """Return outputs of two folds that are mostly right."""
    rng = np.random.default_rng(seed)
    outputs = {row: rng.standard_normal((2, 4)).astype(np.float32) for row in range(NUM)}
    for row, windows in outputs.items():
        windows[:, row % 3] += 3.0
        windows[:, 3] -= 6
    return Repeat({row: row % 2 for row in range(NUM)}, outputs, {}, {})


def fitted(repeat: Repeat) -> dict[int, FoldCalibration]:
    """Return the calibrations, with labels equally common in training."""
    return fit_fold_calibrations(repeat, list(range(NUM)), CORPUS, [1.0, 1.0, 1.0], 1.0)


def test_no_fold_is_calibrated_by_itself() -> None:
    """A fold's calibration does not change with its outputs; that of the other fold does."""
    repeat = repeat_of()
    before = fitted(repeat)
    for row in range(0, NUM, 2):
        repeat.outputs[row] = -5 * repeat.outputs[row]
    after = fitted(repeat)
    assert after[0] == before[0]
    assert after[1] != before[1]
    assert after[1].calibration.temperature > before[1].calibration.temperature


def test_scores_are_means_over_windows() -> None:
    """Each window is calibrated; windows with a low heart probability count as withheld."""
    repeat = repeat_of()
    repeat.outputs[3][1, 3] = 50.0
    plain = {fold: FoldCalibration(Calibration("softmax", 1.0, (0.0, 0.0, 0.0)), 0.5) for fold in (0, 1)}
    scored = score_recordings(repeat.outputs, [1, 3], CORPUS, repeat.fold_of, plain)
    assert [one.recording.path.name for one in scored] == ["1.wav", "3.wav"]
    assert [(one.num_withheld, one.num_windows, one.duration_s) for one in scored] == [(0, 2, 6.0), (1, 2, 6.0)]
    expected = plain[0].calibration.scores(repeat.outputs[3], 3).mean(axis=0)
    assert scored[1].scores == pytest.approx(expected.tolist())


def test_a_network_without_non_cardiac_output_withholds_nothing() -> None:
    """The article's network has no such output."""
    repeat = repeat_of()
    outputs = {row: np.abs(windows[:, :3]) for row, windows in repeat.outputs.items()}
    share = dict.fromkeys((0, 1), FoldCalibration(Calibration("share"), None))
    (scored,) = score_recordings(outputs, [0], CORPUS, repeat.fold_of, share)
    assert (scored.heart, scored.num_withheld) == (None, 0)


def test_without_inaudible_extrasystoles() -> None:
    """Equal outputs in different folds then have equal scores of an extrasystole."""
    given = {
        fold: ((1 - share, 0.0, share), (0.0, 1 - share, share), (0.0, 0.0, 1.0))
        for fold, share in enumerate((0.0, 0.2))
    }
    calibrations = {
        fold: FoldCalibration(Calibration("softmax", 1.0, (0.0, 0.0, 0.0), matrix), 0.1)
        for fold, matrix in given.items()
    }
    same = {0: np.ones((1, 4), np.float32), 1: np.ones((1, 4), np.float32)}
    first, second = score_recordings(same, [0, 1], CORPUS, {0: 0, 1: 1}, calibrations)
    assert first.scores[2] < second.scores[2]
    first, second = score_recordings(same, [0, 1], CORPUS, {0: 0, 1: 1}, without_inaudible(calibrations))
    assert first.scores == second.scores


def test_annotated_windows() -> None:
    """Windows with a known rhythm, in the order of the recordings, scored by the calibration of their fold."""
    repeat = repeat_of()
    repeat.windows.update({4: np.eye(4, dtype=np.float32)[[2, 0, 1]], 1: np.eye(4, dtype=np.float32)[[0, 2]]})
    rhythms = {
        1: [RhythmWindow(1, frozenset({"premature"})), RhythmWindow(9, frozenset())],
        4: [RhythmWindow(0, frozenset({REGULAR})), RhythmWindow(2, frozenset())],
    }
    sharp = FoldCalibration(Calibration("softmax", 0.1, (0.0, 0.0, 0.0)), 0.1)
    inaudible = ((0.5, 0.0, 0.5), (0.0, 0.5, 0.5), (0.0, 0.0, 1.0))  # does not count for windows
    flat = FoldCalibration(Calibration("softmax", 4.0, (0.0, 0.0, 0.0), inaudible), 0.1)
    windows = score_annotated_windows(repeat, rhythms, CORPUS, {0: sharp, 1: flat})
    assert windows.patients == ["p1", "p4", "p4"]
    assert windows.recordings == ["clinic/1.wav", "clinic/4.wav", "clinic/4.wav"]
    assert windows.score[1] > 0.99 > 0.5 > windows.score[0] > 1 / 3 > windows.score[2]
    assert list(windows.kinds) == [frozenset({"premature"}), frozenset({REGULAR}), frozenset()]
    two_labels = corpus_of(("normal", "murmur"))
    assert len(score_annotated_windows(repeat, rhythms, two_labels, {0: sharp, 1: flat})) == 0


def test_durations() -> None:
    """Seconds before looping."""
    assert duration_s(CORPUS, 5) == 6.0

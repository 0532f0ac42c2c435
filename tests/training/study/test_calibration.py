"""A study's outputs to scores: nobody helps to choose the calibration that he is judged with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.inference.calibration import Calibration
from training.data.annotations import REGULAR, RhythmWindow
from training.data.recording import Recording
from training.study.calibration import FoldCalibration, Repeat, calibrations_of, judged_of, marked_of, without_unshown

LABELS = ("normal", "murmur", "extrastole")
NUM = 12


def repeat_of(seed: int = 0, certain: float = 3.0) -> tuple[Repeat, NDArray[np.intp]]:
    """Return outputs of two folds, mostly right, and the truth."""
    rng = np.random.default_rng(seed)
    truth = np.arange(NUM, dtype=np.intp) % 3
    outputs = {row: rng.standard_normal((2, 4)).astype(np.float32) for row in range(NUM)}
    for row, its in outputs.items():
        its[:, truth[row]] += certain
        its[:, 3] -= 6
    return Repeat({row: row % 2 for row in range(NUM)}, outputs, {}, {}), truth


def chosen(repeat: Repeat, truth: NDArray[np.intp]) -> dict[int, FoldCalibration]:
    """Return the calibrations, with labels equally common."""
    return calibrations_of(repeat, list(range(NUM)), truth, LABELS, [1.0, 1.0, 1.0], 1.0)


def recordings() -> list[Recording]:
    """Return a recording for each row."""
    return [Recording(Path(f"{row}.wav"), (LABELS[row % 3],), f"p{row}", "clinic") for row in range(NUM)]


def test_nobody_chooses_his_own() -> None:
    """Whatever a fold's outputs are, its calibration stays; that of the other fold follows them."""
    repeat, truth = repeat_of()
    before = chosen(repeat, truth)
    for row in range(0, NUM, 2):
        repeat.outputs[row] = -5 * repeat.outputs[row]
    after = chosen(repeat, truth)
    assert after[0] == before[0]
    assert after[1] != before[1]
    assert after[1].calibration.temperature > before[1].calibration.temperature


def test_scores_are_means_over_windows() -> None:
    """Calibrated window by window; windows that are hardly a heart are counted as withheld."""
    repeat, _ = repeat_of()
    repeat.outputs[3][1, 3] = 50.0
    plain = {fold: FoldCalibration(Calibration("softmax", 1.0, (0.0, 0.0, 0.0)), 0.5) for fold in (0, 1)}
    judged = judged_of(repeat.outputs, [1, 3], recordings(), [6.0] * NUM, repeat.fold_of, plain, 3)
    assert [its.recording.path.name for its in judged] == ["1.wav", "3.wav"]
    assert [(its.num_withheld, its.num_windows) for its in judged] == [(0, 2), (1, 2)]
    expected = plain[0].calibration.scores(repeat.outputs[3], 3).mean(axis=0)
    assert judged[1].scores == pytest.approx(expected.tolist())


def test_a_network_that_cannot_tell_withholds_nothing() -> None:
    """The article's has no output for what is no heart."""
    repeat, _ = repeat_of()
    outputs = {row: np.abs(its[:, :3]) for row, its in repeat.outputs.items()}
    share = dict.fromkeys((0, 1), FoldCalibration(Calibration("share"), None))
    judged = judged_of(outputs, [0], recordings(), [6.0] * NUM, repeat.fold_of, share, 3)
    assert (judged[0].heart, judged[0].num_withheld) == (None, 0)


def test_what_is_given_unshown_does_not_shuffle_folds() -> None:
    """Without it the score of an extrasystole is the same in every fold that hears the same."""
    given = {
        fold: ((1 - share, 0.0, share), (0.0, 1 - share, share), (0.0, 0.0, 1.0))
        for fold, share in enumerate((0.0, 0.2))
    }
    calibrations = {
        fold: FoldCalibration(Calibration("softmax", 1.0, (0.0, 0.0, 0.0), its), 0.1) for fold, its in given.items()
    }
    same = {0: np.ones((1, 4), np.float32), 1: np.ones((1, 4), np.float32)}
    told = (same, [0, 1], recordings(), [6.0] * NUM, {0: 0, 1: 1})
    first, second = judged_of(*told, calibrations, 3)
    assert first.scores[2] < second.scores[2]
    first, second = judged_of(*told, without_unshown(calibrations), 3)
    assert first.scores == second.scores


def test_marked_windows_have_their_scores() -> None:
    """Those whose rhythm is known, in the order of the recordings, by the calibration of their fold."""
    repeat, _ = repeat_of()
    repeat.windows.update({4: np.eye(4, dtype=np.float32)[[2, 0, 1]], 1: np.eye(4, dtype=np.float32)[[0, 2]]})
    rhythms = {
        1: [RhythmWindow(1, frozenset({"premature"})), RhythmWindow(9, frozenset())],
        4: [RhythmWindow(0, frozenset({REGULAR})), RhythmWindow(2, frozenset())],
    }
    sharp = FoldCalibration(Calibration("softmax", 0.1, (0.0, 0.0, 0.0)), 0.1)
    unheard = ((0.5, 0.0, 0.5), (0.0, 0.5, 0.5), (0.0, 0.0, 1.0))  # says nothing of windows
    flat = FoldCalibration(Calibration("softmax", 4.0, (0.0, 0.0, 0.0), unheard), 0.1)
    marked = marked_of(repeat, rhythms, recordings(), {0: sharp, 1: flat}, LABELS)
    assert marked.patients == ["p1", "p4", "p4"]
    assert marked.recordings == ["clinic/1.wav", "clinic/4.wav", "clinic/4.wav"]
    assert marked.score[1] > 0.99 > 0.5 > marked.score[0] > 1 / 3 > marked.score[2]
    assert list(marked.kinds) == [frozenset({"premature"}), frozenset({REGULAR}), frozenset()]
    assert len(marked_of(repeat, rhythms, recordings(), {0: sharp, 1: flat}, ("normal", "murmur"))) == 0

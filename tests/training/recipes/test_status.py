"""Lines while a training runs."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="training histories come with the training extra")

from training.fitting.trainer import TrainingHistory
from training.recipes.status import ended_sentence, so_far

GROUND_TRUTH = np.array([0, 0, 1, 1], np.intp)
SCORES = np.array([[0.8, 0.2], [0.6, 0.4], [0.7, 0.3], [0.1, 0.9]])


def history(best_step: int, validation_loss: tuple[tuple[int, float], ...]) -> TrainingHistory:
    """Return the history of a stage."""
    return TrainingHistory(((25, 0.7),), validation_loss, best_step, True)


def test_metrics_so_far() -> None:
    """The finding's AUC, the accuracy, the number of recordings, and the best step of the last stage."""
    histories = {"pretrain": history(50, ((50, 0.9),)), "finetune": history(25, ((25, 0.5), (50, 0.6)))}
    assert so_far(GROUND_TRUTH, SCORES, ("normal", "murmur"), histories) == (
        "murmur AUC 0.750, accuracy 0.750 on 4 recordings so far (weights of step 25, validation loss 0.500)"
    )


@pytest.mark.parametrize("histories", [{}, {"epochs": history(150, ())}])
def test_without_validation(histories: dict[str, TrainingHistory]) -> None:
    """Without validation patients there is no best step."""
    line = so_far(GROUND_TRUTH, SCORES, ("normal", "murmur"), histories)
    assert line == "murmur AUC 0.750, accuracy 0.750 on 4 recordings so far"


def test_labels_without_murmur() -> None:
    """The first label that is not normal is the finding."""
    assert so_far(GROUND_TRUTH, SCORES, ("clear", "muffled"), {}).startswith("clear AUC 0.750")


def test_ended() -> None:
    """The sentence has what was done, and which network the result has."""
    assert "2 of 5 folds were done" in ended_sentence(2, 5)
    assert "all 5 folds were done, but not the fit on all recordings" in ended_sentence(5, 5)
    assert all("the best fold's" in ended_sentence(done, 5) for done in (2, 5))

"""Lines while a training runs."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="courses come with the training extra")

from training.fitting.trainer import TrainingHistory
from training.recipes.status import ended_sentence, so_far

TRUTH = np.array([0, 0, 1, 1], np.intp)
SCORES = np.array([[0.8, 0.2], [0.6, 0.4], [0.7, 0.3], [0.1, 0.9]])


def course(kept: int, watched: tuple[tuple[int, float], ...]) -> TrainingHistory:
    """Return the course of a stage."""
    return TrainingHistory(((25, 0.7),), watched, kept, True)


def test_figures_so_far() -> None:
    """The finding's AUC, the accuracy, how many recordings; and which weights were kept."""
    courses = {"before": course(50, ((50, 0.9),)), "with": course(25, ((25, 0.5), (50, 0.6)))}
    assert so_far(TRUTH, SCORES, ("normal", "murmur"), courses) == (
        "murmur AUC 0.750, accuracy 0.750 on 4 recordings so far (weights of step 25 kept, watched loss 0.500)"
    )


@pytest.mark.parametrize("courses", [{}, {"epochs": course(150, ())}])
def test_nobody_watched(courses: dict[str, TrainingHistory]) -> None:
    """Without watched patients nothing is said of what was kept."""
    line = so_far(TRUTH, SCORES, ("normal", "murmur"), courses)
    assert line == "murmur AUC 0.750, accuracy 0.750 on 4 recordings so far"


def test_labels_of_ones_own() -> None:
    """Where there is no murmur, the first label that is not normal is the finding."""
    assert so_far(TRUTH, SCORES, ("clear", "muffled"), {}).startswith("clear AUC 0.750")


def test_ended() -> None:
    """What was done is said, and what the network is then."""
    assert "2 of 5 folds were done" in ended_sentence(2, 5)
    assert "all 5 folds were done, but not the fit on all recordings" in ended_sentence(5, 5)
    assert all("the best fold's" in ended_sentence(done, 5) for done in (2, 5))

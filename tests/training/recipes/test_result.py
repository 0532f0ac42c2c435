"""The result of a training: the history of a fold has a name."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="training histories come with the training extra")

from training.fitting.cross_validation import FoldResult
from training.fitting.trainer import TrainingHistory
from training.recipes.result import FoldHistory


def test_the_history_of_a_fold() -> None:
    """It is named by repeat and fold, counted from 1, and has the stages of the fit."""
    histories = {"epochs": TrainingHistory(((1, 0.5),), (), 1, complete=True)}
    none = np.zeros(0, np.intp)
    history = FoldHistory.of_fold(FoldResult(1, 3, None, none, none, none, histories, []))
    assert (history.name, history.histories) == ("2.4", histories)

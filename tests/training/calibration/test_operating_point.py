"""The operating point: chosen for a specificity, on other folds than those that it is measured on."""

from __future__ import annotations

import math

import numpy as np
import pytest

from training.calibration.operating_point import ScoredSet, choose_threshold, measure_operating_point
from training.evaluation.bootstrap import Bootstrap


def scored_set(name: str, positive: list[float], negative: list[float], folds: list[int]) -> ScoredSet:
    """Return a set of one repeat; every recording is of a patient of its own."""
    scores = np.array([[*positive, *negative]])
    flags = np.arange(scores.shape[1]) < len(positive)
    patients = [f"{name}/{index}" for index in range(scores.shape[1])]
    return ScoredSet(name, flags, scores, np.array([folds]), patients)


def test_each_data_set_weighs_the_same() -> None:
    """A thousand quiet recordings of one set do not outvote ten of another."""
    small, large = np.linspace(0.31, 0.4, 10), np.zeros(1000)
    assert choose_threshold([small, large], specificity=0.95) == 0.4
    assert choose_threshold([np.concatenate([small, large])], specificity=0.95) == 0.01


@pytest.mark.parametrize("specificity", [0.5, 0.9, 0.95])
def test_no_lower_threshold_has_the_specificity(specificity: float) -> None:
    """The chosen one has it, the next lower candidate has not."""
    scores = np.random.default_rng(0).random(500)
    chosen = choose_threshold([scores], specificity)
    assert (scores < chosen).mean() >= specificity > (scores < chosen - 0.01).mean()


def test_scores_that_no_threshold_tells_apart() -> None:
    """The highest candidate stands where none is enough."""
    assert choose_threshold([np.ones(4)]) == 0.99


def test_a_fold_is_measured_at_the_threshold_of_the_others() -> None:
    """The high negative of fold 1 raises the threshold of fold 0 alone; its own fold's is low, so that it is passed."""
    negatives = [0.1, 0.1, 0.1, 0.5]
    point = measure_operating_point(
        "murmur", [scored_set("clinic", [0.3, 0.3], negatives, [0, 1, 0, 0, 1, 1])], 0.9, Bootstrap(0, 20), 0.95
    )
    assert point is not None
    assert point.possible_from == 0.51
    assert point.sets["clinic"]["sensitivity"].value == 0.5  # that in fold 1, where the others need 0.11
    assert point.sets["clinic"]["specificity"].value == 0.75


def test_the_share_that_gets_the_label_itself() -> None:
    """It counts by the threshold of the label."""
    point = measure_operating_point(
        "murmur", [scored_set("clinic", [0.3, 0.7], [0.1, 0.1], [0, 1, 0, 1])], 0.6, Bootstrap(0, 20)
    )
    assert point is not None
    assert point.sets["clinic"]["labelled"].value == 0.5
    assert point.sets["clinic"]["sensitivity"].value == 1.0
    values = point.to_json()
    assert (values["label"], values["specificity"], values["possible_from"]) == ("murmur", 0.95, 0.11)
    assert values["sets"]["clinic"]["labelled"]["value"] == 0.5


def test_none_below_the_threshold_of_the_label() -> None:
    """Where the label itself is given more readily, there is no band between."""
    clinic = scored_set("clinic", [0.9], [0.1, 0.8], [0, 0, 1])
    assert measure_operating_point("murmur", [clinic], 0.6, Bootstrap(0, 20)) is None


def test_a_single_fold_has_no_other() -> None:
    """Nothing is passed at the highest threshold, and nothing is undefined."""
    point = measure_operating_point("murmur", [scored_set("clinic", [0.7], [0.1], [0, 0])], 0.6, Bootstrap(0, 20))
    assert point is not None
    assert not math.isnan(point.sets["clinic"]["sensitivity"].value)

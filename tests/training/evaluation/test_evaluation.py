"""The evaluation of scored recordings."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable

import numpy as np
import pytest

from training.evaluation.bootstrap import Bootstrap
from training.evaluation.classification import CHALLENGE, COVERAGES, OF_LABEL, OVERALL
from training.evaluation.evaluation import Evaluation, EvaluationInfo, evaluate
from training.evaluation.scoring import ScoredRecording

LABELS = ("normal", "murmur", "extrastole")
EVEN = (0.4, 0.3, 0.3)

MakeScored = Callable[..., ScoredRecording]


def test_an_evaluation_is_complete(evaluation: Evaluation) -> None:
    """Overall, challenge, every label per recording and per patient, curves, groups, non-cardiac sounds."""
    assert tuple(evaluation.overall) == OVERALL
    assert tuple(evaluation.challenge) == CHALLENGE
    assert tuple(evaluation.per_label) == tuple(evaluation.per_patient) == LABELS
    assert all(tuple(of_label.metrics) == OF_LABEL for of_label in evaluation.per_label.values())
    assert [coverage for coverage, _ in evaluation.coverage] == list(COVERAGES)
    assert sum(each.count for each in evaluation.reliability) == 60
    assert set(evaluation.groups) == {"signal", "duration", "site", "data set"}
    assert evaluation.finding == "murmur"


def test_counts(evaluation: Evaluation) -> None:
    """Hearts and non-cardiac sounds are counted apart; windows and hours are of both."""
    assert len(evaluation.labelled) == evaluation.confusion.sum() == 60
    assert evaluation.num_non_cardiac == 4
    assert evaluation.num_windows == 2 * 64
    assert evaluation.hours == pytest.approx((20 * (3 + 7 + 20) + 4 * 6) / 3600)
    assert {label: of_label.positives for label, of_label in evaluation.per_label.items()} == dict(
        zip(LABELS, (40, 10, 10), strict=True)
    )
    murmur = evaluation.per_patient["murmur"]
    assert (murmur.positives, murmur.negatives) == (10, 10)
    assert evaluation.per_patient["normal"].positives == 10


def test_error_rates_complement_accuracy(evaluation: Evaluation) -> None:
    """At coverage 1 and 0.8 the error rate is 1 minus the accuracy."""
    errors = dict(evaluation.coverage)
    assert errors[1.0].value == pytest.approx(1 - evaluation.overall["accuracy"].value)
    assert errors[0.8].value == pytest.approx(1 - evaluation.overall["accuracy_on_surest_80"].value)


def test_groups_partition_the_recordings(evaluation: Evaluation) -> None:
    """Each dimension has every recording once, and accuracy is the weighted mean over its groups."""
    for groups in evaluation.groups.values():
        assert sum(group.recordings for group in groups.values()) == 60
        weighted = sum(group.recordings * group.overall["accuracy"].value for group in groups.values()) / 60
        assert weighted == pytest.approx(evaluation.overall["accuracy"].value)
    assert {name: group.recordings for name, group in evaluation.groups["signal"].items()} == {"clean": 45, "noisy": 15}
    assert evaluation.groups["data set"]["clinic"].finding.metrics == evaluation.per_label["murmur"].metrics


def test_non_cardiac_metrics(evaluation: Evaluation) -> None:
    """All windows of coughs and none of hearts are withheld, and the probabilities separate them."""
    assert evaluation.non_cardiac["windows_refused"].value == 1.0
    assert evaluation.non_cardiac["heart_windows_withheld"].value == 0.0
    assert evaluation.non_cardiac["auc"].value == 1.0


def test_fractions_of_windows_by_hand(make_scored: MakeScored, make_info: Callable[..., EvaluationInfo]) -> None:
    """3 of 8 windows of non-cardiac sounds are withheld, 1 of 4 of hearts: windows count, not files."""
    scored = [
        make_scored("not-heart", EVEN, "a", num_windows=6, num_withheld=3, heart=0.5),
        make_scored("not-heart", EVEN, "b", num_windows=2, num_withheld=0, heart=0.8),
        make_scored("normal", EVEN, "c", num_windows=4, num_withheld=1, heart=0.7),
    ]
    result = evaluate(scored, make_info(scored), Bootstrap(0, 20)).non_cardiac
    assert result["windows_refused"].value == pytest.approx(3 / 8)
    assert result["heart_windows_withheld"].value == pytest.approx(1 / 4)
    assert result["auc"].value == 0.5


def test_a_network_without_a_non_cardiac_output(
    make_scored: MakeScored, make_info: Callable[..., EvaluationInfo]
) -> None:
    """Non-cardiac sounds give no metrics, and do not count among the hearts."""
    scored = [make_scored("not-heart", EVEN, "a", heart=None), make_scored("normal", EVEN, "b", heart=None)]
    result = evaluate(scored, make_info(scored), Bootstrap(0, 20))
    assert result.non_cardiac == {}
    assert (result.num_non_cardiac, len(result.labelled)) == (1, 1)


def test_non_cardiac_sounds_alone(make_scored: MakeScored, make_info: Callable[..., EvaluationInfo]) -> None:
    """Without hearts there are only the metrics of non-cardiac sounds."""
    scored = [make_scored("not-heart", EVEN, f"n{i}", num_withheld=1) for i in range(3)]
    result = evaluate(scored, make_info(scored), Bootstrap(0, 20))
    assert result.non_cardiac["windows_refused"].value == 0.5
    assert math.isnan(result.overall["accuracy"].value)
    assert math.isnan(result.non_cardiac["auc"].value)
    assert result.groups == {}
    assert result.majority is None


def test_one_recording(make_scored: MakeScored, make_info: Callable[..., EvaluationInfo]) -> None:
    """A single recording gives a value without an interval, and no division warning."""
    scored = [make_scored("murmur", (0.1, 0.8, 0.1))]
    result = evaluate(scored, make_info(scored), Bootstrap(0, 20))
    assert result.overall["accuracy"].to_json() == {"value": 1.0, "low": None, "high": None}
    assert math.isnan(result.per_label["murmur"].metrics["auc"].value)


def test_equal_seeds_give_equal_intervals(
    scored_set: list[ScoredRecording], make_info: Callable[..., EvaluationInfo]
) -> None:
    """The same seed gives the same intervals; another seed other intervals of the same values."""
    info = make_info(scored_set)
    first, again, other = (evaluate(scored_set, info, Bootstrap(seed, 25)) for seed in (3, 3, 4))
    assert first.overall == again.overall
    assert first.per_label == again.per_label
    assert first.overall["accuracy"].value == other.overall["accuracy"].value
    assert first.overall != other.overall


def test_data_sets_seen_in_training(
    scored_set: list[ScoredRecording], make_info: Callable[..., EvaluationInfo]
) -> None:
    """A data set of a name that bundle.json gives as training data is marked; others are not."""
    info = make_info(scored_set, seen="clinic")
    assert info.seen == ["clinic"]
    assert [data["seen_in_training"] for data in info.data] == [True, False]
    assert make_info(scored_set).seen == []


def test_counts_per_data_set(scored_set: list[ScoredRecording], make_info: Callable[..., EvaluationInfo]) -> None:
    """Counts per set: recordings, patients, labels."""
    clinic, coughs = make_info(scored_set).data
    assert clinic == {
        "set": "clinic",
        "recordings": 60,
        "patients": 20,
        "labels": {"extrastole": 10, "murmur": 10, "normal": 40},
        "seen_in_training": False,
    }
    assert coughs["labels"] == {"not-heart": 4}


def test_unknown_patients_are_counted(make_scored: MakeScored, make_info: Callable[..., EvaluationInfo]) -> None:
    """Recordings of unknown patients are counted, and each counts as another patient."""
    scored = [make_scored("normal", EVEN, ""), make_scored("murmur", EVEN, ""), make_scored("normal", EVEN, "p")]
    info = make_info(scored)
    assert info.num_unknown_patients == 2
    assert info.data[0]["patients"] == 3
    assert len(set(evaluate(scored, info, Bootstrap(0, 20)).labelled.patients)) == 3


def test_an_evaluation_is_frozen(evaluation: Evaluation) -> None:
    """An evaluation cannot be changed."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        evaluation.num_windows = 0  # type: ignore[misc]


def test_any_order_gives_the_same_values(
    scored_set: list[ScoredRecording], make_info: Callable[..., EvaluationInfo]
) -> None:
    """Values do not depend on the order of the files."""
    order = np.random.default_rng(0).permutation(len(scored_set))
    mixed = [scored_set[row] for row in order]
    first, second = (evaluate(some, make_info(some), Bootstrap(0, 10)) for some in (scored_set, mixed))
    for name in OVERALL:
        assert first.overall[name].value == pytest.approx(second.overall[name].value)
    np.testing.assert_array_equal(first.confusion, second.confusion)

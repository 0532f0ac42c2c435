"""Judged recordings become an evaluation."""

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


def test_all_that_is_promised(evaluation: Evaluation) -> None:
    """Overall, challenge, every label per recording and per patient, curves, groups, heart or not."""
    assert tuple(evaluation.overall) == OVERALL
    assert tuple(evaluation.challenge) == CHALLENGE
    assert tuple(evaluation.per_label) == tuple(evaluation.per_patient) == LABELS
    assert all(tuple(its.metrics) == OF_LABEL for its in evaluation.per_label.values())
    assert [share for share, _ in evaluation.coverage] == list(COVERAGES)
    assert sum(its.count for its in evaluation.reliability) == 60
    assert set(evaluation.groups) == {"signal", "duration", "site", "data set"}
    assert evaluation.finding == "murmur"


def test_counts(evaluation: Evaluation) -> None:
    """Hearts and other sounds are counted apart; windows and hours of both."""
    assert len(evaluation.labelled) == evaluation.confusion.sum() == 60
    assert evaluation.num_non_cardiac == 4
    assert evaluation.num_windows == 2 * 64
    assert evaluation.hours == pytest.approx((20 * (3 + 7 + 20) + 4 * 6) / 3600)
    assert {label: its.positives for label, its in evaluation.per_label.items()} == dict(
        zip(LABELS, (40, 10, 10), strict=True)
    )
    murmur = evaluation.per_patient["murmur"]
    assert (murmur.positives, murmur.negatives) == (10, 10)
    assert evaluation.per_patient["normal"].positives == 10


def test_errors_are_the_other_side_of_accuracy(evaluation: Evaluation) -> None:
    """At full coverage the errors are what accuracy leaves, at 80 % what accuracy on the surest leaves."""
    errors = dict(evaluation.coverage)
    assert errors[1.0].value == pytest.approx(1 - evaluation.overall["accuracy"].value)
    assert errors[0.8].value == pytest.approx(1 - evaluation.overall["accuracy_on_surest_80"].value)


def test_groups_partition_the_recordings(evaluation: Evaluation) -> None:
    """Each dimension has every recording once, and accuracy is the mean of its groups'."""
    for groups in evaluation.groups.values():
        assert sum(group.recordings for group in groups.values()) == 60
        weighed = sum(group.recordings * group.overall["accuracy"].value for group in groups.values()) / 60
        assert weighed == pytest.approx(evaluation.overall["accuracy"].value)
    assert {name: group.recordings for name, group in evaluation.groups["signal"].items()} == {"clean": 45, "noisy": 15}
    assert evaluation.groups["data set"]["clinic"].finding.metrics == evaluation.per_label["murmur"].metrics


def test_hearts_and_other_sounds(evaluation: Evaluation) -> None:
    """All windows of the coughs are refused, none of the hearts', and the probabilities part them."""
    assert evaluation.non_cardiac["windows_refused"].value == 1.0
    assert evaluation.non_cardiac["heart_windows_withheld"].value == 0.0
    assert evaluation.non_cardiac["auc"].value == 1.0


def test_shares_of_windows_by_hand(make_scored: MakeScored, make_info: Callable[..., EvaluationInfo]) -> None:
    """3 of 8 windows of other sounds are refused, 1 of 4 of hearts withheld: windows count, not files."""
    scored = [
        make_scored("not-heart", EVEN, "a", num_windows=6, num_withheld=3, heart=0.5),
        make_scored("not-heart", EVEN, "b", num_windows=2, num_withheld=0, heart=0.8),
        make_scored("normal", EVEN, "c", num_windows=4, num_withheld=1, heart=0.7),
    ]
    found = evaluate(scored, make_info(scored), Bootstrap(0, 20)).non_cardiac
    assert found["windows_refused"].value == pytest.approx(3 / 8)
    assert found["heart_windows_withheld"].value == pytest.approx(1 / 4)
    assert found["auc"].value == 0.5


def test_a_network_that_does_not_tell(make_scored: MakeScored, make_info: Callable[..., EvaluationInfo]) -> None:
    """Other sounds say nothing of such a bundle, and do not count among the hearts."""
    scored = [make_scored("not-heart", EVEN, "a", heart=None), make_scored("normal", EVEN, "b", heart=None)]
    found = evaluate(scored, make_info(scored), Bootstrap(0, 20))
    assert found.non_cardiac == {}
    assert (found.num_non_cardiac, len(found.labelled)) == (1, 1)


def test_no_heart_at_all(make_scored: MakeScored, make_info: Callable[..., EvaluationInfo]) -> None:
    """A folder of other sounds alone gives that one figure, and no other."""
    scored = [make_scored("not-heart", EVEN, f"n{number}", num_withheld=1) for number in range(3)]
    found = evaluate(scored, make_info(scored), Bootstrap(0, 20))
    assert found.non_cardiac["windows_refused"].value == 0.5
    assert math.isnan(found.overall["accuracy"].value)
    assert math.isnan(found.non_cardiac["auc"].value)
    assert found.groups == {}
    assert found.majority is None


def test_one_recording(make_scored: MakeScored, make_info: Callable[..., EvaluationInfo]) -> None:
    """A single recording gives a value without an interval, and no warning of a division by nothing."""
    scored = [make_scored("murmur", (0.1, 0.8, 0.1))]
    found = evaluate(scored, make_info(scored), Bootstrap(0, 20))
    assert found.overall["accuracy"].to_json() == {"value": 1.0, "low": None, "high": None}
    assert math.isnan(found.per_label["murmur"].metrics["auc"].value)


def test_the_seed_repeats_every_digit(
    scored_set: list[ScoredRecording], make_info: Callable[..., EvaluationInfo]
) -> None:
    """The same seed gives the same figures; another one other intervals of the same values."""
    facts = make_info(scored_set)
    first, again, other = (evaluate(scored_set, facts, Bootstrap(seed, 25)) for seed in (3, 3, 4))
    assert first.overall == again.overall
    assert first.per_label == again.per_label
    assert first.overall["accuracy"].value == other.overall["accuracy"].value
    assert first.overall != other.overall


def test_what_was_seen_in_training(scored_set: list[ScoredRecording], make_info: Callable[..., EvaluationInfo]) -> None:
    """A data set of a name that bundle.json gives as training data is marked; others are not."""
    facts = make_info(scored_set, seen="clinic")
    assert facts.seen == ["clinic"]
    assert [data["seen_in_training"] for data in facts.data] == [True, False]
    assert make_info(scored_set).seen == []


def test_data_sets_are_described(scored_set: list[ScoredRecording], make_info: Callable[..., EvaluationInfo]) -> None:
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
    """Who says nothing of patients is told so; such recordings are each another patient's."""
    scored = [make_scored("normal", EVEN, ""), make_scored("murmur", EVEN, ""), make_scored("normal", EVEN, "p")]
    facts = make_info(scored)
    assert facts.num_unknown_patients == 2
    assert facts.data[0]["patients"] == 3
    assert len(set(evaluate(scored, facts, Bootstrap(0, 20)).labelled.patients)) == 3


def test_an_evaluation_is_frozen(evaluation: Evaluation) -> None:
    """What was measured is not changed afterwards."""
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

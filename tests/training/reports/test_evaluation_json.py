"""The JSON object of an evaluation has the documented keys, and no NaN anywhere."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from training.evaluation.bootstrap import Bootstrap
from training.evaluation.classification import OF_LABEL
from training.evaluation.evaluation import Evaluation, EvaluationInfo, evaluate
from training.evaluation.scoring import ScoredRecording
from training.reports.evaluation_json import to_json

LABELS = ["normal", "murmur", "extrastole"]
PARTS = {"value", "low", "high"}
EVEN = (0.4, 0.3, 0.3)


def numbers(value: Any) -> Iterator[float]:
    """Yield every number in some JSON values."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from numbers(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from numbers(inner)
    elif isinstance(value, float):
        yield value


@pytest.fixture(scope="module")
def values(evaluation: Evaluation) -> dict[str, Any]:
    """Return the object, written and read again."""
    read: dict[str, Any] = json.loads(json.dumps(to_json(evaluation), allow_nan=False))
    return read


@pytest.mark.parametrize(
    "name", ["accuracy", "balanced_accuracy", "macro_f1", "calibration_error", "accuracy_on_surest_80"]
)
def test_metrics_of_all_labels(values: dict[str, Any], name: str) -> None:
    """Each metric has its value and its interval."""
    assert set(values[name]) == PARTS
    assert 0 <= values[name]["low"] <= values[name]["high"] <= 1
    assert 0 <= values[name]["value"] <= 1


@pytest.mark.parametrize("name", OF_LABEL)
def test_metrics_of_every_label(values: dict[str, Any], name: str) -> None:
    """Every metric of a label is there for every label, with its interval."""
    assert list(values[name]) == LABELS
    assert all(set(metric) == PARTS for metric in values[name].values())
    assert values[name] == {label: values["per_recording"][label][name] for label in LABELS}


def test_confusion(values: dict[str, Any], evaluation: Evaluation) -> None:
    """The confusion matrix has its labels, and a row for each true label."""
    assert values["confusion"] == {"labels": LABELS, "matrix": evaluation.confusion.tolist()}
    right = sum(values["confusion"]["matrix"][index][index] for index in range(3))
    assert values["accuracy"]["value"] == pytest.approx(right / 60, abs=1e-4)


def test_what_was_measured(values: dict[str, Any]) -> None:
    """Bundle, digest, counts, data sets and the seed of the intervals are there."""
    assert (values["type"], values["schema"]) == ("evaluation", 1)
    assert (values["model"], len(values["model_sha256"])) == ("plain", 64)
    assert (values["recordings"], values["patients"], values["windows"]) == (60, 20, 128)
    assert (values["hop_s"], values["seed"], values["repeats"]) == (1.0, 0, 50)
    assert [data["set"] for data in values["data"]] == ["clinic", "coughs"]
    assert values["finding"] == "murmur"


def test_curves(values: dict[str, Any]) -> None:
    """There are ten points of coverage with intervals, and ten bins of confidence, the empty ones null."""
    assert [point["coverage"] for point in values["coverage"]] == [tenth / 10 for tenth in range(1, 11)]
    assert all(set(point["error"]) == PARTS for point in values["coverage"])
    assert len(values["reliability"]) == 10
    for row in values["reliability"]:
        assert set(row) == {"low", "high", "count", "confidence", "accuracy"}
        assert (row["confidence"] is None) == (row["accuracy"] is None) == (row["count"] == 0)


def test_groups_and_patients(values: dict[str, Any]) -> None:
    """Metrics are there per patient, for clean and noisy recordings, by duration, site and data set."""
    assert list(values["per_patient"]) == LABELS
    assert values["per_patient"]["murmur"]["positives"] == 10
    assert list(values["subgroups"]["signal"]) == ["clean", "noisy"]
    assert list(values["subgroups"]["duration"]) == ["below 5 s", "5 to 10 s", "above 10 s"]
    assert list(values["subgroups"]["site"]) == ["A", "B", "C", "D"]
    group = values["subgroups"]["data set"]["clinic"]
    assert (group["recordings"], group["patients"]) == (60, 20)
    assert set(group["auc"]) == set(group["balanced_accuracy"]) == PARTS


def test_the_challenge(values: dict[str, Any]) -> None:
    """The challenge's metrics stand beside the published ones."""
    assert set(values["challenge"]["discriminant_power"]) == PARTS
    assert [row["name"] for row in values["challenge"]["published"]] == ["J48", "MLP", "UCL"]


def test_non_cardiac_sounds(values: dict[str, Any]) -> None:
    """The share of windows of non-cardiac sounds that were withheld is there."""
    assert values["no_heart"]["recordings"] == 4
    assert values["no_heart"]["windows_refused"]["value"] == 1.0


def test_seen_in_training(evaluation: Evaluation, seen_evaluation: Evaluation) -> None:
    """A data set seen in training sets a flag, is named, and has the first note."""
    assert to_json(evaluation)["seen_in_training"] is False
    values = to_json(seen_evaluation)
    assert values["seen_in_training"] is True
    assert values["seen_sets"] == ["clinic"]
    assert values["notes"][0].startswith("NOT HELD OUT")


def test_every_number_is_finite(values: dict[str, Any]) -> None:
    """There is no NaN and no infinity, which JSON does not have."""
    all_numbers = list(numbers(values))
    assert len(all_numbers) > 200
    assert all(math.isfinite(number) for number in all_numbers)


@pytest.mark.parametrize("labels", ["murmur", "not-heart", "normal or extrastole"])
def test_what_is_undefined_is_null(
    make_scored: Callable[..., ScoredRecording], make_info: Callable[..., EvaluationInfo], labels: str
) -> None:
    """Of a single recording an undefined metric is null."""
    scored = [make_scored(labels, EVEN)]
    values = to_json(evaluate(scored, make_info(scored), Bootstrap(0, 10)))
    text = json.dumps(values, allow_nan=False)
    assert "NaN" not in text
    assert values["auc"]["murmur"] == {"value": None, "low": None, "high": None}
    assert values["accuracy"]["value"] == (0.0 if labels == "murmur" else None)
    assert values["accuracy"]["low"] is None
    assert (values["always"] is None) == (labels != "murmur")


def test_a_bundle_without_a_non_cardiac_output(
    make_scored: Callable[..., ScoredRecording], make_info: Callable[..., EvaluationInfo]
) -> None:
    """Without an output for non-cardiac sounds their metrics are null."""
    scored = [make_scored("normal", EVEN, heart=None)]
    assert to_json(evaluate(scored, make_info(scored), Bootstrap(0, 10)))["no_heart"] is None


def test_the_same_keys_for_everyone(
    values: dict[str, Any], make_scored: Callable[..., ScoredRecording], make_info: Callable[..., EvaluationInfo]
) -> None:
    """Whatever the data, the object has the same top-level keys."""
    scored = [make_scored("not-heart", EVEN)]
    assert list(to_json(evaluate(scored, make_info(scored), Bootstrap(0, 10)))) == list(values)

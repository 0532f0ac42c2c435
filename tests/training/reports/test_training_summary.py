"""What ``auscult train`` prints of held-out patients."""

from __future__ import annotations

import dataclasses
import io

import numpy as np
import pytest
from rich.console import Console

pytest.importorskip("tensorflow", reason="training results come with the training extra")

from monitor.features.spec import HEART
from monitor.inference.calibration import Calibration
from monitor.inference.thresholds import DecisionThresholds
from training.calibration.abstention import SelectiveAccuracy
from training.calibration.gate import GateMetrics
from training.evaluation.bootstrap import Estimate
from training.evaluation.cross_validated import measure
from training.recipes.result import TrainingResult
from training.reports.training_summary import print_summary

LABELS = ("normal", "murmur")
RATE = Estimate(0.9, 0.8, 0.95)


@pytest.fixture(scope="module")
def result() -> TrainingResult:
    """Return the result of a training without networks: 6 recordings of 3 patients, in two repeats."""
    truth = np.array([0, 0, 0, 0, 1, 1], np.intp)
    scores = np.random.default_rng(0).dirichlet((1.0, 1.0), (2, 6))
    metrics = measure(truth, scores, LABELS, ["a", "a", "b", "b", "c", "c"])
    return TrainingResult(None, LABELS, HEART, Calibration(), DecisionThresholds(), metrics, {}, [])


def printed(result: TrainingResult) -> list[str]:
    """Return the lines that a terminal of 80 columns shows."""
    stream = io.StringIO()
    print_summary(result, Console(file=stream, width=80))
    return [line.strip() for line in stream.getvalue().splitlines()]


def test_labels(result: TrainingResult) -> None:
    """Each label has a row with its number of recordings, counted once."""
    lines = printed(result)
    assert lines[0] == "6 recordings of 3 patients, each held out once in each of 2 repeats"
    rows = [line.split()[:2] for line in lines if line.startswith(LABELS)]
    assert rows == [["normal", "4"], ["murmur", "2"]]


def test_metrics_of_all_labels(result: TrainingResult) -> None:
    """Every metric of all labels has a line with its interval."""
    accuracy = result.evidence.overall["accuracy"]
    assert f"accuracy: {accuracy}" in printed(result)
    assert any(line.startswith("accuracy at 80 % coverage: ") for line in printed(result))


def test_lines_only_for_what_was_measured(result: TrainingResult) -> None:
    """Other sets, operating point, gate and an early end have a line where there are such, and none otherwise."""
    full = dataclasses.replace(
        result,
        other_sets={"[clinic]": {"murmur_auc": RATE}},
        selective_accuracy=SelectiveAccuracy(1 / 6, 0.55, RATE, RATE, []),
        gate_metrics=GateMetrics(RATE, {}, {}, {}),
        ended="Ended by hand: 2 of 5 folds were done.",
    )
    text = "0.900 (0.800 to 0.950)"
    assert printed(full)[len(printed(result)) :] == [
        f"[clinic], held-out patients, murmur AUC: {text}",
        "label given from a confidence of 0.55: coverage 0.900 (0.800 to 0.950), error",
        f"rate {text}",
        f"quality gate, heart against non-cardiac sounds, AUC {text}",
        "Ended by hand: 2 of 5 folds were done.",
    ]

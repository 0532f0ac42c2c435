"""Counts give the metrics of what was counted; those that are committed give the figures of the shipped bundle."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from monitor.inference.bundle import load_bundle
from training.evaluation.bootstrap import Bootstrap, mean_statistic
from training.evaluation.segmentation import FoundSounds, found_sounds, segmentation_metrics
from training.evaluation.segmentation_counts import SHOWN_FROM, counts_of, rows_of

EVIDENCE = Path(__file__).parents[3] / "docs" / "evidence" / "segmentation" / "counts.npz"


def row(patient: str, seed: int) -> FoundSounds:
    """Return what was found in a recording of twelve beats, some of it wrong, some of it not sure."""
    rng = np.random.default_rng(seed)
    edges = 0.4 * np.arange(49) / 2 + 1.0
    annotations = np.column_stack([edges[:-1], edges[1:], np.tile([1, 2, 3, 4], 12)])
    sounds = [
        _Sound(bool(state == 1) != bool(rng.random() < 0.1), (start + end) / 2, float(rng.random()))
        for start, end, state in annotations
        if state in (1, 3) and rng.random() < 0.9
    ]
    return found_sounds(patient, annotations, sounds)


class _Sound:
    """A heart sound that a test found."""

    def __init__(self, is_s1: bool, at_s: float, confidence: float) -> None:
        self.is_s1, self.at_s, self.confidence = is_s1, at_s, confidence


def test_counts_give_the_metrics_of_what_was_counted() -> None:
    """With their intervals: patients are told apart."""
    rows = [row(patient, seed) for seed, patient in enumerate("aabbccd")]
    again = rows_of(counts_of(rows, 0.3))
    estimates = [
        Bootstrap(repeats=50).estimate(segmentation_metrics(some, shown_from), [one.patient for one in some])
        for some, shown_from in ((rows, 0.3), (again, SHOWN_FROM))
    ]
    for name, estimate in estimates[0].items():
        assert estimates[1][name].to_json() == estimate.to_json()
    assert 0 < estimates[0]["error"].value < 0.3


def test_the_figures_of_the_shipped_bundle_are_those_of_its_counts() -> None:
    """Value and interval of each, the mean over the seeds."""
    metrics = load_bundle().settings["segmentation"]["metrics"]
    with np.load(EVIDENCE) as counts:
        seeds = len(counts["shown"])
        repeats = [rows_of({name: counts[name][seed] for name in counts.files}) for seed in range(seeds)]
    statistic = mean_statistic([segmentation_metrics(rows, SHOWN_FROM) for rows in repeats])
    again = Bootstrap().estimate(statistic, [one.patient for one in repeats[0]])
    assert seeds >= 3
    for name, estimate in again.items():
        assert metrics[name] == pytest.approx(estimate.to_json(), abs=1e-4)

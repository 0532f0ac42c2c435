"""Metrics and their intervals over patients, against a plain bootstrap."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from training.evaluation.bootstrap import Bootstrap, Estimate, mean_statistic

VALUES = np.random.default_rng(0).standard_normal(40)
PATIENTS = [f"p{row // 2}" for row in range(40)]


def mean_and_max(rows: NDArray[np.intp]) -> dict[str, float]:
    """Return two metrics of some rows."""
    return {"mean": float(VALUES[rows].mean()), "max": float(VALUES[rows].max())}


def plain_interval(name: str, seed: int, repeats: int) -> tuple[float, float]:
    """Return the 95 % interval of one metric, resample by resample."""
    names = np.unique(PATIENTS)
    rows = [np.flatnonzero(np.array(PATIENTS) == patient) for patient in names]
    rng = np.random.default_rng(seed)
    resamples = [rng.integers(len(names), size=len(names)) for _ in range(repeats)]
    values = [mean_and_max(np.concatenate([rows[index] for index in resample]))[name] for resample in resamples]
    low, high = np.percentile(values, (2.5, 97.5))
    return float(low), float(high)


def test_intervals_of_several_metrics_equal_those_of_each_alone() -> None:
    """Seed for seed, each interval is that of a plain bootstrap of its metric."""
    estimates = Bootstrap(7, 200).estimate(mean_and_max, PATIENTS)
    for name, estimate in estimates.items():
        assert (estimate.low, estimate.high) == pytest.approx(plain_interval(name, 7, 200))
        assert estimate.value == mean_and_max(np.arange(40))[name]


def test_equal_seeds_give_equal_intervals() -> None:
    """The same seed, the same digits; another seed, other resamples."""
    first, again, other = (Bootstrap(seed, 50).estimate(mean_and_max, PATIENTS) for seed in (1, 1, 2))
    assert first == again
    assert first["mean"] != other["mean"]


def test_patients_are_resampled_whole() -> None:
    """In every resample the rows of a patient occur equally often."""
    counts = []

    def record(rows: NDArray[np.intp]) -> dict[str, float]:
        counts.append(np.bincount(rows, minlength=40))
        return {"count": float(len(rows))}

    estimate = Bootstrap(0, 30).estimate(record, PATIENTS)["count"]
    assert len(counts) == 31
    assert all((times[0::2] == times[1::2]).all() for times in counts)
    assert any(times.max() > 1 for times in counts)
    assert estimate == Estimate(40.0, 40.0, 40.0)


def mean_of(values: NDArray[np.float64]) -> Any:
    """Return the statistic that is the mean of some values."""
    return lambda rows: {"mean": float(values[rows].mean())}


def test_interval_covers_the_true_mean() -> None:
    """Of 60 data sets drawn from patients of mean 0, the 95 % interval of at least 50 holds 0 (57 expected)."""
    covered = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        values = np.repeat(rng.standard_normal(40), 3) + 0.1 * rng.standard_normal(120)
        estimate = Bootstrap(seed, 200).estimate(mean_of(values), [f"p{row // 3}" for row in range(120)])["mean"]
        assert estimate.low < values.mean() < estimate.high
        covered += estimate.low < 0 < estimate.high
    assert covered >= 50


def test_copies_of_a_recording_do_not_narrow_the_interval() -> None:
    """Ten copies of each recording make the interval narrower only if they count as other patients'."""
    values = np.random.default_rng(0).standard_normal(30)

    def width(copies: int, *, same_patient: bool) -> float:
        names = [f"p{row // copies if same_patient else row}" for row in range(30 * copies)]
        estimate = Bootstrap(1, 400).estimate(mean_of(np.repeat(values, copies)), names)["mean"]
        return estimate.high - estimate.low

    alone = width(1, same_patient=True)
    assert width(10, same_patient=True) == pytest.approx(alone, rel=0.15)
    assert width(10, same_patient=False) < 0.5 * alone


def test_resamples_without_a_value_are_left_out() -> None:
    """A resample in which a metric is NaN does not count for that metric."""

    def sometimes(rows: NDArray[np.intp]) -> dict[str, float]:
        return {"sometimes": 5.0 if 0 in rows else math.nan, "never": math.nan}

    estimates = Bootstrap(0, 100).estimate(sometimes, PATIENTS)
    never = estimates["never"]
    assert estimates["sometimes"] == Estimate(5.0, 5.0, 5.0)
    assert all(math.isnan(value) for value in (never.value, never.low, never.high))


def test_a_metric_without_a_value_has_no_interval() -> None:
    """A metric that the recordings do not give has no interval, though some resample would give one."""
    estimates = Bootstrap(0, 20).estimate(lambda rows: {"odd": math.nan if len(set(rows)) == 40 else 1.0}, PATIENTS)
    assert estimates["odd"].to_json() == {"value": None, "low": None, "high": None}


def test_one_patient_has_no_interval() -> None:
    """A single patient cannot be resampled, so the bounds are NaN, not equal."""
    estimate = Bootstrap().estimate(mean_and_max, ["p"] * 40)["mean"]
    assert estimate.value == VALUES.mean()
    assert math.isnan(estimate.low)
    assert math.isnan(estimate.high)


def test_patients_whose_names_differ_by_a_nul_are_two() -> None:
    """The rows of 'a' are drawn without those of the patient whose name goes on with a NUL character."""
    patients = ["a", "a", "a\0", "a\0"]
    drawn: list[list[int]] = []

    def record(rows: NDArray[np.intp]) -> dict[str, float]:
        drawn.append(rows.tolist())
        return {"count": float(len(rows))}

    Bootstrap(0, 20).estimate(record, patients)
    assert {tuple(rows) for rows in drawn[1:]} == {(0, 0, 1, 1), (0, 1, 2, 3), (2, 2, 3, 3)}


def test_zero_repeats_are_refused() -> None:
    """One resample or more."""
    with pytest.raises(ValueError, match="repeats=0 must be 1 or more"):
        Bootstrap(0, 0)


def test_mean_statistic_averages_each_metric() -> None:
    """The mean of 1 and 3 is 2; NaN in one makes the mean NaN."""
    statistics = [lambda rows, value=value: {"a": value, "b": math.nan if value > 2 else value} for value in (1.0, 3.0)]
    mean = mean_statistic(statistics)(np.arange(3))
    assert mean["a"] == 2.0
    assert math.isnan(mean["b"])


def test_estimate_as_text() -> None:
    """An estimate reads as value and interval, three digits each."""
    assert str(Estimate(0.92345, 0.88, 0.951)) == "0.923 (0.880 to 0.951)"

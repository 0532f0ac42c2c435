"""Many figures from one set of draws: the same intervals as one by one."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from training.evaluation import metrics
from training.evaluation.bootstrap import Bootstrap, Estimate

VALUES = np.random.default_rng(0).standard_normal(40)
PATIENTS = [f"p{row // 2}" for row in range(40)]


def mean_and_most(rows: NDArray[np.intp]) -> dict[str, float]:
    """Return two figures of some rows."""
    return {"mean": float(VALUES[rows].mean()), "most": float(VALUES[rows].max())}


def test_the_same_as_one_by_one() -> None:
    """Seed for seed, each interval is what training.evaluation.metrics gives for its figure alone."""
    found = Bootstrap(7, 200).figures(mean_and_most, PATIENTS)
    for name, figure in found.items():
        alone = metrics.bootstrap_interval(
            lambda rows, name=name: mean_and_most(rows)[name], PATIENTS, np.random.default_rng(7), repeats=200
        )
        assert (figure.low, figure.high) == pytest.approx(alone)
        assert figure.value == mean_and_most(np.arange(40))[name]


def test_the_seed_repeats_and_another_differs() -> None:
    """The same seed, the same digits; another seed, other draws."""
    first, again, other = (Bootstrap(seed, 50).figures(mean_and_most, PATIENTS) for seed in (1, 1, 2))
    assert first == again
    assert first["mean"] != other["mean"]


def test_patients_are_drawn_whole() -> None:
    """Whatever is drawn, the rows of a patient come together, each as often as the others."""
    seen = []

    def note(rows: NDArray[np.intp]) -> dict[str, float]:
        seen.append(np.bincount(rows, minlength=40))
        return {"count": float(len(rows))}

    figure = Bootstrap(0, 30).figures(note, PATIENTS)["count"]
    assert len(seen) == 31
    assert all((times[0::2] == times[1::2]).all() for times in seen)
    assert any(times.max() > 1 for times in seen)
    assert figure == Estimate(40.0, 40.0, 40.0)


def test_draws_without_a_figure_are_left_out() -> None:
    """A draw in which a figure is no number does not count for that figure."""

    def sometimes(rows: NDArray[np.intp]) -> dict[str, float]:
        return {"sometimes": 5.0 if 0 in rows else math.nan, "never": math.nan}

    found = Bootstrap(0, 100).figures(sometimes, PATIENTS)
    assert found["sometimes"] == Estimate(5.0, 5.0, 5.0)
    assert all(math.isnan(value) for value in (found["never"].value, found["never"].low, found["never"].high))


def test_what_the_whole_does_not_give_no_draw_gives() -> None:
    """A figure that the recordings do not give has no interval either, though some draw would give one."""
    found = Bootstrap(0, 20).figures(lambda rows: {"odd": math.nan if len(set(rows)) == 40 else 1.0}, PATIENTS)
    assert found["odd"].to_json() == {"value": None, "low": None, "high": None}


def test_one_patient_has_no_interval() -> None:
    """Nothing can be drawn from a single patient, so the bounds are unknown, not of no width."""
    figure = Bootstrap().figures(mean_and_most, ["p"] * 40)["mean"]
    assert figure.value == VALUES.mean()
    assert math.isnan(figure.low)
    assert math.isnan(figure.high)


def test_no_draws_are_refused() -> None:
    """One draw or more."""
    with pytest.raises(ValueError, match="repeats=0 must be 1 or more"):
        Bootstrap(0, 0)

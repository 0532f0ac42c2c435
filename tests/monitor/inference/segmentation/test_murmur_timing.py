"""The model of where a murmur lies: its features, its probabilities, when it says nothing, and what it refuses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from monitor.inference.segmentation.murmur_timing import (
    NUM_FEATURES,
    NUM_VALUES,
    TIMINGS,
    TimingModel,
    timing_features,
)


def cycles_of(*levels: float, confidence: float = 0.9, count: int = 4) -> np.ndarray:
    """Return cycles whose five parts have these levels in every band, of equal systole and diastole."""
    row = np.concatenate((np.repeat(levels, 6), [0.0, confidence])).astype(np.float32)
    return np.tile(row, (count, 1))


def settings(said_from: float = 0.6) -> dict[str, Any]:
    """Return a model that hears systole in its first half, diastole in its first third, in the lowest pair of bands."""
    weights = {timing: [0.0] * (NUM_FEATURES + 1) for timing in TIMINGS}
    weights["systolic"][0] = weights["diastolic"][12] = 2.0
    weights["systolic and diastolic"][-1] = -3.0
    return {"weights": weights, "said_from": dict.fromkeys(TIMINGS, said_from)}


class TestFeatures:
    """What the model hears of some cycles."""

    def test_against_the_quietest_part(self) -> None:
        """Levels are those above the quietest part, whatever the loudness of the whole."""
        for offset in (0.0, -12.5):
            levels = timing_features(cycles_of(*(offset + np.array([3.0, 2.0, 1.0, 0.5, 0.0]))))
            assert np.allclose(levels[:-2].reshape(5, 6), np.array([3.0, 2.0, 1.0, 0.5, 0.0])[:, None], atol=1e-5)

    def test_the_quietest_part_of_each_band(self) -> None:
        """A rumble and a high murmur may lie in different parts."""
        cycles = cycles_of(0, 0, 0, 0, 0).copy()
        cycles[:, 0] = 4.0  # lowest pair of bands in the first half of systole
        cycles[:, 29] = 6.0  # highest pair in the last third of diastole
        levels = timing_features(cycles)[:-2].reshape(5, 6)
        assert levels[0].tolist() == [4, 0, 0, 0, 0, 0]
        assert levels[4].tolist() == [0, 0, 0, 0, 0, 6]

    def test_the_mean_of_the_cycles(self) -> None:
        """Every cycle counts alike."""
        both = np.concatenate((cycles_of(4, 0, 0, 0, 0, count=1), cycles_of(0, 0, 0, 0, 0, count=3)))
        assert timing_features(both)[0] == pytest.approx(1.0)

    def test_confidence(self) -> None:
        """As log-odds, within what can be told."""
        assert timing_features(cycles_of(0, 0, 0, 0, 0, confidence=0.9))[-1] == pytest.approx(np.log(9), abs=1e-4)
        assert timing_features(cycles_of(0, 0, 0, 0, 0, confidence=1.0))[-1] == pytest.approx(np.log(999), rel=1e-3)

    def test_shape(self) -> None:
        """A number for each part and pair of bands, and two."""
        assert timing_features(np.zeros((3, NUM_VALUES), np.float32)).shape == (NUM_FEATURES,)


class TestModel:
    """Probabilities, and what is said."""

    model = TimingModel.from_json(settings())

    @pytest.mark.parametrize(
        ("levels", "timing"), [((3, 0, 0, 0, 0), "systolic"), ((0, 0, 3, 0, 0), "diastolic"), ((0, 0, 0, 0, 0), None)]
    )
    def test_said(self, levels: tuple[float, ...], timing: str | None) -> None:
        """Where one is likely enough; nothing where none is."""
        assert self.model.timing(cycles_of(*levels)) == timing

    def test_probabilities_sum_to_one(self) -> None:
        """Of one row and of many, however large the odds."""
        rows = np.random.default_rng(0).normal(0, 500, (7, NUM_FEATURES))
        many = self.model.probabilities(rows)
        assert many.shape == (7, 3)
        assert np.allclose(many.sum(axis=1), 1)
        assert np.allclose(self.model.probabilities(rows[2]), many[2])

    def test_too_few_cycles(self) -> None:
        """Two cycles say nothing, three do."""
        assert self.model.timing(cycles_of(3, 0, 0, 0, 0, count=2)) is None
        assert self.model.timing(cycles_of(3, 0, 0, 0, 0, count=3)) == "systolic"
        assert self.model.timing(np.empty((0, NUM_VALUES), np.float32)) is None

    def test_never_sure(self) -> None:
        """A threshold that nothing reaches says nothing."""
        assert TimingModel.from_json(settings(1.0)).timing(cycles_of(3, 0, 0, 0, 0)) is None

    @pytest.mark.parametrize(
        ("levels", "before", "timing"),
        [
            ((0.8, 0, 0, 0, 0), None, None),
            ((0.8, 0, 0, 0, 0), "systolic", "systolic"),
            ((0.2, 0, 0, 0, 0), "systolic", None),
            ((0.8, 0, 0, 0, 0), "diastolic", None),
            ((0, 0, 3, 0, 0), "systolic", "diastolic"),
        ],
    )
    def test_what_was_said_stays_down_to_the_lower_bar(
        self, levels: tuple[float, ...], before: str | None, timing: str | None
    ) -> None:
        """With a probability of 0.81 systole is still said, not said for the first time; another one takes over."""
        model = TimingModel.from_json(settings(0.9) | {"stays_from": dict.fromkeys(TIMINGS, 0.7)})
        assert model.timing(cycles_of(*levels), before) == timing

    def test_a_bundle_with_one_bar(self) -> None:
        """An older one has no lower bar: what was said does not matter."""
        model = TimingModel.from_json(settings(0.9))
        assert model.stays_from == model.said_from
        assert model.timing(cycles_of(0.8, 0, 0, 0, 0), "systolic") is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda values: values.update(stays_from=dict.fromkeys(TIMINGS, 0.7)), "no higher"),
        (lambda values: values.update(stays_from={"systolic": 0.5}), "diastolic"),
        (lambda values: values["weights"].pop("diastolic"), "diastolic"),
        (lambda values: values["weights"]["systolic"].pop(), "inhomogeneous|33 numbers"),
        (lambda values: [row.pop() for row in values["weights"].values()], "33 numbers"),
        (lambda values: values["weights"]["systolic"].__setitem__(0, float("nan")), "33 numbers"),
        (lambda values: values["said_from"].update(systolic=1.5), "from 0 to 1"),
        (lambda values: values["said_from"].update(systolic="much"), "much"),
        (lambda values: values.pop("said_from"), "said_from"),
    ],
)
def test_settings_that_cannot_be_used(change: Any, words: str) -> None:
    """Each is refused before anything is judged with it."""
    values = settings()
    change(values)
    with pytest.raises((KeyError, TypeError, ValueError), match=words):
        TimingModel.from_json(values)

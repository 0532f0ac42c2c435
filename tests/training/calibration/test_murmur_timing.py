"""The model of where a murmur lies: what simulated murmurs give, how often that is right, and held-out folds."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.inference.segmentation.murmur_timing import NUM_FEATURES, TIMINGS, TimingModel
from training.calibration.murmur_timing import (
    TimedSpan,
    fit_timing,
    held_out,
    model_of_all,
    models_of_folds,
    said_from,
    timing_statistic,
)
from training.calibration.timing_over_time import NOTHING_SAID, SHARES, TimedSequence
from training.evaluation.bootstrap import Bootstrap


def simulated(count: int, spread: float, seed: int = 0) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Return features of murmurs: loud in systole, in diastole or in both, with noise of a spread."""
    rng = np.random.default_rng(seed)
    timing = rng.integers(0, 3, count)
    features = rng.normal(0, spread, (count, NUM_FEATURES))
    features[:, 1] += 3.0 * (timing != 1)
    features[:, 13] += 3.0 * (timing != 0)
    return features, timing


def spans_of(count: int, spread: float) -> list[TimedSpan]:
    """Return simulated spans of ten patients in five folds."""
    features, timing = simulated(count, spread)
    return [TimedSpan(f"p{row % 10}", row % 5, "moved", int(timing[row]), features[row]) for row in range(count)]


def sequences_of(spans: list[TimedSpan], hops: int = 6) -> list[TimedSequence]:
    """Return each span as a heart that is heard for some hops, with a little noise from hop to hop."""
    noise = np.random.default_rng(5).normal(0, 0.3, (len(spans), hops, NUM_FEATURES))
    return [
        TimedSequence(span.patient, span.fold, span.timing, span.features + own)
        for span, own in zip(spans, noise, strict=True)
    ]


class TestFit:
    """The weights."""

    def test_what_was_simulated_is_told(self) -> None:
        """On murmurs that were not in the fit, and with probabilities that mean what they say."""
        model = TimingModel(fit_timing(*simulated(1500, 1.0)), NOTHING_SAID, NOTHING_SAID)
        features, timing = simulated(1500, 1.0, seed=1)
        probability = model.probabilities(features)
        assert (probability.argmax(axis=1) == timing).mean() > 0.85
        sure = probability.max(axis=1) > 0.9
        assert (probability.argmax(axis=1) == timing)[sure].mean() == pytest.approx(
            probability.max(axis=1)[sure].mean(), abs=0.03
        )

    def test_every_timing_counts_alike(self) -> None:
        """Where one is rare, the model is as if it were not."""
        features, timing = simulated(2000, 1.5)
        kept = (timing != 2) | (np.arange(len(timing)) % 10 == 0)
        whole, fewer = (fit_timing(features[rows], timing[rows]) for rows in (slice(None), kept))
        assert np.abs(whole[:, -1] - fewer[:, -1]).max() < 0.5

    def test_scale_and_offset_of_a_feature_do_not_matter(self) -> None:
        """The model is the same in other units."""
        features, timing = simulated(500, 1.0)
        other = features.copy()
        other[:, 5] = 100.0 * other[:, 5] - 40.0
        one, two = (TimingModel(fit_timing(own, timing), NOTHING_SAID, NOTHING_SAID) for own in (features, other))
        assert np.allclose(one.probabilities(features), two.probabilities(other), atol=1e-4)

    def test_a_feature_that_never_changes(self) -> None:
        """It has no weight, and all weights are finite."""
        features, timing = simulated(500, 1.0)
        features[:, 7] = 2.0
        assert np.isfinite(fit_timing(features, timing)).all()


class TestThresholds:
    """From where on something is said."""

    @pytest.mark.parametrize("shares", SHARES)
    def test_right_often_enough(self, shares: tuple[float, float, float]) -> None:
        """Of what is said of each timing 95 % is right, whichever shares the timings have."""
        features, timing = simulated(1500, 1.5)
        weights = fit_timing(*simulated(1500, 1.5, seed=1))
        probability = TimingModel(weights, NOTHING_SAID, NOTHING_SAID).probabilities(features)
        best = probability.argmax(axis=1)
        weight = np.array(shares)[timing] / np.bincount(timing)[timing]
        for kind, threshold in enumerate(said_from(probability, timing)):
            said = (best == kind) & (probability[:, kind] >= threshold)
            assert said.any()
            assert weight[said & (timing == kind)].sum() >= 0.95 * weight[said].sum()

    def test_nothing_is_said_where_nothing_is_right(self) -> None:
        """The threshold is then out of reach."""
        probability = np.tile([0.8, 0.1, 0.1], (30, 1))
        assert said_from(probability, np.arange(30) % 3) == NOTHING_SAID


class TestHeldOut:
    """Folds by patient."""

    def test_a_fold_is_judged_by_the_model_of_the_others(self) -> None:
        """What a fold holds does not change its own model."""
        spans = spans_of(400, 1.0)
        turned = [
            TimedSpan(span.patient, span.fold, span.kind, (span.timing + (span.fold == 2)) % 3, span.features)
            for span in spans
        ]
        before, after = (models_of_folds(one, sequences_of(one)) for one in (spans, turned))
        assert np.allclose(before[2].weights, after[2].weights)
        assert not np.allclose(before[1].weights, after[1].weights)

    def test_figures(self) -> None:
        """Clear murmurs are told, and said; noise is not."""
        for spread, low, high in ((0.5, 0.98, 1.0), (60.0, 0.35, 0.65)):
            spans = spans_of(600, spread)
            probability, said = held_out(spans, models_of_folds(spans, sequences_of(spans)))
            timing = np.array([span.timing for span in spans])
            patients = [span.patient for span in spans]
            metrics = Bootstrap(0, 20).estimate(timing_statistic(probability, said, timing), patients)
            assert low <= metrics["auc"].value <= high
            assert (metrics["said"].value > 0.9) == (spread < 1)
            assert {f"said_{name}" for name in TIMINGS} < metrics.keys()

    def test_the_model_of_all(self) -> None:
        """It says what those of the folds say."""
        spans = spans_of(600, 0.5)
        model = model_of_all(spans, sequences_of(spans))
        best = model.probabilities(np.array([span.features for span in spans])).argmax(axis=1)
        assert (best == [span.timing for span in spans]).mean() > 0.95
        assert max(model.said_from) < 1
        assert all(low < high for low, high in zip(model.stays_from, model.said_from, strict=True))

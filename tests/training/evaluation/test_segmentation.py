"""Metrics of S1 and S2: only covered stretches count; what is missed, wrong, late or swapped counts as that."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from training.evaluation.bootstrap import Bootstrap
from training.evaluation.segmentation import (
    FoundSounds,
    covered_spans,
    estimate_segmentation,
    found_in_noise,
    found_sounds,
    noise_metrics,
    segmentation_metrics,
)


@dataclasses.dataclass(frozen=True)
class Sound:
    """A heart sound that a test found."""

    is_s1: bool
    at_s: float
    confidence: float = 0.9


def annotated(num_beats: int, cycle_s: float = 0.8, start_s: float = 1.0) -> np.ndarray:
    """Return regular beats: S1 of 0.1 s, S2 0.3 s later."""
    rows = []
    for onset in start_s + cycle_s * np.arange(num_beats):
        bounds = onset + np.array([0.0, 0.1, 0.3, 0.4, cycle_s])
        rows += [(bounds[i], bounds[i + 1], i + 1) for i in range(4)]
    return np.array(rows)


def right(annotations: np.ndarray, shift_s: float = 0.0, *, swap: bool = False) -> list[Sound]:
    """Return every annotated heart sound, perhaps late, perhaps as the other."""
    return [
        Sound((state == 1) != swap, (start + end) / 2 + shift_s) for start, end, state in annotations if state in (1, 3)
    ]


def metrics(*rows: FoundSounds, shown_from: float | None = None) -> dict[str, float]:
    """Return the metrics of some recordings."""
    return segmentation_metrics(rows, shown_from)(np.arange(len(rows)))


def test_all_found() -> None:
    """Every metric is as good as it can be."""
    result = metrics(found_sounds("a", annotated(10), right(annotated(10))), shown_from=0.5)
    assert result.pop("swapped") == result.pop("error") == 0.0
    assert np.isnan(result.pop("fast_f1"))
    assert set(result.values()) == {1.0}


def test_late_by_80_ms_is_right_within_100_alone() -> None:
    """The two tolerances are two."""
    result = metrics(found_sounds("a", annotated(10), right(annotated(10), 0.08)))
    assert (result["f1_s1"], result["f1_s1_100ms"], result["swapped"]) == (0.0, 1.0, 0.0)


def test_swapped_throughout() -> None:
    """S1 for S2 is no find, counts as swapped, and is known of the recording."""
    row = found_sounds("a", annotated(10), right(annotated(10), swap=True))
    assert row.is_swapped
    assert (metrics(row)["f1_s1"], metrics(row)["swapped"]) == (0.0, 1.0)


def test_only_covered_stretches_count() -> None:
    """What is found before, behind and in a gap is neither right nor wrong."""
    both = np.concatenate([annotated(5), annotated(5, start_s=9.0)])
    elsewhere = [Sound(True, at_s) for at_s in (0.2, 6.0, 7.0, 20.0)]
    row = found_sounds("a", both, sorted([*right(both), *elsewhere], key=lambda sound: sound.at_s))
    assert metrics(row)["f1_s1"] == 1.0
    assert row.covered_s == pytest.approx(8.0)
    assert row.annotated_bpm == pytest.approx(75.0)


def test_seconds_of_noise_in_which_a_heart_sound_is_shown() -> None:
    """Two in one second are one; what is not sure does not count, nor what lies behind the last whole second."""
    found = [Sound(True, 1.2), Sound(False, 1.5), Sound(True, 3.0), Sound(True, 4.2, 0.3), Sound(True, 6.4)]
    assert found_in_noise(6.5, found, 0.5) == (2, 6)
    statistic = noise_metrics([(2, 6), (0, 4)])
    assert statistic(np.arange(2)) == {"noise": 0.2}
    assert statistic(np.array([1, 1])) == {"noise": 0.0}


def test_missed_and_too_many() -> None:
    """One of ten S1 is missed, one S2 is found where none is: F1 of each is 2 x right over both counts."""
    found = right(annotated(10))[1:]
    found.append(Sound(False, 1.65))
    result = metrics(found_sounds("a", annotated(10), found))
    assert result["f1_s1"] == pytest.approx(18 / 19)
    assert result["f1_s2"] == pytest.approx(20 / 21)


def test_shown_and_error() -> None:
    """Of twenty heart sounds fifteen are sure enough to be shown; one of them is wrong."""
    found = [dataclasses.replace(sound, confidence=0.3) for sound in right(annotated(10))[:5]]
    found += right(annotated(10))[5:]
    found[-1] = dataclasses.replace(found[-1], at_s=found[-1].at_s + 0.2)
    result = metrics(found_sounds("a", annotated(10), found), shown_from=0.5)
    assert (result["shown"], result["error"]) == (pytest.approx(14 / 20), pytest.approx(1 / 15))


def test_fast_hearts_are_counted_apart() -> None:
    """From 130 beats per minute."""
    slow = found_sounds("a", annotated(10), [])
    fast = found_sounds("b", annotated(10, cycle_s=0.42), right(annotated(10, cycle_s=0.42)))
    assert metrics(slow, fast)["fast_f1"] == 1.0


def test_nothing_annotated_and_nothing_found() -> None:
    """State 0 covers nothing, and the metrics of nothing are no numbers, or 0."""
    row = found_sounds("a", np.array([[0.0, 5.0, 0.0]]), [Sound(True, 1.0)])
    assert covered_spans(np.empty((0, 3))) == []
    assert row.covered_s == 0.0
    assert np.isnan(metrics(row)["swapped"])


def test_intervals_are_over_patients() -> None:
    """Two recordings of one patient are resampled together, so one patient gives no interval."""
    rows = [found_sounds("a", annotated(4), right(annotated(4))), found_sounds("a", annotated(4), [])]
    assert np.isnan(estimate_segmentation(rows, Bootstrap(repeats=20))["f1_s1"].low)
    rows.append(found_sounds("b", annotated(4), right(annotated(4))))
    estimate = estimate_segmentation(rows, Bootstrap(repeats=50))["f1_s1"]
    assert estimate.low < estimate.value <= estimate.high

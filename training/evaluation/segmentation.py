"""How well S1 and S2 are found, against annotations: counts of each recording, and the metrics of many.

Conventions
-----------
A heart sound is right if an annotated one of its name has its middle within a tolerance: 60 ms, and 100 ms beside it.
It is swapped if only one of the other name has. Only stretches count that the annotations cover without a gap: neither
what was found elsewhere nor what was missed there. Two heart sounds of one name are never closer than the tolerance
twice, so nothing is matched twice. F1 is that of all sounds of a name together. Pure; must not read audio.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from training.evaluation.bootstrap import Bootstrap, Estimate

__all__ = [
    "FAST_BPM",
    "TOLERANCE_S",
    "FoundSound",
    "FoundSounds",
    "covered_spans",
    "estimate_segmentation",
    "found_in_noise",
    "found_sounds",
    "noise_metrics",
    "segmentation_metrics",
]

TOLERANCE_S, WIDE_TOLERANCE_S = 0.06, 0.1
FAST_BPM = 130.0
MAX_GAP_S = 0.02
S1, S2 = 1, 3
NAMES = ("s1", "s2")
SWAPPED_THROUGHOUT = 0.5
"""Share of swapped heart sounds from which a recording is swapped throughout."""
RATE_TOLERANCE_BPM = 5.0
MIN_INTERVALS = 3


class FoundSound(Protocol):
    """A heart sound that was found; see :class:`monitor.inference.segmentation.segmenter.HeartSound`."""

    @property
    def is_s1(self) -> bool:
        """Whether it is S1; else S2."""

    @property
    def at_s(self) -> float:
        """Its middle."""

    @property
    def confidence(self) -> float:
        """How sure it is."""


@dataclasses.dataclass(frozen=True)
class FoundSounds:
    """What was found in one recording, against its annotations.

    Attributes
    ----------
    patient : str
    reference : ndarray, shape (2,), int
        Annotated S1 and S2.
    estimated : ndarray, shape (2,), int
        Those found in the stretches that are covered.
    matched, matched_wide : ndarray, shape (2,), int
        Annotated ones that were found, within 60 and 100 ms.
    swapped : ndarray, shape (2,), int
        Annotated ones that were found only as the other.
    confidence : ndarray, shape (found,)
        Of what was found in the stretches that are covered.
    right : ndarray, shape (found,), bool
        Whether each is right.
    kept : ndarray, shape (found,), int
        Its place among all that was found.
    annotated_bpm, estimated_bpm : float
        From the median interval of S1; NaN with fewer than 3.
    covered_s : float
        Seconds that count.
    """

    patient: str
    reference: NDArray[np.intp]
    estimated: NDArray[np.intp]
    matched: NDArray[np.intp]
    matched_wide: NDArray[np.intp]
    swapped: NDArray[np.intp]
    confidence: NDArray[np.float64]
    right: NDArray[np.bool_]
    kept: NDArray[np.intp]
    annotated_bpm: float
    estimated_bpm: float
    covered_s: float

    @property
    def is_swapped(self) -> bool:
        """Whether S1 and S2 are swapped throughout."""
        return bool(self.swapped.sum() > SWAPPED_THROUGHOUT * self.reference.sum())


def covered_spans(annotations: NDArray[np.float64]) -> list[tuple[float, float]]:
    """Return the stretches that annotations cover without a gap.

    Examples
    --------
    >>> covered_spans(np.array([[1.0, 1.1, 1], [1.1, 1.3, 2], [2.0, 2.1, 1], [2.1, 2.2, 0]]))
    [(1.0, 1.3), (2.0, 2.1)]
    """
    spans: list[tuple[float, float]] = []
    for start_s, end_s, state in annotations.tolist():
        if state == 0:
            continue
        if spans and start_s - spans[-1][1] <= MAX_GAP_S:
            spans[-1] = (spans[-1][0], max(spans[-1][1], end_s))
        else:
            spans.append((start_s, end_s))
    return spans


def found_sounds(patient: str, annotations: NDArray[np.float64], found: Sequence[FoundSound]) -> FoundSounds:
    """Return what was found in a recording against its annotations.

    Parameters
    ----------
    patient : str
    annotations : ndarray, shape (annotations, 3)
        Start s, end s, state, ascending.
    found : sequence of FoundSound
    """
    spans = covered_spans(annotations)
    times = np.array([sound.at_s for sound in found], np.float64)
    first = np.array([sound.is_s1 for sound in found], np.bool_)
    inside = np.zeros(len(times), np.bool_)
    for start_s, end_s in spans:
        inside |= (times >= start_s) & (times <= end_s)
    names = [annotations[annotations[:, 2] == state] for state in (S1, S2)]
    middles = [rows[:, :2].mean(axis=1) for rows in names]
    estimates = [times[inside & first], times[inside & ~first]]
    near = [_near(middles[name], estimates[name], TOLERANCE_S) for name in (0, 1)]
    crossed = [_near(middles[name], estimates[1 - name], TOLERANCE_S) & ~near[name] for name in (0, 1)]
    kept = np.flatnonzero(inside)
    right = [
        _near(times[index : index + 1], middles[0 if first[index] else 1], TOLERANCE_S).all() for index in kept.tolist()
    ]
    return FoundSounds(
        patient=patient,
        reference=np.array([len(one) for one in middles]),
        estimated=np.array([len(one) for one in estimates]),
        matched=np.array([int(one.sum()) for one in near]),
        matched_wide=np.array([int(_near(middles[name], estimates[name], WIDE_TOLERANCE_S).sum()) for name in (0, 1)]),
        swapped=np.array([int(one.sum()) for one in crossed]),
        confidence=np.array([found[index].confidence for index in kept.tolist()], np.float64),
        right=np.array(right, np.bool_),
        kept=kept,
        annotated_bpm=_rate_bpm(middles[0], spans),
        estimated_bpm=_rate_bpm(estimates[0], spans),
        covered_s=sum(end_s - start_s for start_s, end_s in spans),
    )


def _near(reference_s: NDArray[np.float64], estimated_s: NDArray[np.float64], tolerance_s: float) -> NDArray[np.bool_]:
    """Return which reference moments have an estimated one within a tolerance."""
    if not len(estimated_s):
        return np.zeros(len(reference_s), np.bool_)
    ordered = np.sort(estimated_s)
    after = np.searchsorted(ordered, reference_s).clip(0, len(ordered) - 1)
    before = (after - 1).clip(0)
    distance = np.minimum(np.abs(ordered[after] - reference_s), np.abs(ordered[before] - reference_s))
    return np.asarray(distance <= tolerance_s)


def _rate_bpm(onsets_s: NDArray[np.float64], spans: Sequence[tuple[float, float]]) -> float:
    """Return the heart rate from the median interval inside the stretches; NaN with too few intervals."""
    intervals = [np.diff(np.sort(onsets_s[(onsets_s >= start_s) & (onsets_s <= end_s)])) for start_s, end_s in spans]
    joined = np.concatenate(intervals) if intervals else np.empty(0)
    return float(60 / np.median(joined)) if len(joined) >= MIN_INTERVALS else float("nan")


def segmentation_metrics(
    rows: Sequence[FoundSounds], shown_from: float | None = None
) -> Callable[[NDArray[np.intp]], dict[str, float]]:
    """Return the statistic of :class:`~training.evaluation.bootstrap.Bootstrap` over recordings.

    Parameters
    ----------
    rows : sequence of FoundSounds
    shown_from : float or None
        Confidence from which a heart sound is shown; None where that is not asked.

    Returns
    -------
    callable
        From row numbers to ``f1_s1``, ``f1_s2``, ``f1_s1_100ms``, ``f1_s2_100ms``, ``swapped``, ``fast_f1``, ``rate``,
        and with ``shown_from`` ``shown`` and ``error``.
    """
    counts = {
        name: np.array([getattr(row, name) for row in rows])
        for name in ("reference", "estimated", "matched", "matched_wide", "swapped")
    }
    rates = np.array([(row.annotated_bpm, row.estimated_bpm) for row in rows])
    fast = rates[:, 0] >= FAST_BPM
    shown = np.array([_shown(row, shown_from) for row in rows]) if shown_from is not None else None

    def statistic(chosen: NDArray[np.intp]) -> dict[str, float]:
        total = {name: values[chosen].sum(axis=0) for name, values in counts.items()}
        found, wide = (_f1(total[name], total) for name in ("matched", "matched_wide"))
        quick = {name: values[chosen[fast[chosen]]].sum(axis=0) for name, values in counts.items()}
        known = rates[chosen][np.isfinite(rates[chosen, 0])]
        close = np.abs(known[:, 1] - known[:, 0]) <= RATE_TOLERANCE_BPM
        metrics: dict[str, float] = {
            "f1_s1": float(found[0]),
            "f1_s2": float(found[1]),
            "f1_s1_100ms": float(wide[0]),
            "f1_s2_100ms": float(wide[1]),
            "swapped": _share(total["swapped"].sum(), total["reference"].sum()),
            "fast_f1": _share(2 * quick["matched"].sum(), quick["reference"].sum() + quick["estimated"].sum()),
            "rate": _share(close.sum(), len(known)),
        }
        if shown is not None:
            num_right, num_wrong, num_reference = shown[chosen].sum(axis=0)
            metrics |= {"shown": _share(num_right, num_reference), "error": _share(num_wrong, num_right + num_wrong)}
        return metrics

    return statistic


def found_in_noise(duration_s: float, found: Sequence[FoundSound], shown_from: float) -> tuple[int, int]:
    """Return in how many whole seconds of noise a heart sound is shown, and how many there are.

    Examples
    --------
    >>> found_in_noise(5.5, [], 0.5)
    (0, 5)
    """
    whole = int(duration_s)
    seconds = {int(sound.at_s) for sound in found if sound.confidence >= shown_from}
    return sum(second < whole for second in seconds), whole


def noise_metrics(rows: Sequence[tuple[int, int]]) -> Callable[[NDArray[np.intp]], dict[str, float]]:
    """Return the statistic over recordings of noise: ``noise``, the share of seconds in which a heart sound is shown.

    Parameters
    ----------
    rows : sequence of (int, int)
        From :func:`found_in_noise`.
    """
    counts = np.array(rows, np.intp).reshape(-1, 2)

    def statistic(chosen: NDArray[np.intp]) -> dict[str, float]:
        shown, seconds = counts[chosen].sum(axis=0)
        return {"noise": _share(shown, seconds)}

    return statistic


def _shown(row: FoundSounds, shown_from: float) -> tuple[int, int, int]:
    """Return how many heart sounds are shown and right, how many shown and wrong, and how many there are."""
    shown = row.confidence >= shown_from
    return int((shown & row.right).sum()), int((shown & ~row.right).sum()), int(row.reference.sum())


def _f1(matched: NDArray[np.intp], total: dict[str, NDArray[np.intp]]) -> NDArray[np.float64]:
    """Return the F1 of S1 and of S2."""
    sounds = total["reference"] + total["estimated"]
    return np.asarray(2 * matched / np.maximum(sounds, 1), np.float64)


def _share(part: float, whole: float) -> float:
    """Return a share; NaN of nothing."""
    return float(part / whole) if whole else float("nan")


def estimate_segmentation(
    rows: Sequence[FoundSounds], bootstrap: Bootstrap, shown_from: float | None = None
) -> dict[str, Estimate]:
    """Return the metrics of some recordings with their intervals by patient."""
    return bootstrap.estimate(segmentation_metrics(rows, shown_from), [row.patient for row in rows])

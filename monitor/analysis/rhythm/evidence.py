"""What is known of the beats of the last half minute, and what it changes about a score.

Frozen values that cross threads, and pure functions of a few numbers. The beats are followed by
:mod:`monitor.analysis.rhythm.tracker`, early ones judged by :mod:`monitor.analysis.rhythm.ectopic`; here is what leaves them. Must not know
about sound.

Source of the constants: docs/decisions/0008, fitted by benchmarks/constants/ectopic_beats.py with patients apart.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from monitor.messages import EctopicBeats

__all__ = ["USUAL", "WEIGHT", "fuse_score", "fuse_scores", "pooled"]

EXTRASTOLE = "extrastole"

WEIGHT = 1.5
"""What a unit of evidence is worth, in natural log-odds of the score."""

USUAL = 0.1
"""Regular beats take a score back to this, and no lower: so many recordings of PASCAL set B are labelled an
extrasystole (46 of 461), whether one can be heard or not, and calibrated scores say as much."""

LEAST, MOST = 1e-4, 1.0 - 1e-4
"""Scores are brought into this range first: no score is beyond all evidence."""


def pooled(scores: Iterable[float]) -> float:
    """Return one score of an extrasystole for several windows: their mean, which the evidence was fitted beside.

    Parameters
    ----------
    scores : iterable of float
        Calibrated scores, 0 to 1, of the windows that end within the last 30 s; 0 for none.
    """
    values = list(scores)
    return math.fsum(values) / len(values) if values else 0.0


def fuse_score(score: float, ectopic: EctopicBeats, weight: float = WEIGHT) -> float:
    """Return a score of an extrasystole after hearing what the intervals say.

    Parameters
    ----------
    score : float
        Calibrated, 0 to 1; of one window or pooled.
    ectopic : EctopicBeats
    weight : float
        Of its evidence.

    Returns
    -------
    float
        0 to 1; the score itself where the intervals tell nothing.
    """
    evidence = ectopic.evidence
    if evidence == 0.0 or (evidence < 0.0 and score <= USUAL):
        return score
    score = min(MOST, max(LEAST, score))
    after = 1.0 / (1.0 + math.exp(-math.log(score / (1.0 - score)) - weight * evidence))
    return after if evidence > 0.0 else max(USUAL, after)


def fuse_scores(scores: Mapping[str, float], ectopic: EctopicBeats) -> dict[str, float]:
    """Return the scores of all labels with that of an extrasystole joined, and the others scaled so that all sum to 1.

    Parameters
    ----------
    scores : mapping of label to float
        Calibrated probabilities that sum to 1; they stay where no label is an extrasystole, or no other one likely.
    ectopic : EctopicBeats
    """
    before = scores.get(EXTRASTOLE)
    after = None if before is None else fuse_score(before, ectopic)
    if before is None or after is None or after == before:
        return dict(scores)
    rest = sum([value for label, value in scores.items() if label != EXTRASTOLE])
    if rest < LEAST:
        return dict(scores)
    scale = (1.0 - after) / rest
    return {label: after if label == EXTRASTOLE else value * scale for label, value in scores.items()}

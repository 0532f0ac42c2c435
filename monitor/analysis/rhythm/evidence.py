"""How the evidence of the beat intervals changes the score of an extrasystole.

Pure functions of a few numbers. :mod:`monitor.analysis.rhythm.tracker` tracks the beats and
:mod:`monitor.analysis.rhythm.ectopic` detects the ectopic ones. Must not know about sound.

Source of the constants: docs/decisions/0008, fitted by benchmarks/constants/ectopic_beats.py with patients held out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from monitor.labels import EXTRASTOLE
from monitor.messages import EctopicBeats

__all__ = ["EVIDENCE_WEIGHT", "PREVALENCE", "fuse_score", "fuse_scores"]

EVIDENCE_WEIGHT = 1.5
"""Natural log-odds of the score per unit of evidence."""

PREVALENCE = 0.1
"""Regular beats lower a score to this, and no further: so many recordings of PASCAL set B are labelled extrasystole
(46 of 461), whether one is audible or not, and calibrated scores reflect that."""

MIN_SCORE, MAX_SCORE = 1e-4, 1.0 - 1e-4
"""Scores are clipped to this range first, so that evidence can change every score."""


def fuse_score(score: float, ectopic: EctopicBeats, weight: float = EVIDENCE_WEIGHT) -> float:
    """Return the score of an extrasystole updated by the evidence of the beat intervals.

    Parameters
    ----------
    score : float
        Calibrated, 0 to 1; of one window or pooled.
    ectopic : EctopicBeats
    weight : float
        Of the evidence.

    Returns
    -------
    float
        0 to 1; the score itself if there is no evidence.

    Examples
    --------
    >>> round(fuse_score(0.3, EctopicBeats(evidence=2.0)), 2)
    0.9
    """
    evidence = ectopic.evidence
    if evidence == 0.0 or (evidence < 0.0 and score <= PREVALENCE):
        return score
    score = min(MAX_SCORE, max(MIN_SCORE, score))
    fused = 1.0 / (1.0 + math.exp(-math.log(score / (1.0 - score)) - weight * evidence))
    return fused if evidence > 0.0 else max(PREVALENCE, fused)


def fuse_scores(scores: Mapping[str, float], ectopic: EctopicBeats) -> dict[str, float]:
    """Return all scores, with that of an extrasystole updated and the others scaled so that all sum to 1.

    Parameters
    ----------
    scores : mapping of label to float
        Calibrated probabilities that sum to 1. They stay as they are if no label is an extrasystole, or if the other
        labels have no probability.
    ectopic : EctopicBeats
    """
    before = scores.get(EXTRASTOLE)
    if before is None or ectopic.evidence == 0.0:
        return dict(scores)
    after = fuse_score(before, ectopic)
    if after == before:
        return dict(scores)
    others = sum([value for label, value in scores.items() if label != EXTRASTOLE])
    if others < MIN_SCORE:
        return dict(scores)
    scale = (1.0 - after) / others
    return {label: after if label == EXTRASTOLE else value * scale for label, value in scores.items()}

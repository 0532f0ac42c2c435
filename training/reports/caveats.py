"""What a reader must know before the metrics: on standard error, in tables and in JSON alike. Pure."""

from __future__ import annotations

import math

from training.evaluation.cross_validated import CrossValidatedMetrics
from training.evaluation.evaluation import Evaluation
from training.evaluation.ground_truth import UNKNOWN
from training.reports.table import label_counts

__all__ = ["no_better_note", "notes_of", "seen_note"]

MIN_PATIENTS = 20
"""Below this, percentiles of a bootstrap are known to be too narrow."""


def notes_of(evaluation: Evaluation) -> list[str]:
    """Return the notes on an evaluation, one line each, the most important first."""
    notes = (
        seen_note(evaluation),
        _partial_labels(evaluation),
        _patients(evaluation),
        _left_out(evaluation),
        _unreadable(evaluation),
        _non_cardiac(evaluation),
    )
    return [note for note in notes if note]


def seen_note(evaluation: Evaluation) -> str:
    """Return the line that says that the metrics are not of held-out data; empty where they are."""
    if not evaluation.info.seen:
        return ""
    return (
        f"NOT HELD OUT: {evaluation.info.model} was trained on a data set named {', '.join(evaluation.info.seen)}, "
        "so these figures are too good; those of held-out patients are on its card, CARD.md in its folder"
    )


def no_better_note(metrics: CrossValidatedMetrics) -> str:
    """Return the line that says that a network is not shown to know more than one label; empty where it is.

    Always saying one label has a balanced accuracy of 1 divided by the number of labels, whichever it is. An accuracy
    would not tell: it is high for whoever always says the most frequent label.
    """
    balanced = metrics.overall["balanced_accuracy"]
    present = [label for label, count in zip(metrics.per_label, metrics.confusion.sum(axis=1), strict=True) if count]
    if len(present) < 2 or math.isnan(balanced.value):
        return ""
    one_label = 1 / len(present)
    lowest = balanced.value if math.isnan(balanced.low) else min(balanced.low, balanced.value)
    if lowest > one_label:
        return ""
    return (
        f"NO BETTER THAN ONE LABEL: balanced accuracy {balanced} on held-out patients, and always saying one label has "
        f"{one_label:.3f}; more recordings of the rarer labels, or more --steps, may help"
    )


def _partial_labels(evaluation: Evaluation) -> str:
    """Return how many recordings are of partially labelled sets."""
    count = int((evaluation.labelled.ground_truth == UNKNOWN).sum())
    if not count:
        return ""
    return (
        f"{count} of {len(evaluation.labelled)} recordings are of partially labelled sets: they count in metrics of "
        "one label, not in accuracy, balanced accuracy, macro-F1, calibration and confusion"
    )


def _patients(evaluation: Evaluation) -> str:
    """Return what makes the intervals too narrow."""
    unknown, patients = evaluation.info.num_unknown_patients, len(set(evaluation.labelled.patients))
    if unknown:
        return (
            f"{_count(unknown, 'recording')} of unknown patients: each counts as a patient, so intervals are too narrow"
        )
    if 0 < patients < MIN_PATIENTS:
        return f"only {_count(patients, 'patient')}: intervals are too narrow, or undefined"
    return ""


def _left_out(evaluation: Evaluation) -> str:
    """Return which labels the bundle does not have."""
    counts = label_counts(evaluation.info.left_out)
    return f"left out, since the bundle has no such label: {counts}" if counts else ""


def _unreadable(evaluation: Evaluation) -> str:
    """Return how many files could not be read."""
    count = len(evaluation.info.unreadable)
    return f"left out, since they cannot be read: {_count(count, 'file')}" if count else ""


def _non_cardiac(evaluation: Evaluation) -> str:
    """Return how many non-cardiac sounds could not be scored."""
    if evaluation.num_non_cardiac and not evaluation.non_cardiac:
        sounds = _count(evaluation.num_non_cardiac, "non-cardiac sound")
        return f"{sounds} not scored: the bundle has no output for non-cardiac sounds"
    return ""


def _count(number: int, noun: str) -> str:
    """Return a number with its noun in singular or plural."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"

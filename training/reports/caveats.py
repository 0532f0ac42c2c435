"""What a reader must know before the metrics: on standard error, in tables and in JSON alike. Pure."""

from __future__ import annotations

from training.evaluation.evaluation import Evaluation
from training.evaluation.ground_truth import UNKNOWN
from training.reports.table import label_counts

__all__ = ["notes_of", "seen_note"]

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
        f"so these figures are too good; the honest ones are on its card: auscult models {evaluation.info.model}"
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

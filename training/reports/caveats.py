"""What a reader must know before the figures: told on standard error, in tables and in JSON alike. Pure."""

from __future__ import annotations

from training.evaluation.evaluation import Evaluation
from training.evaluation.ground_truth import UNTOLD

__all__ = ["notes_of", "seen_note"]

FEW_PATIENTS = 20
"""Below this, percentiles of a bootstrap are known to be too narrow."""


def notes_of(found: Evaluation) -> list[str]:
    """Return the notes, the weightiest first; each is a line."""
    notes = (seen_note(found), _partial(found), _patients(found), _left_out(found), _unreadable(found), _others(found))
    return [note for note in notes if note]


def seen_note(found: Evaluation) -> str:
    """Return the line that says that the figures are not held out, or nothing."""
    if not found.about.seen:
        return ""
    return (
        f"NOT HELD OUT: {found.about.model} was trained on a data set named {', '.join(found.about.seen)}, so these "
        f"figures are too good; the honest ones are on its card: auscult models {found.about.model}"
    )


def _partial(found: Evaluation) -> str:
    """Return which recordings tell only a part."""
    partly = int((found.hearts.truth == UNTOLD).sum())
    if not partly:
        return ""
    return (
        f"{partly} of {len(found.hearts)} recordings are of sets that tell only some labels: they count in the figures "
        "of one label, not in accuracy, balanced accuracy, macro-F1, calibration and confusion"
    )


def _patients(found: Evaluation) -> str:
    """Return what makes intervals too narrow."""
    unknown, patients = found.about.num_unknown_patients, len(set(found.hearts.patients))
    if unknown:
        return f"{unknown} recordings have no patient: each is taken for another one's, so intervals are too narrow"
    if 0 < patients < FEW_PATIENTS:
        return f"only {patients} patient{'s'[: patients - 1]}: intervals are too narrow, or none can be given"
    return ""


def _left_out(found: Evaluation) -> str:
    """Return which labels the bundle does not know."""
    counts = ", ".join(f"{number} {label}" for label, number in found.about.left_out.items())
    return f"left out, since the bundle has no such label: {counts}" if counts else ""


def _unreadable(found: Evaluation) -> str:
    """Return how many files could not be read."""
    number = len(found.about.unreadable)
    return f"left out, since they cannot be read: {number} file{'s'[: number - 1]}" if number else ""


def _others(found: Evaluation) -> str:
    """Return that sounds that are no heart could not be judged."""
    if found.num_no_heart and not found.no_heart:
        return f"{found.num_no_heart} sounds that are no heart say nothing here: the bundle does not tell them apart"
    return ""

"""The scores of held-out recordings as a table, one row each: for a look at which were wrong.

It belongs to whoever trains and is no part of a bundle. A recording is named by its file and the folder that this lies
in; one of a session, whose folder names the subject, by a number alone. Pure.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

from training.data.recording import Recording
from training.data.sessions import SESSIONS

if TYPE_CHECKING:  # for the type alone: it would bring TensorFlow with it
    from training.recipes.result import HeldOutScores

__all__ = ["predictions_csv"]

DIGITS = 4


def predictions_csv(held_out: HeldOutScores, labels: Sequence[str]) -> str:
    """Return the table of held-out recordings, those of the first repeat, with a header.

    Its columns are ``recording``, ``set``, ``start_s`` and ``end_s`` of the part that was used (empty for the whole
    file), ``label``, ``predicted`` (the label with the largest score), ``windows``, and ``score_LABEL`` of each label.

    Parameters
    ----------
    held_out : HeldOutScores
    labels : sequence of str
        In the order of the scores.
    """
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    scores = [f"score_{label}" for label in labels]
    table.writerow(["recording", "set", "start_s", "end_s", "label", "predicted", "windows", *scores])
    names = _names(held_out.recordings)
    for name, recording, row, windows in zip(
        names, held_out.recordings, held_out.scores, held_out.num_windows, strict=True
    ):
        part = [f"{recording.start_s:g}" if recording.is_part else "", _seconds(recording.end_s)]
        predicted = labels[int(row.argmax())]
        numbers = [f"{score:.{DIGITS}f}" for score in row.tolist()]
        table.writerow([name, recording.source, *part, recording.label or "", predicted, windows, *numbers])
    return text.getvalue()


def _names(recordings: Sequence[Recording]) -> list[str]:
    """Return what the recordings are called."""
    sessions = list(dict.fromkeys(one.path.parent for one in recordings if one.source == SESSIONS))
    return [
        f"{SESSIONS}/{1 + sessions.index(one.path.parent)}"
        if one.source == SESSIONS
        else f"{one.path.absolute().parent.name}/{one.path.name}"
        for one in recordings
    ]


def _seconds(seconds: float | None) -> str:
    """Return seconds; nothing for the end of the file."""
    return "" if seconds is None else f"{seconds:g}"

"""A person's own labels of stretches of a session, as they stand after all of its lines.

Every reader of labels asks here. Pure; safe on any thread.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from monitor.sessions.edits import apply_edits

__all__ = ["Label", "labels"]


class Label(NamedTuple):
    """A person's label of a stretch.

    Attributes
    ----------
    start_s, end_s : float
        Seconds of the session's sound; the end is behind the start.
    label : str
    """

    start_s: float
    end_s: float
    label: str


def labels(lines: Iterable[dict[str, Any]]) -> tuple[Label, ...]:
    """Return the labels that a person gave as they count now, in the order of their lines.

    What was edited or deleted later counts as it is then; a line that is no label is passed over.

    Parameters
    ----------
    lines : iterable of dict
        Of ``events.jsonl``, of any type; see docs/formats/session.md.

    Examples
    --------
    >>> labels([{"type": "label", "start_s": 3, "end_s": 9.5, "label": "murmur", "source": "manual"}])
    (Label(start_s=3.0, end_s=9.5, label='murmur'),)
    >>> label = {"type": "label", "start_s": 3, "end_s": 9.5, "label": "murmur"}
    >>> labels([label, {"type": "delete", "target": label}])
    ()
    """
    found = (_label(line) for line in apply_edits(lines) if line.get("type") == "label")
    return tuple(label for label in found if label is not None)


def _label(line: Mapping[str, object]) -> Label | None:
    """Return the label of a line; None where a value is missing or makes no stretch of sound."""
    start_s, end_s, label = _seconds(line.get("start_s")), _seconds(line.get("end_s")), line.get("label")
    return Label(start_s, end_s, label) if isinstance(label, str) and 0 <= start_s < end_s else None


def _seconds(value: object) -> float:
    """Return a finite number of JSON; NaN for anything else."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if is_number else math.nan  # type: ignore[arg-type]

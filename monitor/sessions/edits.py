"""What a person has changed in a session after it ended: lines that are only ever added.

An ``edit`` line changes a mark, a note or a label that an earlier line has set, a ``delete`` line takes one back. The
earlier line stays in the file, so nothing that was recorded is lost; :func:`apply_edits` gives what counts. Pure
functions of the lines that docs/formats/session.md describes; safe on any thread.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["apply_edits", "delete_line", "edit_line", "label_line", "target_of"]

Line = dict[str, Any]

SET = ("mark", "note", "label")
"""Types of what a person sets."""
EDITABLE = ("at_s", "sample", "text", "start_s", "end_s", "label")
LABEL_KEYS = ("start_s", "end_s", "label")


def apply_edits(lines: Iterable[Line]) -> list[Line]:
    """Return the lines as they count after every edit and deletion, without the lines that say so.

    A line whose target is not found changes nothing.

    Parameters
    ----------
    lines : iterable of dict
        In the order of the file.

    Examples
    --------
    >>> note = {"type": "note", "at_s": 2.5, "number": 1, "text": "louf"}
    >>> apply_edits([note, {"type": "edit", "target": {"number": 1}, "text": "loud"}])
    [{'type': 'note', 'at_s': 2.5, 'number': 1, 'text': 'loud'}]
    >>> apply_edits([note, {"type": "delete", "target": {"number": 1}}])
    []
    """
    kept: list[Line | None] = []
    for line in lines:
        if line.get("type") not in ("edit", "delete"):
            kept.append(line)
            continue
        index = _index(kept, line.get("target"))
        if index is not None:
            kept[index] = None if line["type"] == "delete" else _edited(kept[index] or {}, line)
    return [line for line in kept if line is not None]


def _index(lines: list[Line | None], target: object) -> int | None:
    """Return the index of the newest line that a target names."""
    if not isinstance(target, dict) or not target:
        return None
    for index in range(len(lines) - 1, -1, -1):
        line = lines[index]
        if line is not None and line.get("type") in SET and target == {key: line.get(key) for key in target}:
            return index
    return None


def _edited(line: Line, edit: Line) -> Line:
    """Return a line with the values of an edit; a mark that gets a text is a note."""
    changed = {**line, **{key: edit[key] for key in EDITABLE if edit.get(key) is not None}}
    if line.get("type") == "mark" and changed.get("text"):
        changed["type"] = "note"
    return changed


def target_of(line: Mapping[str, Any]) -> Line:
    """Return what names a mark, a note or a label: its number, or, where it has none, the whole of it.

    Examples
    --------
    >>> target_of({"type": "label", "start_s": 3.0, "end_s": 9.5, "label": "murmur", "source": "manual"})
    {'type': 'label', 'start_s': 3.0, 'end_s': 9.5, 'label': 'murmur'}
    """
    if line["type"] == "label":
        return {"type": "label", **{key: line[key] for key in LABEL_KEYS}}
    number = line.get("number")
    return {"number": number} if number is not None else {key: line[key] for key in ("type", "at_s", "text")}


def label_line(start_s: float, end_s: float, label: str, time: str) -> str:
    """Return the line of a person's own label for a stretch; one JSON object, no line feed.

    Parameters
    ----------
    start_s, end_s : float
        Seconds of the sound.
    label : str
    time : str
        Wall-clock time, ISO 8601.

    Raises
    ------
    ValueError
        If a number is not finite.
    """
    values = {"type": "label", "start_s": round(start_s, 6), "end_s": round(end_s, 6), "label": label}
    return _text({**values, "source": "manual", "time": time})


def edit_line(line: Mapping[str, Any], changes: Mapping[str, Any], time: str) -> str:
    """Return the line that changes what an earlier one has set; one JSON object, no line feed.

    Parameters
    ----------
    line : mapping
        The earlier line, as it counts now.
    changes : mapping
        New values of ``at_s`` and ``sample``, ``text``, or ``start_s``, ``end_s`` and ``label``.
    time : str
        Wall-clock time, ISO 8601.

    Raises
    ------
    ValueError
        If another key is to be changed, or a number is not finite.
    """
    if not set(changes) <= set(EDITABLE):
        raise ValueError(f"changes={sorted(changes)} must be among {', '.join(EDITABLE)}")
    return _text({"type": "edit", "target": target_of(line), **changes, "time": time})


def delete_line(line: Mapping[str, Any], time: str) -> str:
    """Return the line that takes back what an earlier one has set; one JSON object, no line feed."""
    return _text({"type": "delete", "target": target_of(line), "time": time})


def _text(values: Line) -> str:
    """Return one line of JSON."""
    return json.dumps(values, allow_nan=False, separators=(",", ":"))

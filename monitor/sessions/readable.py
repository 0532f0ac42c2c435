"""Which lines of a session mean something: the one gate that every reader of results passes them through.

A line may come from another program, from an earlier version, or from a disk that lost some of it. What is behind this
gate need not check types again: a key that is there has a value of its kind, a number is finite and not absurd. Pure;
safe on any thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

__all__ = ["is_readable", "split_readable"]

LIMIT = 1e9
"""Seconds in thirty years: no time, rate or count of a session is beyond."""

Check = Callable[[Any], bool]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= LIMIT


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= LIMIT * 1000


def _is_text(value: object) -> bool:
    """Return whether it is text that can be written again: JSON can name half a character."""
    return isinstance(value, str) and (value.isascii() or not any("\ud800" <= one <= "\udfff" for one in value))


def _is_flag(value: object) -> bool:
    return isinstance(value, bool)


def _is_object(value: object) -> bool:
    return isinstance(value, dict)


def _list_of(check: Check) -> Check:
    return lambda value: isinstance(value, list) and all(map(check, value))


def _object_of(check: Check) -> Check:
    return lambda value: isinstance(value, dict) and all(_is_text(key) and check(each) for key, each in value.items())


def _object_with(may: Mapping[str, Check]) -> Check:
    return lambda value: isinstance(value, dict) and _fits(value, may)


def _fits(values: Mapping[str, Any], may: Mapping[str, Check]) -> bool:
    """Return whether what is there is of its kind; null is nothing."""
    return all(values.get(key) is None or check(values[key]) for key, check in may.items())


SCORES = _object_of(_is_number)
VERDICT: dict[str, Check] = {
    "state": _is_text,
    "label": _is_text,
    "confidence": _is_number,
    "scores": SCORES,
    "acoustic_scores": SCORES,
}
RATE: dict[str, Check] = {"heart_rate_bpm": _is_number, "heart_rate_confidence": _is_number}
EARLY_BEATS = _object_with({"at_s": _list_of(_is_number), "followed_s": _is_number, "intervals": _is_count})
QUALITY = _object_with({"score": _is_number, "reason": _is_text})
SITE_RESULT = _object_with(
    {**VERDICT, **RATE, "site": _is_text, "judged_s": _is_number, "start_s": _is_number, "end_s": _is_number}
)
FINDING = _object_with({**VERDICT, "text": _is_text})

NEEDED: dict[str, dict[str, Check]] = {
    "start": {"source": _is_text, "sample_rate": _is_count},
    "window": {
        "start_s": _is_number,
        "end_s": _is_number,
        "state": _is_text,
        "rolling": _object_with(VERDICT),
        "quality": QUALITY,
        "gap": _is_flag,
    },
    "summary": {"state": _is_text},
    "examination": {"sites": _list_of(SITE_RESULT), "finding": FINDING},
    "mark": {"at_s": _is_number, "number": _is_count},
    "note": {"at_s": _is_number, "text": _is_text},
    "site": {"at_s": _is_number, "site": _is_text},
    "told": {"at_s": _is_number, "text": _is_text},
    "r_peak": {"at_s": _is_number, "sample": _is_count},
    "label": {"start_s": _is_number, "end_s": _is_number, "label": _is_text},
    "edit": {"target": _is_object},
    "delete": {"target": _is_object},
}
"""Of each type of line, the keys without which it means nothing; lines of other types are left alone."""

MAY: dict[str, dict[str, Check]] = {
    "start": {
        "labels": _list_of(_is_text),
        "model": _is_text,
        "model_sha256": _is_text,
        "window_s": _is_number,
        "hop_s": _is_number,
        "site": _is_text,
    },
    "window": {
        **VERDICT,
        **RATE,
        "heart_rate_reason": _is_text,
        "early_beats": EARLY_BEATS,
        "index": _is_count,
        "latency_ms": _is_number,
        "short": _is_flag,
    },
    "summary": {**VERDICT, **RATE},
    "mark": {"sample": _is_count},
    "note": {"number": _is_count, "sample": _is_count},
    "edit": {
        "at_s": _is_number,
        "sample": _is_count,
        "text": _is_text,
        "start_s": _is_number,
        "end_s": _is_number,
        "label": _is_text,
    },
}
"""Of each type of line, further keys that are used where they are there."""


def split_readable(lines: Iterable[object]) -> tuple[list[dict[str, Any]], int]:
    """Return the lines that have what their type needs, and how many have not.

    Parameters
    ----------
    lines : iterable of object
        Decoded JSON.

    Examples
    --------
    >>> split_readable([{"type": "mark", "at_s": 2.5, "number": 1}, {"type": "mark", "at_s": "soon", "number": 2}])
    ([{'type': 'mark', 'at_s': 2.5, 'number': 1}], 1)
    """
    every = list(lines)
    readable = [line for line in every if isinstance(line, dict) and is_readable(line)]
    return readable, len(every) - len(readable)


def is_readable(line: Mapping[str, Any]) -> bool:
    """Return whether a line has the keys that its type needs, and nothing but values of their kind."""
    kind = line.get("type")
    if not isinstance(kind, str):
        return False
    return all(check(line.get(key)) for key, check in NEEDED.get(kind, {}).items()) and _fits(line, MAY.get(kind, {}))

"""Which lines of a session mean something: the one gate that every reader of results passes them through.

A line may come from another program, from an earlier version, or from a disk that lost some of it. What is behind this
gate need not check types again: a key that is there has a value of its kind or null, a number is finite and not absurd.
Pure; safe on any thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

__all__ = ["split_readable"]

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


def _is_list(value: object) -> bool:
    return isinstance(value, list)


def _list_of(check: Check) -> Check:
    return lambda value: isinstance(value, list) and all(map(check, value))


def _object_of(check: Check) -> Check:
    return lambda value: isinstance(value, dict) and all(_is_text(key) and check(each) for key, each in value.items())


SCORES = _object_of(_is_number)
VERDICT: dict[str, Check] = {
    "state": _is_text,
    "label": _is_text,
    "loudness": _is_text,
    "confidence": _is_number,
    "scores": SCORES,
    "acoustic_scores": SCORES,
    "murmur_timing": _is_text,
}
RATE: dict[str, Check] = {"heart_rate_bpm": _is_number, "heart_rate_confidence": _is_number}
SITE_RESULT = {
    **VERDICT,
    **RATE,
    "site": _is_text,
    "judged_s": _is_number,
    "start_s": _is_number,
    "end_s": _is_number,
    "reason": _is_text,
}

NEEDED: dict[str, dict[str, Check]] = {
    "start": {"source": _is_text, "sample_rate": _is_count},
    "window": {
        "start_s": _is_number,
        "end_s": _is_number,
        "state": _is_text,
        "rolling": _is_object,
        "quality": _is_object,
        "gap": _is_flag,
    },
    "summary": {"state": _is_text},
    "examination": {"sites": _is_list, "finding": _is_object},
    "mark": {"at_s": _is_number, "number": _is_count},
    "note": {"at_s": _is_number, "text": _is_text},
    "site": {"at_s": _is_number, "site": _is_text},
    "told": {"at_s": _is_number, "text": _is_text},
    "r_peak": {"at_s": _is_number, "sample": _is_count},
    "beat": {"confidence": _is_number},
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
        "early_beats": _is_object,
        "index": _is_count,
        "latency_ms": _is_number,
        "short": _is_flag,
    },
    "summary": {**VERDICT, **RATE},
    "beat": dict.fromkeys(("s1_s", "s2_s", "systole_ms", "diastole_ms", "rate_bpm"), _is_number),
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
"""Of each type of line, further keys that are used where they are there; a value of another kind is as none."""

INSIDE: dict[str, dict[str, dict[str, Check]]] = {
    "window": {
        "rolling": VERDICT,
        "quality": {"score": _is_number, "reason": _is_text},
        "early_beats": {"at_s": _list_of(_is_number), "followed_s": _is_number, "intervals": _is_count},
    },
    "examination": {"finding": {**VERDICT, "text": _is_text}},
}
"""The same of the objects inside a line."""


def split_readable(lines: Iterable[object]) -> tuple[list[dict[str, Any]], int]:
    """Return the lines that have what their type needs, and how many have not.

    A value of another kind that a line could do without is taken out of it.

    Parameters
    ----------
    lines : iterable of object
        Decoded JSON.

    Examples
    --------
    >>> split_readable([{"type": "mark", "at_s": 2.5, "number": 1}, {"type": "mark", "at_s": "soon", "number": 2}])
    ([{'type': 'mark', 'at_s': 2.5, 'number': 1}], 1)
    >>> split_readable([{"type": "summary", "state": "verdict", "label": "murmur", "heart_rate_bpm": "fast"}])
    ([{'type': 'summary', 'state': 'verdict', 'label': 'murmur'}], 0)
    """
    every = list(lines)
    readable = [_readable(line) for line in every if isinstance(line, dict) and _is_whole(line)]
    return readable, len(every) - len(readable)


def _is_whole(line: Mapping[str, Any]) -> bool:
    """Return whether a line has the keys that its type needs, with values of their kind."""
    kind = line.get("type")
    return isinstance(kind, str) and all(check(line.get(key)) for key, check in NEEDED.get(kind, {}).items())


def _readable(line: dict[str, Any]) -> dict[str, Any]:
    """Return a line without the values that are of another kind."""
    kind = line["type"]
    line = _fitting(line, MAY.get(kind, {}))
    for key, may in INSIDE.get(kind, {}).items():
        inner = line.get(key)
        if inner is not None and (fitting := _fitting(inner, may)) is not inner:
            line = {**line, key: fitting}
    if kind == "examination":
        sites = [_fitting(site, SITE_RESULT) for site in line["sites"] if isinstance(site, dict)]
        line = {**line, "sites": sites}
    return line


def _fitting(values: dict[str, Any], may: Mapping[str, Check]) -> dict[str, Any]:
    """Return an object without the values that are of another kind; the object itself where there are none."""
    unfit = {key for key, check in may.items() if values.get(key) is not None and not check(values[key])}
    return {key: value for key, value in values.items() if key not in unfit} if unfit else values

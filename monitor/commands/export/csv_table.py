"""A table for spreadsheets and statistics: every window with its numbers, and every span."""

from __future__ import annotations

import csv
import io
from typing import Any

from monitor.archive.beats import timeline_variability
from monitor.archive.spans import Span
from monitor.archive.timeline import Timeline
from monitor.messages import HeartRateVariability
from monitor.text.variability_text import variability_text

__all__ = ["COLUMNS", "csv_table"]

ROLLING = ("state", "label", "possible", "loudness", "murmur_timing")
"""Keys of the rolling verdict; columns that begin with ``rolling_``."""

COLUMNS = (
    "kind",
    "start_s",
    "end_s",
    "text",
    "state",
    "label",
    "confidence",
    "rolling_state",
    "rolling_label",
    "quality",
    "heart_rate_bpm",
    "heart_rate_confidence",
    "gap",
    "mean_rr_ms",
    "sdnn_ms",
    "rmssd_ms",
    "pnn50",
    "intervals",
    "possible",
    "loudness",
    "murmur_timing",
    *(f"rolling_{key}" for key in ROLLING[2:]),
)

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""


def csv_table(timeline: Timeline) -> str:
    """Return one row for each span, then one for each window (``kind`` is ``window``); what does not apply is empty.

    Where beats were found, a last row (``kind`` is ``variability``) has the heart rate variability of the whole.

    The row of a window has its whole 5 s, not cut at the end of a clip that was looped.
    """
    rows = list(map(_span_row, timeline.spans))
    rows += map(_window_row, timeline.windows)
    found = timeline_variability(timeline)
    rows += [] if found is None else [_variability_row(timeline, found)]
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _span_row(span: Span) -> dict[str, Any]:
    """Return the row of a span."""
    times = {"start_s": f"{span.start_s:.6f}", "end_s": f"{span.end_s:.6f}"}
    return {"kind": span.kind, **times, "text": _no_formula(span.words)}


def _variability_row(timeline: Timeline, found: HeartRateVariability) -> dict[str, Any]:
    """Return the row of the heart rate variability; the metrics are empty where they are not sure."""
    values = {key: value for key, value in found.to_dict().items() if key in COLUMNS}
    times = {"start_s": f"{0:.6f}", "end_s": f"{timeline.duration_s:.6f}"}
    return {**values, "kind": "variability", **times, "text": variability_text(found)}


def _no_formula(text: str) -> str:
    """Return text that a spreadsheet takes for text: an apostrophe stands before what it would compute.

    Source: OWASP, "CSV Injection".
    """
    return f"'{text}" if text.startswith(FORMULA) else text


def _window_row(window: dict[str, Any]) -> dict[str, Any]:
    """Return the row of a window."""
    return {
        **{key: window.get(key) for key in COLUMNS if key in window},
        "kind": "window",
        "start_s": f"{window['start_s']:.6f}",
        "end_s": f"{window['end_s']:.6f}",
        "text": _no_formula(window["quality"].get("reason") or ""),
        **{f"rolling_{key}": window["rolling"].get(key) for key in ROLLING},
        "quality": window["quality"].get("score"),
        "gap": int(window["gap"]),
    }

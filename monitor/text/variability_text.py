"""Heart rate variability in words, or why there is none. Pure; safe on any thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # for the type alone
    from monitor.messages import HeartRateVariability

__all__ = ["short_variability", "variability_text"]


def variability_text(found: HeartRateVariability | None) -> str:
    """Return the metrics, and from how many intervals they are; or why they are not sure.

    Examples
    --------
    >>> from monitor.messages import HeartRateVariability
    >>> variability_text(HeartRateVariability(412, 3, 330.2, 801.5, 41.2, 33.5, 0.125))
    'SDNN 41 ms, RMSSD 34 ms, pNN50 12 %, mean RR 802 ms; 412 intervals over 330 s'
    >>> variability_text(HeartRateVariability(32, 1, 25.6, 800.0, 41.2, 33.5, 0.1))
    'SDNN 41 ms, RMSSD 34 ms, pNN50 10 %, mean RR 800 ms; 32 intervals over 26 s: short, usual are 300 s'
    >>> variability_text(HeartRateVariability(12, 0, 9.6))
    'not given: only 12 intervals between normal beats'
    >>> variability_text(HeartRateVariability(40, 30, 32.0))
    'not given: 30 of 70 intervals are not between normal beats, or not sure'
    """
    if found is None:
        return "not given: no beats that follow each other were found"
    if found.sdnn_ms is None or found.mean_rr_ms is None:
        return f"not given: {_reason(found)}"
    rest = f"mean RR {found.mean_rr_ms:.0f} ms; {found.num_intervals} intervals over {found.duration_s:.0f} s"
    short = ": short, usual are 300 s" if found.is_short else ""
    return f"{', '.join([*_metrics(found), rest])}{short}"


def short_variability(found: HeartRateVariability | None, *, width: int) -> str:
    """Return the metrics as far as they have room, or why there are none; empty without a beat or without room.

    Examples
    --------
    >>> from monitor.messages import HeartRateVariability
    >>> found = HeartRateVariability(32, 1, 25.6, 800.0, 41.2, 33.5, 0.1)
    >>> short_variability(found, width=60)
    'SDNN 41 ms, RMSSD 34 ms, pNN50 10 %, 32 intervals, short'
    >>> short_variability(found, width=30)
    'SDNN 41 ms, RMSSD 34 ms'
    """
    if found is None:
        return ""
    if found.sdnn_ms is None:
        return _fitting([f"not given: {_reason(found)}", f"not given: {found.num_intervals} intervals", "-"], width)
    metrics = _metrics(found)
    count = [f"{found.num_intervals} intervals", *(["short"] if found.is_short else [])]
    return _fitting([", ".join(words) for words in ([*metrics, *count], metrics, metrics[:2], metrics[:1])], width)


def _metrics(found: HeartRateVariability) -> list[str]:
    """Return the metrics that are known."""
    metrics = [f"SDNN {found.sdnn_ms:.0f} ms"]
    if found.rmssd_ms is not None and found.pnn50 is not None:
        metrics += [f"RMSSD {found.rmssd_ms:.0f} ms", f"pNN50 {100 * found.pnn50:.0f} %"]
    return metrics


def _reason(found: HeartRateVariability) -> str:
    """Return why the metrics are not sure."""
    every = found.num_intervals + found.num_excluded
    if found.num_excluded * 5 > every:
        return f"{found.num_excluded} of {every} intervals are not between normal beats, or not sure"
    return f"only {found.num_intervals} intervals between normal beats"


def _fitting(texts: list[str], width: int) -> str:
    """Return the first text that has room; empty if none has."""
    return next((text for text in texts if len(text) <= width), "")

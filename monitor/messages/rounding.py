"""Numbers as results are written with: plain floats of a few digits. Pure functions; the standard library alone."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["BPM_DIGITS", "LATENCY_DIGITS", "SCORE_DIGITS", "TIME_DIGITS", "rounded", "rounded_scores"]

SCORE_DIGITS = 6
TIME_DIGITS = 6
BPM_DIGITS = 2
LATENCY_DIGITS = 3


def rounded(value: float | None, digits: int) -> float | None:
    """Return a plain float of a few digits, or None.

    Examples
    --------
    >>> rounded(77.5049, BPM_DIGITS)
    77.5
    """
    return None if value is None else round(float(value), digits)


def rounded_scores(scores: Mapping[str, float]) -> dict[str, float]:
    """Return rounded scores; the largest absorbs the rounding error, so that the sum is kept.

    Examples
    --------
    >>> rounded_scores({"normal": 1 / 3, "murmur": 2 / 3})
    {'normal': 0.333333, 'murmur': 0.666667}
    """
    short = {label: round(float(score), SCORE_DIGITS) for label, score in scores.items()}
    if short:
        top = max(short, key=short.__getitem__)
        rest = sum(map(float, scores.values())) - sum(short.values())
        short[top] = round(short[top] + rest, SCORE_DIGITS)
    return short

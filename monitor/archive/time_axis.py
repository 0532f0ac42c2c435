"""Ticks of a time axis in a figure. Pure functions."""

from __future__ import annotations

__all__ = ["clock", "tick_step"]

TICK_STEPS_S = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0)
MAX_TICKS = 14


def tick_step(duration_s: float) -> float:
    """Return the seconds between two ticks of a time axis: a round value that gives at most 14 of them.

    Examples
    --------
    >>> tick_step(24.0), tick_step(3600.0)
    (2.0, 300.0)
    """
    return next((step for step in TICK_STEPS_S if duration_s / step <= MAX_TICKS), _hours(duration_s))


def _hours(duration_s: float) -> float:
    """Return a whole number of hours, in seconds, that gives at most 14 ticks."""
    return 3600.0 * -(-duration_s // (3600 * MAX_TICKS))


def clock(seconds: float, step_s: float) -> str:
    """Return a tick label: seconds, and from steps of 15 s on minutes and hours.

    Examples
    --------
    >>> clock(2.5, 0.5), clock(90.0, 15.0), clock(3750.0, 60.0)
    ('2.5', '1:30', '1:02:30')
    """
    if step_s < 15:
        return f"{seconds:.1f}" if step_s < 1 else f"{seconds:.0f}"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"

"""The text of a figure: title, caption, and the tick labels of its time axis. Pure functions."""

from __future__ import annotations

import os

from monitor.commands.plot.offline_run import OfflineRun
from monitor.output import printable
from monitor.text.shown import shown_score
from monitor.text.text_lines import DISCLAIMER, judged_text, never_rolling_remark

__all__ = ["caption", "clock", "tick_step", "verdict_text"]

TICK_STEPS_S = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0)
MAX_TICKS = 14
MAX_NAME_LENGTH = 64


def caption(run: OfflineRun, offset_s: float = 0.0) -> tuple[str, str]:
    """Return the title and the line below it.

    Parameters
    ----------
    run : OfflineRun
    offset_s : float
        Start of the sound in the file, seconds.

    Returns
    -------
    (str, str)
        File and verdict over all windows; duration, sample rate, model, number of windows judged and disclaimer.
    """
    start = run.start
    name = printable(os.path.basename(start.source))
    if len(name) > MAX_NAME_LENGTH:
        name = f"{name[: MAX_NAME_LENGTH // 2]}…{name[-MAX_NAME_LENGTH // 2 :]}"
    start_text = f" from {offset_s:g} s on" if offset_s else ""
    parts = [
        f"{_duration(run.duration_s)}{start_text} at {start.sample_rate} Hz",
        f"model {printable(start.model_title)} ({start.model_sha256[:8]})",
        f"window {start.window_s:g} s, hop {start.hop_s:g} s",
        judged_text(run.summary),
        *(["short: looped to one window"] if any(window.short for window in run.windows) else []),
        *(["damaged: ends early"] if run.error else []),
        DISCLAIMER,
    ]
    return f"{name}: {verdict_text(run)}", "   ·   ".join(parts)


def verdict_text(run: OfflineRun) -> str:
    """Return the verdict over a whole recording: label or state, its score or the reason, median heart rate."""
    verdict, rate = run.summary.verdict, run.summary.heart_rate_bpm
    score = shown_score(verdict)
    text = printable(verdict.label or verdict.state.replace("-", " "))
    if verdict.state in ("verdict", "uncertain") and score is not None:
        text += "".join([f" {score:.2f}", *(f" ({remark})" for remark in never_rolling_remark(run.summary))])
    elif run.summary.withheld:
        text += f" ({printable(next(iter(run.summary.withheld)))})"
    return text if rate is None else f"{text}, {rate:.0f} beats / min"


def _duration(seconds: float) -> str:
    """Return a duration in seconds, or in minutes and hours where it is long."""
    return f"{seconds:.1f} s" if seconds < 120 else clock(seconds, 60.0)


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

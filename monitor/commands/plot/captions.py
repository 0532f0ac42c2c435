"""What stands on a picture in words: its caption, and the numbers of its time axis. Pure functions."""

from __future__ import annotations

import os
from collections import Counter

from monitor.commands.plot.offline_run import OfflineRun
from monitor.text.text_lines import DISCLAIMER, printable

__all__ = ["caption", "clock", "tick_step", "verdict_words"]

TICK_STEPS_S = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0)
MOST_TICKS = 14
LONGEST_NAME = 64


def caption(run_result: OfflineRun, offset_s: float = 0.0) -> tuple[str, str]:
    """Return the title and the line below it.

    Parameters
    ----------
    run_result : OfflineRun
    offset_s : float
        Where in the file the sound heard begins, seconds.

    Returns
    -------
    (str, str)
        File and verdict over all windows; length, rate, model and what the picture is not for.
    """
    start = run_result.start
    name = printable(os.path.basename(start.source))
    if len(name) > LONGEST_NAME:
        name = f"{name[: LONGEST_NAME // 2]}…{name[-LONGEST_NAME // 2 :]}"
    where = f" from {offset_s:g} s on" if offset_s else ""
    parts = [
        f"{_length(run_result.duration_s)}{where} at {start.sample_rate} Hz",
        f"model {printable(start.model)} ({start.model_sha256[:8]})",
        f"window {start.window_s:g} s, hop {start.hop_s:g} s",
        *(["short: looped to one window"] if any(window.short for window in run_result.windows) else []),
        *(["damaged: ends early"] if run_result.error else []),
        DISCLAIMER,
    ]
    return f"{name}: {verdict_words(run_result)}", "   ·   ".join(parts)


def verdict_words(run_result: OfflineRun) -> str:
    """Return the verdict over a whole recording: label or state, confidence or reason, median heart rate."""
    verdict, rate = run_result.summary.verdict, run_result.summary.heart_rate_bpm
    words = printable(verdict.label or verdict.state.replace("-", " "))
    if verdict.state in ("verdict", "uncertain") and verdict.confidence is not None:
        words += f" {verdict.confidence:.2f}"
    elif reason := _reason(run_result):
        words += f" ({reason})"
    return words if rate is None else f"{words}, {rate:.0f} beats / min"


def _reason(run_result: OfflineRun) -> str:
    """Return what was wrong with most of the windows that got no label."""
    reasons = Counter(
        window.quality.reason for window in run_result.windows if window.quality.state and window.quality.reason
    )
    return next((reason for reason, _ in reasons.most_common(1) if reason), "")


def _length(seconds: float) -> str:
    """Return a length as a person reads it."""
    return f"{seconds:.1f} s" if seconds < 120 else clock(seconds, 60.0)


def tick_step(duration_s: float) -> float:
    """Return the seconds between two numbers of a time axis: a round figure that gives 14 of them at most."""
    return next((step for step in TICK_STEPS_S if duration_s / step <= MOST_TICKS), _hours(duration_s))


def _hours(duration_s: float) -> float:
    """Return a whole number of hours that gives 14 of them at most."""
    return 3600.0 * -(-duration_s // (3600 * MOST_TICKS))


def clock(seconds: float, step_s: float) -> str:
    """Return a time as its axis has it: ``2.5``, and from steps of 15 s on ``2:30`` or ``1:02:30``."""
    if step_s < 15:
        return f"{seconds:.1f}" if step_s < 1 else f"{seconds:.0f}"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"

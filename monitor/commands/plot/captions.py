"""The text of a figure: title and caption. Pure functions."""

from __future__ import annotations

import os

from monitor.archive.time_axis import clock
from monitor.commands.plot.offline_run import OfflineRun
from monitor.output import printable
from monitor.text.shown import shown_score
from monitor.text.text_lines import DISCLAIMER, judged_text, never_rolling_remark

__all__ = ["caption", "verdict_text"]

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

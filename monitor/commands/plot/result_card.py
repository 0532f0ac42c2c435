"""A result as a small piece of HTML for a notebook: the verdict in a line, and a picture of sound and verdicts below.

The picture is SVG inside the page, in the page's own ink, so it is legible on white and on black, asks for nothing and
needs no other package. Pure functions, safe on any thread; must not classify.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray

from monitor.archive.segment_styles import SegmentStyle, segment_styles
from monitor.archive.time_axis import clock, tick_step
from monitor.commands.plot.figure import amplitude_limit
from monitor.commands.plot.verdict_track import Run, verdict_cells, verdict_runs
from monitor.messages import Summary, WindowEvent
from monitor.output import printable
from monitor.text.label_details import label_details
from monitor.text.shown import possible_text, shown_score
from monitor.text.text_lines import DISCLAIMER, judged_text, never_rolling_remark, withheld_remark

__all__ = ["result_card", "verdict_words"]

WIDTH, SOUND_HEIGHT, STRIP_TOP, STRIP_HEIGHT, HEIGHT = 640, 72, 78, 18, 116
TICK_TOP = STRIP_TOP + STRIP_HEIGHT + 14
MIN_LETTER_WIDTH = 12
"""Pixels that a run needs for its letter."""
MIN_AMPLITUDE = 1e-4
SOUND_COLOUR = "#4fa3b5"
FONT = 'font-family="sans-serif" font-size="12"'


def verdict_words(summary: Summary) -> str:
    """Return the verdict in a line: label or state, score, heart rate, how much was judged, and why not more.

    Examples
    --------
    >>> from monitor.messages import Verdict
    >>> verdict = Verdict("verdict", "murmur", 0.9, {"normal": 0.1, "murmur": 0.9})
    >>> verdict_words(Summary("a.wav", 41, 0, 0, verdict, 77.5, judged=38, withheld={"much noise": 3}))
    'murmur 0.90, 78 bpm, 38 of 41 windows judged, 3 withheld: much noise'
    """
    verdict, score = summary.verdict, shown_score(summary.verdict)
    words = [printable(verdict.label or verdict.state) + ("" if score is None else f" {score:.2f}")]
    words += [] if verdict.possible is None else [possible_text(verdict.possible)]
    words += label_details(verdict)
    words += [] if summary.heart_rate_bpm is None else [f"{summary.heart_rate_bpm:.0f} bpm"]
    return ", ".join([*words, judged_text(summary), *never_rolling_remark(summary), *withheld_remark(summary)])


def result_card(
    summary: Summary,
    windows: Sequence[WindowEvent],
    labels: Sequence[str],
    peaks: NDArray[np.float32],
    duration_s: float,
) -> str:
    """Return a result as HTML.

    Parameters
    ----------
    summary : Summary
    windows : sequence of WindowEvent
        In order.
    labels : sequence of str
        All labels of the bundle, for their colours.
    peaks : ndarray, shape (2, columns), float32
        The maximum of each column of the sound, and of the negated sound; what was lost is 0.
    duration_s : float
        Length of the sound, seconds.
    """
    words, _, rest = verdict_words(summary).partition(", ")
    runs = verdict_runs(verdict_cells(windows, duration_s), rolling=True)
    styles = segment_styles(labels)
    scale = WIDTH / duration_s
    parts = [
        f'<path d="{_outline(peaks, duration_s)}" fill="{SOUND_COLOUR}"/>',
        *(part for run in runs for part in _run_shapes(run, styles[run.key], scale)),
        *_ticks(duration_s, scale),
    ]
    legend = ", ".join(f"{styles[key].letter} {escape(printable(key))}" for key in dict.fromkeys(r.key for r in runs))
    name = f"Sound of {duration_s:.1f} s and its verdicts: {escape(words)}"
    return (
        f'<div style="max-width:{WIDTH}px"><div><b>{escape(words)}</b>, {escape(rest)}</div>'
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'style="max-width:100%" role="img" aria-label="{name}">{"".join(parts)}</svg>'
        f"<div><small>{legend}; {DISCLAIMER}</small></div></div>"
    )


def _outline(peaks: NDArray[np.float32], duration_s: float) -> str:
    """Return the sound as the outline of a shape: the maxima from left to right, the minima back."""
    columns = peaks.shape[1]
    limit = max(MIN_AMPLITUDE, amplitude_limit(peaks.max(axis=0), duration_s / columns))
    upper, lower = np.clip(peaks / limit, -1.0, 1.0)
    middle = SOUND_HEIGHT / 2
    x = np.linspace(0, WIDTH, columns)
    there = zip(x, middle - upper * (middle - 1) - 0.5, strict=True)
    back = zip(x[::-1], (middle + lower * (middle - 1) + 0.5)[::-1], strict=True)
    return "M" + "L".join(f"{at:.1f} {y:.1f}" for at, y in (*there, *back)) + "Z"


def _run_shapes(run: Run, style: SegmentStyle, scale: float) -> Iterator[str]:
    """Yield the rectangle of a run, which says what it is when pointed at, and its letter where there is room."""
    left, width = run.start_s * scale, (run.end_s - run.start_s) * scale
    title = f"{escape(printable(run.key))}, {run.start_s:.1f} to {run.end_s:.1f} s"
    place = f'x="{left:.1f}" y="{STRIP_TOP}" width="{width:.1f}" height="{STRIP_HEIGHT}"'
    yield f'<rect {place} fill="{style.colour}"><title>{title}</title></rect>'
    if width >= MIN_LETTER_WIDTH:
        place = f'x="{left + width / 2:.1f}" y="{STRIP_TOP + 13}" text-anchor="middle" pointer-events="none"'
        yield f'<text {place} {FONT} fill="#000000">{escape(style.letter)}</text>'


def _ticks(duration_s: float, scale: float) -> Iterator[str]:
    """Yield the labels of the time axis; the first and the last stay inside the picture."""
    step_s = tick_step(duration_s)
    count = int(duration_s / step_s) + 1
    for index in range(count):
        at_s = index * step_s
        anchor = "start" if not index else "end" if at_s * scale > WIDTH - 14 else "middle"
        label = clock(at_s, step_s)
        label += "" if index or ":" in label else " s"
        place = f'x="{at_s * scale:.1f}" y="{TICK_TOP}" text-anchor="{anchor}"'
        yield f'<text {place} {FONT} fill="currentColor">{label}</text>'

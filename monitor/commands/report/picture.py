"""The pictures of a report: phonocardiogram over spectrogram, verdict strip and heart rate on one time axis.

Drawn into a figure of matplotlib, which becomes SVG in a page or a part of a PDF page. What a person wrote is never
drawn, only its number. Must not read files.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from monitor.archive.cardiac_states import Stretch
from monitor.archive.segment_styles import SegmentStyle, segment_styles
from monitor.archive.spans import Span
from monitor.archive.time_axis import clock, tick_step
from monitor.archive.timeline import Timeline
from monitor.commands.report.contents import Entry
from monitor.commands.report.excerpt import Excerpt
from monitor.output import printable
from monitor.text.letters import STATE_LETTERS

__all__ = ["FAINT", "INK", "LEFT", "MARK", "RIGHT", "Marking", "draw"]

INK, FAINT, MARK, LOST = "#1b3a4b", "#7a8b99", "#b3401c", "#e5484d"
"""Ink, lines and small text, a person's marks and early beats, lost sound. A page replaces the first three."""
BADGE = "#b2411d"
"""Behind the white number of a mark, in a dark page too."""
LEFT, RIGHT = 0.062, 0.995
"""Ends of the time axis, fractions of the width: the cursor of a page runs between them."""

CLOSE_UP_HEIGHTS = (1.0, 1.25)
WHOLE_HEIGHTS = (1.0, 1.25, 0.42, 0.8)

RANGE_DB = 60.0
LOUDEST_PERCENT = 99.9
"""Percentile of the power at the top of the colour scale, so that a knock on the chest piece does not stretch it."""
MAX_HZ = 800.0
MIN_AMPLITUDE = 1e-4
MIN_RANGE_BPM = 30.0
MAX_TICKED_S = 40.0
"""Longest time axis on which single beats are ticked."""
NAMED_S = 12.0
"""Longest time axis on which heart sounds are named."""
WORD_WIDTH = 0.011
"""Fraction of the time axis for each letter of a word in the verdict strip."""
PIXEL_WIDTH = 1 / 1400
LABEL_INCHES = 0.41
"""From an axis to its name."""
STATE_NAMES = {1: "S1", 3: "S2"}


@dataclasses.dataclass(frozen=True, slots=True)
class Marking:
    """What is drawn over the sound.

    Attributes
    ----------
    beats, early : sequence of float
        Beats of the rhythm tracker, where S1 and S2 are not known, and early ones; seconds.
    states : sequence of Stretch
        Annotated states of the cardiac cycle.
    entries : sequence of Entry
    sounds : sequence of (float, str)
        S1 and S2 that were found: seconds and name.
    """

    beats: Sequence[float] = ()
    early: Sequence[float] = ()
    states: Sequence[Stretch] = ()
    entries: Sequence[Entry] = ()
    sounds: Sequence[tuple[float, str]] = ()


def draw(
    figure: Any,
    excerpt: Excerpt | None,
    timeline: Timeline,
    marked: Marking,
    *,
    whole: bool,
    top: float = 0.95,
    bottom: float = 0.1,
    left: float = LEFT,
    right: float = RIGHT,
) -> None:
    """Draw the panels of a stretch of sound into a figure.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    excerpt : Excerpt or None
        None where there is no sound: then only what the lines tell is drawn, and `whole` must be true.
    timeline : Timeline
    marked : Marking
    whole : bool
        Whether verdict strip and heart rate are drawn too.
    top, bottom, left, right : float
        The space to use, fractions of the figure.
    """
    start_s, end_s = (0.0, timeline.duration_s) if excerpt is None else (excerpt.start_s, excerpt.end_s)
    heights = (WHOLE_HEIGHTS if whole else CLOSE_UP_HEIGHTS)[0 if excerpt is not None else 2 :]
    space = {"left": left, "right": right, "top": top, "bottom": bottom, "hspace": 0.09}
    grid = figure.add_gridspec(len(heights), 1, height_ratios=heights, **space)
    panels = [figure.add_subplot(grid[row, 0]) for row in range(len(heights))]
    for panel in panels:
        panel.set_xlim(start_s, max(end_s, start_s + 1e-3))
        panel.set_facecolor("none")
    rest = list(panels)
    if excerpt is not None:
        waveform, spectrogram, *rest = panels
        _draw_waveform(waveform, excerpt)
        _draw_spectrogram(spectrogram, excerpt)
        _draw_beats(waveform, spectrogram, marked, end_s - start_s)
        _draw_lost([waveform, spectrogram], timeline.spans)
    if whole:
        strip, rate = rest
        _draw_strip(strip, timeline)
        _draw_rate(rate, timeline)
    _draw_entries(panels, marked.entries, start_s, end_s)
    _draw_axis(panels, start_s, end_s)


def _draw_waveform(axes: Any, excerpt: Excerpt) -> None:
    """Draw the phonocardiogram, from the minimum to the maximum of each column."""
    middles = excerpt.start_s + (np.arange(len(excerpt.low)) + 0.5) * excerpt.column_s
    axes.fill_between(middles, excerpt.low, excerpt.high, color=INK, linewidth=0.5)
    loud = np.percentile(np.maximum(excerpt.high, -excerpt.low), LOUDEST_PERCENT) if len(excerpt.low) else 0.0
    largest = 1.15 * max(MIN_AMPLITUDE, float(loud))
    axes.set_ylim(-largest, largest)
    axes.set_yticks([])
    axes.set_ylabel("PCG")


def _draw_spectrogram(axes: Any, excerpt: Excerpt) -> None:
    """Draw the spectrogram."""
    axes.set_ylabel("Hz")
    axes.set_ylim(0, MAX_HZ)
    axes.set_yticks([0, 200, 400, 600])
    columns = excerpt.power_db.shape[1]
    if not columns:
        axes.text(0.5, 0.5, "too short for a spectrogram", transform=axes.transAxes, ha="center", color=FAINT)
        return
    loudest = float(np.percentile(excerpt.power_db, LOUDEST_PERCENT))
    times = (excerpt.power_start_s, excerpt.power_start_s + columns * excerpt.power_column_s)
    hertz = [(row + 0.5) * excerpt.bin_hz for row in (0, len(excerpt.power_db))]
    scale = {"cmap": "inferno", "vmin": loudest - RANGE_DB, "vmax": loudest, "interpolation": "antialiased"}
    limits = axes.get_xlim()
    axes.imshow(excerpt.power_db, origin="lower", aspect="auto", extent=(*times, *hertz), **scale)
    axes.set_xlim(limits)
    axes.set_ylim(0, MAX_HZ)


def _draw_beats(waveform: Any, spectrogram: Any, marked: Marking, length_s: float) -> None:
    """Tick S1, S2 and early beats above the phonocardiogram; annotated S1 and S2 by name over the spectrogram.

    The tick of S2 is half as long as that of S1; both are named where there is room.
    """
    if length_s > MAX_TICKED_S:
        return
    high = waveform.get_ylim()[1]
    first, last = waveform.get_xlim()
    for at_s in marked.beats:
        if first <= at_s <= last and not any(abs(at_s - early) < 0.1 for early in marked.early):
            waveform.plot([at_s, at_s], [0.84 * high, high], color=INK, linewidth=1.3, solid_capstyle="butt")
    for at_s, name in marked.sounds:
        if first <= at_s <= last:
            low = (0.84 if name == "S1" else 0.92) * high
            waveform.plot([at_s, at_s], [low, high], color=INK, linewidth=1.3, solid_capstyle="butt")
            if length_s <= NAMED_S:
                style = {"fontsize": 7, "ha": "center", "va": "top", "color": INK, "clip_on": True}
                waveform.text(at_s, 0.82 * high, name, **style)
    for at_s in marked.early:
        if first <= at_s <= last:
            waveform.plot([at_s, at_s], [0.72 * high, high], color=MARK, linewidth=2.2, solid_capstyle="butt")
    for start_s, end_s, state in marked.states:
        if state in STATE_NAMES and end_s > first and start_s < last:
            spectrogram.axvspan(start_s, end_s, ymin=0.965, color="#7fd4ff" if state == 1 else "#ffd27f", linewidth=0)
            if length_s <= NAMED_S:
                style = {"fontsize": 7, "ha": "center", "va": "top", "color": "white", "clip_on": True}
                spectrogram.text((start_s + end_s) / 2, 0.95 * MAX_HZ, STATE_NAMES[state], **style)


def _draw_lost(panels: Sequence[Any], spans: Sequence[Span]) -> None:
    """Shade the stretches that hold lost sound."""
    for span in spans:
        if span.kind == "lost":
            for axes in panels:
                axes.axvspan(span.start_s, span.end_s, facecolor="none", edgecolor=LOST, hatch="xxx", linewidth=0.5)


def _draw_strip(axes: Any, timeline: Timeline) -> None:
    """Draw the rolling verdict, with a person's own labels below where there are some, and the sites."""
    manual = [span for span in timeline.spans if span.kind == "label"]
    labels = timeline.start.get("labels") or timeline.session.get("labels") or ()
    shown = [span for span in timeline.spans if span.kind == "verdict"]
    names = dict.fromkeys([*map(str, labels), *(span.text for span in shown)])
    styles = segment_styles(tuple(name for name in names if name not in STATE_LETTERS))
    axes.set_ylim(-1 if manual else 0, 1)
    axes.set_yticks([0.5, -0.5] if manual else [0.5], ["verdict", "person"] if manual else ["verdict"])
    axes.tick_params(axis="y", length=0)
    length_s = max(timeline.duration_s, 1e-3)
    for span in shown:
        _draw_run(axes, 0.0, span, styles[span.text], length_s, word=printable(span.text.replace("-", " ")))
    for number, span in enumerate(manual, 1):
        _draw_run(axes, -1.0, span, SegmentStyle("#c9d6df", "", str(number)), length_s, word=f"label {number}")
    for span in timeline.spans:
        if span.kind == "site" and span.start_s > 0:
            axes.axvline(span.start_s, color=INK, linewidth=1.2)


def _draw_run(axes: Any, bottom: float, span: Span, style: SegmentStyle, length_s: float, *, word: str) -> None:
    """Draw one stretch of the strip, with its word where there is room, or its letter."""
    width = span.end_s - span.start_s
    face = {"facecolor": style.colour, "edgecolor": "white", "hatch": style.hatch, "linewidth": 0.0}
    axes.broken_barh([(span.start_s, max(width, PIXEL_WIDTH * length_s))], (bottom + 0.08, 0.84), **face)
    fitting = [text for text in (word, style.letter) if len(text) * WORD_WIDTH < width / length_s]
    if fitting:
        box = {"facecolor": style.colour, "edgecolor": "none", "pad": 1.2}
        where = (span.start_s + width / 2, bottom + 0.5)
        axes.text(*where, fitting[0], ha="center", va="center", fontsize=8, color="black", bbox=box, clip_on=True)


def _draw_rate(axes: Any, timeline: Timeline) -> None:
    """Draw the heart rate of each window that has one, in the middle of what it adds."""
    axes.set_ylabel("beats/min")
    axes.grid(axis="y", linewidth=0.4, alpha=0.4, color=FAINT)
    points, before_s = [], 0.0
    for window in timeline.windows:
        bpm, end_s = window.get("heart_rate_bpm"), min(window["end_s"], timeline.duration_s)
        if isinstance(bpm, int | float):
            points.append(((max(before_s, window["start_s"]) + end_s) / 2, float(bpm)))
        before_s = end_s
    if not points:
        axes.set_ylim(40, 200)
        axes.text(0.5, 0.5, "no heart rate", transform=axes.transAxes, ha="center", va="center", color=FAINT)
        return
    rates = [bpm for _, bpm in points]
    room = max(MIN_RANGE_BPM, 1.3 * (max(rates) - min(rates)))
    middle = (max(rates) + min(rates)) / 2
    axes.set_ylim(middle - room / 2, middle + room / 2)
    axes.plot(*np.array(points).T, ".", color=INK, markersize=3.5)


def _draw_entries(panels: Sequence[Any], entries: Sequence[Entry], start_s: float, end_s: float) -> None:
    """Draw a line through all panels for each mark and note, with its number at the top."""
    for entry in entries:
        if not entry.number or not start_s <= entry.start_s <= end_s:
            continue
        for axes in panels:
            axes.axvline(entry.start_s, color=MARK, linewidth=1.0, linestyle=(0, (4, 2)))
        top = panels[0]
        where = (entry.start_s, 1.0)
        box = {"boxstyle": "round,pad=0.25", "facecolor": BADGE, "edgecolor": "none"}
        style = {"fontsize": 7, "ha": "center", "va": "bottom", "color": "white", "bbox": box}
        top.text(*where, str(entry.number), transform=top.get_xaxis_transform(), **style)


def _draw_axis(panels: Sequence[Any], start_s: float, end_s: float) -> None:
    """Set the ticks of the shared time axis, below the last panel, and the colours of every panel."""
    from matplotlib.ticker import FuncFormatter, MultipleLocator

    step = tick_step(max(end_s - start_s, 1e-3))
    for axes in panels:
        for spine in axes.spines.values():
            spine.set_color(FAINT)
            spine.set_linewidth(0.6)
        axes.tick_params(colors=FAINT, labelsize=8, width=0.6, labelbottom=axes is panels[-1])
        axes.yaxis.label.set_color(FAINT)
        axes.yaxis.label.set_size(8)
        axes.yaxis.set_label_coords(-LABEL_INCHES / (axes.get_position().width * axes.figure.get_figwidth()), 0.5)
        axes.xaxis.set_major_locator(MultipleLocator(step))
    panels[-1].xaxis.set_major_formatter(FuncFormatter(lambda at_s, _: clock(at_s, step)))
    unit = "seconds" if step < 15 else "minutes and seconds"
    panels[-1].set_xlabel(f"time in the recording, {unit}", color=FAINT, fontsize=8)

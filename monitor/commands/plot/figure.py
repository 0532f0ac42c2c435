"""The picture of a recording: sound, spectrogram, verdicts, confidence and heart rate on one time axis.

Matplotlib is imported inside functions only, draws without a display and without state of its own; the same
recording gives the same bytes. Must not judge.
"""

from __future__ import annotations

import importlib.util
import io
import warnings
from typing import Any

import numpy as np

from monitor.commands.plot.captions import caption, clock, tick_step
from monitor.commands.plot.offline_run import OfflineRun
from monitor.commands.plot.verdict_track import Cell, Run, SegmentStyle, cells, runs, segment_styles
from monitor.errors import MissingExtraError

__all__ = ["FORMATS", "check_matplotlib", "drawn"]

FORMATS = ("png", "svg", "pdf")

SIZE_INCHES = (12.0, 8.4)
DOTS_PER_INCH = 150
HEIGHTS = (1.5, 2.3, 0.8, 1.1, 1.1)
MARGINS = {"left": 0.075, "right": 0.99, "top": 0.925, "bottom": 0.058, "hspace": 0.1, "wspace": 0.015}
"""Shares of the picture; fixed, so that the pictures of many recordings lie over each other."""
KEY_WIDTH = 0.14
"""Width of the column of keys, as a share of the plots' own."""
TITLE_AT, CAPTION_AT = 0.982, 0.936

RANGE_DB = 60.0
LOUDEST_PERCENT = 99.9
"""What is louder than nearly everything, a knock on the chest piece, is not what the colours are stretched to."""

LETTER_SHARE = 0.012
"""Share of the time axis that a run needs for its letter."""
PIXEL_SHARE = 1 / 1400
"""Share of the time axis that a pixel is."""
QUIETEST_SCALE = 1e-4
RATE_MARGIN_BPM = 10.0

INK, FAINT, LOST_COLOUR = "#1b3a4b", "#7a8b99", "#e5484d"
NO_DATES: dict[str, dict[str, None]] = {
    "png": {"Software": None},
    "svg": {"Date": None},
    "pdf": {"CreationDate": None},
}


def check_matplotlib() -> None:
    """Find out before minutes of work whether a picture can be drawn.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.
    """
    try:
        found = importlib.util.find_spec("matplotlib")
    except ValueError:  # a name that is known to be nothing
        found = None
    if found is None:
        raise MissingExtraError("auscult plot needs matplotlib", "plot")


def drawn(run_result: OfflineRun, form: str, offset_s: float = 0.0) -> bytes:
    """Return the picture of a recording as a file's content.

    Parameters
    ----------
    run_result : OfflineRun
    form : {"png", "svg", "pdf"}
    offset_s : float
        Where in the file the sound heard begins, seconds.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    out = io.BytesIO()
    settings: Any = {"text.parse_math": False, "svg.hashsalt": "auscult", "svg.fonttype": "none", "font.size": 9}
    with rc_context(settings), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # a file name may be in any script
        figure = Figure(figsize=SIZE_INCHES, dpi=DOTS_PER_INCH)
        _fill(figure, run_result, offset_s)
        figure.savefig(out, format=form, metadata=NO_DATES[form])
    return out.getvalue()


def _fill(figure: Any, run_result: OfflineRun, offset_s: float) -> None:
    """Draw every panel."""
    shape = {"height_ratios": HEIGHTS, "width_ratios": (1.0, KEY_WIDTH), **MARGINS}
    grid = figure.subplots(len(HEIGHTS), 2, sharex="col", gridspec_kw=shape)
    (sound, spectrum, strip, confidence, rate), keys = grid.T
    for key in keys:
        key.set_axis_off()
    found = [
        Cell(cell.start_s + offset_s, cell.end_s + offset_s, cell.window)
        for cell in cells(run_result.windows, run_result.duration_s)
    ]
    _draw_sound(sound, keys[0], run_result, offset_s)
    _draw_spectrum(spectrum, keys[1], run_result, offset_s)
    _draw_strip(strip, keys[2], found, segment_styles(run_result.start.labels), run_result.duration_s)
    _draw_confidence(confidence, keys[3], found, run_result.uncertain_below)
    _draw_rate(rate, keys[4], found, run_result.summary.heart_rate_bpm)
    _draw_time(rate, offset_s, offset_s + run_result.duration_s)
    figure.align_ylabels(grid[:, 0])
    title, below = caption(run_result, offset_s)
    head = figure.text(MARGINS["left"], TITLE_AT, title, fontsize=12, fontweight="bold", va="top")
    room = (MARGINS["right"] - MARGINS["left"]) * figure.bbox.width
    head.set_fontsize(12 * min(1.0, room / head.get_window_extent().width))  # a long name has small letters
    figure.text(MARGINS["left"], CAPTION_AT, below, color=INK)


def _draw_sound(axes: Any, key: Any, run_result: OfflineRun, offset_s: float) -> None:
    """Draw the phonocardiogram: from the smallest to the largest sample of each column; what was lost is barred."""
    middles = offset_s + (np.arange(len(run_result.low)) + 0.5) * run_result.column_s
    axes.fill_between(middles, run_result.low, run_result.high, color=INK, linewidth=0.4)
    largest = 1.08 * max(QUIETEST_SCALE, float(np.max(run_result.high)), -float(np.min(run_result.low)))
    axes.set_ylim(-largest, largest)
    axes.set_ylabel("amplitude")
    edges = np.flatnonzero(np.diff(run_result.lost, prepend=False, append=False)).reshape(-1, 2)
    for first, last in edges.tolist():
        span = (offset_s + first * run_result.column_s, offset_s + last * run_result.column_s)
        bar = axes.axvspan(*span, facecolor="none", edgecolor=LOST_COLOUR, hatch="xxx", linewidth=0.6)
    if len(edges):
        key.legend([bar], ["samples lost"], loc="center left", frameon=False, borderpad=0)


def _draw_spectrum(axes: Any, key: Any, run_result: OfflineRun, offset_s: float) -> None:
    """Draw the spectrogram in inferno, with its key."""
    axes.set_ylabel("Hz")
    axes.set_ylim(0, 1000)
    columns = run_result.power_db.shape[1]
    if not columns:
        axes.text(0.5, 0.5, "too short for a spectrogram", transform=axes.transAxes, ha="center")
        return
    top = float(np.percentile(run_result.power_db, LOUDEST_PERCENT))
    # a column stands in the middle of its first frame and reaches to the next one's
    begin = offset_s + run_result.frame_s / 2 - min(run_result.frame_s / 2, run_result.power_column_s / 2)
    hz = [(row + 0.5) * run_result.bin_hz for row in (0, len(run_result.power_db))]
    image = axes.imshow(
        run_result.power_db,
        cmap="inferno",
        vmin=top - RANGE_DB,
        vmax=top,
        origin="lower",
        aspect="auto",
        extent=(begin, begin + columns * run_result.power_column_s, *hz),
    )
    axes.set_ylim(0, 1000)
    bar = axes.figure.colorbar(image, cax=key.inset_axes((0.0, 0.0, 0.12, 1.0)))
    bar.set_label("power, dB of a full-scale tone")


def _draw_strip(axes: Any, key: Any, found: list[Cell], styles: dict[str, SegmentStyle], duration_s: float) -> None:
    """Draw the labels and states, window by window above, rolling below, with the key of those that occur."""
    from matplotlib.patches import Patch

    seen: set[str] = set()
    for row, rolling in ((1, False), (0, True)):
        its = runs(found, rolling=rolling)
        seen.update(run.key for run in its)
        _draw_runs(axes, row, its, styles, duration_s)
    axes.set_ylim(0, 2)
    axes.set_yticks([0.5, 1.5], ["rolling", "window"])
    axes.tick_params(axis="y", length=0)
    patches = [
        Patch(facecolor=look.colour, edgecolor="white", hatch=2 * look.hatch, label=f"{look.letter}  {name}")
        for name, look in styles.items()
        if name in seen
    ]
    if patches:
        sizes = {"fontsize": 8, "labelspacing": 0.3, "handlelength": 2.4, "handleheight": 1.1}
        key.legend(handles=patches, loc="center left", frameon=False, borderpad=0, **sizes)
    else:
        axes.text(0.5, 0.5, "no window was complete", transform=axes.transAxes, ha="center", va="center")


def _draw_runs(axes: Any, row: int, its: list[Run], styles: dict[str, SegmentStyle], duration_s: float) -> None:
    """Draw one row of the strip; what is narrower than a pixel gets one, but for what is most of the row anyway."""
    lengths: dict[str, float] = {}
    for run in its:
        lengths[run.key] = lengths.get(run.key, 0.0) + run.end_s - run.start_s
    most = max(lengths, key=lengths.__getitem__, default="")
    for run in its:
        look, width = styles[run.key], run.end_s - run.start_s
        middle = run.start_s + width / 2
        face = {"facecolor": look.colour, "edgecolor": "white", "hatch": look.hatch, "linewidth": 0.0}
        axes.broken_barh([(run.start_s, width)], (row + 0.06, 0.88), **face)
        if width < PIXEL_SHARE * duration_s and run.key != most:
            axes.vlines(middle, row + 0.06, row + 0.94, colors=look.colour, linewidth=0.7, zorder=3)
        if width >= LETTER_SHARE * duration_s:
            box = {"facecolor": look.colour, "edgecolor": "none", "pad": 1.2}
            place = {"ha": "center", "va": "center", "fontweight": "bold", "clip_on": True}
            axes.text(middle, row + 0.5, look.letter, bbox=box, **place)


def _draw_confidence(axes: Any, key: Any, found: list[Cell], uncertain_below: float) -> None:
    """Draw the confidence of each window and of the rolling verdict; none where nothing was judged."""
    axes.set_ylim(0, 1.05)  # the line at 1 is not cut
    axes.set_ylabel("confidence")
    axes.grid(axis="y", linewidth=0.4, alpha=0.5)
    lines = [
        axes.axhline(
            uncertain_below, color=FAINT, linewidth=0.8, linestyle="--", label=f"uncertain < {uncertain_below:g}"
        )
    ]
    if found:
        edges = [found[0].start_s, *(cell.end_s for cell in found)]
        verdicts = ([cell.window.verdict for cell in found], [cell.window.rolling for cell in found])
        for its, name, width, colour in zip(verdicts, ("window", "rolling"), (0.8, 1.8), (FAINT, INK), strict=True):
            judged = [one.confidence if one.state in ("verdict", "uncertain") else None for one in its]
            values = np.array(judged, float)
            steps = {"baseline": None, "linewidth": width, "color": colour, "label": name}
            lines.append(axes.stairs(values, edges, **steps))
    key.legend(handles=lines[::-1], loc="center left", frameon=False, borderpad=0, fontsize=8)


def _draw_rate(axes: Any, key: Any, found: list[Cell], median: float | None) -> None:
    """Draw the heart rate of each window that has one, and their median."""
    axes.set_ylabel("beats / min")
    axes.grid(axis="y", linewidth=0.4, alpha=0.5)
    points = [(cell.middle_s, cell.window.heart_rate_bpm) for cell in found if cell.window.heart_rate_bpm is not None]
    if not points or median is None:
        axes.set_ylim(40, 200)
        axes.text(0.5, 0.5, "no heart rate in any window", transform=axes.transAxes, ha="center", va="center")
        return
    dots = axes.plot(*zip(*points, strict=True), ".", color=INK, markersize=4, label="window")
    line = axes.axhline(median, color=FAINT, linewidth=0.8, linestyle="--", label=f"median {median:.0f}")
    rates = [bpm for _, bpm in points]
    axes.set_ylim(min(rates) - RATE_MARGIN_BPM, max(rates) + RATE_MARGIN_BPM)
    key.legend(handles=[*dots, line], loc="center left", frameon=False, borderpad=0, fontsize=8)


def _draw_time(axes: Any, start_s: float, end_s: float) -> None:
    """Give the shared time axis its limits and ticks: seconds, or minutes and hours where it is long."""
    from matplotlib.ticker import FuncFormatter, MultipleLocator

    step = tick_step(end_s - start_s)
    axes.set_xlim(start_s, end_s)
    axes.xaxis.set_major_locator(MultipleLocator(step))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda seconds, _: clock(seconds, step)))
    axes.set_xlabel("time in the recording" + (", s" if step < 15 else ""))

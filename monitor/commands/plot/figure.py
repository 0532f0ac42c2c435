"""The figure of a recording: waveform, spectrogram, verdicts, acoustic score and heart rate on one time axis.

Matplotlib is imported inside functions only, and draws without a display and without global state; the same
recording gives the same bytes. Must not classify.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.archive.beats import beat_times
from monitor.archive.segment_styles import SegmentStyle, segment_styles
from monitor.archive.time_axis import clock, tick_step
from monitor.commands.plot.captions import caption
from monitor.commands.plot.offline_run import OfflineRun
from monitor.commands.plot.verdict_track import Cell, Run, verdict_cells, verdict_runs
from monitor.errors import check_installed
from monitor.text.letters import label_letters
from monitor.text.shown import shown_score

__all__ = ["FORMATS", "check_matplotlib", "render_figure"]

FORMATS = ("png", "svg", "pdf")

SIZE_INCHES = (12.0, 8.4)
DOTS_PER_INCH = 150
HEIGHTS = (1.5, 2.3, 0.8, 1.1, 1.1)
MARGINS = {"left": 0.075, "right": 0.99, "top": 0.925, "bottom": 0.058, "hspace": 0.1, "wspace": 0.015}
"""Fractions of the figure; fixed, so that the figures of many recordings can be overlaid."""
LEGEND_WIDTH = 0.14
"""Width of the column of legends, relative to the column of plots."""
TITLE_AT, CAPTION_AT = 0.982, 0.936
CAPTION_RIGHT = 0.99

RANGE_DB = 60.0
LOUDEST_PERCENT = 99.9
"""Percentile of the power at the top of the colour scale, so that a knock on the chest piece does not stretch it."""

MIN_LETTER_WIDTH = 0.012
"""Fraction of the time axis that a run needs for its letter."""
PIXEL_WIDTH = 1 / 1400
"""Fraction of the time axis that a pixel covers."""
MIN_AMPLITUDE = 1e-4
HEADROOM = 1.08
PART_S, LOUD_PARTS_PERCENT, LOUDER_THAN_USUAL = 0.5, 85.0, 1.5
"""The loudest sample of each half second; the axis reaches half as high again as all but the loudest 15 % of them. A
thump lasts less than half a second and so touches at most two parts, and a heart sound is in every second one."""
MIN_BEAT_WIDTH = 1 / 250
"""Fraction of the time axis that a tick and the space to the next one need."""
MIN_NAME_WIDTH = 1 / 60
"""Fraction of the time axis that the name of a heart sound and the space to the next one need."""
RATE_MARGIN_BPM = 10.0

INK, FAINT, LOST_COLOUR = "#1b3a4b", "#7a8b99", "#e5484d"
EARLY_COLOUR = "#d9480f"
TICKS: dict[str, dict[str, Any]] = {
    "S1": {"markersize": 8, "color": "#2a7f9e"},
    "S2": {"markersize": 4, "color": "#8a5a00"},
    "beat": {"markersize": 6, "color": "#2a7f9e"},
}
"""A long tick and a short one, so that they differ without colour too."""
METADATA: dict[str, dict[str, None]] = {
    "png": {"Software": None},
    "svg": {"Date": None},
    "pdf": {"CreationDate": None},
}


def check_matplotlib() -> None:
    """Check, before minutes of work, that a figure can be drawn.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.
    """
    check_installed("matplotlib", "auscult plot", "plot")


def render_figure(run: OfflineRun, form: str, offset_s: float = 0.0) -> bytes:
    """Return the figure of a recording as the content of a file.

    Parameters
    ----------
    run : OfflineRun
    form : {"png", "svg", "pdf"}
    offset_s : float
        Start of the sound in the file, seconds.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    out = io.BytesIO()
    settings: Any = {"text.parse_math": False, "svg.hashsalt": "auscult", "svg.fonttype": "none", "font.size": 9}
    with rc_context(settings), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # a file name may be in any script
        figure = Figure(figsize=SIZE_INCHES, dpi=DOTS_PER_INCH)
        _draw_panels(figure, run, offset_s)
        figure.savefig(out, format=form, metadata=METADATA[form])
    return out.getvalue()


def _draw_panels(figure: Any, run: OfflineRun, offset_s: float) -> None:
    """Draw every panel."""
    shape = {"height_ratios": HEIGHTS, "width_ratios": (1.0, LEGEND_WIDTH), **MARGINS}
    grid = figure.subplots(len(HEIGHTS), 2, sharex="col", gridspec_kw=shape)
    (waveform, spectrogram, track, score, rate), legends = grid.T
    for legend in legends:
        legend.set_axis_off()
    cells = [
        Cell(cell.start_s + offset_s, cell.end_s + offset_s, cell.window)
        for cell in verdict_cells(run.windows, run.duration_s)
    ]
    _draw_waveform(waveform, legends[0], run, offset_s)
    _draw_spectrogram(spectrogram, legends[1], run, offset_s)
    _draw_track(track, legends[2], cells, segment_styles(run.start.labels), run.duration_s)
    _draw_score(score, legends[3], cells, run.start.acoustic_thresholds)
    _draw_rate(rate, legends[4], cells, run.summary.heart_rate_bpm)
    _draw_time(rate, offset_s, offset_s + run.duration_s)
    figure.align_ylabels(grid[:, 0])
    title, subtitle = caption(run, offset_s)
    title_text = figure.text(MARGINS["left"], TITLE_AT, title, fontsize=12, fontweight="bold", va="top")
    caption_text = figure.text(MARGINS["left"], CAPTION_AT, subtitle, color=INK)
    for text, right in ((title_text, MARGINS["right"]), (caption_text, CAPTION_RIGHT)):
        width = (right - MARGINS["left"]) * figure.bbox.width
        text.set_fontsize(text.get_fontsize() * min(1.0, width / text.get_window_extent().width))


def _draw_waveform(axes: Any, legend: Any, run: OfflineRun, offset_s: float) -> None:
    """Draw the phonocardiogram from the minimum to the maximum of each column, bars over lost samples, and beats."""
    middles = offset_s + (np.arange(len(run.low)) + 0.5) * run.column_s
    axes.fill_between(middles, run.low, run.high, color=INK, linewidth=0.4)
    peaks = np.maximum(run.high, -run.low)  # (columns,)
    limit = max(MIN_AMPLITUDE, amplitude_limit(peaks, run.column_s))
    axes.set_ylim(-HEADROOM * limit, HEADROOM * limit)
    axes.set_ylabel("Amplitude")
    handles = _draw_lost(axes, run, offset_s) + _draw_beats(axes, run, offset_s)
    louder = peaks > limit * HEADROOM
    if louder.any():
        at = {"transform": axes.get_xaxis_transform(), "clip_on": False, "markersize": 4}
        name = f"louder, to {peaks.max():.2g}"
        handles += axes.plot(middles[louder], np.zeros(louder.sum()), "v", color=FAINT, label=name, **at)
    if handles:
        legend.legend(handles=handles, loc="center left", frameon=False, borderpad=0, fontsize=8)


def amplitude_limit(peaks: NDArray[np.float32], column_s: float) -> float:
    """Return the amplitude that the axis reaches: that of the loudest sounds, but not of a few thumps among them.

    Parameters
    ----------
    peaks : ndarray, shape (columns,), float32
        The largest amplitude of each column, 0 to 1.
    column_s : float
        Duration of a column, seconds.

    Examples
    --------
    >>> beats = np.tile(np.array([0.1, 0.02], np.float32), 20)  # half-second columns
    >>> beats[7] = 1.0  # a thump
    >>> round(amplitude_limit(beats, 0.5), 3)
    0.15
    """
    if not len(peaks):
        return 0.0
    per_part = max(1, round(PART_S / column_s))
    parts = np.maximum.reduceat(peaks, np.arange(0, len(peaks), per_part))
    usual = float(np.percentile(parts, LOUD_PARTS_PERCENT, method="lower"))
    return min(float(peaks.max()), LOUDER_THAN_USUAL * usual)


def _draw_lost(axes: Any, run: OfflineRun, offset_s: float) -> list[Any]:
    """Draw bars over lost samples; return what the legend shows of them."""
    edges = np.flatnonzero(np.diff(run.lost, prepend=False, append=False)).reshape(-1, 2)
    bars = []
    for first, last in edges.tolist():
        span = (offset_s + first * run.column_s, offset_s + last * run.column_s)
        style = {"facecolor": "none", "edgecolor": LOST_COLOUR, "hatch": "xxx", "linewidth": 0.6}
        bars.append(axes.axvspan(*span, label="samples lost", **style))
    return bars[:1]


def _draw_beats(axes: Any, run: OfflineRun, offset_s: float) -> list[Any]:
    """Draw S1 and S2, or a tick for each beat with a bundle that does not find them, and a triangle at early beats.

    Of a recording so long that the ticks would run together only the early beats are drawn.

    Returns
    -------
    list
        What the legend shows of them.
    """
    beats, early = beat_times(run.windows)
    found = [*(beat for window in run.windows for beat in window.beats), *run.summary.beats]
    sounds = [sound for beat in found for sound in beat.sounds]
    named = run.start.finds_heart_sounds
    ticked = (
        {name: [at_s for at_s, sound in sounds if sound == name] for name in ("S1", "S2")}
        if named
        else {"beat": [at_s for at_s in beats if at_s not in early]}
    )
    at = {"transform": axes.get_xaxis_transform(), "linestyle": "none"}
    handles: list[Any] = []
    if max(map(len, ticked.values())) * MIN_BEAT_WIDTH <= 1:
        for name, times in ticked.items():
            style = {"marker": "|", "label": name, **TICKS[name]}
            handles += axes.plot(np.array(times) + offset_s, np.full(len(times), 0.95), **style, **at) if times else []
        if named and len(sounds) * MIN_NAME_WIDTH <= 1:
            text = {"transform": at["transform"], "fontsize": 7, "ha": "center", "va": "top", "clip_on": True}
            for at_s, name in sounds:
                axes.text(at_s + offset_s, 0.91, name, color=TICKS[name]["color"], **text)
    if early:
        style = {"marker": "v", "markersize": 7, "color": EARLY_COLOUR, "label": "early beat"}
        handles += axes.plot(np.array(early) + offset_s, np.full(len(early), 0.78 if named else 0.93), **style, **at)
    return handles


def _draw_spectrogram(axes: Any, legend: Any, run: OfflineRun, offset_s: float) -> None:
    """Draw the spectrogram and its colour bar."""
    axes.set_ylabel("Frequency (Hz)")
    axes.set_ylim(0, 1000)
    columns = run.power_db.shape[1]
    if not columns:
        axes.text(0.5, 0.5, "too short for a spectrogram", transform=axes.transAxes, ha="center")
        return
    top = float(np.percentile(run.power_db, LOUDEST_PERCENT))
    # a column is centred on its first frame and ends where the next column begins
    start_s = offset_s + run.frame_s / 2 - min(run.frame_s / 2, run.power_column_s / 2)
    hz = [(row + 0.5) * run.bin_hz for row in (0, len(run.power_db))]
    image = axes.imshow(
        run.power_db,
        cmap="inferno",
        vmin=top - RANGE_DB,
        vmax=top,
        origin="lower",
        aspect="auto",
        extent=(start_s, start_s + columns * run.power_column_s, *hz),
    )
    axes.set_ylim(0, 1000)
    bar = axes.figure.colorbar(image, cax=legend.inset_axes((0.0, 0.0, 0.12, 1.0)))
    bar.set_label("Power (dBFS)")


def _draw_track(axes: Any, legend: Any, cells: list[Cell], styles: dict[str, SegmentStyle], duration_s: float) -> None:
    """Draw the labels and states, of the windows above and rolling below, with a legend of those that occur."""
    from matplotlib.patches import Patch

    occurring: set[str] = set()
    for row, rolling in ((1, False), (0, True)):
        runs = verdict_runs(cells, rolling=rolling)
        occurring.update(run.key for run in runs)
        _draw_runs(axes, row, runs, styles, duration_s)
    axes.set_ylim(0, 2)
    axes.set_yticks([0.5, 1.5], ["rolling", "window"])
    axes.tick_params(axis="y", length=0)
    patches = [
        Patch(facecolor=style.colour, edgecolor="white", hatch=2 * style.hatch, label=f"{style.letter}  {name}")
        for name, style in styles.items()
        if name in occurring
    ]
    if patches:
        sizes = {"fontsize": 8, "labelspacing": 0.3, "handlelength": 2.4, "handleheight": 1.1}
        legend.legend(handles=patches, loc="center left", frameon=False, borderpad=0, **sizes)
    else:
        axes.text(0.5, 0.5, "no window was complete", transform=axes.transAxes, ha="center", va="center")


def _draw_runs(axes: Any, row: int, runs: list[Run], styles: dict[str, SegmentStyle], duration_s: float) -> None:
    """Draw one row of the track; a run narrower than a pixel gets a line, except of the most frequent kind."""
    lengths: dict[str, float] = {}
    for run in runs:
        lengths[run.key] = lengths.get(run.key, 0.0) + run.end_s - run.start_s
    longest = max(lengths, key=lengths.__getitem__, default="")
    for run in runs:
        style, width = styles[run.key], run.end_s - run.start_s
        middle = run.start_s + width / 2
        face = {"facecolor": style.colour, "edgecolor": "white", "hatch": style.hatch, "linewidth": 0.0}
        axes.broken_barh([(run.start_s, width)], (row + 0.06, 0.88), **face)
        if width < PIXEL_WIDTH * duration_s and run.key != longest:
            axes.vlines(middle, row + 0.06, row + 0.94, colors=style.colour, linewidth=0.7, zorder=3)
        if width >= MIN_LETTER_WIDTH * duration_s:
            box = {"facecolor": style.colour, "edgecolor": "none", "pad": 1.2}
            text = {"ha": "center", "va": "center", "fontweight": "bold", "clip_on": True}
            axes.text(middle, row + 0.5, style.letter, bbox=box, **text)


def _draw_score(axes: Any, legend: Any, cells: list[Cell], thresholds: Mapping[str, float]) -> None:
    """Draw the acoustic score of each window and of the rolling verdict; a break where there is no verdict.

    A dashed line for each threshold, with the letters of its labels unless all have the same.
    """
    axes.set_ylim(0, 1.05)  # the line at 1 is drawn whole
    axes.set_ylabel("Acoustic score")
    axes.grid(axis="y", linewidth=0.4, alpha=0.5)
    lines: list[Any] = []
    letters = label_letters(tuple(thresholds))
    for threshold in sorted({*thresholds.values()}):
        of_it = [letters[label] for label, value in thresholds.items() if value == threshold]
        who = "label" if len(of_it) == len(thresholds) else ", ".join(of_it)
        name = f"{who} from {threshold:.2f}"
        lines.append(axes.axhline(threshold, color=FAINT, linewidth=0.8, linestyle="--", label=name))
    if cells:
        edges = [cells[0].start_s, *(cell.end_s for cell in cells)]
        tracks = ([cell.window.verdict for cell in cells], [cell.window.rolling for cell in cells])
        for verdicts, name, width, colour in zip(tracks, ("window", "rolling"), (0.8, 1.8), (FAINT, INK), strict=True):
            shown = [shown_score(one) for one in verdicts]
            values = np.array(shown, float)
            steps = {"baseline": None, "linewidth": width, "color": colour, "label": name}
            lines.append(axes.stairs(values, edges, **steps))
    legend.legend(handles=lines[::-1], loc="center left", frameon=False, borderpad=0, fontsize=8)


def _draw_rate(axes: Any, legend: Any, cells: list[Cell], median: float | None) -> None:
    """Draw the heart rate of each window that has one, and their median where there is one."""
    axes.set_ylabel("Heart rate (bpm)")
    axes.grid(axis="y", linewidth=0.4, alpha=0.5)
    points = [(cell.middle_s, cell.window.heart_rate_bpm) for cell in cells if cell.window.heart_rate_bpm is not None]
    if not points:
        axes.set_ylim(40, 200)
        axes.text(0.5, 0.5, "no heart rate in any window", transform=axes.transAxes, ha="center", va="center")
        return
    handles = axes.plot(*zip(*points, strict=True), ".", color=INK, markersize=4, label="window")
    if median is not None:
        line = {"color": FAINT, "linewidth": 0.8, "linestyle": "--", "label": f"median {median:.0f}"}
        handles.append(axes.axhline(median, **line))
    rates = [bpm for _, bpm in points]
    axes.set_ylim(min(rates) - RATE_MARGIN_BPM, max(rates) + RATE_MARGIN_BPM)
    legend.legend(handles=handles, loc="center left", frameon=False, borderpad=0, fontsize=8)


def _draw_time(axes: Any, start_s: float, end_s: float) -> None:
    """Set limits and ticks of the shared time axis: seconds, or minutes and hours where it is long."""
    from matplotlib.ticker import FuncFormatter, MultipleLocator

    step = tick_step(end_s - start_s)
    axes.set_xlim(start_s, end_s)
    axes.xaxis.set_major_locator(MultipleLocator(step))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda seconds, _: clock(seconds, step)))
    axes.set_xlabel("Time in the recording" + (" (s)" if step < 15 else ""))

"""``auscult plot FILE... -o out.png``: recordings and their verdicts as figures, and a table of acoustic features.

Imports matplotlib and librosa only where there is something to draw or to compute.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from monitor.archive.recordings import expand_folders
from monitor.audio.sources.file import RecordingSource
from monitor.commands.options.arguments import (
    add_channel_argument,
    add_engine_argument,
    add_hop_argument,
    add_model_argument,
    add_start_argument,
    check_hop,
)
from monitor.commands.plot.acoustic_features import FeatureTable, check_librosa
from monitor.commands.plot.captions import verdict_text
from monitor.commands.plot.figure import FORMATS, check_matplotlib, render_figure
from monitor.commands.plot.files import check_writable, figure_paths, write_output
from monitor.commands.plot.offline_run import WindowCallback, run_offline
from monitor.commands.progress_bar import RecordingsBar, bar_on_standard_error
from monitor.errors import AuscultError
from monitor.inference.bundle import Bundle, load_bundle
from monitor.messages import WindowEvent
from monitor.output import say
from monitor.process.interrupts import Interrupts

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help="recording (wav, flac, ogg, mp3, ...), session, or folder of recordings",
    )
    parser.add_argument(
        "-o",
        "--out",
        metavar="OUT",
        help="the figure, .png, .svg or .pdf; for several files a folder, or a name with {} for theirs",
    )
    parser.add_argument("--features", metavar="CSV", help="write a table of the acoustic features of all files")
    parser.add_argument(
        "--per",
        choices=("window", "file"),
        default="window",
        help="one row of --features per window or per file (default: window)",
    )
    add_model_argument(parser)
    add_engine_argument(parser)
    add_hop_argument(parser)
    add_start_argument(parser)
    add_channel_argument(parser)
    parser.set_defaults(usage_error=parser.error)


def run(options: argparse.Namespace) -> int:
    """Plot every file; one that cannot be read gets an error line, and the others are still plotted."""
    options.files, failures = expand_folders(options.files)
    figures = _figure_paths(options)
    _check(options, figures)
    bundle = load_bundle(options.model, engine=options.engine)
    check_hop(options, bundle)
    table = FeatureTable(options.per) if options.features else None
    for failure in failures:
        say(f"auscult: {failure}")
    bar = bar_on_standard_error(options.files)
    try:
        with Interrupts() as interrupts:
            code = _plot_all(figures, options, bundle, table, bar, interrupts)
    finally:
        bar.clear()
    code = max([code, *(failure.exit_code for failure in failures)])
    if table is not None:
        write_output(Path(options.features), table.csv().encode("utf-8"))
        say(f"{options.features}: {table.num_rows} rows")
    return code


def _plot_all(
    figures: list[Path] | list[None],
    options: argparse.Namespace,
    bundle: Bundle,
    table: FeatureTable | None,
    bar: RecordingsBar,
    interrupts: Interrupts,
) -> int:
    """Plot every file, and return the exit code."""
    code = 0
    for position, (file, figure) in enumerate(zip(options.files, figures, strict=True)):

        def show(fraction: float, position: int = position) -> None:
            if interrupts.requested:  # the signal's exception may have been lost in a library's callback
                raise KeyboardInterrupt
            bar.show(position, fraction)

        show(0.0)
        try:
            _plot(file, figure, options, bundle, table, bar, show)
        except AuscultError as error:
            code = max(code, error.exit_code)
            bar.clear()
            say(f"auscult: {error}")
    return code


def _figure_paths(options: argparse.Namespace) -> list[Path] | list[None]:
    """Return the path of each figure, or None where only the table is asked for."""
    if options.out is None:
        return [None] * len(options.files)
    try:
        return figure_paths(options.out, options.files, FORMATS)
    except ValueError as error:
        options.usage_error(f"-o {error}")
        raise


def _check(options: argparse.Namespace, figures: list[Path] | list[None]) -> None:
    """Check, before minutes of work, what can be checked."""
    if options.start < 0:
        options.usage_error("--start must be 0 or more seconds")
    if options.out is None and options.features is None:
        options.usage_error("nothing to write: name a figure with -o, or a table with --features")
    if options.features is not None and Path(options.features).suffix.lower() != ".csv":
        options.usage_error(f"--features {options.features!r} must end in .csv")
    if options.out is not None:
        check_matplotlib()
    if options.features is not None:
        check_librosa()
        check_writable(Path(options.features))
    for figure in figures:
        if figure is not None:
            check_writable(figure)


def _plot(
    file: str,
    figure: Path | None,
    options: argparse.Namespace,
    bundle: Bundle,
    table: FeatureTable | None,
    bar: RecordingsBar,
    show: Callable[[float], None],
) -> None:
    """Plot one file; of a damaged one what comes before the damage, before the error is raised."""
    source = RecordingSource(file, speed=None, channel=options.channel, start_s=options.start)
    if table is not None:
        table.begin_file(source.name, source.sample_rate)
    result = run_offline(source, bundle, options.hop, _on_window(table, show, source.duration_s))
    if table is not None:
        table.end_file()
    if figure is not None:
        content = render_figure(result, figure.suffix.lower().removeprefix("."), options.start)
        bar.clear()
        write_output(figure, content)
        say(f"{figure}: {verdict_text(result)}")
    if result.error is not None:
        raise result.error


def _on_window(table: FeatureTable | None, show: Callable[[float], None], duration_s: float | None) -> WindowCallback:
    """Return what adds a window to the table, and shows how far it is."""

    def on_window(event: WindowEvent, samples: NDArray[np.float32]) -> None:
        if table is not None:
            table.add_window(event, samples)
        show(min(1.0, event.end_s / duration_s) if duration_s else 0.0)

    return on_window

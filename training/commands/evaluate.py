"""``auscult evaluate BUNDLE DATA...``: the metrics of a bundle on labelled recordings.

Runs the network as the monitor does, in LiteRT; TensorFlow is not needed, and matplotlib for ``--plots`` alone. The
table, or the JSON object, goes to standard output, everything else to standard error.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.archive.offline import with_one_engine
from monitor.atomic_write import write_atomic
from monitor.errors import AuscultError, DataError, RecordingError
from monitor.inference.bundle import Bundle, load_bundle
from monitor.inference.engine import ENGINES
from monitor.labels import DEFAULT_ENGINE
from monitor.output import put, report_console, say
from training.commands.arguments import add_data, check_minimum, check_writable, say_cautions
from training.data.audio import TRUNCATED
from training.data.discovery import read_sets
from training.data.recording import Recording
from training.evaluation.annotated_windows import score_annotated_windows
from training.evaluation.bootstrap import Bootstrap
from training.evaluation.evaluation import Evaluation, evaluate, evaluation_info
from training.evaluation.ground_truth import select_recordings
from training.evaluation.scoring import ScoredRecording, score_recording
from training.reports.caveats import notes_of, seen_note
from training.reports.evaluation_json import to_json

if TYPE_CHECKING:
    from training.progress import Progress

__all__ = ["add_arguments", "run"]

MIN_REPEATS = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("bundle", metavar="BUNDLE", help="name of a model bundle, or its folder")
    add_data(parser)
    parser.add_argument(
        "--engine",
        choices=tuple(ENGINES),
        default=DEFAULT_ENGINE,
        help=f"runtime of the network (default: {DEFAULT_ENGINE})",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the tables as Markdown too")
    parser.add_argument("--plots", type=Path, metavar="DIR", help="write plots too (PNG; needs the training extra)")
    parser.add_argument(
        "--hop", type=float, default=1.0, metavar="S", help="seconds between two windows (default: 1.0)"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="seed of the bootstrap (default: 0)")
    parser.add_argument(
        "--repeats",
        type=int,
        default=1000,
        metavar="N",
        help="resamples of the bootstrap over patients (default: 1000)",
    )
    parser.set_defaults(usage_error=parser.error)


def run(options: argparse.Namespace) -> int:
    """Score the recordings, print the metrics, write what was asked for."""
    _check(options)
    bundle = load_bundle(options.bundle, engine=options.engine)
    _check_hop(options, bundle)
    evaluation = _evaluate(options, bundle)
    # tables come with all notes; that the data are not held out is said on standard error beside any output
    notes = notes_of(evaluation) if options.json else [note for note in [seen_note(evaluation)] if note]
    cut = [f"{TRUNCATED}: {name}: {missing}" for name, missing in evaluation.info.truncated.items()]
    for line in (*evaluation.info.unreadable, *cut, *notes):
        say(f"auscult: {line}")
    _print(evaluation, as_json=options.json)
    _write(evaluation, options)
    return 0


def _check(options: argparse.Namespace) -> None:
    """End with a usage error for numbers out of range; check before the work what cannot be written."""
    check_minimum(options, seed=0, repeats=MIN_REPEATS)
    if not math.isfinite(options.hop):
        options.usage_error(f"--hop {options.hop} must be a number of seconds")
    if options.plots is not None:
        from training.reports.plots import check_matplotlib

        check_matplotlib()
        check_writable(options.plots, "--plots", folder=True)
    if options.markdown is not None:
        check_writable(options.markdown, "--markdown", folder=False)


def _check_hop(options: argparse.Namespace, bundle: Bundle) -> None:
    """End with a usage error where the hop does not fit the bundle."""
    try:
        bundle.spec.hop_samples(options.hop)
    except ValueError as error:
        options.usage_error(str(error).replace("hop_s=", "--hop "))


def _evaluate(options: argparse.Namespace, bundle: Bundle) -> Evaluation:
    """Return all metrics of the recordings."""
    from rich.console import Console

    from training.progress import TerminalProgress

    sets = read_sets(options.data)
    recordings = [recording for part in sets for recording in (*part.recordings, *part.aside)]
    say_cautions(sets)
    selection, offline = select_recordings(recordings, bundle.labels), with_one_engine(bundle)
    with TerminalProgress(Console(stderr=True)) as progress:
        scored, unreadable = _score_all(selection.usable, offline, options.hop, progress)
        windows = score_annotated_windows([row.recording for row in scored], offline, progress)
    bootstrap = Bootstrap(options.seed, options.repeats)
    info = evaluation_info(
        bundle, scored, hop_s=options.hop, bootstrap=bootstrap, left_out=selection.left_out, unreadable=unreadable
    )
    return evaluate(scored, info, bootstrap, windows)


def _score_all(
    recordings: Sequence[Recording], bundle: Bundle, hop_s: float, progress: Progress
) -> tuple[list[ScoredRecording], list[str]]:
    """Return the scores of every recording, and a line for each that cannot be read."""
    on_step = progress.stage("scoring recordings", len(recordings))
    scored, unreadable = [], []
    for recording in recordings:
        try:
            scored.append(score_recording(recording, bundle, hop_s))
        except RecordingError as error:
            unreadable.append(str(error))
        on_step(math.nan)
    if not scored:
        more = f", and {len(unreadable) - 1} more like it" if len(unreadable) > 1 else ""
        raise DataError(f"no recording can be read: {unreadable[0]}{more}")
    return scored, unreadable


def _print(evaluation: Evaluation, *, as_json: bool) -> None:
    """Print the JSON object or the tables."""
    if as_json:
        put(json.dumps(to_json(evaluation), allow_nan=False))
        return
    from training.reports.evaluation_tables import print_report

    with report_console() as console:
        print_report(evaluation, console)


def _write(evaluation: Evaluation, options: argparse.Namespace) -> None:
    """Write Markdown and plots where they were asked for."""
    from training.reports.evaluation_tables import to_markdown

    try:
        if options.markdown is not None:
            write_atomic(options.markdown, to_markdown(evaluation))
            say(f"wrote {options.markdown}")
        if options.plots is not None:
            from training.reports.plots import write_plots

            names = ", ".join(path.name for path in write_plots(evaluation, options.plots))
            say(f"wrote {names or 'no plot'} to {options.plots}")
    except OSError as error:
        raise AuscultError(f"{error.filename or options.markdown}: cannot be written ({error.strerror})") from error

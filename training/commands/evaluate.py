"""``auscult evaluate BUNDLE DATA...``: what a bundle is worth on labelled recordings.

Runs the network as the monitor does, in LiteRT; TensorFlow is not needed, and matplotlib for ``--plots`` alone. The
table, or the JSON object, goes to standard output, everything else to standard error.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.errors import AuscultError, DataError, RecordingError
from monitor.inference.bundle import Bundle, load_bundle
from training.data.discovery import read_sets
from training.data.recording import Recording
from training.evaluation.bootstrap import Bootstrap
from training.evaluation.evaluation import Evaluation, about, evaluate
from training.evaluation.ground_truth import sort_recordings
from training.evaluation.marked_windows import score_annotated_windows
from training.evaluation.scoring import ScoredRecording, score_recording
from training.reports.caveats import notes_of, seen_note
from training.reports.evaluation_json import to_json

if TYPE_CHECKING:
    from training.progress import Progress

__all__ = ["add_arguments", "run"]

FEWEST_REPEATS = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("bundle", metavar="BUNDLE", help="name of a model bundle, or its folder")
    parser.add_argument(
        "data", nargs="+", type=Path, metavar="DATA", help="PASCAL, CirCor, a folder per label, or a manifest.csv"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the tables as Markdown too")
    parser.add_argument("--plots", type=Path, metavar="DIR", help="write plots too (PNG; needs the training extra)")
    parser.add_argument(
        "--hop", type=float, default=1.0, metavar="S", help="seconds between two windows (default: 1.0)"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="repeats the intervals (default: 0)")
    parser.add_argument(
        "--repeats", type=int, default=1000, metavar="N", help="draws of the bootstrap over patients (default: 1000)"
    )
    parser.set_defaults(usage_error=parser.error)


def run(options: argparse.Namespace) -> int:
    """Judge the recordings, print the figures, write what was asked for."""
    _check(options)
    bundle = load_bundle(options.bundle)
    _check_hop(options, bundle)
    found = _evaluate(options, bundle)
    # tables have the notes at their head, but that figures are not held out is said beside any output
    notes = notes_of(found) if options.json else [note for note in [seen_note(found)] if note]
    for line in (*found.about.unreadable, *notes):
        print(f"auscult: {line}", file=sys.stderr)
    _print(found, as_json=options.json)
    _write(found, options)
    return 0


def _check(options: argparse.Namespace) -> None:
    """End with a usage error for numbers out of range; find out before the work what cannot be written."""
    for name, low in (("seed", 0), ("repeats", FEWEST_REPEATS)):
        if getattr(options, name) < low:
            options.usage_error(f"--{name} {getattr(options, name)} must be {low} or more")
    if not math.isfinite(options.hop):
        options.usage_error(f"--hop {options.hop} must be a number of seconds")
    if options.plots is not None:
        from training.reports.plots import check_matplotlib

        check_matplotlib()
        _check_writable(options.plots, "--plots", folder=True)
    if options.markdown is not None:
        _check_writable(options.markdown, "--markdown", folder=False)


def _check_writable(path: Path, option: str, *, folder: bool) -> None:
    """Refuse a place where nothing can be written."""
    standing = next(place for place in (path.absolute(), *path.absolute().parents) if place.exists())
    fits = standing.is_dir() != (standing == path.absolute() and not folder)
    if not (fits and os.access(standing, os.W_OK)):
        raise AuscultError(f"{path}: cannot be written there", f"choose another place with {option}")


def _check_hop(options: argparse.Namespace, bundle: Bundle) -> None:
    """End with a usage error where the hop does not fit the bundle."""
    try:
        bundle.spec.hop_samples(options.hop)
    except ValueError as error:
        options.usage_error(str(error).replace("hop_s=", "--hop "))


def _evaluate(options: argparse.Namespace, bundle: Bundle) -> Evaluation:
    """Return every figure of the recordings."""
    from rich.console import Console

    from training.progress import TerminalProgress

    labelled = [its for data_set in read_sets(options.data) for its in (*data_set.recordings, *data_set.aside)]
    kinds = sort_recordings(labelled, bundle.labels)
    with TerminalProgress(Console(stderr=True)) as progress:
        judged, unreadable = _judge_all(kinds.usable, bundle, options.hop, progress)
        marked = score_annotated_windows([its.recording for its in judged], bundle, progress)
    bootstrap = Bootstrap(options.seed, options.repeats)
    facts = about(
        bundle, judged, hop_s=options.hop, bootstrap=bootstrap, left_out=kinds.left_out, unreadable=unreadable
    )
    return evaluate(judged, facts, bootstrap, marked)


def _judge_all(
    recordings: Sequence[Recording], bundle: Bundle, hop_s: float, progress: Progress
) -> tuple[list[ScoredRecording], list[str]]:
    """Return what the bundle says of every recording, and a line for each that cannot be read."""
    tick = progress.stage("judging recordings", len(recordings))
    judged, unreadable = [], []
    for recording in recordings:
        try:
            judged.append(score_recording(recording, bundle, hop_s))
        except RecordingError as error:
            unreadable.append(str(error))
        tick(math.nan)
    if not judged:
        more = f", and {len(unreadable) - 1} more like it" if len(unreadable) > 1 else ""
        raise DataError(f"no recording can be read: {unreadable[0]}{more}")
    return judged, unreadable


def _print(found: Evaluation, *, as_json: bool) -> None:
    """Print the JSON object or the tables."""
    if as_json:
        print(json.dumps(to_json(found), ensure_ascii=False, allow_nan=False))
        return
    from rich.console import Console

    from training.reports.tables import print_report

    print_report(found, Console())


def _write(found: Evaluation, options: argparse.Namespace) -> None:
    """Write Markdown and plots where they were asked for."""
    from training.reports.tables import to_markdown

    try:
        if options.markdown is not None:
            options.markdown.parent.mkdir(parents=True, exist_ok=True)
            options.markdown.write_text(to_markdown(found), encoding="utf-8")
            print(f"wrote {options.markdown}", file=sys.stderr)
        if options.plots is not None:
            from training.reports.plots import write_plots

            paths = write_plots(found, options.plots)
            print(f"wrote {', '.join(path.name for path in paths) or 'no plot'} to {options.plots}", file=sys.stderr)
    except OSError as error:
        raise AuscultError(f"{error.filename or options.markdown}: cannot be written ({error.strerror})") from error

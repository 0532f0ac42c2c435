"""``auscult scan PATH... -o OUT``: many recordings to one table, over all cores, to be stopped and resumed at any time.

Imports pyarrow only to write Parquet.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from monitor._version import __version__
from monitor.archive.recordings import Found, Recording, find_recordings
from monitor.archive.scans.journal_lines import head_of, lines_of
from monitor.archive.scans.overview import Overview
from monitor.archive.scans.rows import ENDINGS, read_scan
from monitor.commands.options.arguments import (
    add_channel_argument,
    add_engine_argument,
    add_hop_argument,
    add_model_argument,
    check_hop,
    whole_number,
)
from monitor.commands.progress_bar import ProgressBar, terminal_columns
from monitor.commands.report.scans.written import PAGE_ENDINGS, check_page, write_scan_page
from monitor.commands.scan.dask_pool import DaskPool
from monitor.commands.scan.dask_task import Order, pack
from monitor.commands.scan.journal import Journal
from monitor.commands.scan.judging import Judges
from monitor.commands.scan.pool import Pool
from monitor.commands.scan.progress import SAY_S, Progress
from monitor.commands.scan.rows import failed_row
from monitor.commands.scan.subjects import read_subjects
from monitor.commands.scan.tables import check_form, table_paths, write_tables
from monitor.commands.scan.worker import WorkerSetup
from monitor.errors import AuscultError, check_installed
from monitor.inference.bundle import Bundle, digest_of_settings, load_bundle
from monitor.output import printable, say
from monitor.process.interrupts import Interrupts
from monitor.text.text_lines import counted

__all__ = ["add_arguments", "run"]

MAX_JOBS = 1024
MAX_ENDINGS = 5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "paths",
        nargs="+",
        metavar="PATH",
        help="recording, folder with recordings at any depth, or address of either: s3://..., https://...",
    )
    parser.add_argument("-o", "--out", required=True, metavar="OUT", help=f"the table: {', '.join(ENDINGS)}")
    parser.add_argument(
        "--dask",
        metavar="ADDRESS",
        help="judge on a Dask cluster: tcp://HOST:8786, or local for one of processes here; needs the extra dask",
    )
    parser.add_argument(
        "--jobs",
        type=whole_number(1, MAX_JOBS),
        metavar="N",
        help="processes that judge recordings (default: one per core)",
    )
    begin = parser.add_mutually_exclusive_group()
    begin.add_argument("--resume", action="store_true", help="go on with OUT: judge what is missing or has changed")
    begin.add_argument("--force", action="store_true", help="replace OUT where it exists")
    parser.add_argument("--windows", action="store_true", help="write every window too")
    parser.add_argument(
        "--manifest", metavar="CSV", help="table with the columns path and patient: whose recording each file is"
    )
    parser.add_argument(
        "--report", metavar="PAGE", help="write a page of tables and pictures too, a .html; needs the extra report"
    )
    add_model_argument(parser)
    add_engine_argument(parser)
    add_hop_argument(parser)
    add_channel_argument(parser)
    parser.set_defaults(usage_error=parser.error)


def run(options: argparse.Namespace) -> int:
    """Scan; the exit code is 1 where a file could not be read, or not to its end."""
    out = Path(options.out)
    if out.suffix.lower() not in ENDINGS:
        options.usage_error(f"-o {options.out} must end in {', '.join(ENDINGS[:-1])} or {ENDINGS[-1]}")
    check_form(out)
    page = None if options.report is None else Path(options.report)
    if page is not None:
        if page.suffix.lower() not in PAGE_ENDINGS:
            options.usage_error(f"--report {options.report} must end in {' or '.join(PAGE_ENDINGS)}")
        check_page(page, force=options.force, renew=options.resume)
    if options.dask not in (None, "local") and options.jobs is not None:
        options.usage_error(f"--jobs is for processes of this machine, not with --dask {printable(options.dask)}")
    if options.dask is not None:
        check_installed("distributed", "--dask", "dask")
    journal_path = out if out.suffix.lower() == ".jsonl" else out.with_name(f"{out.name}.journal")
    _check_free(out, journal_path, options)
    subjects = read_subjects(Path(options.manifest)) if options.manifest else {}
    bundle = load_bundle(options.model, engine=options.engine)
    check_hop(options, bundle)
    found = find_recordings(options.paths)
    _say_left_alone(found)
    journal = Journal(journal_path, _settings(options, bundle), resume=options.resume)
    with Interrupts() as interrupts:
        try:
            with interrupts.deferred():
                done = _judge(found.recordings, journal, options, bundle, interrupts)
        finally:
            journal.close()
        if not done:
            rows = counted(len(journal), "row")
            say(f"stopped with {rows}, kept in {journal_path}: the same command with --resume goes on")
            return interrupts.exit_code
        others = journal.settle((recording.path for recording in found.recordings), subjects.get)
        write_tables(journal_path, out, windows=options.windows)
    code = _report(journal_path, out, others, bundle.labels, by_subject=bool(options.manifest))
    if page is not None:
        write_scan_page(read_scan(out), page, force=options.force, renew=options.resume)
    return code


def _settings(options: argparse.Namespace, bundle: Bundle) -> dict[str, Any]:
    """Return what decides the rows besides the files."""
    return {
        "version": __version__,
        "model": bundle.name,
        "model_sha256": bundle.model_sha256,
        "settings_sha256": digest_of_settings(bundle.settings),
        "engine": options.engine,
        "hop_s": bundle.spec.hop_s if options.hop is None else options.hop,
        "channel": options.channel,
        "windows": options.windows,
        "labels": list(bundle.labels),
    }


def _check_free(out: Path, journal_path: Path, options: argparse.Namespace) -> None:
    """Refuse, before the work, to replace what exists."""
    tables = table_paths(out, windows=options.windows).values()
    for path in (journal_path, *tables):
        if path.is_dir():
            raise AuscultError(f"{path} is a folder", "name a file with -o")
    if options.force:
        return
    ours = head_of(journal_path) is not None
    if ours and not options.resume:
        raise AuscultError(
            f"{journal_path} holds a scan already", "add --resume to go on with it, or --force to begin again"
        )
    if options.resume and _is_empty(journal_path):
        raise AuscultError(
            f"{journal_path} is empty: nothing is left to go on with", "add --force instead of --resume to begin again"
        )
    for path in (journal_path, *tables):
        if os.path.lexists(path) and not ours:
            raise AuscultError(f"{path} exists and is not overwritten", "choose another name with -o, or add --force")


def _is_empty(path: Path) -> bool:
    """Return whether a file is there and empty, as one is whose beginning never reached the disk."""
    return path.is_file() and path.stat().st_size == 0


def _say_left_alone(found: Found) -> None:
    """Say which other files the folders hold."""
    if found.left_alone:
        endings = [f"{count} {ending}" for ending, count in found.left_alone.most_common(MAX_ENDINGS)]
        more = ", ..." if len(found.left_alone) > MAX_ENDINGS else ""
        say(f"no recordings by their names, left alone: {', '.join(endings)}{more}")


def _judge(
    recordings: Sequence[Recording],
    journal: Journal,
    options: argparse.Namespace,
    bundle: Bundle,
    interrupts: Interrupts,
) -> bool:
    """Judge what the journal lacks; return whether all is done, rather than interrupted."""
    for recording in recordings:
        if recording.error is not None:
            journal.add(recording, failed_row(recording, recording.error).lines)
    missing = [recording for recording in recordings if recording.error is None and not journal.has(recording)]
    kept = sum(recording.error is None for recording in recordings) - len(missing)
    if options.resume:
        say(f"{counted(kept, 'file')} done already, {len(missing)} left")
    stream = sys.stderr if sys.stderr is not None and sys.stderr.isatty() else None
    num_bytes = sum(recording.num_bytes or 0 for recording in missing)
    bar = ProgressBar(stream, lambda: terminal_columns(sys.stderr), say_s=SAY_S)
    progress = Progress(bar, len(missing), num_bytes)
    setup = WorkerSetup(
        str(bundle.path), bundle.model_sha256, options.engine, options.channel, options.hop, options.windows
    )
    left = len(missing)
    with _pool(options, setup, bundle, len(missing)) as pool:
        for answer in pool.run(missing, interrupts):
            if answer is not None:
                index, judged = answer
                journal.add(missing[index], judged.lines)
                progress.add(missing[index].num_bytes or 0, judged.seconds, failed=judged.failed)
                left -= 1
            progress.show()
    progress.clear()
    if missing:
        say(progress.total())
    return left == 0


def _pool(options: argparse.Namespace, setup: WorkerSetup, bundle: Bundle, num_recordings: int) -> Judges:
    """Return what judges: processes of our own, or a Dask cluster."""
    jobs = options.jobs or _cores()
    if options.dask is None or not num_recordings:
        return Pool(setup, jobs)
    return DaskPool(options.dask, jobs, Order(setup, digest_of_settings(bundle.settings)), pack(bundle))


def _cores() -> int:
    """Return the cores that this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity is not None else os.cpu_count() or 1


def _report(journal_path: Path, out: Path, others: int, labels: Sequence[str], *, by_subject: bool) -> int:
    """Print the table of what was found; return the exit code."""
    overview = Overview(labels, "subject" if by_subject else "folder")
    for row in lines_of(journal_path, "summary"):
        overview.add(row)
    for line in overview.text(shutil.get_terminal_size((120, 24)).columns).splitlines():
        say(line)
    kept = f", {others} of files that were not named now" if others else ""
    failed = f", {overview.errors} with an error" if overview.errors else ""
    say(f"{out}: {counted(overview.files, 'row')}{failed}{kept}")
    return 1 if overview.errors else 0

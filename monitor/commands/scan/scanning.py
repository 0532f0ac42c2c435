"""A scan from its bundle to its table: what is missing in the journal is judged, then everything is written in order.

Imports pyarrow only to write Parquet.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from monitor._version import __version__
from monitor.archive.recordings import Found, Recording, find_recordings
from monitor.archive.scans.journal_lines import lines_of
from monitor.archive.scans.overview import Overview
from monitor.archive.scans.rows import read_scan
from monitor.commands.options.arguments import check_hop
from monitor.commands.progress_bar import ProgressBar, terminal_columns
from monitor.commands.scan.journal import Journal
from monitor.commands.scan.judging import Judges
from monitor.commands.scan.pool import Pool
from monitor.commands.scan.process import SpareWorker
from monitor.commands.scan.progress import SAY_S, Progress
from monitor.commands.scan.rows import failed_row
from monitor.commands.scan.tables import write_tables
from monitor.commands.scan.worker import WorkerSetup
from monitor.inference.bundle import Bundle, digest_of_settings, load_bundle
from monitor.output import printable, say
from monitor.process.interrupts import Interrupts
from monitor.text.text_lines import counted

__all__ = ["scan"]

MAX_ENDINGS = 5


def scan(
    options: argparse.Namespace,
    out: Path,
    journal_path: Path,
    subjects: Mapping[str, str],
    page: Path | None,
    spare: SpareWorker | None,
) -> int:
    """Judge, write the table and the page; return the exit code: 1 where a file could not be read, or not to its end.

    Parameters
    ----------
    options : argparse.Namespace
    out : Path
        The table.
    journal_path : Path
        The journal, which is the table itself where that is a ``.jsonl``.
    subjects : mapping of str to str
        From the path of a recording to its subject.
    page : Path or None
        The page to write.
    spare : SpareWorker or None
        The first worker, where it was started ahead.

    Raises
    ------
    AuscultError
        If the bundle, a path or what is to be written cannot be used.
    """
    bundle = load_bundle(options.model, engine=options.engine)
    check_hop(options, bundle)
    found = find_recordings(options.paths)
    _say_left_alone(found)
    if options.manifest:
        _say_without_subject(options.manifest, found, subjects)
    journal = Journal(journal_path, _settings(options, bundle), resume=options.resume)
    with Interrupts() as interrupts:
        try:
            with interrupts.deferred():
                done = _judge(found.recordings, journal, options, bundle, interrupts, spare)
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
        from monitor.commands.report.scans.written import write_scan_page

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


def _say_left_alone(found: Found) -> None:
    """Say which other files the folders hold."""
    if found.left_alone:
        endings = [f"{count} {ending}" for ending, count in found.left_alone.most_common(MAX_ENDINGS)]
        more = ", ..." if len(found.left_alone) > MAX_ENDINGS else ""
        say(f"no recordings by their names, left alone: {', '.join(endings)}{more}")


def _say_without_subject(manifest: str, found: Found, subjects: Mapping[str, str]) -> None:
    """Say how many recordings a manifest names, where that is not all."""
    named = sum(recording.path in subjects for recording in found.recordings)
    if named < len(found.recordings):
        say(
            f"{printable(manifest)} names a patient for {named} of {counted(len(found.recordings), 'file')}; paths in "
            "it are relative to its folder"
        )


def _judge(
    recordings: Sequence[Recording],
    journal: Journal,
    options: argparse.Namespace,
    bundle: Bundle,
    interrupts: Interrupts,
    spare: SpareWorker | None,
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
    with _pool(options, setup, bundle, len(missing), spare) as pool:
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


def _pool(
    options: argparse.Namespace, setup: WorkerSetup, bundle: Bundle, num_recordings: int, spare: SpareWorker | None
) -> Judges:
    """Return what judges: processes of our own, or a Dask cluster."""
    jobs = options.jobs or _cores()
    if options.dask is None or not num_recordings:
        return Pool(setup, jobs, spare=spare)
    from monitor.commands.scan.dask_pool import DaskPool
    from monitor.commands.scan.dask_task import Order, pack

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
    failed = f", {overview.errors_text}" if overview.errors else ""
    say(f"{out}: {counted(overview.files, 'row')}{kept}{failed}")
    return 1 if overview.errors else 0

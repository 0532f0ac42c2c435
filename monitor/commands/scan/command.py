"""``auscult scan PATH... -o OUT``: many recordings to one table, over all cores, to be stopped and resumed at any time.

Arguments, and what is checked before a process is started; :mod:`monitor.commands.scan.scanning` does the work. Imports
no NumPy: the first worker is started before the scan imports it, and does so at the same time.
"""

from __future__ import annotations

import argparse
import contextlib
import os
from pathlib import Path

from monitor.archive.scans.journal_lines import head_of
from monitor.archive.scans.rows import ENDINGS
from monitor.commands.options.arguments import (
    add_channel_argument,
    add_engine_argument,
    add_hop_argument,
    add_model_argument,
    whole_number,
)
from monitor.commands.scan.process import SpareWorker
from monitor.commands.scan.subjects import read_subjects
from monitor.commands.scan.tables import check_form, table_paths
from monitor.errors import AuscultError, check_installed
from monitor.output import printable

__all__ = ["add_arguments", "run"]

MAX_JOBS = 1024


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
    page = _checked_page(options)
    if options.dask not in (None, "local") and options.jobs is not None:
        options.usage_error(f"--jobs is for processes of this machine, not with --dask {printable(options.dask)}")
    if options.dask is not None:
        check_installed("distributed", "--dask", "dask")
    journal_path = out if out.suffix.lower() == ".jsonl" else out.with_name(f"{out.name}.journal")
    _check_free(out, journal_path, options)
    subjects = read_subjects(Path(options.manifest)) if options.manifest else {}
    with SpareWorker() if options.dask is None else contextlib.nullcontext() as spare:
        from monitor.commands.scan.scanning import scan  # while the worker imports what it needs

        return scan(options, out, journal_path, subjects, page, spare)


def _checked_page(options: argparse.Namespace) -> Path | None:
    """Return the page that is asked for, once it is known that it can be written; None where none is."""
    if options.report is None:
        return None
    from monitor.commands.report.scans.written import PAGE_ENDINGS, check_page

    page = Path(options.report)
    if page.suffix.lower() not in PAGE_ENDINGS:
        options.usage_error(f"--report {options.report} must end in {' or '.join(PAGE_ENDINGS)}")
    check_page(page, force=options.force, renew=options.resume)
    return page


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

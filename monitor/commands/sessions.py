"""``auscult sessions``: lists the sessions that were kept; erases or anonymises some of them."""

from __future__ import annotations

import argparse
import csv
import datetime
import io
import json
from pathlib import Path
from typing import Any

from monitor.commands.options.session_options import session_dir, subject
from monitor.errors import AuscultError
from monitor.labels import SITES
from monitor.output import printable, put, say
from monitor.sessions.anonymise import anonymise
from monitor.sessions.erasing import erase
from monitor.sessions.overview import COLUMNS, Overview, overview, row_values, visits
from monitor.sessions.reader import find_sessions, read_session

__all__ = ["add_arguments", "run"]

ACTIONS = ("erase", "anonymise")
HEADINGS = ("when", "subject", "site", "min", "verdict", "bpm", "marks", "")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.usage = (
        "auscult sessions [DIR] [filters] [--visits | --json | --csv]\n"
        "       auscult sessions erase SESSION... --yes\n"
        "       auscult sessions anonymise SESSION... [--subject CODE] [--keep-notes]"
    )
    parser.add_argument(
        "words",
        nargs="*",
        metavar="DIR|erase|anonymise",
        help="folder with sessions (default: see auscult config); erase or anonymise and the folders of sessions",
    )
    parser.add_argument("--subject", type=subject, metavar="CODE", help="of this subject; anonymise: the new code")
    parser.add_argument("--site", choices=SITES, help="with this site")
    parser.add_argument("--since", type=_day, metavar="YYYY-MM-DD", help="from this day on")
    parser.add_argument("--until", type=_day, metavar="YYYY-MM-DD", help="up to this day, included")
    parser.add_argument("--verdict", metavar="LABEL", help="with this label, or state where there is none")
    parser.add_argument("--marked", action="store_true", help="with a mark, a note or a person's label")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--visits", action="store_true", help="a row per site and a column per day")
    form.add_argument("--json", action="store_true", help="a JSON object per session")
    form.add_argument("--csv", action="store_true", help="comma-separated values with a header")
    parser.add_argument("--keep-notes", action="store_true", help="anonymise: leave notes and labels as they are")
    parser.add_argument("--yes", action="store_true", help="erase: do it")
    parser.set_defaults(usage_error=parser.error)


def run(options: argparse.Namespace) -> int:
    """List, erase or anonymise."""
    action = options.words[0] if options.words and options.words[0] in ACTIONS else None
    if action is not None:
        folders = [Path(word) for word in options.words[1:]]
        if not folders:
            options.usage_error(f"{action}: name the folders of sessions")
        return _erase(folders, options) if action == "erase" else _anonymise(folders, options)
    if options.yes or options.keep_notes:
        options.usage_error("--yes belongs to erase, --keep-notes to anonymise")
    if len(options.words) > 1:
        options.usage_error("name one folder with sessions")
    parent = Path(options.words[0]) if options.words else session_dir({})
    if not parent.is_dir():
        if options.words:
            raise AuscultError(f"{parent} is no folder", "name a folder with sessions")
        say(f"no sessions: {parent} does not exist")
        return 0
    return _list(parent, options)


def _list(parent: Path, options: argparse.Namespace) -> int:
    """Print the sessions of a folder; one that cannot be read gets an error line and sets the exit code."""
    rows: list[Overview] = []
    failures: list[AuscultError] = []
    for session in find_sessions(parent, failures.append):
        try:
            rows.append(overview(session))
        except AuscultError as error:
            failures.append(error)
    for failure in failures:
        say(f"auscult: {failure}")
    rows = [row for row in rows if _chosen(row, options)]
    if options.json:
        for row in rows:
            put(json.dumps(row_values(row), allow_nan=False))
    elif options.csv:
        put(_csv(rows))
    elif options.visits:
        put(_visits(rows))
    elif rows:
        put(_table(rows))
    elif not failures:
        say(f"no sessions in {parent}")
    return int(bool(failures))


def _chosen(row: Overview, options: argparse.Namespace) -> bool:
    """Return whether a session passes all filters."""
    day = row.session.started.date()
    return (
        (options.subject is None or row.session.subject == options.subject)
        and (options.site is None or options.site in row.sites)
        and (options.since is None or day >= options.since)
        and (options.until is None or day <= options.until)
        and (options.verdict is None or row.verdict == options.verdict)
        and (row.marks > 0 or not options.marked)
    )


def _table(rows: list[Overview]) -> str:
    """Return a row of text per session."""
    cells = [HEADINGS, *(_cells(row) for row in rows)]
    return _aligned(cells)


def _cells(row: Overview) -> tuple[str, ...]:
    """Return the cells of a session."""
    return (
        f"{row.session.started:%Y-%m-%d %H:%M}",
        row.session.subject or "-",
        ",".join(row.sites) or "-",
        f"{row.judged_s / 60:.1f}",
        row.verdict_text,
        "-" if row.bpm is None else f"{row.bpm:.0f}",
        str(row.marks),
        row.session.folder.name + ("" if row.state == "ended" else f"  ({row.state})"),
    )


def _visits(rows: list[Overview]) -> str:
    """Return a row per site and a column per day."""
    days, found = visits(rows)
    return _aligned(
        [("site", *(f"{day:%Y-%m-%d}" for day in days)), *((site, *cells) for site, cells in found.items())]
    )


def _aligned(cells: list[tuple[str, ...]]) -> str:
    """Return cells in columns."""
    shown = [[printable(cell) for cell in row] for row in cells]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    lines = ("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)) for row in shown)
    return "\n".join(line.rstrip() for line in lines)


def _csv(rows: list[Overview]) -> str:
    """Return comma-separated values."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        values: dict[str, Any] = row_values(row)
        writer.writerow(values)
    return text.getvalue().removesuffix("\n")


def _erase(folders: list[Path], options: argparse.Namespace) -> int:
    """Erase sessions; without ``--yes`` only say which."""
    for folder in folders:
        session = read_session(folder)  # all of them are sessions, or none is erased
        if not options.yes:
            whose = f"subject {session.subject}" if session.subject else "of no subject"
            say(f"would erase {folder}: {session.started:%Y-%m-%d %H:%M}, {whose}")
    if not options.yes:
        options.usage_error("erase: nothing was erased; repeat it with --yes")
    for folder in folders:
        erase(folder)
        say(f"erased: {folder}")
    return 0


def _anonymise(folders: list[Path], options: argparse.Namespace) -> int:
    """Anonymise sessions, and say where they are now."""
    for folder in folders:
        read_session(folder)
    for folder in folders:
        put(printable(str(anonymise(folder, subject=options.subject, keep_notes=options.keep_notes))))
    return 0


def _day(text: str) -> datetime.date:
    """Return a day.

    Raises
    ------
    argparse.ArgumentTypeError
        If it is none.
    """
    try:
        return datetime.date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} must be a day such as 2026-01-31") from error

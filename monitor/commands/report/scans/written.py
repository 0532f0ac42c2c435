"""The report of a scan as a file or as text: what ``auscult report TABLE`` and ``auscult scan --report`` share."""

from __future__ import annotations

import datetime
from pathlib import Path

from monitor.archive.scans.overview import Overview
from monitor.archive.scans.rows import ScanResult
from monitor.commands.report.files import check_free, write_report
from monitor.commands.report.scans.page import MARK, scan_page
from monitor.commands.report.words import size_text
from monitor.errors import AuscultError, check_installed
from monitor.output import say
from monitor.text.text_lines import counted

__all__ = ["PAGE_ENDINGS", "check_page", "scan_text", "write_scan_page"]

PAGE_ENDINGS = (".html", ".htm")
PLENTY = 120
"""Columns of the table as text."""


def check_page(path: Path, *, force: bool, renew: bool = False) -> None:
    """Check, before the work, that a page can be made there.

    Parameters
    ----------
    path : Path
    force : bool
        Whether to replace what exists.
    renew : bool
        Whether to replace an earlier page of a scan.

    Raises
    ------
    AuscultError
        If it exists, or a package is not installed.
    """
    check_installed("jinja2", path.name, "report")
    check_free(path, force=force or (renew and _is_page(path)))


def write_scan_page(result: ScanResult, path: Path, *, force: bool, renew: bool = False) -> int:
    """Write the page of a scan, say so, and return how many rows have an error.

    Raises
    ------
    AuscultError
        If the table has no row or is damaged, or the page cannot be written.
    """
    page, findings = scan_page(result, datetime.datetime.now().astimezone())
    _check_rows(result, findings.total.files)
    content = page.encode("utf-8", "replace")
    write_report(path, content, force=force or (renew and _is_page(path)))
    say(f"{path}: {counted(findings.total.files, 'recording')}, {size_text(len(content))}")
    return findings.total.errors


def scan_text(result: ScanResult) -> tuple[str, int]:
    """Return the table of folders, or of subjects where any is known, and how many rows have an error.

    Raises
    ------
    AuscultError
        If the table has no row or is damaged.
    """
    by_folder, by_subject = (Overview(result.labels, by) for by in ("folder", "subject"))
    has_subjects = False
    for row in result.rows():
        has_subjects = has_subjects or row["subject"] is not None
        by_folder.add(row)
        by_subject.add(row)
    _check_rows(result, by_folder.files)
    return (by_subject if has_subjects else by_folder).text(PLENTY), by_folder.errors


def _check_rows(result: ScanResult, files: int) -> None:
    """Refuse a table without a row: there is nothing to report."""
    if not files:
        left_out = f"; {result.remark.removeprefix(f'{result.path}: ')}" if result.remark else ""
        step = "wait until the scan has judged some" if result.is_running else "scan again"
        raise AuscultError(f"{result.path} has no recordings{left_out}", step)


def _is_page(path: Path) -> bool:
    """Return whether a file is the page of a scan."""
    try:
        with open(path, "rb") as file:
            return MARK in file.read(1000)
    except OSError:
        return False

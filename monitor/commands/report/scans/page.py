"""The page of a scan: one HTML file for any number of recordings, without a script. Must not count recordings."""

from __future__ import annotations

import datetime
import heapq
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from monitor.archive.scans.overview import Group, columns_of
from monitor.archive.scans.rows import ScanResult
from monitor.archive.segment_styles import SegmentStyle, segment_styles
from monitor.commands.report.html import render, template_text
from monitor.commands.report.scans.charts import even_bins, histogram, length_bins
from monitor.commands.report.scans.findings import LOOKS, Reason, ScanFindings, count_rows, lead
from monitor.commands.report.words import LIMITS, SCORE_NOTE, duration, score_number
from monitor.output import printable
from monitor.text.label_details import detail_words
from monitor.text.shown import possible_of, possible_text
from monitor.text.text_lines import counted

__all__ = ["MARK", "scan_page"]

MARK = b'<meta name="generator" content="auscult scan'
"""By which a page of a scan is known again."""
MAX_GROUPS = 200
"""Lines of a table of folders or subjects."""
NONE = "-"
MAX_REASONS = 20
MAX_DIVIDED = 20
SHOWN_STATES = ("uncertain", "poor-signal", "no-signal", "listening")
STATE_TEXTS = {
    "uncertain": "uncertain",
    "poor-signal": "poor signal",
    "no-signal": "no signal",
    "listening": "too short to be heard",
}


def scan_page(result: ScanResult, made: datetime.datetime) -> tuple[str, ScanFindings]:
    """Return the page, and what was counted for it.

    Parameters
    ----------
    result : ScanResult
    made : datetime
        When.

    Raises
    ------
    AuscultError
        If a row is damaged.
    """
    from markupsafe import Markup

    findings = count_rows(result.rows(), result.labels)
    styles = {key: style for key, style in segment_styles(result.labels).items() if key != "gap"}
    keys = [*result.labels, *SHOWN_STATES]
    page = render(
        "scan.html.jinja",
        "",
        made=made,
        style=Markup(f"{template_text('page.css')}\n{template_text('scan.css')}"),  # noqa: S704 - files of ours
        title=result.path.name,
        tiles=_tiles(findings),
        shares=_shares(findings.total, keys, styles),
        remarks=_remarks(result, findings),
        charts=[(title, note, Markup(svg)) for title, note, svg in _charts(findings, styles)],  # noqa: S704 - ours
        tables=_tables(findings, keys, styles),
        divided=[(name, _label_counts(labels)) for name, labels in findings.divided[:MAX_DIVIDED]],
        num_divided=len(findings.divided),
        num_subjects=len(findings.subjects) - ("(none)" in findings.subjects),
        looks=_looks(findings, styles),
        withheld=_reasons(findings.withheld),
        errors=_reasons(findings.errors),
        num_errors=findings.total.errors,
        num_damaged=findings.total.damaged,
        errors_text=findings.total.errors_text(),
        facts=_facts(result),
        score_note=SCORE_NOTE,
        limits=LIMITS[:3],
    )
    return page, findings


def _tiles(findings: ScanFindings) -> list[tuple[str, str]]:
    """Return the figures at the top."""
    total = findings.total
    return [
        ("recordings", f"{total.files}"),
        ("of sound", f"{total.seconds / 3600:.1f} h" if total.seconds >= 3600 else duration(total.seconds)),
        ("of the windows judged", f"{100 * total.judged / total.windows:.1f} %" if total.windows else NONE),
        ("median heart rate", f"{statistics.median(total.rates):.0f} bpm" if total.rates else NONE),
        ("mean quality", f"{statistics.fmean(total.qualities):.2f}" if total.qualities else NONE),
        ("with an error", f"{total.errors}"),
    ]


def _count(group: Group, key: str) -> int:
    """Return how many files of a group have a label or a state."""
    return group.labels[key] + group.states[key]


def _shares(group: Group, keys: Sequence[str], styles: Mapping[str, SegmentStyle]) -> list[dict[str, Any]]:
    """Return the parts of a bar of labels and states, those that are there, and the files that could not be read."""
    parts = [(key, STATE_TEXTS.get(key, printable(key)), styles[key].colour, _count(group, key)) for key in keys]
    unread = group.files - sum(count for *_, count in parts)
    parts.append(("unread", "not read", "#e8505b", unread))
    return [
        {"name": name, "colour": colour, "count": count, "percent": round(100 * count / group.files, 2)}
        for _, name, colour, count in parts
        if count
    ]


def _remarks(result: ScanResult, findings: ScanFindings) -> list[str]:
    """Return what must be known before the figures are read."""
    remarks = []
    if result.is_running:
        remarks.append("The scan was still running: these are the recordings that it had done.")
    if not findings.total.files:
        remarks.append("The table has no recording.")
    if result.remark:
        remarks.append(printable(result.remark))
    return remarks


def _charts(findings: ScanFindings, styles: Mapping[str, SegmentStyle]) -> list[tuple[str, str, str]]:
    """Return the distributions: title, what is counted, and the picture."""
    plans = (
        ("Heart rate", findings.rates, even_bins(30, 240, 10), "beats per minute"),
        ("Confidence in the label", findings.confidences, even_bins(0.3, 1, 0.05), "calibrated probability"),
        ("Judged", findings.shares, even_bins(0, 100, 5), "percent of a recording's windows"),
        ("Signal quality", findings.qualities, even_bins(0, 1, 0.05), "mean of a recording's windows"),
        ("Length", findings.lengths, length_bins(), "seconds"),
    )
    charts = []
    for title, values, edges, axis in plans:
        together = sorted(value for numbers in values.values() for value in numbers)
        if together:
            low, middle, high = (_percentile(together, share) for share in (0.05, 0.5, 0.95))
            note = f"{counted(len(together), 'recording')}, median {middle:.3g}, 90 % from {low:.3g} to {high:.3g}"
            charts.append((title, note, histogram(values, edges, styles, axis, title)))
    return charts


def _percentile(ordered: Sequence[float], share: float) -> float:
    """Return the value below which a share of some ordered values is."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _tables(findings: ScanFindings, keys: Sequence[str], styles: Mapping[str, SegmentStyle]) -> list[dict[str, Any]]:
    """Return the tables of folders, and of subjects where there are any."""
    by = [("Folders", "folder", findings.folders)]
    if findings.has_subjects:
        by.insert(0, ("Subjects", "subject", findings.subjects))
    tables = []
    for title, name, groups in by:
        largest = heapq.nsmallest(MAX_GROUPS, groups.items(), key=lambda item: (-item[1].files, item[0]))
        rows = [
            (printable(group_name), group.cells(findings.labels), _shares(group, keys, styles))
            for group_name, group in (sorted(largest) if len(groups) <= MAX_GROUPS else largest)
        ]
        hidden = len(groups) - len(rows)
        left = findings.total.files - sum(group.files for _, group in largest)
        more = f"and {hidden} more, of {left} recordings; the others have the most" if hidden else ""
        total = (findings.total.cells(findings.labels), _shares(findings.total, keys, styles))
        head = [name, *columns_of(findings.labels)]
        tables.append({"title": title, "head": head, "rows": rows, "more": more, "total": total, "count": len(groups)})
    return tables


def _looks(findings: ScanFindings, styles: Mapping[str, SegmentStyle]) -> list[dict[str, Any]]:
    """Return the recordings that are most worth a second look, by the reason."""
    shown = []
    for look, (count, rows) in zip(LOOKS, findings.looks, strict=True):
        if count:
            lines = [_look_row(row, styles) for row in rows]
            shown.append({"title": look.title, "rule": look.rule, "count": count, "rows": lines})
    return shown


def _look_row(row: Mapping[str, Any], styles: Mapping[str, SegmentStyle]) -> dict[str, str]:
    """Return a recording as texts."""
    key = row["label"] or row["state"]
    ahead, possible = lead(row), possible_of(row)
    verdict = STATE_TEXTS.get(key, key) if possible is None else f"{key}: {possible_text(possible)}"
    details = detail_words(row.get("loudness"), row.get("murmur_timing"))
    return {
        "source": row["source"],
        "subject": row["subject"] or "",
        "verdict": ", ".join([verdict, *details]),
        "colour": styles[key].colour if key in styles else "#dddddd",
        "confidence": NONE if row["confidence"] is None else score_number(row["confidence"]),
        "lead": f"{ahead:.2f}" if 0 <= ahead <= 1 else NONE,
        "rate": NONE if row["heart_rate_bpm"] is None else f"{row['heart_rate_bpm']:.0f}",
        "judged": f"{row['judged']} of {row['windows']}",
        "quality": NONE if row["quality"] is None else f"{row['quality']:.2f}",
        "length": NONE if row["duration_s"] is None else duration(row["duration_s"]),
    }


def _reasons(reasons: Mapping[str, Reason]) -> dict[str, Any]:
    """Return the reasons with the most windows or recordings, and how many there are besides."""
    largest = sorted(reasons.items(), key=lambda item: (-item[1].windows, -item[1].recordings, item[0]))
    rows = [(text, one.recordings, one.windows, one.examples) for text, one in largest[:MAX_REASONS]]
    return {"rows": rows, "more": max(0, len(largest) - MAX_REASONS)}


def _label_counts(labels: Mapping[str, int]) -> str:
    """Return how many recordings have each label.

    Examples
    --------
    >>> _label_counts({"normal": 2, "murmur": 1})
    '2 normal, 1 murmur'
    """
    return ", ".join(f"{count} {printable(label)}" for label, count in labels.items())


def _facts(result: ScanResult) -> list[tuple[str, str]]:
    """Return how the scan was made, as far as its journal says so."""
    facts = [("Table", str(Path(result.path).absolute()))]
    head = result.head
    if head is None:
        return [*facts, ("Model and settings", "not known: the journal of the scan is not beside the table")]
    channel = head.get("channel")
    return [
        *facts,
        ("Model", f"{head.get('model')} (sha256 {str(head.get('model_sha256'))[:16]}...), engine {head.get('engine')}"),
        ("Windows", f"one every {head.get('hop_s')} s"),
        ("Channel", "the mean of all" if channel is None else str(channel)),
        ("Scanned with", f"auscult {head.get('version')}"),
    ]

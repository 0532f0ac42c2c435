"""What there is to say about a session in one row, and sessions chosen by it.

Pure functions of what :mod:`monitor.sessions.reader` has read; safe on any thread.
"""

from __future__ import annotations

import dataclasses
import datetime
import statistics
from collections.abc import Iterable, Sequence
from typing import Any

from monitor.sessions.edits import apply_edits
from monitor.sessions.readable import split_readable
from monitor.sessions.reader import Events, StoredSession
from monitor.text.label_details import detail_words
from monitor.text.shown import possible_of, possible_text

__all__ = ["COLUMNS", "Overview", "covered_s", "is_marked", "overview", "row_values", "visits"]

JUDGED = ("verdict", "uncertain")
MARKS = ("mark", "note", "label")
COLUMNS = (
    "started",
    "subject",
    "site",
    "kind",
    "state",
    "judged_min",
    "verdict",
    "bpm",
    "marks",
    "folder",
    "possible",
    "loudness",
    "murmur_timing",
)


@dataclasses.dataclass(frozen=True, slots=True)
class Overview:
    """A session in one row.

    Attributes
    ----------
    session : StoredSession
    sites : tuple of str
        In the order in which they were heard.
    state : {"ended", "running", "killed"}
    judged_s : float
        Seconds of sound inside at least one window that was judged.
    verdict : str or None
        Label, or state where there is none, of the finding of an examination, else of the summary; of the last rolling
        verdict where there is no summary.
    bpm : float or None
    marks : int
        Marks, notes and a person's labels.
    possible : str or None
        Where the verdict is uncertain: the label that is possible.
    loudness, murmur_timing : str or None
        Of a murmur that is given or possible; as of :class:`monitor.messages.Verdict`.
    """

    session: StoredSession
    sites: tuple[str, ...]
    state: str
    judged_s: float
    verdict: str | None
    bpm: float | None
    marks: int
    possible: str | None = None
    loudness: str | None = None
    murmur_timing: str | None = None

    @property
    def verdict_text(self) -> str:
        """The verdict in words, a dash where there is none; the label that is possible stands for ``uncertain``."""
        verdict = self.verdict or "-" if self.possible is None else possible_text(self.possible)
        return ", ".join([verdict, *detail_words(self.loudness, self.murmur_timing)])


def overview(session: StoredSession) -> Overview:
    """Return the row of a session.

    Raises
    ------
    RecordingError
        If its events cannot be read.
    """
    lines = split_readable(session.events().lines)[0]
    events, now = Events(tuple(lines)), Events(tuple(apply_edits(lines)))
    sites = dict.fromkeys(site for site in (session.site, *(line["site"] for line in events.of("site"))) if site)
    state = "ended" if session.ended is not None else "running" if session.is_running else "killed"
    windows, summaries = events.of("window"), events.of("summary")
    last = summaries[-1] if summaries else windows[-1]["rolling"] if windows else {}
    findings = [line["finding"] for line in events.of("examination")]
    result = findings[-1] if findings else last
    rates = [line["heart_rate_bpm"] for line in windows if line.get("heart_rate_bpm") is not None]
    bpm = last.get("heart_rate_bpm") if summaries else statistics.median(rates) if rates else None
    return Overview(
        session=session,
        sites=tuple(sites),
        state=state,
        judged_s=covered_s(windows),
        verdict=result.get("label") or result.get("state"),
        bpm=bpm,
        marks=len(now.of(*MARKS)),
        possible=possible_of(result),
        loudness=result.get("loudness"),
        murmur_timing=result.get("murmur_timing"),
    )


def is_marked(events: Events) -> bool:
    """Return whether a person has marked, noted or labelled anything, even if it was deleted again."""
    return bool(events.of(*MARKS))


def row_values(row: Overview) -> dict[str, Any]:
    """Return a row as JSON values, by :data:`COLUMNS`."""
    session = row.session
    return {
        "started": session.started.isoformat("T", "seconds"),
        "subject": session.subject,
        "site": ",".join(row.sites) or None,
        "kind": session.kind,
        "state": row.state,
        "judged_min": round(row.judged_s / 60, 2),
        "verdict": row.verdict,
        "bpm": None if row.bpm is None else round(row.bpm, 1),
        "marks": row.marks,
        "folder": str(session.folder),
        "possible": row.possible,
        "loudness": row.loudness,
        "murmur_timing": row.murmur_timing,
    }


def visits(rows: Iterable[Overview]) -> tuple[list[datetime.date], dict[str, list[str]]]:
    """Return the days of some sessions, and for each site what was found on each day: visits side by side.

    Returns
    -------
    days : list of date
        In order.
    found : dict of str to list of str
        From the site (``"-"`` where it is not known) to a text for each day, empty where nothing was heard.
    """
    rows = list(rows)
    days = sorted({row.session.started.date() for row in rows})
    found: dict[str, list[list[str]]] = {}
    for row in rows:
        cells = found.setdefault(",".join(row.sites) or "-", [[] for _ in days])
        rate = "" if row.bpm is None else f" {row.bpm:.0f}"
        cells[days.index(row.session.started.date())].append(f"{row.verdict_text}{rate}")
    return days, {site: ["; ".join(cell) for cell in cells] for site, cells in sorted(found.items())}


def covered_s(windows: Sequence[dict[str, Any]]) -> float:
    """Return the seconds of sound inside at least one of the windows that was judged."""
    total = 0.0
    reached = 0.0
    for line in windows:
        if line.get("state") in JUDGED:
            start, end = max(float(line["start_s"]), reached), float(line["end_s"])
            total += max(0.0, end - start)
            reached = max(reached, end)
    return total

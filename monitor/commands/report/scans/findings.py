"""What a page says of a scan: every figure counted from its rows, one by one.

Of 100 000 rows only counts, numbers of eight bytes and the few rows that are shown are kept. Pure; must not draw.
"""

from __future__ import annotations

import dataclasses
import heapq
import itertools
import re
from array import array
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from monitor.archive.scans.overview import Group, folder_of, subject_of
from monitor.messages import Verdict
from monitor.text.shown import shown_scores

__all__ = ["LOOKS", "Look", "Reason", "ScanFindings", "count_rows"]

MAX_SHOWN = 12
"""Recordings that are named for one reason."""
MAX_EXAMPLES = 3
LITTLE = 0.5
"""Share of windows judged, below which a label rests on little of the sound."""
NUMBER = re.compile(r"\d+(?:\.\d+)?")


@dataclasses.dataclass(slots=True)
class Reason:
    """Why something could not be judged or read.

    Attributes
    ----------
    recordings, windows : int
        How many.
    examples : list of str
        Names of the first few.
    """

    recordings: int = 0
    windows: int = 0
    examples: list[str] = dataclasses.field(default_factory=list)

    def add(self, row: Mapping[str, Any], windows: int) -> None:
        """Count a row."""
        self.recordings += 1
        self.windows += windows
        if len(self.examples) < MAX_EXAMPLES:
            self.examples.append(row["source"])


@dataclasses.dataclass(frozen=True, slots=True)
class Look:
    """A reason to look at recordings again.

    Attributes
    ----------
    title, rule : str
        In a few words; which recordings these are, and the order in which they are named.
    rank : callable
        From a row to the number by which it is ordered, smallest first; None where the reason does not apply.
    """

    title: str
    rule: str
    rank: Callable[[Mapping[str, Any]], float | None]


class ScanFindings:
    """What the rows of a scan say together.

    Parameters
    ----------
    labels : sequence of str
        Of the bundle.

    Attributes
    ----------
    total : Group
    folders, subjects : dict of str to Group
        ``subjects`` has rows without a subject too.
    has_subjects : bool
        Whether any row has one.
    rates, confidences, qualities, shares, lengths : dict of str to array of float
        By label, or by state where there is none: beats per minute, 0 to 1, 0 to 1, percent of the windows that were
        judged, and seconds.
    withheld, errors : dict of str to Reason
        By the reason, its numbers written as N.
    looks : list of (int, list)
        For each of :data:`LOOKS` how many recordings it applies to, and the first of them.
    """

    def __init__(self, labels: Sequence[str]) -> None:
        self.labels = tuple(labels)
        self.total = Group()
        self.folders: dict[str, Group] = defaultdict(Group)
        self.subjects: dict[str, Group] = defaultdict(Group)
        self.has_subjects = False
        self.rates: dict[str, array[float]] = defaultdict(_numbers)
        self.confidences: dict[str, array[float]] = defaultdict(_numbers)
        self.qualities: dict[str, array[float]] = defaultdict(_numbers)
        self.shares: dict[str, array[float]] = defaultdict(_numbers)
        self.lengths: dict[str, array[float]] = defaultdict(_numbers)
        self.withheld: dict[str, Reason] = defaultdict(Reason)
        self.errors: dict[str, Reason] = defaultdict(Reason)
        self._looks: list[list[tuple[float, int, dict[str, Any]]]] = [[] for _ in LOOKS]
        self._look_counts = [0] * len(LOOKS)
        self._order = itertools.count()

    @property
    def looks(self) -> list[tuple[int, list[dict[str, Any]]]]:
        """How many recordings each look applies to, and the first of them in its order."""
        shown = [[row for _, _, row in sorted(heap, reverse=True)] for heap in self._looks]
        return list(zip(self._look_counts, shown, strict=True))

    @property
    def divided(self) -> list[tuple[str, Counter[str]]]:
        """The subjects whose recordings have more than one label, those with the most recordings first."""
        several = [(name, group) for name, group in self.subjects.items() if len(group.labels) > 1 and name != "(none)"]
        return [(name, group.labels) for name, group in sorted(several, key=lambda item: (-item[1].files, item[0]))]

    def add(self, row: dict[str, Any]) -> None:
        """Count a row."""
        self.total.add(row)
        self.folders[folder_of(row)].add(row)
        self.subjects[subject_of(row)].add(row)
        self.has_subjects = self.has_subjects or row["subject"] is not None
        key = row["label"] or row["state"]
        values = ((self.rates, "heart_rate_bpm"), (self.qualities, "quality"), (self.lengths, "duration_s"))
        for kept, name in values:
            if key is not None and row[name] is not None:
                kept[key].append(row[name])
        if key is not None and row["windows"]:
            self.shares[key].append(100 * row["judged"] / row["windows"])
        if row["label"] is not None and row["confidence"] is not None:
            self.confidences[key].append(row["confidence"])
        for reason, windows in (row["withheld"] or {}).items():
            self.withheld[NUMBER.sub("N", reason)].add(row, windows)
        if row["error"] is not None:
            self.errors[error_reason(row)].add(row, row["windows"])
        self._look(row)

    def _look(self, row: dict[str, Any]) -> None:
        """Keep the row where it is among the first of a reason to look again."""
        for index, look in enumerate(LOOKS):
            rank = look.rank(row)
            if rank is None:
                continue
            self._look_counts[index] += 1
            kept = (-rank, -next(self._order), row)
            if len(self._looks[index]) < MAX_SHOWN:
                heapq.heappush(self._looks[index], kept)
            else:
                heapq.heappushpop(self._looks[index], kept)


def count_rows(rows: Iterable[dict[str, Any]], labels: Sequence[str]) -> ScanFindings:
    """Return what some rows say together.

    Raises
    ------
    AuscultError
        If a row is damaged.
    """
    findings = ScanFindings(labels)
    for row in rows:
        findings.add(row)
    return findings


def error_reason(row: Mapping[str, Any]) -> str:
    """Return an error without the name of its file and without numbers, so that files with the same one are together.

    Examples
    --------
    >>> error_reason({"source": "a1.wav", "error": "a1.wav: decoding stops after 6.1 s of 7.2 s"})
    'decoding stops after N s of N s'
    """
    text = row["error"].removeprefix(f"{row['source']}: ").replace(row["source"], "the file")
    return NUMBER.sub("N", text)


def lead(row: Mapping[str, Any]) -> float:
    """Return by how much the highest score that is shown leads the next one; infinity where there are no two.

    Examples
    --------
    >>> lead({"state": "verdict", "label": "a", "confidence": 0.7, "scores": {"a": 0.75, "b": 0.25}})
    0.5
    """
    verdict = Verdict(
        row["state"], row["label"], row["confidence"], row["scores"], acoustic_scores=row.get("acoustic_scores")
    )
    first, second, *_ = *sorted((shown_scores(verdict) or {}).values(), reverse=True), 0.0, float("-inf")
    return first - second


def _numbers() -> array[float]:
    """Return an empty array of numbers."""
    return array("d")


def _close(row: Mapping[str, Any]) -> float | None:
    """Rank a label by its lead."""
    return lead(row) if row["label"] is not None else None


def _little(row: Mapping[str, Any]) -> float | None:
    """Rank a label by the share of windows that were judged."""
    share: float = row["judged"] / row["windows"] if row["label"] is not None and row["windows"] else LITTLE
    return share if share < LITTLE else None


def _unsure(row: Mapping[str, Any]) -> float | None:
    """Rank an uncertain recording by how near its highest score is to a label."""
    if row["state"] != "uncertain" or row["label"] is not None:
        return None
    highest: float = max((row.get("acoustic_scores") or row["scores"] or {"": 0.0}).values())
    return -highest


def _silent(row: Mapping[str, Any]) -> float | None:
    """Rank a recording of which too little could be judged by its length, the longest first."""
    withheld = row["state"] in ("poor-signal", "no-signal")
    return -(row["duration_s"] or 0.0) if withheld and row["label"] is None else None


def _without_rate(row: Mapping[str, Any]) -> float | None:
    """Rank a label without a heart rate by its quality."""
    rank: float | None = (row["quality"] or 0.0) if row["label"] is not None and row["heart_rate_bpm"] is None else None
    return rank


def _slow(row: Mapping[str, Any]) -> float | None:
    """Rank a heart rate, the lowest first."""
    rate: float | None = row["heart_rate_bpm"] if row["label"] is not None else None
    return rate


def _fast(row: Mapping[str, Any]) -> float | None:
    """Rank a heart rate, the highest first."""
    rate = _slow(row)
    return None if rate is None else -rate


LOOKS = (
    Look("The closest calls", "Labels whose score leads the next one by the least.", _close),
    Look("Uncertain", "No label was likely enough, or none lasted; the highest score first.", _unsure),
    Look(
        "A label from little sound",
        "Less than half of the windows could be judged; the smallest share first.",
        _little,
    ),
    Look("Not judged", "Too little of the sound could be judged; the longest first.", _silent),
    Look(
        "A label without a heart rate",
        "No steady beat was found; the lowest quality first.",
        _without_rate,
    ),
    Look("The lowest heart rates", "Of recordings with a label.", _slow),
    Look("The highest heart rates", "Of recordings with a label.", _fast),
)

"""What a scan found, in a few lines: a table of labels, judged share, heart rate and quality, and a total.

The counts of a group of files are those of the page too (monitor/commands/report/scans).
"""

from __future__ import annotations

import dataclasses
import os
import statistics
from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from monitor.output import printable
from monitor.text.shown import possible_of, possible_text

__all__ = ["MAX_GROUPS", "Group", "Overview", "columns_of", "folder_of", "subject_of"]

MAX_GROUPS = 20
"""Lines of the table besides the total."""
MIN_NAME, MAX_NAME = 12, 32
"""Letters of a group's name, as the width allows."""
WITHHELD = ("no-signal", "poor-signal", "listening")


@dataclasses.dataclass(slots=True)
class Group:
    """The counts of some files.

    Attributes
    ----------
    files, errors, damaged : int
        Rows, those with an error, and of these the ones that were judged as far as they could be read: they have a
        label or a state too.
    labels, states : Counter
        Files by label, and those without one by state.
    possible : Counter
        Uncertain files by the label that is possible.
    windows, judged : int
        Windows of all files, and those that were judged.
    seconds : float
        Of sound.
    rates, qualities : array of float
        Heart rates (beats per minute) and mean qualities, of the files that have one.
    """

    files: int = 0
    labels: Counter[str] = dataclasses.field(default_factory=Counter)
    states: Counter[str] = dataclasses.field(default_factory=Counter)
    possible: Counter[str] = dataclasses.field(default_factory=Counter)
    errors: int = 0
    damaged: int = 0
    windows: int = 0
    judged: int = 0
    seconds: float = 0.0
    rates: array[float] = dataclasses.field(default_factory=lambda: array("d"))
    qualities: array[float] = dataclasses.field(default_factory=lambda: array("d"))

    def add(self, row: dict[str, Any]) -> None:
        """Count a row."""
        self.files += 1
        self.errors += row["error"] is not None
        self.damaged += row["error"] is not None and row["state"] is not None
        self.windows += row["windows"]
        self.judged += row["judged"]
        self.seconds += row["duration_s"] or 0.0
        if row["label"] is not None:
            self.labels[row["label"]] += 1
        elif row["state"] is not None:
            self.states[row["state"]] += 1
            if (possible := possible_of(row)) is not None:
                self.possible[possible] += 1
        if row["heart_rate_bpm"] is not None:
            self.rates.append(row["heart_rate_bpm"])
        if row["quality"] is not None:
            self.qualities.append(row["quality"])

    @property
    def withheld(self) -> int:
        """Files of which too little could be judged."""
        return sum(self.states[state] for state in WITHHELD)

    def errors_text(self) -> str:
        """Return how many rows have an error, and which of them count twice: under their verdict too.

        Examples
        --------
        >>> Group(errors=3).errors_text(), Group(errors=1, damaged=1).errors_text()
        ('3 with an error', '1 with an error: damaged, but judged as far as it could be read, and counted by its \
verdict too')
        """
        text = f"{self.errors} with an error"
        if not self.damaged:
            return text
        of_them = "" if self.damaged == self.errors else f"{self.damaged} of them "
        what = ("it", "its verdict") if self.damaged == 1 else ("they", "their verdicts")
        return f"{text}: {of_them}damaged, but judged as far as {what[0]} could be read, and counted by {what[1]} too"

    def _uncertain(self) -> str:
        """Return how many files are uncertain, and of how many a label is possible: ``7 (3 possible murmur)``."""
        possible = ", ".join(f"{count} {possible_text(label)}" for label, count in self.possible.items())
        return f"{self.states['uncertain']} ({possible})" if possible else str(self.states["uncertain"])

    def cells(self, labels: Sequence[str]) -> list[str]:
        """Return the cells of a line of the table; see :func:`columns_of`."""
        return [
            str(self.files),
            *(str(self.labels[label]) for label in labels),
            self._uncertain(),
            str(self.withheld),
            str(self.errors),
            f"{100 * self.judged / self.windows:.0f} %" if self.windows else "-",
            f"{statistics.median(self.rates):.0f}" if self.rates else "-",
            f"{statistics.fmean(self.qualities):.2f}" if self.qualities else "-",
        ]


def columns_of(labels: Sequence[str]) -> tuple[str, ...]:
    """Return the names of a group's cells.

    Examples
    --------
    >>> columns_of(["normal"])
    ('files', 'normal', 'uncertain', 'withheld', 'errors', 'judged', 'bpm', 'quality')
    """
    return ("files", *labels, "uncertain", "withheld", "errors", "judged", "bpm", "quality")


def folder_of(row: Mapping[str, Any]) -> str:
    """Return the folder of a row's file, as it was given."""
    return os.path.dirname(row["source"]) or "."


def subject_of(row: Mapping[str, Any]) -> str:
    """Return the subject of a row."""
    return row["subject"] or "(none)"


class Overview:
    """Counts the rows of a scan, by subject or by folder.

    Parameters
    ----------
    labels : sequence of str
        Those of the bundle.
    by : {"subject", "folder"}

    Examples
    --------
    >>> overview = Overview(["normal", "murmur"], "folder")
    >>> row = {"source": "ward/a.wav", "label": "murmur", "state": "verdict", "error": None, "windows": 10}
    >>> overview.add({**row, "duration_s": 9.5, "judged": 9, "heart_rate_bpm": 72.0, "quality": 0.9, "subject": None})
    >>> print(overview.text())
    folder  files  normal  murmur  uncertain  withheld  errors  judged  bpm  quality
    ward        1       0       1          0         0       0    90 %   72     0.90
    """

    def __init__(self, labels: Sequence[str], by: str) -> None:
        self._labels = tuple(labels)
        self._by = by
        self._groups: dict[str, Group] = {}
        self._total = Group()

    @property
    def files(self) -> int:
        """Rows."""
        return self._total.files

    @property
    def errors(self) -> int:
        """Rows with an error."""
        return self._total.errors

    @property
    def errors_text(self) -> str:
        """How many rows have an error, in words; see :meth:`Group.errors_text`."""
        return self._total.errors_text()

    def add(self, row: dict[str, Any]) -> None:
        """Count a row."""
        name = subject_of(row) if self._by == "subject" else folder_of(row)
        self._groups.setdefault(name, Group()).add(row)
        self._total.add(row)

    def text(self, width: int = 120) -> str:
        """Return the table; of many groups those with the most files, and how many there are besides.

        Parameters
        ----------
        width : int
            Columns of the terminal: long names are cut so that the table fits, down to twelve letters.
        """
        head = (self._by, *columns_of(self._labels))
        largest = sorted(self._groups.items(), key=lambda item: -item[1].files)[:MAX_GROUPS]
        shown = sorted(largest) if len(largest) == len(self._groups) else largest
        lines = [list(head), *([printable(name), *group.cells(self._labels)] for name, group in shown)]
        hidden = len(self._groups) - len(shown)
        if hidden:
            lines.append([f"and {hidden} more", *[""] * (len(head) - 1)])
        if len(self._groups) > 1:
            lines.append(["all", *self._total.cells(self._labels)])
        room = width - sum(2 + max(map(len, column)) for column in list(zip(*lines, strict=True))[1:])
        for line in lines:
            line[0] = _short(line[0], min(max(room, MIN_NAME), MAX_NAME))
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        return "\n".join(
            "  ".join(
                cell.ljust(width) if index == 0 else cell.rjust(width)
                for index, (cell, width) in enumerate(zip(line, widths, strict=True))
            ).rstrip()
            for line in lines
        )


def _short(text: str, length: int) -> str:
    """Return the end of a long name, which tells folders apart."""
    return text if len(text) <= length else f"...{text[3 - length :]}"

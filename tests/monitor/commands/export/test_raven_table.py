"""The selection table of Raven."""

from __future__ import annotations

import csv

from monitor.commands.export.raven_table import COLUMNS, raven_table


def test_it_reads_back(timeline):
    """Raven's seven columns by their exact names, then kind and annotation; selections are numbered from 1."""
    lines = raven_table(timeline).splitlines()
    needed = "Selection\tView\tChannel\tBegin Time (s)\tEnd Time (s)\tLow Freq (Hz)\tHigh Freq (Hz)\t"
    assert lines[0].startswith(needed)
    rows = list(csv.DictReader(lines, dialect="excel-tab", quoting=csv.QUOTE_NONE))
    assert all(set(row) == set(COLUMNS) for row in rows)
    assert [int(row["Selection"]) for row in rows] == list(range(1, len(timeline.spans) + 1))
    assert [(float(row["Begin Time (s)"]), row["Kind"]) for row in rows] == [
        (s.start_s, s.kind) for s in timeline.spans
    ]
    assert {(row["View"], row["Channel"], row["Low Freq (Hz)"], row["High Freq (Hz)"]) for row in rows} == {
        ("Spectrogram 1", "1", "0.0", "2000.0")
    }
    assert 'she said "cold", then coughed \u00e9\u5fc3' in {row["Annotation"] for row in rows}

"""The table of spans and windows."""

from __future__ import annotations

import csv
import dataclasses
import io

import pytest

from monitor.commands.export.csv_table import COLUMNS, csv_table


def test_it_reads_back(timeline):
    """Every span as it is, tabs and quotes included, then every window with its numbers."""
    rows = list(csv.DictReader(io.StringIO(csv_table(timeline))))
    assert all(tuple(row) == COLUMNS for row in rows)
    spans, windows = rows[: len(timeline.spans)], rows[len(timeline.spans) :]
    read = [(row["kind"], float(row["start_s"]), float(row["end_s"]), row["text"]) for row in spans]
    assert read == [(span.kind, span.start_s, span.end_s, span.text) for span in timeline.spans]
    assert {row["kind"] for row in windows} == {"window"}
    assert len(windows) == 11
    first, withheld = windows[0], windows[5]
    assert (first["label"], first["rolling_label"], first["heart_rate_bpm"], first["gap"]) == (
        "normal",
        "normal",
        "70.5",
        "0",
    )
    assert (withheld["state"], withheld["label"], withheld["rolling_state"]) == ("poor-signal", "", "verdict")
    assert withheld["text"].startswith("loud bumps")
    assert windows[-1]["gap"] == "1"


def test_what_is_known_of_a_murmur(timeline):
    """Each window says it of itself and of its rolling verdict."""
    window = dict(timeline.windows[0], state="uncertain", label=None, possible="murmur", loudness="soft")
    window["rolling"] = {**window["rolling"], "label": "murmur", "loudness": "loud", "murmur_timing": "systolic"}
    *_, row = csv.DictReader(io.StringIO(csv_table(dataclasses.replace(timeline, windows=(window,)))))
    assert (row["possible"], row["loudness"], row["murmur_timing"]) == ("murmur", "soft", "")
    assert (row["rolling_possible"], row["rolling_loudness"], row["rolling_murmur_timing"]) == ("", "loud", "systolic")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"])
def test_a_spreadsheet_computes_no_note(timeline, text):
    """An apostrophe makes text of a formula; any other text is as it was."""
    span = dataclasses.replace(timeline.spans[0], kind="note", text=text)
    (row, other) = (
        next(csv.DictReader(io.StringIO(csv_table(dataclasses.replace(timeline, spans=(one,))))))
        for one in (span, dataclasses.replace(span, text="a = 1"))
    )
    assert (row["text"], other["text"]) == (f"'{text}", "a = 1")


def test_the_variability_has_a_row(timeline):
    """The last one, over the whole sound; without beats there is none."""
    beats = tuple(
        {"type": "beat", "s1_s": 0.2 + 0.4 * n, "s2_s": None, "confidence": 0.9, "rate_bpm": 150.0 if n else None}
        for n in range(24)
    )
    content = csv_table(dataclasses.replace(timeline, beats=beats))
    *_, row = csv.DictReader(io.StringIO(content))
    assert (row["kind"], row["intervals"], row["mean_rr_ms"], row["sdnn_ms"]) == ("variability", "23", "400.0", "0.0")
    assert row["end_s"] == "10.100000"
    assert "variability" not in csv_table(timeline)

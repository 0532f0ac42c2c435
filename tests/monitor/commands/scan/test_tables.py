"""The forms of a scan: the same values in each, and what cannot be written is told."""

from __future__ import annotations

import csv
import sqlite3
import sys
from pathlib import Path

import pytest

from monitor.commands.scan.journal import Journal
from monitor.commands.scan.tables import check_form, table_paths, write_tables
from monitor.errors import AuscultError, MissingExtraError

SETTINGS = {"labels": ["normal", "murmur"]}


@pytest.fixture
def journal(tmp_path, make_recording, make_lines):
    """Return a settled journal of two files with windows, and one with an error."""
    journal = Journal(tmp_path / "out.journal", SETTINGS, resume=False)
    recordings = [make_recording("a.wav"), make_recording("b\x1b.wav"), make_recording("c.wav", num_bytes=None)]
    for recording in recordings[:2]:
        journal.add(recording, make_lines(recording, windows=2))
    nothing = dict.fromkeys(("label", "state", "scores", "acoustic_scores", "quality", "heart_rate_variability"))
    journal.add(recordings[2], make_lines(recordings[2], error='no "such", file', **nothing))
    journal.settle([recording.path for recording in recordings], {}.get)
    return journal.path


def rows_of_csv(path):
    """Return the rows of a table."""
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_csv(journal, tmp_path):
    """A column for each score; what does not apply is empty."""
    write_tables(journal, tmp_path / "out.csv", windows=True)
    first, second, third = rows_of_csv(tmp_path / "out.csv")
    expected = {"source": "a.wav", "label": "murmur", "score_murmur": "0.75", "acoustic_normal": "0.125"}
    expected |= {"withheld": '{"too loud":2}', "truncated": "false", "windows": "10", "subject": "", "error": ""}
    expected |= {
        "loudness": "loud",
        "murmur_timing": "systolic",
        "variability_intervals": "64",
        "variability_sdnn_ms": "41.2",
    }
    expected |= {"variability_duration_s": "51.2", "variability_short": "true", "variability_pnn50": ""}
    assert {key: first[key] for key in expected} == expected
    assert second["path"] == "/data/b\\x1b.wav"
    assert (third["error"], third["label"], third["score_normal"], third["bytes"]) == ('no "such", file', "", "", "")
    assert (third["variability_intervals"], third["variability_short"]) == ("", "")
    windows = rows_of_csv(tmp_path / "out.windows.csv")
    assert [window["index"] for window in windows] == ["0", "1", "0", "1"]
    expected = {"label": "normal", "rolling_label": "murmur", "rolling_score_normal": "0.5", "quality": "0.5"}
    expected |= {"quality_reason": "too loud", "end_s": "5.5", "gap": "false"}
    expected |= {"loudness": "", "rolling_loudness": "soft"}
    expected |= {"murmur_timing": "", "rolling_murmur_timing": "diastolic"}
    assert {key: windows[1][key] for key in expected} == expected


def test_sqlite_has_the_values_of_csv(journal, tmp_path):
    """Tables recordings and windows, with numbers as numbers."""
    write_tables(journal, tmp_path / "out.csv", windows=True)
    write_tables(journal, tmp_path / "out.sqlite", windows=True)
    database = sqlite3.connect(tmp_path / "out.sqlite")
    for table, name in (("recordings", "out.csv"), ("windows", "out.windows.csv")):
        cursor = database.execute(f"SELECT * FROM {table}")
        rows = [dict(zip([field[0] for field in cursor.description], row, strict=True)) for row in cursor]
        plain = {"True": "1", "False": "0", "true": "1", "false": "0"}
        texts = [{key: "" if value is None else str(value) for key, value in row.items()} for row in rows]
        assert texts == [
            {key: plain.get(value, value) for key, value in row.items()} for row in rows_of_csv(tmp_path / name)
        ]
    assert database.execute("SELECT avg(confidence) FROM recordings WHERE error IS NULL").fetchone() == (0.75,)
    database.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "out.csv",
        "out.journal",
        "out.sqlite",
        "out.windows.csv",
    ]


def test_parquet_has_the_values_of_csv(journal, tmp_path, monkeypatch):
    """In groups of rows, with types."""
    parquet = pytest.importorskip("pyarrow.parquet")
    monkeypatch.setattr("monitor.commands.scan.tables.BATCH_ROWS", 2)
    write_tables(journal, tmp_path / "out.csv", windows=True)
    write_tables(journal, tmp_path / "out.parquet", windows=True)
    for name in ("out", "out.windows"):
        table = parquet.read_table(tmp_path / f"{name}.parquet")
        texts = [{key: "" if value is None else str(value) for key, value in row.items()} for row in table.to_pylist()]
        plain = {"true": "True", "false": "False"}
        expected = [
            {key: plain.get(value, value) for key, value in row.items()}
            for row in rows_of_csv(tmp_path / f"{name}.csv")
        ]
        assert texts == expected
    schema = parquet.read_schema(tmp_path / "out.parquet")
    assert [str(schema.field(name).type) for name in ("label", "windows", "score_normal", "truncated")] == [
        "string",
        "int64",
        "double",
        "bool",
    ]


def test_which_files_are_written():
    """JSON lines are the journal itself; SQLite has all in one file."""
    assert table_paths(Path("a.jsonl"), windows=True) == {}
    assert table_paths(Path("a.sqlite"), windows=True) == {"summary": Path("a.sqlite")}
    assert table_paths(Path("x/a.Parquet"), windows=True)["window"] == Path("x/a.windows.Parquet")
    assert table_paths(Path("a.csv"), windows=False) == {"summary": Path("a.csv")}


def test_a_missing_package_is_one_line(monkeypatch):
    """Before any work; the other forms need none."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(
        MissingExtraError, match=r"-o out\.parquet needs pyarrow; pip install 'auscult-monitor\[archive\]'"
    ):
        check_form(Path("out.parquet"))
    check_form(Path("out.csv"))


def test_a_table_that_cannot_be_written(journal, tmp_path):
    """The rows are kept, and the line says where."""
    (tmp_path / "file").write_text("")
    with pytest.raises(AuscultError, match=r"cannot be written: .*; the rows are kept in .*out\.journal"):
        write_tables(journal, tmp_path / "file" / "out.csv", windows=False)

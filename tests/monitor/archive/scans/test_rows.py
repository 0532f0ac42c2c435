"""Rows read back: the same from every form, and refused where they are none."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from monitor.archive.scans.rows import ENDINGS, is_scan, read_scan
from monitor.commands.scan.tables import write_tables
from monitor.errors import AuscultError

COUNTED = (
    *("source", "subject", "state", "label", "confidence", "scores", "acoustic_scores", "heart_rate_bpm"),
    *("windows", "judged", "withheld", "quality", "duration_s", "error", "truncated"),
)
NOTHING = {"label": None, "confidence": None, "scores": None, "acoustic_scores": None, "heart_rate_bpm": None}


@pytest.fixture
def scan(tmp_path, make_row, make_recording):
    """Return a function that writes a scan of four different rows in a form."""
    rows = [
        make_row(make_recording("x/a.wav"), subject="p1"),
        make_row(make_recording('y/"b", c\n.wav'), state="uncertain", possible="murmur", **{**NOTHING, "withheld": {}}),
        make_row(make_recording("ü.wav"), truncated=True, error="cut short"),
        make_row(make_recording("d.wav"), state=None, windows=0, judged=0, error="gone", duration_s=None, quality=None)
        | NOTHING,
    ]
    head = {"type": "scan", "schema": 1, "labels": ["normal", "murmur"], "model": "m"}

    def write(ending):
        if ending == ".parquet":
            pytest.importorskip("pyarrow", reason="Parquet needs its extra")
        path = tmp_path / f"out{ending}"
        journal = path if ending == ".jsonl" else path.with_name(f"{path.name}.journal")
        lines = [json.dumps(line, separators=(",", ":")) for line in (head, *rows)]
        journal.write_text("".join(f"{line}\n" for line in lines))
        write_tables(journal, path, windows=False)
        return path

    write.rows = rows
    return write


@pytest.mark.parametrize("ending", ENDINGS)
def test_every_form_gives_the_same_rows(scan, ending):
    """Values, nested ones too, with the labels and how the scan was made."""
    result = read_scan(scan(ending))
    for key in COUNTED:
        assert [row[key] for row in result.rows()] == [row[key] for row in scan.rows]
    for key in ("possible", "loudness", "murmur_timing"):
        assert [row.get(key) for row in result.rows()] == [row.get(key) for row in scan.rows]
    assert result.labels == ("normal", "murmur")
    assert result.head["model"] == "m"
    assert not result.is_running


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".sqlite"])
def test_without_its_journal(scan, ending):
    """The table is enough; only how it was made is not known then."""
    path = scan(ending)
    path.with_name(f"{path.name}.journal").unlink()
    result = read_scan(path)
    assert (len(list(result.rows())), result.head, result.labels) == (4, None, ("normal", "murmur"))


def test_a_journal_beside_a_table(scan):
    """It is read like JSON lines, so a scan that was stopped can be looked at."""
    journal = Path(f"{scan('.csv')}.journal")
    assert is_scan(journal)
    assert len(list(read_scan(journal).rows())) == 4


def test_what_is_a_scan(tmp_path):
    """By the ending; another program's journal is none."""
    assert [is_scan(Path(f"a{ending}")) for ending in (".jsonl", ".CSV", ".wav", "")] == [True, True, False, False]
    (tmp_path / "a.journal").write_text("mine\n")
    assert not is_scan(tmp_path / "a.journal")


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"\xff\xfe\x00", b"PAR1PAR1", b"SQLite format 3\x00" * 99])
def test_what_is_no_scan_is_refused(tmp_path, ending, content):
    """With one line that names the file and the next step."""
    if ending == ".parquet":
        pytest.importorskip("pyarrow", reason="Parquet needs its extra")
    path = tmp_path / f"other{ending}"
    path.write_bytes(content)
    with pytest.raises(AuscultError, match=rf"other\{ending} is no scan.*name a table of recordings") as error:
        read_scan(path)
    assert "\n" not in str(error.value)


def test_what_is_not_there(tmp_path):
    """One line."""
    with pytest.raises(AuscultError, match=r"gone.csv cannot be read: No such file"):
        read_scan(tmp_path / "gone.csv")


def test_a_scan_that_has_not_ended(scan):
    """Its journal is named."""
    path = scan(".csv")
    path.unlink()
    with pytest.raises(AuscultError, match=r"the scan has not ended: name .*out\.csv\.journal"):
        read_scan(path)


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("72.5", "fast", "heart_rate_bpm is 'fast', no number"),
        ("72.5", "nan", "a value is not what a scan writes"),
        (",10,8,", ",-1,8,", "a value is not what a scan writes"),
        (",10,8,", ",,8,", "no value 'windows'"),
        (",10,8,", ",10,8.5,", "judged is '8.5', no whole number"),
        ("{", "[", "withheld is .*, no JSON object"),
    ],
)
def test_a_damaged_value_is_named_by_its_row(scan, old, new, what):
    """A table that somebody changed is not counted as if it were whole, and the value is told in plain words."""
    path = scan(".csv")
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(AuscultError, match=rf"out.csv is damaged at row 2: {what}; scan again"):
        list(read_scan(path).rows())


def test_a_table_that_is_cut_short_is_named_by_its_last_row(scan):
    """A row that ends early is no row, also where what is counted is there."""
    path = scan(".csv")
    header, row, *_ = path.read_text().splitlines()
    num_values = header.count(",") + 1
    for kept in (5, num_values - 1):
        path.write_text(f"{header}\n{','.join(row.split(',')[:kept])}")
        said = rf"out.csv is damaged at row 2: it ends after {kept} of {num_values} values; scan again"
        with pytest.raises(AuscultError, match=said):
            list(read_scan(path).rows())


@pytest.mark.parametrize("name", ["out.jsonl", "out.csv.journal"])
def test_a_last_line_that_is_cut_off_is_told(scan, tmp_path, name):
    """The other rows count, and a remark says that one is missing."""
    scan(Path(name.removesuffix(".journal")).suffix)
    path = tmp_path / name
    assert read_scan(path).remark is None
    path.write_bytes(path.read_bytes()[:-20])
    result = read_scan(path)
    assert len(list(result.rows())) == 3
    assert result.remark == f"{path}: 1 line cannot be read and is left out"


def test_a_row_of_json_without_a_value(scan):
    """It is named."""
    path = scan(".jsonl")
    path.write_text(path.read_text().replace('"judged":8,', "", 1))
    with pytest.raises(AuscultError, match=r"out\.jsonl is damaged: no value 'judged'"):
        list(read_scan(path).rows())


def test_a_database_is_opened_for_reading_only(scan):
    """Nothing is written beside it, and another reader is not in the way."""
    path = scan(".sqlite")
    before = sorted(item.name for item in path.parent.iterdir()), path.read_bytes()
    with sqlite3.connect(path) as other:
        other.execute("SELECT * FROM recordings").fetchone()
        assert len(list(read_scan(path).rows())) == 4
    other.close()
    assert (sorted(item.name for item in path.parent.iterdir()), path.read_bytes()) == before


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_possible_label_comes_back(scan, ending):
    """From every form; rows without one have no such key, or an empty one."""
    scan.rows[1]["possible"] = "murmur"
    found = [row.get("possible") for row in read_scan(scan(ending)).rows()]
    assert found == [None, "murmur", None, None]


def test_a_possible_label_that_is_no_text(scan):
    """It is damage."""
    scan.rows[1]["possible"] = 3
    with pytest.raises(AuscultError, match="damaged"):
        list(read_scan(scan(".jsonl")).rows())

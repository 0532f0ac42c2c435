"""`auscult report TABLE`: what it writes, and what it refuses."""

from __future__ import annotations

import json
import os
import stat
import sys
from pathlib import Path

import pytest

from monitor.commands.report.scans.written import check_page
from monitor.commands.scan.tables import write_tables
from monitor.errors import AuscultError, MissingExtraError

pytest.importorskip("jinja2", reason="a report needs its extra")


@pytest.fixture
def table(report, tmp_path, make_row, make_recording):
    """Return the CSV of a scan with an error."""
    rows = [make_row(make_recording("x/a.wav")), make_row(make_recording("b.wav"), error="b.wav: cut short")]
    head = {"type": "scan", "schema": 1, "labels": ["normal", "murmur"]}
    journal = tmp_path / "table.csv.journal"
    journal.write_text("".join(json.dumps(line, separators=(",", ":")) + "\n" for line in (head, *rows)))
    write_tables(journal, tmp_path / "table.csv", windows=False)
    return tmp_path / "table.csv"


def test_a_page(report, table):
    """One line says what it is; only its owner may read it; the exit code is that of the scan."""
    before = table.read_bytes()
    code, out, err = report(table, "-o", "page.html")
    assert (code, out) == (1, "")
    assert err.startswith("page.html: 2 recordings, ")
    assert stat.S_IMODE(os.stat("page.html").st_mode) == 0o600
    assert table.read_bytes() == before
    code, _, err = report(table, "-o", "page.html")
    assert code == 1
    assert "page.html exists and is not overwritten" in err
    assert report(table, "-o", "page.html", "--force")[2].startswith("page.html: 2 recordings")


def test_a_page_of_one(report, table):
    """One is no plural, in the line and on the page."""
    header, row, *_ = table.read_text().splitlines()
    table.write_text(f"{header}\n{row}\n")
    assert report(table, "-o", "one.html")[2].startswith("one.html: 1 recording, ")
    with open("one.html") as file:
        assert "1 recordings" not in file.read()


@pytest.mark.parametrize("out", [("--text",), ("-o", "torn.html")])
def test_a_last_line_that_is_cut_off(report, table, out):
    """One line on standard error and in the page, and exit code 1."""
    journal = table.with_name("table.csv.journal")
    head, row, _ = journal.read_text().splitlines()
    journal.write_text(f"{head}\n{row}\n{row[:-9]}")
    code, _, err = report(journal, *out)
    assert code == 1
    assert err.splitlines()[-1] == f"auscult: {journal}: 1 line cannot be read and is left out"
    if out[0] == "-o":
        assert "1 line cannot be read and is left out" in Path("torn.html").read_text()


@pytest.mark.parametrize("out", [("--text",), ("-o", "none.html")])
@pytest.mark.parametrize(
    ("rest", "left_out"), [(b"", ""), (b'{"type":"summ', "; 1 line cannot be read and is left out")]
)
def test_a_table_without_a_row(report, table, out, rest, left_out):
    """There is nothing to report: one line, exit code 1, no page, whether it is empty or its only row is cut off."""
    head = Path(table).with_name(f"{Path(table).name}.journal").read_bytes().splitlines(keepends=True)[0]
    Path("none.jsonl").write_bytes(head + rest)
    code, written, err = report("none.jsonl", *out)
    assert (code, written, err) == (1, "", f"auscult: none.jsonl has no recordings{left_out}; scan again\n")
    assert not Path("none.html").exists()


def test_text(report, table):
    """The table at the end of a scan, to standard output or into a file."""
    code, out, err = report(table, "--text")
    assert (code, err) == (1, "")
    assert [line.split()[:2] for line in out.splitlines()] == [
        ["folder", "files"],
        [".", "1"],
        ["x", "1"],
        ["all", "2"],
    ]
    assert report(table, "-o", "table.txt")[0] == 1
    assert Path("table.txt").read_text() == out


def test_no_matplotlib_is_needed(report, table, monkeypatch):
    """The pictures are the page's own."""
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert report(table, "-o", "page.html")[2].startswith("page.html: ")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["-o", "a.pdf"], "a scan is reported as .html, which a browser prints into a PDF, or with --text"),
        (["-o", "a.html", "--hop", "1"], "--channel and --hop need a recording: a scan has been judged"),
        (["other.wav", "-o", "a.html"], "the table of a scan is reported by itself"),
        (["-o", "a.docx"], "must end in"),
        ([], "name the report with -o"),
    ],
)
def test_usage(report, table, arguments, told):
    """Exit code 2, one line, nothing written."""
    code, out, err = report(table, *arguments)
    assert (code, out) == (2, "")
    assert told in err
    assert not list(Path().iterdir())


def test_what_is_reported_is_not_overwritten(report, table, tmp_path):
    """Not even with --force."""
    before = table.read_bytes()
    code, _, err = report(table, "--text", "-o", table, "--force")
    assert code == 1
    assert "is what is reported and is not overwritten" in err
    assert table.read_bytes() == before


def test_a_page_is_renewed_only_over_a_page(report, table, tmp_path):
    """With --resume a scan replaces its page, and no other file."""
    report(table, "-o", "page.html")
    check_page(Path("page.html"), force=False, renew=True)
    Path("other.html").write_text("mine")
    with pytest.raises(AuscultError, match=r"other\.html exists and is not overwritten"):
        check_page(Path("other.html"), force=False, renew=True)
    check_page(Path("other.html"), force=True)


def test_the_extra_is_named(monkeypatch, tmp_path):
    """Before the work."""
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(MissingExtraError, match=r"jinja2.*\[report\]"):
        check_page(tmp_path / "a.html", force=False)

"""`auscult sessions`: list, filters, forms; erase and anonymise."""

from __future__ import annotations

import csv
import dataclasses
import datetime
import io
import json
from pathlib import Path

import pytest

from monitor.cli import main
from monitor.messages import RecordingStatus
from monitor.sessions.overview import COLUMNS
from monitor.sessions.session import Session
from tests.monitor.sessions.conftest import FACTS, STARTED, WHOLE

HEARD = RecordingStatus(Path("sound.flac"), 20.0, 0, None)


def kept(parent, days, label, *types, **facts):
    """Return a session that began some days later."""
    started = STARTED + datetime.timedelta(days=days)
    session = Session(parent, dataclasses.replace(FACTS, **facts), now=lambda: started, clock=lambda: 0.0)
    session.attach(lambda: HEARD)
    for kind in types:
        session.write(json.dumps(WHOLE[kind]))
    session.write(json.dumps({"type": "summary", "label": label, "state": "verdict", "heart_rate_bpm": 70.4}))
    session.close()
    return session.folder


@pytest.fixture
def parent(tmp_path):
    """Return a folder with three sessions of two subjects."""
    parent = tmp_path / "kept"
    kept(parent, 0, "normal", subject="P-1", site="AV")
    kept(parent, 7, "murmur", "mark", "note", subject="P-1", site="AV")
    kept(parent, 8, "normal", subject="P-2", site="MV")
    return parent


def days(parent, capsys, *flags):
    """Return the days of the sessions that are listed as JSON."""
    assert main(["sessions", str(parent), "--json", *flags]) == 0
    return [int(json.loads(line)["started"][8:10]) for line in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ([], [2, 9, 10]),
        (["--subject", "P-1"], [2, 9]),
        (["--site", "MV"], [10]),
        (["--since", "2026-01-09"], [9, 10]),
        (["--until", "2026-01-09"], [2, 9]),
        (["--verdict", "murmur"], [9]),
        (["--marked"], [9]),
        (["--subject", "P-2", "--marked"], []),
    ],
)
def test_filters(parent, capsys, flags, expected):
    """Each filter alone, and two together."""
    assert days(parent, capsys, *flags) == expected


def test_a_table_has_a_row_each(parent, capsys):
    """When, who, where, what was found, and how often it was marked."""
    assert main(["sessions", str(parent)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["when", "subject", "site", "min", "verdict", "bpm", "marks"]
    assert lines[2].split() == [
        "2026-01-09", "03:04", "P-1", "AV", "0.0", "murmur", "70", "2", "2026-01-09_03-04-05_P-1_AV",
    ]  # fmt: skip


def test_csv_is_read_back(parent, capsys):
    """The columns are those of the JSON objects."""
    assert main(["sessions", str(parent), "--csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert tuple(rows[0]) == COLUMNS
    assert [(row["subject"], row["bpm"], row["marks"]) for row in rows] == [
        ("P-1", "70.4", "0"), ("P-1", "70.4", "2"), ("P-2", "70.4", "0"),
    ]  # fmt: skip


def test_visits_stand_side_by_side(parent, capsys):
    """A row per site, a column per day."""
    assert main(["sessions", str(parent), "--subject", "P-1", "--visits"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines == [["site", "2026-01-02", "2026-01-09"], ["AV", "normal", "70", "murmur", "70"]]


def test_without_sessions(tmp_path, capsys, monkeypatch):
    """A folder that was never made is no error where it is the settings' own; one that was named is."""
    monkeypatch.setenv("AUSCULT_SESSION_DIR", str(tmp_path / "nowhere"))
    monkeypatch.setenv("AUSCULT_CONFIG", str(tmp_path / "config.toml"))
    (tmp_path / "config.toml").write_text("")
    assert main(["sessions"]) == 0
    assert main(["sessions", str(tmp_path / "nowhere")]) == 1
    assert main(["sessions", str(tmp_path)]) == 0
    assert capsys.readouterr().out == ""


def test_a_damaged_session_hides_no_other(parent, capsys):
    """The rest is listed; it is named, and the exit code says that something is missing."""
    (parent / "2026-01-02_03-04-05_P-1_AV" / "session.json").write_text("{")
    assert main(["sessions", str(parent), "--json"]) == 1
    out, err = capsys.readouterr()
    assert [json.loads(line)["started"][8:10] for line in out.splitlines()] == ["09", "10"]
    assert "2026-01-02_03-04-05_P-1_AV/session.json is damaged" in err


def test_erase_says_that_there_is_no_subject(tmp_path, capsys):
    """In words, not as an empty cell of a table."""
    folder = kept(tmp_path, 0, "normal")
    with pytest.raises(SystemExit):
        main(["sessions", "erase", str(folder)])
    assert capsys.readouterr().err.splitlines()[0].endswith(", of no subject")


def test_erase_asks_for_yes(parent, capsys):
    """Without it everything stays, and what would go is named."""
    folder = parent / "2026-01-02_03-04-05_P-1_AV"
    with pytest.raises(SystemExit) as end:
        main(["sessions", "erase", str(folder)])
    assert end.value.code == 2
    assert f"would erase {folder}: 2026-01-02 03:04, subject P-1\n" in capsys.readouterr().err
    assert folder.is_dir()
    assert main(["sessions", "erase", str(folder), "--yes"]) == 0
    assert days(parent, capsys) == [9, 10]


def test_nothing_is_erased_where_one_is_no_session(parent, tmp_path, capsys):
    """A slip of the keyboard costs nothing."""
    folders = [str(path) for path in sorted(parent.iterdir())]
    assert main(["sessions", "erase", *folders, str(tmp_path / "other"), "--yes"]) == 1
    capsys.readouterr()
    assert days(parent, capsys) == [2, 9, 10]


def test_anonymise_prints_the_new_folder(parent, capsys):
    """The subject is gone, or another one."""
    folders = [str(path) for path in sorted(parent.iterdir())[:2]]
    assert main(["sessions", "anonymise", *folders, "--subject", "S1"]) == 0
    assert [Path(line).name for line in capsys.readouterr().out.splitlines()] == [
        "2026-01-02_03-04-05_S1_AV", "2026-01-09_03-04-05_S1_AV",
    ]  # fmt: skip
    assert days(parent, capsys, "--subject", "P-1") == []
    assert days(parent, capsys, "--subject", "S1") == [2, 9]


@pytest.mark.parametrize(
    "words",
    [["erase"], ["anonymise"], ["a", "b"], [".", "--yes"], [".", "--since", "yesterday"], [".", "--site", "XX"]],
)
def test_usage_errors(words, capsys):
    """Each is one line."""
    with pytest.raises(SystemExit) as end:
        main(["sessions", *words])
    assert end.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_possible_murmur_is_told(tmp_path, capsys):
    """In the list in words; --verdict uncertain finds it."""
    session = Session(tmp_path, FACTS, now=lambda: STARTED, clock=lambda: 0.0)
    session.attach(lambda: HEARD)
    line = {"type": "summary", "label": None, "state": "uncertain", "heart_rate_bpm": None, "possible": "murmur"}
    session.write(json.dumps(line))
    session.close()
    assert main(["sessions", str(tmp_path), "--verdict", "uncertain"]) == 0
    assert "  possible murmur  " in capsys.readouterr().out

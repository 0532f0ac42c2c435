"""The command: rows as of replay, resumed after any end, and nothing that exists is overwritten unasked."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import time

import numpy as np
import pytest
import soundfile

from monitor.cli import main

KILLS = 20


def scan(*arguments):
    """Run the command in this process, with one worker; return its exit code."""
    return main(["scan", *map(str, arguments), *([] if "--jobs" in arguments else ["--jobs", "1"])])


def test_usage_errors(ward, tmp_path, capsys):
    """An ending that is none, both ways to begin, and a hop off the grid."""
    for arguments, line in [
        (
            ["-o", tmp_path / "a.xlsx"],
            "a.xlsx must end in .jsonl, .csv, .parquet or .sqlite; see: auscult scan --help",
        ),
        (["-o", tmp_path / "a.csv", "--resume", "--force"], "not allowed with"),
        (["-o", tmp_path / "a.csv", "--hop", "0.001"], "--hop 0.001"),
        (["-o", tmp_path / "a.csv", "--jobs", "0"], "must be a whole number from 1"),
        ([], "-o"),
    ]:
        with pytest.raises(SystemExit) as ended:
            scan(ward, *arguments)
        assert ended.value.code == 2
        assert line in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ward"]


def test_what_exists_is_not_overwritten(ward, tmp_path, capsys):
    """A file of another program stays, and so does a scan."""
    for name in ("mine.jsonl", "mine.csv", "mine.csv.journal", "all.windows.csv"):
        (tmp_path / name).write_text("mine")
    for out, line in [
        ("mine.jsonl", "mine.jsonl exists and is not overwritten; choose another name with -o, or add --force"),
        ("mine.csv", "mine.csv.journal exists and is not overwritten"),
        ("all.csv", "all.windows.csv exists and is not overwritten"),
    ]:
        for begin in ([], ["--resume"]):
            assert scan(ward, "-o", tmp_path / out, "--windows", *begin) == 1
            assert line in capsys.readouterr().err
    (tmp_path / "folder.csv").mkdir()
    assert scan(ward, "-o", tmp_path / "folder.csv") == 1
    assert "folder.csv is a folder; name a file with -o" in capsys.readouterr().err
    assert {path.read_text() for path in tmp_path.glob("*.*") if path.is_file()} == {"mine"}


def test_nothing_to_scan(tmp_path, capsys):
    """One line, and no file is written."""
    assert scan(tmp_path / "missing", "-o", tmp_path / "a.csv") == 1
    assert capsys.readouterr().err == f"auscult: {tmp_path}/missing: no such file; check the name and the folder\n"
    (tmp_path / "empty").mkdir()
    assert scan(tmp_path / "empty", "-o", tmp_path / "a.csv") == 1
    assert "empty: no recording; name a folder with" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["empty"]


def run_scan(*arguments, **options):
    """Run the command as a process to its end."""
    return subprocess.run([*COMMAND, *map(str, arguments)], capture_output=True, text=True, timeout=120, **options)


COMMAND = [sys.executable, "-m", "monitor", "scan"]


def replayed(files):
    """Return the summary lines of ``auscult replay --json --speed max`` by source, without what beats tell."""
    command = [*COMMAND[:-1], "replay", "--json", "--speed", "max", *map(str, files)]
    output = subprocess.run(command, capture_output=True, text=True, timeout=120).stdout
    summaries = [json.loads(line) for line in output.splitlines() if line.startswith('{"type":"summary"')]
    for summary in summaries:
        del summary["murmur_timing"]
    return {summary["source"]: summary for summary in summaries}


def without_beats(summary):
    """Return a summary without what S1 and S2 give, which a scan does not look for."""
    return {key: value for key, value in summary.items() if key not in ("heart_rate_bpm", "heart_rate_variability")}


def test_the_rows_are_the_summaries_of_replay(ward, tmp_path, read_rows):
    """In the order of the names with any number of workers; a file that cannot be read is a row, and exit code 1."""
    done = run_scan(ward, "-o", tmp_path / "out.jsonl", "--jobs", 3)
    assert done.returncode == 1
    rows = read_rows(tmp_path / "out.jsonl")
    summaries = replayed([row["source"] for row in rows])
    assert [os.path.relpath(row["source"], ward) for row in rows] == [
        "a.wav",
        "b.FLAC",
        "below/c.wav",
        "quiet.wav",
        "z.wav",
    ]
    assert len(summaries) == 4
    for row in rows[:4]:
        assert {**row, **without_beats(summaries[row["source"]])} == row
        assert row["heart_rate_variability"] is None
    assert rows[4]["error"]
    *_, total = done.stderr.splitlines()
    assert total == f"{tmp_path}/out.jsonl: 5 rows, 1 with an error"
    assert "no recordings by their names, left alone: 1 .txt" in done.stderr
    assert "5 files, 25.5 s of sound in" in done.stderr
    assert done.stdout == ""


def test_real_recordings(shared_data, tmp_path, read_rows):
    """Some of every set: each row is the summary of replay, but for what S1 and S2 give; the rates agree."""
    folders = ("pascal/set_a", "pascal/set_b", "circor/training_data", "everyday", "not_heart")
    files = [path for folder in folders for path in sorted((shared_data / folder).rglob("*.[wf][al]*"))[::97]]
    run_scan(*files, "-o", tmp_path / "out.jsonl", "--jobs", 2)
    rows = read_rows(tmp_path / "out.jsonl")
    summaries = replayed(files)
    assert len(rows) == len(files) == len(summaries) > 10
    assert [{**row, **without_beats(summaries[row["source"]])} for row in rows] == rows
    rates = [(row["heart_rate_bpm"], summaries[row["source"]]["heart_rate_bpm"]) for row in rows]
    both = [(own, other) for own, other in rates if own is not None and other is not None]
    assert len(both) > 5
    assert all(abs(own - other) <= 5 for own, other in both)


@pytest.mark.subprocess
def test_resume_does_what_is_missing_or_has_changed(ward, tmp_path, heart_waveform, capsys, read_rows):
    """A new file, one that changed, and one that could not be read; not the others."""
    out = tmp_path / "out.csv"
    assert scan(ward, "-o", out, "--windows") == 1
    assert scan(ward, "-o", out, "--windows") == 1
    assert "out.csv.journal holds a scan already; add --resume to go on with it" in capsys.readouterr().err
    soundfile.write(ward / "b.FLAC", heart_waveform[:24_000], 4000, format="FLAC")
    soundfile.write(ward / "new.wav", heart_waveform, 4000)
    soundfile.write(ward / "z.wav", np.tile(heart_waveform, 2), 4000)
    assert scan(ward, "-o", out, "--windows", "--resume") == 0
    told = capsys.readouterr().err
    assert "3 files done already, 3 left" in told
    assert told.splitlines()[-1] == f"{out}: 6 rows"
    resumed = [path.read_bytes() for path in (out, tmp_path / "out.windows.csv")]
    assert scan(ward, "-o", out, "--windows", "--force") == 0
    assert [path.read_bytes() for path in (out, tmp_path / "out.windows.csv")] == resumed
    assert scan(ward / "a.wav", "-o", out, "--windows", "--resume") == 0
    assert f"{out}: 6 rows, 5 of files that were not named now" in capsys.readouterr().err
    assert scan(ward, "-o", out, "--resume") == 1
    assert "was scanned with windows True, and this is False; use the same" in capsys.readouterr().err
    assert [path.read_bytes() for path in (out, tmp_path / "out.windows.csv")] != [b"", b""]


def test_an_empty_journal_is_told_and_stays(ward, tmp_path, capsys):
    """What was lost with it is not made to look as if --resume had not been given."""
    journal = tmp_path / "out.csv.journal"
    journal.touch()
    assert scan(ward, "-o", tmp_path / "out.csv", "--resume") == 1
    expected = (
        f"auscult: {journal} is empty: nothing is left to go on with; add --force instead of --resume to begin again"
    )
    assert capsys.readouterr().err == f"{expected}\n"
    assert journal.read_bytes() == b""


@pytest.mark.subprocess
def test_subjects_and_sqlite(ward, tmp_path, capsys):
    """The manifest's patients are in the rows and in the table at the end."""
    (ward / "manifest.csv").write_text("path,label,patient\na.wav,normal,p1\nbelow/c.wav,,p1\nquiet.wav,,p2\n")
    assert scan(ward, "-o", tmp_path / "o.sqlite", "--manifest", ward / "manifest.csv", "--windows") == 1
    lines = capsys.readouterr().err.splitlines()
    assert [line.split()[:2] for line in lines[-6:-1]] == [
        ["subject", "files"],
        ["(none)", "2"],
        ["p1", "2"],
        ["p2", "1"],
        ["all", "5"],
    ]
    database = sqlite3.connect(tmp_path / "o.sqlite")
    assert database.execute("SELECT subject FROM recordings").fetchall() == [
        ("p1",),
        (None,),
        ("p1",),
        ("p2",),
        (None,),
    ]
    counts = "SELECT r.windows, count(*) FROM recordings r JOIN windows w USING (source) GROUP BY source"
    assert all(stated == there for stated, there in database.execute(counts))
    database.close()


@pytest.fixture
def archive(tmp_path, heart_waveform):
    """Return a folder with sixty recordings of different lengths."""
    folder = tmp_path / "archive"
    folder.mkdir()
    for index in range(60):
        waveform = np.tile(heart_waveform, 12)[: (index % 7 + 1) * 60_000]
        soundfile.write(folder / f"{index:02}.wav", waveform, 4000)
    return folder


def start_scan(*arguments):
    """Start the command in a process group of its own."""
    null = subprocess.DEVNULL
    return subprocess.Popen([*COMMAND, *map(str, arguments)], stdout=null, stderr=null, start_new_session=True)


def children_of(pid):
    """Return the processes that a process has started."""
    import psutil

    try:
        return [child.pid for child in psutil.Process(pid).children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def wait_for_rows(process, path, number):
    """Wait until a journal has so many rows, or the process has ended."""
    deadline = time.monotonic() + 60
    while process.poll() is None and rows_in(path) < number:
        assert time.monotonic() < deadline
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.01)


def rows_in(path):
    """Return the number of whole rows in a journal."""
    return path.read_bytes().count(b'\n{"type":"summary"') if path.exists() else 0


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="process groups")
def test_twenty_kills(archive, tmp_path):
    """Kill -9 of a worker or of everything at random moments: each file once, as without a kill; no row is lost."""
    whole, killed = tmp_path / "whole.jsonl", tmp_path / "killed.jsonl"
    assert run_scan(archive, "-o", whole, "--jobs", 2, "--windows").returncode == 0
    random_moment = random.Random(13)
    num_killed = rows = 0
    while num_killed < KILLS:
        scan_process = start_scan(archive, "-o", killed, "--jobs", 2, "--windows", "--resume")
        target = rows + random_moment.randrange(4)  # some before the first row of this run
        wait_for_rows(scan_process, killed, target)
        workers = children_of(scan_process.pid)
        one_worker = num_killed % 2 and workers
        if one_worker:
            os.kill(random_moment.choice(workers), signal.SIGKILL)
            num_killed += 1
            wait_for_rows(scan_process, killed, target + 1)
        if scan_process.poll() is None:
            (os.kill if num_killed % 4 else os.killpg)(scan_process.pid, signal.SIGKILL)  # workers end by themselves
            num_killed += 1
        scan_process.wait(timeout=60)
        assert rows_in(killed) >= rows
        rows = rows_in(killed)
        if rows == len(list(archive.iterdir())):  # all done before the kills are: once more from the beginning
            assert run_scan(archive, "-o", killed, "--jobs", 2, "--windows", "--resume").returncode == 0
            assert killed.read_bytes() == whole.read_bytes()
            killed.unlink()
            rows = 0
    assert run_scan(archive, "-o", killed, "--jobs", 2, "--windows", "--resume").returncode == 0
    assert killed.read_bytes() == whole.read_bytes()


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize("to_all", [False, True])
def test_ctrl_c(archive, tmp_path, to_all):
    """It ends with 130, to the program alone or, as a terminal sends it, to all; the rows so far are kept."""
    out = tmp_path / "out.csv"
    journal = tmp_path / "out.csv.journal"
    process = start_scan(archive, "-o", out, "--jobs", 2)
    wait_for_rows(process, journal, 5)
    workers = children_of(process.pid)
    (os.killpg if to_all else os.kill)(process.pid, signal.SIGINT)
    assert process.wait(timeout=30) == 130
    assert not [pid for pid in workers if os.path.exists(f"/proc/{pid}")]
    assert not out.exists()
    rows = rows_in(journal)
    assert 5 <= rows < 60
    done = run_scan(archive, "-o", out, "--jobs", 2, "--resume")
    assert done.returncode == 0
    assert f"{rows} files done already, {60 - rows} left" in done.stderr
    with open(out, encoding="utf-8", newline="") as file:
        assert [os.path.basename(row["source"]) for row in csv.DictReader(file)] == [
            f"{index:02}.wav" for index in range(60)
        ]


@pytest.mark.subprocess
def test_a_page_at_the_end(ward, tmp_path, capsys):
    """The same as that of `auscult report` from the table; renewed with --resume, and checked before the work."""
    pytest.importorskip("jinja2", reason="a report needs its extra")
    out, page, again = tmp_path / "out.csv", tmp_path / "page.html", tmp_path / "again.html"
    code = scan(ward, "-o", out, "--report", page)
    assert capsys.readouterr().err.splitlines()[-1].startswith(f"{page}: ")
    assert main(["report", str(out), "-o", str(again)]) == code
    without_time = [re.sub(r"Made [\d: -]+ by", "", path.read_text()) for path in (page, again)]
    assert without_time[0] == without_time[1]
    assert scan(ward, "-o", out, "--report", page, "--resume") == code
    page.write_text("mine")
    assert scan(ward, "-o", out, "--report", page, "--resume") == 1
    assert "page.html exists and is not overwritten" in capsys.readouterr().err
    assert page.read_text() == "mine"
    with pytest.raises(SystemExit) as ended:
        scan(ward, "-o", tmp_path / "other.csv", "--report", tmp_path / "page.pdf")
    assert ended.value.code == 2
    assert "must end in .html or .htm" in capsys.readouterr().err

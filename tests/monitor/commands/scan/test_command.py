"""The command: rows as of replay, resumed after any end, and nothing that exists is overwritten unasked."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import random
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import soundfile

from monitor.cli import main

KILLS = 20


def test_usage_errors(scan, ward, tmp_path, capsys):
    """An ending that is none, and both ways to begin; no process is started."""
    for arguments, line in [
        (
            ["-o", tmp_path / "a.xlsx"],
            "a.xlsx must end in .jsonl, .csv, .parquet or .sqlite; see: auscult scan --help",
        ),
        (["-o", tmp_path / "a.csv", "--resume", "--force"], "not allowed with"),
        (["-o", tmp_path / "a.csv", "--jobs", "0"], "must be a whole number from 1"),
        ([], "-o"),
    ]:
        with pytest.raises(SystemExit) as ended:
            scan(ward, *arguments)
        assert ended.value.code == 2
        assert line in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ward"]


def test_what_exists_is_not_overwritten(scan, ward, tmp_path, capsys):
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


def run_scan(*arguments, **options):
    """Run the command as a process to its end."""
    return subprocess.run([*COMMAND, *map(str, arguments)], capture_output=True, text=True, timeout=120, **options)


COMMAND = [sys.executable, "-m", "monitor", "scan"]


def replayed(files):
    """Return the summary lines of ``auscult replay --json --speed max`` by source."""
    command = [*COMMAND[:-1], "replay", "--json", "--speed", "max", *map(str, files)]
    output = subprocess.run(command, capture_output=True, text=True, timeout=120).stdout
    summaries = [json.loads(line) for line in output.splitlines() if line.startswith('{"type":"summary"')]
    return {summary["source"]: summary for summary in summaries}


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
        assert {**row, **summaries[row["source"]]} == row
    assert rows[4]["error"]
    *_, total = done.stderr.splitlines()
    assert total == f"{tmp_path}/out.jsonl: 5 rows, 1 with an error"
    assert "no recordings by their names, left alone: 1 .txt" in done.stderr
    assert "5 files, 25.5 s of sound in" in done.stderr
    assert done.stdout == ""


def test_real_recordings(shared_data, tmp_path, read_rows):
    """Some of every set: each row is the summary of replay, with what S1 and S2 give."""
    folders = ("pascal/set_a", "pascal/set_b", "circor/training_data", "everyday", "not_heart")
    files = [path for folder in folders for path in sorted((shared_data / folder).rglob("*.[wf][al]*"))[::97]]
    run_scan(*files, "-o", tmp_path / "out.jsonl", "--jobs", 2)
    rows = read_rows(tmp_path / "out.jsonl")
    summaries = replayed(files)
    assert len(rows) == len(files) == len(summaries) > 10
    assert [{**row, **summaries[row["source"]]} for row in rows] == rows
    assert sum(row["heart_rate_variability"] is not None for row in rows) > 5
    assert any(row["murmur_timing"] is not None for row in rows)


def test_an_empty_journal_is_told_and_stays(scan, ward, tmp_path, capsys):
    """What was lost with it is not made to look as if --resume had not been given."""
    journal = tmp_path / "out.csv.journal"
    journal.touch()
    assert scan(ward, "-o", tmp_path / "out.csv", "--resume") == 1
    expected = (
        f"auscult: {journal} is empty: nothing is left to go on with; add --force instead of --resume to begin again"
    )
    assert capsys.readouterr().err == f"{expected}\n"
    assert journal.read_bytes() == b""


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
def test_a_page_at_the_end(scan, ward, tmp_path, capsys):
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

"""From the bundle to the table: what is missing is judged; what cannot be done is told before anything is written."""

from __future__ import annotations

import sqlite3

import numpy as np
import pytest
import soundfile


@pytest.mark.subprocess
def test_a_hop_off_the_grid(scan, ward, tmp_path, capsys):
    """It is refused once the bundle is known, before anything is written."""
    with pytest.raises(SystemExit) as ended:
        scan(ward, "-o", tmp_path / "a.csv", "--hop", "0.001")
    assert ended.value.code == 2
    assert "--hop 0.001" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ward"]


@pytest.mark.subprocess
def test_nothing_to_scan(scan, tmp_path, capsys):
    """One line, and no file is written."""
    assert scan(tmp_path / "missing", "-o", tmp_path / "a.csv") == 1
    assert capsys.readouterr().err == f"auscult: {tmp_path}/missing: no such file; check the name and the folder\n"
    (tmp_path / "empty").mkdir()
    assert scan(tmp_path / "empty", "-o", tmp_path / "a.csv") == 1
    assert "empty: no recording; name a folder with" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["empty"]


@pytest.mark.subprocess
def test_resume_does_what_is_missing_or_has_changed(scan, ward, tmp_path, heart_waveform, capsys, read_rows):
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


@pytest.mark.subprocess
def test_subjects_and_sqlite(scan, ward, tmp_path, capsys):
    """The manifest's patients are in the rows and in the table at the end."""
    (ward / "manifest.csv").write_text("path,label,patient\na.wav,normal,p1\nbelow/c.wav,,p1\nquiet.wav,,p2\n")
    assert scan(ward, "-o", tmp_path / "o.sqlite", "--manifest", ward / "manifest.csv", "--windows") == 1
    lines = capsys.readouterr().err.splitlines()
    assert f"{ward / 'manifest.csv'} names a patient for 3 of 5 files; paths in it are relative to its folder" in lines
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

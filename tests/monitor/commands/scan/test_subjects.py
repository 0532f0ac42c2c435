"""Whose recording a file is, from a manifest."""

from __future__ import annotations

import pytest

from monitor.commands.scan.subjects import read_subjects
from monitor.errors import AuscultError


@pytest.mark.parametrize(
    "text",
    [
        "path,label,patient\na.wav,normal,p1\nbelow/c.wav,,p2\nb.wav,murmur,\n\n",
        "\ufeffPatient;Path\r\np1;a.wav\r\np2;below\\c.wav\r\n;b.wav\r\n",
        "path\tpatient\na.wav\tp1\nbelow/c.wav\tp2\na.wav\tp1\n",
    ],
)
def test_the_subjects_of_a_manifest(tmp_path, text):
    """By absolute path, relative to the table; columns in any order, between commas, semicolons or tabs."""
    (tmp_path / "m.csv").write_text(text, encoding="utf-8", newline="")
    assert read_subjects(tmp_path / "m.csv") == {
        str(tmp_path / "a.wav"): "p1",
        str(tmp_path / "below" / "c.wav"): "p2",
    }


def test_a_table_that_is_none(tmp_path):
    """One line."""
    (tmp_path / "m.csv").write_text("path,label\na.wav,normal\n")
    with pytest.raises(AuscultError, match=r"m\.csv line 1: no column patient; name the columns path and patient"):
        read_subjects(tmp_path / "m.csv")
    (tmp_path / "m.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(AuscultError, match="cannot be read as a table; save it as CSV in UTF-8"):
        read_subjects(tmp_path / "m.csv")
    with pytest.raises(AuscultError, match="cannot be read: No such file"):
        read_subjects(tmp_path / "missing.csv")


def test_a_file_of_two_patients(tmp_path):
    """No sound gets the name of another patient: the line is named."""
    (tmp_path / "m.csv").write_text("path,patient\na.wav,p1\nb.wav,p1\na.wav,p2\n")
    with pytest.raises(AuscultError, match=r"m\.csv line 4: a\.wav is of p2 here and of p1 above; a scan judges whole"):
        read_subjects(tmp_path / "m.csv")

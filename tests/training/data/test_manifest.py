"""A manifest is read line by line, and errors name the line."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import DataError
from monitor.labels import NON_CARDIAC
from training.data.discovery import discover, read_sets
from training.data.manifest import read_manifest

HEAD = "path,label,patient"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Return where a table goes, in a folder with two recordings."""
    folder = tmp_path / "clinic"
    (folder / "sub").mkdir(parents=True)
    for name in ("a.wav", "sub/b.wav"):
        (folder / name).touch()
    return folder / "manifest.csv"


def write(table: Path, *lines: str) -> Path:
    """Write lines into a table."""
    table.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return table


class TestReading:
    """Recordings of a valid manifest."""

    def test_every_column(self, table: Path) -> None:
        """Path, label, patient, part of the file, source and noise are read."""
        write(table, f"{HEAD},start_s,end_s,source,noisy", "sub/b.wav, Murmur ,p1,1.5,4,ward,yes")
        (only,) = read_manifest(table).recordings
        assert (only.path, only.labels, only.patient) == (table.parent / "sub" / "b.wav", ("murmur",), "clinic/p1")
        assert (only.start_s, only.end_s, only.source, only.noisy) == (1.5, 4.0, "ward", True)

    def test_required_columns_alone(self, table: Path) -> None:
        """Three columns are enough; a whole file of the manifest's own set, of unknown noise."""
        (only,) = read_manifest(write(table, HEAD, "a.wav,normal,p1")).recordings
        assert (only.start_s, only.end_s, only.source, only.noisy) == (0.0, None, "clinic", None)

    def test_columns_in_any_order(self, table: Path) -> None:
        """Columns are found by name, whatever the others are; case does not matter."""
        write(table, "Patient,Age,Label,Path", "p1,40,normal,a.wav")
        (only,) = read_manifest(table).recordings
        assert (only.path.name, only.label, only.patient) == ("a.wav", "normal", "clinic/p1")

    def test_the_same_patient_in_two_sources(self, table: Path) -> None:
        """A patient is one person over the whole table: whatever the sources."""
        write(table, f"{HEAD},source", "a.wav,normal,p1,ward", "sub/b.wav,normal,p1,home")
        recordings = read_manifest(table).recordings
        assert [recording.source for recording in recordings] == ["ward", "home"]
        assert {recording.patient for recording in recordings} == {"clinic/p1"}

    def test_several_labels(self, table: Path) -> None:
        """Partially labelled rows are a set of their own, so that the others stay fully labelled."""
        write(table, HEAD, "a.wav,normal| extrasystole,p1", "sub/b.wav,normal,p1")
        first, second = read_manifest(table).recordings
        assert (first.labels, first.label, first.source) == (("normal", "extrastole"), None, "clinic, partly labelled")
        assert (second.labels, second.source) == (("normal",), "clinic")

    def test_non_cardiac(self, table: Path) -> None:
        """A non-cardiac sound has several names for its label, and needs no patient."""
        for name in ("not-heart", "not_heart", "artifact"):
            (only,) = read_manifest(write(table, HEAD, f"a.wav,{name},")).recordings
            assert (only.label, only.patient) == (NON_CARDIAC, "")

    def test_unknown_patients_are_counted(self, table: Path) -> None:
        """A row may have no patient; the notes say how many do not."""
        data_set = read_manifest(write(table, HEAD, "a.wav,normal,", "sub/b.wav,murmur,p2"))
        assert [recording.patient for recording in data_set.recordings] == ["", "clinic/p2"]
        assert "rows without a patient: 1" in data_set.notes

    def test_rows_without_a_label_are_dropped(self, table: Path) -> None:
        """They are listed, not trained on."""
        data_set = read_manifest(write(table, HEAD, "a.wav,,p1", "sub/b.wav,normal,p1"))
        assert [recording.path.name for recording in data_set.recordings] == ["b.wav"]
        assert [(dropped.path.name, dropped.reason) for dropped in data_set.dropped] == [
            ("a.wav", "no label in the manifest")
        ]

    def test_tables_of_spreadsheets(self, table: Path) -> None:
        """A byte order mark, semicolons, backslashes, quotes, blank and short lines are read."""
        text = '\ufeffpath;label;patient;noisy\r\n"sub\\b.wav";normal;p1;No\r\n;;;\r\n\r\na.wav;murmur;p2\r\n'
        table.write_bytes(text.encode("utf-8"))
        first, second = read_manifest(table).recordings
        assert (first.path, first.noisy, second.label, second.noisy) == (
            table.parent / "sub/b.wav",
            False,
            "murmur",
            None,
        )

    def test_a_nul_character_is_refused(self, table: Path) -> None:
        """Patients whose names differ by it alone could be taken for one; a table with it is damaged."""
        write(table, HEAD, "a.wav,normal,p1", "sub/b.wav,normal,p1\0")
        with pytest.raises(DataError, match="line 3: a NUL character; save it as CSV in UTF-8"):
            read_manifest(table)

    def test_an_absolute_path(self, table: Path, tmp_path: Path) -> None:
        """An absolute path is not relative to the table."""
        (tmp_path / "far.wav").touch()
        (only,) = read_manifest(write(table, HEAD, f"{tmp_path / 'far.wav'},normal,p1")).recordings
        assert only.path == tmp_path / "far.wav"

    def test_parts_of_one_file(self, table: Path) -> None:
        """A file may be cut into parts of different people and labels, as long as they do not overlap."""
        write(table, f"{HEAD},start_s,end_s", "a.wav,murmur,p2,5,9", "a.wav,normal,p1,0,5", "a.wav,normal,p1,9,")
        assert [(part.start_s, part.end_s) for part in discover([table])] == [(5.0, 9.0), (0.0, 5.0), (9.0, None)]

    def test_a_folder_with_a_manifest(self, table: Path) -> None:
        """A folder with a manifest.csv is read by it; a table of another name is given itself."""
        write(table, HEAD, "a.wav,normal,p1")
        other = write(table.with_name("mine.csv"), HEAD, "sub/b.wav,murmur,p1")
        assert [recording.patient for recording in discover([table.parent, other])] == ["clinic/p1", "mine/p1"]
        assert read_sets([table.parent])[0].path == table


class TestErrors:
    """Errors are one line: the table, the line number, the problem, and the next step."""

    @pytest.mark.parametrize(
        ("line", "message"),
        [
            ("gone.wav,normal,p1,,,", "line 2: gone.wav is not there; correct that line"),
            (",normal,p1,,,", "line 2: an empty path is not there"),
            ("sub,normal,p1,,,", "line 2: sub is not there"),
            ("a.wav,normal,p1,x,,", "line 2: start_s 'x' must be seconds from the file's beginning, such as 2.5"),
            ("a.wav,normal,p1,-1,,", "line 2: start_s '-1' must be seconds"),
            ("a.wav,normal,p1,,inf,", "line 2: end_s 'inf' must be seconds"),
            ("a.wav,normal,p1,,nan,", "line 2: end_s 'nan' must be seconds"),
            ("a.wav,normal,p1,3,3,", "line 2: end_s 3 must be above start_s 3"),
            ("a.wav,normal,p1,,0,", "line 2: end_s 0 must be above start_s 0"),
            ("a.wav,normal,p1,,,perhaps", "line 2: noisy 'perhaps' must be yes, no or empty"),
            (
                "a.wav,normal|not-heart,p1,,,",
                "line 2: label 'normal|not-heart' must not combine not-heart with another label",
            ),
        ],
    )
    def test_a_bad_line(self, table: Path, line: str, message: str) -> None:
        """The first invalid value is reported with its line."""
        write(table, f"{HEAD},start_s,end_s,noisy", line)
        with pytest.raises(DataError) as error:
            discover([table])
        assert str(error.value).startswith(f"{table} {message}")
        assert str(error.value).endswith("correct that line")
        assert "\n" not in str(error.value)

    def test_line_numbers_are_those_of_an_editor(self, table: Path) -> None:
        """Blank lines count, so the number is the one that an editor shows."""
        with pytest.raises(DataError, match=r"line 4: gone\.wav"):
            discover([write(table, HEAD, "a.wav,normal,p1", "", "gone.wav,normal,p1")])

    @pytest.mark.parametrize(
        ("head", "missing"),
        [("path,label", "patient"), ("file,class,patient", "path, label"), ("", "path, label, patient")],
    )
    def test_missing_columns(self, table: Path, head: str, missing: str) -> None:
        """The error names the missing columns and the required ones."""
        with pytest.raises(
            DataError, match=f"line 1: no column {missing}; its first line must name path, label, patient"
        ):
            discover([write(table, head, "a.wav,normal,p1")])

    def test_an_empty_file(self, table: Path) -> None:
        """An empty file has no columns."""
        table.touch()
        with pytest.raises(DataError, match="line 1: no column path, label, patient"):
            discover([table])

    def test_the_table_of_pascal(self, table: Path) -> None:
        """The error for PASCAL's table points to the folder."""
        write(table.with_name("set_b.csv"), "dataset,fname,label,sublabel", "b,set_b/x.wav,normal,")
        with pytest.raises(DataError, match="no column path, patient; name PASCAL's folder instead"):
            discover([table.with_name("set_b.csv")])

    @pytest.mark.parametrize("lines", [(), ("a.wav,,p1",)])
    def test_nothing_usable(self, table: Path, lines: tuple[str, ...]) -> None:
        """A table without a usable row is an error, given itself or by its folder."""
        write(table, HEAD, *lines)
        for place in (table, table.parent):
            with pytest.raises(DataError, match="lists no labelled recording; give its rows a path, a label"):
                discover([place])

    @pytest.mark.parametrize("times", [("0,5", "4.9,9"), (",", "4,"), ("4,", ","), ("1,2", "1,2"), ("0,9", "3,4")])
    def test_parts_that_overlap(self, table: Path, times: tuple[str, str]) -> None:
        """The same sound twice, or of two people, would be on both sides of a split."""
        write(table, f"{HEAD},start_s,end_s", f"a.wav,normal,p1,{times[0]}", f"a.wav,normal,p2,{times[1]}")
        with pytest.raises(DataError, match=r"lines 2 and 3: parts of a.wav that overlap; keep one of them"):
            discover([table])

    def test_a_binary_file(self, table: Path) -> None:
        """A spreadsheet's binary format is no table."""
        table.write_bytes(b"PK\x03\x04\xff\xfe")
        with pytest.raises(DataError, match="cannot be read as a table; save it as CSV in UTF-8"):
            discover([table])


@given(text=st.text(max_size=200))
def test_any_text_is_read_or_a_data_error(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whatever the text, there are recordings or a DataError."""
    table = tmp_path_factory.mktemp("any") / "manifest.csv"
    (table.parent / "a.wav").touch()
    table.write_text(f"{HEAD},start_s,end_s,noisy\n{text}", encoding="utf-8")
    with contextlib.suppress(DataError):
        assert discover([table])

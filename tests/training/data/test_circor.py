"""CirCor DigiScope: labels by auscultation site, children with two numbers."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from monitor.errors import DataError
from training.data.circor import murmur_timings
from training.data.discovery import discover, read_sets
from training.data.recording import Recording

Touch = Callable[..., Path]


CIRCOR_HEAD = "Patient ID,Locations,Murmur,Murmur locations,Additional ID\n"


def labels_and_patients(recordings: Sequence[Recording]) -> list[tuple[str, tuple[str, ...], str]]:
    """Return file name, labels and patient of each recording."""
    return [(recording.path.name, recording.labels, recording.patient) for recording in recordings]


class TestCirCor:
    """CirCor: a table says where a murmur was heard, and nothing of extrasystoles."""

    def folder(self, tmp_path: Path, *rows: str) -> Path:
        """Return a folder with a table of these rows."""
        (tmp_path / "training_data.csv").write_text(CIRCOR_HEAD + "\n".join(rows) + "\n", encoding="utf-8")
        return tmp_path

    def test_labels(self, tmp_path: Path, touch: Touch) -> None:
        """Murmur where it was heard, not elsewhere on the same child; absent is anything but a murmur."""
        folder = self.folder(tmp_path, "1,AV+MV,Present,MV,nan", "2,AV,Absent,nan,nan", "3,AV,Unknown,nan,nan")
        touch(folder / "training_data", "1_AV.wav", "1_MV.wav", "1_MV.tsv", "2_AV_1.flac", "3_AV.wav", "1.txt")
        assert labels_and_patients(discover([folder])) == [
            ("1_MV.wav", ("murmur",), "circor/1"),
            ("2_AV_1.flac", ("normal", "extrastole"), "circor/2"),
        ]

    def test_dropped_files_have_a_reason(self, tmp_path: Path, touch: Touch) -> None:
        """Murmur unknown, a murmur at another site, a file without a row or a number: each has its reason."""
        folder = self.folder(tmp_path, "1,AV+MV,Present,MV,nan", "3,AV,Unknown,nan,nan")
        touch(folder / "training_data", "1_AV.wav", "1_MV.wav", "3_AV.wav", "4_AV.wav", "readme.wav")
        (only,) = read_sets([folder])
        assert {dropped.path.name: dropped.reason for dropped in only.dropped} == {
            "1_AV.wav": "no murmur heard at this place of a child who has one",
            "3_AV.wav": "murmur unknown",
            "4_AV.wav": "no row in training_data.csv",
            "readme.wav": "not named as CirCor names its files, PATIENT_SITE",
        }
        assert [table.name for table, _ in only.tables] == ["training_data.csv"]

    def test_the_inner_folder(self, tmp_path: Path, touch: Touch) -> None:
        """The folder with the recordings gives the same as the one with the table."""
        folder = self.folder(tmp_path, "2,AV,Absent,nan,nan")
        touch(folder / "training_data", "2_AV.wav")
        assert labels_and_patients(discover([folder / "training_data"])) == labels_and_patients(discover([folder]))

    def test_a_short_row(self, tmp_path: Path, touch: Touch) -> None:
        """A row with missing cells has no label."""
        folder = touch(self.folder(tmp_path, "2,AV", "3,AV,Absent,nan,nan"), "training_data/2_AV.wav")
        touch(folder, "training_data/3_AV.wav")
        assert [recording.path.name for recording in discover([folder])] == ["3_AV.wav"]

    def test_a_partial_label_is_not_certain(self, tmp_path: Path, touch: Touch) -> None:
        """Absent says no murmur; whether normal or extrastole is open."""
        folder = touch(self.folder(tmp_path, "2,AV,Absent,nan,nan"), "training_data/2_AV.wav")
        assert discover([folder])[0].label is None

    @pytest.mark.parametrize(
        "rows",
        [
            ("11,AV,Absent,nan,9", "9,AV,Absent,nan,11"),
            ("9,AV,Absent,nan,11.0", "11,AV,Absent,nan,9.0"),
            ("11,AV,Absent,nan,9", "9,AV,Absent,nan,nan"),
            ("9,AV,Absent,nan,", "11,AV,Absent,nan,9"),
        ],
    )
    def test_a_child_with_two_numbers_is_one_patient(self, tmp_path: Path, rows: tuple[str, ...], touch: Touch) -> None:
        """A child recorded in both campaigns is one patient, whichever row says so."""
        folder = touch(self.folder(tmp_path, *rows), "training_data/11_AV.wav", "training_data/9_AV.wav")
        assert len({recording.patient for recording in discover([folder])}) == 1

    def test_patient_numbers_match_whole(self, tmp_path: Path, touch: Touch) -> None:
        """Patient 1 does not have the files of patient 12."""
        folder = self.folder(tmp_path, "1,AV,Absent,nan,nan", "12,AV,Absent,nan,nan")
        touch(folder / "training_data", "1_AV.wav", "12_AV.wav")
        assert [recording.patient for recording in discover([folder])] == ["circor/1", "circor/12"]

    @pytest.mark.parametrize("text", ["", "a,b\n1,2\n", CIRCOR_HEAD])
    def test_another_table_of_that_name(self, tmp_path: Path, text: str, touch: Touch) -> None:
        """A table without the columns, or without a row, is not CirCor's; the folder is read in another way."""
        (tmp_path / "training_data.csv").write_text(text, encoding="utf-8")
        touch(tmp_path, "normal/a.wav", "murmur/b.wav")
        assert {recording.label for recording in discover([tmp_path])} == {"normal", "murmur"}

    def test_a_damaged_table(self, tmp_path: Path, touch: Touch) -> None:
        """A quotation mark without an end is one line that names the table."""
        text = CIRCOR_HEAD + '"' + "1,AV,Present,AV,nan\n" * (csv.field_size_limit() // 20 + 1)
        (tmp_path / "training_data.csv").write_text(text, encoding="utf-8")
        touch(tmp_path, "training_data/1_AV.wav")
        with pytest.raises(DataError, match=r"training_data\.csv: cannot be read as a table .*; copy it again"):
            discover([tmp_path])

    def test_the_whole_set(self, shared_data: Path) -> None:
        """Every recording has a possible label, and children with two numbers are one patient."""
        recordings = discover([shared_data / "circor"])
        assert {recording.labels for recording in recordings} == {("murmur",), ("normal", "extrastole")}
        patients = {recording.patient for recording in recordings}
        numbers = {recording.path.name.split("_")[0] for recording in recordings}
        assert len(patients) < len(numbers)

    def test_where_a_murmur_lies(self, tmp_path: Path, touch: Touch) -> None:
        """From the columns of systolic and diastolic timing; nothing where the table is silent."""
        head = CIRCOR_HEAD.strip() + ",Systolic murmur timing,Diastolic murmur timing"
        rows = (
            "1,AV,Present,AV,nan,Holosystolic,nan",
            "2,AV,Present,AV,nan,nan,Early-diastolic",
            "3,AV,Present,AV,nan,Mid-systolic,Mid-diastolic",
            "4,AV,Present,AV,nan,nan,nan",
            "5,AV,Absent,nan,nan,nan,nan",
        )
        (tmp_path / "training_data.csv").write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
        folder = tmp_path / "training_data"
        touch(folder, *(f"{number}_AV.wav" for number in range(1, 6)))
        found = murmur_timings(discover([tmp_path]))
        assert found == {
            folder / "1_AV.wav": "systolic",
            folder / "2_AV.wav": "diastolic",
            folder / "3_AV.wav": "systolic and diastolic",
        }

    def test_how_loud_a_murmur_is(self, tmp_path: Path, touch: Touch) -> None:
        """Grades I and II are soft, III is loud; a recording without a murmur, or without a grade, has none."""
        rows = ("1,AV,Present,AV,nan,I/VI", "2,AV,Present,AV,nan,II/VI", "3,AV,Present,AV,nan,III/VI")
        rows += ("4,AV,Present,AV,nan,nan", "5,AV,Absent,nan,nan,nan")
        head = CIRCOR_HEAD.strip() + ",Systolic murmur grading"
        (tmp_path / "training_data.csv").write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
        touch(tmp_path / "training_data", *(f"{number}_AV.wav" for number in range(1, 6)))
        found = {recording.path.stem: recording.loud for recording in discover([tmp_path])}
        assert found == {"1_AV": False, "2_AV": False, "3_AV": True, "4_AV": None, "5_AV": None}

    def test_a_table_without_timing(self, tmp_path: Path, touch: Touch) -> None:
        """A table of the columns that labels need says nothing of timing."""
        folder = touch(self.folder(tmp_path, "1,AV,Present,AV,nan"), "training_data/1_AV.wav")
        assert murmur_timings(discover([folder])) == {}

"""Folders as people have them become recordings with label and patient."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from models.errors import DataError
from training.datasets import LABELS, NOT_HEART, Recording, discover, labels_of

CIRCOR_HEAD = "Patient ID,Locations,Murmur,Murmur locations,Additional ID\n"


def touch(folder: Path, *names: str) -> Path:
    """Make empty files; data sets are told by their names alone."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def facts(recordings: Sequence[Recording]) -> list[tuple[str, tuple[str, ...], str]]:
    """Return file name, labels and patient of each recording."""
    return [(recording.path.name, recording.labels, recording.patient) for recording in recordings]


class TestSetB:
    """PASCAL set B: label and patient stand in the file name."""

    def test_names(self, tmp_path: Path) -> None:
        """Every form of name that occurs gives its label and patient; noisy ones are told apart."""
        touch(
            tmp_path,
            "normal__103_1305031931979_B.wav",
            "normal_noisynormal_125_1306332456645_C.wav",
            "murmur__112_1306243000964_A.wav",
            "murmur_noisymurmur_162_1307101835989_B_1.wav",
            "extrastole__127_1306764300147_C2.wav",
            "normal__296_1311682952647_A1.wav",
        )
        found = {recording.path.name: recording for recording in discover([tmp_path])}
        assert len(found) == 6
        assert found["normal__103_1305031931979_B.wav"].patient == "pascal-b/103"
        assert found["extrastole__127_1306764300147_C2.wav"].label == "extrastole"
        noisy = found["murmur_noisymurmur_162_1307101835989_B_1.wav"]
        assert (noisy.label, noisy.patient, noisy.noisy) == ("murmur", "pascal-b/162", True)
        assert {recording.source for recording in found.values()} == {"PASCAL set B"}

    def test_unlabelled_files_are_dropped(self, tmp_path: Path) -> None:
        """The organisers' test files carry no label, so they are not trained on."""
        touch(tmp_path, "normal__103_1305031931979_B.wav", "Bunlabelledtest__103_1305031931979_D.wav", "notes.txt")
        assert len(discover([tmp_path])) == 1

    def test_the_real_names(self, shared_data: Path) -> None:
        """All 461 labelled files are understood: 320 normal, 95 murmur, 46 extrastole, of 165 patients, 149 noisy."""
        recordings = discover([shared_data / "pascal" / "set_b"])
        assert Counter(recording.label for recording in recordings) == {"normal": 320, "murmur": 95, "extrastole": 46}
        assert len({recording.patient for recording in recordings}) == 165
        assert sum(bool(recording.noisy) for recording in recordings) == 149


class TestCirCor:
    """CirCor: a table tells where a murmur was heard, and nothing of extrasystoles."""

    def folder(self, tmp_path: Path, *rows: str) -> Path:
        """Return a folder with a table of these rows."""
        (tmp_path / "training_data.csv").write_text(CIRCOR_HEAD + "\n".join(rows) + "\n", encoding="utf-8")
        return tmp_path

    def test_labels(self, tmp_path: Path) -> None:
        """Murmur where it was heard, not elsewhere on the same child; absent is anything but a murmur."""
        folder = self.folder(tmp_path, "1,AV+MV,Present,MV,nan", "2,AV,Absent,nan,nan", "3,AV,Unknown,nan,nan")
        touch(folder / "training_data", "1_AV.wav", "1_MV.wav", "1_MV.tsv", "2_AV_1.flac", "3_AV.wav", "1.txt")
        assert facts(discover([folder])) == [
            ("1_MV.wav", ("murmur",), "circor/1"),
            ("2_AV_1.flac", ("normal", "extrastole"), "circor/2"),
        ]

    def test_a_partial_label_is_not_certain(self, tmp_path: Path) -> None:
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
    def test_a_child_with_two_numbers_is_one_patient(self, tmp_path: Path, rows: tuple[str, ...]) -> None:
        """A child recorded in both campaigns is one patient, whichever row says so."""
        folder = touch(self.folder(tmp_path, *rows), "training_data/11_AV.wav", "training_data/9_AV.wav")
        assert len({recording.patient for recording in discover([folder])}) == 1

    def test_one_number_is_no_prefix_of_another(self, tmp_path: Path) -> None:
        """Patient 1 does not own the files of patient 12."""
        folder = self.folder(tmp_path, "1,AV,Absent,nan,nan", "12,AV,Absent,nan,nan")
        touch(folder / "training_data", "1_AV.wav", "12_AV.wav")
        assert [recording.patient for recording in discover([folder])] == ["circor/1", "circor/12"]

    @pytest.mark.parametrize("text", ["", "a,b\n1,2\n", CIRCOR_HEAD])
    def test_another_table_of_that_name(self, tmp_path: Path, text: str) -> None:
        """A table without the columns, or without a row, is not CirCor's; the folder is read in another way."""
        (tmp_path / "training_data.csv").write_text(text, encoding="utf-8")
        touch(tmp_path, "normal/a.wav", "murmur/b.wav")
        assert {recording.label for recording in discover([tmp_path])} == {"normal", "murmur"}

    def test_the_real_table(self, shared_data: Path) -> None:
        """On the real files: every recording has a label it may have, and twins share a patient."""
        recordings = discover([shared_data / "circor"])
        assert {recording.labels for recording in recordings} == {("murmur",), ("normal", "extrastole")}
        patients = {recording.patient for recording in recordings}
        numbers = {recording.path.name.split("_")[0] for recording in recordings}
        assert len(patients) < len(numbers)


class TestLabelFolders:
    """A folder per label; the patient is a sub-folder, or the file name up to the first underscore."""

    def test_patients(self, tmp_path: Path) -> None:
        """Sub-folders and prefixes both name the patient; other files are left alone."""
        folder = touch(
            tmp_path / "mine",
            "normal/p1/a.wav",
            "normal/p1/b.FLAC",
            "murmur/p2_1.ogg",
            "murmur/p2_2.mp3",
            "murmur/x.txt",
        )
        assert facts(discover([folder])) == [
            ("p2_1.ogg", ("murmur",), "mine/p2"),
            ("p2_2.mp3", ("murmur",), "mine/p2"),
            ("a.wav", ("normal",), "mine/p1"),
            ("b.FLAC", ("normal",), "mine/p1"),
        ]

    def test_one_patient_under_two_labels(self, tmp_path: Path) -> None:
        """A patient with recordings of two labels is one patient, so that no split can part them."""
        folder = touch(tmp_path, "normal/p1_a.wav", "extrastole/p1_b.wav")
        assert len({recording.patient for recording in discover([folder])}) == 1

    @pytest.mark.parametrize("name", ["artifact", "not_heart", "not-heart"])
    def test_sounds_that_are_no_heart(self, tmp_path: Path, name: str) -> None:
        """A folder so named holds sounds that are no heart, not a label of that name."""
        folder = touch(tmp_path, "normal/a.wav", f"{name}/b.wav")
        assert {recording.label for recording in discover([folder])} == {"normal", NOT_HEART}

    def test_order_is_fixed(self, tmp_path: Path) -> None:
        """The recordings come in the order of their names, so that a seed repeats a training anywhere."""
        folder = touch(tmp_path, "b/2.wav", "a/1.wav", "b/1.wav", "a/10.wav")
        assert [recording.path.relative_to(folder).as_posix() for recording in discover([folder])] == [
            "a/1.wav",
            "a/10.wav",
            "b/1.wav",
            "b/2.wav",
        ]


@pytest.mark.parametrize("name", ["not_heart", "not-heart", "artifact"])
def test_a_whole_folder_of_no_heart(tmp_path: Path, name: str) -> None:
    """A folder so named, of any depth, holds sounds that are no heart, each a patient of its own."""
    folder = touch(tmp_path / name, "lungs/a.wav", "speech/b.flac")
    assert facts(discover([folder])) == [
        ("a.wav", (NOT_HEART,), f"{name}/a"),
        ("b.flac", (NOT_HEART,), f"{name}/b"),
    ]


def test_several_folders(tmp_path: Path) -> None:
    """Folders of several kinds are read each in its way, in the order given."""
    touch(tmp_path / "set_b", "normal__103_1305031931979_B.wav")
    touch(tmp_path / "not_heart", "a.wav")
    found = discover([tmp_path / "not_heart", tmp_path / "set_b"])
    assert [recording.label for recording in found] == [NOT_HEART, "normal"]


def test_a_missing_folder(tmp_path: Path) -> None:
    """A folder that is not there is named."""
    with pytest.raises(DataError, match="absent: no such folder; name a folder of recordings"):
        discover([tmp_path / "absent"])


@pytest.mark.parametrize("names", [(), ("loose.wav",), ("normal/notes.txt",)])
def test_a_folder_without_labelled_recordings(tmp_path: Path, names: tuple[str, ...]) -> None:
    """Where nothing is understood, the refusal says how recordings are to be laid out."""
    with pytest.raises(DataError, match="no labelled recordings found; put them in a folder per label"):
        discover([touch(tmp_path, *names)])


def with_labels(*labels: tuple[str, ...]) -> list[Recording]:
    """Return recordings that may have these labels."""
    return [Recording(Path("x.wav"), names, "p", "set") for names in labels]


def test_labels_in_the_order_of_the_default_bundle() -> None:
    """The default bundle's labels come first and in its order, others behind by name; partial labels count."""
    recordings = with_labels(("zebra",), ("extrastole",), ("artery",), (NOT_HEART,), ("normal", "murmur"))
    assert labels_of(recordings) == (*LABELS, "artery", "zebra")


@pytest.mark.parametrize(("labels", "named"), [([("normal",), (NOT_HEART,)], "normal"), ([(NOT_HEART,)], r"\(none\)")])
def test_one_label_is_too_few(labels: list[tuple[str, ...]], named: str) -> None:
    """A network needs two labels, and sounds that are no heart are no label."""
    with pytest.raises(DataError, match=f"only the label {named} was found; a network needs two labels or more"):
        labels_of(with_labels(*labels))

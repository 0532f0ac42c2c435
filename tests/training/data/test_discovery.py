"""Folders as people have them become recordings with label and patient."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from monitor.errors import DataError
from training.data.discovery import LABELS, discover, labels_of, read_sets
from training.data.recording import NON_CARDIAC, DataSet, Recording, known_label

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


class TestArchiveNames:
    """PASCAL as the organisers' archives name it, and what the mirrors' tables make of it."""

    @pytest.mark.parametrize(
        ("name", "label", "noisy"),
        [
            ("Btraining_normal/Btraining_noisynormal/125_1306332456645_C.wav", "normal", True),
            ("Btraining_murmur/112_1306243000964_D.wav", "murmur", False),
            ("Btraining_murmur/Btraining_noisymurmur/162_1307101835989_B_1.wav", "murmur", True),
            ("Btraining_extrasystole/127_1306764300147_C2.wav", "extrastole", False),
            ("Training B Normal/103_1305031931979_B.wav", "normal", False),
            ("set_b/Btraining_normal_Btraining_noisynormal_125_1306332456645_C.wav", "normal", True),
            ("set_b/Btraining_extrastole_127_1306764300147_C2.wav", "extrastole", False),
            ("set_b/normal__103_1305031931979_B.flac", "normal", False),
            ("set_b/extrasystole__103_1305031931979.aif", "extrastole", False),
        ],
    )
    def test_set_b(self, tmp_path: Path, name: str, label: str, noisy: bool) -> None:
        """Label, noise and patient are told by the file's name, or by the archive's folders round it."""
        (only,) = discover([touch(tmp_path, name)])
        assert (only.label, only.noisy, only.source) == (label, noisy, "PASCAL set B")
        assert only.patient == f"pascal-b/{name.rpartition('/')[2].partition('_13')[0].rpartition('_')[2]}"

    @pytest.mark.parametrize(
        "name",
        [
            "Bunlabelledtest/103_1305031931979_D.wav",
            "set_b/Bunlabelledtest__103_1305031931979_D.wav",
            "set_b/__103_1305031931979_D.wav",
        ],
    )
    def test_unlabelled_files_are_listed(self, tmp_path: Path, name: str) -> None:
        """The organisers' test files are known under each of their names, and dropped with the reason."""
        sets = read_sets([touch(tmp_path, name, "set_b/normal__104_1305031931979_B.wav")])
        assert [data_set.name for data_set in sets] == ["PASCAL set B"]
        assert [(dropped.path, dropped.reason) for dropped in sets[0].dropped] == [
            (tmp_path / name, "one of the organisers' test files, without a label")
        ]

    @pytest.mark.parametrize(
        ("name", "label"),
        [
            ("set_a/artifact__201012172012.flac", NON_CARDIAC),
            ("set_a/extrahls__201101070953.wav", "extrahls"),
            ("Atraining_extrahs/201101070953.wav", "extrahls"),
            ("Atraining_normal/Atraining_normal/201101070538.wav", "normal"),
            ("set_a/murmur__201108222226.wav", "murmur"),
        ],
    )
    def test_set_a(self, tmp_path: Path, name: str, label: str) -> None:
        """Artifacts train as sounds that are no heart; hearts are set aside; patients are not known."""
        (only,) = read_sets([touch(tmp_path, name)])
        assert only.name == "PASCAL set A"
        (recording,) = only.recordings + only.aside
        assert (recording.label, recording.patient, recording.noisy) == (label, "", None)
        assert bool(only.recordings) == (label == NON_CARDIAC)
        assert "set aside" in only.notes[0]

    def test_both_sets_under_one_roof(self, tmp_path: Path) -> None:
        """A folder that holds both gives both; of the first only the artifacts are trained on."""
        touch(tmp_path, "set_a/artifact__201012172012.wav", "set_a/normal__201101070538.wav", "set_a.csv")
        touch(tmp_path, "set_a/Aunlabelledtest__201106141148.wav", "set_b/murmur__112_1306243000964_A.wav")
        sets = read_sets([tmp_path])
        assert [data_set.name for data_set in sets] == ["PASCAL set A", "PASCAL set B"]
        assert len(sets[0].dropped) == 1
        assert [recording.label for recording in discover([tmp_path])] == [NON_CARDIAC, "murmur"]

    def test_two_sets_in_one_folder(self, tmp_path: Path) -> None:
        """Files of both in one folder are told apart by their names; another file is dropped and said so, once."""
        touch(tmp_path, "artifact__201012172012.wav", "murmur__112_1306243000964_A.wav", "what.wav")
        sets = read_sets([tmp_path])
        assert [len(data_set.recordings) for data_set in sets] == [1, 1]
        dropped = [dropped for data_set in sets for dropped in data_set.dropped]
        assert [(one.path.name, one.reason) for one in dropped] == [("what.wav", "not named as PASCAL names its files")]

    def test_the_table_is_compared(self, tmp_path: Path) -> None:
        """The table's names match no file as they stand; how many do after all is told, and what is not here."""
        names = ("Btraining_murmur_112_1306243000964_A", "Btraining_normal_103_1305031931979_B")
        rows = [f"b,set_b/{name}.wav,x,\n" for name in (*names, "Bunlabelledtest_103_1305031931979_D")]
        (tmp_path / "set_b.csv").write_text("dataset,fname,label,sublabel\n" + "".join(rows), encoding="utf-8")
        touch(tmp_path / "set_b", "murmur__112_1306243000964_A.wav")
        (only,) = read_sets([tmp_path / "set_b"])
        assert only.notes[1] == (
            "set_b.csv names 3 files, 1 of them here (0 under the very name, the others once Btraining_ is taken "
            "away); 1 of the others are the organisers' test files"
        )

    @pytest.mark.parametrize(
        "name",
        [
            "normal_12_202401011230_A.wav",
            "anna__103_1305031931979_B.wav",
            "201101070538.wav",
            "103_1305031931979_B.wav",
        ],
    )
    def test_other_names_are_not_pascal(self, tmp_path: Path, name: str) -> None:
        """Names of that kind in a folder per label are a person's own."""
        (only,) = read_sets([touch(tmp_path, f"normal/{name}")])
        assert only.name == tmp_path.name

    def test_one_such_file_among_others_changes_nothing(self, tmp_path: Path) -> None:
        """Where fewer than half of the files are named like PASCAL's, the folders are labels."""
        touch(tmp_path, "normal/p1/a.wav", "murmur/normal__103_1305031931979_B.wav", "murmur/a.wav", "murmur/b.wav")
        assert [data_set.name for data_set in read_sets([tmp_path])] == [tmp_path.name]

    def test_the_real_sets(self, shared_data: Path) -> None:
        """Set A: 124 files, 40 artifacts, 52 more in the table; set B: 461 of the table's 461, none by its name."""
        set_a, set_b = read_sets([shared_data / "pascal"])
        assert (len(set_a.recordings), len(set_a.aside), len(set_a.dropped)) == (40, 84, 0)
        assert Counter(recording.label for recording in set_a.aside) == {"murmur": 34, "normal": 31, "extrahls": 19}
        assert set_a.notes[1].startswith("set_a.csv names 176 files, 124 of them here; 52 of the others")
        assert set_b.notes[1].startswith("set_b.csv names 461 files, 461 of them here (0 under the very name")


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

    def test_what_is_dropped_and_why(self, tmp_path: Path) -> None:
        """Murmur unknown, a murmur at another place, a file of no row: each is named with its reason."""
        folder = self.folder(tmp_path, "1,AV+MV,Present,MV,nan", "3,AV,Unknown,nan,nan")
        touch(folder / "training_data", "1_AV.wav", "1_MV.wav", "3_AV.wav", "4_AV.wav", "readme.wav")
        (only,) = read_sets([folder])
        assert {dropped.path.name: dropped.reason for dropped in only.dropped} == {
            "1_AV.wav": "no murmur heard at this place of a child who has one",
            "3_AV.wav": "murmur unknown",
            "4_AV.wav": "no row in training_data.csv",
        }

    def test_the_inner_folder_will_do(self, tmp_path: Path) -> None:
        """Who names the folder with the recordings means the data set, whose table lies beside it."""
        folder = self.folder(tmp_path, "2,AV,Absent,nan,nan")
        touch(folder / "training_data", "2_AV.wav")
        assert facts(discover([folder / "training_data"])) == facts(discover([folder]))

    def test_a_short_row(self, tmp_path: Path) -> None:
        """A row that was cut off is like one that knows nothing."""
        folder = touch(self.folder(tmp_path, "2,AV", "3,AV,Absent,nan,nan"), "training_data/2_AV.wav")
        touch(folder, "training_data/3_AV.wav")
        assert [recording.path.name for recording in discover([folder])] == ["3_AV.wav"]

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
        """Sub-folders and file name prefixes both name the patient; other files are left alone."""
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

    @pytest.mark.parametrize(
        "names",
        [
            ("a.wav", "b.wav"),
            ("anna_1.wav", "anna_2.wav"),
            ("left1_1.wav", "left1_2.wav"),
            ("rec01_a.wav", "rec01_b.wav"),
            ("20240131_0915.wav", "20240131_0930.wav"),
            ("2024-01-31_0915.wav", "2024-01-31_0930.wav"),
            ("001_x.wav", "002_x.wav"),
            ("AV_1.wav", "AV_2.wav"),
            ("p1_1.wav", "p1_2.wav", "site2_1.wav"),
        ],
    )
    def test_names_that_tell_no_patient(self, tmp_path: Path, names: tuple[str, ...]) -> None:
        """No number, a date, a word that counts files or sites, or a beginning per file: the patient is unknown."""
        touch(tmp_path / "mine" / "normal", *names)
        touch(tmp_path / "mine" / "murmur" / "p9", "x.wav")
        found = {recording.path.name: recording.patient for recording in discover([tmp_path / "mine"])}
        assert found.pop("x.wav") == "mine/p9"
        assert set(found.values()) == {""}

    @pytest.mark.parametrize("prefix", ["p1", "017", "anna3", "H-12", "20241"])
    def test_names_that_tell_a_patient(self, tmp_path: Path, prefix: str) -> None:
        """A numbered beginning that two files share is a patient; one without an underscore stays unknown."""
        touch(tmp_path / "mine" / "normal", f"{prefix}_1.wav", f"{prefix}_2.wav", "whose.wav")
        patients = [recording.patient for recording in discover([tmp_path / "mine"])]
        assert sorted(patients) == ["", *2 * [f"mine/{prefix}"]]

    def test_it_says_how_patients_were_told(self, tmp_path: Path) -> None:
        """The note shows examples, so a person sees when the guess is wrong; an empty folder is named."""
        touch(tmp_path / "mine", "normal/p1_1.wav", "normal/p1_2.wav", "murmur/p2/a.wav")
        (tmp_path / "mine" / "extrastole").mkdir()
        (only,) = read_sets([tmp_path / "mine"])
        assert only.notes == (
            "patients are identified by their sub-folders and by the file names up to the first underscore (p1, ...)",
            "the folder extrastole holds no recordings",
        )
        assert only.name == "mine"

    def test_loose_files_are_told(self, tmp_path: Path) -> None:
        """A file beside the folders has no label: it is dropped, and said so."""
        touch(tmp_path, "normal/p1/a.wav", "murmur/p2/a.wav", "loose.wav")
        (only,) = read_sets([tmp_path])
        assert [(dropped.path.name, dropped.reason) for dropped in only.dropped] == [
            ("loose.wav", "in no label's folder")
        ]

    @pytest.mark.parametrize(
        ("written", "label"),
        [("Normal", "normal"), ("MURMUR", "murmur"), ("Extrasystole", "extrastole"), ("Click", "Click")],
    )
    def test_spelling(self, tmp_path: Path, written: str, label: str) -> None:
        """The default bundle's labels are known however they are written; others are left as they are."""
        assert [recording.label for recording in discover([touch(tmp_path, f"{written}/p1/a.wav")])] == [label]
        assert known_label(f" {written} ") == label

    def test_what_unpacking_leaves_is_no_recording(self, tmp_path: Path) -> None:
        """Hidden files and shadow folders of an archive are passed over."""
        folder = touch(tmp_path, "normal/p1/a.wav", "normal/p1/._a.wav", "__MACOSX/normal/a.wav", ".git/a.wav")
        touch(folder, "normal/__MACOSX/a.wav")
        assert [recording.path.name for recording in discover([folder])] == ["a.wav"]

    @pytest.mark.parametrize("name", ["artifact", "not_heart", "not-heart"])
    def test_sounds_that_are_no_heart(self, tmp_path: Path, name: str) -> None:
        """A folder so named holds sounds that are no heart, not a label of that name."""
        folder = touch(tmp_path, "normal/a.wav", f"{name}/b.wav")
        assert {recording.label for recording in discover([folder])} == {"normal", NON_CARDIAC}

    def test_order_is_fixed(self, tmp_path: Path) -> None:
        """The recordings come in the order of their names, so that a seed repeats a training anywhere."""
        folder = touch(tmp_path, "b/2.wav", "a/1.wav", "b/1.wav", "a/10.wav")
        assert [recording.path.relative_to(folder).as_posix() for recording in discover([folder])] == [
            "a/1.wav",
            "a/10.wav",
            "b/1.wav",
            "b/2.wav",
        ]


def test_one_sound_of_a_manikin_is_one_group(tmp_path: Path) -> None:
    """Files of one sound, heard at several places or on both manikins, share a group; other files stand alone."""
    touch(tmp_path, *(f"not_heart/{name}.wav" for name in ("lung_F_CC_LUA", "lung_M_CC_RLA", "lung_M_W_LUA", "room")))
    groups = [recording.patient for recording in discover([tmp_path / "not_heart"])]
    assert groups == ["not_heart/lung CC", "not_heart/lung CC", "not_heart/lung W", "not_heart/room"]


@pytest.mark.parametrize("name", ["not_heart", "not-heart", "artifact"])
def test_a_whole_folder_of_no_heart(tmp_path: Path, name: str) -> None:
    """A folder so named, of any depth, holds sounds that are no heart, each a patient of its own."""
    folder = touch(tmp_path / name, "lungs/a.wav", "speech/b.flac")
    assert facts(discover([folder])) == [
        ("a.wav", (NON_CARDIAC,), f"{name}/a"),
        ("b.flac", (NON_CARDIAC,), f"{name}/b"),
    ]


def test_several_folders(tmp_path: Path) -> None:
    """Folders of several kinds are read each in its way, in the order given."""
    touch(tmp_path / "set_b", "normal__103_1305031931979_B.wav")
    touch(tmp_path / "not_heart", "a.wav")
    found = discover([tmp_path / "not_heart", tmp_path / "set_b"])
    assert [recording.label for recording in found] == [NON_CARDIAC, "normal"]


class TestSeveralInOne:
    """A folder that holds data sets is read as each of them."""

    def names(self, folder: Path) -> list[str]:
        """Return the names of the sets."""
        return [data_set.name for data_set in read_sets([folder])]

    def test_a_shelf_of_sets(self, tmp_path: Path) -> None:
        """Known sets, own folders, tables and noises stand side by side; what is not understood is told."""
        touch(tmp_path, "pascal/set_b/murmur__112_1306243000964_A.wav", "not_heart/a.wav", "mine/normal/p1/a.wav")
        touch(tmp_path, "docs/readme.txt", "loose.wav", "table/x.wav")
        (tmp_path / "table" / "manifest.csv").write_text("path,label,patient\nx.wav,murmur,p1\n", encoding="utf-8")
        assert self.names(tmp_path) == ["mine", "sounds that are no heart", "PASCAL set B", "table"]
        dropped = [dropped for data_set in read_sets([tmp_path]) for dropped in data_set.dropped]
        assert [(one.path.name, one.reason) for one in dropped] == [("loose.wav", "in a folder that is not understood")]

    def test_a_shelf_of_own_sets(self, tmp_path: Path) -> None:
        """Two folders with a folder per label each are two sets, not two labels."""
        touch(tmp_path, "clinic/normal/p1/a.wav", "clinic/murmur/p2/a.wav", "ward/normal/p1/a.wav")
        assert self.names(tmp_path) == ["clinic", "ward"]
        assert {recording.patient for recording in discover([tmp_path])} == {"clinic/p1", "clinic/p2", "ward/p1"}

    def test_a_patient_called_like_a_label(self, tmp_path: Path) -> None:
        """Where the folders are labels, what is in them are patients, however they are called."""
        touch(tmp_path, "normal/normal/a.wav", "murmur/p2/a.wav")
        assert [data_set.place for data_set in read_sets([tmp_path])] == [tmp_path]

    def test_noise_beside_labels_is_a_label(self, tmp_path: Path) -> None:
        """A folder of no heart among folders of labels makes no shelf."""
        touch(tmp_path, "normal/p1/a.wav", "murmur/p2/a.wav", "not-heart/a.wav")
        assert self.names(tmp_path) == [tmp_path.name]

    def test_nothing_counts_twice(self, tmp_path: Path) -> None:
        """A recording that two of the folders named hold is taken once, and the second is told."""
        touch(tmp_path, "set_b/murmur__112_1306243000964_A.wav")
        touch(tmp_path, "mine/normal/p1/a.wav")
        sets = read_sets([tmp_path / "mine", tmp_path, tmp_path / "mine"])
        assert [len(data_set.recordings) for data_set in sets] == [1, 0, 1, 0]
        assert [one.reason for data_set in sets for one in data_set.dropped] == ["named twice", "named twice"]

    def test_the_folder_one_stands_in(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A full stop names the folder that one works in; the set has that folder's name."""
        monkeypatch.chdir(touch(tmp_path / "clinic", "normal/p1/a.wav", "murmur/p2/a.wav"))
        assert self.names(Path(".")) == ["clinic"]
        assert discover([Path(".")])[0].patient == "clinic/p2"

    def test_the_real_shelf(self, shared_data: Path) -> None:
        """All that is here is understood in one go."""
        assert set(self.names(shared_data)) == {
            "CirCor DigiScope",
            "PASCAL set A",
            "PASCAL set B",
            "sounds that are no heart",
        }


def test_only_unlabelled_files(tmp_path: Path) -> None:
    """Where all files lack a label, the refusal says which kind they are."""
    touch(tmp_path, "Bunlabelledtest__103_1305031931979_D.wav")
    with pytest.raises(DataError, match="no labelled recordings found \\(1 files: one of the organisers' test files"):
        discover([tmp_path])


def test_a_file_that_is_no_table(tmp_path: Path) -> None:
    """One recording is no data set."""
    with pytest.raises(DataError, match=r"a.wav: is neither a folder nor a .csv manifest; name the folder"):
        discover([touch(tmp_path, "a.wav") / "a.wav"])


def test_a_set_is_a_plain_value(tmp_path: Path) -> None:
    """A data set says its name and place, and has nothing dropped or noted unless told."""
    data_set = DataSet("x", tmp_path, ())
    assert (data_set.aside, data_set.dropped, data_set.notes) == ((), (), ())


def test_a_recording_says_its_part() -> None:
    """A part of a file shows its times; a whole file its path."""
    whole = Recording(Path("a.wav"), ("normal",), "p", "set")
    assert (str(whole), whole.is_part) == ("a.wav", False)
    assert str(Recording(Path("a.wav"), ("normal",), "p", "set", None, 1.5)) == "a.wav from 1.5 s"
    part = Recording(Path("a.wav"), ("normal",), "p", "set", end_s=4.0)
    assert (str(part), part.is_part) == ("a.wav from 0 s to 4 s", True)


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
    recordings = with_labels(("zebra",), ("extrastole",), ("artery",), (NON_CARDIAC,), ("normal", "murmur"))
    assert labels_of(recordings) == (*LABELS, "artery", "zebra")


@pytest.mark.parametrize(
    ("labels", "named"), [([("normal",), (NON_CARDIAC,)], "normal"), ([(NON_CARDIAC,)], r"\(none\)")]
)
def test_one_label_is_too_few(labels: list[tuple[str, ...]], named: str) -> None:
    """A network needs two labels, and sounds that are no heart are no label."""
    with pytest.raises(DataError, match=f"only the label {named} was found; a network needs two labels or more"):
        labels_of(with_labels(*labels))

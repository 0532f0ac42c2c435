"""PASCAL's two sets, by the names that the archives give to files and folders."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from monitor.labels import NON_CARDIAC
from training.data.discovery import discover, read_sets

Touch = Callable[..., Path]


class TestSetB:
    """PASCAL set B: label and patient are in the file name."""

    def test_names(self, tmp_path: Path, touch: Touch) -> None:
        """Every form of name that occurs gives its label and patient, and whether it is noisy."""
        touch(
            tmp_path,
            "normal__103_1305031931979_B.wav",
            "normal_noisynormal_125_1306332456645_C.wav",
            "murmur__112_1306243000964_A.wav",
            "murmur_noisymurmur_162_1307101835989_B_1.wav",
            "extrastole__127_1306764300147_C2.wav",
            "normal__296_1311682952647_A1.wav",
        )
        recordings = {recording.path.name: recording for recording in discover([tmp_path])}
        assert len(recordings) == 6
        assert recordings["normal__103_1305031931979_B.wav"].patient == "pascal-b/103"
        assert recordings["extrastole__127_1306764300147_C2.wav"].label == "extrastole"
        noisy = recordings["murmur_noisymurmur_162_1307101835989_B_1.wav"]
        assert (noisy.label, noisy.patient, noisy.noisy) == ("murmur", "pascal-b/162", True)
        assert {recording.source for recording in recordings.values()} == {"PASCAL set B"}

    def test_unlabelled_files_are_dropped(self, tmp_path: Path, touch: Touch) -> None:
        """The organisers' test files have no label, so they are not trained on."""
        touch(tmp_path, "normal__103_1305031931979_B.wav", "Bunlabelledtest__103_1305031931979_D.wav", "notes.txt")
        assert len(discover([tmp_path])) == 1

    def test_names_of_the_whole_set(self, shared_data: Path) -> None:
        """All 461 labelled files are understood: 320 normal, 95 murmur, 46 extrastole, of 165 patients, 149 noisy."""
        recordings = discover([shared_data / "pascal" / "set_b"])
        assert Counter(recording.label for recording in recordings) == {"normal": 320, "murmur": 95, "extrastole": 46}
        assert len({recording.patient for recording in recordings}) == 165
        assert sum(bool(recording.noisy) for recording in recordings) == 149


class TestArchiveNames:
    """PASCAL by the names of the organisers' archives and of the mirrors' tables."""

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
    def test_set_b(self, tmp_path: Path, name: str, label: str, noisy: bool, touch: Touch) -> None:
        """Label, noise and patient come from the file's name, or from the archive's folders above it."""
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
    def test_unlabelled_files_are_listed(self, tmp_path: Path, name: str, touch: Touch) -> None:
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
    def test_set_a(self, tmp_path: Path, name: str, label: str, touch: Touch) -> None:
        """Artifacts are trained on as non-cardiac sounds; hearts are set aside; patients are not known."""
        (only,) = read_sets([touch(tmp_path, name)])
        assert only.name == "PASCAL set A"
        (recording,) = only.recordings + only.aside
        assert (recording.label, recording.patient, recording.noisy) == (label, "", None)
        assert bool(only.recordings) == (label == NON_CARDIAC)
        assert "set aside" in only.notes[0]

    def test_both_sets_below_one_folder(self, tmp_path: Path, touch: Touch) -> None:
        """A folder that holds both gives both; of the first only the artifacts are trained on."""
        touch(tmp_path, "set_a/artifact__201012172012.wav", "set_a/normal__201101070538.wav", "set_a.csv")
        touch(tmp_path, "set_a/Aunlabelledtest__201106141148.wav", "set_b/murmur__112_1306243000964_A.wav")
        sets = read_sets([tmp_path])
        assert [data_set.name for data_set in sets] == ["PASCAL set A", "PASCAL set B"]
        assert len(sets[0].dropped) == 1
        assert [recording.label for recording in discover([tmp_path])] == [NON_CARDIAC, "murmur"]

    def test_two_sets_in_one_folder(self, tmp_path: Path, touch: Touch) -> None:
        """Files of both in one folder are separated by their names; another file is dropped and reported once."""
        touch(tmp_path, "artifact__201012172012.wav", "murmur__112_1306243000964_A.wav", "what.wav")
        sets = read_sets([tmp_path])
        assert [len(data_set.recordings) for data_set in sets] == [1, 1]
        dropped = [dropped for data_set in sets for dropped in data_set.dropped]
        assert [(one.path.name, one.reason) for one in dropped] == [("what.wav", "not named as PASCAL names its files")]

    def test_the_table_is_compared(self, tmp_path: Path, touch: Touch) -> None:
        """No file has a name of the table; the note says how many match without their prefix, and which are absent."""
        names = ("Btraining_murmur_112_1306243000964_A", "Btraining_normal_103_1305031931979_B")
        rows = [f"b,set_b/{name}.wav,x,\n" for name in (*names, "Bunlabelledtest_103_1305031931979_D")]
        (tmp_path / "set_b.csv").write_text("dataset,fname,label,sublabel\n" + "".join(rows), encoding="utf-8")
        touch(tmp_path / "set_b", "murmur__112_1306243000964_A.wav")
        (only,) = read_sets([tmp_path / "set_b"])
        assert only.notes[1] == (
            "set_b.csv lists 3 files, 1 of them here (0 under exactly that name, the others without Btraining_); 1 "
            "of the others are the organisers' test files"
        )

    def test_a_damaged_table(self, tmp_path: Path, touch: Touch) -> None:
        """A quotation mark without an end is a note; names and labels are those of the files."""
        text = 'dataset,fname,label,sublabel\n"' + "b,set_b/x.wav,x,\n" * (csv.field_size_limit() // 15 + 1)
        (tmp_path / "set_b.csv").write_text(text, encoding="utf-8")
        touch(tmp_path / "set_b", "murmur__112_1306243000964_A.wav")
        (only,) = read_sets([tmp_path / "set_b"])
        assert only.notes[1] == "set_b.csv cannot be read as a table"
        assert [recording.label for recording in only.recordings] == ["murmur"]

    @pytest.mark.parametrize(
        "name",
        [
            "normal_12_202401011230_A.wav",
            "anna__103_1305031931979_B.wav",
            "201101070538.wav",
            "103_1305031931979_B.wav",
        ],
    )
    def test_other_names_are_not_pascal(self, tmp_path: Path, name: str, touch: Touch) -> None:
        """Names of that kind in a folder per label are a person's own."""
        (only,) = read_sets([touch(tmp_path, f"normal/{name}")])
        assert only.name == tmp_path.name

    def test_one_pascal_name_among_others_is_ignored(self, tmp_path: Path, touch: Touch) -> None:
        """Where fewer than half of the files are named like PASCAL's, the folders are labels."""
        touch(tmp_path, "normal/p1/a.wav", "murmur/normal__103_1305031931979_B.wav", "murmur/a.wav", "murmur/b.wav")
        assert [data_set.name for data_set in read_sets([tmp_path])] == [tmp_path.name]

    def test_both_whole_sets(self, shared_data: Path) -> None:
        """Set A: 124 files, 40 artifacts, 52 more in the table; set B: 461 of the table's 461, none by its name."""
        set_a, set_b = read_sets([shared_data / "pascal"])
        assert (len(set_a.recordings), len(set_a.aside), len(set_a.dropped)) == (40, 84, 0)
        assert Counter(recording.label for recording in set_a.aside) == {"murmur": 34, "normal": 31, "extrahls": 19}
        assert set_a.notes[1].startswith("set_a.csv lists 176 files, 124 of them here; 52 of the others")
        assert set_b.notes[1].startswith("set_b.csv lists 461 files, 461 of them here (0 under exactly that name")

"""A folder per label, and folders of non-cardiac sounds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from monitor.labels import NON_CARDIAC
from training.data.discovery import discover, read_sets
from training.data.recording import Recording, known_label

Touch = Callable[..., Path]


def labels_and_patients(recordings: Sequence[Recording]) -> list[tuple[str, tuple[str, ...], str]]:
    """Return file name, labels and patient of each recording."""
    return [(recording.path.name, recording.labels, recording.patient) for recording in recordings]


class TestLabelFolders:
    """A folder per label; the patient is a sub-folder, or the file name up to the first underscore."""

    def test_patients(self, tmp_path: Path, touch: Touch) -> None:
        """Sub-folders and file name prefixes both identify the patient; other files are ignored."""
        folder = touch(
            tmp_path / "mine",
            "normal/p1/a.wav",
            "normal/p1/b.FLAC",
            "murmur/p2_1.ogg",
            "murmur/p2_2.mp3",
            "murmur/x.txt",
        )
        assert labels_and_patients(discover([folder])) == [
            ("p2_1.ogg", ("murmur",), "mine/p2"),
            ("p2_2.mp3", ("murmur",), "mine/p2"),
            ("a.wav", ("normal",), "mine/p1"),
            ("b.FLAC", ("normal",), "mine/p1"),
        ]

    def test_one_patient_under_two_labels(self, tmp_path: Path, touch: Touch) -> None:
        """A patient with recordings of two labels is one patient, so that no split can separate them."""
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
    def test_names_without_a_patient(self, tmp_path: Path, names: tuple[str, ...], touch: Touch) -> None:
        """No number, a date, a word that counts files or sites, or a prefix per file: the patient is unknown."""
        touch(tmp_path / "mine" / "normal", *names)
        touch(tmp_path / "mine" / "murmur" / "p9", "x.wav")
        patient_of = {recording.path.name: recording.patient for recording in discover([tmp_path / "mine"])}
        assert patient_of.pop("x.wav") == "mine/p9"
        assert set(patient_of.values()) == {""}

    @pytest.mark.parametrize("prefix", ["p1", "017", "anna3", "H-12", "20241"])
    def test_names_with_a_patient(self, tmp_path: Path, prefix: str, touch: Touch) -> None:
        """A prefix with a digit that two files share is a patient; one without an underscore stays unknown."""
        touch(tmp_path / "mine" / "normal", f"{prefix}_1.wav", f"{prefix}_2.wav", "whose.wav")
        patients = [recording.patient for recording in discover([tmp_path / "mine"])]
        assert sorted(patients) == ["", *2 * [f"mine/{prefix}"]]

    @pytest.mark.parametrize(
        ("names", "note"),
        [
            (("normal/a.wav", "murmur/b.wav"), "patients are not identified by the file names, such as "),
            (
                ("normal/p1/a.wav", "murmur/b.wav", "murmur/c.wav"),
                "patients are identified by their sub-folders, and not identified by the file names, such as ",
            ),
        ],
    )
    def test_a_note_says_that_names_do_not_identify(
        self, tmp_path: Path, touch: Touch, names: tuple[str, ...], note: str
    ) -> None:
        """With an example of them."""
        (found,) = read_sets([touch(tmp_path, *names)])
        assert found.notes[0].startswith(note)

    def test_a_note_says_how_patients_were_identified(self, tmp_path: Path, touch: Touch) -> None:
        """The note shows examples, so that a wrong guess is visible; an empty folder is reported."""
        touch(tmp_path / "mine", "normal/p1_1.wav", "normal/p1_2.wav", "murmur/p2/a.wav")
        (tmp_path / "mine" / "extrastole").mkdir()
        (only,) = read_sets([tmp_path / "mine"])
        assert only.notes == (
            "patients are identified by their sub-folders and by the file names up to the first underscore (p1, ...)",
            "the folder extrastole holds no recordings",
        )
        assert only.name == "mine"

    def test_loose_files_are_dropped(self, tmp_path: Path, touch: Touch) -> None:
        """A file beside the folders has no label: it is dropped with a reason."""
        touch(tmp_path, "normal/p1/a.wav", "murmur/p2/a.wav", "loose.wav")
        (only,) = read_sets([tmp_path])
        assert [(dropped.path.name, dropped.reason) for dropped in only.dropped] == [
            ("loose.wav", "in no label's folder")
        ]

    @pytest.mark.parametrize(
        ("written", "label"),
        [("Normal", "normal"), ("MURMUR", "murmur"), ("Extrasystole", "extrastole"), ("Click", "Click")],
    )
    def test_spelling(self, tmp_path: Path, written: str, label: str, touch: Touch) -> None:
        """The default bundle's labels are known however they are written; others are left as they are."""
        assert [recording.label for recording in discover([touch(tmp_path, f"{written}/p1/a.wav")])] == [label]
        assert known_label(f" {written} ") == label

    def test_leftovers_of_unpacking_are_ignored(self, tmp_path: Path, touch: Touch) -> None:
        """Hidden files and shadow folders of an archive are no recordings."""
        folder = touch(tmp_path, "normal/p1/a.wav", "normal/p1/._a.wav", "__MACOSX/normal/a.wav", ".git/a.wav")
        touch(folder, "normal/__MACOSX/a.wav")
        assert [recording.path.name for recording in discover([folder])] == ["a.wav"]

    @pytest.mark.parametrize("name", ["artifact", "not_heart", "not-heart"])
    def test_non_cardiac_folders(self, tmp_path: Path, name: str, touch: Touch) -> None:
        """A folder so named holds non-cardiac sounds, not a label of that name."""
        folder = touch(tmp_path, "normal/a.wav", f"{name}/b.wav")
        assert {recording.label for recording in discover([folder])} == {"normal", NON_CARDIAC}

    def test_order_is_that_of_the_names(self, tmp_path: Path, touch: Touch) -> None:
        """Sorted by name, so that a seed gives the same training on any computer."""
        folder = touch(tmp_path, "b/2.wav", "a/1.wav", "b/1.wav", "a/10.wav")
        assert [recording.path.relative_to(folder).as_posix() for recording in discover([folder])] == [
            "a/1.wav",
            "a/10.wav",
            "b/1.wav",
            "b/2.wav",
        ]


def test_one_sound_of_a_manikin_is_one_group(tmp_path: Path, touch: Touch) -> None:
    """Files of one sound, at several sites or of both manikins, are one group; every other file is its own."""
    touch(tmp_path, *(f"not_heart/{name}.wav" for name in ("lung_F_CC_LUA", "lung_M_CC_RLA", "lung_M_W_LUA", "room")))
    groups = [recording.patient for recording in discover([tmp_path / "not_heart"])]
    assert groups == ["not_heart/lung CC", "not_heart/lung CC", "not_heart/lung W", "not_heart/room"]


@pytest.mark.parametrize("name", ["not_heart", "not-heart", "artifact"])
def test_a_folder_of_non_cardiac_sounds(tmp_path: Path, name: str, touch: Touch) -> None:
    """A folder so named, of any depth, holds non-cardiac sounds, each a patient of its own."""
    folder = touch(tmp_path / name, "lungs/a.wav", "speech/b.flac")
    assert labels_and_patients(discover([folder])) == [
        ("a.wav", (NON_CARDIAC,), f"{name}/a"),
        ("b.flac", (NON_CARDIAC,), f"{name}/b"),
    ]


def test_everyday_sounds_are_grouped_by_their_source(tmp_path: Path, touch: Touch) -> None:
    """Two cuts of one recording are one group, and the set has a name of its own, for its licence."""
    folder = touch(tmp_path / "everyday", "rain__12A.flac", "rain__12B.flac", "clock_tick__7A.flac", "hum.flac")
    (data_set,) = read_sets([folder])
    assert data_set.name == "everyday sounds"
    groups = {one.path.stem: one.patient for one in data_set.recordings}
    assert groups["rain__12A"] == groups["rain__12B"] == "everyday/source 12"
    assert len(set(groups.values())) == 3
    assert {one.label for one in data_set.recordings} == {NON_CARDIAC}

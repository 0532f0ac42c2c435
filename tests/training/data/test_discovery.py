"""Folders and manifests become recordings with labels and patients."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from monitor.errors import DataError
from monitor.labels import NON_CARDIAC
from training.data.discovery import discover, labels_of, read_sets
from training.data.recording import LABELS, Recording

Touch = Callable[..., Path]


def test_several_folders(tmp_path: Path, touch: Touch) -> None:
    """Folders of several kinds are read in the order given."""
    touch(tmp_path / "set_b", "normal__103_1305031931979_B.wav")
    touch(tmp_path / "not_heart", "a.wav")
    recordings = discover([tmp_path / "not_heart", tmp_path / "set_b"])
    assert [recording.label for recording in recordings] == [NON_CARDIAC, "normal"]


class TestSeveralInOne:
    """A folder that holds data sets is read as each of them."""

    def names(self, folder: Path) -> list[str]:
        """Return the names of the sets."""
        return [data_set.name for data_set in read_sets([folder])]

    def test_a_folder_of_data_sets(self, tmp_path: Path, touch: Touch) -> None:
        """Known sets, label folders, manifests and noises are all read; other files are dropped with a reason."""
        touch(tmp_path, "pascal/set_b/murmur__112_1306243000964_A.wav", "not_heart/a.wav", "mine/normal/p1/a.wav")
        touch(tmp_path, "docs/readme.txt", "loose.wav", "table/x.wav")
        (tmp_path / "table" / "manifest.csv").write_text("path,label,patient\nx.wav,murmur,p1\n", encoding="utf-8")
        assert self.names(tmp_path) == ["mine", "sounds that are no heart", "PASCAL set B", "table"]
        dropped = [dropped for data_set in read_sets([tmp_path]) for dropped in data_set.dropped]
        assert [(one.path.name, one.reason) for one in dropped] == [("loose.wav", "in a folder that is not understood")]

    def test_a_folder_of_label_folders(self, tmp_path: Path, touch: Touch) -> None:
        """Two folders with a folder per label each are two sets, not two labels."""
        touch(tmp_path, "clinic/normal/p1/a.wav", "clinic/murmur/p2/a.wav", "ward/normal/p1/a.wav")
        assert self.names(tmp_path) == ["clinic", "ward"]
        assert {recording.patient for recording in discover([tmp_path])} == {"clinic/p1", "clinic/p2", "ward/p1"}

    def test_a_patient_named_like_a_label(self, tmp_path: Path, touch: Touch) -> None:
        """Folders inside a label's folder are patients, whatever their names."""
        touch(tmp_path, "normal/normal/a.wav", "murmur/p2/a.wav")
        assert [data_set.path for data_set in read_sets([tmp_path])] == [tmp_path]

    def test_noise_beside_labels_is_a_label(self, tmp_path: Path, touch: Touch) -> None:
        """A folder of non-cardiac sounds among label folders is no data set of its own."""
        touch(tmp_path, "normal/p1/a.wav", "murmur/p2/a.wav", "not-heart/a.wav")
        assert self.names(tmp_path) == [tmp_path.name]

    def test_no_recording_counts_twice(self, tmp_path: Path, touch: Touch) -> None:
        """A recording in two of the given folders counts once, and the second is dropped with a reason."""
        touch(tmp_path, "set_b/murmur__112_1306243000964_A.wav")
        touch(tmp_path, "mine/normal/p1/a.wav")
        sets = read_sets([tmp_path / "mine", tmp_path, tmp_path / "mine"])
        assert [len(data_set.recordings) for data_set in sets] == [1, 0, 1, 0]
        assert [one.reason for data_set in sets for one in data_set.dropped] == ["named twice", "named twice"]

    def test_the_current_folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, touch: Touch) -> None:
        """``.`` is the current folder; the set has the name of that folder."""
        monkeypatch.chdir(touch(tmp_path / "clinic", "normal/p1/a.wav", "murmur/p2/a.wav"))
        assert self.names(Path(".")) == ["clinic"]
        assert discover([Path(".")])[0].patient == "clinic/p2"

    def test_all_data_sets_together(self, shared_data: Path) -> None:
        """Every data set is recognised from their common folder."""
        assert set(self.names(shared_data)) == {
            "CirCor DigiScope",
            "PASCAL set A",
            "PASCAL set B",
            "everyday sounds",
            "sounds that are no heart",
        }


def test_only_unlabelled_files(tmp_path: Path, touch: Touch) -> None:
    """Where all files lack a label, the error says why."""
    touch(tmp_path, "Bunlabelledtest__103_1305031931979_D.wav")
    with pytest.raises(DataError, match="no labelled recordings found \\(1 files: one of the organisers' test files"):
        discover([tmp_path])


def test_a_file_that_is_no_manifest(tmp_path: Path, touch: Touch) -> None:
    """One recording is no data set."""
    with pytest.raises(DataError, match=r"a.wav: is neither a folder nor a .csv manifest; name the folder"):
        discover([touch(tmp_path, "a.wav") / "a.wav"])


def test_a_missing_folder(tmp_path: Path) -> None:
    """The error names the folder."""
    with pytest.raises(DataError, match="absent: no such folder; name a folder of recordings"):
        discover([tmp_path / "absent"])


def test_a_folder_that_cannot_be_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, touch: Touch) -> None:
    """One line names it, not a table that it may hold; below a folder the others are read."""
    touch(tmp_path, "set/normal/p1/a.wav", "set/closed/b.wav")
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path).name != "closed")
    with pytest.raises(DataError, match="closed: cannot be opened; ask its owner for the right to read it"):
        discover([tmp_path / "set" / "closed"])
    assert [recording.path.name for recording in discover([tmp_path / "set"])] == ["a.wav"]


@pytest.mark.parametrize("names", [(), ("loose.wav",), ("normal/notes.txt",)])
def test_a_folder_without_labelled_recordings(tmp_path: Path, names: tuple[str, ...], touch: Touch) -> None:
    """Where nothing is understood, the error says how recordings are laid out."""
    with pytest.raises(DataError, match="no labelled recordings found; put them in a folder per label"):
        discover([touch(tmp_path, *names)])


def with_labels(*labels: tuple[str, ...]) -> list[Recording]:
    """Return recordings that may have these labels."""
    return [Recording(Path("x.wav"), names, "p", "set") for names in labels]


def test_labels_in_the_order_of_the_default_bundle() -> None:
    """The default bundle's labels come first and in its order, others after them by name; partial labels count."""
    recordings = with_labels(("zebra",), ("extrastole",), ("artery",), (NON_CARDIAC,), ("normal", "murmur"))
    assert labels_of(recordings) == (*LABELS, "artery", "zebra")


@pytest.mark.parametrize(
    ("labels", "named"), [([("normal",), (NON_CARDIAC,)], "normal"), ([(NON_CARDIAC,)], r"\(none\)")]
)
def test_one_label_is_too_few(labels: list[tuple[str, ...]], named: str) -> None:
    """A network needs two labels, and non-cardiac is not one of them."""
    with pytest.raises(DataError, match=f"only the label {named} was found; a network needs two labels or more"):
        labels_of(with_labels(*labels))

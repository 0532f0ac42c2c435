"""What is known of a recording and of a data set."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from monitor.labels import NON_CARDIAC
from training.data.recording import DataSet, Recording, audio_files, count_by_set, sub_folders

Touch = Callable[..., Path]


def test_defaults_of_a_data_set(tmp_path: Path) -> None:
    """A data set has nothing set aside, dropped or noted by default."""
    data_set = DataSet("x", tmp_path, ())
    assert (data_set.aside, data_set.dropped, data_set.notes, data_set.tables) == ((), (), (), ())


def test_a_recording_as_text() -> None:
    """A part of a file shows its times; a whole file its path."""
    whole = Recording(Path("a.wav"), ("normal",), "p", "set")
    assert (str(whole), whole.is_part) == ("a.wav", False)
    assert str(Recording(Path("a.wav"), ("normal",), "p", "set", None, 1.5)) == "a.wav from 1.5 s"
    part = Recording(Path("a.wav"), ("normal",), "p", "set", end_s=4.0)
    assert (str(part), part.is_part) == ("a.wav from 0 s to 4 s", True)


def test_window_labels_of_an_extrasystole() -> None:
    """A window of a recording with extrasystoles may be normal; any other label holds for every window."""
    assert Recording(Path("a.wav"), ("extrastole",), "p", "set").window_labels == ("normal", "extrastole")
    assert Recording(Path("a.wav"), ("murmur",), "p", "set").window_labels == ("murmur",)


def test_count_by_set() -> None:
    """Sets in order of appearance, each with recordings, patients and labels; a partial label has all its names."""
    recordings = [
        Recording(Path("a.wav"), ("murmur",), "p1", "part"),
        Recording(Path("b.wav"), (NON_CARDIAC,), "", "noise"),
        Recording(Path("c.wav"), ("normal", "extrastole"), "p1", "part"),
        Recording(Path("d.wav"), ("murmur",), "p2", "part"),
    ]
    part = {"set": "part", "recordings": 3, "patients": 2, "labels": {"murmur": 2, "normal or extrastole": 1}}
    assert count_by_set(recordings) == [
        part,
        {"set": "noise", "recordings": 1, "patients": 0, "labels": {NON_CARDIAC: 1}},
    ]
    assert [counts["patients"] for counts in count_by_set(recordings, ["p1", "n1", "p3", "p2"])] == [3, 1]


def test_audio_files(tmp_path: Path, touch: Touch) -> None:
    """Every format that is decoded is audio, in any case; what is hidden, at any depth, and leftovers are not."""
    wanted = ["a.WAV", "b/c.flac", "d.au", "e.w64", "f.caf", "g.aifc", "h.voc", "i.sph", "j.oga", "k.m4a", "l.dat"]
    others = ("l.hea", "m.dat", ".h.wav", "b/.trash/x.wav", ".git/x.wav", "__MACOSX/x.wav", "b/__MACOSX/y.wav")
    touch(tmp_path, *wanted, *others)
    assert [path.relative_to(tmp_path).as_posix() for path in audio_files(tmp_path)] == wanted


def test_a_hidden_folder_above(tmp_path: Path, touch: Touch) -> None:
    """Only what is hidden below the folder is left out."""
    folder = touch(tmp_path / ".data", "a.wav")
    assert [path.name for path in audio_files(folder)] == ["a.wav"]


def test_links_to_folders(tmp_path: Path, touch: Touch) -> None:
    """A patient's folder may be a link to where it is; links that lead back, two in a folder, have an end."""
    touch(tmp_path, "store/p1/a.wav", "set/normal/p2/b.wav")
    folder = tmp_path / "set"
    (folder / "normal" / "p1").symlink_to(tmp_path / "store" / "p1")
    for back in ("normal/back", "normal/too", "back", "too"):
        (folder / back).symlink_to(folder)
    (tmp_path / "store" / "p1" / "round").symlink_to(folder / "normal")
    assert [path.relative_to(folder).as_posix() for path in audio_files(folder)] == [
        "normal/p1/a.wav",
        "normal/p2/b.wav",
    ]
    assert [path.name for path in sub_folders(folder)] == ["normal"]
    assert [path.name for path in sub_folders(folder / "normal")] == ["p1", "p2"]


def test_a_folder_that_cannot_be_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, touch: Touch) -> None:
    """It is left out, and the others are still read."""
    touch(tmp_path, "open/a.wav", "closed/b.wav")
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path).name != "closed")
    assert [path.name for path in sub_folders(tmp_path)] == ["open"]

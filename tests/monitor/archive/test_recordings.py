"""Which recordings are found, in which order, and what is said where there is none."""

from __future__ import annotations

import os

import pytest

from monitor.archive.recordings import expand_folders, find_recordings
from monitor.errors import RecordingError


def test_a_folder_with_all_that_is_below_it(ward):
    """By name, whatever the case of the ending; other files are counted, hidden ones not even that."""
    found = find_recordings([str(ward)])
    names = ["a.wav", "b.FLAC", "below/c.wav", "quiet.wav", "z.wav"]
    assert [recording.source for recording in found.recordings] == [f"{ward}/{name}" for name in names]
    assert found.left_alone == {".txt": 1}
    first = found.recordings[0]
    assert (first.num_bytes, first.mtime_ns) == ((ward / "a.wav").stat().st_size, (ward / "a.wav").stat().st_mtime_ns)


def test_paths_keep_their_order_and_no_file_is_there_twice(ward):
    """A file that is named and lies in a folder that is named too comes once, where it came first."""
    found = find_recordings([str(ward / "quiet.wav"), str(ward), f"{ward}/below/../a.wav"])
    assert [os.path.basename(recording.source) for recording in found.recordings] == [
        "quiet.wav",
        "a.wav",
        "b.FLAC",
        "c.wav",
        "z.wav",
    ]


def test_a_relative_path_stays_as_it_was_given(ward, monkeypatch):
    """The source is the path as replay would name it; the file is known again by its absolute path."""
    monkeypatch.chdir(ward.parent)
    (recording,) = find_recordings(["ward/a.wav"]).recordings
    assert (recording.source, recording.path) == ("ward/a.wav", str(ward / "a.wav"))


def test_a_named_file_is_taken_whatever_its_ending(ward):
    """Its bytes decide later."""
    assert len(find_recordings([str(ward / "notes.txt")]).recordings) == 1


def test_a_form_that_is_not_read_is_no_secret(ward):
    """It becomes a row with an error, not a file that was passed over."""
    (ward / "phone.m4a").write_bytes(b"....ftyp")
    assert any(recording.source.endswith("phone.m4a") for recording in find_recordings([str(ward)]).recordings)


def test_links_are_followed_and_a_circle_ends(ward):
    """A link to a folder above is not entered again; one to another file is a recording."""
    (ward / "below" / "up").symlink_to(ward)
    (ward / "gone.wav").symlink_to(ward / "nowhere.wav")
    (ward / "link.wav").symlink_to(ward / "a.wav")
    found = {os.path.basename(recording.source): recording for recording in find_recordings([str(ward)]).recordings}
    assert len(found) == 7
    assert found["gone.wav"].num_bytes is None
    assert found["link.wav"].num_bytes == found["a.wav"].num_bytes


def test_a_folder_that_cannot_be_listed_is_a_row(ward, monkeypatch):
    """The others are found all the same."""
    scandir = os.scandir

    def refuse(folder):
        if str(folder).endswith("below"):
            raise PermissionError(13, "Permission denied")
        return scandir(folder)

    monkeypatch.setattr("os.scandir", refuse)
    found = find_recordings([str(ward)])
    assert [recording.error for recording in found.recordings if recording.error] == [
        f"{ward}/below: permission denied; ask its owner for the right to read it (chmod u+r)"
    ]
    assert len(found.recordings) == 5
    with pytest.raises(RecordingError, match="permission denied; ask"):
        find_recordings([str(ward / "below")])


def test_nothing_to_scan(ward, tmp_path):
    """One line: an empty folder, one with other files only, a name that is not there."""
    (tmp_path / "empty").mkdir()
    (ward / "below" / "c.wav").rename(ward / "below" / "c.txt")
    for paths, line in [
        ([str(tmp_path / "empty")], r"empty: no recording; name a folder"),
        ([str(ward / "below")], r"below: no recording, only \.txt; name a folder"),
        ([str(ward / "no.wav")], r"no\.wav: no such file; check the name"),
        (["a\0b"], r"a\\x00b: no such file"),
    ]:
        with pytest.raises(RecordingError, match=line):
            find_recordings(paths)


def test_a_wfdb_record_is_one_recording(tmp_path):
    """Its samples, with the header of the same name beside them; other .dat and .hea files are counted."""
    for name in ("a.dat", "a.hea", "b.dat", "c.hea", "d.m4a"):
        (tmp_path / name).touch()
    found = find_recordings([str(tmp_path)])
    assert [recording.source for recording in found.recordings] == [f"{tmp_path}/a.dat", f"{tmp_path}/d.m4a"]
    assert found.left_alone == {".dat": 1, ".hea": 1}


def test_of_a_session_only_the_sound_is_a_recording(tmp_path):
    """Its electrocardiogram is no heart sound; a folder above it finds the same."""
    session = tmp_path / "sessions" / "2026-01-02_03-04-05"
    session.mkdir(parents=True)
    for name in ("session.json", "sound.flac", "ecg.flac", "excerpt.wav"):
        (session / name).touch()
    for folder in (session, tmp_path):
        assert [one.source for one in find_recordings([str(folder)]).recordings] == [str(session / "sound.flac")]


def test_folders_are_expanded_and_files_stay(ward, tmp_path):
    """Files stay as often as they are named, whether they are there or not; what is wrong with a folder is given."""
    (tmp_path / "empty").mkdir()
    files, failures = expand_folders(["-", "x.wav", "x.wav", str(tmp_path / "empty"), str(ward / "below")])
    assert files == ["-", "x.wav", "x.wav", str(ward / "below" / "c.wav")]
    assert [type(failure) for failure in failures] == [RecordingError]
    assert "no recording" in str(failures[0])


def test_a_file_in_a_folder_that_must_not_be_searched_is_not_called_missing(tmp_path, monkeypatch):
    """The reason is the one that the system gives."""
    stat = os.stat

    def refuse(path, **flags):
        if str(path) == str(tmp_path / "closed.wav"):
            raise PermissionError(13, "Permission denied", str(path))
        return stat(path, **flags)

    monkeypatch.setattr(os, "stat", refuse)
    with pytest.raises(RecordingError, match=r"closed\.wav: permission denied; ask its owner"):
        find_recordings([str(tmp_path / "closed.wav")])

"""Where pictures go: names that never meet, files that are whole at every moment."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from monitor.commands.plot.files import check_place, picture_paths, place
from monitor.errors import AuscultError

FORMATS = ("png", "svg", "pdf")


@pytest.mark.parametrize("name", ["out.png", "a/out.SVG", "out.pdf"])
def test_one_file_goes_where_it_was_told(name):
    """A name with an ending that can be written is taken as it is."""
    assert picture_paths(name, ["x/heart.wav"], FORMATS) == [Path(name)]


def test_several_go_into_a_folder(tmp_path):
    """A folder, there or named with a slash, gets a PNG of each name."""
    assert picture_paths(str(tmp_path), ["x/a.wav", "y/b.flac"], FORMATS) == [tmp_path / "a.png", tmp_path / "b.png"]
    assert picture_paths("new/", ["x/a.wav"], FORMATS) == [Path("new/a.png")]


def test_several_go_by_a_pattern():
    """The name without its ending stands for the braces."""
    assert picture_paths("out/{}-seen.svg", ["x/a.1.wav", "b.wav"], FORMATS) == [
        *(Path("out/a.1-seen.svg"), Path("out/b-seen.svg")),
    ]


@pytest.mark.parametrize("name", ["out.gif", "out", "out.wav", "out.png.txt"])
def test_other_endings_are_refused(name):
    """The endings that can be written are named."""
    with pytest.raises(ValueError, match=r"must end in \.png, \.svg, \.pdf"):
        picture_paths(name, ["a.wav"], FORMATS)


def test_one_name_for_several_files_is_refused():
    """What to write instead is said."""
    with pytest.raises(ValueError, match=r"one picture for 2 files: name a folder, or write '\{\}\.png'"):
        picture_paths("out.png", ["a.wav", "b.wav"], FORMATS)


def test_two_files_of_one_name_are_refused(tmp_path):
    """Neither picture would replace the other unseen."""
    with pytest.raises(ValueError, match=r"'x/a\.wav' and 'y/a\.flac' would both be drawn"):
        picture_paths(str(tmp_path), ["x/a.wav", "b.wav", "y/a.flac"], FORMATS)


def test_a_file_is_replaced(tmp_path):
    """The new content stands there, with the rights of the old file, and nothing else is left."""
    path = tmp_path / "out.png"
    path.write_bytes(b"old")
    path.chmod(0o640)
    place(path, b"new")
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert os.listdir(tmp_path) == ["out.png"]


def test_a_new_file_has_the_usual_rights(tmp_path):
    """As any file that this person makes, not those of a temporary one."""
    (tmp_path / "usual").touch()
    place(tmp_path / "out.png", b"new")
    assert (tmp_path / "out.png").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_a_failed_replacement_leaves_the_old_file(tmp_path, monkeypatch):
    """A full disk is one line, the old file is whole, and no half file lies beside it."""
    path = tmp_path / "out.png"
    path.write_bytes(b"old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(AuscultError, match=r"out\.png cannot be written: No space left on device"):
        place(path, b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["out.png"]


def test_through_a_link_its_file_is_replaced(tmp_path):
    """The link stays a link."""
    (tmp_path / "real.png").write_bytes(b"old")
    (tmp_path / "link.png").symlink_to(tmp_path / "real.png")
    place(tmp_path / "link.png", b"new")
    assert (tmp_path / "real.png").read_bytes() == b"new"
    assert (tmp_path / "link.png").is_symlink()


def test_a_folder_is_made_and_a_wrong_place_refused(tmp_path):
    """Folders on the way are made; a folder, or a file for a folder, in the picture's place is an error."""
    check_place(tmp_path / "a" / "b" / "out.png")
    assert (tmp_path / "a" / "b").is_dir()
    (tmp_path / "out.png").mkdir()
    with pytest.raises(AuscultError, match=r"out\.png is not a file"):
        check_place(tmp_path / "out.png")
    (tmp_path / "file").touch()
    with pytest.raises(AuscultError, match="cannot be written"):
        check_place(tmp_path / "file" / "out.png")

"""Where pictures go: names that never meet, files that are whole at every moment."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.commands.plot.files import check_writable, figure_paths, write_output
from monitor.errors import AuscultError

FORMATS = ("png", "svg", "pdf")


@pytest.mark.parametrize("name", ["out.png", "a/out.SVG", "out.pdf"])
def test_one_file_goes_where_it_was_told(name):
    """A name with an ending that can be written is taken as it is."""
    assert figure_paths(name, ["x/heart.wav"], FORMATS) == [Path(name)]


def test_several_go_into_a_folder(tmp_path):
    """A folder, there or named with a slash, gets a PNG of each name."""
    assert figure_paths(str(tmp_path), ["x/a.wav", "y/b.flac"], FORMATS) == [tmp_path / "a.png", tmp_path / "b.png"]
    assert figure_paths("new/", ["x/a.wav"], FORMATS) == [Path("new/a.png")]


def test_several_go_by_a_pattern():
    """The name without its ending stands for the braces."""
    assert figure_paths("out/{}-seen.svg", ["x/a.1.wav", "b.wav"], FORMATS) == [
        *(Path("out/a.1-seen.svg"), Path("out/b-seen.svg")),
    ]


@pytest.mark.parametrize("name", ["out.gif", "out", "out.wav", "out.png.txt"])
def test_other_endings_are_refused(name):
    """The endings that can be written are named."""
    with pytest.raises(ValueError, match=r"must end in \.png, \.svg, \.pdf"):
        figure_paths(name, ["a.wav"], FORMATS)


def test_one_name_for_several_files_is_refused():
    """What to write instead is said."""
    with pytest.raises(ValueError, match=r"one figure for 2 files: name a folder, or write '\{\}\.png'"):
        figure_paths("out.png", ["a.wav", "b.wav"], FORMATS)


def test_two_files_of_one_name_are_refused(tmp_path):
    """Neither picture would replace the other unseen."""
    with pytest.raises(ValueError, match=r"'x/a\.wav' and 'y/a\.flac' would both be drawn"):
        figure_paths(str(tmp_path), ["x/a.wav", "b.wav", "y/a.flac"], FORMATS)


def test_a_figure_is_written_and_a_refusal_is_one_line(tmp_path):
    """A file where the folder should be names the path and the next step."""
    write_output(tmp_path / "out.png", b"new")
    assert (tmp_path / "out.png").read_bytes() == b"new"
    with pytest.raises(AuscultError, match=r"cannot be written: .*; name another file or folder"):
        write_output(tmp_path / "out.png" / "in.png", b"new")


def test_a_folder_is_made_and_a_wrong_place_refused(tmp_path):
    """Folders on the way are made; a folder, or a file for a folder, in the picture's place is an error."""
    check_writable(tmp_path / "a" / "b" / "out.png")
    assert (tmp_path / "a" / "b").is_dir()
    (tmp_path / "out.png").mkdir()
    with pytest.raises(AuscultError, match=r"out\.png is not a file"):
        check_writable(tmp_path / "out.png")
    (tmp_path / "file").touch()
    with pytest.raises(AuscultError, match="cannot be written"):
        check_writable(tmp_path / "file" / "out.png")

"""A file is written whole or not at all."""

from __future__ import annotations

import os
import stat

import numpy as np
import pytest

from monitor.atomic_write import write_atomic

POSIX_ONLY = pytest.mark.skipif(os.name == "nt", reason="links and access modes of another kind")


@pytest.fixture
def path(tmp_path):
    """Return a file that already exists, with old content."""
    path = tmp_path / "out.npz"
    path.write_bytes(b"old")
    return path


@pytest.mark.parametrize("content", ["S1 \u2013 S2\r\n", "S1 \u2013 S2\r\n".encode()])
def test_text_and_bytes_replace_the_old_content(path, content):
    """Text is UTF-8 with the line ends it has; only the file is left in the folder."""
    write_atomic(path, content)
    assert path.read_bytes() == b"S1 \xe2\x80\x93 S2\r\n"
    assert os.listdir(path.parent) == [path.name]


def test_a_callable_writes_to_the_open_file(path):
    """The way of `numpy.savez`, which wants a file object."""
    write_atomic(path, lambda file: np.savez(file, scores=np.arange(3)))
    with np.load(path) as arrays:
        assert arrays["scores"].tolist() == [0, 1, 2]


def test_missing_folders_are_created(tmp_path):
    """The first file of a new folder needs no preparation."""
    write_atomic(tmp_path / "a" / "b" / "out.json", "{}")
    assert (tmp_path / "a" / "b" / "out.json").read_text() == "{}"


def test_a_name_of_any_length_is_written(tmp_path):
    """The scratch file beside it does not make the longest name too long."""
    path = tmp_path / ("n" * 255)
    write_atomic(path, b"new")
    assert path.read_bytes() == b"new"


@POSIX_ONLY
def test_an_existing_file_keeps_its_mode(path):
    """Who may read it does not change."""
    path.chmod(0o604)
    write_atomic(path, b"new")
    assert stat.S_IMODE(path.stat().st_mode) == 0o604


@POSIX_ONLY
def test_a_new_file_has_the_usual_mode(tmp_path):
    """The mode follows the umask, unlike that of a temporary file."""
    (tmp_path / "usual").touch()
    write_atomic(tmp_path / "out.png", b"new")
    assert (tmp_path / "out.png").stat().st_mode == (tmp_path / "usual").stat().st_mode


@POSIX_ONLY
def test_a_symbolic_link_stays_and_its_target_is_replaced(path):
    """A link into a folder of dotfiles is not cut."""
    link = path.with_name("link")
    link.symlink_to(path)
    write_atomic(link, b"new")
    assert link.is_symlink()
    assert path.read_bytes() == b"new"


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_full_disk_leaves_the_old_file(path, monkeypatch, step):
    """The error is the system's, the old content is whole, and no scratch file is left."""

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, step, full)
    with pytest.raises(OSError, match="No space left"):
        write_atomic(path, b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(path.parent) == [path.name]


def test_a_callable_that_fails_leaves_the_old_file(path):
    """Whatever was already written is dropped, and the error is passed on."""

    def fails(file):
        file.write(b"half")
        raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        write_atomic(path, fails)
    assert path.read_bytes() == b"old"
    assert os.listdir(path.parent) == [path.name]


def test_text_without_a_utf8_form_is_refused_before_anything_is_written(tmp_path):
    """A lone surrogate, as from a broken terminal, creates no file."""
    with pytest.raises(UnicodeEncodeError):
        write_atomic(tmp_path / "out.toml", "\udcff")
    assert os.listdir(tmp_path) == []


@pytest.mark.skipif(os.name != "posix", reason="modes of POSIX")
def test_a_private_file_is_its_owners_alone(path):
    """Whatever the mode of the file that it replaces."""
    path.write_text("old")
    path.chmod(0o644)
    write_atomic(path, "new", private=True)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600

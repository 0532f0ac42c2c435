"""The bytes of a file that is valid after every write."""

import errno
import io
import os

import pytest

from monitor.audio.recorder.append_file import AppendFile, new_file
from monitor.errors import AuscultError


class SmallDisk(io.FileIO):
    """A file on a disk with limited space that accepts a few bytes at a time."""

    space = 10**9
    max_write = 10**9

    def write(self, data):
        """Write what there is space for."""
        count = min(len(data), self.max_write, self.space - self.tell())
        if count <= 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(data[:count])


def test_a_new_file_has_a_header_only(tmp_path):
    """A file without samples has the header and nothing else."""
    appending = AppendFile(new_file(tmp_path / "a"), b"head0")
    assert (tmp_path / "a").read_bytes() == b"head0"
    assert appending.end_byte == 5
    appending.close()


def test_a_file_may_stay_empty_until_the_first_samples(tmp_path):
    """Header and samples come in one write; if that fails the file is empty again."""
    file = SmallDisk(tmp_path / "a", "x")
    appending = AppendFile(file, b"head0", empty=True)
    assert (tmp_path / "a").read_bytes() == b""
    file.space = 6
    with pytest.raises(OSError, match="No space"):
        appending.append(b"one", b"head1")
    assert (tmp_path / "a").read_bytes() == b""
    file.space = 10**9
    appending.append(b"one", b"head1")
    assert (tmp_path / "a").read_bytes() == b"head1one"
    appending.append(b"two", b"head2")
    assert (tmp_path / "a").read_bytes() == b"head2onetwo"
    appending.close()


def test_samples_are_appended_and_the_header_is_replaced(tmp_path):
    """Every append leaves all samples and the newest header, on the disk at once."""
    appending = AppendFile(new_file(tmp_path / "a"), b"head0")
    appending.append(b"one", b"head1")
    assert (tmp_path / "a").read_bytes() == b"head1one"
    appending.append(b"two", b"head2")
    assert (tmp_path / "a").read_bytes() == b"head2onetwo"
    appending.close()


def test_a_partial_write_is_completed(tmp_path):
    """A disk that accepts three bytes at a time gets all of them, in order."""
    file = SmallDisk(tmp_path / "a", "x")
    file.max_write = 3
    appending = AppendFile(file, b"head0")
    appending.append(b"0123456789", b"head1")
    assert (tmp_path / "a").read_bytes() == b"head10123456789"
    appending.close()


def test_a_failed_append_changes_nothing_and_can_be_tried_again(tmp_path):
    """On a full disk the file stays as it was, to the byte; with space again the same call succeeds."""
    file = SmallDisk(tmp_path / "a", "x")
    appending = AppendFile(file, b"head0")
    appending.append(b"one", b"head1")
    file.space = 10
    with pytest.raises(OSError, match="No space"):
        appending.append(b"twothree", b"head2")
    assert (tmp_path / "a").read_bytes() == b"head1one"
    file.space = 100
    appending.append(b"twothree", b"head2")
    assert (tmp_path / "a").read_bytes() == b"head2onetwothree"
    appending.close()


def test_a_disk_that_accepts_nothing_is_an_error(tmp_path):
    """A write of no bytes does not end in an endless loop."""

    class Nothing(io.FileIO):
        def write(self, data):
            return 0

    with Nothing(tmp_path / "a", "x") as file, pytest.raises(OSError, match="nothing was written"):
        AppendFile(file, b"head")


def test_closing_twice_is_safe(tmp_path):
    """The second call does nothing."""
    appending = AppendFile(new_file(tmp_path / "a"), b"head0")
    assert not appending.closed
    appending.close()
    appending.close()
    assert appending.closed


def test_a_disk_that_fails_at_the_end_still_closes(tmp_path, monkeypatch):
    """The error is raised, and the file is closed."""

    def fails(number):
        raise OSError(errno.EIO, "Input/output error")

    appending = AppendFile(new_file(tmp_path / "a"), b"head0")
    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(OSError, match="Input/output"):
        appending.close()
    assert appending.closed


def test_an_existing_file_is_never_overwritten(tmp_path):
    """The file stays unchanged, and the advice is to choose another name."""
    (tmp_path / "a.wav").write_bytes(b"precious")
    with pytest.raises(AuscultError, match=r"a\.wav exists and is not overwritten; choose another name"):
        new_file(tmp_path / "a.wav")
    assert (tmp_path / "a.wav").read_bytes() == b"precious"


def test_a_link_to_nowhere_counts_as_a_file(tmp_path):
    """A new file is never created through a link."""
    (tmp_path / "a.wav").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(AuscultError, match="exists"):
        new_file(tmp_path / "a.wav")
    assert not (tmp_path / "elsewhere").exists()


def test_a_missing_folder_is_named(tmp_path):
    """The advice is to create the folder."""
    with pytest.raises(AuscultError, match=r"no folder .*sessions; create the folder first"):
        new_file(tmp_path / "sessions" / "a.wav")


def test_a_file_instead_of_a_folder(tmp_path):
    """The error line says which part of the path is a file."""
    (tmp_path / "a").write_bytes(b"")
    with pytest.raises(AuscultError, match="a is a file, not a folder"):
        new_file(tmp_path / "a" / "b.wav")

"""The bytes of a file that is whole after every write."""

import errno
import io
import os

import pytest

from monitor.audio.recorder.append_file import AppendFile, new_file
from monitor.errors import AuscultError


class SmallDisk(io.FileIO):
    """A file on a disk that takes a number of bytes, a few at a time."""

    room = 10**9
    piece = 10**9

    def write(self, data):
        """Take what there is room for."""
        count = min(len(data), self.piece, self.room - self.tell())
        if count <= 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(data[:count])


def test_the_header_stands_alone_at_first(tmp_path):
    """A file without samples holds its header and nothing else."""
    growing = AppendFile(new_file(tmp_path / "a"), b"head0")
    assert (tmp_path / "a").read_bytes() == b"head0"
    assert growing.end_byte == 5
    growing.close()


def test_samples_go_behind_and_the_header_is_renewed(tmp_path):
    """Every append leaves all samples and the newest header, on the disk at once."""
    growing = AppendFile(new_file(tmp_path / "a"), b"head0")
    growing.append(b"one", b"head1")
    assert (tmp_path / "a").read_bytes() == b"head1one"
    growing.append(b"two", b"head2")
    assert (tmp_path / "a").read_bytes() == b"head2onetwo"
    growing.close()


def test_a_write_in_pieces_is_completed(tmp_path):
    """A disk that takes three bytes at a time gets them all, in order."""
    file = SmallDisk(tmp_path / "a", "x")
    file.piece = 3
    growing = AppendFile(file, b"head0")
    growing.append(b"0123456789", b"head1")
    assert (tmp_path / "a").read_bytes() == b"head10123456789"
    growing.close()


def test_a_failed_append_changes_nothing_and_can_be_tried_again(tmp_path):
    """On a full disk the file stays as it was, to the byte; with room again the same call succeeds."""
    file = SmallDisk(tmp_path / "a", "x")
    growing = AppendFile(file, b"head0")
    growing.append(b"one", b"head1")
    file.room = 10
    with pytest.raises(OSError, match="No space"):
        growing.append(b"twothree", b"head2")
    assert (tmp_path / "a").read_bytes() == b"head1one"
    file.room = 100
    growing.append(b"twothree", b"head2")
    assert (tmp_path / "a").read_bytes() == b"head2onetwothree"
    growing.close()


def test_a_disk_that_takes_nothing_is_an_error(tmp_path):
    """A write of no bytes does not end in an endless loop."""

    class Nothing(io.FileIO):
        def write(self, data):
            return 0

    with Nothing(tmp_path / "a", "x") as file, pytest.raises(OSError, match="nothing was written"):
        AppendFile(file, b"head")


def test_closing_twice_is_safe(tmp_path):
    """The second time does nothing."""
    growing = AppendFile(new_file(tmp_path / "a"), b"head0")
    assert not growing.closed
    growing.close()
    growing.close()
    assert growing.closed


def test_a_disk_that_fails_at_the_end_still_closes(tmp_path, monkeypatch):
    """The error is told, and the file is closed."""

    def fails(number):
        raise OSError(errno.EIO, "Input/output error")

    growing = AppendFile(new_file(tmp_path / "a"), b"head0")
    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(OSError, match="Input/output"):
        growing.close()
    assert growing.closed


def test_an_existing_file_is_never_overwritten(tmp_path):
    """What is there stays there, and the person is told to give another name."""
    (tmp_path / "a.wav").write_bytes(b"precious")
    with pytest.raises(AuscultError, match=r"a\.wav is there already.*; give another name"):
        new_file(tmp_path / "a.wav")
    assert (tmp_path / "a.wav").read_bytes() == b"precious"


def test_a_link_to_nowhere_counts_as_a_file(tmp_path):
    """A new file is never made through a link."""
    (tmp_path / "a.wav").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(AuscultError, match="already"):
        new_file(tmp_path / "a.wav")
    assert not (tmp_path / "elsewhere").exists()


def test_a_missing_folder_is_named(tmp_path):
    """The next step is to make the folder."""
    with pytest.raises(AuscultError, match=r"no folder .*sessions; make the folder first"):
        new_file(tmp_path / "sessions" / "a.wav")


def test_a_file_in_the_place_of_a_folder_is_told(tmp_path):
    """Any other refusal of the system is passed on in its words."""
    (tmp_path / "a").write_bytes(b"")
    with pytest.raises(AuscultError, match="cannot be made: Not a directory"):
        new_file(tmp_path / "a" / "b.wav")

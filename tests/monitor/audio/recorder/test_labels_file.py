"""Marks are written at once, kept until they can be, and never written over or into another file."""

from __future__ import annotations

import errno
import io
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from monitor.audio.recorder.labels_file import LabelsFile, labels_path
from monitor.errors import AuscultError


class Disk(io.FileIO):
    """A file on a disk that takes a number of bytes, or any."""

    accepts = None

    def write(self, data):
        """Write as much as the disk takes."""
        if Disk.accepts == 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return super().write(data[: Disk.accepts])


@pytest.fixture
def disk(monkeypatch):
    """Return the disk under every labels file."""
    monkeypatch.setattr("monitor.audio.recorder.labels_file.io.FileIO", Disk)
    yield Disk
    Disk.accepts = None


@pytest.fixture
def labels(tmp_path):
    """Return a labels file in a folder of its own."""
    (tmp_path / "ward").mkdir()
    labels = LabelsFile(tmp_path / "ward" / "heart.labels.txt")
    yield labels
    labels.close()


@pytest.mark.parametrize(
    ("recording", "labels"), [("heart.wav", "heart.labels.txt"), ("a/b.c.FLAC", "a/b.c.labels.txt")]
)
def test_the_name_is_that_of_the_recording(recording, labels):
    """Only the suffix differs, and the folder is the same."""
    assert labels_path(Path(recording)) == Path(labels)


def test_there_is_no_file_without_a_mark(labels):
    """A recording without marks leaves nothing beside it."""
    labels.close()
    assert not labels.path.exists()
    assert (labels.written, labels.waiting, labels.error) == (0, (), None)


def test_each_mark_is_one_line_at_once(labels):
    """Start, end and text, separated by tabs, each ended by a line feed: a label track."""
    labels.add(0.0, "mark 1")
    assert labels.path.read_bytes() == b"0.000000\t0.000000\tmark 1\n"
    labels.add(3661.25, "mark 2")
    assert labels.path.read_bytes().splitlines()[1] == b"3661.250000\t3661.250000\tmark 2"
    assert (labels.written, labels.waiting, labels.error) == (2, (), None)


@pytest.mark.parametrize("sample", [1, 192_000 * 3600 + 1, 44_100 * 7200 + 3])
@pytest.mark.parametrize("rate", [4000, 44_100, 192_000])
def test_a_time_names_one_sample(labels, sample, rate):
    """The sample can be computed from the line."""
    labels.add(sample / rate, "mark 1")
    assert round(float(labels.path.read_text().split("\t")[0]) * rate) == sample


def test_an_existing_file_is_refused(tmp_path):
    """Also where it is a link to nowhere; it stays as it is."""
    path = tmp_path / "heart.labels.txt"
    path.write_text("of somebody else")
    with pytest.raises(AuscultError, match=r"heart\.labels\.txt exists and is not overwritten"):
        LabelsFile(path)
    assert path.read_text() == "of somebody else"
    path.unlink()
    path.symlink_to("nowhere")
    with pytest.raises(AuscultError, match="exists"):
        LabelsFile(path)


@pytest.mark.parametrize("marks", [0, 1])
def test_a_file_that_takes_the_name_later_is_not_touched(labels, marks):
    """Before the first mark or after it: the mark waits, and the reason names the file."""
    for number in range(marks):
        labels.add(1.0, f"mark {number}")
        labels.path.unlink()
    labels.path.write_text("of somebody else")
    labels.add(2.0, "mark 2")
    labels.close()
    assert labels.path.read_text() == "of somebody else"
    assert (labels.waiting, labels.error) == ((2.0,), "another file has the name heart.labels.txt")


@pytest.mark.parametrize("accepted", [0, 9])
@pytest.mark.parametrize("marks", [0, 2])
def test_a_full_disk_leaves_no_half_line(labels, disk, accepted, marks):
    """The marks wait, and are written once there is room, in order."""
    for number in range(marks):
        labels.add(float(number), "before")
    before = labels.path.read_bytes() if marks else b""
    disk.accepts = accepted
    labels.add(7.0, "first")
    labels.add(8.0, "second")
    assert (labels.written, labels.waiting, labels.error) == (marks, (7.0, 8.0), "the disk is full")
    assert labels.path.read_bytes() == before
    disk.accepts = None
    labels.write_waiting()
    texts = [line.split("\t")[2] for line in labels.path.read_text().splitlines()]
    assert texts == ["before"] * marks + ["first", "second"]
    assert (labels.waiting, labels.error) == ((), None)


def test_a_file_that_never_got_a_mark_is_removed(labels, disk):
    """A disk that stays full leaves no empty file, so that the name can be used again; twice is safe."""
    disk.accepts = 0
    labels.add(7.0, "first")
    assert labels.path.exists()
    labels.close()
    labels.path.write_text("of somebody else")
    labels.close()
    assert labels.path.read_text() == "of somebody else"
    assert (labels.waiting, labels.error) == ((7.0,), "the disk is full")


def test_a_removed_folder_is_told_and_all_marks_return_with_it(labels):
    """What was written before is written again."""
    labels.add(1.0, "mark 1")
    shutil.rmtree(labels.path.parent)
    labels.add(2.0, "mark 2")
    assert labels.error == "its folder is gone"
    assert labels.waiting == (2.0,)
    labels.path.parent.mkdir()
    labels.write_waiting()
    assert labels.path.read_text().count("mark") == 2
    assert labels.error is None


def test_a_folder_without_permission_is_told(labels, monkeypatch):
    """The reason of the system is quoted."""

    def refused(*arguments):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("monitor.audio.recorder.labels_file.io.FileIO", refused)
    labels.add(1.0, "mark 1")
    assert labels.error == "the disk does not accept it (Permission denied)"
    assert labels.waiting == (1.0,)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no kill -9")
def test_a_killed_program_loses_no_mark(tmp_path):
    """Every mark that was told to be made is in the file after kill -9."""
    code = (
        "import pathlib, sys\n"
        "from monitor.audio.recorder.labels_file import LabelsFile\n"
        "labels = LabelsFile(pathlib.Path(sys.argv[1]))\n"
        "for number in range(10**9):\n"
        "    labels.add(number / 4000, f'mark {number}')\n"
        "    print(number, flush=True)\n"
    )
    path = tmp_path / "heart.labels.txt"
    with subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True) as program:
        for _ in range(50):
            program.stdout.readline()
        program.send_signal(signal.SIGKILL)
        made = 50 + len(program.stdout.read().split("\n")) - 1
    lines = path.read_text().split("\n")
    assert lines.pop() == ""
    assert len(lines) in (made, made + 1)  # the last one may have been written and not yet told
    assert [line.split("\t")[2] for line in lines] == [f"mark {number}" for number in range(len(lines))]

"""The labels file beside a recording: written whole, never over another program's changes, never losing a line."""

from __future__ import annotations

import pytest

from monitor.archive.judged_file import read_labels
from monitor.commands.review.file_annotations import FileAnnotations

BEFORE = "1.000000\t1.000000\tmark 1\n2.000000\t2.000000\tmark 2: cough\n3.000000\t4.000000\tmurmur\n"


@pytest.fixture
def path(tmp_path):
    """Return the path of a labels file that does not exist."""
    return tmp_path / "heart.labels.txt"


def opened(path):
    """Return the annotations of a labels file."""
    return FileAnnotations(path, read_labels(path, 60.0))


def test_the_first_mark_makes_the_file(path):
    """Marks, notes and labels in the form of Audacity; what is read again is the same."""
    annotations = opened(path)
    annotations.mark(5.0)
    annotations.mark(2.5, "loud")
    annotations.label(7.0, 8.25, "murmur")
    assert path.read_text() == ("2.500000\t2.500000\tloud\n5.000000\t5.000000\tmark 1\n7.000000\t8.250000\tmurmur\n")
    assert opened(path).items == annotations.items
    assert list(path.parent.iterdir()) == [path]


def test_marks_that_are_there_are_counted_on(path):
    """Also those with a text."""
    path.write_text(BEFORE)
    annotations = opened(path)
    assert [item.kind for item in annotations.items] == ["mark", "note", "label"]
    assert annotations.mark(9.0).text == "mark 3"
    assert path.read_text() == BEFORE + "9.000000\t9.000000\tmark 3\n"
    assert list(path.parent.iterdir()) == [path]  # nothing was lost, so there is no copy


def test_what_an_edit_loses_is_kept_in_a_copy(path):
    """The file as it was before; one copy for each content."""
    path.write_text(BEFORE)
    annotations = opened(path)
    annotations.change(annotations.items[0], "first")
    annotations.remove(annotations.items[1])
    assert path.read_text() == "1.000000\t1.000000\tfirst\n3.000000\t4.000000\tmurmur\n"
    assert path.with_name("heart.labels.txt.bak").read_text() == BEFORE
    assert "first\n2.0" in path.with_name("heart.labels.txt.bak2").read_text()


def test_the_last_one_can_be_removed(path):
    """The file is empty then, and its content in the copy."""
    path.write_text("1.000000\t1.000000\tmark 1\n")
    annotations = opened(path)
    annotations.remove(annotations.items[0])
    assert path.read_text() == ""
    assert annotations.unsaved == ()
    assert path.with_name("heart.labels.txt.bak").exists()


def test_another_programs_changes_are_not_overwritten(path):
    """The change waits and is told; it is written once the file is as it was."""
    path.write_text(BEFORE)
    annotations = opened(path)
    path.write_text("5.000000\t5.000000\tby Audacity\n")
    annotations.mark(9.0)
    assert "changed by another program" in annotations.error
    assert len(annotations.unsaved) == 4
    assert path.read_text() == "5.000000\t5.000000\tby Audacity\n"
    path.write_text(BEFORE)
    assert annotations.save()
    assert path.read_text().startswith(BEFORE)


def test_a_folder_that_is_gone(tmp_path):
    """It is told, and the lines are there for the end."""
    folder = tmp_path / "stick"
    folder.mkdir()
    annotations = opened(folder / "heart.labels.txt")
    folder.rmdir()
    annotations.mark(9.0)
    assert "cannot be written" in annotations.error
    assert annotations.unsaved == ("9.000000\t9.000000\tmark 1",)
    folder.mkdir()
    assert annotations.save()
    assert (folder / "heart.labels.txt").exists()


def test_a_mark_that_was_never_kept_leaves_nothing_to_keep(tmp_path):
    """Set and removed while the folder was gone."""
    folder = tmp_path / "stick"
    folder.mkdir()
    annotations = opened(folder / "heart.labels.txt")
    folder.rmdir()
    annotations.remove(annotations.mark(9.0))
    assert (annotations.unsaved, annotations.error) == ((), "")

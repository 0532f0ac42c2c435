"""What every kind of annotations has in common: order, the nearest, what cannot be written, what is read only."""

from __future__ import annotations

import pytest

from monitor.commands.review.annotations import Annotation, Annotations
from monitor.errors import AuscultError


class Noted(Annotations):
    """Annotations on a disk that a test fills."""

    def __init__(self, items=(), read_only=""):
        super().__init__(items, read_only)
        self.waiting, self.kept, self.full = [], [], False

    @property
    def unsaved(self):
        """Return what waits."""
        return tuple(self.waiting)

    def _created(self, kind, start_s, end_s, text):
        self.waiting.append(f"{kind} {text}")
        return Annotation(kind, start_s, end_s, text)

    def _changed(self, item, text):
        self.waiting.append(f"edit {text}")
        return Annotation(item.kind, item.start_s, item.end_s, text)

    def _removed(self, item):
        self.waiting.append(f"delete {item.text}")

    def _write(self):
        if self.full:
            raise AuscultError("the disk is full", "free some space")
        self.kept += self.waiting
        self.waiting.clear()


def test_they_are_in_order_and_written_at_once():
    """Whatever comes when."""
    annotations = Noted()
    annotations.mark(5.0)
    note = annotations.mark(2.0, "two\tlines\nof text")
    annotations.label(3.0, 4.0, "murmur")
    assert [item.start_s for item in annotations.items] == [2.0, 3.0, 5.0]
    assert (note.kind, note.text) == ("note", "two lines of text")
    assert annotations.kept == ["mark ", "note two lines of text", "label murmur"]
    assert annotations.unsaved == ()


def test_a_full_disk_is_told_and_nothing_is_lost():
    """What could not be written waits, counts on the screen, and is written once there is room."""
    annotations = Noted()
    annotations.full = True
    item = annotations.mark(5.0, "loud")
    annotations.change(item, "very loud")
    assert annotations.error == "the disk is full"
    assert [item.text for item in annotations.items] == ["very loud"]
    assert len(annotations.unsaved) == 2
    assert not annotations.save()
    annotations.full = False
    assert annotations.save()
    assert (annotations.error, annotations.unsaved) == ("", ())
    assert annotations.kept == ["note loud", "edit very loud"]


def test_what_is_read_only():
    """Nothing changes, and the reason is the error."""
    item = Annotation("mark", 1.0, 1.0, "mark 1")
    annotations = Noted([item], read_only="another program writes it")
    for change in (
        lambda: annotations.mark(1.0),
        lambda: annotations.label(1.0, 2.0, "x"),
        lambda: annotations.change(item, "y"),
        lambda: annotations.remove(item),
    ):
        with pytest.raises(AuscultError, match="another program"):
            change()
    assert annotations.items == (item,)
    assert annotations.unsaved == ()


def test_the_nearest():
    """A mark at the cursor comes before a label around it, and a short label before a long one."""
    mark, short = Annotation("mark", 5.0, 5.0, "mark 1"), Annotation("label", 4.0, 9.0, "murmur")
    long = Annotation("label", 0.0, 50.0, "normal")
    annotations = Noted([mark, short, long])
    assert annotations.nearest(5.05, 0.1) == mark
    assert annotations.nearest(7.0, 0.1) == short
    assert annotations.nearest(30.0, 0.1) == long
    assert annotations.nearest(60.0, 0.1) is None

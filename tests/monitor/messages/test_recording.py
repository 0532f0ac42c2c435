"""The values of a recording and its marks are frozen, and marks are few by default."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from monitor import messages
from monitor.messages import Mark, RecordingStatus


def test_they_are_frozen():
    """They cross threads."""
    for value, name in ((Mark(1, 2.0), "at_s"), (RecordingStatus(Path("a.wav"), 1.0, 0, None), "marks")):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(value, name, 3)


def test_a_mark_without_a_recording_is_kept_nowhere():
    """No path, no position in a recording, and no error."""
    mark = Mark(1, 2.0)
    assert (mark.path, mark.recorded_s, mark.error) == (None, None, None)


def test_the_status_is_a_message_as_well():
    """Programs import it with the other messages; what is new in it has a default."""
    assert messages.RecordingStatus is RecordingStatus
    status = RecordingStatus(Path("a.wav"), 1.0, 0, None)
    assert (status.labels, status.marks, status.waiting_marks, status.marks_error) == (None, 0, (), None)

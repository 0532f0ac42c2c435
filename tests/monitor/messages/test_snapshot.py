"""A snapshot is immutable, and holds nothing that only some commands have."""

from __future__ import annotations

import dataclasses

import pytest

from monitor.features.spec import HEART
from monitor.messages import Level, Snapshot, Start

START = Start("a.wav", 4000, "heart-sounds", "", ("normal", "murmur"), 5.0, 0.5, 30.0, 1.0)
SNAPSHOT = Snapshot(START, 7.6, None, None, (), Level(-30.0, -20.0, clipped=False), 1.9, 2.4, 0, 0, 0, finished=False)


@pytest.mark.parametrize("message", [START, SNAPSHOT], ids=lambda message: type(message).__name__)
def test_a_snapshot_is_immutable(message: object) -> None:
    """No attribute can be set, since messages cross threads."""
    field = dataclasses.fields(message)[0]  # type: ignore[arg-type]
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(message, field.name, None)


def test_the_default_kind_is_that_of_the_default_spectrogram() -> None:
    """A start without a kind is drawn as the project's own input image."""
    assert START.kind == HEART.kind


def test_the_engine_is_part_of_the_model_title() -> None:
    """Unless it is the default, which needs no word."""
    assert START.model_title == "heart-sounds"
    assert dataclasses.replace(START, engine="litert-int8").model_title == "heart-sounds (litert-int8)"


def test_a_snapshot_of_a_file_has_no_device_recording_or_note() -> None:
    """What only some commands have is absent by default."""
    assert (SNAPSHOT.device, SNAPSHOT.recording, SNAPSHOT.note) == (None, None, "")

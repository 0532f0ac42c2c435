"""Messages are immutable and keep the names that programs rely on."""

from __future__ import annotations

import dataclasses

import pytest

from monitor.features.spec import HEART
from monitor.messages import (
    NO_RHYTHM,
    DeviceStatus,
    Level,
    Quality,
    Snapshot,
    Start,
    Summary,
    Verdict,
    WindowEvent,
)

SURE = Verdict("verdict", "murmur", 0.9, {"normal": 0.1, "murmur": 0.9})
START = Start("a.wav", 4000, "heart-sounds", "", ("normal", "murmur"), 5.0, 0.5, 30.0, 1.0)
WINDOW = WindowEvent(5, 2.5, 7.5, SURE, Verdict("uncertain"), Quality(0.9), 78.2, False, False, 1.9)
SUMMARY = Summary("a.wav", 41, 0, 0, SURE, 77.5)
SNAPSHOT = Snapshot(START, 7.6, WINDOW, None, (), Level(-30.0, -20.0, False), 1.9, 2.4, 0, 0, 0, False)
DEVICE = DeviceStatus("open", "steth", "ALSA", 1, 4000)


@pytest.mark.parametrize(
    "message", [SURE, START, WINDOW, SUMMARY, SNAPSHOT, DEVICE, NO_RHYTHM], ids=lambda message: type(message).__name__
)
def test_messages_are_immutable(message: object) -> None:
    """No attribute can be set, since messages cross threads."""
    field = dataclasses.fields(message)[0]  # type: ignore[arg-type]
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(message, field.name, None)


@pytest.mark.parametrize("message", [WINDOW, SUMMARY])
def test_judgement_is_an_alias_of_verdict(message: WindowEvent | Summary) -> None:
    """Programs written for the earlier name read the same object."""
    assert message.judgement is message.verdict is SURE


def test_no_rhythm_is_no_evidence() -> None:
    """The default of a window detects no beat and changes no score."""
    assert WINDOW.ectopic is NO_RHYTHM
    assert (NO_RHYTHM.trackable, NO_RHYTHM.detected, NO_RHYTHM.evidence) == (False, (), 0.0)


def test_the_default_kind_is_that_of_the_default_spectrogram() -> None:
    """A start without a kind is drawn as the project's own input image."""
    assert START.kind == HEART.kind


def test_a_snapshot_of_a_file_has_no_device_recording_or_note() -> None:
    """What only some commands have is absent by default."""
    assert (SNAPSHOT.device, SNAPSHOT.recording, SNAPSHOT.note) == (None, None, "")

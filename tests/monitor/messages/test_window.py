"""The verdicts are immutable and keep the names that programs rely on."""

from __future__ import annotations

import dataclasses

import pytest

from monitor.messages import (
    NO_RHYTHM,
    Quality,
    Summary,
    Verdict,
    WindowEvent,
)

SURE = Verdict("verdict", "murmur", 0.9, {"normal": 0.1, "murmur": 0.9})
WINDOW = WindowEvent(5, 2.5, 7.5, SURE, Verdict("uncertain"), Quality(0.9), 78.2, False, False, 1.9)
SUMMARY = Summary("a.wav", 41, 0, 0, SURE, 77.5)


@pytest.mark.parametrize("message", [SURE, WINDOW, SUMMARY, NO_RHYTHM], ids=lambda message: type(message).__name__)
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

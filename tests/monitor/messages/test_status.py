"""The status of an input and of a recording is immutable, and complete without what is not known yet."""

from __future__ import annotations

import dataclasses

import pytest

from monitor.messages import DeviceStatus, Level


@pytest.mark.parametrize(
    "message",
    [
        DeviceStatus("open", "steth", "ALSA", 1, 4000),
        Level(-30.0, -20.0, clipped=False),
    ],
    ids=lambda message: type(message).__name__,
)
def test_a_status_is_immutable(message: object) -> None:
    """No attribute can be set, since messages cross threads."""
    field = dataclasses.fields(message)[0]  # type: ignore[arg-type]
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(message, field.name, None)


def test_a_device_that_was_just_opened_lost_nothing() -> None:
    """Counts begin at 0, and what must be measured first is None."""
    status = DeviceStatus("opening", "steth", "ALSA", 1, 4000)
    assert (status.overflows, status.reopened, status.lost_s, status.held_up) == (0, 0, 0.0, 0)
    assert (status.measured_rate_hz, status.drift, status.finding, status.notice) == (None, None, None, None)

"""What a person is told of a live input: the most urgent first, and nothing of what is well."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from monitor.dashboard.drawing.render import render
from monitor.messages import DeviceStatus, Level, RecordingStatus, Snapshot, Start
from monitor.text.alerts import alarm, alarms, vital_signs

START = Start("steth", 4000, "heart-sounds", "0" * 64, ("normal", "murmur"), 5.0, 0.5, None, 1.0)
FILE = Snapshot(START, 12.0, None, None, (), Level(-30.0, -20.0, False), 1.9, 2.4, 0, 0, 0, False)
OPEN = DeviceStatus("open", "steth", "ALSA", 1, 4000, measured_rate_hz=3999.84)
LOST = dataclasses.replace(OPEN, state="lost", message="steth: no sound comes any more: looking for it")
DEAD = dataclasses.replace(OPEN, finding="the input is digital silence: unmute it")
RECORDING = RecordingStatus(Path("a.wav"), 72.4, 0, None)
FULL = dataclasses.replace(RECORDING, error="the disk is full: free some space, and the recording goes on")


def live(device=OPEN, **changes):
    """Return a snapshot of a live input."""
    return dataclasses.replace(FILE, device=device, **changes)


def test_a_file_has_no_health():
    """Replay and demo say nothing of devices."""
    assert alarm(FILE) is None
    assert vital_signs(FILE) == ""


def test_all_is_well():
    """An open device is no alarm; its measured rate stands there."""
    assert alarms(live()) == {}
    assert vital_signs(live()) == "3999.8 Hz"


def test_every_alarm_and_its_order():
    """Device, input, recording, overload, rate: the most urgent is the one that is told first."""
    worst = dataclasses.replace(LOST, finding=DEAD.finding, drift=-0.012)
    found = alarms(live(worst, recording=FULL, overloaded=True))
    assert list(found) == ["device", "input", "recording", "overload", "rate"]
    assert alarm(live(worst, recording=FULL)) == LOST.message
    assert "1.2% slow" in found["rate"]
    assert "--hop" in found["overload"]
    assert found["recording"] == f"recording: {FULL.error}"


def test_an_overload_is_told_of_a_file_too():
    """A replay at many times real time may be too fast for the computer."""
    assert list(alarms(dataclasses.replace(FILE, overloaded=True))) == ["overload"]


@pytest.mark.parametrize(
    ("snapshot", "text"),
    [
        (live(LOST), "lost"),
        (live(dataclasses.replace(OPEN, measured_rate_hz=None)), ""),
        (live(dataclasses.replace(OPEN, reopened=2, overflows=3)), "3999.8 Hz  reopened 2  overflows 3"),
        (live(recording=RECORDING), "3999.8 Hz  REC 1:12"),
        (live(recording=FULL), "3999.8 Hz  rec waiting 1:12"),
    ],
)
def test_signs_of_life(snapshot, text):
    """A few words: the rate, what happened, how much is recorded."""
    assert vital_signs(snapshot) == text


@pytest.mark.parametrize(("width", "height"), [(160, 50), (80, 24), (60, 16), (40, 12), (20, 5)])
@pytest.mark.parametrize("snapshot", [live(LOST), live(DEAD), live(recording=FULL), live(overloaded=True)])
def test_the_dashboard_says_it_at_every_size(snapshot, width, height):
    """The alarm stands on the screen, whole where there are 60 columns, and the frame keeps its size."""
    frame = render(snapshot, width, height)
    text = " ".join(frame.text.split())
    said = alarm(snapshot)
    assert (said if width >= 60 else said[:15]) in text
    assert len(frame.lines) == height
    assert {sum(segment.cell_length for segment in line) for line in frame.lines} == {width}


def test_the_dashboard_shows_the_signs_of_life():
    """They stand beside the model, where a demo has its scene."""
    assert (
        "reopened 1  REC 1:12" in render(live(dataclasses.replace(OPEN, reopened=1), recording=RECORDING), 80, 24).text
    )
    assert "scene" in render(live(), 80, 24, note="scene").text


def test_a_gap_has_its_own_letter_on_the_strip():
    """A loss stands out from windows that were merely poor."""
    line = next(
        row for row in render(live(history=("normal", "gap", "normal")), 80, 24).text.splitlines() if "now" in row
    )
    assert "n-n" in line

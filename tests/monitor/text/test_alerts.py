"""Alerts of a live input in order of urgency, and its status in a few words."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from monitor.messages import DeviceStatus, Level, PlaybackStatus, RecordingStatus, Snapshot, Start
from monitor.text.alerts import alerts, first_alert, health, input_lost, input_status, playback_status

START = Start("steth", 4000, "heart-sounds", "0" * 64, ("normal", "murmur"), 5.0, 0.5, None, 1.0)
FILE = Snapshot(START, 12.0, None, None, (), Level(-30.0, -20.0, False), 1.9, 2.4, 0, 0, 0, False)
OPEN = DeviceStatus("open", "steth", "ALSA", 1, 4000, measured_rate_hz=3999.84)
LOST = dataclasses.replace(OPEN, state="lost", message="steth: no sound comes any more: looking for it")
DEAD = dataclasses.replace(OPEN, finding="the input is digital silence: unmute it")
HELD_UP = dataclasses.replace(OPEN, held_up=2, notice="the program or the system was held up: 16.0 s of sound are lost")
RECORDING = RecordingStatus(Path("a.wav"), 72.4, 0, None)
FULL = dataclasses.replace(RECORDING, error="the disk is full: free some space, and the recording goes on")


def live(device=OPEN, **changes):
    """Return a snapshot of a live input."""
    return dataclasses.replace(FILE, device=device, **changes)


def test_a_file_has_no_alert_and_no_status():
    """Replay and demo have no device to report."""
    assert first_alert(FILE) is None
    assert input_status(FILE) == ""


def test_an_open_device_has_no_alert():
    """The status is the measured sample rate."""
    assert alerts(live()) == {}
    assert input_status(live()) == "3999.8 Hz"


def test_alerts_are_in_order_of_urgency():
    """Device, input, notice, recording, marks, overload, rate; the first is the most urgent."""
    worst = dataclasses.replace(LOST, finding=DEAD.finding, drift=-0.012, notice=HELD_UP.notice)
    recording = dataclasses.replace(FULL, waiting_marks=(1.0,), marks_error="its folder is gone")
    sentences = alerts(live(worst, recording=recording, overloaded=True))
    assert list(sentences) == ["device", "input", "notice", "recording", "marks", "overload", "rate"]
    assert sentences["marks"] == "marks are not saved: its folder is gone"
    assert first_alert(live(worst, recording=FULL)) == LOST.message
    assert sentences["notice"] == HELD_UP.notice
    assert "1.2% slow" in sentences["rate"]
    assert "--hop" in sentences["overload"]
    assert sentences["recording"] == f"recording: {FULL.error}"


def test_a_file_can_be_an_overload():
    """A replay at many times real time may be too fast for the computer."""
    assert list(alerts(dataclasses.replace(FILE, overloaded=True))) == ["overload"]


@pytest.mark.parametrize(
    ("snapshot", "text"),
    [
        (live(LOST), "lost"),
        (live(dataclasses.replace(OPEN, measured_rate_hz=None)), ""),
        (live(dataclasses.replace(OPEN, reopened=2, overflows=3)), "3999.8 Hz  reopened 2  overflows 3"),
        (live(HELD_UP), "3999.8 Hz  held up 2"),
        (live(recording=RECORDING), "3999.8 Hz  REC 1:12"),
        (live(recording=FULL), "3999.8 Hz  rec waiting 1:12"),
    ],
)
def test_input_status(snapshot, text):
    """Sample rate, counts of reopenings, overflows and hold-ups, recorded time."""
    assert input_status(snapshot) == text


def test_an_output_that_failed_is_an_alert():
    """The sentence says what is wrong; a playback that works, or was switched off, is none."""
    failed = PlaybackStatus("failed", message="no output is connected: looking for it")
    assert alerts(live(playback=failed)) == {"playback": "sound: no output is connected: looking for it"}
    assert alerts(live(playback=PlaybackStatus("playing", "Headphones"))) == {}
    assert alerts(live(playback=PlaybackStatus("off", "Headphones"))) == {}


def test_the_playback_in_a_few_words():
    """Sound, volume, latency and underruns while it plays; else why nothing is heard."""
    playing = PlaybackStatus("playing", "Headphones", "bell", -6.0, 104.4)
    assert playback_status(None) == ""
    assert playback_status(playing) == "ear bell -6 dB 104 ms"
    assert playback_status(dataclasses.replace(playing, latency_ms=None, underruns=2)) == "ear bell -6 dB  underruns 2"
    words = [playback_status(PlaybackStatus(state)) for state in ("opening", "off", "confirm", "failed")]
    assert words == ["ear opening", "ear off", "ear waits: a", "ear no output"]


@pytest.mark.parametrize(
    ("changes", "behind_ms", "said", "wrong"),
    [
        ({}, 40.2, "following, 40 ms behind; nothing lost", False),
        ({}, None, "following; nothing lost", False),
        ({}, 1400.0, "following, 1.4 s behind; nothing lost", True),
        ({"finished": True}, 1400.0, "nothing lost", False),
        ({"overloaded": True, "skipped": 3}, 900.0, "too slow, 900 ms behind; 3 windows skipped", True),
        (
            {"gaps": 1, "overruns": 2, "skipped": 1, "undelivered": 4},
            None,
            "following; 1 gap in the sound, 2 overruns, 1 window skipped, 4 windows not written",
            True,
        ),
    ],
)
def test_health_in_words(changes, behind_ms, said, wrong):
    """What keeps up is quiet; every loss is counted, and makes it loud."""
    assert health(dataclasses.replace(FILE, **changes), behind_ms) == (said, wrong)


def test_a_lost_device_is_not_followed():
    """Whatever the delay was before."""
    assert health(live(LOST), 40.0) == ("no sound arrives; nothing lost", True)
    assert input_lost(live(LOST))
    assert not input_lost(live())
    assert not input_lost(FILE)

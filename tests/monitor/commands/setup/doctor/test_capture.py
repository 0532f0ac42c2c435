"""Five seconds of sound are judged: level, clipping, hum, drop-outs, rate."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from monitor.audio.sources.array import ArraySource
from monitor.commands.setup.doctor.capture import Captured, capture, check_dropouts, check_rate, check_signal, gated
from monitor.errors import DeviceError

RATE = 4000


def captured(waveform, lost=0, timed_samples=20_000, timed_s=5.0):
    """Return what came from an input."""
    return Captured(np.asarray(waveform, np.float32), RATE, lost, timed_samples, timed_s)


def noise(level=0.1):
    """Return five seconds of noise."""
    return np.random.default_rng(1).normal(0.0, level, 5 * RATE)


def mains(hz):
    """Return five seconds of hum."""
    return 0.3 * np.sin(2 * np.pi * hz * np.arange(5 * RATE) / RATE)


def test_a_usable_signal(heart_waveform):
    """Its level in dB of full scale, how much clips, and that there is no hum."""
    check = check_signal(captured(noise()))
    assert check.state == "passed"
    assert check.facts["rms_dbfs"] == pytest.approx(-20.0, abs=0.2)
    assert check.finding.startswith("level -20.")
    assert check_signal(captured(heart_waveform[: 5 * RATE])).state == "passed"


@pytest.mark.parametrize(
    ("waveform", "words"),
    [
        (np.zeros(5 * RATE), "digital silence"),
        (np.full(5 * RATE, 0.2), "steady voltage"),
        (noise(1e-5), "far too quiet"),
        (np.clip(noise(3.0), -1.0, 1.0), "clips all the time"),
        (mains(50) + noise(0.01), "mains hum (50 Hz)"),
        (mains(60) + noise(0.01), "mains hum (60 Hz)"),
    ],
)
def test_unusable_signals(waveform, words):
    """Each has its finding, with the next step."""
    check = check_signal(captured(waveform))
    assert check.state == "failed"
    assert words in check.finding
    assert check.next_step
    assert check.facts["finding"] == check.finding


def test_no_signal_at_all():
    """Nothing came: the other lines are skipped."""
    nothing = captured([], timed_samples=0, timed_s=0.0)
    assert check_signal(nothing).finding == "the input delivers nothing"
    assert check_dropouts(nothing).state == check_rate(nothing).state == "skipped"
    assert gated(nothing) is None


def test_sound_between_constants():
    """The fraction that a gate cut; silence as a whole is no gate."""
    waveform = noise()
    waveform[RATE : 2 * RATE] = 0.0
    assert gated(captured(waveform)) == pytest.approx(0.2)
    assert gated(captured(noise())) == 0.0
    assert gated(captured(np.zeros(5 * RATE))) is None


def test_dropouts():
    """Lost samples in seconds."""
    assert check_dropouts(captured(noise())).finding == "none in 5.0 s"
    check = check_dropouts(captured(noise(), lost=1000))
    assert (check.state, check.facts) == ("failed", {"lost_s": 0.25})
    assert "--latency" in check.next_step


@pytest.mark.parametrize(("timed_s", "state"), [(5.0, "passed"), (4.8, "passed"), (5.2, "passed"), (4.6, "failed")])
def test_the_rate(timed_s, state):
    """5 % off is what blocks can be early or late; more is another rate."""
    check = check_rate(captured(noise(), timed_s=timed_s))
    assert check.state == state
    assert check.facts == {"asked_hz": RATE, "measured_hz": round(20_000 / timed_s)}


def test_no_rate_where_sound_was_lost():
    """It would be a rate of what is left."""
    check = check_rate(captured(noise(), lost=5))
    assert (check.state, check.facts["measured_hz"]) == ("skipped", None)


def test_sound_is_captured():
    """As much as was asked for, as it is; the source is stopped."""
    waveform = noise().astype(np.float32)
    taken = capture(ArraySource(waveform, RATE), duration_s=2.0, clock=itertools.count().__next__)
    assert 2 * RATE <= len(taken.waveform) <= 4 * RATE
    np.testing.assert_array_equal(taken.waveform, waveform[: len(taken.waveform)])
    assert (taken.sample_rate, taken.lost) == (RATE, 0)


def test_lost_samples_are_left_out():
    """They are counted, and are no silence in the signal."""
    waveform = noise().astype(np.float32)
    waveform[1000:1500] = np.nan  # an array's way to say that sound was lost
    taken = capture(ArraySource(waveform, RATE), duration_s=1.0, clock=itertools.count().__next__)
    assert taken.lost == 500
    np.testing.assert_array_equal(taken.waveform[:3000], np.r_[waveform[:1000], waveform[1500:3500]])


def test_an_input_that_stays_silent(scripted_source):
    """It is given up after a while."""
    taken = capture(scripted_source, duration_s=1.0, clock=itertools.count().__next__)
    assert len(taken.waveform) == 0
    assert scripted_source.ring.closed


def test_an_input_that_fails(scripted_source):
    """Its error is raised, and it is stopped."""
    scripted_source.failure = DeviceError("gone", "plug it in")
    with pytest.raises(DeviceError, match="gone"):
        capture(scripted_source, clock=itertools.count().__next__)
    assert scripted_source.ring.closed

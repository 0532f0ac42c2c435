"""From the ring buffer's samples to an output's: volume, gaps, position."""

from __future__ import annotations

import numpy as np
import pytest

from monitor.audio.playback.ear import Ear
from monitor.audio.playback.options import SOUNDS


def tone(samples, hz=100, sample_rate=4000):
    """Return a sine of 0.5."""
    return (0.5 * np.sin(2 * np.pi * hz * np.arange(samples) / sample_rate)).astype(np.float32)


def on(ear, volume_db=0.0):
    """Switch the sound on."""
    ear.set_volume(volume_db, on=True)
    return ear


def test_silent_until_switched_on():
    """Nothing is heard before a volume was set, nor after it was switched off."""
    ear = Ear(4000, 48_000)
    assert not ear.push(0, tone(400)).any()
    on(ear)
    assert ear.push(400, tone(400)).any()
    ear.set_volume(0.0, on=False)
    ear.push(800, tone(400))
    assert not ear.push(1200, tone(400)).any()


def test_volume():
    """6.02 dB more is twice as loud."""
    soft, loud = on(Ear(4000, 4000), -20.0), on(Ear(4000, 4000), -20.0 + 6.0206)
    before, after = soft.push(0, tone(4000))[2000:], loud.push(0, tone(4000))[2000:]
    assert np.allclose(after, 2 * before, atol=1e-5)


@pytest.mark.parametrize("setting", [(20.0, True), (-40.0, True), (0.0, False)])
def test_the_volume_changes_without_a_click(setting):
    """No step is larger than the louder sound's own and the ramp's together."""
    ear = on(Ear(4000, 48_000), 0.0)
    quiet = np.full(4000, 0.05, np.float32)
    first = ear.push(0, quiet)
    ear.set_volume(setting[0], on=setting[1])
    second = ear.push(4000, quiet)
    steps = np.abs(np.diff(np.concatenate((first[-100:], second))))
    reached = second[-1]
    assert reached == pytest.approx(0.05 * 10 ** (setting[0] / 20) * setting[1], abs=1e-4)
    assert steps.max() <= 1.05 * abs(reached - 0.05) / (0.02 * 48_000)


def test_a_second_change_starts_where_the_first_is():
    """A change within a ramp begins at the gain reached so far."""
    ear = on(Ear(4000, 4000), 20.0)
    flat = np.full(40, 0.01, np.float32)
    first = ear.push(0, flat)
    ear.set_volume(0.0, on=False)
    second = ear.push(40, np.full(400, 0.01, np.float32))
    assert abs(second[0] - first[-1]) < 0.01
    assert not second[200:].any()


def test_full_scale_is_the_limit():
    """What would exceed full scale is clipped there."""
    heard = on(Ear(4000, 4000), 40.0).push(0, tone(4000))
    assert heard.dtype == np.float32
    assert np.abs(heard).max() == 1.0


@pytest.mark.parametrize("sound", SOUNDS)
def test_a_gap_is_silence(sound):
    """Lost sound is heard as silence of its length, once the filter has rung out."""
    ear = on(Ear(4000, 4000, sound))
    ear.push(0, tone(4000))
    assert np.abs(ear.gap(4000, 4000)[2400:]).max() < 1e-3
    assert np.abs(ear.push(8000, tone(4000))[2000:]).max() > 0.1 or sound == "diaphragm"


def test_the_edges_of_a_gap_do_not_click():
    """Into the gap and out of it the sound fades within 5 ms, instead of breaking off."""
    ear = on(Ear(4000, 4000))
    ear.set_volume(0.0, on=True)
    ear.push(0, np.full(400, 0.5, np.float32))
    before = ear.push(400, np.full(400, 0.5, np.float32))
    gap = ear.gap(800, 400)
    after = ear.push(1200, np.full(400, 0.5, np.float32))
    steps = np.abs(np.diff(np.concatenate((before[-10:], gap, after))))
    assert steps.max() < 0.05
    assert not gap[30:].any()


@pytest.mark.parametrize("speed", [1.0, 0.5, 0.25])
@pytest.mark.parametrize("rates", [(4000, 48_000), (4000, 4000), (44_100, 48_000)])
def test_positions_are_those_of_the_ring(speed, rates):
    """A click of the ring is heard at the output sample with its position, within the search of the slow motion."""
    ear = on(Ear(*rates, speed=speed))
    silent = len(ear.push(500, np.zeros(rates[0], np.float32)))
    sound = np.zeros(3 * rates[0], np.float32)
    hump = np.hanning(rates[0] // 50).astype(np.float32)
    sound[rates[0] :][: len(hump)] = hump
    out = ear.push(500 + rates[0], sound)
    peak = silent + int(out.argmax())
    click = 500 + 2 * rates[0] + len(hump) // 2
    assert ear.position(peak) == pytest.approx(click, abs=0.017 * rates[0])


def test_a_jump_moves_the_position():
    """Samples of the ring that were missed count in the position of what is heard afterwards."""
    ear = Ear(4000, 4000)
    ear.push(0, tone(100))
    ear.push(1100, tone(100))
    assert ear.position(150) == 1150.0


def test_the_input_is_not_changed():
    """The ring's samples are read, never written."""
    ear, sound = on(Ear(4000, 4000)), tone(100)
    before = sound.copy()
    sound.flags.writeable = False
    ear.push(0, sound)
    assert np.array_equal(sound, before)


def test_volumes_out_of_range_are_refused():
    """At most 40 dB in both directions."""
    with pytest.raises(ValueError, match="volume_db=41"):
        Ear(4000, 4000).set_volume(41.0, on=True)

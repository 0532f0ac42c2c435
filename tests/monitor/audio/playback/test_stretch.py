"""Slow motion: twice or four times as long, with the pitch, the level and the place of every heart sound kept."""

from __future__ import annotations

import numpy as np
import pytest

from monitor.audio.playback.stretch import TimeStretch
from monitor.synthesis.parameters import HeartParameters
from monitor.synthesis.phonocardiogram import phonocardiogram

RATE = 4000


@pytest.mark.parametrize("speed", [0.5, 0.25])
@pytest.mark.parametrize("hz", [40, 60, 110, 200, 400])
def test_pitch_level_and_length(speed, hz):
    """A tone keeps its frequency within 0.1 Hz and its level within 5 %, at 1 / speed times the length."""
    stretch = TimeStretch(RATE, speed)
    out = stretch.push(np.sin(2 * np.pi * hz * np.arange(4 * RATE) / RATE))
    assert len(out) * speed == pytest.approx((4 - stretch.delay_s) * RATE, abs=0.06 * RATE)
    middle = out[len(out) // 4 :]
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle)), 2**18))
    assert spectrum.argmax() * RATE / 2**18 == pytest.approx(hz, abs=0.1)
    assert np.sqrt(np.mean(middle**2)) == pytest.approx(np.sqrt(0.5), rel=0.05)


@pytest.mark.parametrize("speed", [0.5, 0.25])
@pytest.mark.parametrize("hz", [40, 110, 200])
def test_a_tone_stays_pure(speed, hz):
    """What is not within 3 Hz of the tone is 30 dB down: frames join without breaks."""
    out = TimeStretch(RATE, speed).push(np.sin(2 * np.pi * hz * np.arange(4 * RATE) / RATE))
    middle = out[len(out) // 4 :]
    power = np.abs(np.fft.rfft(middle * np.hanning(len(middle)))) ** 2
    away = np.abs(np.fft.rfftfreq(len(middle), 1 / RATE) - hz) > 3
    assert power[away].sum() < 1e-3 * power.sum()


@pytest.mark.parametrize("speed", [0.5, 0.25])
def test_heart_sounds_keep_their_place(speed):
    """Each first and second sound of a heart is at 1 / speed times its time, within 10 ms of the recording."""
    heart = phonocardiogram(6.0, HeartParameters(), np.random.default_rng(5), RATE)
    out = TimeStretch(RATE, speed).push(heart.waveform)

    def centre(waveform, start_s, end_s):
        piece = np.abs(waveform[round(start_s * RATE) : round(end_s * RATE)]) ** 2
        return start_s + (piece @ np.arange(len(piece))) / piece.sum() / RATE

    beats = heart.beats.s1_samples / RATE
    checked = 0
    for at_s in beats[(beats > 0.3) & (beats < 5.0)].tolist():
        span = (at_s - 0.05, at_s + 0.2)
        before, after = centre(heart.waveform, *span), centre(out, span[0] / speed, span[1] / speed) * speed
        assert after == pytest.approx(before, abs=0.01)
        checked += 1
    assert checked >= 4


def test_the_spectrum_of_a_heart_stays():
    """The bands that tell normal from murmur hold the same part of the energy within 1 dB, at half speed."""
    heart = phonocardiogram(6.0, HeartParameters(), np.random.default_rng(6), RATE).waveform
    out = TimeStretch(RATE, 0.5).push(heart)

    def parts(waveform):
        power = np.abs(np.fft.rfft(waveform)) ** 2
        edges = np.array([20, 60, 120, 200, 400, 800]) * len(waveform) // RATE
        return np.add.reduceat(power, edges)[:-1] / power.sum()

    assert np.abs(10 * np.log10(parts(out) / parts(heart))).max() < 1.0


@pytest.mark.parametrize("speed", [0.5, 0.25, 0.75])
def test_blocks_of_any_size(speed):
    """However the sound is cut, the result is the same, bit for bit."""
    noise = np.random.default_rng(7).standard_normal(6000)
    cut, whole = TimeStretch(RATE, speed), TimeStretch(RATE, speed)
    parts = np.concatenate([cut.push(part) for part in np.split(noise, [1, 40, 41, 900, 5000])])
    assert np.array_equal(parts, whole.push(noise))


def test_nearly_full_speed_changes_nearly_nothing():
    """At speed 1 the sound passes unchanged; just below it, it is the same sound for the first frames."""
    noise = np.random.default_rng(8).standard_normal(4000)
    assert np.array_equal(TimeStretch(RATE, 1.0).push(noise), noise)
    out = TimeStretch(RATE, 0.9999999).push(noise)
    assert len(out) > 2000
    assert np.abs(out - noise[: len(out)]).max() < 1e-9


def test_silence_stays_silence():
    """Where nothing can be compared, the pace is kept and nothing is invented."""
    assert not TimeStretch(RATE, 0.5).push(np.zeros(4000)).any()


@pytest.mark.parametrize("speed", [0.0, -1.0, 1.5])
def test_other_speeds_are_refused(speed):
    """Above 0 and at most 1."""
    with pytest.raises(ValueError, match="speed="):
        TimeStretch(RATE, speed)

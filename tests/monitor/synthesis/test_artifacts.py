"""Handling noise, lost contact and knocks have the level, the time and the spectrum that they should."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.synthesis.artifacts import (
    add_at,
    clicks,
    handling_noise,
    knocks,
    lost_contact,
    normalize_peak,
    room_noise,
    rubbing,
)

RATE = 4000
GENERATORS = (clicks, handling_noise, knocks, room_noise, rubbing)


def rms(waveform):
    """Return the root mean square."""
    return float(np.sqrt(np.mean(np.square(waveform))))


@pytest.mark.parametrize("generator", GENERATORS)
@given(st.integers(0, 10_000), st.floats(0.02, 6.0), st.sampled_from([1000, 4000, 44_100]))
@settings(max_examples=12, deadline=None)
def test_every_artifact_is_in_range(generator, seed, duration_s, sample_rate):
    """For any length and rate: finite float32 of the given length, at most 1."""
    sound = generator(duration_s, np.random.default_rng(seed), sample_rate)
    assert sound.shape == (round(duration_s * sample_rate),)
    assert sound.dtype == np.float32
    assert np.isfinite(sound).all()
    assert np.abs(sound).max() <= 1


@pytest.mark.parametrize("generator", GENERATORS)
def test_artifacts_have_a_peak_of_one_and_are_reproducible(generator):
    """The peak is 1, and the same state gives the same sound."""
    first, again = (generator(5.0, np.random.default_rng(1), RATE) for _ in range(2))
    assert np.abs(first).max() == pytest.approx(1.0, abs=1e-5)
    assert np.array_equal(first, again)


@pytest.mark.parametrize("generator", GENERATORS)
def test_an_empty_duration_is_refused(generator):
    """No generator returns a sound without samples."""
    with pytest.raises(ValueError, match=r"^duration_s=0 must be"):
        generator(0.0, np.random.default_rng(0), RATE)


@pytest.mark.parametrize("generator", [handling_noise, rubbing])
def test_rubbing_is_broadband(generator):
    """A good part of its power is above 200 Hz."""
    sound = np.concatenate([generator(5.0, np.random.default_rng(seed), RATE) for seed in range(6)])
    power = np.abs(np.fft.rfft(sound)) ** 2
    assert power[np.fft.rfftfreq(len(sound), 1 / RATE) > 200].sum() > 0.25 * power.sum()


def test_handling_comes_in_bursts():
    """The loudest tenth of the time has most of the power."""
    sound = handling_noise(20.0, np.random.default_rng(2), RATE)
    power = np.sort((sound**2).reshape(-1, 200).mean(axis=1))[::-1]
    assert power[: len(power) // 10].sum() > 0.4 * power.sum()


class TestLostContact:
    """The heart sound disappears, room noise remains."""

    def tone(self, seconds=4.0):
        """Return a steady tone in place of a heart sound."""
        return np.sin(2 * np.pi * 50 * np.arange(round(seconds * RATE)) / RATE).astype(np.float32)

    def test_outside_the_loss_nothing_changes(self):
        """Before the loss and after the return every sample is unchanged."""
        tone = self.tone()
        result = lost_contact(tone, 4000, 12_000, np.random.default_rng(0), RATE)
        assert np.array_equal(result[:4000], tone[:4000])
        assert np.array_equal(result[12_000:], tone[12_000:])

    def test_during_the_loss_there_is_room_noise_only(self):
        """From 0.3 s after the start to 0.3 s before the end the level is the room's."""
        result = lost_contact(self.tone(), 4000, 12_000, np.random.default_rng(0), RATE, room_db=-40.0)
        inside = result[4000 + 1200 : 12_000 - 1200]
        assert np.abs(inside).max() <= 0.0101
        assert rms(inside) > 0.0005

    def test_the_heart_fades_without_a_step(self):
        """No step is larger than the steps of the tone and the room noise."""
        tone = self.tone()
        result = lost_contact(tone, 4000, 12_000, np.random.default_rng(1), RATE)
        assert np.abs(np.diff(result)).max() < 1.2 * np.abs(np.diff(tone)).max()

    def test_the_fade_takes_a_tenth_to_three_tenths_of_a_second(self):
        """After 25 ms the tone is nearly unchanged, and after 300 ms it is gone."""
        for seed in range(10):
            result = lost_contact(self.tone(), 4000, 16_000, np.random.default_rng(seed), RATE)
            assert rms(result[4000:4100]) > 0.6
            assert rms(result[5200:5400]) < 0.02

    def test_contact_may_stay_lost(self):
        """With an end after the recording, room noise lasts to the last sample."""
        result = lost_contact(self.tone(), 4000, 10**6, np.random.default_rng(0), RATE)
        assert rms(result[-400:]) < 0.02

    def test_the_recording_is_not_modified(self):
        """The caller's array is not written to."""
        tone = self.tone()
        tone.flags.writeable = False
        assert lost_contact(tone, 0, 100, np.random.default_rng(0), RATE) is not tone

    @pytest.mark.parametrize(("start", "end"), [(-1, 100), (200, 200), (300, 200), (16_000, 17_000)])
    def test_an_invalid_interval_is_refused(self, start, end):
        """It must begin inside the recording and end after its beginning."""
        with pytest.raises(ValueError, match=rf"^start_sample={start} must"):
            lost_contact(self.tone(), start, end, np.random.default_rng(0), RATE)


@given(st.integers(-30, 30), st.integers(0, 20))
def test_add_at_drops_samples_outside(start, length):
    """Only the samples inside are added, wherever the sound begins."""
    out = np.zeros(10, np.float32)
    add_at(out, np.ones(length), start)
    expected = [1.0 if start <= index < start + length else 0.0 for index in range(10)]
    assert out.tolist() == expected


def test_normalizing_silence():
    """Zeros stay zeros instead of becoming NaN."""
    assert not normalize_peak(np.zeros(5, np.float32)).any()
    assert normalize_peak(np.array([0.5, -2.0], np.float32)).tolist() == [0.25, -1.0]

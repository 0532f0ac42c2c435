"""Handling, lost contact and knocks are heard where and as they should be."""

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
MAKERS = (clicks, handling_noise, knocks, room_noise, rubbing)


def rms(waveform):
    """Return the root mean square."""
    return float(np.sqrt(np.mean(np.square(waveform))))


@pytest.mark.parametrize("maker", MAKERS)
@given(st.integers(0, 10_000), st.floats(0.02, 6.0), st.sampled_from([1000, 4000, 44_100]))
@settings(max_examples=12, deadline=None)
def test_any_disturbance_is_in_range(maker, seed, duration_s, sample_rate):
    """Whatever length and rate: finite float32, as long as asked, at most 1."""
    sound = maker(duration_s, np.random.default_rng(seed), sample_rate)
    assert sound.shape == (round(duration_s * sample_rate),)
    assert sound.dtype == np.float32
    assert np.isfinite(sound).all()
    assert np.abs(sound).max() <= 1


@pytest.mark.parametrize("maker", MAKERS)
def test_disturbances_reach_their_peak_and_repeat(maker):
    """The largest magnitude is 1, and the same state gives the same sound."""
    first, again = (maker(5.0, np.random.default_rng(1), RATE) for _ in range(2))
    assert np.abs(first).max() == pytest.approx(1.0, abs=1e-5)
    assert np.array_equal(first, again)


@pytest.mark.parametrize("maker", MAKERS)
def test_disturbances_refuse_an_empty_duration(maker):
    """No maker makes a sound without samples."""
    with pytest.raises(ValueError, match=r"^duration_s=0 must be"):
        maker(0.0, np.random.default_rng(0), RATE)


@pytest.mark.parametrize("maker", [handling_noise, rubbing])
def test_rubs_are_broad(maker):
    """A good part of the power of rubs lies above 200 Hz."""
    sound = np.concatenate([maker(5.0, np.random.default_rng(seed), RATE) for seed in range(6)])
    power = np.abs(np.fft.rfft(sound)) ** 2
    assert power[np.fft.rfftfreq(len(sound), 1 / RATE) > 200].sum() > 0.25 * power.sum()


def test_handling_comes_in_bursts():
    """The loudest tenth of the time holds most of the power."""
    sound = handling_noise(20.0, np.random.default_rng(2), RATE)
    power = np.sort((sound**2).reshape(-1, 200).mean(axis=1))[::-1]
    assert power[: len(power) // 10].sum() > 0.4 * power.sum()


class TestLostContact:
    """The heart goes, the room stays."""

    def tone(self, seconds=4.0):
        """Return a steady tone in place of a heart."""
        return np.sin(2 * np.pi * 50 * np.arange(round(seconds * RATE)) / RATE).astype(np.float32)

    def test_outside_the_part_nothing_changes(self):
        """Before the loss and behind the return every sample is as it was."""
        tone = self.tone()
        heard = lost_contact(tone, 4000, 12_000, np.random.default_rng(0), RATE)
        assert np.array_equal(heard[:4000], tone[:4000])
        assert np.array_equal(heard[12_000:], tone[12_000:])

    def test_inside_the_part_only_the_room_is_heard(self):
        """From 0.3 s after the loss to 0.3 s before the return the level is the room's."""
        heard = lost_contact(self.tone(), 4000, 12_000, np.random.default_rng(0), RATE, room_db=-40.0)
        inside = heard[4000 + 1200 : 12_000 - 1200]
        assert np.abs(inside).max() <= 0.0101
        assert rms(inside) > 0.0005

    def test_the_heart_fades_without_a_step(self):
        """No step is larger than the tone's own steps and the room's."""
        tone = self.tone()
        heard = lost_contact(tone, 4000, 12_000, np.random.default_rng(1), RATE)
        assert np.abs(np.diff(heard)).max() < 1.2 * np.abs(np.diff(tone)).max()

    def test_the_fade_takes_a_tenth_to_three_tenths_of_a_second(self):
        """After 25 ms the tone is nearly whole, and after 300 ms it is gone."""
        for seed in range(10):
            heard = lost_contact(self.tone(), 4000, 16_000, np.random.default_rng(seed), RATE)
            assert rms(heard[4000:4100]) > 0.6
            assert rms(heard[5200:5400]) < 0.02

    def test_contact_may_stay_lost(self):
        """An end behind the recording leaves the room to its last sample."""
        heard = lost_contact(self.tone(), 4000, 10**6, np.random.default_rng(0), RATE)
        assert rms(heard[-400:]) < 0.02

    def test_the_recording_given_is_left_as_it_is(self):
        """The caller's array is not written to."""
        tone = self.tone()
        tone.flags.writeable = False
        assert lost_contact(tone, 0, 100, np.random.default_rng(0), RATE) is not tone

    @pytest.mark.parametrize(("start", "end"), [(-1, 100), (200, 200), (300, 200), (16_000, 17_000)])
    def test_a_part_that_is_no_part_is_refused(self, start, end):
        """It must begin inside the recording and end behind its beginning."""
        with pytest.raises(ValueError, match=rf"^start_sample={start} must"):
            lost_contact(self.tone(), start, end, np.random.default_rng(0), RATE)


@given(st.integers(-30, 30), st.integers(0, 20))
def test_add_at_cuts_what_lies_outside(start, length):
    """Only the samples inside are added to, wherever the sound begins."""
    out = np.zeros(10, np.float32)
    add_at(out, np.ones(length), start)
    expected = [1.0 if start <= place < start + length else 0.0 for place in range(10)]
    assert out.tolist() == expected


def test_to_peak_keeps_silence_silent():
    """Zeros stay zeros instead of becoming NaN."""
    assert not normalize_peak(np.zeros(5, np.float32)).any()
    assert normalize_peak(np.array([0.5, -2.0], np.float32)).tolist() == [0.25, -1.0]

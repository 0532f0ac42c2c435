"""The same sound is known under another name, gain, rate or format, and different sounds are not taken for one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from monitor.features.resample import resampled
from monitor.synthesis.phonocardiogram import phonocardiogram
from monitor.synthesis.random_parameters import random_parameters
from training.data.duplicates import THUMBPRINT_PARTS, Pair, same_sounds, sounding_part, thumbprint
from training.data.recording import NON_CARDIAC, Recording


def heart(seed: int, seconds: float = 5.0) -> NDArray[np.float32]:
    """Return a made heart."""
    rng = np.random.default_rng(seed)
    return phonocardiogram(seconds, random_parameters(rng), rng).waveform


def sixteen_bit(waveform: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a waveform as a 16-bit file would hold it."""
    return (np.round(waveform * 32767) / 32768).astype(np.float32)


def are_one(*waveforms: NDArray[np.float32]) -> list[tuple[int, int]]:
    """Return the pairs that are one sound."""
    parts = [sounding_part(waveform) for waveform in waveforms]
    return same_sounds([thumbprint(part) for part in parts], [len(part) / 4000 for part in parts])


class TestOneSound:
    """Copies that are known."""

    @settings(deadline=None, max_examples=20)
    @given(
        gain=st.floats(0.05, 1.0),
        before=st.integers(0, 9000),
        after=st.integers(0, 9000),
        sign=st.sampled_from([-1, 1]),
    )
    def test_gain_polarity_and_silence(self, gain: float, before: int, after: int, sign: int) -> None:
        """A copy stays known however loud, turned over, saved in 16 bit, or with silence round it."""
        waveform = heart(1)
        copy = np.pad(sixteen_bit(np.float32(sign * gain) * waveform), (before, after))
        assert are_one(waveform, copy) == [(0, 1)]

    def test_another_rate(self) -> None:
        """A copy at another rate is as long in seconds, and as loud all along."""
        waveform = heart(2)
        faster = sounding_part(resampled(waveform, 4000, 11_025))
        prints = [thumbprint(sounding_part(waveform)), thumbprint(faster)]
        assert same_sounds(prints, [len(sounding_part(waveform)) / 4000, len(faster) / 11_025]) == [(0, 1)]

    def test_all_pairs_of_many(self) -> None:
        """Three of a kind are three pairs, in order, however many others stand between."""
        sounds = [heart(seed) for seed in range(3, 9)]
        assert are_one(sounds[0], *sounds, sounds[0] / 2) == [(0, 1), (0, 7), (1, 7)]

    def test_more_than_are_compared_at_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The comparison in parts finds the pairs across them."""
        monkeypatch.setattr("training.data.duplicates.ROWS_AT_ONCE", 2)
        sounds = [heart(seed) for seed in range(3, 6)]
        assert are_one(*sounds, *sounds) == [(0, 3), (1, 4), (2, 5)]


class TestOtherSounds:
    """Sounds that are not taken for one."""

    def test_forty_hearts(self) -> None:
        """Made hearts, two takes of each person, are all different sounds."""
        takes = []
        for person in range(20):
            rng = np.random.default_rng(person)
            its = random_parameters(rng)
            takes += [phonocardiogram(5.0, its, rng).waveform for _ in range(2)]
        assert are_one(*takes) == []

    def test_noise(self, signals: object) -> None:
        """Two stretches of the same kind of noise differ."""
        rng = np.random.default_rng(0)
        assert are_one(*(rng.standard_normal(20_000).astype(np.float32) for _ in range(20))) == []

    def test_another_length(self) -> None:
        """A sound and its slower self are alike in course, not in length."""
        waveform = heart(4)
        assert are_one(waveform, np.repeat(waveform, 2)) == []

    @pytest.mark.parametrize(
        "waveform",
        [np.zeros(5000, np.float32), np.zeros(0, np.float32), np.ones(THUMBPRINT_PARTS - 1), np.ones(5000, np.float32)],
    )
    def test_nothing_to_tell_by(self, waveform: NDArray[np.float32]) -> None:
        """Silence, a sound too short, and one that never changes are like nothing, not even each other."""
        assert thumbprint(sounding_part(waveform)) is None
        assert are_one(waveform, waveform) == []


def test_silent_ends_go() -> None:
    """What is a thousandth of the peak or quieter at the ends goes; what is in the middle stays."""
    waveform = np.array([0, 1e-4, 1, 0, 0, -1, 5e-4, 0], np.float32)
    np.testing.assert_array_equal(sounding_part(waveform), np.array([1, 0, 0, -1], np.float32))
    assert len(sounding_part(np.zeros(9, np.float32))) == 0


def test_a_thumbprint_is_a_direction() -> None:
    """Mean 0 and length 1, so a product is a correlation."""
    course = thumbprint(heart(5))
    assert course is not None
    assert course.shape == (THUMBPRINT_PARTS,)
    assert course.mean() == pytest.approx(0, abs=1e-6)
    assert np.linalg.norm(course) == pytest.approx(1, abs=1e-6)


def test_lengths_must_match() -> None:
    """A length for each thumbprint."""
    with pytest.raises(ValueError, match="seconds of length 0 must match the 1 thumbprints"):
        same_sounds([None], [])


@pytest.mark.parametrize(
    ("first", "second", "train", "leaks", "contradicts"),
    [
        (("normal", "p1"), ("normal", "p1"), True, False, False),
        (("normal", "p1"), ("normal", "p2"), True, True, False),
        (("normal", "p1"), ("murmur", "p1"), True, False, True),
        (("normal", ""), ("normal", ""), True, True, False),
        (("normal", "p1"), ("murmur", "p2"), False, False, True),
        ((NON_CARDIAC, "n1"), (NON_CARDIAC, "n2"), True, False, False),
        ((NON_CARDIAC, "n1"), ("normal", "p1"), True, True, True),
    ],
)
def test_what_a_pair_means(
    first: tuple[str, str], second: tuple[str, str], train: bool, leaks: bool, contradicts: bool
) -> None:
    """It leaks if a split may part it; it contradicts if the two have no label in common."""
    one, other = (
        Recording(Path(name), (label,), who, "s") for name, (label, who) in zip("ab", (first, second), strict=True)
    )
    pair = Pair(one, other, train)
    assert (pair.across_patients, pair.across_labels) == (leaks, contradicts)
    assert pair.to_json() == {"first": "a", "second": "b", "across_patients": leaks, "across_labels": contradicts}

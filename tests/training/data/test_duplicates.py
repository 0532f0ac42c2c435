"""Duplicates are found under another name, gain, rate or format; different sounds are no duplicates."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from monitor.features.resample import resampled
from monitor.labels import NON_CARDIAC
from monitor.synthesis.phonocardiogram import phonocardiogram
from monitor.synthesis.random_parameters import random_parameters
from training.data.duplicates import FINGERPRINT_SIZE, DuplicatePair, find_duplicates, fingerprint, trim_silence
from training.data.recording import Recording


def heart(seed: int, seconds: float = 5.0) -> NDArray[np.float32]:
    """Return a synthetic heart sound."""
    rng = np.random.default_rng(seed)
    return phonocardiogram(seconds, random_parameters(rng), rng).waveform


def sixteen_bit(waveform: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a waveform as a 16-bit file would hold it."""
    return (np.round(waveform * 32767) / 32768).astype(np.float32)


def duplicates_of(*waveforms: NDArray[np.float32]) -> list[tuple[int, int]]:
    """Return the pairs that are the same sound."""
    parts = [trim_silence(waveform) for waveform in waveforms]
    return find_duplicates([fingerprint(part) for part in parts], [len(part) / 4000 for part in parts])


class TestDuplicates:
    """Copies that are found."""

    @settings(deadline=None, max_examples=20)
    @given(
        gain=st.floats(0.05, 1.0),
        before=st.integers(0, 9000),
        after=st.integers(0, 9000),
        sign=st.sampled_from([-1, 1]),
    )
    def test_gain_polarity_and_silence(self, gain: float, before: int, after: int, sign: int) -> None:
        """A copy is found however loud, inverted, saved in 16 bit, or with silence at its ends."""
        waveform = heart(1)
        copy = np.pad(sixteen_bit(np.float32(sign * gain) * waveform), (before, after))
        assert duplicates_of(waveform, copy) == [(0, 1)]

    def test_another_rate(self) -> None:
        """A copy at another sample rate has the same length in seconds and the same loudness."""
        waveform = heart(2)
        faster = trim_silence(resampled(waveform, 4000, 11_025))
        prints = [fingerprint(trim_silence(waveform)), fingerprint(faster)]
        assert find_duplicates(prints, [len(trim_silence(waveform)) / 4000, len(faster) / 11_025]) == [(0, 1)]

    def test_all_pairs_of_many(self) -> None:
        """Three copies are three pairs, in order, whatever lies between them."""
        sounds = [heart(seed) for seed in range(3, 9)]
        assert duplicates_of(sounds[0], *sounds, sounds[0] / 2) == [(0, 1), (0, 7), (1, 7)]

    def test_comparison_in_parts(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Pairs across parts are found too."""
        monkeypatch.setattr("training.data.duplicates.ROWS_AT_ONCE", 2)
        sounds = [heart(seed) for seed in range(3, 6)]
        assert duplicates_of(*sounds, *sounds) == [(0, 3), (1, 4), (2, 5)]


class TestDifferentSounds:
    """Sounds that are no duplicates."""

    def test_forty_hearts(self) -> None:
        """Synthetic hearts, two recordings of each person, are all different sounds."""
        takes = []
        for person in range(20):
            rng = np.random.default_rng(person)
            parameters = random_parameters(rng)
            takes += [phonocardiogram(5.0, parameters, rng).waveform for _ in range(2)]
        assert duplicates_of(*takes) == []

    def test_noise(self, signals: object) -> None:
        """Two samples of the same kind of noise differ."""
        rng = np.random.default_rng(0)
        assert duplicates_of(*(rng.standard_normal(20_000).astype(np.float32) for _ in range(20))) == []

    def test_another_length(self) -> None:
        """A sound and its slower copy have the same loudness vector, but not the same length."""
        waveform = heart(4)
        assert duplicates_of(waveform, np.repeat(waveform, 2)) == []

    @pytest.mark.parametrize(
        "waveform",
        [np.zeros(5000, np.float32), np.zeros(0, np.float32), np.ones(FINGERPRINT_SIZE - 1), np.ones(5000, np.float32)],
    )
    def test_sounds_without_a_fingerprint(self, waveform: NDArray[np.float32]) -> None:
        """Silence, a sound too short, and one of constant loudness equal nothing, not even each other."""
        assert fingerprint(trim_silence(waveform)) is None
        assert duplicates_of(waveform, waveform) == []


def test_trim_silence() -> None:
    """Samples of a thousandth of the peak or less are removed at the ends, not in the middle."""
    waveform = np.array([0, 1e-4, 1, 0, 0, -1, 5e-4, 0], np.float32)
    np.testing.assert_array_equal(trim_silence(waveform), np.array([1, 0, 0, -1], np.float32))
    assert len(trim_silence(np.zeros(9, np.float32))) == 0


def test_a_fingerprint_is_a_unit_vector() -> None:
    """Mean 0 and length 1, so a product is a correlation."""
    vector = fingerprint(heart(5))
    assert vector is not None
    assert vector.shape == (FINGERPRINT_SIZE,)
    assert vector.mean() == pytest.approx(0, abs=1e-6)
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-6)


def test_lengths_must_match() -> None:
    """A length for each fingerprint."""
    with pytest.raises(ValueError, match="seconds of length 0 must match the 1 fingerprints"):
        find_duplicates([None], [])


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
def test_leaks_and_contradictions(
    first: tuple[str, str], second: tuple[str, str], train: bool, leaks: bool, contradicts: bool
) -> None:
    """A pair leaks if a split may separate it; it contradicts if the two have no label in common."""
    one, other = (
        Recording(Path(name), (label,), who, "s") for name, (label, who) in zip("ab", (first, second), strict=True)
    )
    pair = DuplicatePair(one, other, train)
    assert (pair.across_patients, pair.across_labels) == (leaks, contradicts)
    assert pair.to_json() == {"first": "a", "second": "b", "across_patients": leaks, "across_labels": contradicts}

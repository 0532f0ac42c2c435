"""The energy of QRS complexes stands at their time, and does not depend on how the input is cut."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.analysis.electrocardiogram.qrs_energy import QrsEnergy

NOISE = np.random.default_rng(0).standard_normal(9001).astype(np.float32)


def values(sizes, waveform=NOISE, rate=4000):
    """Return all energies of a waveform in blocks of some sizes, and of the rest."""
    energy = QrsEnergy(rate)
    start = 0
    for size in sizes:
        energy.push(waveform[start : start + size])
        start += size
    energy.push(waveform[start:], last=True)
    return energy.energy(0, energy.end)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 3000), max_size=8))
def test_any_cutting_gives_the_same(sizes):
    """Bit for bit, and a value for every whole group of samples."""
    expected = values([])
    assert len(expected) == 9001 // 16
    np.testing.assert_array_equal(values(sizes), expected)


@pytest.mark.parametrize("rate", [1000, 4000, 44_100])
def test_it_stands_where_the_deflection_is(rate):
    """The hump of one deflection at 3 s is at 3 s, within its width."""
    waveform = np.zeros(6 * rate, np.float32)
    middle, half = 3 * rate, round(0.03 * rate)
    waveform[middle - half : middle + half] = np.hanning(2 * half)
    energy = QrsEnergy(rate)
    energy.push(waveform, last=True)
    whole = energy.energy(0, energy.end)
    centre = float((whole * np.arange(len(whole))).sum() / whole.sum())
    assert energy.sample(centre) == pytest.approx(middle, abs=0.005 * rate)
    assert int(np.abs(energy.filtered(0, energy.end)).argmax()) == pytest.approx(3 * energy.rate_hz, abs=2)


def test_what_it_does_not_pass(signals):
    """An offset gives nothing, the mains next to nothing, against a sine of 10 Hz."""
    inside = values([], signals.tone(10.0, 40_000)).mean()
    assert values([], np.full(40_000, 0.5, np.float32)).max() < 1e-20
    assert values([], signals.tone(50.0, 40_000)).mean() < 1e-3 * inside
    assert values([], signals.tone(0.3, 40_000)).mean() < 1e-3 * inside


def test_a_rate_that_is_too_low():
    """It is refused."""
    with pytest.raises(ValueError, match="sample_rate=999 must be at least 1000 Hz"):
        QrsEnergy(999)


def test_too_short_for_a_value():
    """Nothing comes of it."""
    assert len(values([], NOISE[:100])) == 0

"""How loud the parts of a cycle are: where each part lies, what is too short, and what is still held."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.analysis.segmentation.cycle_energies import CycleEnergies, RecentCycles
from monitor.features.sound_bands import frame_centre_s

S2_BEFORE, S1, S2 = 20, 60, 90
"""Frames of the heart sounds: diastole is heard from 24 to 56, systole from 65 to 86."""


def at_s(frame: float, start_s: float = 0.0) -> float:
    """Return the middle of a frame."""
    return start_s + float(frame_centre_s(0)) + frame * 0.0125


def measured(energies: CycleEnergies, shift: int = 0, start_s: float = 0.0) -> np.ndarray | None:
    """Return what is measured of the cycle, some frames later."""
    times = [at_s(frame + shift, start_s) for frame in (S2_BEFORE, S1, S2)]
    return energies.measure(times[0], times[1], times[2], 0.8)


def frames_with(first: int, last: int, level: float = 5.0, count: int = 120) -> np.ndarray:
    """Return frames that are louder from one to another."""
    bands = np.zeros((count, 12), np.float32)
    bands[first:last] = level
    return bands


def parts(values: np.ndarray | None) -> list[float]:
    """Return the level of each part in the first band."""
    assert values is not None
    return [round(float(level), 3) for level in values[:-2].reshape(5, 6)[:, 0]]


@pytest.mark.parametrize(
    ("loud", "expected"),
    [
        ((65, 75), [4.545, 0, 0, 0, 0]),
        ((65, 76), [5, 0, 0, 0, 0]),
        ((76, 87), [0, 5, 0, 0, 0]),
        ((24, 35), [0, 0, 5, 0, 0]),
        ((35, 46), [0, 0, 0, 5, 0]),
        ((46, 57), [0, 0, 0, 0, 5]),
        ((57, 65), [0, 0, 0, 0, 0]),
        ((87, 120), [0, 0, 0, 0, 0]),
        ((0, 24), [0, 0, 0, 0, 0]),
    ],
)
def test_parts(loud: tuple[int, int], expected: list[float]) -> None:
    """Halves of systole, thirds of the diastole before it; the heart sounds themselves count for nothing."""
    energies = CycleEnergies()
    energies.push(frames_with(*loud))
    assert parts(measured(energies)) == expected


def test_durations_and_confidence() -> None:
    """The log of systole over diastole, and the confidence, stand last."""
    energies = CycleEnergies()
    energies.push(frames_with(0, 0))
    values = measured(energies)
    assert values is not None
    assert values[-2] == pytest.approx(np.log(30 / 40), abs=1e-5)
    assert values[-1] == pytest.approx(0.8)


def test_too_short() -> None:
    """A systole or a diastole of a few frames between its sounds is not measured."""
    energies = CycleEnergies()
    energies.push(frames_with(0, 0))
    assert energies.measure(at_s(20), at_s(60), at_s(70), 0.9) is None
    assert energies.measure(at_s(48), at_s(60), at_s(90), 0.9) is None


def test_not_held() -> None:
    """What is not there yet is not measured, nor what is forgotten."""
    energies = CycleEnergies()
    energies.push(frames_with(0, 0, count=80))
    assert measured(energies) is None
    energies.push(np.zeros((1600, 12), np.float32))
    assert measured(energies) is None


def test_begun_again() -> None:
    """After a loss the frames count from where the sound goes on."""
    energies = CycleEnergies()
    energies.push(frames_with(0, 120, 9.0))
    energies.restart(7.25)
    assert measured(energies, start_s=7.25) is None
    energies.push(frames_with(65, 76))
    assert parts(measured(energies, start_s=7.25)) == [5, 0, 0, 0, 0]


@given(st.lists(st.integers(1, 500), min_size=1, max_size=20))
def test_any_cutting_gives_the_same(sizes: list[int]) -> None:
    """However the frames arrive, a cycle of the last seconds is measured alike."""
    bands = np.random.default_rng(0).normal(size=(sum(sizes) + 120, 12)).astype(np.float32)
    whole, cut = CycleEnergies(), CycleEnergies()
    whole.push(bands)
    for part in np.split(bands, np.cumsum(sizes)):
        cut.push(part)
    shift = sum(sizes)
    one, other = measured(whole, shift), measured(cut, shift)
    assert one is not None
    assert other is not None
    assert np.array_equal(one, other)


def test_recent_cycles() -> None:
    """Those since a moment, at most 64 of them; none once forgotten."""
    recent = RecentCycles()
    assert recent.since(0.0).shape == (0, 32)
    recent.push((float(second), np.full(32, second, np.float32)) for second in range(100))
    assert recent.since(97.0)[:, 0].tolist() == [97, 98, 99]
    assert len(recent.since(0.0)) == 64
    recent.push((float(second), np.full(32, second, np.float32)) for second in range(100, 150))
    assert recent.since(0.0)[:, 31].tolist() == list(range(86, 150))
    assert recent.since(148.5)[:, 0].tolist() == [149]
    assert len(recent.since(150.0)) == 0
    recent.clear()
    assert len(recent.since(0.0)) == 0

"""One fit: the same from the same seed, another from another, and it learns what is plain to hear."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="networks are trained with the training extra")

from pathlib import Path

from training.data.cycle_states import AnnotatedSound
from training.data.recording import Recording
from training.fitting.cycle_fit import CycleOptions, fit_cycle_network


def plain_sound() -> AnnotatedSound:
    """Return a minute of beats in which every state has a band of its own."""
    states = np.tile(np.repeat([1, 2, 3, 4], [9, 15, 8, 32]), 75).astype(np.int8)
    bands = np.full((len(states), 12), -12.0, np.float32)
    bands[np.arange(len(states)), states * 2] = -4.0
    return AnnotatedSound(Recording(Path("a.wav"), (), "a", "clinic"), bands, states, np.empty((0, 3)))


def losses(steps: int, seed: int) -> list[float]:
    """Return the losses of a short training."""
    seen: list[float] = []
    options = CycleOptions(steps=steps, batch_size=2, synthetic=0)
    fit_cycle_network([plain_sound()], [], options, seed, seen.append)
    return seen


def test_a_fit_follows_its_seed() -> None:
    """Bit for bit on one machine."""
    assert losses(3, seed=1) == losses(3, seed=1) != losses(3, seed=2)


def test_a_fit_learns() -> None:
    """From a guess of four to less than half of its loss in sixty steps."""
    seen = losses(60, seed=0)
    assert np.mean(seen[:3]) < 2.0
    assert np.mean(seen[-5:]) < 0.5 * np.log(4)

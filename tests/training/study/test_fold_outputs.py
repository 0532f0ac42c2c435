"""Outputs of a fold: windows of held-out recordings, perturbed copies of them, and the file that stores both."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("tensorflow", reason="networks need the training extra")

from monitor.features.spec import HEART
from training.data.audio import Sound, read_sound
from training.data.recording import Recording
from training.fitting.cross_validation import sounds_outputs
from training.study.fold_outputs import (
    FoldOutputs,
    PerturbedSets,
    hop_of,
    load_fold,
    recorded_noises,
    save_fold,
    score_fold,
)


@pytest.fixture(scope="module")
def sounds(study_recordings: list[Recording]) -> list[Sound]:
    """Return the sounds of the study's recordings."""
    return [read_sound(recording, HEART) for recording in study_recordings]


def unchanged(waveform: NDArray[np.float32], sample_rate: int = 0, rng: Any = None) -> NDArray[np.float32]:
    """Return a waveform, or images, as they are."""
    return waveform


def silence(waveform: NDArray[np.float32], sample_rate: int, rng: Any) -> NDArray[np.float32]:
    """Return zeros."""
    return np.zeros_like(waveform)


def test_windows_are_those_of_cross_validation(sounds: list[Sound], tiny_network: Callable[..., Any]) -> None:
    """Every second window of an annotated recording, and every window of another."""
    network = tiny_network()
    outputs, perturbed = score_fold(network, np.arange(len(sounds)), sounds, None)
    assert perturbed == {}
    for sound, ours, theirs in zip(sounds, outputs, sounds_outputs(network, sounds), strict=True):
        np.testing.assert_allclose(ours[::2] if hop_of(sound.recording) == 0.5 else ours, theirs, atol=1e-5)


def test_recordings_of_some_sets_are_perturbed(sounds: list[Sound], tiny_network: Callable[..., Any]) -> None:
    """Each perturbation has as many windows; an unchanged recording has the same outputs."""
    sets = PerturbedSets({"as recorded": unchanged, "the same": unchanged, "silence": silence}, {"clinic"})
    held_out = np.array([0, 3, len(sounds) - 3])
    outputs, perturbed = score_fold(tiny_network(), held_out, sounds, sets)
    assert list(perturbed) == ["the same", "silence"]
    assert [sorted(by_row) for by_row in perturbed.values()] == [[0, 3], [0, 3]]
    np.testing.assert_allclose(perturbed["the same"][3], outputs[1], atol=1e-5)
    assert not np.allclose(perturbed["silence"][3], outputs[1])


def test_recorded_noises(study_recordings: list[Recording]) -> None:
    """They are named by the first word of the file name, and part of all perturbations."""
    assert {name: len(noises) for name, noises in recorded_noises(study_recordings).items()} == {"lung": 1, "speech": 1}
    assert "lung at 0 dB" in PerturbedSets.of(study_recordings, {"clinic"}).perturbations


def test_a_fold_is_restored(tmp_path: Path) -> None:
    """Outputs of any length, perturbations and time are read as they were written; a missing file is None."""
    rng = np.random.default_rng(0)
    tables = [rng.standard_normal((count, 4)).astype(np.float32) for count in (1, 3, 2)]
    fold = FoldOutputs(np.array([5, 7, 9]), tables, {"8 bit": {7: tables[2]}, "hum": {9: tables[0]}}, 12.5)
    assert load_fold(tmp_path / "f.npz") is None
    save_fold(fold, tmp_path / "deep" / "f.npz")
    restored = load_fold(tmp_path / "deep" / "f.npz")
    assert restored is not None
    assert (restored.held_out.tolist(), restored.cpu_s) == ([5, 7, 9], 12.5)
    for ours, theirs in zip(restored.outputs, tables, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert {name: list(by_row) for name, by_row in restored.perturbed.items()} == {"8 bit": [7], "hum": [9]}
    np.testing.assert_array_equal(restored.perturbed["8 bit"][7], tables[2])
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["f.npz"]

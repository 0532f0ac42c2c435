"""Windows for the gate are collected fold by fold, each scored by a network that was not trained on it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("tensorflow", reason="networks are trained with the training extra")

from monitor.features.spec import HEART
from monitor.inference.quality_gate import DEFAULT_GATE
from monitor.labels import NON_CARDIAC
from training.calibration import gate, gate_collector
from training.calibration.gate_collector import GateCollector
from training.calibration.gate_windows import GateSound
from training.data.audio import Sound, compute_frames
from training.data.corpus import Corpus
from training.data.recording import Recording
from training.fitting.cross_validation import FoldResult
from training.fitting.recipe import HEART_RECIPE

FOLDS = 2


def sound_of(name: str, label: str, patient: str, source: str) -> Sound:
    """Return a sound of noise with three windows."""
    waveform = np.random.default_rng(len(name)).standard_normal(7 * HEART.sample_rate).astype(np.float32)
    return Sound(Recording(Path(name), (label,), patient, source), compute_frames(waveform, HEART), len(waveform))


SOUNDS = [
    *(
        sound_of(f"{label}{index}.wav", label, f"{label}{index}", "clinic")
        for label in ("normal", "murmur")
        for index in range(2)
    ),
    *(sound_of(f"lung_{index}.wav", NON_CARDIAC, f"lung{index}", "lungs") for index in range(2)),
]
CORPUS = Corpus.of([sound.recording for sound in SOUNDS], SOUNDS)
ROWS = ((0, 2, 4), (1, 3, 5))
EXTRA = [GateSound(sound_of(f"hum{index}.wav", NON_CARDIAC, "", "hum"), "hum", f"hum {index}") for index in range(6)]


def outputs_of(sound: Sound) -> NDArray[np.float32]:
    """Return outputs of three windows that mostly show what the sound is."""
    logit = 4.0 if sound.recording.label == NON_CARDIAC else -4.0
    noise = np.random.default_rng(len(str(sound.recording.path))).standard_normal((3, 3))
    return (noise + np.array([0.0, 0.0, logit])).astype(np.float32)


def fold_of(fold: int, repeat: int = 0) -> FoldResult:
    """Return a fold with its outputs; the network is the number of the fold."""
    held_out = np.array(ROWS[fold], np.intp)
    outputs = [outputs_of(SOUNDS[row]) for row in ROWS[fold]]
    return FoldResult(repeat, fold, fold, held_out[:0], held_out, held_out[:0], {}, outputs)


@pytest.fixture
def scored(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, str]]:
    """Return which network scored which sound for the gate alone."""
    calls: list[tuple[int, str]] = []

    def score(network: int, sounds: Sequence[Sound], recipe: Any) -> list[NDArray[np.float32]]:
        calls.extend((network, sound.recording.path.name) for sound in sounds)
        return [outputs_of(sound) for sound in sounds]

    monkeypatch.setattr(gate_collector, "sounds_outputs", score)
    monkeypatch.setattr(gate, "RESAMPLES", 10)
    return calls


def test_every_sound_once(scored: list[tuple[int, str]]) -> None:
    """Held-out recordings have the fold's outputs; each sound for the gate alone is scored by one fold's network."""
    collector = GateCollector(CORPUS, EXTRA, HEART_RECIPE, FOLDS)
    for fold in range(FOLDS):
        collector.add(fold_of(fold))
    fitted, metrics = collector.result()
    assert sorted(name for _, name in scored) == [f"hum{index}.wav" for index in range(6)]
    assert all(EXTRA[int(name[3])].fold(FOLDS) == network for network, name in scored)
    assert metrics is not None
    assert metrics.windows == {"clinic": 12, "hum": 18, "lung": 6}
    assert metrics.auc.value > 0.9
    assert fitted.odds_weight > 0


def test_only_the_first_repeat_counts(scored: list[tuple[int, str]]) -> None:
    """Later repeats hold the same recordings out again, and add nothing."""
    collector = GateCollector(CORPUS, EXTRA, HEART_RECIPE, FOLDS)
    for fold in range(FOLDS):
        collector.add(fold_of(fold))
    before = collector.result()
    collector.add(fold_of(0, repeat=1))
    assert collector.result() == before


@pytest.mark.parametrize("folds", [[], [0]], ids=["no fold", "one fold"])
def test_the_default_gate(scored: list[tuple[int, str]], folds: list[int]) -> None:
    """Without hearts and other sounds in two folds, the gate is the default one and has no metrics."""
    collector = GateCollector(CORPUS, EXTRA, HEART_RECIPE, FOLDS)
    for fold in folds:
        collector.add(fold_of(fold))
    assert collector.result() == (DEFAULT_GATE, None)

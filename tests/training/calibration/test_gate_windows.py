"""Windows for the gate: their kinds and groups, and synthetic sounds that no network was trained on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from monitor.features.spec import HEART
from monitor.labels import NON_CARDIAC
from monitor.synthesis.non_cardiac import GENERATORS
from training.calibration.gate_windows import (
    GateSound,
    build_gate_windows,
    gate_sounds,
    kinds_of,
    synthetic_gate_sounds,
)
from training.data.audio import Sound, compute_frames
from training.data.recording import Recording
from training.examples.synthetic import synthesize_sounds


def noise(name: str, label: str = NON_CARDIAC, patient: str = "", source: str = "mine") -> Recording:
    """Return a recording."""
    return Recording(Path("here") / name, (label,), patient, source)


def sound_of(recording: Recording, seconds: float = 7.0) -> Sound:
    """Return a recording's sound: noise."""
    waveform = np.random.default_rng(0).standard_normal(round(seconds * HEART.sample_rate)).astype(np.float32)
    return Sound(recording, compute_frames(waveform, HEART), len(waveform))


def test_kinds() -> None:
    """A heart has its data set, another sound the first word of its name if shared, or else its data set."""
    recordings = [
        noise("speech_anna.wav"), noise("Speech-2.wav"), noise("lung_1.wav"), noise("17.wav"),
        noise("speech_of_a_heart.wav", "normal", "p1"),
    ]  # fmt: skip
    assert kinds_of(recordings) == ["speech", "speech", "mine, no heart", "mine, no heart", "mine"]


def test_recordings_for_the_gate_alone() -> None:
    """Each has its kind; one without a known patient is a group of its own."""
    sounds = gate_sounds([sound_of(noise("a.wav", "murmur", "p1")), sound_of(noise("b.wav"))])
    assert [(sound.kind, sound.group) for sound in sounds] == [("mine", "p1"), ("mine, no heart", "mine/b.wav")]


def test_a_group_is_in_one_fold() -> None:
    """The group alone decides the fold, always in the same way; all folds occur."""
    sound = sound_of(noise("a.wav"))
    folds = {GateSound(sound, "kind", f"group {index}").fold(5) for index in range(60)}
    assert folds == set(range(5))
    assert GateSound(sound, "a", "group").fold(5) == GateSound(sound, "b", "group").fold(5)


@pytest.mark.parametrize(("per_label", "each", "mixed"), [(0, 0, 0), (2, 1, 1), (60, 2, 6)])
def test_synthetic_sounds(per_label: int, each: int, mixed: int) -> None:
    """A share of those in training, of each kind and of mixtures; each a group of its own and non-cardiac."""
    sounds = synthetic_gate_sounds(per_label, seed=0)
    kinds = [sound.kind for sound in sounds]
    assert len(sounds) == each * len(GENERATORS) + mixed
    assert kinds.count("made hum") == each
    assert kinds.count("made mixtures") == mixed
    assert len({sound.group for sound in sounds}) == len(sounds)
    assert {sound.sound.recording.label for sound in sounds} <= {NON_CARDIAC}


def test_synthetic_sounds_are_not_those_of_training() -> None:
    """With the same seed, no sound is one that a network is trained on."""
    trained = [sound.frames.log_power[:50].tobytes() for sound in synthesize_sounds(NON_CARDIAC, 30, 0, HEART)]
    assert not any(one.sound.frames.log_power[:50].tobytes() in trained for one in synthetic_gate_sounds(30, 0))


def test_windows() -> None:
    """One row per window: the features of the monitor, and the log odds of a heart."""
    sound = sound_of(noise("a.wav"), 7.0)
    outputs = np.array([[0.0, 0.0, 0.0, 5.0], [3.0, -9.0, -9.0, 0.0], [0.0, 0.0, 0.0, 0.0]], np.float32)
    windows = build_gate_windows(sound, outputs, kind="k", group="g", clean=False, fold=2, num_labels=3, hop_s=1.0)
    assert len(windows) == 3
    np.testing.assert_allclose(windows.odds, [np.log(3.0) - 5.0, 3.0, np.log(3.0)], atol=1e-4)
    assert windows.features.shape == (3, 4)
    assert (windows.hearts.any(), windows.clean.any(), set(windows.folds), set(windows.groups)) == (
        False,
        False,
        {2},
        {"g"},
    )


def test_windows_of_a_network_without_non_cardiac_output() -> None:
    """The odds are even."""
    windows = build_gate_windows(
        sound_of(noise("a.wav")), np.zeros((3, 3), np.float32),
        kind="k", group="g", clean=False, fold=0, num_labels=3, hop_s=1.0,
    )  # fmt: skip
    assert windows.odds.tolist() == [0.0, 0.0, 0.0]

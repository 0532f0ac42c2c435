"""What the gate learns from: kinds, groups, and made sounds that no network was trained on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from monitor.features.spec import HEART
from monitor.synthesis.non_cardiac import GENERATORS as MAKERS
from training.calibration.gate_windows import GateSound, gate_sounds, kinds_of, made_gate_sounds, windows_of
from training.data.audio import Sound, frames_of
from training.data.recording import NON_CARDIAC, Recording
from training.examples.synthetic import synthesize_sounds


def noise(name: str, label: str = NON_CARDIAC, patient: str = "", source: str = "mine") -> Recording:
    """Return a recording."""
    return Recording(Path("here") / name, (label,), patient, source)


def sound_of(recording: Recording, seconds: float = 7.0) -> Sound:
    """Return a recording's sound: noise."""
    waveform = np.random.default_rng(0).standard_normal(round(seconds * HEART.sample_rate)).astype(np.float32)
    return Sound(recording, frames_of(waveform, HEART), len(waveform))


def test_kinds() -> None:
    """Hearts are told by their set, other sounds by a first word that they share, or by their set again."""
    recordings = [
        noise("speech_anna.wav"), noise("Speech-2.wav"), noise("lung_1.wav"), noise("17.wav"),
        noise("speech_of_a_heart.wav", "normal", "p1"),
    ]  # fmt: skip
    assert kinds_of(recordings) == ["speech", "speech", "mine, no heart", "mine, no heart", "mine"]


def test_recordings_for_the_gate_alone() -> None:
    """Each has its kind and whether it is a heart; who has no patient stands for himself."""
    found = gate_sounds([sound_of(noise("a.wav", "murmur", "p1")), sound_of(noise("b.wav"))])
    assert [(its.kind, its.group, its.heart) for its in found] == [
        ("mine", "p1", True),
        ("mine, no heart", "mine/b.wav", False),
    ]


def test_a_group_is_in_one_fold() -> None:
    """Whatever the sound, the group decides, the same way every time; all folds come about."""
    sound = sound_of(noise("a.wav"))
    folds = {GateSound(sound, "kind", f"group {number}", heart=False).fold(5) for number in range(60)}
    assert folds == set(range(5))
    assert GateSound(sound, "a", "group", heart=False).fold(5) == GateSound(sound, "b", "group", heart=True).fold(5)


@pytest.mark.parametrize(("made", "each", "mixed"), [(0, 0, 0), (2, 1, 1), (60, 2, 6)])
def test_made_sounds(made: int, each: int, mixed: int) -> None:
    """A share of what the network is given, of each kind and of mixtures; each sound its own group, none a heart."""
    found = made_gate_sounds(made, seed=0)
    kinds = [its.kind for its in found]
    assert len(found) == each * len(MAKERS) + mixed
    assert kinds.count("made hum") == each
    assert kinds.count("made mixtures") == mixed
    assert len({its.group for its in found}) == len(found)
    assert not any(its.heart for its in found)


def test_they_are_no_sounds_of_the_training() -> None:
    """With the same seed, none is a sound that a network is trained on."""
    trained = [its.frames.log_power[:50].tobytes() for its in synthesize_sounds(NON_CARDIAC, 30, 0, HEART)]
    assert not any(its.sound.frames.log_power[:50].tobytes() in trained for its in made_gate_sounds(30, 0))


def test_windows() -> None:
    """One row per window: features as the monitor's, the odds of a heart against none."""
    sound = sound_of(noise("a.wav"), 7.0)
    outputs = np.array([[0.0, 0.0, 0.0, 5.0], [3.0, -9.0, -9.0, 0.0], [0.0, 0.0, 0.0, 0.0]], np.float32)
    its = windows_of(sound, outputs, kind="k", group="g", clean=False, fold=2, num_labels=3, hop_s=1.0)
    assert len(its) == 3
    np.testing.assert_allclose(its.odds, [np.log(3.0) - 5.0, 3.0, np.log(3.0)], atol=1e-4)
    assert its.features.shape == (3, 4)
    assert (its.hearts.any(), its.clean.any(), set(its.folds), set(its.groups)) == (False, False, {2}, {"g"})


def test_windows_of_a_network_that_cannot_tell() -> None:
    """Its odds are even."""
    its = windows_of(
        sound_of(noise("a.wav")), np.zeros((3, 3), np.float32),
        kind="k", group="g", clean=False, fold=0, num_labels=3, hop_s=1.0,
    )  # fmt: skip
    assert its.odds.tolist() == [0.0, 0.0, 0.0]

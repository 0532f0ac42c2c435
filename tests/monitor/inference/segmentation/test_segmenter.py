"""Heart sounds of a stream: those of a synthetic heart, the same however it is cut, later times after a restart."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.errors import BundleError
from monitor.inference.bundle import load_bundle
from monitor.inference.segmentation.cycle_decoder import DecodedSound
from monitor.inference.segmentation.segmenter import CycleModel, CycleSegmenter, Evidence, HeartSound
from monitor.synthesis.parameters import HeartParameters
from monitor.synthesis.phonocardiogram import SyntheticSound, phonocardiogram


@pytest.fixture(scope="module")
def model() -> CycleModel:
    """Return the model of the default bundle."""
    segmentation = load_bundle().segmentation
    assert segmentation is not None
    return segmentation


@pytest.fixture(scope="module")
def heart() -> SyntheticSound:
    """Return twelve seconds of a clear heart at 72 beats per minute."""
    return phonocardiogram(12.0, HeartParameters(), np.random.default_rng(4))


def found(model: CycleModel, waveform: NDArray[np.float32], cuts: list[int]) -> list[HeartSound]:
    """Return all heart sounds of a sound in parts."""
    segmenter = CycleSegmenter(model)
    return [sound for part in np.split(waveform, cuts) for sound in segmenter.push(part)] + segmenter.finish()


def test_the_sounds_of_a_clear_heart_are_found(model: CycleModel, heart: SyntheticSound) -> None:
    """From the second beat on, each S1 and S2, as what it is, within 60 ms of its middle, and sure."""
    sounds = [sound for sound in found(model, heart.waveform, []) if sound.at_s > 1.5]
    for is_s1, onsets in ((True, heart.beats.s1_samples), (False, heart.beats.s2_samples)):
        middles = np.array([sound.at_s for sound in sounds if sound.is_s1 == is_s1])
        expected = onsets[(onsets > 1.6 * 4000) & (onsets < 11.5 * 4000)] / 4000 + 0.05
        assert np.abs(middles[:, None] - expected).min(axis=0).max() < 0.06
        assert abs(len(middles) - len(expected)) <= 1
    assert np.mean([sound.confidence for sound in sounds]) > 0.8


@pytest.mark.parametrize("gain_db", [-60, -90, -110])
def test_the_sounds_of_a_heart_in_small_units_are_found(model: CycleModel, heart: SyntheticSound, gain_db: int) -> None:
    """A recording in millivolts, or in the low bits of wide samples, has the same heart sounds."""
    loud = found(model, heart.waveform, [])
    quiet = found(model, (heart.waveform * 10.0 ** (gain_db / 20)).astype(np.float32), [])
    shown = [[sound for sound in sounds if sound.confidence >= model.shown_from] for sounds in (loud, quiet)]
    assert len(shown[1]) >= len(shown[0]) - 2
    for sound in shown[1]:
        assert any(abs(sound.at_s - one.at_s) < 0.06 and sound.is_s1 == one.is_s1 for one in loud)


@pytest.mark.parametrize("cuts", [[1, 77, 4000], list(range(0, 48_000, 1999))])
def test_however_a_sound_is_cut_the_heart_sounds_are_the_same(
    model: CycleModel, heart: SyntheticSound, cuts: list[int]
) -> None:
    """To the last digit of time and confidence."""
    assert found(model, heart.waveform, cuts) == found(model, heart.waveform, [])


def test_after_a_restart_times_go_on(model: CycleModel, heart: SyntheticSound) -> None:
    """What comes is a new sound, at the time at which it comes."""
    segmenter = CycleSegmenter(model)
    segmenter.push(np.zeros(10_000, np.float32))
    segmenter.restart()
    again = [*segmenter.push(heart.waveform), *segmenter.finish()]
    alone = found(model, heart.waveform, [])
    assert [sound.at_s for sound in again] == pytest.approx([sound.at_s + 2.5 for sound in alone])
    assert [sound.confidence for sound in again] == [sound.confidence for sound in alone]


def test_a_heart_sound_is_decided_within_its_look_ahead(model: CycleModel, heart: SyntheticSound) -> None:
    """It needs at most 0.3 s behind its middle, its place by 75 ms, and the rest of a chunk of 0.5 s."""
    segmenter = CycleSegmenter(model)
    for end in range(100, len(heart.waveform), 100):
        for sound in segmenter.push(heart.waveform[end - 100 : end]):
            assert end / 4000 <= sound.heard_s + 0.025
            assert end / 4000 - sound.at_s < 0.3 + 0.075 + 0.5


def test_chunks_end_with_the_hops(model: CycleModel, heart: SyntheticSound) -> None:
    """What a hop of 0.5 s completes is heard with it: each chunk ends 11 ms before a quarter or half of a second."""
    sounds = found(model, heart.waveform, [])
    quarters = np.array([sound.heard_s + 0.011 for sound in sounds]) * 4
    assert np.abs(quarters - np.rint(quarters)).max() < 1e-6
    assert min(sound.heard_s - sound.at_s for sound in sounds) > 0.25


def test_evidence_remembers_the_sounds_before() -> None:
    """After unsure sounds the next one has less behind it."""
    doubtful, sure = (DecodedSound(True, 0.0, probability, 2.0) for probability in (0.2, 0.9))
    after_doubt, after_certainty = Evidence(), Evidence()
    for _ in range(5):
        after_doubt.of(doubtful)
        after_certainty.of(sure)
    assert after_doubt.of(sure)[:2] == after_certainty.of(sure)[:2]
    assert after_doubt.of(sure)[2] < after_certainty.of(sure)[2]


@pytest.mark.parametrize(
    "change",
    [
        {"delay_frames": -1},
        {"delay_frames": 1000},
        {"confidence": {"weights": [1.0, 2.0], "shown_from": 0.5}},
        {"confidence": {"weights": [1.0, 2.0, 3.0, 4.0], "shown_from": 1.5}},
        {"confidence": {"weights": [1.0, 2.0, 3.0, 4.0]}},
        {"check": "no numbers"},
    ],
)
def test_settings_out_of_range_are_refused(change: dict[str, Any]) -> None:
    """Each is an error that a bundle's loading turns into its own."""
    bundle = load_bundle()
    content = (bundle.path / "segmentation.tflite").read_bytes()
    with pytest.raises((KeyError, TypeError, ValueError)):
        CycleModel.from_json(content, {**bundle.settings["segmentation"], **change})


def test_another_network_than_was_shipped_is_refused() -> None:
    """The self-check compares probabilities."""
    bundle = load_bundle()
    content = (bundle.path / "segmentation.tflite").read_bytes()
    with pytest.raises(BundleError, match="other probabilities"):
        CycleModel.from_json(content, {**bundle.settings["segmentation"], "check": [0.25, 0.25, 0.25, 0.25]})


def test_confidence_stays_a_probability(model: CycleModel) -> None:
    """However extreme the evidence."""
    extreme = dataclasses.replace(model, weights=(1e9, 0.0, 0.0, 0.0))
    assert 0.0 <= extreme.confidence((-1.0, 0.0, 0.0)) < extreme.confidence((1.0, 0.0, 0.0)) <= 1.0

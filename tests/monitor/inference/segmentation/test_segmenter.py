"""Heart sounds of a stream: those of a synthetic heart, the same however it is cut, later times after a restart."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.errors import BundleError
from monitor.features.compiled.library import library
from monitor.features.sound_bands import StreamingBands
from monitor.inference.bundle import load_bundle
from monitor.inference.segmentation.cycle_network import LEAD_FRAMES
from monitor.inference.segmentation.segmenter import CycleModel, CycleSegmenter, HeartSound
from monitor.synthesis.parameters import HeartParameters
from monitor.synthesis.phonocardiogram import SyntheticSound, phonocardiogram

pytestmark = pytest.mark.usefixtures("front_end")


@pytest.fixture(scope="module")
def model(front_end: str) -> CycleModel:
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


HOPS = list(range(2000, 48_000, 2000))


@pytest.mark.parametrize(
    "cuts",
    [
        [1, 77, 4000],
        list(range(0, 48_000, 1999)),
        HOPS,
        [*range(30, 48_000, 2000)],
        [2000, 4000, 4100, *range(6000, 20_000, 2000), 20_700, *HOPS[11:]],
    ],
    ids=["few", "odd", "hops", "late hops", "hops and others"],
)
def test_however_a_sound_is_cut_the_heart_sounds_are_the_same(
    model: CycleModel, heart: SyntheticSound, cuts: list[int]
) -> None:
    """To the last digit of time and confidence."""
    assert found(model, heart.waveform, cuts) == found(model, heart.waveform, [])


@pytest.mark.parametrize("gain", [1e-5, 1e-3])
def test_quiet_sound_in_hops_too(model: CycleModel, heart: SyntheticSound, gain: float) -> None:
    """Where some frames, or all, are too quiet to be heard in one call."""
    sound = heart.waveform * np.where(np.arange(len(heart.waveform)) // 11_000 % 2, gain, 1.0)
    for waveform in (sound, gain * heart.waveform):
        waveform = waveform.astype(np.float32)
        assert found(model, waveform, HOPS) == found(model, waveform, [])


def test_all_but_the_first_hop_are_heard_in_one_call(
    model: CycleModel, heart: SyntheticSound, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where C does all of it."""
    if library() is None:
        pytest.skip("NumPy does it")
    segmenter, hops = CycleSegmenter(model), np.split(heart.waveform, HOPS)
    segmenter.push(hops[0])
    monkeypatch.setattr(StreamingBands, "push", None)  # cannot be called
    for number, hop in enumerate(hops[1:], 2):
        segmenter.push(hop)
        assert segmenter.latest_bands.shape == (40, 12)
        assert segmenter._bands.num_frames + LEAD_FRAMES == segmenter._network.num_heard == 40 * number


@pytest.mark.parametrize("cuts", [[100], HOPS], ids=["whole", "hops"])
def test_sound_of_infinite_power_is_an_error(model: CycleModel, heart: SyntheticSound, cuts: list[int]) -> None:
    """However it is pushed."""
    waveform = heart.waveform.copy()
    waveform[9000:9400] = 1e25
    with pytest.raises(BundleError, match="NaN or infinity"), np.errstate(all="ignore"):
        found(model, waveform, cuts)


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

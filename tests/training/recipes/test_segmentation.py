"""The segmentation recipe: folds by patient, each measured by a network that never heard it; confidence likewise."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

pytest.importorskip("tensorflow", reason="networks are trained with the training extra")

from monitor.errors import DataError
from monitor.features.sound_bands import StreamingBands
from monitor.inference.bundle import load_bundle
from monitor.inference.segmentation.segmenter import CycleModel
from monitor.synthesis.parameters import HeartParameters
from monitor.synthesis.phonocardiogram import phonocardiogram
from training.data.cycle_states import AnnotatedSound, states_of
from training.data.recording import Recording
from training.examples.cycle_crops import synthetic_annotations
from training.fitting.checkpoints import FoldCheckpoints
from training.fitting.cycle_fit import CycleOptions
from training.progress import SilentProgress
from training.recipes import segmentation
from training.recipes.segmentation import ALL, Repeat, assess, folds_of_sounds, read_sounds, train_segmentation

OPTIONS = CycleOptions(steps=2, batch_size=2, synthetic=0, folds=2)


def heart(patient: str, seed: int) -> AnnotatedSound:
    """Return ten seconds of a synthetic heart."""
    sound = phonocardiogram(10.0, HeartParameters(), np.random.default_rng(seed))
    bands = StreamingBands().push(sound.waveform)
    annotations = synthetic_annotations(sound)
    recording = Recording(Path(f"{patient}-{seed}.wav"), ("normal",), patient, "clinic")
    return AnnotatedSound(recording, bands, states_of(annotations, len(bands)), annotations)


def noise(source: str) -> AnnotatedSound:
    """Return five seconds of noise."""
    bands = np.random.default_rng(len(source)).normal(-9, 1, (400, 12)).astype(np.float32)
    recording = Recording(Path(f"{source}.wav"), ("not-heart",), f"noise/{source}", "noises")
    return AnnotatedSound(recording, bands, np.zeros(400, np.int8), np.empty((0, 3)))


@pytest.fixture(scope="module")
def hearts() -> list[AnnotatedSound]:
    """Return two recordings of each of three patients."""
    return [heart(patient, seed) for seed, patient in enumerate("aabbcc")]


@pytest.fixture(scope="module")
def shipped() -> bytes:
    """Return the network of the default bundle."""
    return (load_bundle().path / "segmentation.tflite").read_bytes()


def test_recordings_of_a_patient_are_in_one_fold(hearts: list[AnnotatedSound]) -> None:
    """And every fold has some."""
    folds = folds_of_sounds(hearts, 3, seed=0)
    assert folds[::2].tolist() == folds[1::2].tolist()
    assert sorted(folds[::2].tolist()) == [0, 1, 2]


def test_a_network_never_hears_those_that_it_is_measured_on(
    hearts: list[AnnotatedSound], shipped: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each fold is trained on the other patients; the last network on all."""
    heard: list[set[str]] = []
    heard_noise: list[int] = []

    def fit(sounds: Sequence[AnnotatedSound], noises: Sequence[Any], *_: Any) -> bytes:
        heard.append({sound.recording.patient for sound in sounds})
        heard_noise.append(len(noises))
        return shipped

    monkeypatch.setattr(segmentation, "read_sounds", lambda *_: [*hearts, noise("rain"), noise("dog")])
    monkeypatch.setattr(segmentation, "fit_cycle_network", fit)
    monkeypatch.setattr(segmentation, "convert_cycle_network", lambda content: content)
    result = train_segmentation([], OPTIONS, SilentProgress())
    assert heard[-1] == {"a", "b", "c"}
    assert heard[0] | heard[1] == {"a", "b", "c"}
    assert all(len(patients) < 3 for patients in heard[:2])
    assert heard_noise == [1, 1, 2]
    assert [len(rows) for rows in result.rows] == [6]
    assert 0 <= result.metrics["noise"].value <= 1
    assert result.to_json()["patients"] == 3


def test_figures_are_the_mean_of_the_repeats(
    hearts: list[AnnotatedSound], shipped: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each repeat has folds of its own; the network of all patients is trained once."""
    trained: list[int] = []

    def fit(
        sounds: Sequence[AnnotatedSound], noises: Sequence[Any], options: CycleOptions, seed: int, *_: Any
    ) -> bytes:
        trained.append(seed)
        return shipped

    monkeypatch.setattr(segmentation, "read_sounds", lambda *_: hearts)
    monkeypatch.setattr(segmentation, "fit_cycle_network", fit)
    monkeypatch.setattr(segmentation, "convert_cycle_network", lambda content: content)
    twice = train_segmentation([], dataclasses.replace(OPTIONS, repeats=2), SilentProgress())
    assert len(trained) == len(set(trained)) == 5
    once = train_segmentation([], OPTIONS, SilentProgress())
    assert twice.metrics["f1_s1"].value == pytest.approx(once.metrics["f1_s1"].value)
    assert [len(rows) for rows in twice.rows] == [6, 6]


def test_an_interrupted_training_goes_on(
    hearts: list[AnnotatedSound], shipped: bytes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What was trained before the interruption is not trained again; the result is that of one that was not."""
    trained: list[int] = []

    def fit(
        sounds: Sequence[AnnotatedSound], noises: Sequence[Any], options: CycleOptions, seed: int, *_: Any
    ) -> bytes:
        if len(trained) == ends_at:
            raise KeyboardInterrupt
        trained.append(seed)
        return shipped

    monkeypatch.setattr(segmentation, "read_sounds", lambda *_: hearts)
    monkeypatch.setattr(segmentation, "fit_cycle_network", fit)
    monkeypatch.setattr(segmentation, "convert_cycle_network", lambda content: content)
    options, folder = dataclasses.replace(OPTIONS, repeats=2), tmp_path / "mine.segmentation.training"
    ends_at = 4
    with pytest.raises(KeyboardInterrupt):
        train_segmentation([], options, SilentProgress(), FoldCheckpoints(folder, {}, resume=False))
    resumed, ends_at = FoldCheckpoints(folder, {}, resume=True), 5
    assert len(resumed) == 4
    result = train_segmentation([], options, SilentProgress(), resumed)
    assert len(trained) == len(set(trained)) == 5
    ends_at = 10
    assert result.to_json() == train_segmentation([], options, SilentProgress()).to_json()


def test_a_source_of_noise_is_in_one_fold(hearts: list[AnnotatedSound]) -> None:
    """And the folds of the hearts are the same with noise and without."""
    sounds = [*hearts, *(noise(source) for source in "rrssttuu")]
    folds = folds_of_sounds(sounds, 3, seed=0)
    assert folds[:6].tolist() == folds_of_sounds(hearts, 3, seed=0).tolist()
    assert folds[6::2].tolist() == folds[7::2].tolist()
    assert set(folds[6:].tolist()) == {0, 1, 2}


def test_what_goes_into_a_bundle_can_be_loaded(hearts: list[AnnotatedSound], shipped: bytes) -> None:
    """The settings are plain JSON, and the network passes its self-check with them."""
    folds = folds_of_sounds(hearts, 2, seed=0)
    result = assess([Repeat(folds, {0: shipped, 1: shipped, ALL: shipped})], hearts, OPTIONS)
    values = json.loads(json.dumps(result.to_json(), allow_nan=False))
    model = CycleModel.from_json(shipped, values)
    assert model.shown_from == pytest.approx(result.shown_from, abs=1e-6)
    assert values["held_out_recordings"] == 6
    assert values["held_out_folds"] == 2
    assert values["patients"] == 3
    assert 0 < values["annotated_s"] < values["total_s"]
    assert values["metrics"]["f1_s1"]["value"] > 0.8


def test_a_fold_that_is_missing_does_not_count(hearts: list[AnnotatedSound], shipped: bytes) -> None:
    """Only recordings with a network that never heard them are measured."""
    folds = folds_of_sounds(hearts, 2, seed=0)
    result = assess([Repeat(folds, {0: shipped, ALL: shipped})], hearts, OPTIONS)
    assert len(result.rows[0]) == int((folds == 0).sum())


def test_annotations_that_do_not_fit_are_said(tmp_path: Path) -> None:
    """A recording that is not there is left out; if nothing is left, that is an error."""
    gone = Recording(tmp_path / "gone.wav", ("normal",), "a", "clinic")
    with pytest.raises(DataError, match="no annotation lies in its recording"):
        read_sounds([gone], SilentProgress())


def test_what_is_made_for_training_belongs_to_its_recording(tmp_path: Path) -> None:
    """Tempi and diastolic murmurs of each annotated heart without a murmur; none where they are not wanted."""
    sound = phonocardiogram(10.0, HeartParameters(), np.random.default_rng(0))
    recording = Recording(tmp_path / "1_AV.wav", ("normal",), "1", "clinic")
    soundfile.write(recording.path, sound.waveform, sound.sample_rate)
    rows = synthetic_annotations(sound)
    recording.path.with_suffix(".tsv").write_text("\n".join(f"{a}\t{b}\t{state:.0f}" for a, b, state in rows) + "\n")
    (with_made,), (plain,) = (read_sounds([recording], SilentProgress(), variants) for variants in (2, 0))
    assert len(with_made.variants) == 2
    assert len(with_made.made) == 2
    assert {one.recording.patient for one in with_made.made} == {"1"}
    assert plain.variants == plain.made == ()

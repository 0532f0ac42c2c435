"""The segmentation recipe: folds by patient, each measured by a network that never heard it; confidence likewise."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

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
from training.fitting.cycle_fit import CycleOptions
from training.progress import SilentProgress
from training.recipes import segmentation
from training.recipes.segmentation import ALL, assess, folds_of_sounds, read_sounds, train_segmentation

OPTIONS = CycleOptions(steps=2, batch_size=2, synthetic=0, folds=2)


def heart(patient: str, seed: int) -> AnnotatedSound:
    """Return ten seconds of a synthetic heart."""
    sound = phonocardiogram(10.0, HeartParameters(), np.random.default_rng(seed))
    bands = StreamingBands().push(sound.waveform)
    annotations = synthetic_annotations(sound)
    recording = Recording(Path(f"{patient}-{seed}.wav"), ("normal",), patient, "clinic")
    return AnnotatedSound(recording, bands, states_of(annotations, len(bands)), annotations)


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

    def fit(sounds: Sequence[AnnotatedSound], *_: Any) -> bytes:
        heard.append({sound.recording.patient for sound in sounds})
        return shipped

    monkeypatch.setattr(segmentation, "read_sounds", lambda recordings, progress: hearts)
    monkeypatch.setattr(segmentation, "fit_cycle_network", fit)
    monkeypatch.setattr(segmentation, "convert_cycle_network", lambda content: content)
    result = train_segmentation([], OPTIONS, SilentProgress())
    assert heard[-1] == {"a", "b", "c"}
    assert heard[0] | heard[1] == {"a", "b", "c"}
    assert all(len(patients) < 3 for patients in heard[:2])
    assert len(result.rows) == 6


def test_what_goes_into_a_bundle_can_be_loaded(hearts: list[AnnotatedSound], shipped: bytes) -> None:
    """The settings are plain JSON, and the network passes its self-check with them."""
    folds = folds_of_sounds(hearts, 2, seed=0)
    result = assess({0: shipped, 1: shipped, ALL: shipped}, hearts, folds, OPTIONS)
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
    result = assess({0: shipped, ALL: shipped}, hearts, folds, OPTIONS)
    assert len(result.rows) == int((folds == 0).sum())


def test_annotations_that_do_not_fit_are_said(tmp_path: Path) -> None:
    """A recording that is not there is left out; if nothing is left, that is an error."""
    gone = Recording(tmp_path / "gone.wav", ("normal",), "a", "clinic")
    with pytest.raises(DataError, match="no annotation lies in its recording"):
        read_sounds([gone], SilentProgress())

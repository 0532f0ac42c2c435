"""Windows of annotated recordings get the scores that the bundle gives them, and the rhythm of the annotations."""

from __future__ import annotations

import dataclasses
import itertools
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from monitor.features.article_image import ARTICLE
from monitor.features.spec import HEART, SpectrogramSpec
from monitor.inference.bundle import Bundle
from monitor.inference.calibration import Calibration
from monitor.inference.thresholds import DecisionThresholds
from monitor.inference.window_scorer import WindowScorer
from monitor.synthesis.phonocardiogram import phonocardiogram
from monitor.synthesis.random_parameters import random_parameters
from training.data.recording import Recording
from training.evaluation.annotated_windows import score_annotated_windows
from training.progress import OnStep, SilentProgress

LABELS = ("normal", "murmur", "extrastole")


class MeanEngine:
    """An engine whose outputs are means of parts of the image."""

    def outputs(self, image: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return three logits."""
        return image.reshape(3, -1).mean(axis=1)

    def copy(self) -> MeanEngine:
        """Return this engine, which has no state."""
        return self


class RecordingProgress(SilentProgress):
    """Progress that records stages and steps."""

    def __init__(self) -> None:
        self.stages: list[tuple[str, int]] = []
        self.steps = 0

    def stage(self, name: str, total: int) -> OnStep:
        """Record the stage."""
        self.stages.append((name, total))

        def on_step(loss: float, validation_loss: float = 0.0, /) -> None:
            self.steps += 1

        return on_step


def bundle_of(spec: SpectrogramSpec = HEART, labels: tuple[str, ...] = LABELS) -> Bundle:
    """Return a bundle around a plain engine."""
    return Bundle("plain", Path(), labels, spec, Calibration(), DecisionThresholds(), {}, "0" * 64, MeanEngine())


@pytest.fixture
def recordings(tmp_path: Path) -> list[Recording]:
    """Return two recordings of 12 s with annotations, of which the second has an ectopic beat, and one without."""
    result = []
    for index in range(3):
        rng = np.random.default_rng(index)
        path = tmp_path / f"{index}.wav"
        soundfile.write(path, phonocardiogram(12.0, random_parameters(rng, label="normal"), rng).waveform, 4000)
        result.append(Recording(path, ("normal",), f"p{index}", "clinic"))
    regular = 0.8 * np.arange(17)  # beyond the end
    for index, onsets in enumerate((regular, np.r_[regular[:7], 5.3, regular[8:]])):
        lines = [
            f"{start + 0.1 * state}\t{end if state == 3 else start + 0.1 * (state + 1)}\t{state + 1}"
            for start, end in itertools.pairwise(onsets)
            for state in range(4)
        ]
        (tmp_path / f"{index}.tsv").write_text("\n".join(lines) + "\n")
    return result


def test_scores_are_those_of_the_bundle(recordings: list[Recording]) -> None:
    """Each window has the calibrated score of an extrasystole that the window scorer gives it, in order."""
    bundle = bundle_of()
    annotated = score_annotated_windows(recordings, bundle, SilentProgress())
    assert annotated is not None
    expected = []
    for recording in recordings[:2]:
        sound = soundfile.read(recording.path, dtype="float32")[0]
        windows = WindowScorer(bundle, 4000, 0.5).score_blocks([sound])
        expected += [window.scores["extrastole"] for window in windows]
    assert annotated.score == pytest.approx(np.array(expected), abs=1e-9)
    assert list(annotated.patients) == ["p0"] * 15 + ["p1"] * 15
    assert set(annotated.recordings) == {str(recording.path) for recording in recordings[:2]}


def test_the_rhythm_is_that_of_the_annotations(recordings: list[Recording]) -> None:
    """The regular recording has regular windows alone; an ectopic beat is in some windows of the other one."""
    annotated = score_annotated_windows(recordings, bundle_of(), SilentProgress())
    assert annotated is not None
    premature, regular = annotated.of_kind("premature"), annotated.of_kind("regular")
    first = np.array([patient == "p0" for patient in annotated.patients])
    assert regular[first].all()
    assert not premature[first].any()
    assert premature[~first].any()
    assert not premature[~first].all()


def test_progress_counts_the_annotated_recordings(recordings: list[Recording]) -> None:
    """One stage, with a step for each recording that has annotations."""
    progress = RecordingProgress()
    score_annotated_windows(recordings, bundle_of(), progress)
    assert progress.stages == [("scoring annotated windows", 2)]
    assert progress.steps == 2


@pytest.mark.parametrize(
    "bundle",
    [
        bundle_of(labels=("normal", "murmur", "other")),
        bundle_of(dataclasses.replace(HEART, window_s=4.0)),
        bundle_of(dataclasses.replace(HEART, frame_hop_s=0.03, hop_s=0.3)),
    ],
    ids=["no extrasystole", "other window", "other hop"],
)
def test_a_bundle_that_does_not_fit(recordings: list[Recording], bundle: Bundle) -> None:
    """Without the label, or on another grid of windows, nothing is scored."""
    assert score_annotated_windows(recordings, bundle, SilentProgress()) is None


def test_the_article_fits(recordings: list[Recording]) -> None:
    """The article's windows are 5 s long and may start anywhere, so they are scored too."""
    annotated = score_annotated_windows(recordings[:1], bundle_of(ARTICLE), SilentProgress())
    assert annotated is not None
    assert len(annotated) == 15


def test_no_annotations(recordings: list[Recording]) -> None:
    """Without annotations beside any recording there are no windows."""
    assert score_annotated_windows(recordings[2:], bundle_of(), SilentProgress()) is None

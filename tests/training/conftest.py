"""Fixtures of the tests of training: a folder of synthetic recordings, and an evaluation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from monitor.features.spec import HEART
from monitor.inference.bundle import Bundle
from monitor.inference.calibration import Calibration
from monitor.inference.thresholds import DecisionThresholds
from monitor.synthesis.phonocardiogram import phonocardiogram
from monitor.synthesis.random_parameters import random_parameters
from training.calibration import gate, scores
from training.data.recording import Recording
from training.evaluation import cross_validated
from training.evaluation.bootstrap import Bootstrap
from training.evaluation.evaluation import Evaluation, EvaluationInfo, evaluate, evaluation_info
from training.evaluation.scoring import ScoredRecording

LABELS = ("normal", "murmur", "extrastole")
PATIENTS = 6


@pytest.fixture(scope="session")
def made_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder per label, in it one per patient with a synthetic recording, some shorter than a window."""
    folder = tmp_path_factory.mktemp("made") / "clinic"
    for kind, label in enumerate(LABELS):
        for patient in range(PATIENTS):
            (folder / label / f"p{kind}{patient}").mkdir(parents=True)
            rng = np.random.default_rng([kind, patient])
            duration_s = 2.5 if patient % 3 == 0 else 6.2
            sound = phonocardiogram(duration_s, random_parameters(rng, label=label), rng)
            soundfile.write(folder / label / f"p{kind}{patient}" / "a.wav", sound.waveform, sound.sample_rate)
    return folder


def draw_less(patch: pytest.MonkeyPatch) -> None:
    """Resample patients 20 times instead of 1000 and try 3 temperatures instead of 43; values stay the same."""
    patch.setattr(cross_validated, "RESAMPLES", 20)
    patch.setattr(gate, "RESAMPLES", 20)
    patch.setattr(scores, "TEMPERATURES", np.array([0.5, 1.0, 2.0]))


@pytest.fixture
def quick_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make metrics quick, where they are not what is tested."""
    draw_less(monkeypatch)


@pytest.fixture(scope="module")
def quick_figures_in_module() -> Iterator[None]:
    """Make metrics quick in a whole file."""
    with pytest.MonkeyPatch.context() as patch:
        draw_less(patch)
        yield


MakeScored = Callable[..., ScoredRecording]


@pytest.fixture(scope="session")
def make_scored() -> MakeScored:
    """Return a function that builds a scored recording from labels, scores, patient and further facts."""

    def make(labels: str, scores: tuple[float, ...], patient: str = "p", **more: Any) -> ScoredRecording:
        name = more.pop("name", f"{patient}.wav")
        source, noisy = more.pop("source", "clinic"), more.pop("noisy", None)
        recording = Recording(Path(name), tuple(labels.split(" or ")), patient, source, noisy)
        facts = {"heart": 0.9, "num_withheld": 0, "num_windows": 2, "duration_s": 6.0, **more}
        return ScoredRecording(recording, scores, **facts)

    return make


@pytest.fixture(scope="session")
def scored_set(make_scored: MakeScored) -> list[ScoredRecording]:
    """Return 60 scored recordings of 20 patients, mostly right, and 4 non-cardiac sounds."""
    rng = np.random.default_rng(0)
    scored = []
    for index in range(60):
        label = index % 3 if index < 30 else 0
        scores = 0.6 * rng.dirichlet((1.0, 1.0, 1.0)) + 0.4 * np.eye(3)[label]
        more = {"noisy": index % 4 == 0, "duration_s": (3.0, 7.0, 20.0)[index % 3]}
        name = f"{LABELS[label]}_{index}_{'ABCD'[index % 4]}.wav"
        scored.append(make_scored(LABELS[label], tuple(scores.tolist()), f"p{index // 3}", name=name, **more))
    for index in range(4):
        withheld = {"heart": 0.1, "num_withheld": 2, "name": f"cough{index}.wav"}
        scored.append(make_scored("not-heart", (0.4, 0.3, 0.3), f"n{index}", source="coughs", **withheld))
    return scored


@pytest.fixture(scope="session")
def evaluation(scored_set: list[ScoredRecording]) -> Evaluation:
    """Return the evaluation of the scored set; nothing of it was seen in training."""
    return evaluate(scored_set, evaluation_info_of(scored_set), Bootstrap(0, 50))


@pytest.fixture(scope="session")
def seen_evaluation(scored_set: list[ScoredRecording]) -> Evaluation:
    """Return the same evaluation where the bundle was trained on the set `clinic`."""
    return evaluate(scored_set, evaluation_info_of(scored_set, seen="clinic"), Bootstrap(0, 50))


@pytest.fixture(scope="session")
def make_info() -> Callable[..., EvaluationInfo]:
    """Return a function that describes an evaluation."""
    return evaluation_info_of


def evaluation_info_of(scored: Sequence[ScoredRecording], seen: str = "nothing", **more: Any) -> EvaluationInfo:
    """Return the description of an evaluation, for a bundle that was trained on one set."""
    bundle = Bundle(
        name="plain",
        path=Path("plain"),
        labels=LABELS,
        spec=HEART,
        calibration=Calibration("softmax", 1.0, (0.0, 0.0, 0.0)),
        decision=DecisionThresholds(),
        settings={"training_data": [{"set": seen, "recordings": 9, "patients": 9, "labels": {}}]},
        model_sha256="0123456789" * 6 + "abcd",
        engine=None,  # type: ignore[arg-type]  # nothing is scored here
    )
    facts = {"hop_s": 1.0, "bootstrap": Bootstrap(0, 50), "left_out": {}, "unreadable": [], **more}
    return evaluation_info(bundle, scored, **facts)

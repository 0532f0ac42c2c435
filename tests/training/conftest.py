"""What tests of training share: a folder of made recordings, small enough to train on in seconds."""

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
    """Return a folder per label, in it one per patient with a made recording, some shorter than a window."""
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
    """Draw patients 20 times instead of 1000 and try 3 temperatures instead of 43: who is counted stays the same."""
    patch.setattr(cross_validated, "RESAMPLES", 20)
    patch.setattr(gate, "RESAMPLES", 20)
    patch.setattr(scores, "TEMPERATURES", np.array([0.5, 1.0, 2.0]))


@pytest.fixture
def quick_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make figures quick, where they are not what is tested."""
    draw_less(monkeypatch)


@pytest.fixture(scope="module")
def quick_figures_in_module() -> Iterator[None]:
    """Make figures quick in a whole file."""
    with pytest.MonkeyPatch.context() as patch:
        draw_less(patch)
        yield


Judge = Callable[..., ScoredRecording]


@pytest.fixture(scope="session")
def judge() -> Judge:
    """Return the maker of judged recordings: labels that it may have, scores, patient, and what else is told."""

    def make(labels: str, scores: tuple[float, ...], patient: str = "p", **told: Any) -> ScoredRecording:
        name = told.pop("name", f"{patient}.wav")
        source, noisy = told.pop("source", "clinic"), told.pop("noisy", None)
        recording = Recording(Path(name), tuple(labels.split(" or ")), patient, source, noisy)
        facts = {"heart": 0.9, "num_withheld": 0, "num_windows": 2, "duration_s": 6.0, **told}
        return ScoredRecording(recording, scores, **facts)

    return make


@pytest.fixture(scope="session")
def judged_set(judge: Judge) -> list[ScoredRecording]:
    """Return 60 judged recordings of 20 patients, mostly right, and 4 sounds that are no heart."""
    rng = np.random.default_rng(0)
    found = []
    for number in range(60):
        label = number % 3 if number < 30 else 0
        scores = 0.6 * rng.dirichlet((1.0, 1.0, 1.0)) + 0.4 * np.eye(3)[label]
        told = {"noisy": number % 4 == 0, "duration_s": (3.0, 7.0, 20.0)[number % 3]}
        name = f"{LABELS[label]}_{number}_{'ABCD'[number % 4]}.wav"
        found.append(judge(LABELS[label], tuple(scores.tolist()), f"p{number // 3}", name=name, **told))
    for number in range(4):
        refused = {"heart": 0.1, "num_withheld": 2, "name": f"cough{number}.wav"}
        found.append(judge("not-heart", (0.4, 0.3, 0.3), f"n{number}", source="coughs", **refused))
    return found


@pytest.fixture(scope="session")
def evaluation(judged_set: list[ScoredRecording]) -> Evaluation:
    """Return the evaluation of the judged set; nothing of it was seen in training."""
    return evaluate(judged_set, facts_about(judged_set), Bootstrap(0, 50))


@pytest.fixture(scope="session")
def seen_evaluation(judged_set: list[ScoredRecording]) -> Evaluation:
    """Return the same evaluation where the bundle was trained on the set `clinic`."""
    return evaluate(judged_set, facts_about(judged_set, seen="clinic"), Bootstrap(0, 50))


@pytest.fixture(scope="session")
def about_set() -> Callable[..., EvaluationInfo]:
    """Return the maker of what an evaluation is about."""
    return facts_about


def facts_about(judged: Sequence[ScoredRecording], seen: str = "nothing", **more: Any) -> EvaluationInfo:
    """Return what an evaluation is about, for a bundle that was trained on one set."""
    bundle = Bundle(
        name="plain",
        path=Path("plain"),
        labels=LABELS,
        spec=HEART,
        calibration=Calibration("softmax", 1.0, (0.0, 0.0, 0.0)),
        decision=DecisionThresholds(),
        settings={"training_data": [{"set": seen, "recordings": 9, "patients": 9, "labels": {}}]},
        model_sha256="0123456789" * 6 + "abcd",
        engine=None,  # type: ignore[arg-type]  # nothing is judged here
    )
    facts = {"hop_s": 1.0, "bootstrap": Bootstrap(0, 50), "left_out": {}, "unreadable": [], **more}
    return evaluation_info(bundle, judged, **facts)

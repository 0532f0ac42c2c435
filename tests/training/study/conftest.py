"""What tests of the study share: recordings of three small data sets, and scores without networks."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile

from monitor.synthesis.phonocardiogram import phonocardiogram
from monitor.synthesis.random_parameters import random_parameters
from training.data.discovery import discover
from training.data.recording import Recording
from training.study.scores import StudyScores

LABELS = ("normal", "murmur", "extrastole")
CIRCOR = "CirCor DigiScope"


@pytest.fixture(scope="session")
def study_recordings(tmp_path_factory: pytest.TempPathFactory) -> list[Recording]:
    """Return 12 fully labelled recordings, 4 partially labelled and annotated ones, and 2 non-cardiac sounds."""
    root = tmp_path_factory.mktemp("study")
    for kind, label in enumerate(LABELS):
        for patient in range(4):
            folder = root / "clinic" / label / f"p{kind}{patient}"
            folder.mkdir(parents=True)
            write_heart(folder / "a.wav", label, [kind, patient], 2.5 if patient == 0 else 6.2)
    folder = root / "circor" / "training_data"
    folder.mkdir(parents=True)
    rows = ["Patient ID,Additional ID,Murmur,Murmur locations"]
    for child in range(4):
        write_heart(folder / f"{70 + child}_AV.wav", "murmur" if child % 2 else "normal", [9, child], 8.0)
        write_annotations(folder / f"{70 + child}_AV.tsv", ectopic=child < 2)
        rows.append(f"{70 + child},nan,{'Present,AV' if child % 2 else 'Absent,nan'}")
    (root / "circor" / "training_data.csv").write_text("\n".join(rows) + "\n")
    (root / "not_heart").mkdir()
    for seed, name in enumerate(("lung_a", "speech_a")):
        noise = 0.1 * np.random.default_rng(seed).standard_normal(24_000)
        soundfile.write(root / "not_heart" / f"{name}.wav", noise, 4000)
    return discover([root / "clinic", root / "circor", root / "not_heart"])


def write_heart(path: Path, label: str, seed: Sequence[int], duration_s: float) -> None:
    """Write a synthetic heart."""
    rng = np.random.default_rng(seed)
    soundfile.write(path, phonocardiogram(duration_s, random_parameters(rng, label=label), rng).waveform, 4000)


def write_annotations(path: Path, *, ectopic: bool) -> None:
    """Write the annotations of a heart at 75 beats a minute; a beat in the middle may be ectopic."""
    onsets = [0.8 * beat for beat in range(11)]
    onsets[5] -= 0.3 if ectopic else 0.0
    lines = []
    for start, end in itertools.pairwise(onsets):
        edges = [start, start + 0.1, start + 0.2, start + 0.3, end]
        lines += [f"{edges[state]:.3f}\t{edges[state + 1]:.3f}\t{state + 1}" for state in range(4)]
    path.write_text("\n".join(lines) + "\n")


@pytest.fixture(scope="session")
def study_scores() -> Callable[..., StudyScores]:
    """Return the maker of a study's scores: seed, number of repeats, and skill of the network."""
    return scores_of


def scores_of(seed: int, repeats: int = 2, skill: float = 0.15, size: int = 60) -> StudyScores:
    """Return scores of recordings of set B and of CirCor, and of windows, right more often than not."""
    rng = np.random.default_rng(seed)
    ground_truth = np.arange(size) % 3
    target = np.concatenate([np.eye(3)[ground_truth], np.eye(3)[[0, 1] * 10]])
    scores = [(1 - skill) * rng.dirichlet((1, 1, 1), size + 20) + skill * target for _ in range(repeats)]
    kinds = np.array(["premature|short_interval", "regular", "", "regular"] * 10)
    window_scores = [rng.random(40) + skill * (kinds == "premature|short_interval") for _ in range(repeats)]
    return StudyScores(
        labels=LABELS,
        fully_labelled=("PASCAL set B",),
        names=np.array([f"{row}.wav" for row in range(size + 20)]),
        sources=np.array(["PASCAL set B"] * size + [CIRCOR] * 20),
        patients=np.array([f"b{row // 2}" for row in range(size)] + [f"c{row}" for row in range(20)]),
        may_be=np.array([LABELS[label] for label in ground_truth] + ["normal|extrastole", "murmur"] * 10),
        noisy=np.array([1, 0] * (size // 2) + [-1] * 20, np.int8),
        scores=np.stack(scores).astype(np.float32),
        audible=np.stack([of_seed[:, 2] ** 2 for of_seed in scores]).astype(np.float32),
        window_names=np.array([f"{row // 8}.wav" for row in range(40)]),
        window_patients=np.array([f"c{row // 8}" for row in range(40)]),
        window_kinds=kinds,
        window_scores=np.stack(window_scores).astype(np.float32),
    )

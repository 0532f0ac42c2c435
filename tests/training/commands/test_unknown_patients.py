"""Recordings of unknown patients train with --patients none, and no metric includes them."""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="networks are trained with the training extra")

from monitor.features.article_image import ARTICLE
from training.commands import train
from training.data.audio import Sound
from training.data.discovery import discover
from training.data.folds import with_patients
from training.data.recording import Recording, count_by_set
from training.examples.mixture import Mixture, mix
from training.fitting import heart_fit
from training.fitting.recipe import HeartRecipe
from training.fitting.trainer import TrainingHistory
from training.progress import SilentProgress
from training.recipes import article, heart

DONE = TrainingHistory(((150, 0.1),), (), 150, complete=True)


@pytest.fixture
def recordings(made_folder: Path, tmp_path: Path) -> list[Recording]:
    """Return 18 recordings of 18 patients, 6 of unknown patients, and one that cannot be read."""
    street = tmp_path / "street"
    for kind, label in enumerate(("normal", "murmur", "extrastole")):
        (street / label).mkdir(parents=True)
        for index in (1, 2):
            shutil.copy(made_folder / label / f"p{kind}{index}" / "a.wav", street / label / f"{index}.wav")
    (street / "normal" / "bad.wav").touch()
    return with_patients(discover([made_folder, street]), "none")


def check(result: heart.TrainingResult, err: str) -> None:
    """Check that metrics are of the known patients alone, and that the unreadable file has its line."""
    assert (result.evidence.num_recordings, result.evidence.num_patients) == (18, 18)
    described = [(data["set"], data["recordings"], data["patients"]) for data in count_by_set(result.recordings)]
    assert described == [("clinic", 18, 18), ("street", 6, 0)]
    left_out = [line for line in err.splitlines() if line.startswith("auscult: left out: ")]
    assert len(left_out) == 1
    assert left_out[0].endswith("bad.wav: is empty (0 bytes)")


@pytest.mark.usefixtures("quick_figures")
def test_our_recipe(
    recordings: list[Recording],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tiny_network: Callable[..., Any],
) -> None:
    """They train in every fold and are never held out; a damaged file is left out."""
    monkeypatch.setattr(heart_fit, "heart_network", tiny_network)
    counts: list[int] = []

    def counting_mix(sounds: Sequence[Sound], *rest: Any) -> Mixture:
        counts.append(sum(not sound.recording.patient for sound in sounds))
        return mix(sounds, *rest)

    options = heart.HeartOptions(folds=2, pretrain_steps=1, steps=1, synthetic_per_label=1, batch_size=2)
    result = heart.train_heart(recordings, options, SilentProgress(), recipe=HeartRecipe(mix=counting_mix))
    check(result, capsys.readouterr().err)
    assert set(counts) == {6}


@pytest.mark.usefixtures("quick_figures")
def test_the_articles_recipe(
    recordings: list[Recording], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The baseline is split in the same way, and leaves the damaged file out too."""
    blank = np.zeros(ARTICLE.shape, np.float32)
    counts: list[int] = []
    monkeypatch.setattr(article, "article_image", lambda waveform, spec: blank)
    monkeypatch.setattr(article, "fit_article", lambda images, *rest, **how: (counts.append(len(images)), DONE))
    monkeypatch.setattr(article, "outputs_of", lambda network, images: np.full((len(images), 3), 0.5))
    check(
        article.train_article(recordings, article.ArticleOptions(folds=2), SilentProgress()),
        capsys.readouterr().err,
    )
    assert counts == [9 + 6, 9 + 6, 18 + 6]


def test_the_choice_is_recorded() -> None:
    """The recorded command has --patients where it is not the default."""
    for choice, words in (("auto", []), ("file", ["--patients", "file"])):
        assert train._recorded(argparse.Namespace(patients=choice), "patients") == words

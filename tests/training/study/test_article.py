"""The article's recipe on a study's folds: trained on certain labels, scored on whole recordings and windows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("tensorflow", reason="networks need the training extra")

from monitor.features.article_image import ARTICLE, article_image
from training.data.corpus import Corpus
from training.data.recording import Recording
from training.fitting.cross_validation import fold_plans
from training.fitting.trainer import TrainingHistory, outputs_of
from training.progress import SilentProgress
from training.recipes.article import ArticleOptions, article_waveform, fold_seed, read_images
from training.study import article
from training.study.article import run_article_fold


def test_a_fold(
    study_recordings: list[Recording], tiny_network: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It trains on fully labelled hearts with the fold's seed; an annotated recording has its windows behind it."""
    network = tiny_network()
    fits: list[tuple[int, list[int], int]] = []

    def fit(
        images: NDArray[np.float32], ground_truth: NDArray[np.intp], num_labels: int, *rest: Any, **how: Any
    ) -> Any:
        fits.append((len(images), ground_truth.tolist(), how["seed"]))
        return network, TrainingHistory((), (), 0, complete=True)

    monkeypatch.setattr(article, "fit_article", fit)
    corpus = Corpus.of(study_recordings)
    plan = fold_plans(corpus, folds=2, repeats=1, seed=3)[1]
    _, images = read_images(study_recordings, SilentProgress())
    fold = run_article_fold(plan, corpus, images, ArticleOptions(), SilentProgress())
    training = [row for row in plan.training.tolist() if study_recordings[row].source == "clinic"]
    assert fits == [(6, corpus.ground_truth(training).tolist(), fold_seed(plan))]
    assert fold_seed(plan) == 3001
    assert fold.held_out.tolist() == plan.held_out.tolist()
    for row, outputs in zip(plan.held_out.tolist(), fold.outputs, strict=True):
        is_annotated = study_recordings[row].source.startswith("CirCor")
        assert len(outputs) == (1 + 7 if is_annotated else 1)
        np.testing.assert_allclose(outputs[0], outputs_of(network, images[row : row + 1])[0], atol=1e-5)
        if is_annotated:
            start = 2 * ARTICLE.hop_samples(0.5)
            window = article_waveform(study_recordings[row])[start : start + ARTICLE.window_samples]
            expected = outputs_of(network, article_image(window, ARTICLE)[None])[0]
            np.testing.assert_allclose(outputs[3], expected, atol=1e-5)

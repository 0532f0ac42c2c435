"""The article's recipe on the folds of a study: the same fit as :mod:`training.recipes.article`.

Needs the training extra.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from monitor.features.article_image import ARTICLE, article_image
from training.data.annotations import RHYTHM_HOP_S, annotations_beside
from training.data.corpus import Corpus
from training.data.recording import Recording
from training.fitting.cross_validation import FoldPlan
from training.fitting.trainer import stream_outputs
from training.progress import Progress
from training.recipes.article import ArticleOptions, article_waveform, fit_article, fold_seed
from training.study.fold_outputs import FoldOutputs

__all__ = ["run_article_fold"]

Images = NDArray[np.float32]


def run_article_fold(
    plan: FoldPlan, corpus: Corpus, images: Images, options: ArticleOptions, progress: Progress
) -> FoldOutputs:
    """Return the outputs for a fold's held-out recordings: of the first 5 s, then of every annotated window.

    Parameters
    ----------
    plan : FoldPlan
    corpus : Corpus
        The hearts of its fully labelled sets are trained on.
    images : ndarray, shape (recordings, 64, 64, 3), float32
        From :func:`training.recipes.article.read_images`.
    options : ArticleOptions
    progress : Progress
    """
    began = time.process_time()
    in_training = set(plan.training.tolist())
    training = [row for row in corpus.heart_rows(fully_labelled=True) if row in in_training]
    network, _ = fit_article(
        images[training],
        corpus.ground_truth(training),
        len(corpus.labels),
        options,
        seed=fold_seed(plan),
        on_step=progress.stage(plan.name, options.epochs),
    )
    held_out = [corpus.recordings[row] for row in plan.held_out.tolist()]
    outputs = stream_outputs(network, _images(held_out, images[plan.held_out]))
    counts = [1 + len(_annotated_starts(recording)) for recording in held_out]
    by_recording = [np.stack([next(outputs) for _ in range(count)]) for count in counts]  # each (windows, labels)
    return FoldOutputs(plan.held_out, by_recording, {}, time.process_time() - began)


def _images(recordings: Sequence[Recording], images: Images) -> Iterator[Images]:
    """Yield the first image of every recording, followed by those of its annotated windows."""
    for recording, image in zip(recordings, images, strict=True):
        yield image
        starts = _annotated_starts(recording)
        waveform = article_waveform(recording) if starts else np.empty(0, np.float32)
        for start in starts:
            yield article_image(waveform[start : start + ARTICLE.window_samples], ARTICLE)


def _annotated_starts(recording: Recording) -> list[int]:
    """Return the first samples of the windows of an annotated recording; none for any other."""
    if annotations_beside(recording) is None:
        return []
    last = len(article_waveform(recording)) - ARTICLE.window_samples
    return list(range(0, last + 1, ARTICLE.hop_samples(RHYTHM_HOP_S)))

"""The article's recipe on the folds of a study: trained on the set that tells all, judged on every held-out recording.

Its score of a recording is that of the picture of its first 5 s, padded with zeros, as in the article. A recording
with marks of its heart sounds is judged window by window too, so that its score of an extrasystole can be held
against them. Sets that tell only a part are never trained on. Needs the training extra.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.features.article_image import ARTICLE, article_picture
from monitor.inference.networks import article_network
from training.data.annotations import RHYTHM_HOP_S, marks_beside
from training.data.audio import read_waveform
from training.data.recording import NOT_HEART, Recording
from training.fitting.cross_validation import FoldPlan
from training.fitting.trainer import make_repeatable, stream_outputs
from training.progress import Progress
from training.study.fold_outputs import FoldOutputs

__all__ = ["EPOCHS", "article_fold", "article_pictures"]

Pictures = NDArray[np.float32]

EPOCHS, BATCH_SIZE = 150, 32
"""The article's own."""


def article_pictures(recordings: Sequence[Recording], progress: Progress) -> Pictures:
    """Return the article's picture of the first 5 s of every recording, ``(recordings, 64, 64, 3)``."""
    tick = progress.stage("drawing the article's pictures", len(recordings))
    pictures = []
    for recording in recordings:
        waveform = _waveform(recording)[: ARTICLE.window_samples]
        pictures.append(article_picture(np.pad(waveform, (0, ARTICLE.window_samples - len(waveform))), ARTICLE))
        tick(float("nan"))
    return np.stack(pictures)


def article_fold(
    plan: FoldPlan,
    recordings: Sequence[Recording],
    pictures: Pictures,
    labels: Sequence[str],
    telling: set[str],
    progress: Progress,
    *,
    epochs: int = EPOCHS,
) -> FoldOutputs:
    """Return the outputs for a fold's held-out recordings: a row for the first 5 s, then one for every marked window.

    Parameters
    ----------
    plan : FoldPlan
    recordings : sequence of Recording
    pictures : ndarray, shape (recordings, 64, 64, 3)
    labels : sequence of str
    telling : set of str
        Names of the sets to train on.
    progress : Progress
    epochs : int
    """
    began = time.process_time()
    training = [row for row in plan.training.tolist() if _tells(recordings[row], labels, telling)]
    truth = np.array([labels.index(str(recordings[row].label)) for row in training], np.intp)
    tick = progress.stage(plan.name, epochs)
    make_repeatable(plan.seed * 1000 + plan.fold)
    network = _fitted(pictures[training], np.eye(len(labels), dtype=np.float32)[truth], epochs, tick)
    held = plan.held.tolist()
    counts = [1 + len(_starts(recordings[row])) for row in held]
    outputs = stream_outputs(network, _to_judge(recordings, pictures, held))
    told = [np.stack([next(outputs) for _ in range(count)]) for count in counts]
    return FoldOutputs(plan.held, told, {}, time.process_time() - began)


def _tells(recording: Recording, labels: Sequence[str], telling: set[str]) -> bool:
    """Return whether the article's recipe can be trained on a recording."""
    return recording.source in telling and recording.label in labels and recording.label != NOT_HEART


def _fitted(pictures: Pictures, targets: NDArray[np.float32], epochs: int, tick: Callable[[float], None]) -> Any:
    """Return the article's network, fitted as the article does: Adam, binary cross-entropy."""
    network = article_network(ARTICLE.shape, targets.shape[1])
    network.compile(optimizer="adam", loss="binary_crossentropy")
    for _ in range(epochs):  # one by one, so that each can be shown; the optimizer goes on
        kept = network.fit(pictures, targets, batch_size=BATCH_SIZE, epochs=1, verbose=0)
        tick(float(kept.history["loss"][-1]))
    return network


def _to_judge(recordings: Sequence[Recording], pictures: Pictures, held: Sequence[int]) -> Iterator[Pictures]:
    """Yield the first picture of every held-out recording, followed by those of its marked windows."""
    for row in held:
        yield pictures[row]
        starts = _starts(recordings[row])
        waveform = _waveform(recordings[row]) if starts else np.empty(0, np.float32)
        for start in starts:
            yield article_picture(waveform[start : start + ARTICLE.window_samples], ARTICLE)


def _starts(recording: Recording) -> list[int]:
    """Return the first samples of the windows of a marked recording; none for any other."""
    if marks_beside(recording) is None:
        return []
    last = len(_waveform(recording)) - ARTICLE.window_samples
    return list(range(0, last + 1, ARTICLE.hop_samples(RHYTHM_HOP_S)))


def _waveform(recording: Recording) -> NDArray[np.float32]:
    """Return a recording at the article's rate."""
    return read_waveform(recording.path, ARTICLE.sample_rate, recording.start_s, recording.end_s)

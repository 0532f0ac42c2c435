"""The article's recipe, kept alive as the baseline and measured honestly.

As it was: the clip cut or padded with zeros to 5 s, the matplotlib picture, Conv 32-32-64, sigmoids,
binary cross-entropy, Adam, 150 epochs, batch 32. What is ours is the evaluation: patients never on
both sides, so its own random split (``random_state=42``) is not used.

Source: "CNN Sound Recognition Code Along", 2021; docs/design.md.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from models.article import ARTICLE, article_picture
from models.calibration import Calibration
from models.decision import Decision
from models.errors import DataError
from models.network import article_network
from training.datasets import NOT_HEART, Recording, labels_of
from training.evidence import measure
from training.fit import make_repeatable, outputs_of
from training.folds import ALWAYS_TRAINING, folds_of
from training.progress import Progress
from training.sounds import read_usable, read_waveform
from training.train import Trained

__all__ = ["ArticleOptions", "train_article"]


@dataclasses.dataclass(frozen=True, slots=True)
class ArticleOptions:
    """Settings of the article's recipe.

    Attributes
    ----------
    seed, folds : int
        As in the default recipe.
    epochs, batch_size : int
        The article's own.
    """

    seed: int = 0
    folds: int = 5
    epochs: int = 150
    batch_size: int = 32


def train_article(recordings: Sequence[Recording], options: ArticleOptions, progress: Progress) -> Trained:
    """Return a network trained by the article's recipe, with its figures on held-out patients.

    Files that cannot be read are left out.

    Raises
    ------
    DataError
        If a label has too few patients for the folds, is not certain, or has no file that can be read.
    """
    hearts = [recording for recording in recordings if recording.label != NOT_HEART]
    labels = labels_of(hearts)
    if any(recording.label is None for recording in hearts):
        raise DataError("the article's recipe needs one certain label per recording", "train it on PASCAL set B alone")
    folds_of(hearts, {its.source for its in hearts}, options.folds, options.seed)  # refused before minutes of reading
    hearts, pictures = _pictures(hearts, progress)
    truth = np.array([labels.index(str(recording.label)) for recording in hearts], np.intp)
    folds = folds_of(hearts, {its.source for its in hearts}, options.folds, options.seed)
    known = folds != ALWAYS_TRAINING
    if len(set(truth[known].tolist())) < len(labels):
        raise DataError("a label has no recording whose patient is known", "name the patients, or add --patients file")
    calibration = Calibration("share")
    scores = np.empty((len(hearts), len(labels)))
    for fold in range(options.folds):
        training, held = folds != fold, folds == fold
        network = _fit(
            pictures[training], truth[training], len(labels), options, progress, f"fold {fold + 1} of {options.folds}"
        )
        scores[held] = calibration.scores(outputs_of(network, pictures[held]), len(labels))
    return Trained(
        network=_fit(pictures, truth, len(labels), options, progress, "all recordings"),
        labels=labels,
        spec=ARTICLE,
        calibration=calibration,
        decision=Decision(),
        evidence=measure(truth[known], scores[known], labels, [hearts[row].patient for row in np.flatnonzero(known)]),
        other_sets={},
        recordings=hearts,
    )


def _pictures(recordings: Sequence[Recording], progress: Progress) -> tuple[list[Recording], NDArray[np.float32]]:
    """Return the recordings that can be read, and the article's picture of each."""
    tick = progress.stage("drawing pictures", len(recordings))
    usable, pictures = read_usable(recordings, _picture, tick)
    return usable, np.stack(pictures)


def _picture(recording: Recording) -> NDArray[np.float32]:
    """Return the article's picture of a recording's first 5 s, padded with zeros where it is shorter."""
    waveform = read_waveform(recording.path, ARTICLE.sample_rate, recording.start_s, recording.end_s)
    waveform = waveform[: ARTICLE.window_samples]
    return article_picture(np.pad(waveform, (0, ARTICLE.window_samples - len(waveform))), ARTICLE)


def _fit(
    pictures: NDArray[np.float32],
    truth: NDArray[np.intp],
    num_labels: int,
    options: ArticleOptions,
    progress: Progress,
    name: str,
) -> Any:
    """Return the article's network, fitted."""
    make_repeatable(options.seed)
    network = article_network(ARTICLE.shape, num_labels)
    network.compile(optimizer="adam", loss="binary_crossentropy")
    tick = progress.stage(name, options.epochs)
    after_epoch = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: tick(float(logs["loss"])))
    network.fit(
        pictures,
        np.eye(num_labels, dtype=np.float32)[truth],
        epochs=options.epochs,
        batch_size=options.batch_size,
        verbose=0,
        callbacks=[after_epoch],
    )
    return network

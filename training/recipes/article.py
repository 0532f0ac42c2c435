"""The article's recipe, kept as the baseline and evaluated without leakage.

As published: the clip cut or zero-padded to 5 s, the matplotlib image, Conv 32-32-64, sigmoids, binary cross-entropy,
Adam, 150 epochs, batch 32. Only the evaluation is ours: patients are never on both sides, so the article's random split
(``random_state=42``) is not used. The study trains its article variant with the same :func:`fit_article` and seeds.

Source: "CNN Sound Recognition Code Along", 2021; docs/design.md.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.errors import DataError, EndedError
from monitor.features.article_image import ARTICLE, article_image
from monitor.inference.calibration import Calibration
from monitor.inference.networks import article_network
from monitor.inference.thresholds import DecisionThresholds
from monitor.labels import NON_CARDIAC
from monitor.process.interrupts import Interrupts
from training.data.audio import read_recording, read_usable, read_waveform
from training.data.corpus import Corpus
from training.data.discovery import labels_of
from training.data.recording import Recording
from training.evaluation.cross_validated import measure
from training.fitting.cross_validation import Checkpoints, FoldPlan, FoldResult, fold_plans, run_plans
from training.fitting.held_out import HeldOut
from training.fitting.trainer import TrainingHistory, make_repeatable, never, outputs_of
from training.progress import Progress
from training.recipes.result import FoldHistory, HeldOutScores, TrainingResult
from training.recipes.status import ENDING, FINAL, ended_sentence, so_far

__all__ = ["ArticleOptions", "article_waveform", "fit_article", "fold_seed", "read_images", "train_article"]

EPOCHS = "epochs"
"""Name of the only stage; a step of its history is an epoch."""

Images = NDArray[np.float32]


@dataclasses.dataclass(frozen=True, slots=True)
class ArticleOptions:
    """Settings of the article's recipe.

    Attributes
    ----------
    seed, folds, repeats : int
        As in :class:`training.fitting.options.HeartOptions`.
    epochs, batch_size : int
        The defaults are the article's.
    """

    seed: int = 0
    folds: int = 5
    epochs: int = 150
    batch_size: int = 32
    repeats: int = 1

    def to_json(self) -> dict[str, Any]:
        """Return the settings as JSON values."""
        return dataclasses.asdict(self)


def train_article(
    recordings: Sequence[Recording],
    options: ArticleOptions,
    progress: Progress,
    *,
    interrupts: Interrupts | None = None,
    checkpoints: Checkpoints | None = None,
) -> TrainingResult:
    """Return a network trained by the article's recipe, with its metrics on held-out patients.

    Files that cannot be read are left out, and so are non-cardiac sounds.

    Parameters
    ----------
    recordings : sequence of Recording
    options : ArticleOptions
    progress : Progress
    interrupts : Interrupts or None
        By which a person ends the training.
    checkpoints : Checkpoints or None
        Stores the folds that are done.

    Raises
    ------
    DataError
        If a label has too few patients for the folds, is not certain, or has no file that can be read.
    EndedError
        If the person ended it before a fold was complete.
    """
    interrupts = interrupts or Interrupts()
    hearts = [recording for recording in recordings if recording.label != NON_CARDIAC]
    _plans(_corpus_of(hearts), options)  # refused before minutes of reading
    hearts, images = read_images(hearts, progress)
    corpus = _corpus_of(hearts)
    plans = _plans(corpus, options)
    if len({hearts[row].label for plan in plans for row in plan.held_out}) < len(corpus.labels):
        raise DataError("a label has no recording whose patient is known", "name the patients, or add --patients file")
    progress.whole("whole training", (len(plans) + 1) * options.epochs)
    training = _ArticleTraining(corpus, images, options, progress, interrupts)
    with interrupts.deferred():
        for result in run_plans(
            plans,
            training.run_fold,
            new_network=lambda: article_network(ARTICLE.shape, len(corpus.labels)),
            checkpoints=checkpoints,
            on_skip=lambda: progress.skip(options.epochs),
        ):
            training.add(result)
            progress.note(f"{plans[training.held_out.num_done - 1].name}: {training.so_far(result)}")
        if not training.results:
            raise EndedError("ended before the first fold was complete: nothing is written", "train again")
        if training.held_out.num_done == len(plans) and not interrupts():
            network, history = training.fit(range(len(hearts)), FINAL, options.seed)
            if history.complete:
                return training.result(network, [FoldHistory(FINAL, {EPOCHS: history})], "")
    progress.note(ENDING)
    return training.result(training.results[0].network, [], ended_sentence(training.held_out.num_done, len(plans)))


def _corpus_of(hearts: Sequence[Recording]) -> Corpus:
    """Return the corpus of some hearts, or refuse one without a certain label; so every set is fully labelled."""
    labels = labels_of(hearts)
    if any(recording.label is None for recording in hearts):
        raise DataError("the article's recipe needs one certain label per recording", "train it on PASCAL set B alone")
    return Corpus(hearts, (), labels, {recording.source for recording in hearts})


def _plans(corpus: Corpus, options: ArticleOptions) -> list[FoldPlan]:
    """Return the folds, or refuse them."""
    return fold_plans(corpus, folds=options.folds, repeats=options.repeats, seed=options.seed)


class _ArticleTraining:
    """The folds of one training as they come, and what follows from them."""

    def __init__(
        self, corpus: Corpus, images: Images, options: ArticleOptions, progress: Progress, interrupts: Interrupts
    ) -> None:
        self.results: list[FoldResult] = []
        self.held_out = HeldOut(options.folds)
        self._corpus, self._images, self._options = corpus, images, options
        self._progress, self._interrupts = progress, interrupts

    def fit(self, rows: Sequence[int], name: str, seed: int) -> tuple[Any, TrainingHistory]:
        """Return the network fitted on some rows, and its history."""
        return fit_article(
            self._images[list(rows)],
            self._corpus.ground_truth(rows),
            len(self._corpus.labels),
            self._options,
            seed=seed,
            on_step=self._progress.stage(name, self._options.epochs),
            stop=self._interrupts,
        )

    def run_fold(self, plan: FoldPlan) -> FoldResult | None:
        """Return a fold with its outputs, or None where the person ended it."""
        network, history = self.fit(plan.training.tolist(), plan.name, fold_seed(plan))
        if not history.complete:
            return None
        outputs = list(outputs_of(network, self._images[plan.held_out])[:, np.newaxis])  # each (1, labels)
        rows = plan.training, plan.held_out, np.zeros(0, np.intp)
        return FoldResult(plan.repeat, plan.fold, network, *rows, {EPOCHS: history}, outputs)

    def add(self, result: FoldResult) -> None:
        """Take a fold that is done; only the first network stays in memory."""
        self.held_out.add(result, result.outputs)
        self.results.append(dataclasses.replace(result, network=None if self.results else result.network, outputs=[]))

    def so_far(self, result: FoldResult) -> str:
        """Return the metrics of a fold's repeat, as far as it went."""
        rows = sorted(self.held_out.repeats[result.repeat])
        scores = self.held_out.scores(rows, [result.repeat], self._scores)[0]
        return so_far(self._corpus.ground_truth(rows), scores, self._corpus.labels, result.histories)

    def result(self, network: Any, final: list[FoldHistory], ended: str) -> TrainingResult:
        """Return what the training gives."""
        repeats = self.held_out.complete_repeats()
        rows = self.held_out.rows(range(len(self._corpus.recordings)), repeats)
        scores = self.held_out.scores(rows, repeats, self._scores)
        held_out = [self._corpus.recordings[row] for row in rows]
        return TrainingResult(
            network=network,
            labels=self._corpus.labels,
            spec=ARTICLE,
            calibration=Calibration("share"),
            decision=DecisionThresholds(),
            evidence=measure(
                self._corpus.ground_truth(rows),
                scores,
                self._corpus.labels,
                self._corpus.patients(rows),
                noisy=[recording.noisy for recording in held_out],
            ),
            other_sets={},
            recordings=self._corpus.recordings,
            histories=[*map(FoldHistory.of_fold, self.results), *final],
            held_out=HeldOutScores(held_out, scores[0], [1] * len(rows)),
            ended=ended,
        )

    def _scores(self, outputs: list[Images], *_: object) -> NDArray[np.float64]:
        """Return scores ``(rows, labels)``: each sigmoid divided by the sum of all."""
        calibration, num_labels = Calibration("share"), len(self._corpus.labels)
        return np.stack([calibration.scores(windows, num_labels).mean(axis=0) for windows in outputs])


def read_images(recordings: Sequence[Recording], progress: Progress) -> tuple[list[Recording], Images]:
    """Return the recordings that can be read, and the article's image of each, ``(recordings, 64, 64, 3)``.

    The image shows the first 5 s, zero-padded where the recording is shorter.

    Raises
    ------
    DataError
        If a label has no recording left.
    """
    usable, images = read_usable(recordings, _image, progress.stage("building images", len(recordings)))
    return usable, np.stack(images)


def _image(recording: Recording) -> Images:
    """Return the article's image of a recording."""
    waveform = read_recording(recording, ARTICLE.sample_rate)[: ARTICLE.window_samples]
    return article_image(np.pad(waveform, (0, ARTICLE.window_samples - len(waveform))), ARTICLE)


def article_waveform(recording: Recording) -> NDArray[np.float32]:
    """Return a recording at the article's sample rate.

    Raises
    ------
    RecordingError
        As :func:`training.data.audio.read_waveform`.
    """
    return read_waveform(recording.path, ARTICLE.sample_rate, recording.start_s, recording.end_s)


def fold_seed(plan: FoldPlan) -> int:
    """Return the seed of a fold's fit; the numbers in docs/evidence were made with it."""
    return plan.seed * 1000 + plan.fold


def fit_article(
    images: Images,
    ground_truth: NDArray[np.intp],
    num_labels: int,
    options: ArticleOptions,
    *,
    seed: int,
    on_step: Callable[[float], None],
    stop: Callable[[], bool] = never,
) -> tuple[Any, TrainingHistory]:
    """Return the article's network, fitted by Adam on the binary cross-entropy, and its history.

    Parameters
    ----------
    images : ndarray, shape (recordings, 64, 64, 3), float32
    ground_truth : ndarray, shape (recordings,), int
        Index of the label of each.
    num_labels : int
    options : ArticleOptions
    seed : int
    on_step : callable
        Called after each epoch with its loss.
    stop : callable
        Called after each epoch; True ends the fit.
    """
    make_repeatable(seed)
    network = article_network(ARTICLE.shape, num_labels)
    network.compile(optimizer="adam", loss="binary_crossentropy")
    targets = np.eye(num_labels, dtype=np.float32)[ground_truth]  # (recordings, num_labels)
    losses: list[tuple[int, float]] = []
    for epoch in range(1, options.epochs + 1):  # one call each, so that it can end in between; Adam's state stays
        fitted = network.fit(images, targets, batch_size=options.batch_size, epochs=1, verbose=0)
        losses.append((epoch, float(fitted.history["loss"][-1])))
        on_step(losses[-1][1])
        if stop():
            break
    return network, TrainingHistory(tuple(losses), (), len(losses), len(losses) == options.epochs)

"""The article's recipe, kept alive as the baseline and measured honestly.

As it was: the clip cut or padded with zeros to 5 s, the matplotlib picture, Conv 32-32-64, sigmoids,
binary cross-entropy, Adam, 150 epochs, batch 32. What is ours is the evaluation: patients never on
both sides, so its own random split (``random_state=42``) is not used.

Source: "CNN Sound Recognition Code Along", 2021; docs/design.md.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from monitor.errors import DataError, EndedError
from monitor.features.article_image import ARTICLE, article_image
from monitor.inference.calibration import Calibration
from monitor.inference.networks import article_network
from monitor.inference.thresholds import DecisionThresholds
from monitor.interrupts import Interrupts
from training.data.audio import read_usable, read_waveform
from training.data.discovery import labels_of
from training.data.recording import NON_CARDIAC, Recording
from training.evaluation.cross_validated import measure
from training.fitting.cross_validation import FoldPlan, FoldRun, Keeper, fold_plans, run_plans
from training.fitting.held_out import HeldOut
from training.fitting.trainer import TrainingHistory, make_repeatable, outputs_of
from training.progress import Progress
from training.recipes.result import FoldHistory, HeldOutScores, TrainingResult
from training.recipes.status import ENDING, ended_sentence, so_far

__all__ = ["ArticleOptions", "train_article"]

EPOCHS = "epochs"
"""Name of its only stage; a step of its course is an epoch."""
FINAL = "all recordings"


@dataclasses.dataclass(frozen=True, slots=True)
class ArticleOptions:
    """Settings of the article's recipe.

    Attributes
    ----------
    seed, folds, repeats : int
        As in the default recipe.
    epochs, batch_size : int
        The article's own.
    """

    seed: int = 0
    folds: int = 5
    epochs: int = 150
    batch_size: int = 32
    repeats: int = 1


def train_article(
    recordings: Sequence[Recording],
    options: ArticleOptions,
    progress: Progress,
    *,
    interrupts: Interrupts | None = None,
    keeper: Keeper | None = None,
) -> TrainingResult:
    """Return a network trained by the article's recipe, with its figures on held-out patients.

    Files that cannot be read are left out.

    Parameters
    ----------
    recordings : sequence of Recording
    options : ArticleOptions
    progress : Progress
    interrupts : Interrupts or None
        Where the person's wish for an end is heard.
    keeper : Keeper or None
        Keeps the folds that are done.

    Raises
    ------
    DataError
        If a label has too few patients for the folds, is not certain, or has no file that can be read.
    EndedError
        If the person ended it before a fold was complete.
    """
    interrupts = interrupts or Interrupts()
    hearts = [recording for recording in recordings if recording.label != NON_CARDIAC]
    labels = labels_of(hearts)
    if any(recording.label is None for recording in hearts):
        raise DataError("the article's recipe needs one certain label per recording", "train it on PASCAL set B alone")
    _plans(hearts, options)  # refused before minutes of reading
    hearts, pictures = _pictures(hearts, progress)
    truth = np.array([labels.index(str(recording.label)) for recording in hearts], np.intp)
    plans = _plans(hearts, options)
    if len({int(truth[row]) for plan in plans for row in plan.held}) < len(labels):
        raise DataError("a label has no recording whose patient is known", "name the patients, or add --patients file")
    progress.whole("whole training", (len(plans) + 1) * options.epochs)
    runs: list[FoldRun] = []
    held = HeldOut(options.folds)
    with interrupts.calmly():
        for run in _runs(plans, pictures, truth, len(labels), options, progress, interrupts, keeper):
            held.add(run, run.outputs or [])
            runs.append(dataclasses.replace(run, network=run.network if not runs else None))
            rows = sorted(held.repeats[run.repeat])
            scores = held.scores(rows, [run.repeat], _shares(len(labels)))[0]
            name = plans[held.num_done - 1].name
            progress.note(f"{name}: {so_far(truth[rows], scores, labels, run.courses)}")
        if not runs:
            raise EndedError("ended before the first fold was complete: nothing is written", "train again")
        network, course = None, None
        if held.num_done == len(plans) and not interrupts():
            network, course = _fit(pictures, truth, len(labels), options, progress, FINAL, options.seed, interrupts)
    ended = "" if course and course.complete else ended_sentence(held.num_done, len(plans))
    if ended:
        progress.note(ENDING)
    repeats = held.count()
    rows = held.rows(range(len(hearts)), repeats)
    scores = held.scores(rows, repeats, _shares(len(labels)))
    known = [hearts[row] for row in rows]
    courses = [FoldHistory(f"{run.repeat + 1}.{run.fold + 1}", run.courses) for run in runs]
    return TrainingResult(
        network=runs[0].network if ended else network,
        labels=labels,
        spec=ARTICLE,
        calibration=Calibration("share"),
        decision=DecisionThresholds(),
        evidence=measure(
            truth[rows], scores, labels, [its.patient for its in known], noisy=[its.noisy for its in known]
        ),
        other_sets={},
        recordings=hearts,
        courses=[*courses, *([FoldHistory(FINAL, {EPOCHS: course})] if course and not ended else [])],
        held_out=HeldOutScores(known, scores[0], [1] * len(rows)),
        ended=ended,
    )


def _plans(hearts: Sequence[Recording], options: ArticleOptions) -> list[FoldPlan]:
    """Return the folds, or refuse them."""
    telling = {its.source for its in hearts}
    return fold_plans(hearts, telling, folds=options.folds, repeats=options.repeats, seed=options.seed)


def _shares(num_labels: int) -> Callable[..., NDArray[np.float64]]:
    """Return the function from outputs to scores: each sigmoid's share of their sum."""
    calibration = Calibration("share")
    return lambda outputs, *_: np.stack([calibration.scores(its, num_labels).mean(axis=0) for its in outputs])


def _runs(
    plans: Sequence[FoldPlan],
    pictures: NDArray[np.float32],
    truth: NDArray[np.intp],
    num_labels: int,
    options: ArticleOptions,
    progress: Progress,
    interrupts: Interrupts,
    keeper: Keeper | None,
) -> Iterator[FoldRun]:
    """Yield the folds, with their outputs."""

    def run_one(plan: FoldPlan) -> FoldRun | None:
        training = plan.training
        network, course = _fit(
            pictures[training], truth[training], num_labels, options, progress, plan.name, plan.seed, interrupts
        )
        if not course.complete:
            return None
        outputs = list(outputs_of(network, pictures[plan.held])[:, np.newaxis])
        nobody = np.zeros(0, np.intp)
        return FoldRun(plan.repeat, plan.fold, network, training, plan.held, nobody, {EPOCHS: course}, outputs)

    return run_plans(
        plans,
        run_one,
        new_network=lambda: article_network(ARTICLE.shape, num_labels),
        keeper=keeper,
        skipped=lambda: progress.skip(options.epochs),
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
    return article_image(np.pad(waveform, (0, ARTICLE.window_samples - len(waveform))), ARTICLE)


def _fit(
    pictures: NDArray[np.float32],
    truth: NDArray[np.intp],
    num_labels: int,
    options: ArticleOptions,
    progress: Progress,
    name: str,
    seed: int,
    interrupts: Interrupts,
) -> tuple[Any, TrainingHistory]:
    """Return the article's network, fitted, and how that went."""
    make_repeatable(seed)
    network = article_network(ARTICLE.shape, num_labels)
    network.compile(optimizer="adam", loss="binary_crossentropy")
    tick = progress.stage(name, options.epochs)
    losses: list[tuple[int, float]] = []

    def after_epoch(epoch: int, logs: dict[str, float]) -> None:
        losses.append((epoch + 1, float(logs["loss"])))
        tick(losses[-1][1])
        network.stop_training = interrupts()

    network.fit(
        pictures,
        np.eye(num_labels, dtype=np.float32)[truth],
        epochs=options.epochs,
        batch_size=options.batch_size,
        verbose=0,
        callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=after_epoch)],
    )
    return network, TrainingHistory(tuple(losses), (), len(losses), len(losses) == options.epochs)

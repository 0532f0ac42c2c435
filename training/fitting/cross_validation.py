"""Every patient held out once per repeat: the loop over folds that recipes and studies share.

Folds are dealt by patient before windows are cut and anything is augmented. What a fold's network is follows from
the recordings, the options and the fold alone, so folds can be run in any order, kept, and gone on with.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from monitor.features.image import ImageBuilder
from monitor.features.spec import HEART
from training.data.audio import Sound
from training.data.discovery import labels_of
from training.data.folds import folds_of, fully_labelled_sets
from training.data.patient_split import split_validation
from training.data.recording import Recording
from training.fitting.heart_fit import Material, fit_heart, make_all, new_network, planned_steps
from training.fitting.options import HeartOptions
from training.fitting.trainer import TrainingHistory, never, stream_outputs
from training.progress import Progress

__all__ = [
    "EVALUATION_HOP_S",
    "FoldPlan",
    "FoldRun",
    "Keeper",
    "fold_plans",
    "fold_runs",
    "fold_runs_of",
    "held_out_outputs",
    "material_of",
    "run_plans",
    "sounds_outputs",
]

EVALUATION_HOP_S = 1.0


@dataclasses.dataclass(frozen=True)
class FoldPlan:
    """Who is trained on and who is held out.

    Attributes
    ----------
    repeat, fold : int
        From 0.
    seed : int
        Of the repeat.
    name : str
        As it is shown.
    training, held : ndarray of int
        Row numbers of the recordings.
    """

    repeat: int
    fold: int
    seed: int
    name: str
    training: NDArray[np.intp]
    held: NDArray[np.intp]


@dataclasses.dataclass(frozen=True)
class FoldRun:
    """A fold, run.

    Attributes
    ----------
    repeat, fold : int
        From 0.
    network : keras.Model
        Fitted on the others.
    training, held : ndarray of int
        Row numbers of the recordings. ``training`` holds all that are not held out.
    watched : ndarray of int
        Those of ``training`` that the network was not fitted on, but that told when to end.
    courses : dict of str to TrainingHistory
        How each stage of the fit went.
    outputs : list of ndarray, each ``(windows, outputs)``, or None
        Of the held recordings, where they are known already.
    """

    repeat: int
    fold: int
    network: Any
    training: NDArray[np.intp]
    held: NDArray[np.intp]
    watched: NDArray[np.intp]
    courses: dict[str, TrainingHistory]
    outputs: list[NDArray[np.float32]] | None = None


class Keeper(Protocol):
    """Keeps the folds that are done; see :class:`training.fitting.checkpoints.FoldCheckpoints`."""

    def load(self, plan: FoldPlan, new_network: Callable[[], Any]) -> FoldRun | None:
        """Return a fold that is kept, or None."""

    def save(self, run: FoldRun) -> None:
        """Keep a fold with its outputs."""


def fold_plans(
    recordings: Sequence[Recording], telling: set[str], *, folds: int, repeats: int, seed: int
) -> list[FoldPlan]:
    """Return every fold of every repeat; repeat r deals the patients with the seed ``seed + r``.

    Raises
    ------
    DataError
        If a label of a set that tells all has fewer patients than there are folds.
    """
    plans = []
    for repeat in range(repeats):
        fold_of = folds_of(recordings, telling, folds, seed + repeat)
        for fold in range(folds):
            name = f"fold {fold + 1} of {folds}" if repeats == 1 else f"repeat {repeat + 1}, fold {fold + 1} of {folds}"
            training, held = np.flatnonzero(fold_of != fold), np.flatnonzero(fold_of == fold)
            plans.append(FoldPlan(repeat, fold, seed + repeat, name, training, held))
    return plans


def material_of(recordings: Sequence[Recording], options: HeartOptions, progress: Progress) -> Material:
    """Return what all fits of a training share: labels, the sets that tell all, and made sounds.

    Raises
    ------
    DataError
        If no set tells all labels.
    """
    labels = labels_of(recordings)
    telling = fully_labelled_sets(recordings, labels)
    return Material(labels, telling, make_all(labels, options, progress))


def fold_runs(
    recordings: Sequence[Recording], sounds: Sequence[Sound], options: HeartOptions, progress: Progress
) -> Iterator[FoldRun]:
    """Yield, for each repeat and each fold, a network fitted on the patients of the other folds.

    Parameters
    ----------
    recordings : sequence of Recording
    sounds : sequence of Sound
        One for each recording.
    options : HeartOptions
    progress : Progress

    Raises
    ------
    DataError
        If no set tells all labels, or a label has too few patients for the folds.
    """
    return fold_runs_of(material_of(recordings, options, progress), recordings, sounds, options, progress)


def fold_runs_of(
    material: Material,
    recordings: Sequence[Recording],
    sounds: Sequence[Sound],
    options: HeartOptions,
    progress: Progress,
    *,
    keeper: Keeper | None = None,
    stop: Callable[[], bool] = never,
) -> Iterator[FoldRun]:
    """Yield the folds as :func:`fold_runs` does; with a keeper, those that are kept are not run again.

    Parameters
    ----------
    material : Material
    recordings, sounds, options, progress
        As in :func:`fold_runs`.
    keeper : Keeper or None
    stop : callable
        Asked after every step whether the person wants an end; a fold that is not complete is not yielded.
    """
    plans = fold_plans(recordings, material.telling, folds=options.folds, repeats=options.repeats, seed=options.seed)

    def run_one(plan: FoldPlan) -> FoldRun | None:
        training, watched = split_validation(recordings, plan.training, options.watched, plan.seed)
        fitted = fit_heart(
            [sounds[row] for row in training.tolist()],
            [sounds[row] for row in watched.tolist()],
            material,
            options,
            seed=plan.seed,
            number=plan.fold + 1,
            name=plan.name,
            progress=progress,
            stop=stop,
        )
        if not fitted.complete:
            return None
        run = FoldRun(plan.repeat, plan.fold, fitted.network, plan.training, plan.held, watched, fitted.courses)
        return dataclasses.replace(run, outputs=held_out_outputs(run, sounds)) if keeper is not None else run

    return run_plans(
        plans,
        run_one,
        new_network=lambda: new_network(material),
        keeper=keeper,
        skipped=lambda: progress.skip(planned_steps(options)),
    )


def run_plans(
    plans: Sequence[FoldPlan],
    run_one: Callable[[FoldPlan], FoldRun | None],
    *,
    new_network: Callable[[], Any],
    keeper: Keeper | None,
    skipped: Callable[[], None],
) -> Iterator[FoldRun]:
    """Yield the folds of any recipe, kept or run, in their order.

    Parameters
    ----------
    plans : sequence of FoldPlan
    run_one : callable
        Runs a fold, and knows its outputs where there is a keeper; None where the person wants an end.
    new_network : callable
        From nothing to a network of the right shape, for the weights that are kept.
    keeper : Keeper or None
    skipped : callable
        Called for each fold that need not be run.
    """
    for plan in plans:
        run = keeper.load(plan, new_network) if keeper is not None else None
        if run is not None:
            skipped()
        else:
            run = run_one(plan)
            if run is None:
                return
            if keeper is not None:
                keeper.save(run)
        yield run


def held_out_outputs(run: FoldRun, sounds: Sequence[Sound]) -> list[NDArray[np.float32]]:
    """Return a fold's outputs for the windows of each held-out recording, as the monitor would cut them.

    Parameters
    ----------
    run : FoldRun
    sounds : sequence of Sound
        Those that the folds were made of.

    Returns
    -------
    list of ndarray, each ``(windows, outputs)``
        In the order of ``run.held``.
    """
    if run.outputs is not None:
        return run.outputs
    return sounds_outputs(run.network, [sounds[row] for row in run.held.tolist()])


def sounds_outputs(network: Any, sounds: Sequence[Sound]) -> list[NDArray[np.float32]]:
    """Return a network's outputs for the windows of some sounds, each ``(windows, outputs)``."""
    starts = [sound.starts(HEART, EVALUATION_HOP_S) for sound in sounds]
    outputs = stream_outputs(network, _pictures(sounds, starts))
    return [np.stack([next(outputs) for _ in its]) for its in starts]


def _pictures(sounds: Sequence[Sound], starts: Sequence[Sequence[int]]) -> Iterator[NDArray[np.float32]]:
    """Yield the pictures of some windows of each sound."""
    painter = ImageBuilder(HEART.num_frames)
    for sound, its in zip(sounds, starts, strict=True):
        for start in its:
            yield painter.draw(sound.frames.window(start, HEART.num_frames))

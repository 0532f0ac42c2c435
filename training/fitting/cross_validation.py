"""Cross-validation by patient: the loop over folds that recipes and studies share.

Folds are made by patient before windows are cut and anything is augmented. A fold's network follows from the
recordings, the options and the fold alone, so folds can be run in any order, stored, and resumed.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from monitor.features.image import ImageBuilder
from monitor.features.spec import HEART
from training.data.audio import Sound
from training.data.corpus import Corpus
from training.data.folds import folds_of
from training.data.patient_split import split_validation
from training.fitting.heart_fit import FittedNetwork, fit_heart, new_network
from training.fitting.options import HeartOptions
from training.fitting.recipe import HEART_RECIPE, HeartRecipe
from training.fitting.trainer import TrainingHistory, never, stream_outputs
from training.progress import Progress

__all__ = [
    "EVALUATION_HOP_S",
    "Checkpoints",
    "FoldPlan",
    "FoldResult",
    "fit_fold",
    "fold_plans",
    "run_folds",
    "run_plans",
    "sounds_outputs",
    "window_outputs",
]

EVALUATION_HOP_S = 1.0
"""Seconds between two windows of a held-out recording."""


@dataclasses.dataclass(frozen=True)
class FoldPlan:
    """Which recordings a fold trains on and which it holds out.

    Attributes
    ----------
    repeat, fold : int
        From 0.
    seed : int
        Of the repeat.
    name : str
        As it is shown.
    training, held_out : ndarray of int
        Rows of the recordings.
    """

    repeat: int
    fold: int
    seed: int
    name: str
    training: NDArray[np.intp]
    held_out: NDArray[np.intp]


@dataclasses.dataclass(frozen=True)
class FoldResult:
    """What a fold gave.

    Attributes
    ----------
    repeat, fold : int
        From 0.
    network : keras.Model
    training, held_out : ndarray of int
        Rows of the recordings; ``training`` has all that are not held out.
    validation : ndarray of int
        Rows of ``training`` that the network was not fitted on, but that decided when to stop.
    histories : dict of str to TrainingHistory
        By stage of the fit.
    outputs : list of ndarray, each ``(windows, outputs)``
        Of the held-out recordings.
    """

    repeat: int
    fold: int
    network: Any
    training: NDArray[np.intp]
    held_out: NDArray[np.intp]
    validation: NDArray[np.intp]
    histories: dict[str, TrainingHistory]
    outputs: list[NDArray[np.float32]]


class Checkpoints(Protocol):
    """Stores the folds that are done; see :class:`training.fitting.checkpoints.FoldCheckpoints`."""

    def load(self, plan: FoldPlan, new_network: Callable[[], Any]) -> FoldResult | None:
        """Return a stored fold, or None."""

    def save(self, result: FoldResult) -> None:
        """Store a fold."""


def fold_plans(corpus: Corpus, *, folds: int, repeats: int, seed: int) -> list[FoldPlan]:
    """Return every fold of every repeat; repeat r splits the patients with the seed ``seed + r``.

    Raises
    ------
    DataError
        If a label of a fully labelled set has fewer patients than there are folds.

    Examples
    --------
    >>> from pathlib import Path
    >>> from training.data.recording import Recording
    >>> recordings = [
    ...     Recording(Path(f"{label}{person}.wav"), (label,), f"{label}{person}", "clinic")
    ...     for label in ("normal", "murmur")
    ...     for person in range(2)
    ... ]
    >>> first, second = fold_plans(Corpus.of(recordings), folds=2, repeats=1, seed=0)
    >>> first.name, len(first.training), len(first.held_out)
    ('fold 1 of 2', 2, 2)
    >>> sorted([*first.held_out.tolist(), *second.held_out.tolist()])
    [0, 1, 2, 3]
    """
    plans = []
    for repeat in range(repeats):
        fold_of = folds_of(corpus.recordings, corpus.fully_labelled, folds, seed + repeat)
        for fold in range(folds):
            name = f"fold {fold + 1} of {folds}" if repeats == 1 else f"repeat {repeat + 1}, fold {fold + 1} of {folds}"
            training, held_out = np.flatnonzero(fold_of != fold), np.flatnonzero(fold_of == fold)
            plans.append(FoldPlan(repeat, fold, seed + repeat, name, training, held_out))
    return plans


def fit_fold(
    plan: FoldPlan,
    corpus: Corpus,
    options: HeartOptions,
    progress: Progress,
    *,
    recipe: HeartRecipe = HEART_RECIPE,
    stop: Callable[[], bool] = never,
) -> tuple[FittedNetwork, NDArray[np.intp]]:
    """Return the network fitted on a fold's training patients, and the rows of its validation patients.

    Parameters
    ----------
    plan : FoldPlan
    corpus : Corpus
        With a sound for each recording.
    options : HeartOptions
    progress : Progress
    recipe : HeartRecipe
    stop : callable
        Called after every step; True ends the fit.
    """
    training, validation = split_validation(corpus.recordings, plan.training, options.validation_fraction, plan.seed)
    fitted = fit_heart(
        corpus,
        training.tolist(),
        validation.tolist(),
        options,
        recipe=recipe,
        seed=plan.seed,
        index=plan.fold + 1,
        name=plan.name,
        progress=progress,
        stop=stop,
    )
    return fitted, validation


def run_folds(
    corpus: Corpus,
    options: HeartOptions,
    progress: Progress,
    *,
    recipe: HeartRecipe = HEART_RECIPE,
    checkpoints: Checkpoints | None = None,
    stop: Callable[[], bool] = never,
) -> Iterator[FoldResult]:
    """Yield the folds with the outputs for their held-out recordings; stored ones are not run again.

    Parameters
    ----------
    corpus, options, progress, recipe, stop
        As in :func:`fit_fold`.
    checkpoints : Checkpoints or None

    Raises
    ------
    DataError
        If a label of a fully labelled set has fewer patients than there are folds.
    """

    def run_one(plan: FoldPlan) -> FoldResult | None:
        fitted, validation = fit_fold(plan, corpus, options, progress, recipe=recipe, stop=stop)
        if not fitted.complete:
            return None
        held_out = [corpus.sounds[row] for row in plan.held_out.tolist()]
        outputs = sounds_outputs(fitted.network, held_out, recipe)
        rows = plan.training, plan.held_out, validation
        return FoldResult(plan.repeat, plan.fold, fitted.network, *rows, fitted.histories, outputs)

    return run_plans(
        fold_plans(corpus, folds=options.folds, repeats=options.repeats, seed=options.seed),
        run_one,
        new_network=lambda: new_network(corpus),
        checkpoints=checkpoints,
        on_skip=lambda: progress.skip(options.total_steps),
    )


def run_plans(
    plans: Sequence[FoldPlan],
    run_one: Callable[[FoldPlan], FoldResult | None],
    *,
    new_network: Callable[[], Any],
    checkpoints: Checkpoints | None,
    on_skip: Callable[[], None],
) -> Iterator[FoldResult]:
    """Yield the folds of any recipe, stored or run, in their order.

    Parameters
    ----------
    plans : sequence of FoldPlan
    run_one : callable
        Runs a fold with its outputs; None where a person ended it.
    new_network : callable
        Returns a network of the right shape for stored weights.
    checkpoints : Checkpoints or None
    on_skip : callable
        Called for each fold that is not run.
    """
    for plan in plans:
        result = checkpoints.load(plan, new_network) if checkpoints is not None else None
        if result is not None:
            on_skip()
        else:
            result = run_one(plan)
            if result is None:
                return
            if checkpoints is not None:
                checkpoints.save(result)
        yield result


def sounds_outputs(
    network: Any, sounds: Sequence[Sound], recipe: HeartRecipe = HEART_RECIPE
) -> list[NDArray[np.float32]]:
    """Return a network's outputs for the windows of each sound, as the monitor would cut them.

    Parameters
    ----------
    network : keras.Model
    sounds : sequence of Sound
    recipe : HeartRecipe
        Of which the channels count.

    Returns
    -------
    list of ndarray, each ``(windows, outputs)``
        A window every EVALUATION_HOP_S; one for a sound that is shorter than a window.
    """
    jobs = ((sound, sound.starts(HEART, EVALUATION_HOP_S)) for sound in sounds)
    return list(window_outputs(functools.partial(stream_outputs, network), jobs, recipe))


def window_outputs(
    run: Callable[[Iterator[NDArray[np.float32]]], Iterator[NDArray[np.float32]]],
    jobs: Iterable[tuple[Sound, Sequence[int]]],
    recipe: HeartRecipe = HEART_RECIPE,
) -> Iterator[NDArray[np.float32]]:
    """Yield a network's outputs ``(windows, outputs)`` for some windows of each sound; of a looped one, the mean.

    Parameters
    ----------
    run : callable
        From input images ``(64, 64, 3)`` to the network's outputs for them, in their order.
    jobs : iterable of tuple of Sound and sequence of int
        The first frames of its windows, one or more; a looped sound is scored at each of its phases.
    recipe : HeartRecipe
        Of which the channels count.
    """
    builder = ImageBuilder(HEART.num_frames)
    pending: deque[tuple[int, int]] = deque()  # windows, and phases of each, of the sounds whose images were made

    def images() -> Iterator[NDArray[np.float32]]:
        for sound, starts in jobs:
            phases = sound.phases(HEART)
            pending.append((len(starts), len(phases)))
            for start in starts:
                for phase in phases:
                    yield recipe.apply_channels(builder.build(sound.frames.window(start + phase, HEART.num_frames)))

    outputs = run(images())
    for first in outputs:
        num_windows, num_phases = pending.popleft()
        of_sound = np.stack([first, *itertools.islice(outputs, num_windows * num_phases - 1)])
        yield of_sound.reshape(num_windows, num_phases, -1).mean(axis=1)

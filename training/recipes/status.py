"""Lines that are said while a training runs: figures so far, and what was done when it was ended. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from training.evaluation.cross_validated import SPECIFICITY
from training.evaluation.ground_truth import finding_of
from training.evaluation.metrics import Ranking
from training.fitting.trainer import TrainingHistory

__all__ = ["ENDING", "ended_sentence", "so_far"]

ENDING = "ending: the bundle is written with what is done (Ctrl+C again ends at once)"


def so_far(
    truth: NDArray[np.intp], scores: NDArray[np.float64], labels: Sequence[str], courses: Mapping[str, TrainingHistory]
) -> str:
    """Return the figures of the recordings that were held out so far, and where the last fit ended.

    Parameters
    ----------
    truth : ndarray, shape (recordings,), int
    scores : ndarray, shape (recordings, labels)
    labels : sequence of str
    courses : mapping of stage to TrainingHistory
    """
    finding = finding_of(tuple(labels))
    index = list(labels).index(finding)
    area = Ranking(truth == index, scores[:, index]).figures(np.arange(len(truth)), SPECIFICITY)[0]
    accuracy = float((scores.argmax(axis=1) == truth).mean())
    line = f"{finding} AUC {area:.3f}, accuracy {accuracy:.3f} on {len(truth)} recordings so far"
    return line + _kept(list(courses.values()))


def _kept(courses: Sequence[TrainingHistory]) -> str:
    """Return which weights of the last stage were kept, where patients were watched."""
    losses = dict(courses[-1].watched) if courses else {}
    kept = courses[-1].kept if courses else 0
    return f" (weights of step {kept} kept, watched loss {losses[kept]:.3f})" if kept in losses else ""


def ended_sentence(num_done: int, num_planned: int) -> str:
    """Return what was done when a person ended a training of some folds."""
    if num_done == num_planned:
        return (
            f"Ended by hand when all {num_planned} folds were done, but not the fit on all recordings: "
            "the network is the best fold's, which never heard a part of the patients."
        )
    return (
        f"Ended by hand: {num_done} of {num_planned} folds were done. The figures are of their patients, and the "
        "network is the best fold's, which never heard a part of the patients."
    )

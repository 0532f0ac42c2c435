"""What is printed while a training runs: metrics so far, and what was done when it was ended. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from training.evaluation.ground_truth import finding_label
from training.evaluation.metrics import Ranking
from training.fitting.trainer import TrainingHistory

__all__ = ["ENDING", "FINAL", "ended_sentence", "so_far"]

FINAL = "all recordings"
"""Name of the fit after the folds."""
ENDING = "ending: the bundle is written with what is done (Ctrl+C again ends at once)"


def so_far(
    ground_truth: NDArray[np.intp],
    scores: NDArray[np.float64],
    labels: Sequence[str],
    histories: Mapping[str, TrainingHistory],
) -> str:
    """Return the metrics of the recordings that were held out so far, and the best step of the last fit.

    Parameters
    ----------
    ground_truth : ndarray, shape (recordings,), int
    scores : ndarray, shape (recordings, labels)
    labels : sequence of str
    histories : mapping of str to TrainingHistory
        By stage, in their order.
    """
    finding = finding_label(tuple(labels))
    index = list(labels).index(finding)
    area = Ranking(ground_truth == index, scores[:, index]).auc(np.arange(len(ground_truth)))
    accuracy = float((scores.argmax(axis=1) == ground_truth).mean())
    line = f"{finding} AUC {area:.3f}, accuracy {accuracy:.3f} on {len(ground_truth)} recordings so far"
    return line + _best_step(list(histories.values()))


def _best_step(histories: Sequence[TrainingHistory]) -> str:
    """Return the step of the last stage whose weights were restored; empty without validation patients."""
    losses = dict(histories[-1].validation_loss) if histories else {}
    best = histories[-1].best_step if histories else 0
    return f" (weights of step {best}, validation loss {losses[best]:.3f})" if best in losses else ""


def ended_sentence(num_done: int, num_planned: int) -> str:
    """Return what was done when a person ended a training of some folds."""
    if num_done == num_planned:
        return (
            f"Ended by hand when all {num_planned} folds were done, but not the fit on all recordings: "
            "the network is the best fold's, which was not trained on a part of the patients."
        )
    return (
        f"Ended by hand: {num_done} of {num_planned} folds were done. The metrics are of their patients, and the "
        "network is the best fold's, which was not trained on a part of the patients."
    )

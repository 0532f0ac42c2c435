"""The training curves: losses of every fit, as plain values and as a plot.

Matplotlib is imported inside functions only, and draws without a display and without state of its own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from training.fitting.trainer import TrainingHistory
from training.recipes.result import FoldHistory

__all__ = ["curves_json", "write_curves"]

SIZE_INCHES = (7.0, 4.2)
DOTS_PER_INCH = 150


def curves_json(fits: Sequence[FoldHistory]) -> list[dict[str, Any]]:
    """Return the training curves as plain JSON values: per fit its stages, with points of step and loss."""
    return [
        {"fit": fit.name, "stages": [{"name": name, **_stage(history)} for name, history in fit.histories.items()]}
        for fit in fits
    ]


def _stage(history: TrainingHistory) -> dict[str, Any]:
    """Return one stage."""
    return {
        "training_loss": _points(history.loss),
        "watched_loss": _points(history.validation_loss),
        "kept_step": history.best_step,
    }


def _points(curve: Sequence[tuple[int, float]]) -> list[list[float | None]]:
    """Return the points of a curve; a loss that is not finite is None."""
    return [[step, round(loss, 5) if math.isfinite(loss) else None] for step, loss in curve]


def write_curves(fits: Sequence[FoldHistory], path: Path, title: str) -> None:
    """Plot training loss (thin) and validation loss (with the best step) of every fit, stage after stage.

    Parameters
    ----------
    fits : sequence of FoldHistory
    path : Path
        Of the PNG to write.
    title : str

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context({"text.parse_math": False}):
        figure = Figure(figsize=SIZE_INCHES, dpi=DOTS_PER_INCH, layout="constrained")
        axes = figure.subplots()
        for index, fit in enumerate(fits):
            _plot(axes, fit, f"C{index % 10}")
        axes.plot([], [], color="grey", linewidth=0.8, label="training loss")
        axes.plot([], [], color="grey", marker=".", label="validation loss")
        axes.scatter([], [], color="grey", marker="*", label="best step")
        axes.set_ylim(bottom=0)
        axes.set_xlabel("training step")
        axes.set_ylabel("loss")
        axes.legend(fontsize=8)
        axes.set_title(title, fontsize=9)
        figure.savefig(path, metadata={"Software": None})


def _plot(axes: Any, fit: FoldHistory, colour: str) -> None:
    """Plot one fit."""
    first_step = 0
    for history in fit.histories.values():
        axes.plot(*_shifted(history.loss, first_step), color=colour, linewidth=0.8)
        axes.plot(*_shifted(history.validation_loss, first_step), color=colour, marker=".", markersize=4, alpha=0.6)
        best_loss = dict(history.validation_loss).get(history.best_step)
        if best_loss is not None:
            axes.scatter([first_step + history.best_step], [best_loss], color=colour, marker="*", zorder=3)
        first_step += max((step for step, _ in history.loss), default=0)


def _shifted(points: Sequence[tuple[int, float]], first_step: int) -> tuple[list[int], list[float]]:
    """Return steps, counted from the start of the first stage, and losses."""
    return [first_step + step for step, _ in points], [loss for _, loss in points]

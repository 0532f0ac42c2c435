"""The curves of a training: losses of every fit, as plain values and as a picture.

Matplotlib is imported inside functions only, and draws without a display and without state of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from training.fitting.trainer import TrainingHistory
from training.recipes.result import FoldHistory

__all__ = ["curves_json", "write_curves"]

SIZE_INCHES = (7.0, 4.2)
DOTS_PER_INCH = 150


def curves_json(courses: Sequence[FoldHistory]) -> list[dict[str, Any]]:
    """Return the curves as plain JSON values: per fit its stages, with points of step and loss."""
    return [
        {"fit": its.name, "stages": [{"name": name, **_stage(course)} for name, course in its.courses.items()]}
        for its in courses
    ]


def _stage(course: TrainingHistory) -> dict[str, Any]:
    """Return one stage."""
    return {
        "training_loss": [[step, round(loss, 5)] for step, loss in course.loss],
        "watched_loss": [[step, round(loss, 5)] for step, loss in course.watched],
        "kept_step": course.kept,
    }


def write_curves(courses: Sequence[FoldHistory], path: Path, title: str) -> None:
    """Draw training loss (thin) and watched loss (with the kept step) of every fit, one stage after another.

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
        for number, its in enumerate(courses):
            _draw(axes, its, f"C{number % 10}")
        axes.plot([], [], color="grey", linewidth=0.8, label="training")
        axes.plot([], [], color="grey", marker=".", label="watched patients")
        axes.scatter([], [], color="grey", marker="*", label="kept")
        axes.set_ylim(bottom=0)
        axes.set_xlabel("step")
        axes.set_ylabel("loss")
        axes.legend(fontsize=8)
        axes.set_title(title, fontsize=9)
        figure.savefig(path, metadata={"Software": None})


def _draw(axes: Any, its: FoldHistory, colour: str) -> None:
    """Draw one fit."""
    begun = 0
    for course in its.courses.values():
        axes.plot(*_moved(course.loss, begun), color=colour, linewidth=0.8)
        axes.plot(*_moved(course.watched, begun), color=colour, marker=".", markersize=4, alpha=0.6)
        kept = dict(course.watched).get(course.kept)
        if kept is not None:
            axes.scatter([begun + course.kept], [kept], color=colour, marker="*", zorder=3)
        begun += max((step for step, _ in course.loss), default=0)


def _moved(points: Sequence[tuple[int, float]], begun: int) -> tuple[list[int], list[float]]:
    """Return steps, counted from the first stage's begin, and losses."""
    return [begun + step for step, _ in points], [loss for _, loss in points]

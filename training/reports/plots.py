"""An evaluation as pictures: confusion, ROC of each label, reliability, coverage against error.

Matplotlib, which the training extra installs, is imported inside functions only, and draws into files without a
display and without state of its own.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from monitor.errors import MissingExtraError
from training.evaluation import curves
from training.evaluation.evaluation import Evaluation
from training.evaluation.ground_truth import IS, UNTOLD

__all__ = ["check_matplotlib", "write_plots"]

SIZE_INCHES = (5.0, 4.2)
DOTS_PER_INCH = 150


def check_matplotlib() -> None:
    """Find out before minutes of work whether plots can be drawn.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.
    """
    try:
        found = importlib.util.find_spec("matplotlib")
    except ValueError:  # a name that is known to be nothing
        found = None
    if found is None:
        raise MissingExtraError("--plots needs matplotlib", "train")


def write_plots(found: Evaluation, folder: Path) -> list[Path]:
    """Write the pictures that the recordings give into a folder, which is made; return their paths.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.
    OSError
        If a file cannot be written.
    """
    check_matplotlib()
    folder.mkdir(parents=True, exist_ok=True)
    several = bool(found.confusion.any())
    drawings: dict[str, tuple[bool, Callable[[Evaluation, Any], None]]] = {
        "confusion": (several, _confusion),
        "roc": (any(_tells(found, label) for label in found.about.labels), _roc),
        "reliability": (several, _reliability),
        "coverage": (several, _coverage),
    }
    paths = []
    for name, (wanted, draw) in drawings.items():
        if wanted:
            paths.append(folder / f"{name}.png")
            _write(found, draw, paths[-1])
    return paths


def _write(found: Evaluation, draw: Callable[[Evaluation, Any], None], path: Path) -> None:
    """Draw one picture into a file."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    sets = ", ".join(data["set"] for data in found.about.data)
    held_out = "\nNOT HELD OUT: of the bundle's training data" if found.about.seen else ""
    with rc_context({"text.parse_math": False}):  # a folder's name may hold a dollar
        figure = Figure(figsize=SIZE_INCHES, dpi=DOTS_PER_INCH, layout="constrained")
        axes = figure.subplots()
        draw(found, axes)
        axes.set_title(f"{found.about.model} on {sets}{held_out}", fontsize=9)
        figure.savefig(path, metadata={"Software": None})  # the same evaluation gives the same file


def _tells(found: Evaluation, label: str) -> bool:
    """Return whether there are recordings with and without a label."""
    its = found.per_label[label]
    return its.positives > 0 and its.negatives > 0


def _confusion(found: Evaluation, axes: Any) -> None:
    """Draw the confusion matrix: shares of the truth as colour, counts as numbers."""
    matrix, labels = found.confusion, found.about.labels
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), share in np.ndenumerate(shares):
        colour = "white" if share > 0.5 else "black"  # readable on the colour below
        axes.text(column, row, f"{matrix[row, column]}\n{share:.0%}", ha="center", va="center", color=colour)
    axes.set_xticks(range(len(labels)), labels)
    axes.set_yticks(range(len(labels)), labels)
    axes.set_xlabel("decided")
    axes.set_ylabel("truth")


def _roc(found: Evaluation, axes: Any) -> None:
    """Draw the ROC curve of every label that has recordings on both sides."""
    for index, label in enumerate(found.about.labels):
        if _tells(found, label):
            told = found.hearts.states[:, index] != UNTOLD
            positive = found.hearts.states[told, index] == IS
            alarms, hits = curves.roc_curve(positive, found.hearts.scores[told, index])
            area = found.per_label[label].figures["auc"]
            axes.plot(alarms, hits, label=f"{label} {area}")
    axes.plot([0, 1], [0, 1], color="grey", linewidth=0.8, linestyle=":")
    axes.axvline(0.1, color="grey", linewidth=0.8, linestyle="--", label="specificity 0.90")
    axes.set_xlabel("1 - specificity")
    axes.set_ylabel("sensitivity")
    axes.legend(loc="lower right", fontsize=8, title="AUC (95 % interval)", title_fontsize=8)


def _reliability(found: Evaluation, axes: Any) -> None:
    """Draw accuracy against confidence; the area of a point is its share of the recordings."""
    bins = [its for its in found.reliability if its.count]
    total = sum(its.count for its in bins)
    axes.plot([0, 1], [0, 1], color="grey", linewidth=0.8, linestyle=":")
    axes.plot([its.confidence for its in bins], [its.accuracy for its in bins], linewidth=1)
    areas = [12 + 600 * its.count / total for its in bins]
    axes.scatter([its.confidence for its in bins], [its.accuracy for its in bins], s=areas, alpha=0.5)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.02)
    axes.set_xlabel(f"mean confidence (calibration error {found.overall['calibration_error']})")
    axes.set_ylabel("accuracy")


def _coverage(found: Evaluation, axes: Any) -> None:
    """Draw the share of errors among the surest recordings, with its interval."""
    shares = [share for share, _ in found.coverage]
    errors = [error for _, error in found.coverage]
    axes.fill_between(shares, [its.low for its in errors], [its.high for its in errors], alpha=0.2, linewidth=0)
    axes.plot(shares, [its.value for its in errors], marker="o", markersize=3)
    axes.set_xlim(0, 1.02)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("coverage: share of the recordings, the surest first")
    axes.set_ylabel("share of errors")

"""The plots of an evaluation: confusion matrix, ROC curves, reliability diagram, error rate against coverage.

Matplotlib, which the training extra installs, is imported inside functions only, and draws into files without a
display and without state of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from monitor.errors import check_installed
from monitor.labels import model_title, set_title
from monitor.output import printable
from training.evaluation import curves
from training.evaluation.evaluation import Evaluation
from training.evaluation.ground_truth import IS, UNKNOWN
from training.reports.table import cell_text

__all__ = ["check_matplotlib", "write_plots"]

SIZE_INCHES = (5.0, 4.2)
DOTS_PER_INCH = 150


def check_matplotlib() -> None:
    """Check, before minutes of work, that matplotlib is installed.

    Raises
    ------
    MissingExtraError
        If it is not.
    """
    check_installed("matplotlib", "--plots", "train")


def write_plots(evaluation: Evaluation, folder: Path) -> list[Path]:
    """Write the plots for which there is data as PNG files; return their paths.

    Parameters
    ----------
    evaluation : Evaluation
    folder : Path
        Created if missing.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.
    OSError
        If a file cannot be written.
    """
    check_matplotlib()
    folder.mkdir(parents=True, exist_ok=True)
    multiclass = bool(evaluation.confusion.any())
    plots: dict[str, tuple[bool, Callable[[Evaluation, Any], None]]] = {
        "confusion": (multiclass, _confusion),
        "roc": (any(_has_both_sides(evaluation, label) for label in evaluation.info.labels), _roc),
        "reliability": (multiclass, _reliability),
        "coverage": (multiclass, _coverage),
    }
    paths = []
    for name, (wanted, plot) in plots.items():
        if wanted:
            paths.append(folder / f"{name}.png")
            _write(evaluation, plot, paths[-1])
    return paths


def _write(evaluation: Evaluation, plot: Callable[[Evaluation, Any], None], path: Path) -> None:
    """Write one plot to a file."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    sets = ", ".join(set_title(data["set"]) for data in evaluation.info.data)
    warning = "\nNOT HELD OUT: part of the bundle's training data" if evaluation.info.seen else ""
    with rc_context({"text.parse_math": False}):  # a folder's name may hold a dollar
        figure = Figure(figsize=SIZE_INCHES, dpi=DOTS_PER_INCH, layout="constrained")
        axes = figure.subplots()
        plot(evaluation, axes)
        model = model_title(evaluation.info.model, evaluation.info.engine)
        axes.set_title(f"{printable(f'{model} on {sets}')}{warning}", fontsize=9)
        figure.savefig(path, metadata={"Software": None})  # the same evaluation gives the same file


def _has_both_sides(evaluation: Evaluation, label: str) -> bool:
    """Return whether there are recordings with and without a label."""
    metrics = evaluation.per_label[label]
    return metrics.positives > 0 and metrics.negatives > 0


def _confusion(evaluation: Evaluation, axes: Any) -> None:
    """Plot the confusion matrix: counts as text, shares of each true label as colour."""
    matrix, labels = evaluation.confusion, list(map(printable, evaluation.info.labels))  # (labels, labels)
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), share in np.ndenumerate(shares):
        colour = "white" if share > 0.5 else "black"  # readable on the colour below
        axes.text(column, row, f"{matrix[row, column]}\n{share:.0%}", ha="center", va="center", color=colour)
    axes.set_xticks(range(len(labels)), labels)
    axes.set_yticks(range(len(labels)), labels)
    axes.set_xlabel("predicted label")
    axes.set_ylabel("true label")


def _roc(evaluation: Evaluation, axes: Any) -> None:
    """Plot the ROC curve of every label that has recordings with and without it."""
    labelled = evaluation.labelled
    for index, label in enumerate(evaluation.info.labels):
        if _has_both_sides(evaluation, label):
            known = labelled.states[:, index] != UNKNOWN
            positive = labelled.states[known, index] == IS
            false_positive_rate, sensitivity = curves.roc_curve(positive, labelled.scores[known, index])
            auc = cell_text(evaluation.per_label[label].metrics["auc"])
            axes.plot(false_positive_rate, sensitivity, label=f"{printable(label)} {auc}")
    axes.plot([0, 1], [0, 1], color="grey", linewidth=0.8, linestyle=":")
    axes.axvline(0.1, color="grey", linewidth=0.8, linestyle="--", label="specificity 0.90")
    axes.set_xlabel("1 - specificity (false-positive rate)")
    axes.set_ylabel("sensitivity")
    axes.legend(loc="lower right", fontsize=8, title="AUC (95 % confidence interval)", title_fontsize=8)


def _reliability(evaluation: Evaluation, axes: Any) -> None:
    """Plot accuracy against mean confidence; the area of a point is its share of the recordings."""
    bins = [row for row in evaluation.reliability if row.count]
    confidence, accuracy = [row.confidence for row in bins], [row.accuracy for row in bins]
    total = sum(row.count for row in bins)
    axes.plot([0, 1], [0, 1], color="grey", linewidth=0.8, linestyle=":")
    axes.plot(confidence, accuracy, linewidth=1)
    axes.scatter(confidence, accuracy, s=[12 + 600 * row.count / total for row in bins], alpha=0.5)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.02)
    axes.set_xlabel(f"mean confidence (calibration error {cell_text(evaluation.overall['calibration_error'])})")
    axes.set_ylabel("accuracy")


def _coverage(evaluation: Evaluation, axes: Any) -> None:
    """Plot the error rate among the recordings of highest confidence, with its interval."""
    coverages, errors = zip(*evaluation.coverage, strict=True)
    axes.fill_between(coverages, [error.low for error in errors], [error.high for error in errors], alpha=0.2, lw=0)
    axes.plot(coverages, [error.value for error in errors], marker="o", markersize=3)
    axes.set_xlim(0, 1.02)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("coverage: share of the recordings, highest confidence first")
    axes.set_ylabel("error rate")

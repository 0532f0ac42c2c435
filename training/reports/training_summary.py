"""What ``auscult train`` prints of held-out patients."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from training.evaluation.bootstrap import Estimate

if TYPE_CHECKING:
    from rich.console import Console

    from training.recipes.result import TrainingResult

__all__ = ["print_evidence"]

HEADINGS = ("sensitivity", "specificity", "precision", "AUC", "sens. at spec. .90")
"""Over the figures of a label, in the order of training.evaluation.cross_validated."""


def print_evidence(trained: TrainingResult, console: Console) -> None:
    """Print a table of the labels, then a line for every other figure."""
    from rich.table import Table

    evidence = trained.evidence
    times = "once" if evidence.num_repeats == 1 else f"once in each of {evidence.num_repeats} repeats"
    title = f"{evidence.num_recordings} recordings of {evidence.num_patients} patients, each held out {times}"
    table = Table("label", "count", *HEADINGS, title=title)
    for (label, figures), row in zip(evidence.per_label.items(), evidence.confusion, strict=True):
        table.add_row(label, str(row.sum() // evidence.num_repeats), *(_cell(figure) for figure in figures.values()))
    console.print(table)
    for name, figure in {**evidence.overall, **evidence.apart}.items():
        console.print(f"{name.replace('_', ' ')}: {figure}", highlight=False)
    for source, figures in trained.other_sets.items():
        for name, figure in figures.items():
            console.print(f"{source}, held-out patients, {name.replace('_', ' ')}: {figure}", highlight=False)
    if trained.abstaining is not None:
        told = trained.abstaining
        console.print(
            f"labels from a confidence of {told.threshold:.2f}: given to {told.coverage}, wrong {told.error}",
            highlight=False,
        )
    if trained.gate_figures is not None:
        console.print(f"quality gate, hearts against all else, AUC {trained.gate_figures.auc}", highlight=False)
    if trained.ended:
        console.print(trained.ended, highlight=False)


def _cell(figure: Estimate) -> str:
    """Return a value with its interval below it; a dash where there is none."""
    if math.isnan(figure.value):
        return "-"
    return f"{figure.value:.2f}\n[dim]{figure.low:.2f} to {figure.high:.2f}[/dim]"

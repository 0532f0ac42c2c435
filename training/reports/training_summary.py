"""What ``auscult train`` prints at the end: the metrics on held-out patients."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.labels import metric_title, set_title
from monitor.output import printable
from training.reports.table import Table, cell_text

if TYPE_CHECKING:
    from rich.console import Console

    from training.recipes.result import TrainingResult

__all__ = ["print_summary"]


def print_summary(result: TrainingResult, console: Console) -> None:
    """Print a table of the labels, then a line for every other metric."""
    metrics = result.evidence
    times = "once" if metrics.num_repeats == 1 else f"once in each of {metrics.num_repeats} repeats"
    console.print(
        f"{metrics.num_recordings} recordings of {metrics.num_patients} patients, each held out {times}",
        highlight=False,
        style="bold",
    )
    console.print(_label_table(result).terminal())
    for line in _lines(result):
        console.print(printable(line), highlight=False, markup=False)


def _label_table(result: TrainingResult) -> Table:
    """Return the metrics of each label, with the number of its recordings."""
    metrics = result.evidence
    counts = (metrics.confusion.sum(axis=1) // metrics.num_repeats).tolist()  # (labels,)
    names = next(iter(metrics.per_label.values()))
    header = ("label", "count", *(metric_title(name).replace("sensitivity at", "sens. at") for name in names))
    rows = [
        (label, count, *estimates.values())
        for (label, estimates), count in zip(metrics.per_label.items(), counts, strict=True)
    ]
    return Table(header, rows)


def _lines(result: TrainingResult) -> list[str]:
    """Return a line for every metric that is not of one label."""
    metrics, selective, gate = result.evidence, result.selective_accuracy, result.gate_metrics
    lines = [
        f"{metric_title(name)}: {cell_text(value)}" for name, value in {**metrics.overall, **metrics.apart}.items()
    ]
    lines += [
        f"{set_title(source)}, held-out patients, {metric_title(name)}: {cell_text(value)}"
        for source, estimates in result.other_sets.items()
        for name, value in estimates.items()
    ]
    if selective is not None:
        lines.append(
            f"label given from a confidence of {selective.threshold:.2f}: coverage {cell_text(selective.coverage)}, "
            f"error rate {cell_text(selective.error)}"
        )
    if gate is not None:
        lines.append(f"quality gate, heart against non-cardiac sounds, AUC {cell_text(gate.auc)}")
    return [*lines, result.ended] if result.ended else lines

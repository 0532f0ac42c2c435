"""What ``auscult evaluate`` prints: the tables of an evaluation, on a terminal and as Markdown.

Pure but for :func:`print_report`, which writes to the console that it is given.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from monitor.labels import metric_title, model_title, set_title
from monitor.output import printable
from training.evaluation.baselines import PUBLISHED, SOURCE
from training.evaluation.bootstrap import Estimate
from training.evaluation.classification import AT_SPECIFICITY, CHALLENGE, OF_LABEL, LabelMetrics
from training.evaluation.curves import ReliabilityBin
from training.evaluation.ectopic import COLUMNS as RHYTHM_HEADER
from training.evaluation.ectopic import NOTE as RHYTHM_NOTE
from training.evaluation.ectopic import rhythm_rows
from training.evaluation.evaluation import Evaluation, Group
from training.reports.caveats import notes_of, seen_note
from training.reports.table import MISSING, Cell, Table, label_counts, markdown_text

if TYPE_CHECKING:
    from rich.console import Console

__all__ = [
    "challenge_table",
    "confusion_table",
    "coverage_table",
    "evaluation_tables",
    "group_table",
    "label_table",
    "print_report",
    "reliability_table",
    "to_markdown",
]

RESEARCH = "Research use, not for diagnosis."
METHOD = (
    "A recording's score is the mean over its windows; a short clip is looped; the predicted label is the one with the "
    "largest score. Behind or below a value: its 95 % confidence interval by bootstrap over patients."
)
KNOWN = "that are known to have the label, or not to have it."
PATIENT = "A patient has a label if any recording has it, and is normal if all are; scores are averaged."
SHORT_TITLES = {AT_SPECIFICITY: "sens. at spec. 0.90"}
CHALLENGE_HEADER = ("", "total precision", "heart problem sensitivity", "specificity", "Youden", "discr. power")


def evaluation_tables(evaluation: Evaluation) -> list[Table]:
    """Return the tables of an evaluation that have a row, the most important first."""
    tables = [
        _overall(evaluation),
        label_table("Each label, per recording", evaluation.per_label, f"With / without: recordings {KNOWN}"),
        label_table("Each label, per patient", evaluation.per_patient, f"With / without: patients {KNOWN} {PATIENT}"),
        confusion_table(evaluation.info.labels, evaluation.confusion.tolist()),
        *(group_table(dimension, groups, evaluation.finding) for dimension, groups in evaluation.groups.items()),
        Table(RHYTHM_HEADER, rhythm_rows(evaluation.rhythm) if evaluation.rhythm else [], "Rhythm", RHYTHM_NOTE),
        _non_cardiac(evaluation),
        coverage_table(evaluation.coverage),
        reliability_table(evaluation.reliability),
        challenge_table(evaluation.challenge),
    ]
    return [table for table in tables if table.rows]


def _overall(evaluation: Evaluation) -> Table:
    """Return the metrics of all labels together, beside those of a constant prediction."""
    label, constant = evaluation.majority or ("", {})
    rows = [
        (metric_title(name), estimate, f"{constant[name]:.3f}" if name in constant else MISSING)
        for name, estimate in evaluation.overall.items()
    ]
    header = ("metric", "this bundle", f'always "{label}"')
    return Table(header, rows if evaluation.majority else [], "Overall")


def label_table(title: str, per_label: Mapping[str, LabelMetrics], note: str = "") -> Table:
    """Return the metrics of every label that is known of any recording."""
    rows: list[tuple[Cell, ...]] = [
        (label, f"{row.positives} / {row.negatives}", *(row.metrics[name] for name in OF_LABEL))
        for label, row in per_label.items()
        if row.positives + row.negatives
    ]
    header = ("label", "with / without", *(SHORT_TITLES.get(name, metric_title(name)) for name in OF_LABEL))
    return Table(header, rows, title, note)


def confusion_table(labels: Sequence[str], matrix: Sequence[Sequence[int]], title: str = "Confusion") -> Table:
    """Return the confusion matrix; no rows where it is empty."""
    rows: list[tuple[Cell, ...]] = [(label, *counts) for label, counts in zip(labels, matrix, strict=True)]
    header = ("true label", *(f"predicted {label}" for label in labels))
    return Table(header, rows if any(map(any, matrix)) else [], title)


def group_table(dimension: str, groups: Mapping[str, Group], finding: str) -> Table:
    """Return the metrics of subgroups; no rows for a single one."""
    metrics = ("auc", "sensitivity", "specificity")
    rows: list[tuple[Cell, ...]] = [
        (
            name,
            f"{group.recordings} / {group.patients}",
            *group.overall.values(),
            *(group.finding.metrics[metric] for metric in metrics),
        )
        for name, group in groups.items()
    ]
    header = (dimension, "rec. / patients", "accuracy", "balanced accuracy", *map(metric_title, metrics))
    note = f"AUC, sensitivity and specificity are of {finding}."
    return Table(header, rows if len(rows) > 1 else [], f"Subgroups by {dimension}", note)


def _non_cardiac(evaluation: Evaluation) -> Table:
    """Return how well heart sounds and non-cardiac sounds are separated."""
    titles = {
        "windows_refused": "non-cardiac windows withheld",
        "heart_windows_withheld": "heart windows withheld",
        "auc": "AUC, heart against non-cardiac",
    }
    rows = [(titles[name], estimate) for name, estimate in evaluation.non_cardiac.items() if _exists(estimate)]
    note = f"Recordings of non-cardiac sounds: {evaluation.num_non_cardiac}."
    return Table(("metric", "this bundle"), rows, "Heart or non-cardiac", note)


def coverage_table(points: Sequence[tuple[float, Estimate]]) -> Table:
    """Return the error rate among the recordings of highest confidence."""
    rows = [(f"{coverage:.0%}", error) for coverage, error in points if _exists(error)]
    note = "Coverage: share of the recordings that get a label, highest confidence first."
    return Table(("coverage", "error rate"), rows, "Error rate by coverage", note)


def reliability_table(bins: Sequence[ReliabilityBin], title: str = "Reliability") -> Table:
    """Return mean confidence against accuracy, without empty bins."""
    rows = [
        (f"{row.low:.1f} to {row.high:.1f}", row.count, f"{row.confidence:.3f}", f"{row.accuracy:.3f}")
        for row in bins
        if row.count
    ]
    return Table(("confidence", "recordings", "mean confidence", "accuracy"), rows, title)


def challenge_table(metrics: Mapping[str, Estimate], name: str = "this bundle") -> Table:
    """Return the metrics of the PASCAL challenge beside the published ones; no rows where they are undefined."""
    published = [(str(row["name"]), *(f"{row[key]:.2f}" for key in CHALLENGE)) for row in PUBLISHED]
    rows: list[tuple[Cell, ...]] = [(name, *(metrics[key] for key in CHALLENGE)), *published]
    known = any(map(_exists, metrics.values()))
    note = f"A heart problem is any label but normal. Published: {SOURCE}"
    return Table(CHALLENGE_HEADER, rows if known else [], "Metrics of the PASCAL challenge", note)


def _exists(estimate: Estimate) -> bool:
    """Return whether an estimate has a value."""
    return math.isfinite(estimate.value)


def to_markdown(evaluation: Evaluation) -> str:
    """Return an evaluation as a Markdown document."""
    first = seen_note(evaluation)
    lines = [f"# {markdown_text(_title(evaluation))}", "", RESEARCH, ""]
    lines += [
        f"- **{markdown_text(note)}**" if note == first else f"- {markdown_text(note)}" for note in notes_of(evaluation)
    ]
    lines += ["", METHOD, *(f"- {markdown_text(line)}" for line in _data_lines(evaluation))]
    for table in evaluation_tables(evaluation):
        lines += ["", f"## {markdown_text(table.title)}", "", *table.markdown()]
        lines += ["", markdown_text(table.note)] if table.note else []
    return "\n".join(lines) + "\n"


def print_report(evaluation: Evaluation, console: Console) -> None:
    """Print an evaluation on a terminal."""
    from rich.markup import escape

    console.rule(escape(printable(_title(evaluation))), style="dim")
    console.print(RESEARCH, METHOD, highlight=False, style="dim")
    for line in _data_lines(evaluation):
        console.print(printable(line), highlight=False, markup=False)
    first = seen_note(evaluation)
    for note in notes_of(evaluation):
        console.print(printable(note), highlight=False, markup=False, style="bold" if note == first else None)
    for table in evaluation_tables(evaluation):
        title = table.title + (" (not held out)" if evaluation.info.seen else "")
        console.print()
        console.print(printable(title), highlight=False, markup=False, style="bold")
        console.print(table.terminal())
        if table.note:
            console.print(printable(table.note), highlight=False, markup=False, style="dim")


def _title(evaluation: Evaluation) -> str:
    """Return which bundle was evaluated on which data sets."""
    info = evaluation.info
    title = model_title(info.model, info.engine)
    return f"{title} ({info.model_sha256[:8]}) on {', '.join(set_title(data['set']) for data in info.data)}"


def _data_lines(evaluation: Evaluation) -> list[str]:
    """Return a line per data set."""
    return [
        f"{set_title(data['set'])}: {data['recordings']} recordings of {data['patients']} patients "
        f"({label_counts(data['labels'])})"
        for data in evaluation.info.data
    ]

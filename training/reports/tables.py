"""An evaluation for people: the same tables on a terminal and as Markdown.

Tables are made once, as :class:`Section`, and drawn twice. Pure but for :func:`print_report`, which writes to the
console it is given.
"""

from __future__ import annotations

import dataclasses
import math
import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from training.evaluation.baselines import PUBLISHED, SOURCE
from training.evaluation.bootstrap import Estimate
from training.evaluation.classification import AT_SPECIFICITY, CHALLENGE, OF_LABEL, LabelFigures
from training.evaluation.ectopic import COLUMNS as RHYTHM_COLUMNS
from training.evaluation.ectopic import NOTE as RHYTHM_NOTE
from training.evaluation.ectopic import rhythm_rows
from training.evaluation.evaluation import Evaluation, Group
from training.reports.caveats import notes_of, seen_note

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Section", "print_report", "sections", "to_markdown"]

Cell = str | int | Estimate

RESEARCH = "Research use, not for diagnosis."
METHOD = (
    "A recording's score is the mean over its windows, a short clip is looped, and the label with the largest score "
    "is decided. Behind or below a figure: its 95 % interval by bootstrap over patients."
)
HEADINGS = {"auc": "AUC", AT_SPECIFICITY: "sens. at spec. 0.90"}
NOTHING = "-"

MOST_COLUMNS = 4
"""With more, an interval stands below its value, so that a table fits into 80 columns."""
WIDTH = len("0.00-0.00")


@dataclasses.dataclass(frozen=True)
class Section:
    """A table with its title.

    Attributes
    ----------
    title : str
    columns : tuple of str
    rows : list of tuple of str, int or Estimate
        As long as ``columns``.
    note : str
        Below the table.
    """

    title: str
    columns: tuple[str, ...]
    rows: list[tuple[Cell, ...]]
    note: str = ""


def sections(found: Evaluation) -> list[Section]:
    """Return the tables of an evaluation that hold anything."""
    candidates = [
        _overall(found),
        _labels("Each label, per recording", "recordings", found.per_label),
        _labels("Each label, per patient", "patients", found.per_patient),
        _confusion(found),
        *(_groups(name, groups, found) for name, groups in found.groups.items()),
        _rhythm(found),
        _no_heart(found),
        _coverage(found),
        _reliability(found),
        _challenge(found),
    ]
    return [section for section in candidates if section.rows]


def _overall(found: Evaluation) -> Section:
    """Return the figures of several classes."""
    rows: list[tuple[Cell, ...]] = []
    if found.always is not None:
        label, always = found.always
        for name, figure in found.overall.items():
            rows.append((_words(name), figure, f"{always[name]:.3f}" if name in always else NOTHING))
        return Section("Overall", ("figure", "this bundle", f'always "{label}"'), rows)
    return Section("Overall", (), [])


def _labels(title: str, unit: str, figures: Mapping[str, LabelFigures]) -> Section:
    """Return the figures of every label that any recording tells of."""
    rows: list[tuple[Cell, ...]] = [
        (label, f"{its.positives} / {its.negatives}", *(its.figures[name] for name in OF_LABEL))
        for label, its in figures.items()
        if its.positives + its.negatives
    ]
    columns = ("label", "with / without", *(HEADINGS.get(name, name) for name in OF_LABEL))
    note = f"With / without: {unit} that certainly have the label, or have it not."
    if unit == "patients":
        note += " A patient has a label if any recording has it, and is normal if all are; scores are their mean."
    return Section(title, columns, rows, note)


def _confusion(found: Evaluation) -> Section:
    """Return the confusion matrix."""
    matrix = found.confusion.tolist() if found.confusion.any() else []
    labels = found.about.labels
    rows: list[tuple[Cell, ...]] = [(label, *row) for label, row in zip(labels, matrix, strict=bool(matrix))]
    return Section("Confusion", ("truth", *(f"decided {label}" for label in labels)), rows)


def _groups(dimension: str, groups: Mapping[str, Group], found: Evaluation) -> Section:
    """Return a table of subgroups, if there are several."""
    columns = (
        dimension,
        "rec. / patients",
        "accuracy",
        "balanced accuracy",
        "AUC",
        "sensitivity",
        "specificity",
    )
    rows: list[tuple[Cell, ...]] = [
        (
            name,
            f"{group.recordings} / {group.patients}",
            *group.overall.values(),
            *(group.finding.figures[figure] for figure in ("auc", "sensitivity", "specificity")),
        )
        for name, group in groups.items()
    ]
    note = f"AUC, sensitivity and specificity are of {found.finding}."
    return Section(f"By {dimension}", columns, rows if len(rows) > 1 else [], note)


def _no_heart(found: Evaluation) -> Section:
    """Return how well sounds that are no heart are told."""
    names = {
        "windows_refused": "windows of other sounds refused",
        "heart_windows_withheld": "windows of hearts withheld",
        "auc": "AUC, heart against other sounds",
    }
    rows: list[tuple[Cell, ...]] = [(names[name], figure) for name, figure in found.no_heart.items() if _is(figure)]
    note = f"{found.num_no_heart} recordings of sounds that are no heart." if found.num_no_heart else ""
    return Section("Heart or not", ("figure", "this bundle"), rows, note)


def _rhythm(found: Evaluation) -> Section:
    """Return the score of an extrasystole against both truths."""
    rows: list[tuple[Cell, ...]] = [*rhythm_rows(found.rhythm)] if found.rhythm else []
    return Section("RhythmMetrics", RHYTHM_COLUMNS, rows, RHYTHM_NOTE)


def _coverage(found: Evaluation) -> Section:
    """Return the share of errors among the surest recordings."""
    rows: list[tuple[Cell, ...]] = [(f"{share:.0%}", error) for share, error in found.coverage if _is(error)]
    return Section("Errors among the surest recordings", ("coverage", "error"), rows)


def _reliability(found: Evaluation) -> Section:
    """Return what confidence promised and what came true."""
    rows: list[tuple[Cell, ...]] = [
        (f"{its.low:.1f} to {its.high:.1f}", its.count, f"{its.confidence:.3f}", f"{its.accuracy:.3f}")
        for its in found.reliability
        if its.count
    ]
    return Section("Reliability", ("confidence", "recordings", "mean confidence", "accuracy"), rows)


def _challenge(found: Evaluation) -> Section:
    """Return the challenge's own figures beside those published."""
    ours: tuple[Cell, ...] = tuple(found.challenge.values())
    if not any(_is(figure) for figure in found.challenge.values()):
        return Section("The PASCAL challenge's own figures", (), [])
    others = [(str(row["name"]), *(f"{row[name]:.2f}" for name in CHALLENGE)) for row in PUBLISHED]
    columns = ("", "total precision", "heart problem sensitivity", "specificity", "Youden", "discr. power")
    note = f"A heart problem is any label but normal. Published: {SOURCE}"
    return Section("The PASCAL challenge's own figures", columns, [("this bundle", *ours), *others], note)


def to_markdown(found: Evaluation) -> str:
    """Return an evaluation as Markdown."""
    lines = [f"# {_title(found)}", "", RESEARCH, ""]
    lines += [f"- **{note}**" if note == seen_note(found) else f"- {note}" for note in notes_of(found)]
    lines += ["", METHOD, *(f"- {line}" for line in _data_lines(found))]
    for section in sections(found):
        lines += ["", f"## {section.title}", "", _markdown_row(section.columns), "|" + "---|" * len(section.columns)]
        lines += [_markdown_row([_one_line(cell) for cell in row]) for row in section.rows]
        lines += ["", section.note] if section.note else []
    return "\n".join(lines) + "\n"


def _markdown_row(cells: Sequence[str]) -> str:
    """Return a row of a Markdown table."""
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def print_report(found: Evaluation, console: Console) -> None:
    """Print an evaluation as tables."""
    from rich.markup import escape

    console.rule(escape(_title(found)), style="dim")
    console.print(RESEARCH, METHOD, highlight=False, style="dim")
    for line in _data_lines(found):
        console.print(line, highlight=False, markup=False)
    for note in notes_of(found):
        console.print(note, highlight=False, markup=False, style="bold" if note == seen_note(found) else None)
    for section in sections(found):
        console.print()
        console.print(section.title + (" (not held out)" if found.about.seen else ""), highlight=False, style="bold")
        console.print(_table(section))
        if section.note:
            console.print(section.note, highlight=False, markup=False, style="dim")


def _table(section: Section) -> Any:
    """Return a section as a table for a terminal; wide ones have the interval below the value."""
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 0, 0, 1))
    table.show_edge = table.pad_edge = False
    wide = len(section.columns) > MOST_COLUMNS
    for number, column in enumerate(section.columns):
        heading = textwrap.fill(column, WIDTH, break_long_words=False) if wide else column
        table.add_column(escape(heading), justify="right" if number else "left", no_wrap=number > 0)
    for row in section.rows:
        table.add_row(
            *(_two_lines(cell) if wide and isinstance(cell, Estimate) else escape(_one_line(cell)) for cell in row)
        )
    return table


def _title(found: Evaluation) -> str:
    """Return what was measured on what."""
    about = found.about
    return f"{about.model} ({about.model_sha256[:8]}) on {', '.join(data['set'] for data in about.data)}"


def _data_lines(found: Evaluation) -> list[str]:
    """Return a line per data set."""
    lines = []
    for data in found.about.data:
        counts = ", ".join(f"{number} {label}" for label, number in data["labels"].items())
        lines.append(f"{data['set']}: {data['recordings']} recordings of {data['patients']} patients ({counts})")
    return lines


def _words(name: str) -> str:
    """Return the name of a figure as people write it."""
    words = {"macro_f1": "macro-F1", "accuracy_on_surest_80": "accuracy on the 80 % it is surest of"}
    return words.get(name, name.replace("_", " "))


def _is(figure: Estimate) -> bool:
    """Return whether there is a value."""
    return math.isfinite(figure.value)


def _one_line(cell: Cell) -> str:
    """Return ``0.923 (0.880 to 0.951)``, or a dash for no number."""
    if not isinstance(cell, Estimate):
        return str(cell)
    if not _is(cell):
        return NOTHING
    return str(cell) if math.isfinite(cell.low) else f"{cell.value:.3f}"


def _two_lines(cell: Estimate) -> str:
    """Return the value, and its interval below it; as markup."""
    if not math.isfinite(cell.low):
        return _one_line(cell)
    joint = "-" if cell.low >= 0 else " to "
    return f"{cell.value:.3f}\n[dim]{cell.low:.2f}{joint}{cell.high:.2f}[/dim]"

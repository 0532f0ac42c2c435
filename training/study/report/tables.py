"""Tables of docs/EVIDENCE.md, made from the JSON of a study and from nothing else. Pure.

A table is a list of rows of text, its heading first. What a study did not measure is a dash.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

__all__ = [
    "NOTHING",
    "TARGETS",
    "ablation_table",
    "challenge_table",
    "coverage_table",
    "figure_text",
    "label_table",
    "markdown",
    "reliability_table",
    "rhythm_table",
    "robustness_table",
    "subgroup_table",
    "target_table",
    "what_it_says",
]

Json = Mapping[str, Any]
Table = list[list[str]]
NOTHING = "-"
CIRCOR_AUC = "murmur_auc in CirCor DigiScope"

TARGETS: tuple[tuple[str, str, float, float, int], ...] = (
    ("murmur AUC", "murmur_auc", 0.935, 0.96, 1),
    ("murmur sensitivity at specificity 0.90", "murmur_sensitivity_at_specificity_0.90", 0.80, 0.88, 1),
    ("accuracy", "accuracy", 0.82, 0.86, 1),
    ("balanced accuracy at that same decision", "balanced_accuracy", 0.58, 0.65, 1),
    ("macro-F1 at that same decision", "macro_f1", 0.57, 0.65, 1),
    ("murmur AUC among noisy recordings", "murmur_auc_noisy", 0.87, 0.92, 1),
    ("murmur AUC among clean recordings", "murmur_auc_clean", 0.95, 0.97, 1),
    ("calibration error", "calibration_error", 0.03, 0.02, -1),
    ("accuracy on the 80 % it is surest of", "accuracy_on_surest_80", 0.86, 0.90, 1),
    ("CirCor murmur AUC per recording", CIRCOR_AUC, 0.91, 0.94, 1),
    ("premature beat against regular windows, CirCor, AUC", "premature_auc_regular", 0.94, 0.97, 1),
    ("premature beat against all other windows, CirCor, AUC", "premature_auc_all", 0.85, 0.92, 1),
    ("extrastole clips against clean normals, set B, AUC", "extrastole_auc_clean_normals", 0.60, 0.70, 1),
)
"""What was to be reached: words, name of the figure, must, aim, and 1 where more is better, -1 where less is."""

IN_SHORT = (
    ("murmur AUC", "murmur_auc"),
    ("accuracy", "accuracy"),
    ("balanced accuracy", "balanced_accuracy"),
    ("calibration error", "calibration_error"),
    ("CirCor murmur AUC", CIRCOR_AUC),
    ("premature against regular", "premature_auc_regular"),
    ("extrastole against clean normals", "extrastole_auc_clean_normals"),
)
"""Columns of the ablations."""

WORDS = {name: words for words, name, *_ in TARGETS} | {
    "extrastole_auc_noisy_normals": "extrastole against noisy normals, AUC"
}
LESS_IS_BETTER = {name for _, name, _, _, sign in TARGETS if sign < 0}


def markdown(table: Table) -> list[str]:
    """Return the lines of a table; none for one without rows."""
    if len(table) < 2:
        return []
    heading, *rows = [["" if cell is None else cell.replace("|", "\\|") for cell in row] for row in table]
    return [_line(heading), "|" + "---|" * len(heading), *(_line(row) for row in rows)]


def _line(cells: Sequence[str]) -> str:
    """Return a row of a Markdown table."""
    return "| " + " | ".join(cells) + " |"


def figure_text(figure: Json | None, *, signed: bool = False) -> str:
    """Return ``0.923 (0.880 to 0.951)``, or a dash for what was not measured."""
    if not figure or figure["value"] is None:
        return NOTHING
    sign = "+" if signed else ""
    value = f"{figure['value']:{sign}.3f}"
    return value if figure["low"] is None else f"{value} ({figure['low']:{sign}.3f} to {figure['high']:{sign}.3f})"


def _value(figure: Json | None) -> str:
    """Return the value alone."""
    return NOTHING if not figure or figure["value"] is None else f"{figure['value']:.3f}"


def target_table(ours: Json | None, article: Json | None) -> Table:
    """Return what was to be reached, by whom it was, and whether it is met."""
    table = [["figure", "article's recipe", "ours", "95 % interval", "seeds", "must", "aim", "met?"]]
    for words, name, must, aim, sign in TARGETS:
        figure = _headline(ours, name)
        interval = NOTHING
        if figure and figure["low"] is not None:
            interval = f"{figure['low']:.3f} to {figure['high']:.3f}"
        cells = [words, _value(_headline(article, name)), _value(figure), interval, _seeds(ours, name)]
        table.append([*cells, f"{must:g}", f"{aim:g}", _met(figure, must, aim, sign)])
    return table


def _headline(study: Json | None, name: str) -> Json | None:
    """Return a figure of a study, or None."""
    return study["headline"].get(name) if study else None


def _seeds(study: Json | None, name: str) -> str:
    """Return the least and the largest value of any seed."""
    values = [value for value in (study["per_seed"].get(name, []) if study else []) if value is not None]
    return f"{min(values):.3f} to {max(values):.3f}" if len(values) > 1 else NOTHING


def _met(figure: Json | None, must: float, aim: float, sign: int) -> str:
    """Return which of the two is reached, judged by the value as it is shown."""
    if not figure or figure["value"] is None:
        return "not measured"
    value = sign * round(figure["value"], 3)
    return "aim" if value >= sign * aim else "must" if value >= sign * must else "**no**"


def ablation_table(studies: Mapping[str, Json], comparisons: Json) -> Table:
    """Return what every variant adds to the figures, with intervals."""
    table = [["changed", *(words for words, _ in IN_SHORT)]]
    for name, found in comparisons.items():
        cells = [figure_text(found["differences"].get(figure), signed=True) for _, figure in IN_SHORT]
        table.append([studies[name]["title"], *cells])
    return table


def what_it_says(differences: Json) -> str:
    """Return one sentence: which figures a change moves beyond chance, and which way."""
    moved: dict[str, list[str]] = {"worsens": [], "betters": []}
    for name, figure in differences.items():
        if figure["low"] is None or figure["low"] <= 0 <= figure["high"]:
            continue
        rises = (figure["value"] > 0) != (name in LESS_IS_BETTER)
        moved["betters" if rises else "worsens"].append(f"{WORDS.get(name, name)} by {abs(figure['value']):.3f}")
    parts = [f"{verb} {'; '.join(names)}" for verb, names in moved.items() if names]
    if not parts:
        return "No figure moves beyond what other patients would move it by."
    rest = "" if sum(map(len, moved.values())) == len(differences) else "; the others' intervals hold zero"
    return f"It {', and it '.join(parts)}{rest}."


def robustness_table(robustness: Json | None) -> Table:
    """Return what disturbances do to the murmur's AUC, the accuracy and the windows withheld."""
    table = [["recordings", "murmur AUC", "accuracy", "windows withheld"]]
    for name, figures in (robustness or {}).items():
        table.append([name, *(figure_text(figures.get(key)) for key in ("murmur_auc", "accuracy", "windows_withheld"))])
    return table


def rhythm_table(ours: Json | None, article: Json | None) -> Table:
    """Return both truths about the score of an extrasystole, side by side."""
    table = [["truth", "found", "against", "ours, AUC", "article's recipe, AUC"]]
    theirs = dict(_rhythms(article))
    for key, figure in _rhythms(ours):
        table.append([*key, figure_text(figure), figure_text(theirs.get(key))])
    return table


def _rhythms(study: Json | None) -> Iterator[tuple[tuple[str, str, str], Json]]:
    """Yield truth, what is found, what it is told from, and the figure."""
    rhythm = study["rhythm"] if study else None
    if not rhythm:
        return
    for name, its in rhythm["label"].items():
        yield ("label of the recording", f"{its['positives']} recordings", f"{its['negatives']} {name}"), its["auc"]
    marks = rhythm["marks"]
    for its in marks["definitions"].values():
        truth = f"S1 marks: {its['definition']}"
        found = f"{its['windows']} windows of {its['recordings']} recordings, {its['patients']} children"
        yield (truth, found, f"{marks['regular']['windows']} regular windows"), its["auc_against_regular"]
        yield (truth, found, f"all {marks['windows'] - its['windows']} others"), its["auc_against_all"]


def label_table(tables: Json) -> Table:
    """Return the figures of each label."""
    names = ("sensitivity", "specificity", "precision", "auc", "sensitivity_at_specificity_0.90")
    table = [["label", "with / without", "sensitivity", "specificity", "precision", "AUC", "sens. at spec. 0.90"]]
    for label, its in tables["per_recording"].items():
        if its["positives"] and its["negatives"]:
            counts = f"{its['positives']} / {its['negatives']}"
            table.append([label, counts, *(figure_text(its[name]) for name in names)])
    return table


def subgroup_table(groups: Json) -> Table:
    """Return the figures of some subgroups, side by side."""
    names = ("accuracy", "balanced_accuracy", "auc", "sensitivity", "specificity")
    table = [["", "rec. / patients", "accuracy", "balanced accuracy", "AUC", "sensitivity", "specificity"]]
    for name, its in groups.items():
        table.append([name, f"{its['recordings']} / {its['patients']}", *(figure_text(its[key]) for key in names)])
    return table if len(table) > 2 else table[:1]


def reliability_table(tables: Json) -> Table:
    """Return what confidence promised and what came true."""
    table = [["confidence", "recordings, all seeds", "mean confidence", "accuracy"]]
    for its in tables["reliability"]:
        if its["count"]:
            edges = f"{its['low']:.1f} to {its['high']:.1f}"
            table.append([edges, str(its["count"]), f"{its['confidence']:.3f}", f"{its['accuracy']:.3f}"])
    return table


def challenge_table(tables: Json) -> Table:
    """Return the challenge's own figures beside those published."""
    names = (
        "total_precision",
        "heart_problem_sensitivity",
        "heart_problem_specificity",
        "youden",
        "discriminant_power",
    )
    found = tables["challenge"]
    heading = ["", "total precision", "heart problem sensitivity", "specificity", "Youden", "discriminant power"]
    ours = ["ours", *(figure_text(found[name]) for name in names)]
    return [heading, ours, *([its["name"], *(f"{its[name]:.2f}" for name in names)] for its in found["published"])]


def coverage_table(tables: Json) -> Table:
    """Return the share of errors among the surest recordings."""
    rows = [[f"{its['coverage']:.0%}", figure_text(its["error"])] for its in tables["coverage"]]
    return [["the surest", "share of errors"], *rows]

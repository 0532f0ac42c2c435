"""Tables of docs/EVIDENCE.md, built from the JSON of a study and from nothing else. Pure.

What a study did not measure is a dash.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from monitor.labels import EXTRASTOLE, set_title
from training.evaluation.bootstrap import Estimate
from training.evaluation.classification import ACCURACIES, CHALLENGE, OF_LABEL, LabelMetrics
from training.evaluation.curves import ReliabilityBin
from training.evaluation.evaluation import Group
from training.reports import evaluation_tables
from training.reports.table import MISSING, Cell, Table, cell_text, estimate_of, label_counts

__all__ = [
    "TARGETS",
    "ablation_table",
    "data_table",
    "effect_sentence",
    "flips_table",
    "rhythm_table",
    "robustness_table",
    "set_tables",
    "target_table",
]

Json = Mapping[str, Any]
Row = tuple[Cell, ...]
CIRCOR_AUC = "murmur_auc in CirCor DigiScope"

TARGETS: tuple[tuple[str, str, float, float, int], ...] = (
    ("murmur AUC", "murmur_auc", 0.95, 0.96, 1),
    ("murmur sensitivity at specificity 0.90", "murmur_sensitivity_at_specificity_0.90", 0.87, 0.90, 1),
    ("accuracy", "accuracy", 0.83, 0.86, 1),
    ("balanced accuracy at the same operating point", "balanced_accuracy", 0.58, 0.65, 1),
    ("macro-F1 at the same operating point", "macro_f1", 0.57, 0.65, 1),
    ("murmur AUC among noisy recordings", "murmur_auc_noisy", 0.87, 0.92, 1),
    ("murmur AUC among clean recordings", "murmur_auc_clean", 0.95, 0.97, 1),
    ("calibration error", "calibration_error", 0.02, 0.015, -1),
    ("accuracy at 80 % coverage", "accuracy_on_surest_80", 0.86, 0.90, 1),
    ("CirCor murmur AUC per recording", CIRCOR_AUC, 0.94, 0.955, 1),
    ("ectopic beat against regular windows, CirCor, AUC", "premature_auc_regular", 0.94, 0.97, 1),
    ("ectopic beat against all other windows, CirCor, AUC", "premature_auc_all", 0.85, 0.92, 1),
    ("extrastole clips against clean normals, set B, AUC", "extrastole_auc_clean_normals", 0.60, 0.70, 1),
)
"""Title, name of the metric, required value, target value, and 1 where higher is better, -1 where lower is."""

ABLATION_COLUMNS = (
    ("murmur AUC", "murmur_auc"),
    ("accuracy", "accuracy"),
    ("balanced accuracy", "balanced_accuracy"),
    ("calibration error", "calibration_error"),
    ("CirCor murmur AUC", CIRCOR_AUC),
    ("ectopic against regular", "premature_auc_regular"),
    ("extrastole against clean normals", "extrastole_auc_clean_normals"),
)

TITLES = {name: title for title, name, *_ in TARGETS} | {
    "extrastole_auc_noisy_normals": "extrastole against noisy normals, AUC"
}
LOWER_IS_BETTER = {name for _, name, _, _, sign in TARGETS if sign < 0}


def target_table(ours: Json | None, article: Json | None) -> Table:
    """Return every target, the values reached, and whether it is met."""
    rows = []
    for title, name, required, target, sign in TARGETS:
        metric = _headline(ours, name)
        interval = MISSING
        if metric and metric["low"] is not None:
            interval = f"{metric['low']:.3f} to {metric['high']:.3f}"
        values = (_value(_headline(article, name)), _value(metric), interval, _range_of_seeds(ours, name))
        rows.append((title, *values, f"{required:g}", f"{target:g}", _met(metric, required, target, sign)))
    header = ("metric", "article's recipe", "ours", "95 % interval", "seeds", "required", "target", "met")
    return Table(header, rows)


def _headline(study: Json | None, name: str) -> Json | None:
    """Return a metric of a study, or None."""
    return study.get("headline", {}).get(name) if study else None


def _value(metric: Json | None) -> str:
    """Return a metric without its interval."""
    return MISSING if not metric or metric["value"] is None else f"{metric['value']:.3f}"


def _range_of_seeds(study: Json | None, name: str) -> str:
    """Return the minimum and maximum over the seeds."""
    values = [value for value in (study["per_seed"].get(name, []) if study else []) if value is not None]
    return f"{min(values):.3f} to {max(values):.3f}" if len(values) > 1 else MISSING


def _met(metric: Json | None, required: float, target: float, sign: int) -> str:
    """Return which of the two values is reached, with the metric rounded as it is shown."""
    if not metric or metric["value"] is None:
        return "not measured"
    value = sign * round(metric["value"], 3)
    return "target" if value >= sign * target else "required" if value >= sign * required else "**no**"


def ablation_table(studies: Mapping[str, Json], comparisons: Json) -> Table:
    """Return the difference that every variant makes to the metrics, with intervals."""
    rows = []
    for name, comparison in comparisons.items():
        differences = comparison["differences"]
        cells = [cell_text(estimate_of(differences.get(metric)), signed=True) for _, metric in ABLATION_COLUMNS]
        rows.append((studies[name]["title"], *cells))
    return Table(("changed", *(title for title, _ in ABLATION_COLUMNS)), rows)


def effect_sentence(differences: Json) -> str:
    """Return one sentence: which metrics a change moves beyond their interval, and in which direction."""
    moved: dict[str, list[str]] = {"worsens": [], "improves": []}
    for name, difference in differences.items():
        if difference["low"] is None or difference["low"] <= 0 <= difference["high"]:
            continue
        improves = (difference["value"] > 0) != (name in LOWER_IS_BETTER)
        effect = f"{TITLES.get(name, name)} by {abs(difference['value']):.3f}"
        moved["improves" if improves else "worsens"].append(effect)
    parts = [f"{verb} {'; '.join(effects)}" for verb, effects in moved.items() if effects]
    if not parts:
        return "No metric changes significantly: every interval includes zero."
    rest = "" if sum(map(len, moved.values())) == len(differences) else "; all other intervals include zero"
    return f"It {', and it '.join(parts)}{rest}."


def robustness_table(robustness: Json) -> Table:
    """Return the murmur's AUC, the accuracy and the share of windows withheld under every perturbation."""
    names = ("murmur_auc", "accuracy", "windows_withheld")
    rows: list[Row] = [
        (title, *(estimate_of(metrics.get(name)) for name in names)) for title, metrics in robustness.items()
    ]
    return Table(("recordings", "murmur AUC", "accuracy", "windows withheld"), rows)


def flips_table(flips: Json) -> Table:
    """Return the labels of windows and of recordings that change under every perturbation, as counts and shares."""
    rows: list[Row] = [
        (
            name,
            *_flipped(row.get("window_label_flips"), row.get("windows")),
            *_flipped(row.get("final_label_flips"), row.get("recordings")),
            MISSING if row.get("largest_score_change") is None else f"{row['largest_score_change']:.3f}",
        )
        for name, row in flips["perturbations"].items()
    ]
    header = ("perturbation", "windows", "another label", "recordings", "another final label", "largest score change")
    return Table(header, rows)


def operating_point_table(point: Json) -> Table:
    """Return what is found at the operating point in each data set and each group of CirCor."""
    keys = ("auc", "labelled", "sensitivity", "specificity")
    named = [(set_title(name), row) for name, row in point["point"]["sets"].items()]
    named += [(f"CirCor, {name}", row) for name, row in point["groups"].items()]
    sides = ("positives", "negatives")
    rows: list[Row] = [
        (name, *(row.get(side, MISSING) for side in sides), *(estimate_of(row.get(key)) for key in keys))
        for name, row in named
    ]
    return Table(("recordings", "with a murmur", "without", "AUC", *keys[1:]), rows)


def diastolic_table(study: Json) -> Table:
    """Return the murmur AUC of each kind of made diastolic murmur, before and now."""
    before = study.get("before", {})
    rows: list[Row] = [
        (name, row["positives"], estimate_of(before.get(name)), estimate_of(row["auc"]))
        for name, row in study["murmurs"].items()
    ]
    return Table(("murmur", "recordings", "AUC, the recipe of decision 0018", "AUC"), rows)


def error_table(study: Json) -> Table:
    """Return the calibration error of the scores, and those of labels that are drawn from them."""
    rows: list[Row] = [
        ("measured, the mean of the seeds", estimate_of(study["measured"]), MISSING),
        ("labels drawn for each recording", estimate_of(study["drawn"]), f"{study['drawn_below']:.3f}"),
        ("labels drawn for each patient", estimate_of(study["drawn_by_patient"]), f"{study['by_patient_below']:.3f}"),
    ]
    return Table(("calibration error", "value", "share of 0.02 or less"), rows)


def _flipped(flips: int | None, count: int | None) -> tuple[Cell, Cell]:
    """Return how many there were, and how many flipped, with their share."""
    if flips is None or not count:
        return MISSING if count is None else count, MISSING
    return count, f"{flips} ({flips / count:.2%})".replace("%", " %")


def rhythm_table(ours: Json | None, article: Json | None) -> Table:
    """Return the extrasystole score against both kinds of ground truth."""
    of_article = dict(_rhythms(article))
    rows: list[Row] = [(*key, estimate_of(auc), estimate_of(of_article.get(key))) for key, auc in _rhythms(ours)]
    return Table(("ground truth", "positives", "negatives", "ours, AUC", "article's recipe, AUC"), rows)


def _rhythms(study: Json | None) -> Iterator[tuple[tuple[str, str, str], Json]]:
    """Yield ground truth, positives and negatives, and the AUC."""
    rhythm = study["rhythm"] if study else None
    if not rhythm:
        return
    for name, row in rhythm["label"].items():
        negatives = f"{row['negatives']} {name}"
        headline = _headline(study, f"{EXTRASTOLE}_auc_{name.replace(' ', '_')}")  # the same AUC and interval as there
        yield ("label of the recording", f"{row['positives']} recordings", negatives), headline or row["auc"]
    annotated = rhythm["marks"]
    for row in annotated["definitions"].values():
        truth = f"S1 annotations: {row['definition']}"
        positives = f"{row['windows']} windows of {row['recordings']} recordings, {row['patients']} children"
        regular, others = annotated["regular"]["windows"], annotated["windows"] - row["windows"]
        yield (truth, positives, f"{regular} regular windows"), row["auc_against_regular"]
        yield (truth, positives, f"all {others} others"), row["auc_against_all"]


def set_tables(values: Json) -> list[Table]:
    """Return the tables of one data set: those of ``auscult evaluate``, over all seeds."""
    labels = {label: _label_metrics(row) for label, row in values["per_recording"].items()}
    both_sides = {label: row for label, row in labels.items() if row.positives and row.negatives}
    confusion, bins = values["confusion"], [ReliabilityBin(**row) for row in values["reliability"]]
    tables = [
        evaluation_tables.label_table("Each label, per recording", both_sides),
        evaluation_tables.confusion_table(confusion["labels"], confusion["matrix"], "Confusion, summed over the seeds"),
        evaluation_tables.reliability_table(bins, "Reliability, summed over the seeds"),
        evaluation_tables.coverage_table([(row["coverage"], estimate_of(row["error"])) for row in values["coverage"]]),
        evaluation_tables.challenge_table(_estimates(values["challenge"], CHALLENGE), "ours"),
        *(
            evaluation_tables.group_table(
                dimension, {name: _group(row) for name, row in groups.items()}, values["finding"]
            )
            for dimension, groups in values["subgroups"].items()
        ),
    ]
    return [table for table in tables if table.rows]


def _estimates(values: Json, names: Sequence[str]) -> dict[str, Estimate]:
    """Return metrics from JSON."""
    return {name: estimate_of(values[name]) for name in names}


def _label_metrics(values: Json) -> LabelMetrics:
    """Return the metrics of one label from JSON."""
    return LabelMetrics(values["positives"], values["negatives"], _estimates(values, OF_LABEL))


def _group(values: Json) -> Group:
    """Return the metrics of a subgroup from JSON."""
    overall = _estimates(values, ACCURACIES)
    return Group(values["recordings"], values["patients"], overall, _label_metrics(values))


def data_table(study: Json) -> Table:
    """Return the counts of the recordings."""
    held_out = {row["set"]: row["recordings"] for row in study["held_out"]}
    rows: list[Row] = [
        (
            set_title(row["set"]),
            row["recordings"],
            row["patients"],
            held_out.get(row["set"], 0),
            label_counts(row["labels"]),
        )
        for row in study["data"]
    ]
    return Table(("data set", "recordings", "patients", "held out", "labels"), rows)

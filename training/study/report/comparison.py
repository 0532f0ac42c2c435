"""What docs/EVIDENCE.md begins and ends with: the comparison that matters, and what is not reached. Pure.

Both are formed from the JSON of the studies and from published figures, whose sources are named.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from training.evaluation.baselines import MURMUR_DETECTORS, PUBLISHED
from training.reports.table import MISSING, Table, cell_text, estimate_of
from training.study.report.tables import CIRCOR_AUC, target_table

__all__ = ["ABOUT", "comparison_table", "not_reached", "published_notes"]

Json = Mapping[str, Any]
Path = tuple[str, ...]

ABOUT = (
    "Every figure is of patients that the network was not trained on: the mean over the seeds, with its "
    "95 % interval over patients. The article's is its own recipe (image, network, training on set B alone) on the "
    "same folds and seeds as ours."
)
OF_CIRCOR: Path = ("other_sets", "CirCor DigiScope", "per_recording", "murmur", "sensitivity_at_specificity_0.90")


def _none() -> str:
    """Return what is said where nothing comparable was published."""
    return MISSING


def _detectors() -> str:
    """Return sensitivity and specificity of the published detectors of murmurs."""
    parts = (f"{row['sensitivity']:.3f} at {row['specificity']:.3f} [{row['name']}]" for row in MURMUR_DETECTORS)
    return "; ".join(parts)


def _best(metric: str) -> str:
    """Return the best published value of a metric of the PASCAL challenge, and whose it is."""
    row = max(PUBLISHED, key=lambda entry: float(entry[metric]))
    return f"{row[metric]:.2f} [{row['name']}, PASCAL]"


ROWS: tuple[tuple[str, Path, Callable[[], str]], ...] = (
    ("murmur against no murmur, AUC, set B", ("headline", "murmur_auc"), _none),
    ("the same, CirCor, a recording", ("headline", CIRCOR_AUC), _none),
    (
        "sensitivity for murmurs at specificity 0.90, set B",
        ("headline", "murmur_sensitivity_at_specificity_0.90"),
        _detectors,
    ),
    ("the same, CirCor, a recording", OF_CIRCOR, lambda: "as above"),
    (
        "total precision over the three labels, set B",
        ("tables", "challenge", "total_precision"),
        lambda: _best("total_precision"),
    ),
    ("any finding against normal, Youden, set B", ("tables", "challenge", "youden"), lambda: _best("youden")),
    ("accuracy over the three labels, set B", ("headline", "accuracy"), _none),
    ("balanced accuracy, set B", ("headline", "balanced_accuracy"), _none),
    ("calibration error of the confidence, set B", ("headline", "calibration_error"), _none),
    ("window with an early beat against regular ones, CirCor, AUC", ("headline", "premature_auc_regular"), _none),
)
"""What is compared, where it stands in the JSON of a study, and what was published."""


def comparison_table(ours: Json | None, article: Json | None) -> Table:
    """Return the article's recipe, published figures and ours, a row for each metric."""
    rows = [(title, _cell(article, path), published(), _cell(ours, path)) for title, path, published in ROWS]
    return Table(("held-out patients", "article's recipe", "published elsewhere", "ours"), rows)


def _cell(study: Json | None, path: Path) -> str:
    """Return a metric of a study with its interval."""
    value: Any = study
    for part in path:
        value = value.get(part) if value else None
    return cell_text(estimate_of(value)) if value else MISSING


def published_notes() -> list[str]:
    """Return where the published figures are from, and what they can be compared for."""
    lines = [f"- [{row['name']}] {row['source']}" for row in MURMUR_DETECTORS]
    return [
        "Published elsewhere: on other patients, with other devices and other reference labels, so they show the scale "
        "and rank nothing. No result for the three labels of set B with patients kept apart was found in print.",
        "",
        *lines,
        '- [PASCAL] The best of the three that Gomes et al. 2013 give; see "Metrics of the PASCAL challenge" below.',
    ]


def not_reached(ours: Json | None) -> list[str]:
    """Return a line for every target whose required or target value is not reached, the required ones first."""
    rows = target_table(ours, None).rows if ours else []
    missed = [_missed(row) for row in rows if row[-1] == "**no**"]
    return missed + [_below_target(row) for row in rows if row[-1] == "required"]


def _missed(row: Sequence[Any]) -> str:
    """Return that a required value is not reached."""
    title, _, value, interval, _, required, *_ = row
    return f"- **{title}**: {value} ({interval}), required {required}."


def _below_target(row: Sequence[Any]) -> str:
    """Return that the required value is reached and the target is not."""
    title, _, value, interval, _, _, target, _ = row
    return f"- {title}: {value} ({interval}) is what was required; the target was {target}."

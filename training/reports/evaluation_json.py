"""An evaluation as one JSON object: what ``auscult evaluate --json`` prints. Pure.

Every figure is ``{"value", "low", "high"}``, the bounds being its 95 % interval by bootstrap over patients; what the
recordings do not give is null, never left out and never NaN. Keys named here keep their names; more may be added.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from training.evaluation.baselines import PUBLISHED, SOURCE
from training.evaluation.bootstrap import Estimate
from training.evaluation.classification import OF_LABEL, LabelFigures
from training.evaluation.curves import ReliabilityBin
from training.evaluation.ectopic import rhythm_json
from training.evaluation.evaluation import Evaluation, Group
from training.reports.caveats import notes_of

__all__ = ["to_json"]

SCHEMA = 1


def to_json(found: Evaluation) -> dict[str, Any]:
    """Return an evaluation as plain JSON values."""
    about = found.about
    return {
        "type": "evaluation",
        "schema": SCHEMA,
        "model": about.model,
        "model_sha256": about.model_sha256,
        "labels": list(about.labels),
        "hop_s": about.hop_s,
        "seed": about.seed,
        "repeats": about.repeats,
        "data": about.data,
        "recordings": len(found.hearts),
        "patients": len(set(found.hearts.patients)),
        "windows": found.num_windows,
        "hours": round(found.hours, 4),
        "seen_in_training": bool(about.seen),
        "seen_sets": about.seen,
        "left_out": {"labels": about.left_out, "unreadable": about.unreadable},
        "notes": notes_of(found),
        **_figures(found.overall),
        **{name: _per_label(found.per_label, name) for name in OF_LABEL},
        "confusion": {"labels": list(about.labels), "matrix": found.confusion.tolist()},
        "always": _always(found),
        "coverage": [{"coverage": share, "error": error.to_json()} for share, error in found.coverage],
        "reliability": [_bin(its) for its in found.reliability],
        "finding": found.finding,
        "per_recording": {label: _of_label(its) for label, its in found.per_label.items()},
        "per_patient": {label: _of_label(its) for label, its in found.per_patient.items()},
        "subgroups": {
            dimension: {name: _group(group) for name, group in groups.items()}
            for dimension, groups in found.groups.items()
        },
        "challenge": {**_figures(found.challenge), "published": list(PUBLISHED), "source": SOURCE},
        "no_heart": {"recordings": found.num_no_heart, **_figures(found.no_heart)} if found.no_heart else None,
        "rhythm": rhythm_json(found.rhythm) if found.rhythm else None,
    }


def _figures(figures: Mapping[str, Estimate]) -> dict[str, Any]:
    """Return figures by name."""
    return {name: figure.to_json() for name, figure in figures.items()}


def _per_label(figures: Mapping[str, LabelFigures], name: str) -> dict[str, Any]:
    """Return one figure of every label."""
    return {label: its.figures[name].to_json() for label, its in figures.items()}


def _of_label(its: LabelFigures) -> dict[str, Any]:
    """Return the counts and figures of one label."""
    return {"positives": its.positives, "negatives": its.negatives, **_figures(its.figures)}


def _group(group: Group) -> dict[str, Any]:
    """Return the counts and figures of some of the recordings."""
    return {
        "recordings": group.recordings,
        "patients": group.patients,
        **_figures(group.overall),
        **_of_label(group.finding),
    }


def _always(found: Evaluation) -> dict[str, Any] | None:
    """Return what always saying the most frequent label would reach."""
    if found.always is None:
        return None
    label, figures = found.always
    return {"label": label, **{name: round(value, 4) for name, value in figures.items()}}


def _bin(its: ReliabilityBin) -> dict[str, float | int | None]:
    """Return a bin; the means of an empty one are null."""
    return {
        "low": its.low,
        "high": its.high,
        "count": its.count,
        "confidence": _number(its.confidence),
        "accuracy": _number(its.accuracy),
    }


def _number(value: float) -> float | None:
    """Return a rounded number, or None for NaN."""
    return round(value, 4) if math.isfinite(value) else None

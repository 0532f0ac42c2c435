"""An evaluation as one JSON object: what ``auscult evaluate --json`` prints. Pure.

Every metric is ``{"value", "low", "high"}``, the bounds being its 95 % confidence interval by bootstrap over patients;
an undefined metric is null, never left out and never NaN. Keys named here keep their names; more may be added.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from training.evaluation.baselines import PUBLISHED, SOURCE
from training.evaluation.bootstrap import Estimate
from training.evaluation.classification import OF_LABEL, LabelMetrics
from training.evaluation.curves import ReliabilityBin
from training.evaluation.ectopic import rhythm_json
from training.evaluation.evaluation import Evaluation, Group
from training.reports.caveats import notes_of

__all__ = ["to_json"]

SCHEMA = 1


def to_json(evaluation: Evaluation) -> dict[str, Any]:
    """Return an evaluation as plain JSON values."""
    info, non_cardiac = evaluation.info, evaluation.non_cardiac
    return {
        "type": "evaluation",
        "schema": SCHEMA,
        "model": info.model,
        "model_sha256": info.model_sha256,
        "engine": info.engine,
        "labels": list(info.labels),
        "hop_s": info.hop_s,
        "seed": info.seed,
        "repeats": info.repeats,
        "data": info.data,
        "recordings": len(evaluation.labelled),
        "patients": len(set(evaluation.labelled.patients)),
        "windows": evaluation.num_windows,
        "hours": round(evaluation.hours, 4),
        "seen_in_training": bool(info.seen),
        "seen_sets": info.seen,
        "left_out": {"labels": info.left_out, "unreadable": info.unreadable, "truncated": info.truncated},
        "notes": notes_of(evaluation),
        **_json(evaluation.overall),
        **{
            name: {label: row.metrics[name].to_json() for label, row in evaluation.per_label.items()}
            for name in OF_LABEL
        },
        "confusion": {"labels": list(info.labels), "matrix": evaluation.confusion.tolist()},
        "always": _majority(evaluation),
        "coverage": [{"coverage": coverage, "error": error.to_json()} for coverage, error in evaluation.coverage],
        "reliability": [_bin(row) for row in evaluation.reliability],
        "finding": evaluation.finding,
        "per_recording": {label: _of_label(row) for label, row in evaluation.per_label.items()},
        "per_patient": {label: _of_label(row) for label, row in evaluation.per_patient.items()},
        "subgroups": {
            dimension: {name: _group(group) for name, group in groups.items()}
            for dimension, groups in evaluation.groups.items()
        },
        "challenge": {**_json(evaluation.challenge), "published": list(PUBLISHED), "source": SOURCE},
        "no_heart": {"recordings": evaluation.num_non_cardiac, **_json(non_cardiac)} if non_cardiac else None,
        "rhythm": rhythm_json(evaluation.rhythm) if evaluation.rhythm else None,
    }


def _json(metrics: Mapping[str, Estimate]) -> dict[str, Any]:
    """Return metrics by name."""
    return {name: estimate.to_json() for name, estimate in metrics.items()}


def _of_label(row: LabelMetrics) -> dict[str, Any]:
    """Return the counts and metrics of one label."""
    return {"positives": row.positives, "negatives": row.negatives, **_json(row.metrics)}


def _group(group: Group) -> dict[str, Any]:
    """Return the counts and metrics of a subgroup."""
    return {
        "recordings": group.recordings,
        "patients": group.patients,
        **_json(group.overall),
        **_of_label(group.finding),
    }


def _majority(evaluation: Evaluation) -> dict[str, Any] | None:
    """Return the metrics of always predicting the most frequent label."""
    if evaluation.majority is None:
        return None
    label, metrics = evaluation.majority
    return {"label": label, **{name: round(value, 4) for name, value in metrics.items()}}


def _bin(row: ReliabilityBin) -> dict[str, float | int | None]:
    """Return a bin of the reliability diagram; the means of an empty one are null."""
    return {
        "low": row.low,
        "high": row.high,
        "count": row.count,
        "confidence": _rounded(row.confidence),
        "accuracy": _rounded(row.accuracy),
    }


def _rounded(value: float) -> float | None:
    """Return a value with 4 digits, or None for NaN."""
    return round(value, 4) if math.isfinite(value) else None

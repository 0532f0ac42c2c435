"""Published results of the PASCAL challenge, to compare with. Must not import anything but metrics."""

from __future__ import annotations

from typing import Any

from training.evaluation import metrics

__all__ = ["PUBLISHED", "SOURCE"]

SOURCE = (
    'Gomes et al. 2013, "Classifying Heart Sounds: Approaches to the PASCAL Challenge", data set B; on the '
    "challenge's own test files. Youden and discriminant power follow from the sensitivity and specificity printed "
    "there; the paper takes the decadic logarithm, here it is the natural one."
)


def _entry(name: str, total_precision: float, sensitivity: float, specificity: float) -> dict[str, Any]:
    """Return a row of the table."""
    return {
        "name": name,
        "total_precision": total_precision,
        "heart_problem_sensitivity": sensitivity,
        "heart_problem_specificity": specificity,
        "youden": round(metrics.youden(sensitivity, specificity), 4),
        "discriminant_power": round(metrics.discriminant_power(sensitivity, specificity), 4),
    }


PUBLISHED = (_entry("J48", 1.37, 0.22, 0.82), _entry("MLP", 1.67, 0.19, 0.84), _entry("UCL", 1.31, 0.51, 0.59))

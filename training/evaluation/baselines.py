"""Published results to compare with: of the PASCAL challenge, and of detectors of murmurs. Imports only metrics."""

from __future__ import annotations

from typing import Any

from training.evaluation import metrics

__all__ = ["MURMUR_DETECTORS", "PUBLISHED", "SOURCE"]

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

MURMUR_DETECTORS: tuple[dict[str, Any], ...] = (
    {
        "name": "Chorba 2021",
        "sensitivity": 0.763,
        "specificity": 0.914,
        "patients": 962,
        "source": 'Chorba et al. 2021, "Deep Learning Algorithm for Automated Cardiac Murmur Detection via a Digital '
        'Stethoscope Platform", J. Am. Heart Assoc. 10(9):e019905: 962 patients at four sites.',
    },
    {
        "name": "Prince 2023",
        "sensitivity": 0.856,
        "specificity": 0.844,
        "patients": 615,
        "source": 'Prince et al. 2023, "Deep Learning Algorithms to Detect Murmurs Associated With Structural Heart '
        'Disease", J. Am. Heart Assoc. 12(20), doi 10.1161/JAHA.123.030377: structural murmurs, 615 subjects.',
    },
)
"""Sensitivity and specificity as the abstracts state them, of patients that each had for its test."""

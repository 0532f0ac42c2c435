"""The section of a card on loudness: its figures, on whom they were measured; nothing for a bundle without."""

from __future__ import annotations

from typing import Any

from training.reports.loudness import loudness_blocks

VALUES: dict[str, Any] = {
    "weight": 1.2,
    "bias": -0.3,
    "counts": {
        "recordings_absent": 222,
        "recordings_soft": 197,
        "recordings_loud": 128,
        "patients_absent": 62,
        "patients_soft": 80,
        "patients_loud": 30,
    },
    "metrics": {
        "auc_recordings": {"value": 0.957, "low": 0.933, "high": 0.978},
        "uar_patients": {"value": None, "low": None, "high": None},
    },
}


def test_the_section_says_on_whom_and_how_well() -> None:
    """Recordings and patients by grade, and each metric that was measured with its interval."""
    text = "\n".join(loudness_blocks(VALUES))
    for part in (
        "## How loud a murmur is",
        "222 absent, 197 soft, 128 loud; patients: 62 absent, 80 soft, 30 loud",
        "| loud against soft murmurs, AUC, a recording | 0.957 (0.933 to 0.978) |",
        "| the same, a patient | - |",
    ):
        assert part in text
    assert "recall of soft" not in text


def test_a_bundle_without_it_has_no_section() -> None:
    """Its card is as before."""
    assert loudness_blocks(None) == []

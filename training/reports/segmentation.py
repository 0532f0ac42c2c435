"""The segmentation of a bundle in words, for its card: how often it is right, and on whom that was measured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from monitor.output import printable
from training.reports.table import Cell, Table, estimate_of

__all__ = ["segmentation_blocks", "segmentation_table"]

TITLES = {
    "f1_s1": "F1 of S1, within 60 ms",
    "f1_s2": "F1 of S2, within 60 ms",
    "f1_s1_100ms": "F1 of S1, within 100 ms",
    "f1_s2_100ms": "F1 of S2, within 100 ms",
    "swapped": "S1 taken for S2, or S2 for S1",
    "fast_f1": "F1 of both from 130 beats per minute, within 60 ms",
    "rate": "recordings with a rate within 5 beats per minute",
    "shown": "share of the annotated heart sounds that are shown, within 60 ms",
    "error": "wrong among those that are shown",
}


def segmentation_blocks(values: Mapping[str, Any] | None) -> list[str]:
    """Return the section of a card; nothing for a bundle that cannot find S1 and S2.

    Parameters
    ----------
    values : mapping or None
        ``segmentation`` of ``bundle.json``.
    """
    if values is None:
        return []
    sets = ", ".join(f"{row['recordings']} of {printable(str(row['set']))}" for row in values["training_data"])
    covered = values["annotated_s"] / values["total_s"]
    return [
        "## S1 and S2",
        f"`segmentation.tflite` finds them; it was trained on annotated recordings, {sets}, of {values['patients']} "
        f"patients, with `{printable(str(values['command']))}`. "
        f"Measured on {values['held_out_recordings']} recordings of {values['held_out_patients']} patients, "
        f"{values['held_out_folds']} of {values['recipe']['folds']} folds, by networks that never heard the patient. "
        f"The annotations cover {values['annotated_s'] / 60:.0f} of {values['total_s'] / 60:.0f} minutes "
        f"({covered:.0%}, {values['heart_sounds']} heart sounds), and only those stretches count. In "
        f"{values['swapped_throughout']} recordings S1 and S2 are swapped throughout.",
        "\n".join(segmentation_table(values).markdown()),
    ]


def segmentation_table(values: Mapping[str, Any]) -> Table:
    """Return the metrics of a segmentation, from ``segmentation`` of ``bundle.json``."""
    rows: list[tuple[Cell, ...]] = [
        (title, estimate_of(values["metrics"][name])) for name, title in TITLES.items() if name in values["metrics"]
    ]
    return Table(("S1 and S2 on held-out patients", "value"), rows)

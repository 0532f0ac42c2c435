"""The segmentation of a bundle in words, for its card: how often it is right, and on whom that was measured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from monitor.labels import set_title
from monitor.output import printable
from training.reports.table import Cell, Table, estimate_of

__all__ = ["group_blocks", "segmentation_blocks", "segmentation_table"]

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
    "noise": "seconds of held-out noise in which a heart sound is shown",
}
GROUP_COLUMNS = {"f1_s1": "F1 of S1", "f1_s2": "F1 of S2", "swapped": "swapped", "shown": "shown", "error": "wrong"}


def segmentation_blocks(values: Mapping[str, Any] | None) -> list[str]:
    """Return the section of a card; nothing for a bundle that cannot find S1 and S2.

    Parameters
    ----------
    values : mapping or None
        ``segmentation`` of ``bundle.json``.
    """
    if values is None:
        return []
    sets = ", ".join(
        f"{row['recordings']} of {printable(set_title(str(row['set'])))}" for row in values["training_data"]
    )
    covered = values["annotated_s"] / values["total_s"]
    swapped = values["swapped_throughout"]
    repeats = int(values["recipe"].get("repeats", 1))
    times = f", in each of {repeats} cross-validations, whose figures are averaged" if repeats > 1 else ""
    of_each = ", ".join(map(str, swapped)) if isinstance(swapped, list) else str(swapped)
    return [
        "## S1 and S2",
        f"`segmentation.tflite` finds them; it was trained on recordings, {sets}, with the heart sounds of "
        f"{values['patients']} patients annotated, with `{printable(str(values['command']))}`. "
        f"Measured on {values['held_out_recordings']} recordings of {values['held_out_patients']} patients, "
        f"{values['held_out_folds']} of {values['recipe']['folds']} folds, by networks that never heard the patient"
        f"{times}. "
        f"The annotations cover {values['annotated_s'] / 60:.0f} of {values['total_s'] / 60:.0f} minutes "
        f"({covered:.0%}, {values['heart_sounds']} heart sounds), and only those stretches count. In "
        f"{of_each} recordings S1 and S2 are swapped throughout.",
        "\n".join(segmentation_table(values).markdown()),
    ]


def segmentation_table(values: Mapping[str, Any]) -> Table:
    """Return the metrics of a segmentation, from ``segmentation`` of ``bundle.json``."""
    rows: list[tuple[Cell, ...]] = [
        (title, estimate_of(values["metrics"][name])) for name, title in TITLES.items() if name in values["metrics"]
    ]
    return Table(("S1 and S2 on held-out patients", "value"), rows)


def group_blocks(evidence: Mapping[str, Any] | None) -> list[str]:
    """Return what was measured of groups, other devices and noise; nothing where it was not.

    Parameters
    ----------
    evidence : mapping or None
        docs/evidence/segmentation.json, which benchmarks/accuracy/segmentation.py writes.
    """
    if evidence is None:
        return []
    rows: list[tuple[Cell, ...]] = [
        (
            printable(title),
            str(group["recordings"]),
            *(estimate_of(group["metrics"][name]) for name in GROUP_COLUMNS),
        )
        for title, group in evidence["groups"].items()
    ]
    noises: list[tuple[Cell, ...]] = [
        (printable(name), str(row["seconds"]), f"{row['shown']:.3f}") for name, row in evidence["noise"].items()
    ]
    return [
        f"By group and device, within 60 ms, with the intervals by patient; mean of {len(evidence['seeds'])} seeds, in "
        "set A of the networks of all their folds. Set A is a telephone and was never trained on; the telephone's "
        "band is made, from held-out recordings. Shown: share of the annotated heart sounds; wrong: of those shown.",
        "\n".join(Table(("recordings", "count", *GROUP_COLUMNS.values()), rows).markdown()),
        "Noise that no network was trained on, without the quality gate of the program:",
        "\n".join(Table(("noise", "seconds", "share with a heart sound that is shown"), noises).markdown()),
    ]

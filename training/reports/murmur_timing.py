"""Where in the cycle a murmur lies, in words and tables: how often a bundle says it, and how often it is right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from training.reports.table import Cell, Table, estimate_of

__all__ = ["timing_blocks"]

TITLES = {
    "auc": "AUC, diastolic against systolic",
    "auc_moved": "AUC, systolic murmurs moved into diastole",
    "auc_moved_against_control": "AUC, the same against those that were cut and filled alike",
    "auc_regurgitation": "AUC, synthetic regurgitation",
    "auc_stenosis": "AUC, synthetic mitral stenosis",
    "said": "share of which something is said",
    "right": "right where something is said",
    "said_systolic": "said of systolic ones",
    "right_systolic": "right of what is said of systolic ones",
    "said_diastolic": "said of diastolic ones",
    "right_diastolic": "right of what is said of diastolic ones",
    "said_systolic and diastolic": "said of those in both",
    "right_systolic and diastolic": "right of what is said of those in both",
}
BARS = {"one_bar": "one bar", "two_bars": "two bars"}


def timing_blocks(values: Mapping[str, Any] | None) -> list[str]:
    """Return a section of a card or a page; nothing where it was not measured.

    Parameters
    ----------
    values : mapping or None
        ``murmur_timing`` of ``bundle.json``.
    """
    if values is None:
        return []
    made = values["made"]
    every = made["kinds_with_unheard"]
    counts = ", ".join(f"{count} of {every[kind]} {kind}" for kind, count in made["kinds"].items())
    return [
        "## Systolic or diastolic",
        "Where in the cycle a murmur lies is told from how loud systole and diastole are between the heart sounds, "
        "over the cycles of the last 10 s. It is said where "
        f"{values['min_right']:.0%} of what is said is right on held-out patients, whether all timings are equally "
        "frequent or 7 in 10 are systolic. Real diastolic murmurs are all but absent from the data, so they are made: "
        "systolic murmurs of CirCor moved or copied into diastole by the annotations, and synthetic ones added to "
        "hearts without a murmur (`training/examples/diastolic.py`). The beats are those that the segmentation finds "
        "by itself, with a network that never heard the patient. Made material: "
        f"{made['spans']} stretches of 10 s of {made['patients']} patients in which three cycles or more are sure "
        f"({counts}); of the others nothing is said. `{values['command']}`",
        "\n".join(_made_table(made, values["made_in_a_window"]).markdown()),
        "Real murmurs of CirCor, window by window, held out by patient; a recording counts as what is said of most of "
        "its windows. Whether a murmur is named at all is not asked here.",
        "\n".join(_real_table(values["real"]).markdown()),
        *_over_time(values.get("over_time")),
    ]


def _over_time(values: Mapping[str, Any] | None) -> list[str]:
    """Return what is said from window to window, with one bar and with two; nothing where it was not measured."""
    if values is None:
        return []
    rows: list[tuple[Cell, ...]] = [
        (f"{hearts}, {BARS[bars]}", *(estimate_of(row[bars][name]) for name in ("changes_per_min", "said", "right")))
        for hearts, row in values.items()
        for bars in BARS
    ]
    counts = "; ".join(
        f"{row['hearts']['count']} {hearts} of {row['hearts']['patients']} patients" for hearts, row in values.items()
    )
    return [
        "What is said of the last seconds stays until its probability falls below a second, lower bar. The first is "
        "raised for that until what is said is right as often, on held-out patients, as with one bar; the single "
        "stretches and windows above are told by the first alone. Windows every "
        f"0.5 s: {counts}.",
        "\n".join(Table(("over time", "changes a minute", "said", "right where said"), rows).markdown()),
    ]


def _made_table(made: Mapping[str, Any], window: Mapping[str, Any]) -> Table:
    """Return the figures on made material."""
    rows: list[tuple[Cell, ...]] = [
        (title, estimate_of(made[name]), estimate_of(window[name])) for name, title in TITLES.items() if name in made
    ]
    return Table(("made murmurs of held-out patients", "last 10 s", "one window of 5 s"), rows)


def _real_table(real: Mapping[str, Any]) -> Table:
    """Return what is said of real murmurs."""
    rows: list[tuple[Cell, ...]] = []
    for timing, row in real.items():
        said = ", ".join(f"{count} {name}" for name, count in row["recordings_said"].items() if count) or "nothing"
        of = f"{row['recordings']} of {row['patients']} patients"
        rows.append((timing, of, estimate_of(row["said"]), estimate_of(row["right"]), said))
    return Table(("real murmurs", "recordings", "said", "right where said", "said of whole recordings"), rows)

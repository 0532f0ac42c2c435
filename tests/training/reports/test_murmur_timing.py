"""The section of a card on where a murmur lies; nothing without figures."""

from __future__ import annotations

from typing import Any

from training.reports.murmur_timing import timing_blocks

MADE = {"spans": 100, "patients": 9, "kinds": {"control": 40, "moved": 60}}
MADE |= {"kinds_with_unheard": {"control": 40, "moved": 75}}
REAL = {"recordings": 7, "patients": 2, "spans_said": {}, "recordings_said": {"systolic": 6, "diastolic": 0}}
VALUES: dict[str, Any] = {
    "min_right": 0.95,
    "command": "python benchmarks/accuracy/murmur_timing.py circor --networks FOLDER",
    "made": {**MADE, "auc": {"value": 0.971, "low": 0.96, "high": 0.98}},
    "made_in_a_window": {**MADE, "auc": {"value": 0.961, "low": 0.95, "high": 0.97}},
    "real": {
        "systolic": {
            **REAL,
            "said": {"value": 0.65, "low": 0.6, "high": 0.7},
            "right": {"value": None, "low": None, "high": None},
        }
    },
}


def test_the_section() -> None:
    """What it was measured on, each figure with its interval, and what is said of real murmurs."""
    text = "\n".join(timing_blocks(VALUES))
    for part in (
        "## Systolic or diastolic",
        "95% of what is said is right",
        "100 stretches of 10 s of 9 patients in which three cycles or more are sure (40 of 40 control, 60 of 75 moved)",
        "| AUC, diastolic against systolic | 0.971 (0.960 to 0.980) | 0.961 (0.950 to 0.970) |",
        "| systolic | 7 of 2 patients | 0.650 (0.600 to 0.700) | - | 6 systolic |",
        "`python benchmarks/accuracy/murmur_timing.py circor --networks FOLDER`",
    ):
        assert part in text
    assert "regurgitation |" not in text


def of(value: float) -> dict[str, float]:
    """Return a figure with an interval."""
    return {"value": value, "low": value - 0.01, "high": value + 0.01}


def test_what_is_said_over_time() -> None:
    """With one bar and with two, on how many hearts; an older bundle lacks it."""
    bars = {
        name: {"changes_per_min": of(changes), "said": of(0.6), "right": of(0.97)}
        for name, changes in (("one_bar", 4.4), ("two_bars", 1.2))
    }
    row = {"hearts": {"count": 324, "patients": 103}, **bars}
    text = "\n".join(timing_blocks({**VALUES, "over_time": {"real systolic": row}}))
    for part in (
        "a second, lower bar",
        "324 real systolic of 103 patients",
        "| real systolic, one bar | 4.400 (4.390 to 4.410) | 0.600 (0.590 to 0.610) | 0.970 (0.960 to 0.980) |",
        "| real systolic, two bars | 1.200 (1.190 to 1.210) |",
    ):
        assert part in text
    assert "lower bar" not in "\n".join(timing_blocks(VALUES))


def test_a_bundle_without_it_has_no_section() -> None:
    """Its card is as before."""
    assert timing_blocks(None) == []

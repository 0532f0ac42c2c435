"""A small screen shows what matters most, as much of it as there are lines for."""

from __future__ import annotations

import dataclasses
import itertools
import runpy
from pathlib import Path
from typing import Any

import pytest

from monitor.dashboard.drawing.canvas import FULL_STYLE
from monitor.dashboard.drawing.compact import compact_lines
from monitor.dashboard.drawing.layout import Layout
from monitor.dashboard.drawing.state import EMPTY_STATE, DashboardState
from monitor.messages import DeviceStatus, Snapshot

GOLDENS: dict[str, Any] = runpy.run_path(str(Path(__file__).parents[1] / "golden" / "make_golden.py"))
SCENES: dict[str, Snapshot] = GOLDENS["SCENES"]


def compact(snapshot: Snapshot, width: int, height: int, state: DashboardState = EMPTY_STATE) -> list[str]:
    """Return the rows of a small screen."""
    lines = compact_lines(Layout(snapshot, width, height, FULL_STYLE, state))
    return ["".join(segment.text for segment in line).rstrip() for line in lines]


@pytest.mark.parametrize("height", range(2, 16))
def test_the_verdict_is_always_shown(height: int) -> None:
    """From two lines on, label and acoustic score are among them, and all lines are used."""
    rows = compact(SCENES["murmur"], 40, height)
    assert len(rows) == height
    assert "MURMUR 0.94" in rows


def test_uncertain_says_what_a_label_needs() -> None:
    """Beside the state, where there is room for all of it."""
    assert "UNCERTAIN  no label below 0.61" in compact(SCENES["uncertain"], 30, 3)
    assert "UNCERTAIN" in compact(SCENES["uncertain"], 29, 3)


def test_lines_appear_in_order_of_importance() -> None:
    """Each further line keeps those that smaller screens have."""
    screens = [{row for row in compact(SCENES["murmur"], 40, height) if row} for height in range(2, 13)]
    assert all(smaller <= larger for smaller, larger in itertools.pairwise(screens))
    assert len(screens[-1]) == 10


def test_the_reason_is_cut_at_its_end() -> None:
    """At 20 columns the reason of a poor signal loses its end, not its beginning."""
    assert any(row.startswith("rubbing noise") for row in compact(SCENES["poor"], 20, 5))


def test_an_alert_replaces_the_message() -> None:
    """A lost device is more urgent than the newest window."""
    lost = DeviceStatus("lost", "steth", "ALSA", 1, 4000, message="steth: is not connected")
    assert "steth: is not connected" in compact(dataclasses.replace(SCENES["murmur"], device=lost), 40, 5)


def test_an_alert_has_a_short_form_where_it_has_no_room() -> None:
    """At 20 columns no word of it is cut; the name of the device and the advice are left out."""
    lost = DeviceStatus("lost", "steth", "ALSA", 1, 4000, message="steth: is not connected: looking for it")
    drifting = DeviceStatus("open", "steth", "ALSA", 1, 4000, drift=0.012)
    live = SCENES["murmur"]
    assert compact(dataclasses.replace(live, device=lost), 20, 5)[1:3] == ["is not connected:", "looking for it"]
    assert compact(dataclasses.replace(live, device=drifting), 20, 5)[1:3] == [
        "clock is 1.2% fast:",
        "another --rate helps",
    ]
    assert compact(dataclasses.replace(live, overloaded=True), 20, 5)[1:3] == ["too slow for a", "window every 0.5 s"]


@pytest.mark.parametrize(
    ("notice", "rows"),
    [
        ("recording into auscult-20260102-030405.wav; r stops it", ["recording; r stops", "it"]),
        ("recorded 12 s in auscult-20260102-030405.wav", ["recorded 12 s"]),
        (
            "saved the screen and 30 s of sound in auscult-20260102-030405.svg and .wav",
            ["saved the screen and", "30 s of sound"],
        ),
    ],
)
def test_a_notice_without_its_file_where_it_has_no_room(notice: str, rows: list[str]) -> None:
    """At 20 columns the list of events alone names the file; a wider screen has it too."""
    shown = compact(SCENES["murmur"], 20, 5, DashboardState(notice=notice))
    first = shown.index("MURMUR 0.94") + 1
    assert shown[first : first + len(rows)] == rows
    assert notice in " ".join(compact(SCENES["murmur"], 59, 5, DashboardState(notice=notice)))


def test_narrow_screens_have_no_score_bars() -> None:
    """Below 24 columns a bar would be too short to read."""
    assert not any("extrastole" in row for row in compact(SCENES["murmur"], 23, 15))
    assert any("extrastole" in row for row in compact(SCENES["murmur"], 24, 15))


def test_paused_and_help() -> None:
    """A paused screen says so; the help page covers everything but the disclaimer."""
    assert "PAUSED 0:07.6" in compact(SCENES["murmur"], 40, 12, GOLDENS["STATES"]["paused"])[0]
    rows = compact(SCENES["murmur"], 40, 12, GOLDENS["STATES"]["help"])
    assert "quit" in "".join(rows)
    assert "MURMUR" not in "".join(rows)
    assert "not for diagnosis" in rows[-1]

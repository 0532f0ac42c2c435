"""The header has source, position, model and note, in fixed columns."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from monitor.dashboard.drawing.canvas import FULL_STYLE
from monitor.dashboard.drawing.header import header_rows
from monitor.dashboard.drawing.layout import Layout
from monitor.dashboard.drawing.state import DashboardState
from monitor.messages import DeviceStatus, Level, RecordingStatus, SiteChange, Snapshot, Start

START = Start("murmur_156.wav", 4000, "heart-sounds", "", ("normal", "murmur"), 5.0, 0.5, 30.0, 1.0)
SNAPSHOT = Snapshot(START, 7.6, None, None, (), Level(-30.0, -20.0, False), 1.9, 2.4, 0, 0, 0, False)


def header(width: int = 80, state: DashboardState = DashboardState(), **changes: Any) -> list[str]:  # noqa: B008  # frozen
    """Return the two rows of a snapshot with some attributes, or some of its start, replaced."""
    start = {name: changes.pop(name) for name in list(changes) if not hasattr(SNAPSHOT, name)}
    snapshot = dataclasses.replace(SNAPSHOT, start=dataclasses.replace(START, **start), **changes)
    rows = header_rows(Layout(snapshot, width, 24, FULL_STYLE, state))
    return ["".join(segment.text for segment in row).rstrip() for row in rows]


def test_position_and_length() -> None:
    """The first row begins with the source and ends with position and length; real time needs no word."""
    first = header()[0]
    assert first.startswith(" auscult murmur_156.wav")
    assert first.endswith("0:07.6 / 0:30.0")


@pytest.mark.parametrize(
    ("duration", "speed", "ending"),
    [(None, 1.0, "0:07.6"), (3600.0, None, "1:00:00.0  as fast as it goes"), (3600.0, 64.0, "1:00:00.0  64x speed")],
)
def test_unknown_length_and_other_speeds(duration: float | None, speed: float | None, ending: str) -> None:
    """A live input has neither length nor speed; that of a recording is told where it is not real time."""
    assert header(duration_s=duration, speed=speed)[0].endswith(ending)


def test_the_position_has_a_constant_width() -> None:
    """From the first second to the last minute the length and the speed keep their columns."""
    moments = (0.0, 59.9, 61.0, 599.0, 601.0, 3599.0)
    rows = [header(duration_s=3600.0, speed=2.0, elapsed_s=elapsed)[0] for elapsed in moments]
    assert len({(len(row), row.index(" / "), row.index("2x")) for row in rows}) == 1


def test_another_engine_is_named() -> None:
    """On wide and narrow screens the model's name says that another network than the default runs."""
    assert "heart-sounds (litert-int8), 5 s window" in header(engine="litert-int8")[1]
    assert "heart-sounds (litert-int8)" in header(60, engine="litert-int8")[1]


def test_a_seek_shifts_the_position() -> None:
    """The position shown is that in the recording."""
    assert "0:27.6 / 0:30.0" in header(state=DashboardState(shift_s=20.0))[0]


def test_paused_and_ended_are_shown() -> None:
    """Both stand before the position."""
    assert "PAUSED  0:07.6 / " in header(state=DashboardState(hold="paused"))[0]
    assert "ended  0:07.6 / " in header(finished=True)[0]


def test_the_note_is_shown() -> None:
    """The note stands at the right of the second row."""
    second = header(note="systolic murmur, grade 3")[1]
    assert second.endswith("systolic murmur, grade 3")
    assert "heart-sounds" in second


def test_a_long_note_is_cut() -> None:
    """A note too long for the row leaves room for the model's name."""
    second = header(note="x" * 200)[1]
    assert "heart-sounds" in second
    assert second.endswith("…")


def test_the_note_comes_before_the_status_of_the_input() -> None:
    """Without a note the status of a live input is shown."""
    device = DeviceStatus("open", "steth", "ALSA", 1, 4000, measured_rate_hz=3999.84)
    assert header(device=device)[1].endswith("3999.8 Hz")
    assert header(device=device, note="scene")[1].endswith("scene")


def test_site_and_session_stand_beside_a_note() -> None:
    """A demo that is kept says so, and where it is heard."""
    kept = RecordingStatus(Path("sound.flac"), 12.0, 0, None)
    second = header(note="scene", session=kept, site=SiteChange("MV", 5.0, 20_000))[1]
    assert second.endswith("scene  site MV  SESSION 0:12")


def test_a_long_source_leaves_the_position() -> None:
    """A long file name is cut, and the position stays."""
    first = header(source="long name " * 20)[0]
    assert "…" in first
    assert first.endswith("0:07.6 / 0:30.0")


def test_a_long_path_is_cut_in_its_folder() -> None:
    """The name stays whole where it fits."""
    first = header(source="/srv/recordings/" + "very-long-folder/" * 6 + "patient-17-mitral.wav")[0]
    assert "…" in first
    assert "/patient-17-mitral.wav" in first


def test_narrow_screens_drop_settings() -> None:
    """Sample rate and window length go first, the model's name stays."""
    assert "4000 Hz input" in header(80)[1]
    assert "4000 Hz input" not in header(60)[1]
    assert "5 s window" in header(60)[1]

"""The screen of an examination at every size: what is due, what is collected, and what to do."""

from __future__ import annotations

import dataclasses

import pytest

from monitor.commands.exam.drawing import ExamState, draw_examination
from monitor.dashboard.drawing.canvas import FULL_STYLE, TerminalStyle
from monitor.dashboard.drawing.state import DashboardState
from monitor.messages import DeviceStatus, Quality, SiteResult, Verdict

NORMAL = Verdict("verdict", "normal", 0.82, {"normal": 0.82, "murmur": 0.18})
DONE = {
    "AV": SiteResult("AV", NORMAL, 10.0, 11, 78.2, 0.0, 10.0),
    "PV": SiteResult("PV", None, 0.0, 0, None, 12.0, 20.0, "skipped after 0.0 of 10 s"),
}
EXAM = ExamState(("AV", "PV", "TV", "MV"), DONE, "TV", arrived=True, judged_s=5.5, good_s=10.0)
KEYS = DashboardState(keys=(("q", "end"), ("s", "skip site")))
SIZES = [(200, 60), (120, 40), (80, 24), (60, 16), (59, 24), (40, 10), (20, 5), (5, 2), (1, 1)]


def screen(snapshot, exam=EXAM, size=(80, 24), style=FULL_STYLE, state=KEYS):
    """Return the text of a screen."""
    return draw_examination(snapshot, exam, *size, style, state).text


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("style", [FULL_STYLE, TerminalStyle(colour=False, gradient=False, unicode=False)])
@pytest.mark.parametrize("exam", [EXAM, dataclasses.replace(EXAM, tick="PV"), dataclasses.replace(EXAM, site=None)])
def test_every_screen_has_its_size(snapshot, window, size, style, exam):
    """Every line is as wide as the screen, and there are as many as it is high."""
    shown = dataclasses.replace(snapshot(12.0), window=window(7.0, "poor-signal"))
    canvas = draw_examination(shown, exam, *size, style, KEYS)
    assert (canvas.width, len(canvas.lines)) == size
    assert {sum(segment.cell_length for segment in line) for line in canvas.lines} == {size[0]}
    if not style.unicode:
        assert canvas.text.isascii()


def test_80x24(snapshot, window):
    """A row per site, the place of the one that is due, what is collected, keys, the disclaimer."""
    text = screen(dataclasses.replace(snapshot(12.0), window=window(7.0)))
    assert "✓  AV  aortic     normal      0.82   10.0 s judged   78 bpm" in text
    assert "✗  PV  pulmonary  not judged" in text
    assert "▶  TV  tricuspid  listening" in text
    assert "·  MV  mitral" in text
    assert "left of the breastbone, fourth space between the ribs" in text
    assert "5.5 of 10 s usable" in text
    assert "skip site" in text
    assert "research use, not for diagnosis" in text


@pytest.mark.parametrize("size", [(100, 30), (80, 24), (60, 20), (60, 16), (40, 12)])
def test_no_advice_is_cut(snapshot, window, size):
    """A long one gives up the number of the quality, then takes a second line."""
    reason = "no noise between the beats: a filter or a coarse converter removed it"
    event = dataclasses.replace(window(7.0, "poor-signal"), quality=Quality(0.08, reason, "poor-signal"))
    text = " ".join(screen(dataclasses.replace(snapshot(12.0), window=event), size=size).split())
    assert reason in text
    assert "research use" in text


@pytest.mark.parametrize("size", [(80, 24), (40, 10)])
def test_the_advice_of_a_window(snapshot, window, size):
    """What a person can do, at both sizes."""
    text = screen(dataclasses.replace(snapshot(12.0), window=window(7.0, "poor-signal")), size=size)
    assert "loud bumps" in text


@pytest.mark.parametrize("size", [(80, 24), (40, 10)])
def test_the_move_that_is_waited_for(snapshot, window, size):
    """It is asked for, unless recordings are played or something is wrong with the device."""
    moving = dataclasses.replace(EXAM, arrived=False, judged_s=0.0)
    shown = dataclasses.replace(snapshot(12.0), window=window(7.0))
    assert "move the chest piece" in screen(shown, moving, size)
    assert "move the chest piece" not in screen(shown, dataclasses.replace(moving, live=False), size)
    lost = DeviceStatus("lost", "steth", "ALSA", 1, 4000, message="steth: no sound comes any more")
    assert "no sound comes" in screen(dataclasses.replace(shown, device=lost), moving, size)


@pytest.mark.parametrize("size", [(80, 24), (40, 10)])
def test_the_tick(snapshot, size):
    """It says which site is done and which is next."""
    text = screen(snapshot(12.0), dataclasses.replace(EXAM, tick="AV"), size)
    assert "AV is done" in text
    assert "TV" in text


def test_40x10(snapshot):
    """Site, place and progress first."""
    lines = screen(snapshot(12.0), size=(40, 10)).splitlines()
    assert lines[0].startswith("TV: listening")
    assert "tricuspid: left of the breastbone," in lines[1]
    assert any(line.endswith("5.5/10 s") for line in lines)
    assert any("AV✓  PV✗  TV▶  MV·" in line for line in lines)


def test_what_is_typed_is_shown(snapshot):
    """In place of the keys."""
    text = screen(snapshot(12.0), state=DashboardState(prompt="note at 0:12.0: loud_"))
    assert "note at 0:12.0: loud_" in text

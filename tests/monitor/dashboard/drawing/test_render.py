"""The dashboard is a pure function of a snapshot and fills every screen."""

from __future__ import annotations

import dataclasses
import io
import math
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from monitor.dashboard.drawing.canvas import FULL_STYLE, TerminalStyle
from monitor.dashboard.drawing.layout import Layout
from monitor.dashboard.drawing.render import redraw_trace, render
from monitor.dashboard.drawing.state import EMPTY_STATE, DashboardState, LoggedEvent, RuntimeStats, TimelineView
from monitor.dashboard.trace import Trace
from monitor.messages import (
    DeviceStatus,
    EctopicBeat,
    EctopicBeats,
    Level,
    Quality,
    RecordingStatus,
    Snapshot,
    Verdict,
)
from monitor.text.alerts import first_alert

GOLDEN = Path(__file__).parents[1] / "golden"
GOLDENS: dict[str, Any] = runpy.run_path(str(GOLDEN / "make_golden.py"))
SCENES: dict[str, Snapshot] = GOLDENS["SCENES"]
SCREENS: Callable[[], dict[str, str]] = GOLDENS["screens"]
MURMUR = SCENES["murmur"]
NO_COLOUR = TerminalStyle(colour=False, gradient=False)
ASCII = TerminalStyle(colour=False, gradient=False, unicode=False)
TWELVE_EVENTS = tuple(LoggedEvent(float(second), f"event {second}") for second in range(1, 13))
SIZES = [(80, 24), (160, 50), (60, 16), (100, 30), (59, 24), (80, 15), (20, 5), (40, 12), (1, 1), (300, 100)]


def widths(snapshot: Snapshot, width: int, height: int, style: TerminalStyle = FULL_STYLE) -> list[int]:
    """Return the width of each line of a screen."""
    canvas = render(snapshot, width, height, style)
    return [sum(segment.cell_length for segment in line) for line in canvas.lines]


@pytest.mark.parametrize("name", sorted(SCREENS()))
def test_equals_the_golden_file(name: str) -> None:
    """Each screen equals its golden file; make_golden.py regenerates them."""
    expected = (GOLDEN / name).read_text(encoding="utf-8")
    assert SCREENS()[name] == expected


def test_every_golden_file_is_checked() -> None:
    """The folder holds no golden file that is no longer used."""
    assert {path.name for path in GOLDEN.iterdir() if path.suffix in {".txt", ".ansi"}} == set(SCREENS())


@pytest.mark.parametrize("scene", sorted(SCENES))
@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize(
    "style",
    [FULL_STYLE, NO_COLOUR, ASCII, TerminalStyle(gradient=False), TerminalStyle(unicode=False)],
    ids=["full", "no colour", "ASCII", "16 colours", "no blocks"],
)
def test_fills_the_screen_exactly(scene: str, width: int, height: int, style: TerminalStyle) -> None:
    """Every scene fills every screen: all lines, each exactly as wide as the screen."""
    assert widths(SCENES[scene], width, height, style) == [width] * height


@pytest.mark.parametrize(
    ("ectopic", "text"),
    [
        (EctopicBeats(28.0, 30, (), (EctopicBeat(3.0, 0.7, 1.2, 2.0),) * 3, True, 3.0), "early beats 3 in 28 s"),
        (EctopicBeats(19.6, 20, (), (), True, -1.0), "no early beat in 20 s"),
        (EctopicBeats(28.0, 30, (), (), False, 0.0), ""),
    ],
)
@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 40), (200, 60)])
def test_ectopic_beats_are_shown_beside_the_heart_rate(
    ectopic: EctopicBeats, text: str, width: int, height: int
) -> None:
    """Count and duration, or that there was none; nothing where the rhythm cannot be tracked."""
    assert MURMUR.window is not None
    window = dataclasses.replace(MURMUR.window, ectopic=ectopic)
    canvas = render(dataclasses.replace(MURMUR, window=window), width, height)
    (line,) = (line for line in canvas.text.splitlines() if " bpm " in line and "quality" in line)
    assert (text in line) if text else ("early" not in line)
    assert widths(dataclasses.replace(MURMUR, window=window), width, height) == [width] * height


@settings(max_examples=60, deadline=None)
@given(
    width=st.integers(1, 220),
    height=st.integers(1, 70),
    scene=st.sampled_from(sorted(SCENES)),
    unicode=st.booleans(),
    note=st.text(max_size=60),
    source=st.text(max_size=60),
)
def test_no_size_or_name_breaks_it(width: int, height: int, scene: str, unicode: bool, note: str, source: str) -> None:
    """Any size, note and file name give a full screen without control characters."""
    start = dataclasses.replace(SCENES[scene].start, source=source)
    snapshot = dataclasses.replace(SCENES[scene], start=start, note=note)
    canvas = render(snapshot, width, height, TerminalStyle(unicode=unicode))
    lines = ["".join(segment.text for segment in line) for line in canvas.lines]
    assert len(lines) == height
    assert all(sum(segment.cell_length for segment in line) == width for line in canvas.lines)
    assert all(line.isprintable() for line in lines)
    assert unicode or all(line.isascii() for line in lines)


@settings(max_examples=60, deadline=None)
@given(
    elapsed=st.floats(0, 1e6),
    rms=st.floats(allow_nan=True),
    hop=st.none() | st.floats(0, 1e7),
    bpm=st.none() | st.floats(20, 300),
    counts=st.integers(0, 10**9),
    confidence=st.floats(0, 1),
    size=st.sampled_from(SIZES),
)
def test_no_number_breaks_it(
    elapsed: float,
    rms: float,
    hop: float | None,
    bpm: float | None,
    counts: int,
    confidence: float,
    size: tuple[int, int],
) -> None:
    """Numbers of any size leave every line as wide as the screen."""
    scores = {"normal": 1 - confidence, "murmur": confidence, "extrastole": 0.0}
    rolling = Verdict("verdict", "murmur", confidence, scores)
    assert MURMUR.window is not None
    snapshot = dataclasses.replace(
        MURMUR,
        elapsed_s=elapsed,
        window=dataclasses.replace(MURMUR.window, rolling=rolling, heart_rate_bpm=bpm),
        level=Level(rms, 0.0, False),
        hop_p50_ms=hop,
        hop_p95_ms=hop,
        skipped=counts,
        overruns=counts,
        gaps=counts,
    )
    assert widths(snapshot, *size) == [size[0]] * size[1]


@pytest.mark.parametrize(("width", "height"), [(0, 24), (80, 0), (-1, -1)])
def test_a_screen_without_a_cell_is_refused(width: int, height: int) -> None:
    """A size below 1x1 raises ValueError."""
    with pytest.raises(ValueError, match="must be at least 1"):
        render(MURMUR, width, height)


@settings(max_examples=60, deadline=None)
@given(
    width=st.integers(1, 220),
    height=st.integers(1, 70),
    state=st.sampled_from(sorted(GOLDENS["STATES"])),
    scene=st.sampled_from(sorted(SCENES)),
    unicode=st.booleans(),
    colour=st.booleans(),
    number=st.none() | st.floats(0, 1e9),
    text=st.text(max_size=80),
)
def test_no_dashboard_state_breaks_it(
    width: int, height: int, state: str, scene: str, unicode: bool, colour: bool, number: float | None, text: str
) -> None:
    """Trace, events, statistics, keys and help on any screen give printable lines as wide as the screen."""
    shown = dataclasses.replace(
        GOLDENS["STATES"][state],
        events=(LoggedEvent(1e6, text, "mark"),) * 3,
        stats=RuntimeStats(number, number, number, number),
    )
    canvas = render(SCENES[scene], width, height, TerminalStyle(colour, colour, unicode), shown)
    assert [sum(segment.cell_length for segment in line) for line in canvas.lines] == [width] * height
    lines = ["".join(segment.text for segment in line) for line in canvas.lines]
    assert all(line.isprintable() and (unicode or line.isascii()) for line in lines)


@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 40), (160, 50), (200, 60)])
def test_everything_is_shown_from_80x24_on(width: int, height: int) -> None:
    """Trace, ticks, image with both axes, events, bars, history, statistics and keys are all shown."""
    layout = Layout(MURMUR, width, height, TerminalStyle(unicode=False), GOLDENS["LIVELY"])
    ticks = sum(0 <= layout.axis.cell(at_s) < layout.field for at_s, _ in GOLDENS["LIVELY"].trace.ticks)
    assert ticks > 8
    text = render(MURMUR, width, height, TerminalStyle(unicode=False), GOLDENS["LIVELY"]).text
    for words in (
        "MURMUR",
        "xxx",
        "1 kHz",
        "5 s",
        "mark 1",
        "history",
        "level",
        "quality",
        "to 76 in 3 min",
        "nothing lost",
    ):
        assert words in text
    assert text.count("|") > 20
    assert [line.count("S") for line in text.splitlines() if set(line) == {" ", "S", "1", "2"}] == [ticks]
    for key, meaning in GOLDENS["KEYS"]:
        assert f"{key.replace('←→', '<>')} {meaning}" in text


def test_more_room_shows_more() -> None:
    """A larger screen shows more lines of trace, more events and a longer history."""
    state = dataclasses.replace(GOLDENS["LIVELY"], events=TWELVE_EVENTS)
    canvases = [render(MURMUR, *size, state=state) for size in ((80, 24), (120, 40), (200, 60))]
    traces = [
        sum(any(0x2800 < ord(sign) < 0x2900 for sign in line) for line in canvas.text.split("\n"))
        for canvas in canvases
    ]
    assert traces == sorted(set(traces))
    events = [sum(f"{entry.at_s:04.1f}  {entry.text}" in canvas.text for entry in TWELVE_EVENTS) for canvas in canvases]
    assert events == [0, 4, 8]
    assert "12.0 event 12   0:11.0 event 11" in canvases[0].text
    assert [canvas.text.count("·") for canvas in canvases] == [55, 95, 175]


def test_paused_is_shown_at_every_size() -> None:
    """From 40 columns on a paused screen says so."""
    for size in SIZES[:7]:
        if size[0] >= 40:
            assert "PAUSED" in render(MURMUR, *size, state=GOLDENS["STATES"]["paused"]).text


def test_the_same_snapshot_gives_the_same_screen() -> None:
    """Two calls with equal arguments give equal canvases."""
    assert render(MURMUR, 80, 24) == render(MURMUR, 80, 24)


def test_the_tensor_is_only_read() -> None:
    """A read-only tensor is drawn and stays unchanged."""
    tensor = np.array(MURMUR.tensor)
    before = tensor.copy()
    tensor.setflags(write=False)
    render(dataclasses.replace(MURMUR, tensor=tensor), 160, 50)
    np.testing.assert_array_equal(tensor, before)


def test_rich_prints_it_without_wrapping() -> None:
    """On Rich's console of the same size each line is one line."""
    file = io.StringIO()
    console = Console(file=file, width=80, height=24, force_terminal=True, color_system="truecolor", _environ={})
    console.print(render(MURMUR, 80, 24), end="")
    assert file.getvalue().count("\n") == 24


@pytest.mark.parametrize("scene", sorted(SCENES))
def test_without_colour_there_is_none(scene: str) -> None:
    """NO_COLOR leaves bold and dim, but no colour on any part of the screen."""
    for size in ((80, 24), (160, 50), (40, 12)):
        canvas = render(SCENES[scene], *size, NO_COLOUR)
        styles = [segment.style for line in canvas.lines for segment in line if segment.style is not None]
        assert all(style.color is None and style.bgcolor is None for style in styles)


def test_reads_without_colour() -> None:
    """Label, its score, all scores, history, rate and disclaimer are words and letters."""
    text = render(MURMUR, 80, 24, ASCII).text
    for words in ("MURMUR", "acoustic score 0.94", "M murmur", ".n?MMEx_M", "78 bpm", "not for diagnosis"):
        assert words in text


@pytest.mark.parametrize("size", [(80, 24), (160, 50), (60, 16), (40, 12), (20, 5)])
@pytest.mark.parametrize("scene", sorted(SCENES))
def test_shows_the_disclaimer(scene: str, size: tuple[int, int]) -> None:
    """Every screen, however small, says that it is not for diagnosis."""
    assert "not for diagnosis" in render(SCENES[scene], *size).text


class TestStates:
    """What each state shows."""

    def test_listening_shows_how_far_it_is(self) -> None:
        """The progress of the first window is a bar and numbers."""
        text = render(SCENES["listening"], 80, 24, TerminalStyle(unicode=False)).text
        assert "LISTENING" in text
        assert "3.2 of 5 s" in text
        assert "#" * 15 + "." in text

    def test_poor_signal_shows_its_reason(self) -> None:
        """The reason is shown, and no label is."""
        text = render(SCENES["poor"], 80, 24, TerminalStyle(unicode=False)).text
        assert "POOR SIGNAL" in text
        right = " ".join(" ".join(line[48:] for line in text.splitlines()).split())
        assert GOLDENS["REASON"] in right
        assert "no label: the signal is too poor to judge" in text
        assert "no heart rate" in text
        assert "the signal is too poor to count in" in text
        assert "MURMUR" not in text

    def test_poor_signal_keeps_its_reason_on_a_small_screen(self) -> None:
        """Where there is little room the reason is cut at its end, not its beginning."""
        assert "rubbing noise" in render(SCENES["poor"], 20, 5).text

    def test_uncertain_names_the_best(self) -> None:
        """An uncertain window shows scores and the best label, but no verdict."""
        text = render(SCENES["uncertain"], 80, 24, TerminalStyle(unicode=False)).text
        assert "UNCERTAIN" in text
        assert "no label: best is normal 0.50; it needs 0.61" in text
        assert "acoustic score" not in text

    def test_no_signal(self) -> None:
        """Silence is reported in large letters."""
        assert MURMUR.window is not None
        window = dataclasses.replace(
            MURMUR.window, rolling=Verdict("no-signal"), quality=Quality(0.0, "the input is silent", "no-signal")
        )
        text = render(dataclasses.replace(MURMUR, window=window), 80, 24, TerminalStyle(unicode=False)).text
        assert "NO SIGNAL" in text
        assert "the input is silent" in text

    def test_the_end_is_marked(self) -> None:
        """A source that has ended is marked as such, and the position stays in its column."""
        ended, running = (render(SCENES[name], 80, 24).text.splitlines()[0] for name in ("ended", "murmur"))
        assert "ended" in ended
        assert "ended" not in running
        assert ended.index(" / ") == running.index(" / ")

    def test_losses_are_counted(self) -> None:
        """Gaps, overruns and skipped windows stand in the last line, in words."""
        text = render(SCENES["poor"], 80, 24).text
        assert text.splitlines()[-1].endswith("12 gaps in the sound, 1 overrun, 3 windows skipped")
        assert "CLIP" in text


@pytest.mark.parametrize("size", [(60, 16), (80, 24), (120, 40), (200, 60), (40, 10)])
def test_every_blank_says_why(size: tuple[int, int]) -> None:
    """Heart rate, verdict and picture before the first window, after a loss, and of a device that is gone."""
    window = MURMUR.window
    assert window is not None
    gap = dataclasses.replace(window, rolling=Verdict("poor-signal"), heart_rate_bpm=None, gap=True)
    lost = DeviceStatus("lost", "steth", "ALSA", 1, 4000, message="steth: is not connected")
    unsteady = dataclasses.replace(window, heart_rate_bpm=None, heart_rate_reason="either 60 or 120 bpm")
    shown = {
        "listening": (SCENES["listening"], ("first window is not full", "first verdict needs 5 s")),
        "gap": (dataclasses.replace(MURMUR, window=gap), ("sound was lost in this window",)),
        "lost": (dataclasses.replace(MURMUR, device=lost), ("the device is lost", "steth: is not connected")),
        "unsteady": (dataclasses.replace(MURMUR, window=unsteady), ("either 60 or 120 bpm",)),
    }
    for snapshot, whys in shown.values():
        rows = render(snapshot, *size, ASCII).text.splitlines()
        left = " ".join(" ".join(row[:24] for row in rows).split()) if size[0] == 60 else ""
        right = " ".join(" ".join(row[24:] for row in rows).split()) if size[0] == 60 else ""
        text = " ".join(" ".join(row[45:] for row in rows).split()) if size[0] >= 78 else ""
        for why in whys:
            assert any(why in part for part in (" ".join(" ".join(rows).split()), left, right, text))
    if size[0] >= 60:
        assert "DEVICE LOST" in render(shown["lost"][0], *size, ASCII).text
        assert "POOR SIGNAL" not in render(shown["lost"][0], *size, ASCII).text
    if size[1] >= 20:
        assert "no picture: " in render(SCENES["listening"], *size, ASCII).text


def test_no_label_is_said_twice_on_a_small_screen() -> None:
    """At 40x10 each label stands in the verdict and at its bar alone."""
    assert render(MURMUR, 40, 10).text.lower().count("murmur") == 3  # file name, verdict, bar


def test_a_live_screen_has_no_word_of_files() -> None:
    """Neither speed nor length; the last line says that it follows."""
    start = dataclasses.replace(MURMUR.start, source="steth", duration_s=None)
    text = render(dataclasses.replace(MURMUR, start=start), 80, 24).text
    assert "1x" not in text
    assert " / " not in text
    assert "following; nothing lost" in text


@pytest.mark.parametrize("size", [(80, 24), (40, 12), (20, 5)])
def test_the_details_keep_the_verdict(size: tuple[int, int]) -> None:
    """They stand in place of the sound."""
    canvas = render(MURMUR, *size, ASCII, GOLDENS["STATES"]["details"])
    assert "MURMUR" in canvas.text
    assert "details" in canvas.text
    assert "windows skipped 0" in " ".join(canvas.text.split())
    assert [sum(segment.cell_length for segment in line) for line in canvas.lines] == [size[0]] * size[1]


class TestImages:
    """Where the tensor is drawn."""

    @pytest.mark.parametrize(
        ("size", "lines"), [((80, 24), 5), ((60, 16), 4), ((160, 50), 20), ((100, 30), 8), ((200, 60), 27)]
    )
    def test_takes_the_room_there_is(self, size: tuple[int, int], lines: int) -> None:
        """The spectrogram has more lines on larger screens."""
        canvas = render(MURMUR, *size)
        tall = [line for line in canvas.lines if sum(segment.text == "▀" for segment in line) >= 40]
        assert len(tall) == lines

    def test_the_picture_is_as_wide_as_the_trace(self) -> None:
        """On every screen: its window fills the axis but for less than a step at each end."""
        for width, height in ((60, 16), (80, 24), (120, 40), (160, 50), (200, 60)):
            canvas, layout = render(MURMUR, width, height), Layout(MURMUR, width, height, FULL_STYLE)
            cells = max(sum(segment.text == "▀" for segment in line) for line in canvas.lines)
            assert layout.field * layout.axis.cell_s - cells * layout.axis.cell_s < 1.1

    def test_the_image_of_the_article_has_no_axis(self) -> None:
        """The input image of the article's network has neither frequency labels nor a rhythm channel."""
        tensor = np.full((64, 64, 3), 0.5, np.float32)
        start = dataclasses.replace(MURMUR.start, kind="article")
        text = render(dataclasses.replace(MURMUR, start=start, tensor=tensor), 160, 50).text
        assert "kHz" not in text
        assert "rhythm" not in text
        assert text.count("▀") >= 24 * 64

    def test_a_tensor_of_one_channel_is_drawn(self) -> None:
        """The second image stays empty."""
        tensor = np.zeros((64, 64, 1), np.float32)
        assert widths(dataclasses.replace(MURMUR, tensor=tensor), 160, 50) == [160] * 50

    def test_a_tensor_of_nan_is_drawn(self) -> None:
        """NaN is drawn dark and is no error."""
        tensor = np.full((64, 64, 3), math.nan, np.float32)
        assert widths(dataclasses.replace(MURMUR, tensor=tensor), 80, 24) == [80] * 24

    def test_a_new_tensor_changes_the_image_alone(self) -> None:
        """Another tensor changes no line outside the image."""
        assert MURMUR.tensor is not None
        other = dataclasses.replace(MURMUR, tensor=MURMUR.tensor[:, ::-1] + np.float32(0.5))
        before, after = render(MURMUR, 80, 24).lines, render(other, 80, 24).lines
        assert [row for row in range(24) if before[row] != after[row]] == list(range(13, 18))


DEVICE = DeviceStatus("open", "steth", "ALSA", 1, 4000, measured_rate_hz=3999.84)
ALERTS = [
    {"device": dataclasses.replace(DEVICE, state="lost", message="steth: no sound arrives: looking for it")},
    {"device": dataclasses.replace(DEVICE, finding="the input is digital silence: unmute it")},
    {"recording": RecordingStatus(Path("a.wav"), 72.4, 0, "the disk is full: free some space")},
    {"overloaded": True},
]


@pytest.mark.parametrize(("width", "height"), [(160, 50), (80, 24), (60, 16), (40, 12), (20, 5)])
@pytest.mark.parametrize("changes", ALERTS, ids=["device", "input", "recording", "overload"])
def test_an_alert_is_shown_at_every_size(changes: dict[str, Any], width: int, height: int) -> None:
    """The alert is shown, complete from 60 columns on, with its short form below; the canvas keeps its size."""
    snapshot = dataclasses.replace(MURMUR, **{"device": DEVICE, **changes})
    text = " ".join(render(snapshot, width, height).text.split())
    alert = first_alert(snapshot) or ""
    short = first_alert(snapshot, short=True) or ""
    assert alert in text or (width < 60 and short[:15] in text)
    assert widths(snapshot, width, height) == [width] * height


def test_a_gap_has_its_own_letter_in_the_history() -> None:
    """Lost samples differ from a window of poor quality."""
    text = render(dataclasses.replace(MURMUR, history=("normal", "gap", "normal")), 80, 24).text
    assert "n-n" in next(row for row in text.splitlines() if "now" in row)


@pytest.mark.parametrize(("height", "rows"), [(19, 0), (20, 2), (33, 2), (34, 3), (50, 3)])
def test_an_electrocardiogram_below_the_sound(height: int, rows: int) -> None:
    """It has two rows, three on a tall screen, and none on a small one; the screen stays full, whatever its offset."""
    low = np.full(1000, 0.4, np.float32)
    low[::160] = 0.9
    state = dataclasses.replace(EMPTY_STATE, ecg=Trace(0, low, low))
    canvas = render(MURMUR, 100, height, NO_COLOUR, state)
    texts = ["".join(segment.text for segment in line) for line in canvas.lines]
    assert len(texts) == height
    assert sum(text.startswith(" ECG ") for text in texts) == bool(rows)
    if rows:
        at = next(index for index, text in enumerate(texts) if text.startswith(" ECG "))
        drawn = texts[at - rows // 2 : at - rows // 2 + rows] if rows == 3 else texts[at : at + 2]
        assert drawn[0][10:].strip()
        assert drawn[-1][10:].strip()


@pytest.mark.parametrize("height", [20, 34])
@pytest.mark.parametrize(("style", "mark"), [(NO_COLOUR, "▾"), (ASCII, "v")])
def test_an_r_peak_has_a_tick(height: int, style: TerminalStyle, mark: str) -> None:
    """In the first row of the electrocardiogram, at its moment; the line keeps its width."""
    low = np.zeros(1000, np.float32)
    trace = Trace(0, low, low, ticks=((1.0, None), (2.0, None), (4.0, None)))
    state = dataclasses.replace(EMPTY_STATE, trace=Trace(0, low, low), ecg=trace)
    canvas = render(dataclasses.replace(MURMUR, elapsed_s=5.0), 100, height, style, state)
    texts = ["".join(segment.text for segment in line) for line in canvas.lines]
    at = next(index for index, text in enumerate(texts) if text.startswith(" ECG "))
    first = texts[at - (1 if height == 34 else 0)]
    columns = [column for column, sign in enumerate(first) if sign == mark]
    assert len(columns) == 3
    assert columns[2] - columns[1] == pytest.approx(2 * (columns[1] - columns[0]), abs=1)
    assert [len(text) for text in texts] == [100] * height


def trace_of(level: float) -> Trace:
    """Return a trace of 5 s."""
    high = np.linspace(0.0, level, 1000, dtype=np.float32)
    return Trace(0, -high, high)


@pytest.mark.parametrize(("width", "height"), [(60, 24), (80, 24), (120, 40)])
@pytest.mark.parametrize("alert", [False, True])
def test_a_trace_drawn_again_is_that_of_the_whole_screen(width: int, height: int, alert: bool) -> None:
    """Only the trace differs between two screens: drawing it alone gives the second one, cell for cell."""
    snapshot = dataclasses.replace(MURMUR, overloaded=alert)
    states = [DashboardState(trace=trace_of(level)) for level in (0.1, 0.4)]
    first, second = (render(snapshot, width, height, FULL_STYLE, state) for state in states)
    assert redraw_trace(first, snapshot, FULL_STYLE, states[1]) == second
    assert first != second


def test_small_screens_and_the_help_page_have_no_trace_of_their_own() -> None:
    """They stay as they are."""
    state = DashboardState(trace=trace_of(0.1))
    for canvas in (
        render(MURMUR, 40, 12, FULL_STYLE, state),
        render(MURMUR, 80, 24, FULL_STYLE, dataclasses.replace(state, help=True)),
    ):
        assert redraw_trace(canvas, MURMUR, FULL_STYLE, state) is canvas


REVIEW = DashboardState(timeline=TimelineView(0.0, 100.0, 50.0, np.zeros(400, np.float32), np.zeros(400, np.float32)))
SCORES = {"normal": 0.2, "murmur": 0.78, "extrastole": 0.02}
LOUD = Verdict("verdict", "murmur", 0.78, SCORES, SCORES, loudness="loud", murmur_timing="systolic and diastolic")
POSSIBLE = dataclasses.replace(LOUD, state="uncertain", label=None, possible="murmur")
UNSTEADY = Verdict("uncertain", None, 0.78, SCORES, SCORES)
EARLY = EctopicBeats(30.0, 40, (), (EctopicBeat(3.66, 0.67, 1.38, 3.0),), True, 30.0)
LONG_REASON = "no noise between the beats: a filter or a coarse converter removed it"


def reviewed(width: int, verdict: Verdict, **changes: Any) -> list[str]:
    """Return the rows of a review whose cursor is at a window with a verdict."""
    window = dataclasses.replace(MURMUR.window, verdict=verdict, rolling=verdict, **changes)  # type: ignore[type-var]
    return render(dataclasses.replace(MURMUR, window=window), width, 24, FULL_STYLE, REVIEW).text.splitlines()


@pytest.mark.parametrize(
    ("width", "verdict", "said"),
    [
        (100, LOUD, " loud  in systole and diastole  0.78            heart rate"),
        (80, LOUD, " loud  in systole and diastole  0.78            heart rate"),
        (60, LOUD, " loud                      heart rate"),
        (80, POSSIBLE, " possible murmur, loud, in systole and diastole heart rate"),
        (60, POSSIBLE, " possible murmur           heart rate"),
        (80, UNSTEADY, " not steady enough                              heart rate"),
        (60, UNSTEADY, " not steady enough         heart rate"),
        (80, Verdict("poor-signal"), " no label: the signal is too poor to judge      heart rate"),
        (60, Verdict("poor-signal"), " no label is given         heart rate"),
    ],
)
def test_a_review_says_whole_phrases_beside_the_heart_rate(width: int, verdict: Verdict, said: str) -> None:
    """Fewer words where there is less room: nothing is cut, and nothing runs into the heart rate."""
    assert reviewed(width, verdict)[5].startswith(said)


def test_early_beats_of_a_review_have_room_of_their_own() -> None:
    """Words on the score make room for them; where there is none they are left out."""
    soft = dataclasses.replace(LOUD, loudness="soft", murmur_timing=None)
    assert reviewed(80, soft, ectopic=EARLY)[5].startswith(" soft  0.78          early beats 1 in 30 s      heart rate")
    assert reviewed(80, POSSIBLE, ectopic=EARLY)[5].startswith(" possible murmur     early beats 1 in 30 s      heart")
    assert "early beats" not in reviewed(60, soft, ectopic=EARLY)[5]


@pytest.mark.parametrize("short", [False, True])
@pytest.mark.parametrize("width", [60, 80, 100])
def test_the_reason_of_a_window_is_whole_in_a_review(width: int, short: bool) -> None:
    """Without the number of its quality, or in two lines, where it does not fit."""
    quality = Quality(0.08, LONG_REASON, "poor-signal")
    rows = reviewed(width, Verdict("poor-signal"), quality=quality, heart_rate_bpm=None, short=short)
    said = " ".join(" ".join(rows[6:8]).split())
    assert f"{LONG_REASON}{' (short clip, looped)' if short else ''}" in said
    assert "…" not in said
    one_line = width == 100 or (width == 80 and not short)
    assert ("marks" in rows[7]) == one_line


def test_a_narrow_screen_says_whole_phrases_below_the_label() -> None:
    """At 60 columns what a label needs is left out before it would be cut."""
    window = dataclasses.replace(MURMUR.window, verdict=LOUD, rolling=LOUD)  # type: ignore[type-var]
    rows = render(dataclasses.replace(MURMUR, window=window), 60, 24).text.splitlines()
    assert " loud  in systole and diastole  acoustic score 0.78" in rows

"""The dashboard is a pure function of a snapshot that fits every screen."""

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

from monitor.dashboard.drawing.render import render
from monitor.dashboard.drawing.state import LoggedEvent, Vitals
from monitor.messages import EctopicBeat, EctopicBeats, Level, Quality, Snapshot, Verdict

GOLDEN = Path(__file__).parents[1] / "golden"
MADE: dict[str, Any] = runpy.run_path(str(GOLDEN / "make_golden.py"))
SCENES: dict[str, Snapshot] = MADE["SCENES"]
SCREENS: Callable[[], dict[str, str]] = MADE["screens"]
MURMUR = SCENES["murmur"]
SIZES = [(80, 24), (160, 50), (60, 16), (100, 30), (59, 24), (80, 15), (20, 5), (40, 12), (1, 1), (300, 100)]


def widths(snapshot: Snapshot, width: int, height: int, **options: Any) -> list[int]:
    """Return the width of each line of a screen."""
    frame = render(snapshot, width, height, **options)
    return [sum(segment.cell_length for segment in line) for line in frame.lines]


@pytest.mark.parametrize("name", sorted(SCREENS()))
def test_looks_as_it_did(name: str) -> None:
    """Each screen equals its golden file; make_golden.py writes them anew."""
    expected = (GOLDEN / name).read_text(encoding="utf-8")
    assert SCREENS()[name] == expected


def test_every_golden_file_is_checked() -> None:
    """No screen is left in the folder that nothing makes any more."""
    assert {path.name for path in GOLDEN.iterdir() if path.suffix in {".txt", ".ansi"}} == set(SCREENS())


@pytest.mark.parametrize("scene", sorted(SCENES))
@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize(
    "options", [{}, {"gradient": False}, {"colour": False}, {"unicode": False}, {"colour": False, "unicode": False}]
)
def test_fills_the_screen_exactly(scene: str, width: int, height: int, options: dict[str, bool]) -> None:
    """Every scene on every screen has its lines, each exactly as wide as the screen."""
    assert widths(SCENES[scene], width, height, **options) == [width] * height


@pytest.mark.parametrize(
    ("ectopic", "text"),
    [
        (EctopicBeats(28.0, 30, (), (EctopicBeat(3.0, 0.7, 1.2, 2.0),) * 3, True, 3.0), "early beats 3 in 28 s"),
        (EctopicBeats(19.6, 20, (), (), True, -1.0), "no early beat in 20 s"),
        (EctopicBeats(28.0, 30, (), (), False, 0.0), ""),
    ],
)
@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 40), (200, 60)])
def test_early_beats_stand_beside_the_heart_rate(ectopic: EctopicBeats, text: str, width: int, height: int) -> None:
    """How many in how long, or that there was none; nothing where the rhythm cannot be followed. The rate stays."""
    assert MURMUR.window is not None
    window = dataclasses.replace(MURMUR.window, ectopic=ectopic)
    frame = render(dataclasses.replace(MURMUR, window=window), width, height)
    (line,) = (line for line in frame.text.splitlines() if "heart rate" in line)
    assert line.rstrip().endswith("bpm")
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
    snapshot = dataclasses.replace(SCENES[scene], start=start)
    frame = render(snapshot, width, height, unicode=unicode, note=note)
    lines = ["".join(segment.text for segment in line) for line in frame.lines]
    assert len(lines) == height
    assert all(sum(segment.cell_length for segment in line) == width for line in frame.lines)
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
def test_no_figure_breaks_it(
    elapsed: float,
    rms: float,
    hop: float | None,
    bpm: float | None,
    counts: int,
    confidence: float,
    size: tuple[int, int],
) -> None:
    """Figures of any size leave every line as wide as the screen."""
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
    """A size that holds nothing is the caller's mistake."""
    with pytest.raises(ValueError, match="must be at least 1"):
        render(MURMUR, width, height)


@settings(max_examples=60, deadline=None)
@given(
    width=st.integers(1, 220),
    height=st.integers(1, 70),
    display=st.sampled_from(sorted(MADE["DISPLAYS"])),
    scene=st.sampled_from(sorted(SCENES)),
    unicode=st.booleans(),
    colour=st.booleans(),
    figure=st.none() | st.floats(0, 1e9),
    text=st.text(max_size=80),
)
def test_nothing_beside_the_snapshot_breaks_it(
    width: int, height: int, display: str, scene: str, unicode: bool, colour: bool, figure: float | None, text: str
) -> None:
    """Trace, events, figures, keys and help on any screen leave every line as wide as it is, and printable."""
    beside = dataclasses.replace(
        MADE["DISPLAYS"][display],
        events=(LoggedEvent(1e6, text, "mark"),) * 3,
        vitals=Vitals(figure, figure, figure, figure),
    )
    frame = render(SCENES[scene], width, height, unicode=unicode, colour=colour, display=beside)
    assert [sum(segment.cell_length for segment in line) for line in frame.lines] == [width] * height
    lines = ["".join(segment.text for segment in line) for line in frame.lines]
    assert all(line.isprintable() and (unicode or line.isascii()) for line in lines)


@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 40), (160, 50), (200, 60)])
def test_everything_is_there_from_80x24_on(width: int, height: int) -> None:
    """Trace, ticks, picture with both axes, events, bars, history, health and keys, without a line too many."""
    text = render(MURMUR, width, height, display=MADE["LIVELY"], unicode=False).text
    for words in ("MURMUR", "xxx", "1 kHz", "2.5 s", "mark 1", "history", "level", "real", "85 MB"):
        assert words in text
    assert text.count("|") > 20
    assert [line.count("v") for line in text.splitlines() if set(line) == {" ", "v"}] == [13]
    for key, meaning in MADE["KEYS"]:
        assert f"{key.replace('←→', '<>')} {meaning}" in text


def test_more_room_shows_more() -> None:
    """A larger screen has more lines of trace, more events and a longer history."""
    frames = [render(MURMUR, *size, display=MADE["LIVELY"]) for size in ((80, 24), (120, 40), (200, 60))]
    traces = [
        sum(any(0x2800 < ord(sign) < 0x2900 for sign in line) for line in frame.text.split("\n")) for frame in frames
    ]
    assert traces == sorted(set(traces))
    events = [
        sum(f"{entry.at_s:04.1f}  {entry.text}" in frame.text for entry in MADE["HAPPENED"][1:]) for frame in frames
    ]
    assert events == [1, 3, 3]
    assert [frame.text.count("·") for frame in frames] == [55, 95, 175]


def test_held_is_said_at_every_size() -> None:
    """Who looks at a picture that stands still is told so."""
    for size in SIZES[:7]:
        if size[0] >= 40:
            assert "PAUSED" in render(MURMUR, *size, display=MADE["DISPLAYS"]["paused"]).text


def test_the_same_snapshot_gives_the_same_screen() -> None:
    """Nothing but the arguments decides what is drawn."""
    assert render(MURMUR, 80, 24) == render(MURMUR, 80, 24)


def test_the_tensor_is_only_read() -> None:
    """A read-only tensor is drawn, and is what it was afterwards."""
    tensor = np.array(MURMUR.tensor)
    kept = tensor.copy()
    tensor.setflags(write=False)
    render(dataclasses.replace(MURMUR, tensor=tensor), 160, 50)
    np.testing.assert_array_equal(tensor, kept)


def test_rich_prints_it_without_wrapping() -> None:
    """On Rich's console of the same size each line is one line."""
    file = io.StringIO()
    console = Console(file=file, width=80, height=24, force_terminal=True, color_system="truecolor", _environ={})
    console.print(render(MURMUR, 80, 24), end="")
    assert file.getvalue().count("\n") == 24


@pytest.mark.parametrize("scene", sorted(SCENES))
def test_without_colour_there_is_none(scene: str) -> None:
    """NO_COLOR leaves weight, but not one colour, on any part of the screen."""
    for size in ((80, 24), (160, 50), (40, 12)):
        frame = render(SCENES[scene], *size, colour=False)
        styles = [segment.style for line in frame.lines for segment in line if segment.style is not None]
        assert all(style.color is None and style.bgcolor is None for style in styles)


def test_reads_without_colour() -> None:
    """Label, confidence, scores, strip, rate and purpose are words and letters."""
    text = render(MURMUR, 80, 24, colour=False, unicode=False).text
    for words in ("MURMUR", "confidence 0.87", "M murmur", ".n?MMEx_M", "78 bpm", "not for diagnosis"):
        assert words in text


@pytest.mark.parametrize("size", [(80, 24), (160, 50), (60, 16), (40, 12), (20, 5)])
@pytest.mark.parametrize("scene", sorted(SCENES))
def test_says_what_it_is_not_for(scene: str, size: tuple[int, int]) -> None:
    """Every screen, however small, says that it is not for diagnosis."""
    assert "not for diagnosis" in render(SCENES[scene], *size).text


class TestStates:
    """What each state shows."""

    def test_listening_shows_how_far_it_is(self) -> None:
        """The first window's progress is a bar and figures."""
        text = render(SCENES["listening"], 80, 24, unicode=False).text
        assert "LISTENING" in text
        assert "3.2 of 5 s" in text
        assert "#" * 15 + "." in text

    def test_poor_signal_shows_its_reason(self) -> None:
        """The reason is there, and no label is."""
        text = render(SCENES["poor"], 80, 24, unicode=False).text
        assert "POOR SIGNAL" in text
        assert MADE["REASON"] in text
        assert "no label is given" in text
        assert "MURMUR" not in text

    def test_poor_signal_keeps_its_reason_on_a_small_screen(self) -> None:
        """Where there is little room the reason is cut at its end, not its beginning."""
        assert "rubbing noise" in render(SCENES["poor"], 20, 5).text

    def test_uncertain_names_the_best(self) -> None:
        """An uncertain window shows its scores and its best guess, but no label."""
        text = render(SCENES["uncertain"], 80, 24, unicode=False).text
        assert "UNCERTAIN" in text
        assert "best normal 0.46" in text
        assert "confidence" not in text

    def test_no_signal(self) -> None:
        """Silence is said in large letters."""
        assert MURMUR.window is not None
        window = dataclasses.replace(
            MURMUR.window, rolling=Verdict("no-signal"), quality=Quality(0.0, "the input is silent", "no-signal")
        )
        text = render(dataclasses.replace(MURMUR, window=window), 80, 24, unicode=False).text
        assert "NO SIGNAL" in text
        assert "the input is silent" in text

    def test_the_end_is_marked(self) -> None:
        """A source that has ended says so, and the clock stays in its place."""
        ended, running = (render(SCENES[name], 80, 24).text.splitlines()[0] for name in ("ended", "murmur"))
        assert "ended" in ended
        assert "ended" not in running
        assert ended.index(" / ") == running.index(" / ")

    def test_losses_are_counted(self) -> None:
        """Skipped windows, overruns and gaps stand in the row of counters."""
        text = render(SCENES["poor"], 80, 24).text
        assert "skipped 3" in text
        assert "overruns 1" in text
        assert "gaps 12" in text
        assert "CLIP" in text


class TestHeader:
    """Source, time, model and note."""

    def test_position_length_and_speed(self) -> None:
        """The first line ends in position, length and speed."""
        assert render(MURMUR, 80, 24).text.splitlines()[0].endswith("0:07.6 / 0:30.0  1x")

    @pytest.mark.parametrize(
        ("duration", "speed", "ending"),
        [(None, None, "0:07.6  max"), (None, 0.25, "0:07.6  0.25x"), (3600.0, 64.0, "64x")],
    )
    def test_unknown_length_and_odd_speeds(self, duration: float | None, speed: float | None, ending: str) -> None:
        """A stream has no length, and the fastest speed has a word."""
        start = dataclasses.replace(MURMUR.start, duration_s=duration, speed=speed)
        assert render(dataclasses.replace(MURMUR, start=start), 80, 24).text.splitlines()[0].endswith(ending)

    def test_the_clock_does_not_move_the_line(self) -> None:
        """From the first second to the tenth hour the speed stands in its place."""
        start = dataclasses.replace(MURMUR.start, duration_s=None)
        firsts = [
            render(dataclasses.replace(MURMUR, start=start, elapsed_s=elapsed), 80, 24).text.splitlines()[0]
            for elapsed in (0.0, 59.9, 61.0, 599.0, 601.0, 3599.0)
        ]
        assert len({(len(line), line.index("1x")) for line in firsts}) == 1

    def test_the_note_is_shown(self) -> None:
        """What the caller wants seen stands in the second line, whole, at the right."""
        second = render(MURMUR, 80, 24, note="systolic murmur, grade 3").text.splitlines()[1]
        assert second.endswith("systolic murmur, grade 3")
        assert "heart-sounds" in second

    def test_a_long_note_is_cut(self) -> None:
        """A note too long for its place leaves the model's name standing."""
        second = render(MURMUR, 80, 24, note="x" * 200).text.splitlines()[1]
        assert "heart-sounds" in second
        assert second.endswith("…")

    def test_a_long_source_leaves_the_clock(self) -> None:
        """A long file name is cut, and the position stays."""
        start = dataclasses.replace(MURMUR.start, source="long name " * 20)
        first = render(dataclasses.replace(MURMUR, start=start), 80, 24).text.splitlines()[0]
        assert "…" in first
        assert first.endswith("0:07.6 / 0:30.0  1x")


class TestPictures:
    """Where the tensor is drawn."""

    @pytest.mark.parametrize(
        ("size", "lines"), [((80, 24), 6), ((60, 16), 4), ((160, 50), 24), ((100, 30), 10), ((200, 60), 32)]
    )
    def test_takes_the_room_there_is(self, size: tuple[int, int], lines: int) -> None:
        """The picture has 32 lines where they fit with all the rest, and fewer on smaller screens."""
        frame = render(MURMUR, *size)
        tall = [line for line in frame.lines if sum(segment.text == "▀" for segment in line) >= 40]
        assert len(tall) == lines

    def test_rhythm_stands_beside_it_where_there_is_room(self) -> None:
        """At 160 columns both pictures are drawn, at 80 the sound alone."""
        assert "rhythm" in render(MURMUR, 160, 50).text
        assert "rhythm" not in render(MURMUR, 80, 50).text

    def test_the_articles_picture_has_no_axis(self) -> None:
        """A picture made by the article's way has neither hertz nor rhythm."""
        tensor = np.full((64, 64, 3), 0.5, np.float32)
        text = render(dataclasses.replace(MURMUR, tensor=tensor), 160, 50, kind="article").text
        assert "kHz" not in text
        assert "rhythm" not in text
        assert text.count("▀") >= 24 * 64

    def test_a_tensor_without_rhythm_is_drawn(self) -> None:
        """A tensor of one channel leaves the second picture empty."""
        tensor = np.zeros((64, 64, 1), np.float32)
        assert widths(dataclasses.replace(MURMUR, tensor=tensor), 160, 50) == [160] * 50

    def test_a_tensor_of_nan_is_drawn(self) -> None:
        """Values that are no numbers are dark, not an error."""
        tensor = np.full((64, 64, 3), math.nan, np.float32)
        assert widths(dataclasses.replace(MURMUR, tensor=tensor), 80, 24) == [80] * 24

    def test_a_new_tensor_changes_the_picture_alone(self) -> None:
        """Another tensor leaves every line outside the picture as it was."""
        assert MURMUR.tensor is not None
        other = dataclasses.replace(MURMUR, tensor=MURMUR.tensor[:, ::-1] + np.float32(0.5))
        before, after = render(MURMUR, 80, 24).lines, render(other, 80, 24).lines
        assert [at for at in range(24) if before[at] != after[at]] == list(range(11, 17))

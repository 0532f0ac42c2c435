"""The screen takes over the terminal, draws without flicker, and restores the terminal."""

from __future__ import annotations

import dataclasses
import io
import os
import re
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.color import ColorSystem
from rich.console import Console
from rich.style import Style

from monitor.dashboard.display.options import DisplayOptions
from monitor.dashboard.drawing.canvas import Canvas, Row, TerminalStyle
from monitor.dashboard.drawing.state import DashboardState
from monitor.dashboard.terminal import BEGIN_UPDATE, CLEAR, END_UPDATE, ENTER, LEAVE, REFRESH_S, Screen, style_escape
from monitor.dashboard.trace import Trace
from monitor.messages import PlaybackStatus, Snapshot

GOLDENS: dict[str, Any] = runpy.run_path(str(Path(__file__).parent / "golden" / "make_golden.py"))
SCENES: dict[str, Snapshot] = GOLDENS["SCENES"]
MURMUR = SCENES["murmur"]


class Terminal(io.StringIO):
    """A terminal that records every write."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[str] = []

    def write(self, text: str) -> int:
        """Record one write."""
        self.writes.append(text)
        return super().write(text)


class Clock:
    """A clock that a test advances."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


class Bench:
    """A screen on a recorded terminal, with a manual clock."""

    def __init__(self, width: int = 80, height: int = 24, **options: Any) -> None:
        self.terminal = Terminal()
        self.clock = Clock()
        settings = {"force_terminal": True, "color_system": "truecolor", "_environ": {}, **options}
        self.console = Console(file=self.terminal, width=width, height=height, **settings)
        self.screen = Screen(self.console, clock=self.clock)

    def show(self, snapshot: Snapshot, after_s: float = 1.0) -> list[str]:
        """Show a snapshot some time later and return the writes."""
        self.clock.now += after_s
        before = len(self.terminal.writes)
        self.screen.show(snapshot)
        return self.terminal.writes[before:]


def at_time(elapsed_s: float) -> Snapshot:
    """Return the snapshot at another position."""
    return dataclasses.replace(MURMUR, elapsed_s=elapsed_s)


def terminal_content(writes: list[str], width: int, height: int) -> list[str]:
    """Return what a terminal shows after some writes: cursor jumps, clears and text, without colours."""
    cells = [[" "] * width for _ in range(height)]
    row = column = 0
    for match in re.finditer(r"\x1b\[(\??[\d;]*)([A-Za-z])|([^\x1b])", "".join(writes)):
        if match[3] is None:
            if match[2] == "H":
                row, column = (int(part) - 1 for part in (match[1] or "1;1").split(";"))
            elif match[2] == "J":
                cells = [[" "] * width for _ in range(height)]
            continue
        assert match[3].isprintable()
        cells[row][column] = match[3]
        column += 1
    return ["".join(line) for line in cells]


class TestLifecycle:
    """Taking over and restoring the terminal."""

    def test_takes_and_restores(self) -> None:
        """The alternate screen is entered first and left last; cursor and line wrapping are restored."""
        bench = Bench()
        with bench.screen:
            bench.show(MURMUR)
        assert bench.terminal.writes[0] == ENTER
        assert bench.terminal.writes[-1] == LEAVE
        for on, off in (("?1049h", "?1049l"), ("?25l", "?25h"), ("?7l", "?7h")):
            assert on in ENTER
            assert off in LEAVE

    @pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError, SystemExit, GeneratorExit])
    def test_restores_after_every_exception(self, error: type[BaseException]) -> None:
        """Whatever ends the block, the terminal is restored and the exception propagates."""
        bench = Bench()
        with pytest.raises(error), bench.screen:
            raise error
        assert bench.terminal.writes[-1] == LEAVE

    def test_stop_twice_is_safe(self) -> None:
        """The terminal is restored once."""
        bench = Bench()
        bench.screen.start()
        bench.screen.stop()
        bench.screen.stop()
        assert bench.terminal.writes == [ENTER, LEAVE]

    def test_start_twice_is_safe(self) -> None:
        """The terminal is taken over once."""
        bench = Bench()
        bench.screen.start()
        bench.screen.start()
        assert bench.terminal.writes == [ENTER]

    def test_stop_without_start_writes_nothing(self) -> None:
        """A screen that was never started restores nothing."""
        bench = Bench()
        bench.screen.stop()
        assert bench.terminal.writes == []

    def test_interrupted_while_leaving_still_restores(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """After Ctrl+C during the last write it is repeated, and the interrupt propagates."""
        bench = Bench()
        bench.screen.start()
        plain_write = bench.terminal.write
        left = iter([True, False])

        def interrupted(text: str) -> int:
            if next(left):
                raise KeyboardInterrupt
            return plain_write(text)

        monkeypatch.setattr(bench.terminal, "write", interrupted)
        with pytest.raises(KeyboardInterrupt):
            bench.screen.stop()
        assert bench.terminal.writes[-1] == LEAVE

    def test_interrupted_while_entering_restores(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """After Ctrl+C during the first write the terminal is restored, and the interrupt propagates."""
        bench = Bench()
        plain_write = bench.terminal.write
        first = iter([True, False])

        def interrupted(text: str) -> int:
            done = plain_write(text)
            if next(first):
                raise KeyboardInterrupt
            return done

        monkeypatch.setattr(bench.terminal, "write", interrupted)
        with pytest.raises(KeyboardInterrupt), bench.screen:
            pytest.fail("the block must not be entered")
        assert bench.terminal.writes == [ENTER, LEAVE]

    def test_a_closed_terminal_hides_no_error(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """When the terminal was closed, the first exception is the one that propagates."""
        bench = Bench()
        bench.screen.start()

        def gone(text: str) -> int:
            raise BrokenPipeError

        monkeypatch.setattr(bench.terminal, "write", gone)
        with pytest.raises(RuntimeError, match="first"), bench.screen:
            raise RuntimeError("first")

    def test_an_interrupted_update_is_ended(self) -> None:
        """Leaving also ends a synchronised update that was cut short."""
        assert LEAVE.startswith(END_UPDATE)

    def test_draws_nothing_before_it_is_started(self) -> None:
        """A snapshot before the start writes nothing."""
        bench = Bench()
        assert bench.show(MURMUR) == []


class TestUpdates:
    """What is written, and when."""

    def test_an_update_is_one_write(self) -> None:
        """Begin, all lines and end are written at once."""
        bench = Bench()
        bench.screen.start()
        (write,) = bench.show(MURMUR)
        assert write.startswith(BEGIN_UPDATE)
        assert write.endswith(END_UPDATE)
        assert "\n" not in write
        assert write.count(BEGIN_UPDATE) == write.count(END_UPDATE) == 1

    def test_an_equal_canvas_is_not_written_again(self) -> None:
        """If nothing changed, nothing is written."""
        bench = Bench()
        bench.screen.start()
        bench.show(MURMUR)
        assert bench.show(MURMUR) == []

    def test_only_changed_lines_are_written(self) -> None:
        """When only the position changes, one line is written, and the image is not."""
        bench = Bench()
        bench.screen.start()
        bench.show(MURMUR)
        (write,) = bench.show(at_time(7.7))
        assert re.findall(r"\x1b\[(\d+);1H", write) == ["1"]
        assert "▀" not in write
        assert CLEAR not in write

    def test_the_terminal_shows_the_newest_canvas(self) -> None:
        """After several updates the terminal shows the same as after a full redraw."""
        bench = Bench()
        bench.screen.start()
        for name in ("listening", "murmur", "poor", "uncertain", "ended", "poor", "murmur"):
            bench.show(SCENES[name])
        shown = terminal_content(bench.terminal.writes, 80, 24)
        assert [line.rstrip() for line in shown] == GOLDENS["render"](MURMUR, 80, 24).text.splitlines()

    @pytest.mark.parametrize(("width", "height"), [(80, 24), (160, 50), (40, 12), (20, 5)])
    def test_never_writes_beyond_the_screen(self, width: int, height: int) -> None:
        """No character is written outside the terminal."""
        bench = Bench(width, height)
        bench.screen.start()
        for name in SCENES:
            bench.show(SCENES[name])
        assert len(terminal_content(bench.terminal.writes, width, height)) == height

    def test_at_most_ten_updates_a_second(self) -> None:
        """Snapshots between two updates wait; the newest is drawn."""
        bench = Bench()
        bench.screen.start()
        bench.show(at_time(0.0))
        for tenth in range(1, 10):
            assert bench.show(at_time(tenth / 100), after_s=REFRESH_S / 20) == []
        (write,) = bench.show(at_time(5.5), after_s=REFRESH_S)
        assert "0:05.5" in write

    def test_a_new_verdict_hardly_waits(self) -> None:
        """An update with a new verdict needs to wait only half as long as others."""
        bench = Bench()
        bench.screen.start()
        assert MURMUR.window is not None
        bench.show(MURMUR)
        newer = dataclasses.replace(MURMUR, window=dataclasses.replace(MURMUR.window, index=99, end_s=77.0))
        assert bench.show(MURMUR, after_s=0.06) == []
        bench.show(newer, after_s=0.0)
        assert bench.screen.canvas is not None
        assert bench.screen.wait_s == pytest.approx(2 * REFRESH_S - 0.06)
        assert bench.show(MURMUR, after_s=0.1) == []

    @given(st.lists(st.tuples(st.floats(0.0, 0.2), st.booleans()), min_size=20, max_size=120))
    def test_never_more_than_ten_in_a_second(self, steps: list[tuple[float, bool]]) -> None:
        """Whatever the times of snapshots and verdicts, any second has at most ten updates."""
        bench = Bench(20, 5)
        bench.screen.start()
        assert MURMUR.window is not None
        window, now_s, drawn = MURMUR.window, 0.0, []
        for after_s, fresh in steps:
            window = dataclasses.replace(window, index=window.index + fresh)
            now_s += after_s
            bench.clock.now = now_s
            if bench.screen.show(dataclasses.replace(MURMUR, window=window)):
                drawn.append(now_s)
        for index, first in enumerate(drawn):
            assert sum(first <= now < first + 1.0 - 1e-9 for now in drawn[index:]) <= 10

    @pytest.mark.parametrize(("state", "most"), [("playing", 19), ("off", 10)])
    def test_the_trace_is_drawn_twice_as_often_while_it_is_heard(
        self, state: Literal["playing", "off"], most: int
    ) -> None:
        """Nineteen times a second, the rest of the screen ten times; ten times altogether where nothing is heard."""
        bench, wholes, updates = Bench(), [], 0
        bench.screen.start()
        playback = PlaybackStatus(state)
        for step in range(200):
            bench.clock.now = step * 0.005
            snapshot = dataclasses.replace(MURMUR, playback=playback, elapsed_s=bench.clock.now)
            high = np.full(1000, 0.1, np.float32)
            high[: 5 * step] = 0.05
            before = len(bench.terminal.writes)
            whole = bench.screen.show(snapshot, DashboardState(trace=Trace(0, -high, high)))
            wholes += [step] if whole else []
            updates += len(bench.terminal.writes) - before
            assert bench.screen.wait_s <= (REFRESH_S / 2 if state == "playing" else REFRESH_S) + 1e-9
        assert len(wholes) in (9, 10)
        assert most - 1 <= updates <= most

    def test_show_returns_whether_an_update_was_due(self) -> None:
        """True if the snapshot was drawn, False if it waits."""
        bench = Bench()
        bench.screen.start()
        assert bench.screen.show(MURMUR)
        assert not bench.screen.show(MURMUR)

    def test_refresh_draws_the_waiting_snapshot(self) -> None:
        """A waiting snapshot can be drawn at once."""
        bench = Bench()
        bench.screen.start()
        bench.show(at_time(0.0))
        bench.show(at_time(9.9), after_s=0.0)
        bench.screen.refresh()
        assert "0:09.9" in bench.terminal.writes[-1]

    def test_the_note_is_drawn(self) -> None:
        """The note of a snapshot is written."""
        bench = Bench()
        bench.screen.start()
        (write,) = bench.show(dataclasses.replace(MURMUR, note="systolic murmur"))
        assert "systolic murmur" in write


class TestResize:
    """The terminal may change its size at any time."""

    def test_clears_once_when_the_size_changes(self) -> None:
        """The first update of a new size clears the screen, the next one does not."""
        bench = Bench()
        bench.screen.start()
        (first,) = bench.show(MURMUR)
        bench.console.size = (120, 40)
        (resized,) = bench.show(MURMUR)
        (after,) = bench.show(at_time(8.0))
        assert first.startswith(BEGIN_UPDATE + CLEAR)
        assert resized.startswith(BEGIN_UPDATE + CLEAR)
        assert CLEAR not in after

    def test_the_terminal_knows_its_size_better_than_the_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """``COLUMNS`` and ``LINES`` of a window that has changed since say nothing."""
        pty = pytest.importorskip("pty")
        termios = pytest.importorskip("termios")
        monkeypatch.setenv("COLUMNS", "200")
        monkeypatch.setenv("LINES", "60")
        parent, child = pty.openpty()
        with os.fdopen(parent, "rb"), os.fdopen(child, "w") as file:
            termios.tcsetwinsize(child, (24, 80))
            console = Console(file=file, force_terminal=True)
            assert console.size == (200, 60)
            assert Screen(console).size == (80, 24)

    def test_without_a_terminal_the_console_knows(self) -> None:
        """A terminal that has no size, and a file."""
        assert Bench().screen.size == (80, 24)

    def test_draws_for_the_new_size(self) -> None:
        """Smaller or larger, the whole of the new screen is drawn."""
        bench = Bench()
        bench.screen.start()
        for width, height in ((160, 50), (20, 5), (61, 17), (80, 24)):
            bench.console.size = (width, height)
            writes = bench.show(MURMUR)
            shown = [line.rstrip() for line in terminal_content(writes, width, height)]
            assert shown == GOLDENS["render"](MURMUR, width, height).text.splitlines()


class TestTerminals:
    """Terminals with fewer features."""

    def test_no_color_writes_no_colour(self) -> None:
        """With NO_COLOR escape sequences set only bold and dim."""
        bench = Bench(_environ={"NO_COLOR": "1"})
        bench.screen.start()
        bench.show(MURMUR)
        runs = re.findall(r"\x1b\[([\d;]*)m", "".join(bench.terminal.writes))
        codes = {code for run in runs for code in run.split(";")}
        assert codes <= {"", "0", "1", "2"}

    def test_sixteen_colours_get_shades(self) -> None:
        """With 16 colours the image is drawn in shades, and labels are coloured."""
        bench = Bench(color_system="standard")
        bench.screen.start()
        (write,) = bench.show(MURMUR)
        assert "▓" in write
        assert "38;2" not in write
        assert "38;5" not in write

    def test_256_colours_are_used(self) -> None:
        """A terminal with 256 colours gets those and no true colours."""
        bench = Bench(color_system="256")
        bench.screen.start()
        (write,) = bench.show(MURMUR)
        assert "38;5;" in write
        assert "38;2;" not in write

    def test_ascii_terminals_get_ascii(self) -> None:
        """On a terminal without Unicode every write can be encoded."""
        bytes_written = io.BytesIO()
        file = io.TextIOWrapper(bytes_written, encoding="ascii", errors="strict")
        console = Console(file=file, width=80, height=24, force_terminal=True, color_system="256", _environ={})
        start = dataclasses.replace(MURMUR.start, source="Töne ♥.wav", labels=("nörmal", "murmur"))
        with Screen(console, clock=Clock()) as screen:
            screen.show(dataclasses.replace(MURMUR, start=start, note="größer"))
        assert b"T?ne ?.wav" in bytes_written.getvalue()

    @pytest.mark.parametrize(
        ("options", "can"),
        [
            ({"force_terminal": True, "_environ": {"TERM": "xterm"}}, True),
            ({"force_terminal": True, "_environ": {"TERM": "dumb"}}, False),
            ({"force_terminal": False, "_environ": {}}, False),
            ({"force_terminal": True, "legacy_windows": True, "_environ": {}}, False),
        ],
    )
    def test_can_show(self, options: dict[str, Any], can: bool) -> None:
        """A pipe, a dumb terminal and a legacy Windows console cannot show the dashboard."""
        assert Screen.can_show(Console(file=io.StringIO(), **options)) is can


class TestEscapes:
    """Styles to escape sequences."""

    def test_weight_and_colours(self) -> None:
        """Bold, foreground and background are in one escape sequence."""
        style = Style(bold=True, color="#010203", bgcolor="#040506")
        assert style_escape(style, ColorSystem.TRUECOLOR) == "\x1b[1;38;2;1;2;3;48;2;4;5;6m"

    def test_a_plain_style_is_empty(self) -> None:
        """A plain style has no escape sequence."""
        assert style_escape(Style(), ColorSystem.TRUECOLOR) == ""

    def test_a_style_works_on_two_terminals(self) -> None:
        """One style object gives each colour system its codes, in any order."""
        style = Style(color="#ff0000")
        assert "38;2" in style_escape(style, ColorSystem.TRUECOLOR)
        assert "38;5" in style_escape(style, ColorSystem.EIGHT_BIT)
        assert "38;2" in style_escape(style, ColorSystem.TRUECOLOR)

    def test_neighbours_of_one_style_share_an_escape_sequence(self) -> None:
        """A run of cells of one style has one escape sequence."""
        bench = Bench()
        style = Style(bold=True)
        line = (("a", style, None), ("b", style, None))
        assert bench.screen.escapes(line) == "\x1b[0m\x1b[1mab\x1b[0m"  # type: ignore[arg-type]


def test_another_drawing_takes_the_place_of_the_dashboard() -> None:
    """With the size and the style of the terminal."""
    asked: list[tuple[int, int]] = []

    def draw(snapshot: Snapshot, width: int, height: int, style: TerminalStyle, state: DashboardState) -> Canvas:
        asked.append((width, height))
        return Canvas(width, tuple(Row(width).put(0, "ours").line() for _ in range(height)))

    bench = Bench(30, 3)
    screen = Screen(bench.console, draw=draw)
    with screen:
        screen.show(MURMUR)
        assert asked == [(30, 3)]
        assert screen.canvas is not None
        assert screen.canvas.text.split() == ["ours"] * 3


def test_the_bell_rings_on_an_open_screen_only() -> None:
    """It is no part of an update."""
    bench = Bench()
    bench.screen.ring_bell()
    assert bench.terminal.writes == []
    with bench.screen:
        bench.screen.ring_bell()
        assert bench.terminal.writes[-1] == "\a"


class AnsweringKeyboard:
    """The keys of a terminal that answers."""

    works, is_slow_line = True, False

    def __init__(self, answers: str) -> None:
        self.answers, self.keys = answers, ""

    def ask(self, send: Callable[[], None], answered: Callable[[str], bool], timeout_s: float) -> str:
        """Ask, and return the answers."""
        send()
        return self.answers

    def unread(self, text: str) -> None:
        """Keep keys."""
        self.keys += text


SIXEL_ANSWERS = "\x1b]11;rgb:ffff/ffff/ffff\x1b\\\x1b[6;16;8t\x1b[?62;4c"
KITTY_ANSWERS = "\x1b]11;rgb:0/0/0\x1b\\\x1b_Gi=31;OK\x1b\\\x1b[6;16;8t\x1b[?62c"
LIVELY: DashboardState = GOLDENS["LIVELY"]


class TestPictures:
    """What a terminal with pixels shows in place of characters."""

    def bench(self, answers: str, **options: Any) -> Bench:
        """Return an open screen on a terminal that has answered."""
        bench = Bench(80, 24)
        bench.screen = Screen(bench.console, clock=bench.clock, options=DisplayOptions(**options))
        bench.screen.start()
        bench.screen.ask(AnsweringKeyboard(answers))  # type: ignore[arg-type]
        return bench

    def show(self, bench: Bench, snapshot: Snapshot, state: DashboardState, after_s: float = 1.0) -> str:
        """Show a screen some time later and return what was written."""
        bench.clock.now += after_s
        before = len(bench.terminal.writes)
        bench.screen.show(snapshot, state)
        return "".join(bench.terminal.writes[before:])

    def test_the_terminal_decides_on_theme_and_pictures(self) -> None:
        """A white background makes the theme light, and Sixel brings two pictures."""
        bench = self.bench(SIXEL_ANSWERS)
        written = self.show(bench, MURMUR, LIVELY)
        assert written.count("\x1bP0;1q") == 2
        assert bench.screen.canvas is not None
        assert bench.screen.canvas.light
        assert self.bench(SIXEL_ANSWERS, graphics="off", theme="dark").screen._style == TerminalStyle()

    def test_it_is_asked_once(self) -> None:
        """Another source changes nothing."""
        bench = self.bench(SIXEL_ANSWERS)
        before = len(bench.terminal.writes)
        bench.screen.ask(AnsweringKeyboard(KITTY_ANSWERS))  # type: ignore[arg-type]
        assert len(bench.terminal.writes) == before

    def test_no_text_is_written_over_a_picture(self) -> None:
        """Lines that change leave the cells of a picture out."""
        bench = self.bench(SIXEL_ANSWERS)
        self.show(bench, MURMUR, LIVELY)
        canvas = bench.screen.canvas
        assert canvas is not None
        assert len(canvas.pictures) == 2
        louder = dataclasses.replace(LIVELY, gain_db=12.0)
        written = self.show(bench, MURMUR, louder).partition("\x1bP")[0]
        column, columns = canvas.pictures[0].column, canvas.pictures[0].columns
        rows = {row for picture in canvas.pictures for row in range(picture.row, picture.row + picture.lines)}
        touched = [line for line in re.split(r"(?=\x1b\[\d+;1H)", written) if line.startswith("\x1b[")]
        pieces = {int(re.match(r"\x1b\[(\d+)", line)[1]) - 1: line for line in touched if ";1H" in line[:8]}  # type: ignore[index]
        assert rows & set(pieces)
        for row in rows & set(pieces):
            left, right = pieces[row].split(f"\x1b[{row + 1};{column + columns + 1}H")
            assert len(re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", left)) == column
            assert len(re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", right)) == 80 - column - columns

    @pytest.mark.parametrize("change", [{"help": 1}, {"details": True}, {"trace": None}])
    def test_another_page_is_written_over_them(self, change: dict[str, Any]) -> None:
        """Each line that had a picture is written whole, also where its text is the same."""
        bench = self.bench(SIXEL_ANSWERS)
        self.show(bench, MURMUR, LIVELY)
        canvas = bench.screen.canvas
        assert canvas is not None
        gone = canvas.pictures[: 1 if "trace" in change else 2]
        written = self.show(bench, MURMUR, dataclasses.replace(LIVELY, **change))
        for picture in gone:
            assert all(f"\x1b[{row + 1};1H" in written for row in range(picture.row, picture.row + picture.lines))
        assert written.count("\x1bP") == 0

    def test_kitty_deletes_them_on_other_pages_and_at_the_end(self) -> None:
        """None is left in the terminal, whatever ends the screen."""
        bench = self.bench(KITTY_ANSWERS)
        assert self.show(bench, MURMUR, LIVELY).count("a=T") == 2
        assert self.show(bench, MURMUR, dataclasses.replace(LIVELY, help=1)).count("a=d") == 2
        self.show(bench, MURMUR, LIVELY)
        before = len(bench.terminal.writes)
        bench.screen.stop()
        left = "".join(bench.terminal.writes[before:])
        assert left.count("a=d") == 2
        assert left.endswith(LEAVE)

    def test_another_size_draws_them_again(self) -> None:
        """The screen is cleared, and both are sent for their new places."""
        bench = self.bench(KITTY_ANSWERS)
        self.show(bench, MURMUR, LIVELY)
        bench.console.size = (100, 30)  # type: ignore[assignment]
        written = self.show(bench, MURMUR, LIVELY)
        assert CLEAR in written
        assert written.count("a=d") == 2
        assert written.count("a=T") == 2

    def test_the_trace_that_is_heard_stays_in_characters(self) -> None:
        """It is drawn nineteen times a second then, to agree with the ear."""
        bench = self.bench(SIXEL_ANSWERS)
        playing = dataclasses.replace(MURMUR, playback=PlaybackStatus("playing", "wide", 0.0))
        self.show(bench, playing, LIVELY)
        canvas = bench.screen.canvas
        assert canvas is not None
        assert len(canvas.pictures) == 1


def test_the_console_of_linux_gets_its_signs(monkeypatch: pytest.MonkeyPatch) -> None:
    """No braille is written there."""
    monkeypatch.setenv("TERM", "linux")
    bench = Bench(color_system="standard")
    with bench.screen:
        bench.screen.show(MURMUR, LIVELY)
    text = bench.terminal.getvalue()
    assert "▄" in text
    assert not any("⠀" < sign <= "⣿" for sign in text)

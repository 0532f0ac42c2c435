"""The live screen: draws the newest snapshot, at most ten times a second, without flicker.

What a terminal with pixels shows sharp is written over the same cells (:mod:`monitor.dashboard.display.painter`).
While the sound is heard the trace alone is drawn nineteen times a second, on screens from 60x16 up.

Each canvas is written at once, as a synchronised update (DEC private mode 2026, ignored by terminals that do not
support it), and only the lines that changed are written. The screen is cleared only at the start and when the size
has changed. No thread of its own: the main thread calls :meth:`Screen.show`. Must not know where snapshots come from.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from rich.color import ColorSystem
from rich.console import Console
from rich.style import Style

from monitor.dashboard.display.asking import ask_terminal, cell_pixels, make_painter
from monitor.dashboard.display.console_font import on_console
from monitor.dashboard.display.options import AUTOMATIC, DisplayOptions
from monitor.dashboard.display.painter import Painter
from monitor.dashboard.display.style import has_console_font, style_of
from monitor.dashboard.drawing.canvas import Canvas, Line, Picture, TerminalStyle, cut
from monitor.dashboard.drawing.render import redraw_trace, render
from monitor.dashboard.drawing.state import EMPTY_STATE, DashboardState
from monitor.dashboard.keyboard import Keyboard
from monitor.errors import OutputError
from monitor.messages import Snapshot
from monitor.output import draw

__all__ = ["REFRESH_S", "Screen"]

REFRESH_S, VERDICT_REFRESH_S = 0.105, 0.05
"""Seconds between two updates, and how much sooner an update with a new verdict may come. The update after that waits
longer, so that there are never more than ten in any second."""

TRACE_REFRESH_S = REFRESH_S / 2
"""The same for the trace alone while somebody hears the sound: what is drawn and what is heard agree within 50 ms."""

ENTER = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[0m\x1b[2J\x1b[H"
"""Alternate screen, no cursor, no line wrapping, clear."""
BEGIN_UPDATE, END_UPDATE = "\x1b[?2026h", "\x1b[?2026l"
LEAVE = END_UPDATE + "\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l"
"""The reverse, after ending an update that was interrupted."""
CLEAR, RESET = "\x1b[0m\x1b[2J", "\x1b[0m"

COLOR_SYSTEMS = {
    "standard": ColorSystem.STANDARD,
    "256": ColorSystem.EIGHT_BIT,
    "truecolor": ColorSystem.TRUECOLOR,
    "windows": ColorSystem.WINDOWS,
}


class Screen:
    """A terminal that shows the dashboard and is restored afterwards.

    Parameters
    ----------
    console : Console or None
        Where to draw; standard output when None.
    clock : callable
        Monotonic seconds; a test passes its own.
    draw : callable
        From snapshot, width, height, style and state to the canvas, as :func:`monitor.dashboard.drawing.render.render`.
    options : DisplayOptions
        What a person asks of the display.

    Notes
    -----
    Used by the main thread only. A context manager: the terminal is restored whatever ends the block, including an
    interrupt.
    """

    def __init__(
        self,
        console: Console | None = None,
        clock: Callable[[], float] = time.monotonic,
        draw: Callable[[Snapshot, int, int, TerminalStyle, DashboardState], Canvas] = render,
        options: DisplayOptions = AUTOMATIC,
    ) -> None:
        self.console = Console() if console is None else console
        self._clock, self._render = clock, draw
        self._options, self._style = options, style_of(self.console, options)
        self._translate = on_console if has_console_font() else None
        self._asked = False
        self._painter: Painter | None = None
        self._colors = COLOR_SYSTEMS.get(self.console.color_system or "", ColorSystem.TRUECOLOR)
        self._open = False
        self._size = (0, 0)
        self._drawn: tuple[Line, ...] = ()
        self._canvas: Canvas | None = None
        self._due = self._trace_due = float("-inf")
        self._shown_index: int | None = None
        self._hurries = False
        self._waiting: tuple[Snapshot, DashboardState] | None = None
        self._prefixes: dict[Style, str] = {}

    @staticmethod
    def can_show(console: Console) -> bool:
        """Return whether the dashboard can be drawn on a console."""
        return console.is_terminal and not console.is_dumb_terminal and not console.legacy_windows

    def start(self) -> None:
        """Switch to the alternate screen; the next update draws every line."""
        if not self._open:
            self._open, self._size = True, (0, 0)
            self._write(ENTER)

    def ask(self, keyboard: Keyboard) -> None:
        """Ask the terminal once for its background and its pixels, and draw accordingly.

        Parameters
        ----------
        keyboard : Keyboard
            Started; keys that are typed meanwhile are its next.
        """
        if self._asked or not self._open:
            return
        self._asked = True
        is_console = self._translate is not None  # it shows neither, and old kernels print the question
        answers = None if is_console else ask_terminal(self.console.file, keyboard)
        if self._options.theme == "auto" and answers is not None and answers.light is not None:
            self._style = dataclasses.replace(self._style, light=answers.light)
        self._painter = make_painter(self._options, answers, self._style, lambda: cell_pixels(self.console.file))
        self._style = dataclasses.replace(self._style, pictures=self._painter is not None)

    def stop(self) -> None:
        """Restore the terminal. Twice is safe."""
        if not self._open:
            return
        painter = self._painter
        removal = "" if painter is None else painter.remove(painter.places)
        with contextlib.suppress(OSError, OutputError):  # a terminal that was closed needs no restoring
            try:
                self._write(removal + LEAVE)
            except KeyboardInterrupt:
                self._write(removal + LEAVE)
                raise
            finally:
                self._open = False

    def __enter__(self) -> Self:
        """Switch to the alternate screen; restore the terminal if that is interrupted."""
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Restore the terminal."""
        self.stop()

    def show(self, snapshot: Snapshot, state: DashboardState = EMPTY_STATE) -> bool:
        """Draw a snapshot, or keep it for the next call when the last update is too recent.

        Parameters
        ----------
        snapshot : Snapshot
        state : DashboardState

        Returns
        -------
        bool
            Whether an update was due, other than of the trace alone. Of several snapshots between two updates the
            newest is drawn.
        """
        self._waiting = (snapshot, state)
        self._hurries = _window_index(snapshot) != self._shown_index
        if self._whole_wait_s > 0:
            if self.wait_s <= 0:
                self._refresh_trace(snapshot, state)
            return False
        self.refresh()
        return True

    @property
    def size(self) -> tuple[int, int]:
        """Columns and lines: those of the terminal itself, whatever stale ``COLUMNS`` and ``LINES`` say."""
        with contextlib.suppress(OSError, ValueError, AttributeError):  # no terminal, or one without a size
            columns, lines = os.get_terminal_size(self.console.file.fileno())
            if columns > 0 and lines > 0:
                return columns, lines
        width, height = self.console.size
        return width, height

    @property
    def canvas(self) -> Canvas | None:
        """What was drawn last; None before the first update."""
        return self._canvas

    @property
    def wait_s(self) -> float:
        """Seconds until the next update may come, 0 when it is due; less for a new verdict, or while sound is heard."""
        wait_s = self._whole_wait_s
        playback = None if self._waiting is None else self._waiting[0].playback
        if playback is None or playback.state != "playing" or self._canvas is None or not self._canvas.trace_rows[2]:
            return wait_s
        return min(wait_s, max(0.0, self._trace_due - self._clock()))

    @property
    def _whole_wait_s(self) -> float:
        """Seconds until the next update of the whole screen may come."""
        return max(0.0, self._due - (VERDICT_REFRESH_S if self._hurries else 0.0) - self._clock())

    def _refresh_trace(self, snapshot: Snapshot, state: DashboardState) -> None:
        """Draw the trace again, where the rest of the screen stays as it is."""
        width, height = self._size
        if self._canvas is not None and self._open and self.size == (width, height):
            self._trace_due = self._clock() + TRACE_REFRESH_S
            self._draw(redraw_trace(self._canvas, snapshot, self._style, state))

    def refresh(self) -> None:
        """Draw the newest snapshot now, whatever the time."""
        if self._waiting is None or not self._open:
            return
        self._trace_due = self._clock() + TRACE_REFRESH_S
        self._due = max(self._due, self._clock()) + REFRESH_S  # after an early update the next one waits longer
        snapshot, state = self._waiting
        self._shown_index, self._hurries = _window_index(snapshot), False
        width, height = self.size
        self._draw(self._render(snapshot, max(width, 1), max(height, 1), self._style, state))

    def ring_bell(self) -> None:
        """Ring the terminal's bell."""
        if self._open:
            self._write("\a")

    def _draw(self, canvas: Canvas) -> None:
        """Write the lines that differ from those on the screen, all at once, and then the picture that is due."""
        canvas = dataclasses.replace(canvas, light=self._style.light)
        size = (canvas.width, len(canvas.lines))
        cleared = size != self._size
        removal, rewritten, pictures = self._picture_changes(canvas, cleared)
        old: tuple[Line, ...] = ((),) * len(canvas.lines) if cleared else self._drawn
        pairs = enumerate(zip(canvas.lines, old, strict=True))
        changed = [self._line(row, line) for row, (line, before) in pairs if line != before or row in rewritten]
        self._size, self._drawn, self._canvas = size, canvas.lines, canvas
        if changed or removal:
            self._write(BEGIN_UPDATE + (CLEAR if cleared else "") + removal + "".join(changed) + END_UPDATE)
        if pictures:
            self._paint(pictures)

    def _picture_changes(self, canvas: Canvas, cleared: bool) -> tuple[str, set[int], tuple[Picture, ...]]:
        """Return what removes pictures that are gone, the lines to be written again for that, and what to paint."""
        painter = self._painter
        if painter is None:
            return "", set(), ()
        gone = painter.places if cleared else painter.gone(canvas)
        rows = {row for first, _, lines, _ in gone for row in range(first, first + lines)}
        return painter.remove(gone), rows, painter.choose(canvas, self._clock())

    def _paint(self, pictures: tuple[Picture, ...]) -> None:
        """Write pictures at once, and let the time of writing count."""
        if self._painter is None:
            return
        began_s = self._clock()
        text = "".join([self._painter.paint(picture, began_s) for picture in pictures])
        drawn_s = self._clock()
        self._write(BEGIN_UPDATE + text + END_UPDATE)
        written_s = self._clock()
        self._painter.took(written_s - drawn_s, written_s)

    def _line(self, row: int, line: Line) -> str:
        """Return what writes a line, except for cells that have a picture: text would erase it."""
        places = () if self._painter is None else self._painter.places
        covered = [
            (column, column + columns) for first, column, lines, columns in places if first <= row < first + lines
        ]
        if not covered:
            return f"\x1b[{row + 1};1H{self.escapes(line)}"
        (first, after), *_ = covered
        left, right = cut(line, 0, first), cut(line, after, sum(segment.cell_length for segment in line))
        return f"\x1b[{row + 1};1H{self.escapes(left)}\x1b[{row + 1};{after + 1}H{self.escapes(right)}"

    def escapes(self, line: Line) -> str:
        """Return a line with escape sequences; neighbours of the same style share one."""
        parts: list[str] = []
        current: Style | None = None
        for text, style, _ in line:
            if style is not current:
                current = style
                parts += (RESET, self._prefix(style))
            parts.append(text if self._translate is None else self._translate(text))
        return "".join((*parts, RESET))

    def _prefix(self, style: Style | None) -> str:
        """Return the escape sequence that turns a style on; cached."""
        if style is None:
            return ""
        prefix = self._prefixes.get(style)
        if prefix is None:
            prefix = self._prefixes[style] = style_escape(style, self._colors)
        return prefix

    def _write(self, text: str) -> None:
        """Write at once, so that the terminal never shows half an update."""
        draw(self.console.file, text)


def _window_index(snapshot: Snapshot) -> int | None:
    """Return the index of the newest window."""
    return None if snapshot.window is None else snapshot.window.index


def style_escape(style: Style, colors: ColorSystem) -> str:
    """Return the escape sequence for weight and colours; Rich's own caches the first colour system it was used with."""
    codes = [code for code, on in (("1", style.bold), ("2", style.dim)) if on]
    if style.color is not None:
        codes += style.color.downgrade(colors).get_ansi_codes()
    if style.bgcolor is not None:
        codes += style.bgcolor.downgrade(colors).get_ansi_codes(foreground=False)
    return f"\x1b[{';'.join(codes)}m" if codes else ""

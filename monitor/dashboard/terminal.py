"""The live screen: draws the newest snapshot, at most ten times a second, without flicker.

A frame is written in one piece, inside a synchronised update (DEC private mode 2026, which
terminals that do not know it ignore), and only its lines that changed are written: the network's
picture changes with a hop, not with the clock. Nothing is cleared but at the start and when the
size has changed. No thread of its own: the main thread calls :meth:`Screen.show`. Must not know
where snapshots come from.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from rich.color import ColorSystem
from rich.console import Console
from rich.style import Style

from monitor.dashboard.drawing.canvas import Canvas, Line, TerminalStyle
from monitor.dashboard.drawing.render import render
from monitor.dashboard.drawing.state import NOTHING_MORE, DashboardState
from monitor.messages import Snapshot

__all__ = ["FRAME_S", "Screen"]

FRAME_S, EARLY_S = 0.105, 0.05
"""Seconds between two frames, and how much sooner one with a new verdict may come, whose successor then waits the
longer: never more than ten in any second."""

ENTER = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[0m\x1b[2J\x1b[H"
"""Alternate screen, no cursor, no wrapping at the edge, clear."""
BEGIN_FRAME, END_FRAME = "\x1b[?2026h", "\x1b[?2026l"
LEAVE = END_FRAME + "\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l"
"""All of that undone, and a frame that was cut short ended."""
CLEAR, RESET = "\x1b[0m\x1b[2J", "\x1b[0m"

COLOR_SYSTEMS = {
    "standard": ColorSystem.STANDARD,
    "256": ColorSystem.EIGHT_BIT,
    "truecolor": ColorSystem.TRUECOLOR,
    "windows": ColorSystem.WINDOWS,
}


class Screen:
    """A terminal that shows the dashboard, and is given back as it was found.

    Parameters
    ----------
    console : Console or None
        Where to draw; standard output when None.
    clock : callable
        Seconds that only go forward; a test gives its own.

    Notes
    -----
    Used by one thread, the main one. A context manager: whatever ends the block, an interrupt
    included, the terminal is restored.
    """

    def __init__(self, console: Console | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self.console = Console() if console is None else console
        self._clock = clock
        self._look = TerminalStyle.of(self.console)
        self._colors = COLOR_SYSTEMS.get(self.console.color_system or "", ColorSystem.TRUECOLOR)
        self._open = False
        self._size = (0, 0)
        self._drawn: tuple[Line, ...] = ()
        self._frame: Canvas | None = None
        self._due = float("-inf")
        self._shown: int | None = None
        self._hurries = False
        self._waiting: tuple[Snapshot, str, str, DashboardState] | None = None
        self._prefixes: dict[Style, str] = {}

    @staticmethod
    def can_show(console: Console) -> bool:
        """Return whether a console is a terminal that the dashboard can be drawn on."""
        return console.is_terminal and not console.is_dumb_terminal and not console.legacy_windows

    def start(self) -> None:
        """Take over the terminal; the next frame is drawn whole."""
        if not self._open:
            self._open, self._size = True, (0, 0)
            self._write(ENTER)

    def stop(self) -> None:
        """Give the terminal back. Twice is safe."""
        if not self._open:
            return
        with contextlib.suppress(OSError):  # a terminal that is gone needs no restoring
            try:
                self._write(LEAVE)
            except KeyboardInterrupt:
                self._write(LEAVE)
                raise
            finally:
                self._open = False

    def __enter__(self) -> Self:
        """Take over the terminal; give it back if that is interrupted half-way."""
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the terminal back."""
        self.stop()

    def show(
        self, snapshot: Snapshot, note: str = "", kind: str = "heart", display: DashboardState = NOTHING_MORE
    ) -> bool:
        """Draw a snapshot, or keep it for the next call when the last frame is too young.

        Parameters
        ----------
        snapshot : Snapshot
        note, kind : str
        display : DashboardState
            See :func:`monitor.dashboard.drawing.render.render`.

        Returns
        -------
        bool
            Whether a frame was due; the newest snapshot wins.
        """
        self._waiting = (snapshot, note, kind, display)
        self._hurries = _number(snapshot) != self._shown
        if self.wait_s > 0:
            return False
        self.refresh()
        return True

    @property
    def frame(self) -> Canvas | None:
        """What was drawn last; None before the first frame."""
        return self._frame

    @property
    def wait_s(self) -> float:
        """Seconds until the last frame is old enough for another, 0 when it is; a new verdict need not wait as long."""
        return max(0.0, self._due - (EARLY_S if self._hurries else 0.0) - self._clock())

    def refresh(self) -> None:
        """Draw the newest snapshot now, whatever the time."""
        if self._waiting is None or not self._open:
            return
        self._due = max(self._due, self._clock()) + FRAME_S  # what came early leaves the next one its time
        snapshot, note, kind, display = self._waiting
        self._shown, self._hurries = _number(snapshot), False
        width, height = self.console.size
        look = self._look
        frame = render(
            snapshot,
            max(width, 1),
            max(height, 1),
            colour=look.colour,
            gradient=look.gradient,
            unicode=look.unicode,
            note=note,
            kind=kind,
            display=display,
        )
        self._draw(frame)

    def _draw(self, frame: Canvas) -> None:
        """Write the lines that differ from those on the screen, in one piece."""
        size = (frame.width, len(frame.lines))
        cleared = size != self._size
        old: tuple[Line, ...] = ((),) * len(frame.lines) if cleared else self._drawn
        pairs = enumerate(zip(frame.lines, old, strict=True), 1)
        changed = [f"\x1b[{number};1H{self.escapes(line)}" for number, (line, was) in pairs if line != was]
        self._size, self._drawn, self._frame = size, frame.lines, frame
        if changed:
            self._write(BEGIN_FRAME + (CLEAR if cleared else "") + "".join(changed) + END_FRAME)

    def escapes(self, line: Line) -> str:
        """Return a line with its escapes; neighbours of one style share them."""
        parts: list[str] = []
        current: Style | None = None
        for text, style, _ in line:
            if style is not current:
                current = style
                parts += (RESET, self._prefix(style))
            parts.append(text)
        return "".join((*parts, RESET))

    def _prefix(self, style: Style | None) -> str:
        """Return the escape that turns a style on, made once for each style."""
        if style is None:
            return ""
        prefix = self._prefixes.get(style)
        if prefix is None:
            prefix = self._prefixes[style] = style_escape(style, self._colors)
        return prefix

    def _write(self, text: str) -> None:
        """Write at once; the terminal sees a whole frame or none."""
        self.console.file.write(text)
        self.console.file.flush()


def _number(snapshot: Snapshot) -> int | None:
    """Return the number of the newest window."""
    return None if snapshot.window is None else snapshot.window.index


def style_escape(style: Style, colors: ColorSystem) -> str:
    """Return the escape for weight and colours; Rich's own keeps the first colour system it is asked for."""
    codes = [code for code, on in (("1", style.bold), ("2", style.dim)) if on]
    if style.color is not None:
        codes += style.color.downgrade(colors).get_ansi_codes()
    if style.bgcolor is not None:
        codes += style.bgcolor.downgrade(colors).get_ansi_codes(foreground=False)
    return f"\x1b[{';'.join(codes)}m" if codes else ""

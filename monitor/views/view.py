"""What a command shows of a pipeline: JSON lines, plain lines, or the live dashboard.

Data goes to standard output, and everything here runs on the main thread.
"""

from __future__ import annotations

import os
import stat
import sys
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from monitor.messages import Snapshot, Start, Summary, WindowEvent
from monitor.views.lines import WAIT_S, JsonView, LineView, PlainView

if TYPE_CHECKING:
    from monitor.dashboard.controller import DashboardController
    from monitor.dashboard.keyboard import Keyboard
    from monitor.dashboard.terminal import Screen
    from monitor.interrupts import Interrupts
    from monitor.runtime.pipeline import Pipeline

__all__ = ["DashboardView", "JsonView", "PlainView", "View", "choose_view"]


class View(Protocol):
    """Shows one source after another."""

    @property
    def wait_s(self) -> float:
        """Longest time to wait for a window before the next :meth:`snapshot`."""

    def attach(self, pipeline: Pipeline, interrupts: Interrupts) -> None:
        """Get to know the pipeline that is about to be shown, and what ends the program, before :meth:`begin`."""

    def begin(self, start: Start, kind: str) -> None:
        """Open a source; ``kind`` is that of its picture."""

    def window(self, event: WindowEvent) -> None:
        """Show a judged window."""

    def snapshot(self, snapshot: Snapshot, note: str) -> None:
        """Show the newest state."""

    def end(self, summary: Summary) -> None:
        """Close a source."""

    def close(self) -> None:
        """Give the terminal back. Twice is safe."""


class DashboardView:
    """The live dashboard; what it found is printed when it closes, since the screen is given back.

    Parameters
    ----------
    screen : Screen
    keyboard : Keyboard or None
        None for no keys.
    """

    def __init__(self, screen: Screen, keyboard: Keyboard | None = None) -> None:
        self._screen = screen
        self._keyboard = keyboard
        self._kind = "heart"
        self._desk: DashboardController | None = None
        self._summaries: list[Summary] = []

    @property
    def wait_s(self) -> float:
        """Until the next frame is due: a verdict that came right after a frame is shown with the next one."""
        return self._screen.wait_s or WAIT_S

    def attach(self, pipeline: Pipeline, interrupts: Interrupts) -> None:
        """Make the desk on which everything beside the snapshots is kept."""
        from monitor.dashboard.controller import DashboardController

        self._desk = DashboardController(pipeline, interrupts.quit)

    def begin(self, start: Start, kind: str) -> None:
        """Open the screen, and listen to keys."""
        self._kind = kind
        self._screen.start()
        if self._keyboard is not None:
            self._keyboard.start()

    def window(self, event: WindowEvent) -> None:
        """Note what it brought; the snapshot shows the rest."""
        if self._desk is not None:
            self._desk.window(event)

    def snapshot(self, snapshot: Snapshot, note: str) -> None:
        """Do what keys ask, and draw, at most ten times a second."""
        has_keys = self._look_at_keys()
        if self._desk is None:
            self._screen.show(snapshot, note, self._kind)
            return
        shown, display = self._desk.scene(snapshot, has_keys=has_keys)
        if self._screen.show(shown, note, self._kind, display):
            self._desk.drawn(shown)

    def _look_at_keys(self) -> bool:
        """Do what was asked since the last look; return whether there are keys."""
        keyboard = self._keyboard
        if keyboard is None or self._desk is None:
            return False
        if keyboard.suspending:
            self._screen.stop()
            keyboard.suspend()
        if keyboard.resumed:
            keyboard.resume()
            self._screen.stop()
            self._screen.start()
        for key in keyboard.pressed():
            self._desk.key(key, self._screen.frame)
        return keyboard.works

    def end(self, summary: Summary) -> None:
        """Keep the summary for later."""
        self._summaries.append(summary)

    def close(self) -> None:
        """Give the terminal back and print what was found."""
        from monitor.text.text_lines import plain_summary

        self._screen.stop()
        if self._keyboard is not None:
            self._keyboard.stop()
        for summary in self._summaries:
            LineView.write(plain_summary(summary))
        self._summaries.clear()

    def __enter__(self) -> Self:
        """Return the view itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the terminal back."""
        self.close()


def choose_view(*, json: bool, plain: bool) -> View:
    """Return the view that was asked for, or the best that standard output can show."""
    if json:
        return JsonView(_keyboard_beside_a_file())
    if not plain and sys.stdout.isatty():
        from rich.console import Console

        from monitor.dashboard.keyboard import Keyboard
        from monitor.dashboard.terminal import Screen

        console = Console()
        if Screen.can_show(console):
            return DashboardView(Screen(console), Keyboard())
    return PlainView()


def _keyboard_beside_a_file() -> Keyboard | None:
    """Return the keyboard where the lines go into a file: a terminal or a program behind a pipe may want it itself."""
    from monitor.dashboard.keyboard import Keyboard

    try:
        to_file = stat.S_ISREG(os.fstat(sys.stdout.fileno()).st_mode)
    except (OSError, ValueError):  # no real file
        return None
    return Keyboard() if to_file else None

"""What a command shows of a pipeline: JSON lines, plain lines, or the live dashboard.

Data goes to standard output, and everything here runs on the main thread.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from monitor.dashboard.display.options import AUTOMATIC, DisplayOptions
from monitor.errors import OutputError
from monitor.messages import Snapshot, Start, Summary, WindowEvent
from monitor.output import ending, printable, put, say
from monitor.views.lines import WAIT_S, JsonView, PlainView

if TYPE_CHECKING:
    from rich.console import Console

    from monitor.dashboard.controller import DashboardController
    from monitor.dashboard.keyboard import Keyboard
    from monitor.dashboard.terminal import Screen
    from monitor.process.interrupts import Interrupts
    from monitor.runtime.pipeline import Pipeline

__all__ = [
    "DashboardView",
    "JsonView",
    "PlainView",
    "View",
    "choose_view",
    "free_keyboard",
    "pressed_keys",
    "screen_console",
]

Report = Callable[[list[Summary]], Sequence[str]]


class View(Protocol):
    """Shows one source after another."""

    @property
    def lost_lines(self) -> int:
        """Lines that could not be written."""

    @property
    def wait_s(self) -> float:
        """Longest time to wait for a window before the next :meth:`snapshot`."""

    @property
    def live_snapshot(self) -> bool:
        """Whether it draws the sound between two windows; see :class:`~monitor.runtime.pipeline.Pipeline`."""

    @property
    def stays(self) -> bool:
        """Whether a person sees the end of a source and can leave it."""

    @property
    def again_s(self) -> float | None:
        """Where the person wants to play a source again that has ended, seconds of it; None until they do."""

    def attach(self, pipeline: Pipeline, interrupts: Interrupts) -> None:
        """Connect to the pipeline about to be shown, and to what quits the program; before :meth:`begin`."""

    def begin(self, start: Start) -> None:
        """Open a source."""

    def window(self, event: WindowEvent) -> None:
        """Show the result of a window."""

    def snapshot(self, snapshot: Snapshot) -> None:
        """Show the newest state."""

    def end(self, summary: Summary) -> None:
        """Close a source."""

    def close(self) -> None:
        """Restore the terminal. Twice is safe."""


class DashboardView:
    """The live dashboard; the summaries are printed after the terminal is restored.

    Parameters
    ----------
    screen : Screen
    keyboard : Keyboard or None
        None for no keys.
    report : callable or None
        From the summaries to the lines that are printed at the end; None for a line of each.

    Attributes
    ----------
    lost_lines : int
        Summaries that could not be printed when the program was to end.
    """

    live_snapshot = True

    def __init__(self, screen: Screen, keyboard: Keyboard | None = None, report: Report | None = None) -> None:
        self._screen = screen
        self._keyboard = keyboard
        self._report = report
        self._controller: DashboardController | None = None
        self.lost_lines = 0
        self._repeats = False
        self._interrupts: Interrupts | None = None
        self._summaries: list[Summary] = []
        self._broken_off: list[Summary] = []

    @property
    def wait_s(self) -> float:
        """Seconds until the next update is due."""
        return self._screen.wait_s or WAIT_S

    @property
    def stays(self) -> bool:
        """Whether there are keys to leave with."""
        return self._keyboard is not None and self._keyboard.works

    @property
    def again_s(self) -> float | None:
        """Where a source that has ended is to be played again."""
        return None if self._controller is None else self._controller.again_s

    def attach(self, pipeline: Pipeline, interrupts: Interrupts) -> None:
        """Create the controller, which keeps everything besides the snapshots."""
        from monitor.dashboard.controller import DashboardController

        self._interrupts = interrupts
        before = self._controller if self.again_s is not None else None
        self._repeats = before is not None
        self._controller = DashboardController(pipeline, interrupts.quit, before=before)

    def begin(self, start: Start) -> None:
        """Open the screen and start the keyboard."""
        self._screen.start()
        if self._keyboard is not None:
            self._keyboard.start()
            self._screen.ask(self._keyboard)

    def window(self, event: WindowEvent) -> None:
        """Log the events of a window; the snapshot shows the rest."""
        if self._controller is not None:
            self._controller.window(event)

    def snapshot(self, snapshot: Snapshot) -> None:
        """Handle keys and draw, at most ten times a second."""
        has_keys = self._handle_keys()
        if self._controller is None:
            self._screen.show(snapshot)
            return
        shown, state = self._controller.compose(snapshot, has_keys=has_keys)
        if self._screen.show(shown, state):
            self._controller.drawn(shown)

    def _handle_keys(self) -> bool:
        """Handle the keys pressed since the last call; return whether there is a keyboard."""
        keyboard = self._keyboard
        if keyboard is None or self._controller is None:
            return False
        for key in pressed_keys(self._screen, keyboard):
            self.press(key)
        return keyboard.works

    def press(self, key: str) -> None:
        """Execute a key."""
        if self._controller is not None:
            self._controller.key(key, self._screen.canvas)

    def end(self, summary: Summary) -> None:
        """Keep the summary until the terminal is restored; what is played again has one already.

        With a report, one that was left before its end is kept apart: its verdict would be taken for that of the whole.
        """
        if not self._repeats:
            left = self._report is not None and self._interrupts is not None and self._interrupts.requested
            (self._broken_off if left else self._summaries).append(summary)

    def close(self) -> None:
        """Restore the terminal and print the summaries."""
        from monitor.text.text_lines import judged_text, plain_summary

        self._screen.stop()
        if self._keyboard is not None:
            self._keyboard.stop()
        summaries, self._summaries = self._summaries, []
        broken_off, self._broken_off = self._broken_off, []
        if self._controller is not None:
            written, self._controller.written = self._controller.written, {}
            for text in written.values():
                say(text)
        lines = [*(self._report(summaries) if self._report and summaries else map(plain_summary, summaries))]
        lines += [f"{printable(one.source)}: left before its end, {judged_text(one)} until then" for one in broken_off]
        for line in lines:
            try:
                put(line)
            except OutputError:
                if not ending():
                    raise
                self.lost_lines += 1

    def __enter__(self) -> Self:
        """Return the view itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Restore the terminal."""
        self.close()


def pressed_keys(screen: Screen, keyboard: Keyboard) -> list[str]:
    """Return the keys pressed since the last call; around Ctrl+Z the terminal is restored, and drawn again."""
    if keyboard.suspending:
        screen.stop()
        keyboard.suspend()
    if keyboard.resumed:
        keyboard.resume()
        screen.stop()
        screen.start()
    return keyboard.pressed()


def choose_view(
    *,
    json: bool,
    plain: bool,
    keep_going: bool = False,
    report: Report | None = None,
    display: DisplayOptions = AUTOMATIC,
) -> View:
    """Return the requested view, or the best one that standard output supports.

    Parameters
    ----------
    json, plain : bool
        Whether JSON lines or plain lines are requested.
    keep_going : bool
        Whether lines that cannot be written end nothing; see :class:`~monitor.views.lines.LineView`.
    report : callable or None
        As of :class:`DashboardView`.
    display : DisplayOptions
        What a person asks of the dashboard.
    """
    if json:
        return JsonView(free_keyboard(), keep_going=keep_going)
    console = None if plain else screen_console()
    if console is None:
        return PlainView(free_keyboard(), keep_going=keep_going)
    from monitor.dashboard.keyboard import Keyboard
    from monitor.dashboard.terminal import Screen

    return DashboardView(Screen(console, options=display), Keyboard(), report)


def screen_console() -> Console | None:
    """Return the console of standard output if a dashboard can be drawn on it."""
    if sys.stdout is None or not sys.stdout.isatty():
        return None
    from rich.console import Console

    from monitor.dashboard.terminal import Screen

    console = Console()
    return console if Screen.can_show(console) else None


def free_keyboard() -> Keyboard | None:
    """Return the keyboard if the lines go into a file or onto the terminal; otherwise their reader may need it."""
    try:
        descriptor = sys.stdout.fileno()
        free = stat.S_ISREG(os.fstat(descriptor).st_mode) or os.isatty(descriptor)
    except (OSError, ValueError, AttributeError):  # closed, or no real file
        return None
    if not free:
        return None
    from monitor.dashboard.keyboard import Keyboard

    return Keyboard()

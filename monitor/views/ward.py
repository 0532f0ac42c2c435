"""What a command shows of a ward: lines that name their stream, or a table with a row for each.

Data goes to standard output, and everything here runs on the main thread.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from monitor.dashboard.display.options import AUTOMATIC, DisplayOptions
from monitor.errors import OutputError
from monitor.messages import Snapshot, Start, WindowEvent
from monitor.output import ending, printable, put, say
from monitor.runtime.ward.stream import WardStream
from monitor.views.lines import WAIT_S, JsonView, LineView, PlainView
from monitor.views.view import View, free_keyboard, pressed_keys, screen_console

if TYPE_CHECKING:
    from rich.console import Console

    from monitor.dashboard.drawing.canvas import Canvas, TerminalStyle
    from monitor.dashboard.drawing.state import DashboardState
    from monitor.dashboard.drawing.ward_table import WardRow
    from monitor.dashboard.keyboard import Keyboard
    from monitor.process.interrupts import Interrupts

__all__ = ["WardLines", "WardTable", "WardView", "choose_ward_view", "stream_error"]

MOST_NAME = 40
"""Columns of the name in a line of text; longer ones shift the rest of the line."""


class WardView(Protocol):
    """Shows the streams of a ward."""

    lost_lines: int

    @property
    def wait_s(self) -> float:
        """Longest time to wait for a window before the next :meth:`update`."""

    def begin(self, streams: tuple[WardStream, ...], interrupts: Interrupts) -> None:
        """Open."""

    def window(self, stream: WardStream, event: WindowEvent) -> None:
        """Show the result of a window."""

    def end(self, stream: WardStream) -> None:
        """Show that a stream has ended, and why."""

    def update(self) -> None:
        """Show the newest state; handle the keys."""

    def close(self) -> None:
        """Restore the terminal. Twice is safe."""


def choose_ward_view(*, json: bool, plain: bool, display: DisplayOptions = AUTOMATIC) -> WardView:
    """Return the requested view, or the best one that standard output supports."""
    console = None if json or plain else screen_console()
    return WardLines(free_keyboard(), json=json) if console is None else WardTable(console, display=display)


def stream_error(stream: WardStream) -> str | None:
    """Return what ended a stream early, with its name; None where nothing did."""
    if stream.error is None:
        return None
    text = str(stream.error) or type(stream.error).__name__
    return text if stream.source.name in text else f"{printable(stream.name)}: {text}"


class WardLines(LineView):
    """JSON lines or lines of text, each with the name of its stream.

    Parameters
    ----------
    keyboard : Keyboard or None
        ``q`` quits; None for no keys.
    json : bool
        Whether to write JSON lines: ``stream`` is in every one. Otherwise every line of text begins with the name.
    keep_going : bool
        As of :class:`~monitor.views.lines.LineView`.
    """

    def __init__(self, keyboard: Keyboard | None = None, *, json: bool, keep_going: bool = False) -> None:
        super().__init__(keyboard, keep_going=keep_going)
        self._json = json
        self._views: dict[WardStream, View] = {}
        self._shown: dict[WardStream, Snapshot] = {}

    def begin(self, streams: tuple[WardStream, ...], interrupts: Interrupts) -> None:  # type: ignore[override]
        """Write the start of each stream, or one header."""
        self._stopping, self._quit = interrupts, interrupts.quit
        if self._keyboard is not None:
            self._keyboard.start()
        width = min(MOST_NAME, max(len(printable(stream.name)) for stream in streams))
        if not self._json:
            from monitor.text.text_lines import ward_header

            self.write(ward_header(streams[0].start_message, len(streams)))
        for stream in streams:
            self._views[stream] = view = self.view_of(stream, width)
            view.begin(stream.start_message)

    def view_of(self, stream: WardStream, width: int) -> View:
        """Return what writes the lines of a stream, with its name in ``width`` columns."""
        return (_StreamJson if self._json else _StreamPlain)(stream.name, width, self.write)

    def snapshot_of(self, stream: WardStream) -> Snapshot:
        """Return the newest state of a stream."""
        return stream.snapshot

    def window(self, stream: WardStream, event: WindowEvent) -> None:
        """Write the line of a window."""
        self._views[stream].window(event)

    def update(self) -> None:
        """Write new alerts of each stream, and those that are over; quit on ``q``."""
        self.handle_keys()
        for stream, view in self._views.items():
            snapshot = self.snapshot_of(stream)
            if self._shown.get(stream) is not snapshot:
                self._shown[stream] = snapshot
                view.snapshot(snapshot)

    def end(self, stream: WardStream) -> None:  # type: ignore[override]
        """Write the summary of a stream, and what ended it early."""
        view = self._views[stream]
        view.snapshot(self.snapshot_of(stream))
        view.end(stream.summary())
        error = stream_error(stream)
        if error is not None:
            say(f"auscult: {error}")

    def handle_keys(self) -> None:
        """Quit on ``q``."""
        if self._keyboard is not None:
            self._keyboard.handle_stops()
            for key in self._keyboard.pressed():
                if key == "q" and self._quit is not None:
                    self._quit()
                else:
                    self.own_key(key)


class _StreamJson(JsonView):
    """The JSON lines of one stream."""

    def __init__(self, name: str, width: int, write: Callable[[str], None]) -> None:
        super().__init__()
        self._name, self._write_line = name, write

    def write(self, line: str) -> None:
        """Write a line with the name of the stream."""
        from monitor.text.json_lines import with_stream

        self._write_line(with_stream(line, self._name))


class _StreamPlain(PlainView):
    """The lines of text of one stream."""

    def __init__(self, name: str, width: int, write: Callable[[str], None]) -> None:
        super().__init__()
        self._column, self._write_line = f"{printable(name):<{width}}", write

    def begin(self, start: Start) -> None:
        """Write nothing: the ward has one header."""
        LineView.begin(self, start)

    def write(self, line: str) -> None:
        """Write a line behind the name of the stream."""
        self._write_line(f"{self._column}  {line}")


class WardTable:
    """A table on the whole terminal; the summaries are printed after the terminal is restored.

    Parameters
    ----------
    console : Console
    keyboard : Keyboard or None
        ``q`` quits, left and right show other streams; None for that of the terminal.
    display : DisplayOptions
        What a person asks of the table.

    Attributes
    ----------
    hint : str
        What keys do besides, for the last line.
    notice : str
        What is wrong with those that follow the run.
    lost_lines : int
        Summaries that could not be printed when the program was to end.
    """

    hint = ""
    notice = ""

    def __init__(self, console: Console, keyboard: Keyboard | None = None, display: DisplayOptions = AUTOMATIC) -> None:
        from monitor.dashboard.keyboard import Keyboard
        from monitor.dashboard.terminal import Screen

        self._screen = Screen(console, draw=self._draw, options=display)
        self._keyboard = Keyboard() if keyboard is None else keyboard
        self._streams: tuple[WardStream, ...] = ()
        self._quit: Callable[[], None] | None = None
        self._newest: Snapshot | None = None
        self._first = 0
        self.lost_lines = 0

    @property
    def wait_s(self) -> float:
        """Seconds until the next update is due."""
        return self._screen.wait_s or WAIT_S

    def begin(self, streams: tuple[WardStream, ...], interrupts: Interrupts) -> None:
        """Open the screen and start the keyboard."""
        self._streams, self._quit = streams, interrupts.quit
        self._newest = streams[0].snapshot
        self._screen.start()
        self._keyboard.start()
        self._screen.ask(self._keyboard)

    def window(self, stream: WardStream, event: WindowEvent) -> None:
        """Note that there is something new to draw."""
        self._newest = stream.snapshot

    def end(self, stream: WardStream) -> None:
        """Note that there is something new to draw."""
        self._newest = stream.snapshot

    def update(self) -> None:
        """Handle keys and draw, at most ten times a second."""
        for key in pressed_keys(self._screen, self._keyboard):
            self.press(key)
        self.show()

    def show(self) -> None:
        """Draw the newest state."""
        if self._newest is not None:
            self._screen.show(self._newest)

    def rows(self) -> list[WardRow]:
        """Return the rows of the table."""
        from monitor.dashboard.drawing.ward_table import WardRow

        return [WardRow(stream.name, stream.snapshot, stream_error(stream)) for stream in self._streams]

    def press(self, key: str) -> None:
        """Execute a key."""
        from monitor.dashboard.drawing.ward_table import rows_of_a_page

        if key == "q" and self._quit is not None:
            self._quit()
        page = rows_of_a_page(len(self._streams), self._screen.size[1])
        last = max(0, len(self._streams) - page)
        if key in ("right", " "):
            self._first = min(last, self._first + page)
        elif key == "left":
            self._first = max(0, min(last, self._first) - page)

    def close(self) -> None:
        """Restore the terminal, print the summaries, and say what failed."""
        from monitor.text.text_lines import plain_summary

        self._screen.stop()
        self._keyboard.stop()
        streams, self._streams = self._streams, ()
        width = min(MOST_NAME, max((len(printable(stream.name)) for stream in streams), default=0))
        for stream in streams:
            try:
                put(f"{printable(stream.name):<{width}}  {plain_summary(stream.summary())}")
            except OutputError:
                if not ending():
                    raise
                self.lost_lines += 1
        for error in filter(None, map(stream_error, streams)):
            say(f"auscult: {error}")

    def _draw(self, snapshot: Snapshot, width: int, height: int, style: TerminalStyle, state: DashboardState) -> Canvas:
        """Return the table as it is now, whichever stream gave the newest snapshot."""
        from monitor.dashboard.drawing.ward_table import ward_table

        works = self._keyboard.works
        return ward_table(
            self.rows(), width, height, style, first=self._first, keys=works, hint=self.hint, notice=self.notice
        )

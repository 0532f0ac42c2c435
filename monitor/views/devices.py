"""What a command shows of several live inputs: lines that name their stream, or a table, with a look into each.

Each input has a view of its own, which may be wrapped by one that keeps what it shows (a session). Main thread.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, cast

from monitor.dashboard.display.options import AUTOMATIC, DisplayOptions
from monitor.messages import Snapshot, Start, Summary, WindowEvent
from monitor.runtime.ward.live_stream import LiveStream
from monitor.runtime.ward.stream import WardStream
from monitor.views.lines import WAIT_S
from monitor.views.view import View, free_keyboard, screen_console
from monitor.views.ward import WardLines, WardTable, WardView, stream_error

if TYPE_CHECKING:
    from rich.console import Console

    from monitor.dashboard.controller import DashboardController
    from monitor.dashboard.drawing.canvas import Canvas, TerminalStyle
    from monitor.dashboard.drawing.state import DashboardState
    from monitor.dashboard.drawing.ward_table import WardRow
    from monitor.dashboard.keyboard import Keyboard
    from monitor.dashboard.resources import ResourceMonitor
    from monitor.process.interrupts import Interrupts
    from monitor.runtime.pipeline import Pipeline

__all__ = ["DeviceLines", "DeviceTable", "Keep", "choose_devices_view"]

Hear = Callable[[LiveStream], None]
"""Plays an input to the ear, instead of the one before."""
Keep = Callable[[LiveStream, View], View]
"""Returns a view that shows an input by the one given, and keeps it besides; or that one itself."""


def choose_devices_view(
    lives: Sequence[LiveStream],
    keep: Keep,
    *,
    json: bool,
    plain: bool,
    keep_going: bool = False,
    display: DisplayOptions = AUTOMATIC,
    hear: Hear | None = None,
) -> WardView:
    """Return the requested view, or the best one that standard output supports.

    Parameters
    ----------
    lives : sequence of LiveStream
        All streams of the ward.
    keep : callable
    json, plain : bool
        Whether JSON lines or lines of text are requested.
    keep_going : bool
        Whether lines that cannot be written end nothing; see :class:`~monitor.views.lines.LineView`.
    display : DisplayOptions
        Of the table.
    hear : callable or None
        Plays one of the streams to the ear; None for none. It is asked for the first, then for that looked into.
    """
    console = None if json or plain else screen_console()
    if console is None:
        return DeviceLines(lives, keep, free_keyboard(), json=json, keep_going=keep_going, hear=hear)
    return DeviceTable(lives, keep, console, display=display, hear=hear)


OWN_HELP = (("Tab", "the next input; the arrows go on and back"), ("Esc", "the rows of all inputs"))
NOT_HERE = ("left right",)
"""Keys of the dashboard that do nothing here."""


class DeviceLines(WardLines):
    """JSON lines or lines of text, each with the name of its stream.

    Parameters
    ----------
    lives, keep
        As of :func:`choose_devices_view`.
    keyboard, json, keep_going
        As of :class:`~monitor.views.ward.WardLines`.
    """

    def __init__(
        self,
        lives: Sequence[LiveStream],
        keep: Keep,
        keyboard: Keyboard | None = None,
        *,
        json: bool,
        keep_going: bool = False,
        hear: Hear | None = None,
    ) -> None:
        super().__init__(keyboard, json=json, keep_going=keep_going)
        self._lives, self._keep, self._hear = {live.stream: live for live in lives}, keep, hear
        self._interrupts: Interrupts | None = None

    def begin(self, streams: tuple[WardStream, ...], interrupts: Interrupts) -> None:  # type: ignore[override]
        """Write the start of each stream, or one header; hear the first."""
        self._interrupts = interrupts
        super().begin(streams, interrupts)
        if self._hear is not None:
            self._hear(self._lives[streams[0]])

    def own_key(self, key: str) -> bool:
        """Switch the sound on and off with ``a``; return whether it was that key."""
        players = [live.player for live in self._lives.values() if live.player is not None]
        if key == "a":
            for player in players:
                player.toggle()
        return key == "a"

    def view_of(self, stream: WardStream, width: int) -> View:
        """Return what writes the lines of a stream, and keeps them."""
        live = self._lives[stream]
        view = self._keep(live, super().view_of(stream, width))
        if self._interrupts is not None:
            view.attach(_as_pipeline(live), self._interrupts)
        return view

    def end(self, stream: WardStream) -> None:  # type: ignore[override]
        """End what is recorded of a stream, and write its summary, and what ended it early."""
        self._lives[stream].stop()
        super().end(stream)

    def snapshot_of(self, stream: WardStream) -> Snapshot:
        """Return the newest state of a stream, with its device and what is recorded."""
        return self._lives[stream].snapshot()


class DeviceTable(WardTable):
    """A table with a row for each input; ``Tab`` shows the whole dashboard of one, and of the next.

    Parameters
    ----------
    lives, keep
        As of :func:`choose_devices_view`.
    console, keyboard, display
        As of :class:`~monitor.views.ward.WardTable`.
    hear
        As of :func:`choose_devices_view`.
    """

    def __init__(
        self,
        lives: Sequence[LiveStream],
        keep: Keep,
        console: Console,
        keyboard: Keyboard | None = None,
        display: DisplayOptions = AUTOMATIC,
        hear: Hear | None = None,
    ) -> None:
        from monitor.dashboard.resources import ResourceMonitor

        super().__init__(console, keyboard, display)
        resources = ResourceMonitor()
        self._seen = {
            live.stream: _Dashboard(live, f"{at} of {len(lives)}", resources) for at, live in enumerate(lives, 1)
        }
        self._views = {live.stream: keep(live, self._seen[live.stream]) for live in lives}
        self._hear = hear
        self._at = 0  # the one looked into last
        self._looking = False

    @property
    def hint(self) -> str:  # type: ignore[override]
        """What keys do besides, and which input is heard."""
        player = self._looked_into.live.player
        if player is None:
            return "Tab looks into one"
        sound = {"playing": "sound of", "off": "sound off:"}.get(player.status.state, "no sound:")
        return f"{sound} {self._looked_into.live.stream.name}  Tab looks into one"

    @property
    def notice(self) -> str:  # type: ignore[override]
        """What those that follow the run have noted, the same with each input."""
        return self._looked_into.newest.note

    def begin(self, streams: tuple[WardStream, ...], interrupts: Interrupts) -> None:
        """Open the screen and start the keyboard."""
        for stream, view in self._views.items():
            view.attach(_as_pipeline(self._seen[stream].live), interrupts)
            view.begin(stream.start_message)
        super().begin(streams, interrupts)
        if self._hear is not None:
            self._hear(self._looked_into.live)

    def window(self, stream: WardStream, event: WindowEvent) -> None:
        """Keep the result of a window."""
        self._views[stream].window(event)
        super().window(stream, event)

    def end(self, stream: WardStream) -> None:
        """End what is recorded of a stream, and keep that it has ended."""
        self._seen[stream].live.stop()
        self._views[stream].snapshot(self._seen[stream].live.snapshot())
        self._views[stream].end(stream.summary())
        super().end(stream)

    def update(self) -> None:
        """Keep the newest states, handle keys and draw."""
        for stream, view in self._views.items():
            if not stream.ended:
                self._seen[stream].live.write_marks()
                view.snapshot(self._seen[stream].live.snapshot())
        super().update()

    def show(self) -> None:
        """Draw the table, or the dashboard of the one that is looked into."""
        if not self._looking:
            super().show()
            return
        seen = self._looked_into
        shown, state = seen.compose(has_keys=self._keyboard.works)
        if self._screen.show(shown, state):
            seen.drawn(shown)

    def press(self, key: str) -> None:
        """Execute a key."""
        if self._looking and self._looked_into.takes_all:
            self._looked_into.key(key, self._screen.canvas)
        elif key == "\t":
            self._look(self._at + self._looking)
        elif self._looking and key in ("right", "down"):
            self._look(self._at + 1)
        elif self._looking and key in ("left", "up"):
            self._look(self._at - 1)
        elif self._looking and key == "escape":
            self._look(None)
        elif self._looking or key == "a":
            self._looked_into.key(key, self._screen.canvas)
        else:
            super().press(key)

    def rows(self) -> list[WardRow]:
        """Return the rows of the table, with what their sessions and recordings say."""
        from monitor.dashboard.drawing.ward_table import WardRow

        return [WardRow(stream.name, seen.newest, stream_error(stream)) for stream, seen in self._seen.items()]

    @property
    def _looked_into(self) -> _Dashboard:
        """The input that is looked into, or was last."""
        return list(self._seen.values())[self._at]

    def _look(self, at: int | None) -> None:
        """Look into an input; into none with None."""
        self._looked_into.live.stream.looked_into = False
        self._looking = at is not None
        if at is not None:
            self._at = at % len(self._seen)
            self._looked_into.look()
            if self._hear is not None:
                self._hear(self._looked_into.live)

    def _draw(self, snapshot: Snapshot, width: int, height: int, style: TerminalStyle, state: DashboardState) -> Canvas:
        """Return the table as it is now, or the dashboard."""
        if not self._looking:
            return super()._draw(snapshot, width, height, style, state)
        from monitor.dashboard.drawing.render import render

        return render(snapshot, width, height, style, state)


class _Dashboard:
    """The view of one input of the table: what its dashboard shows, whether it is looked into or not."""

    lost_lines = 0
    wait_s = WAIT_S
    live_snapshot = True
    stays = False
    again_s: float | None = None

    def __init__(self, live: LiveStream, place: str, resources: ResourceMonitor) -> None:
        self.live, self._place, self._resources = live, place, resources
        self.newest = live.snapshot()
        self._controller: DashboardController | None = None
        self._help = False
        self._old_window: WindowEvent | None = None

    def attach(self, pipeline: Pipeline, interrupts: Interrupts) -> None:
        """Create the controller, which keeps everything besides the snapshots."""
        from monitor.dashboard.controller import DashboardController

        self._controller = DashboardController(pipeline, interrupts.quit, resources=self._resources)

    def begin(self, start: Start) -> None:
        """Open a source."""

    def window(self, event: WindowEvent) -> None:
        """Log what a window brought."""
        if self._controller is not None:
            self._controller.window(event)

    def snapshot(self, snapshot: Snapshot) -> None:
        """Keep the newest state, and log what has changed."""
        name, source = self.live.stream.name, snapshot.start.source
        title = "  ".join(filter(None, (name, source if source != name else "", self._place)))
        self.newest = dataclasses.replace(snapshot, start=dataclasses.replace(snapshot.start, source=title))
        if self._controller is not None:
            self._controller.events.snapshot(snapshot, 0.0)

    def end(self, summary: Summary) -> None:
        """Close a source."""

    def close(self) -> None:
        """Restore nothing: the table owns the terminal."""

    def compose(self, *, has_keys: bool) -> tuple[Snapshot, DashboardState]:
        """Return the snapshot and the state to be drawn."""
        from monitor.dashboard.drawing.state import EMPTY_STATE
        from monitor.dashboard.drawing.status import HELP

        if self._controller is None:
            return self.newest, EMPTY_STATE
        shown, state = self._controller.compose(self.newest, has_keys=has_keys)
        self._help = bool(state.help)
        if not has_keys:
            return shown, state
        keys = (*state.keys[:1], ("Tab", "next"), ("Esc", "all"), *state.keys[1:])
        silent = () if self.live.player is not None else ("a",)
        page = (*OWN_HELP, *(row for row in HELP if row[0] not in (*NOT_HERE, *silent)))
        return shown, dataclasses.replace(state, keys=keys, help_page=page if state.help else ())

    def look(self) -> None:
        """Begin to be looked into: what was judged before is drawn late, which is no latency."""
        self.live.stream.looked_into = True
        self._old_window = self.newest.window

    @property
    def takes_all(self) -> bool:
        """Whether every key is for this dashboard: a note is typed, or the help page is to be closed."""
        return self._controller is not None and (self._controller.typing or self._help)

    def key(self, key: str, canvas: Canvas | None) -> None:
        """Execute a key of the dashboard."""
        if self._controller is not None:
            self._controller.key(key, canvas)
            self._help = False

    def drawn(self, snapshot: Snapshot) -> None:
        """Measure the display latency of what was drawn."""
        if self._controller is not None and snapshot.window is not self._old_window:
            self._controller.drawn(snapshot)


def _as_pipeline(live: LiveStream) -> Pipeline:
    """Return a stream as what views take: it has all that they ask of a pipeline, which the ward judges and stops."""
    return cast("Pipeline", live)

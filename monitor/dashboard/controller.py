"""What stands beside the snapshot on the screen, and what the keys do; kept by the main thread.

One desk for each source that is played; made when the pipeline has started. Must not draw.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Callable
from pathlib import Path

from monitor.dashboard.drawing.canvas import Canvas
from monitor.dashboard.drawing.state import DashboardState, Vitals
from monitor.dashboard.event_log import EventLog
from monitor.dashboard.resources import ResourceMonitor
from monitor.dashboard.screenshot import new_path, save_picture, save_sound
from monitor.dashboard.trace import Tracer, heart_sounds
from monitor.errors import AuscultError
from monitor.messages import Snapshot, WindowEvent
from monitor.runtime.percentiles import Percentiles
from monitor.runtime.pipeline import Pipeline

__all__ = ["DashboardController"]

SEEK_S = 5.0
GAIN_DB, MOST_GAIN_DB = 3.0, 30.0
"""Display gain: one key press, and as far as it goes either way."""


class DashboardController:
    """Collects what a frame shows beside the snapshot, and carries out what keys ask.

    Parameters
    ----------
    pipeline : Pipeline
        Its ring is looked at, its source paused and sent elsewhere.
    quit : callable
        Ends the program as if the source had ended.
    folder : Path
        Where keys save; the current folder.
    meter : ResourceMonitor or None
    now : callable
        The wall clock. A test gives its own.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        quit: Callable[[], None] = lambda: None,
        *,
        folder: Path = Path(),
        meter: ResourceMonitor | None = None,
        now: Callable[[], datetime.datetime] = datetime.datetime.now,
    ) -> None:
        self._pipeline, self._quit, self._folder, self._now = pipeline, quit, folder, now
        self._start = pipeline.start_message
        self._tracer = Tracer(pipeline.ring, self._start.sample_rate)
        self._meter = ResourceMonitor() if meter is None else meter
        self._way_ms = Percentiles()
        self._shown_index = -1
        self._heard: tuple[int, tuple[float, ...]] = (-1, ())
        self._gain_db = 0.0
        self._held = self._help = False
        self._frozen: tuple[Snapshot, DashboardState] | None = None
        self._position_s = 0.0
        self.events = EventLog()

    @property
    def live(self) -> bool:
        """Whether the sound cannot be held, so that only the picture freezes."""
        return not self._pipeline.source.can_pause

    @property
    def keys(self) -> tuple[tuple[str, str], ...]:
        """Keys and what they do here, the most important first."""
        hold = ("freeze" if not self._held else "go on") if self.live else ("pause" if not self._held else "go on")
        keys = [("q", "quit"), ("?", "help"), ("space", hold), ("m", "mark")]
        keys += [("r", "record")] if self.live else []
        keys += [("s", "save")]
        keys += [("←→", "5 s")] if self._pipeline.source.can_seek else []
        return (*keys, ("+-", "gain"))

    def window(self, event: WindowEvent) -> None:
        """Note what a window brought."""
        self.events.window(event, self._pipeline.source.shift_s(event.end_s))

    def scene(self, snapshot: Snapshot, *, has_keys: bool = False) -> tuple[Snapshot, DashboardState]:
        """Return the snapshot to be shown and what belongs beside it: of a frozen picture those of that moment.

        What is wrong with a live input is told all the same.
        """
        shift_s = self._pipeline.source.shift_s(snapshot.elapsed_s)
        self._position_s = snapshot.elapsed_s + shift_s
        self.events.snapshot(snapshot, shift_s)
        self._meter.look()
        if self._frozen is None:
            trace = self._tracer.trace(round(snapshot.elapsed_s * self._start.sample_rate), self._sounds(snapshot))
            shown, display = snapshot, DashboardState(trace=trace, shift_s=shift_s)
            if self._held and self.live:
                self._frozen = shown, display
        else:
            shown, display = self._frozen
            news = {name: getattr(snapshot, name) for name in ("device", "recording", "overloaded", "finished")}
            shown = dataclasses.replace(shown, **news)
        return shown, dataclasses.replace(
            display,
            events=self.events.entries,
            vitals=self._vitals(),
            keys=self.keys if has_keys else (),
            gain_db=self._gain_db,
            held=("frozen" if self.live else "paused") if self._held else "",
            help=self._help,
        )

    def drawn(self, snapshot: Snapshot) -> None:
        """Take note that a frame with this snapshot is on the screen; a new verdict's way there is over.

        It begins where the window's last sample stands in its block, so it includes the wait for that block's end, but
        nothing of what the sound system holds back besides. Of a source that waits for its reader there is no such way.
        """
        window, speed = snapshot.window, self._start.speed
        if window is None or window.index == self._shown_index or speed is None or snapshot.finished or window.short:
            return
        self._shown_index = window.index
        if not (self._pipeline.ring.closed or self._held):
            since_s = (self._pipeline.ring.end_sample / self._start.sample_rate - window.end_s) / speed
            self._way_ms.add(max(0.0, since_s + self._pipeline.source.since_heard_s) * 1000.0)

    def key(self, key: str, frame: Canvas | None = None) -> None:
        """Do what a key asks.

        Parameters
        ----------
        key : str
            As :meth:`monitor.dashboard.keyboard.Keyboard.pressed` names it; others are ignored.
        frame : Canvas or None
            What stands on the screen, for a picture of it.
        """
        if self._help and key != "q":
            self._help = False
            return
        actions: dict[str, Callable[[], None]] = {
            "q": self._quit,
            "?": self._show_help,
            " ": self._hold,
            "m": self._mark,
            "r": self._record,
            "s": lambda: self._save(frame),
            "left": lambda: self._seek(-SEEK_S),
            "right": lambda: self._seek(SEEK_S),
            "+": lambda: self._amplify(GAIN_DB),
            "=": lambda: self._amplify(GAIN_DB),  # the same key without shift
            "-": lambda: self._amplify(-GAIN_DB),
        }
        if key in actions:
            actions[key]()

    def _sounds(self, snapshot: Snapshot) -> tuple[float, ...]:
        """Return the heart sounds of the newest window, found once; none where no heart was heard for sure."""
        window, envelope = snapshot.window, snapshot.envelope
        if window is None or window.heart_rate_bpm is None or envelope is None or window.short:
            return ()
        if window.index != self._heard[0]:
            self._heard = window.index, heart_sounds(envelope, window.start_s)
        return self._heard[1]

    def _vitals(self) -> Vitals:
        """Return how the program is doing."""
        way = self._way_ms
        return Vitals(self._meter.cpu_percent, self._meter.memory_mb, way.percentile(50), way.percentile(95))

    def _show_help(self) -> None:
        """Lay the help over the picture."""
        self._help = True

    def _hold(self) -> None:
        """Pause or freeze, or go on."""
        self._held, self._frozen = not self._held, None
        self._pipeline.source.pause(paused=self._held)

    def _mark(self) -> None:
        """Mark the moment."""
        self.events.mark(self._position_s)

    def _record(self) -> None:
        """Start or stop recording a live input; where one was asked for on the command line, stop that."""
        if not self.live:
            return
        status = self._pipeline.stop_recording()
        if status is not None:
            self._note(f"{status.written_s:.0f} s in {status.path}")
            return
        try:
            self._pipeline.record(new_path(self._folder, ".wav", self._now()))
        except AuscultError as error:
            self._note(error.message)

    def _save(self, frame: Canvas | None) -> None:
        """Save the picture and the last half minute of sound, and say where."""
        try:
            if frame is not None:
                picture = new_path(self._folder, ".svg", self._now())
                save_picture(frame, picture)
                self._note(f"saved {picture}")
            sound = new_path(self._folder, ".wav", self._now())
            seconds = save_sound(self._pipeline.ring, self._start.sample_rate, sound)
            self._note(f"saved {seconds:.0f} s in {sound}")
        except AuscultError as error:
            self._note(error.message)

    def _seek(self, by_s: float) -> None:
        """Go back or on in a recording."""
        source, length_s = self._pipeline.source, self._start.duration_s
        if source.can_seek:
            before_s = self._position_s
            self._position_s = min(max(0.0, before_s + by_s), length_s or 0.0)  # the next press goes on from here
            source.seek(self._position_s)
            self.events.jump(before_s, self._position_s)

    def _amplify(self, by_db: float) -> None:
        """Draw the trace higher or lower."""
        self._gain_db = min(MOST_GAIN_DB, max(-MOST_GAIN_DB, self._gain_db + by_db))

    def _note(self, text: str) -> None:
        """Say something among the events."""
        self.events.add(self._position_s, text, "key")

"""What the keys of a review do, and what the dashboard shows.

Main thread; must not draw.
"""

from __future__ import annotations

import bisect
import datetime
import functools
from collections.abc import Callable
from pathlib import Path

from monitor.archive.spans import Span
from monitor.archive.timeline import Timeline
from monitor.commands.review.annotations import Annotations
from monitor.commands.review.entries import Entry, delete_entry, edit_entry, goto_entry, label_entry, note_entry
from monitor.commands.review.help_page import HELP, KEYS, KEYS_PLAYING
from monitor.commands.review.listening import Listening
from monitor.commands.review.moments import Moments
from monitor.commands.review.navigation import ARROW_S, FINE_S, Navigation, next_moment
from monitor.commands.review.sound_bins import SoundBins
from monitor.dashboard.controller import GAIN_DB, MAX_GAIN_DB, VOLUME_STEP_DB
from monitor.dashboard.drawing.canvas import Canvas
from monitor.dashboard.drawing.glyphs import clock
from monitor.dashboard.drawing.state import DashboardState, LoggedEvent, TimelineView
from monitor.dashboard.screenshot import save_screenshot, unused_path
from monitor.errors import AuscultError
from monitor.messages import Snapshot

__all__ = ["ReviewController"]

BINS = 800
"""Parts of the waveform on the screen; as many dots as the widest screen has."""
WORK_S = 0.02
"""Seconds in which the overview is read on between two looks at the keyboard."""
NEAR = 0.01
"""Of the screen: how near an annotation is at the cursor."""
EVENTS = 60


class ReviewController:
    """Carries out the keys of a review.

    Parameters
    ----------
    timeline : Timeline
    annotations : Annotations
    listening : Listening
    quit : callable
    folder : Path
        Where screens are saved.
    now : callable
        The wall clock; a test passes its own.
    """

    def __init__(
        self,
        timeline: Timeline,
        annotations: Annotations,
        listening: Listening,
        quit: Callable[[], None] = lambda: None,
        *,
        folder: Path = Path(),
        now: Callable[[], datetime.datetime] = datetime.datetime.now,
    ) -> None:
        self._timeline, self.annotations, self._listening = timeline, annotations, listening
        self._quit, self._folder, self._now = quit, folder, now
        self.navigation = Navigation(timeline.duration_s)
        self._bins = SoundBins(timeline.sound)
        self._moments = Moments(timeline, self._bins)
        self._verdicts = [span for span in timeline.spans if span.kind == "verdict"]
        self._lost = tuple((span.start_s, span.end_s) for span in timeline.spans if span.kind == "lost")
        self._events: tuple[LoggedEvent, ...] = ()
        self._entry: Entry | None = None
        self._help = self._loops = False
        self._gain_db = 0.0
        self._told = annotations.read_only
        self._log()

    def tick(self) -> bool:
        """Go on with what takes time; return whether the screen may have changed."""
        working = not self._bins.complete
        self._bins.work(WORK_S)
        self._listening.tick()
        playing = self._listening.playing
        if playing:
            self.navigation.move_to(self._listening.position_s())
        return working or playing

    @property
    def overview_complete(self) -> bool:
        """Whether the waveform of the whole recording is read."""
        return self._bins.complete

    def close(self) -> None:
        """Close the file of the sound, and keep what can be kept."""
        self._bins.close()
        self.annotations.save()

    def save(self) -> None:
        """Try again to keep what could not be kept."""
        self.annotations.save()

    def compose(self) -> tuple[Snapshot, DashboardState]:
        """Return the snapshot and the state to be drawn."""
        view = self.navigation
        snapshot = self._moments.snapshot(
            view.at_s, speed=self._listening.speed, note=self._note(), playback=self._listening.status
        )
        shown = bisect.bisect_right([event.at_s for event in self._events], view.at_s + 1e-6)
        return snapshot, DashboardState(
            events=self._events[max(0, shown - EVENTS) : shown],
            keys=KEYS_PLAYING if self._listening.playing else KEYS,
            gain_db=self._gain_db,
            hold=self._hold(),
            help=self._help,
            help_page=HELP,
            prompt="" if self._entry is None else self._entry.prompt,
            notice=self._notice(),
            timeline=self._view(),
        )

    def _view(self) -> TimelineView:
        """Return the stretch of the time axis that the screen shows."""
        view = self.navigation
        low, high = self._bins.between(view.start_s, view.end_s, BINS)
        items = self.annotations.items
        return TimelineView(
            view.start_s,
            view.end_s,
            view.at_s,
            low,
            high,
            verdicts=tuple((span.start_s, span.end_s, span.text) for span in self._verdicts if self._is_shown(span)),
            lost=self._lost,
            marks=tuple((item.start_s, item.text) for item in items if item.kind != "label"),
            labels=tuple((item.start_s, item.end_s, item.text) for item in items if item.kind == "label"),
            ticks=self._moments.heart_sounds(view.start_s, view.end_s),
            selection=view.shown_selection,
            loops=self._loops,
        )

    def _is_shown(self, span: Span) -> bool:
        """Return whether a part of a span lies on the screen."""
        return span.end_s > self.navigation.start_s and span.start_s < self.navigation.end_s

    def _hold(self) -> str:
        """Return what the title says of the sound."""
        if not self._listening.playing:
            return "review"
        return "loop" if self._loops else "playing"

    def _note(self) -> str:
        """Return the note in the header: whose session it is, and how much the screen shows."""
        return "  ".join(filter(None, (self._timeline.text("subject"), f"{self.navigation.span_text} shown")))

    def _notice(self) -> str:
        """Return what a person must know now."""
        unsaved = self.annotations.error
        if unsaved:
            return f"not kept yet: {unsaved}; it is tried again"
        return self._told or self._bins.error

    def key(self, key: str, canvas: Canvas | None = None) -> None:
        """Execute a key.

        Parameters
        ----------
        key : str
            As returned by :meth:`monitor.dashboard.keyboard.Keyboard.pressed`; unknown keys are ignored.
        canvas : Canvas or None
            What the screen shows, for a screenshot.
        """
        self._told = ""
        if self._entry is not None:
            self._type(key)
            return
        if self._help and key != "q":
            self._help = False
            return
        action = self._moves().get(key) or self._actions(canvas).get(key)
        if action is not None:
            try:
                action()
            except AuscultError as error:
                self._told = error.message

    def _moves(self) -> dict[str, Callable[[], None]]:
        """Return the keys that move the cursor."""
        view, by = self.navigation, functools.partial
        return {
            "left": by(self._move, -ARROW_S),
            "right": by(self._move, ARROW_S),
            "shift-left": by(self._move, -FINE_S),
            "shift-right": by(self._move, FINE_S),
            "j": by(self._move, -FINE_S),
            "k": by(self._move, FINE_S),
            "pageup": lambda: self._move(-view.page_s),
            "pagedown": lambda: self._move(view.page_s),
            "home": lambda: self._move_to(0.0),
            "end": lambda: self._move_to(view.duration_s),
            "up": by(view.zoom, -1),
            "down": by(view.zoom, 1),
            ",": lambda: self._next((item.start_s for item in self.annotations.items), "mark", forward=False),
            ".": lambda: self._next((item.start_s for item in self.annotations.items), "mark", forward=True),
            "<": lambda: self._next(self._changes(), "change of verdict", forward=False),
            ">": lambda: self._next(self._changes(), "change of verdict", forward=True),
        }

    def _actions(self, canvas: Canvas | None) -> dict[str, Callable[[], None]]:
        """Return the other keys."""
        listening, by = self._listening, functools.partial
        return {
            "q": self._quit,
            "?": self._show_help,
            " ": self._play,
            "h": self._change_speed,
            "[": by(self._set_edge, 0),
            "]": by(self._set_edge, 1),
            "escape": self._clear,
            "o": self._loop,
            "c": self._loop_cycle,
            "a": listening.toggle,
            "f": lambda: self._tell(f"sound: {listening.next_sound()}"),
            "v": by(listening.change_volume, -VOLUME_STEP_DB),
            "V": by(listening.change_volume, VOLUME_STEP_DB),
            "m": self._mark,
            "n": lambda: self._ask(note_entry(self.annotations, self.navigation.at_s)),
            "l": self._label,
            "e": self._edit,
            "d": self._delete,
            "delete": self._delete,
            "g": lambda: self._ask(goto_entry(self._move_to)),
            "+": by(self._amplify, GAIN_DB),
            "=": by(self._amplify, GAIN_DB),
            "-": by(self._amplify, -GAIN_DB),
            "s": by(self._save_screen, canvas),
        }

    def _tell(self, text: str) -> None:
        """Tell something until the next key."""
        self._told = text

    def _show_help(self) -> None:
        """Show the help page."""
        self._help = True

    def _move(self, by_s: float) -> None:
        """Move the cursor."""
        self._move_to(self.navigation.at_s + by_s)

    def _move_to(self, at_s: float) -> None:
        """Move the cursor to a time; what is played goes on from there."""
        self.navigation.move_to(at_s)
        if self._listening.playing:
            self._start()

    def _next(self, moments: object, what: str, *, forward: bool) -> None:
        """Move to the next of some moments, or tell that there is none."""
        at_s = next_moment(moments, self.navigation.at_s, forward=forward)  # type: ignore[arg-type]
        if at_s is None:
            self._told = f"no {what} {'behind' if forward else 'before'} {clock(self.navigation.at_s)}"
        else:
            self._move_to(at_s)

    def _changes(self) -> list[float]:
        """Return the times at which the verdict changes."""
        return [span.start_s for span in self._verdicts if span.start_s > 0]

    def _play(self) -> None:
        """Play from the cursor, or stop; at the end from the beginning."""
        if self._listening.playing:
            self._listening.pause()
            return
        if self.navigation.at_s >= self._timeline.duration_s - FINE_S and not self._loops:
            self.navigation.move_to(0.0)
        self._start()

    def _start(self) -> None:
        """Play from the cursor; from the beginning of the stretch where that is repeated and the cursor is outside."""
        stretch = self.navigation.selection if self._loops else None
        if stretch is not None and not stretch[0] <= self.navigation.at_s < stretch[1]:
            self.navigation.move_to(stretch[0])
        self._listening.play(self.navigation.at_s, stretch)

    def _change_speed(self) -> None:
        """Change between full and half speed."""
        playing = self._listening.playing
        self._tell(f"{self._listening.change_speed():g}x, the pitch kept")
        if playing:
            self._start()

    def _set_edge(self, index: int) -> None:
        """Begin or end a stretch at the cursor."""
        self.navigation.set_edge(index)
        self._again()

    def _clear(self) -> None:
        """Forget the stretch."""
        self.navigation.clear_selection()
        self._loops = False
        self._again()

    def _again(self) -> None:
        """Let what is played follow the stretch."""
        if self.navigation.selection is None:
            self._loops = False
        if self._listening.playing:
            self._start()

    def _loop(self) -> None:
        """Repeat the stretch, or no longer."""
        if self.navigation.selection is None:
            self._told = "select a stretch first: [ begins it, ] ends it"
            return
        self._loops = not self._loops
        if self._loops or self._listening.playing:
            self._start()

    def _loop_cycle(self) -> None:
        """Repeat the heart cycle around the cursor."""
        cycle = self._moments.cycle(self.navigation.at_s)
        if cycle is None:
            self._told = "no heart rate is known here: select a stretch with [ and ], and repeat it with o"
            return
        self.navigation.select(*cycle)
        self._loops = True
        self._start()

    def _mark(self) -> None:
        """Set a mark at the cursor."""
        self.annotations.mark(self.navigation.at_s)
        self._log()

    def _label(self) -> None:
        """Ask for a label of the stretch."""
        stretch = self.navigation.selection
        if stretch is None:
            self._told = "select a stretch first: [ begins it, ] ends it"
            return
        self._ask(label_entry(self.annotations, stretch, self._moments.start.labels))

    def _edit(self) -> None:
        """Ask for another text of the annotation at the cursor."""
        item = self.annotations.nearest(self.navigation.at_s, NEAR * self.navigation.span_s)
        if item is None:
            self._told = "no mark, note or label at the cursor: , and . go to one"
            return
        self._ask(edit_entry(self.annotations, item, self._moments.start.labels))

    def _delete(self) -> None:
        """Ask whether to delete the annotation at the cursor."""
        item = self.annotations.nearest(self.navigation.at_s, NEAR * self.navigation.span_s)
        if item is None:
            self._told = "no mark, note or label at the cursor: , and . go to one"
            return
        self._ask(delete_entry(self.annotations, item))

    def _ask(self, entry: Entry) -> None:
        """Take the next keys as an answer."""
        if entry.changes and self.annotations.read_only:
            self._told = self.annotations.read_only
            return
        self._entry = entry

    def _type(self, key: str) -> None:
        """Take a key of an answer."""
        entry = self._entry
        if entry is None:
            return
        try:
            entry.key(key)
        except (AuscultError, ValueError) as error:
            self._told = getattr(error, "message", str(error))
        if entry.done:
            self._entry = None
            self._log()

    def _amplify(self, by_db: float) -> None:
        """Change the display gain."""
        self._gain_db = min(MAX_GAIN_DB, max(-MAX_GAIN_DB, self._gain_db + by_db))

    def _save_screen(self, canvas: Canvas | None) -> None:
        """Save a screenshot."""
        if canvas is not None:
            path = unused_path(self._folder, ".svg", self._now())
            save_screenshot(canvas, path)
            self._told = f"saved {path}"

    def _log(self) -> None:
        """Renew the list of events: verdicts, what was told and what a person has set, by time."""
        found = [LoggedEvent(span.start_s, span.words.replace("-", " "), span.text) for span in self._verdicts]
        told = (span for span in self._timeline.spans if span.kind in ("told", "site", "lost"))
        kinds = {"told": "device", "site": "key", "lost": "gap"}
        found += [LoggedEvent(span.start_s, span.text, kinds[span.kind]) for span in told]
        for item in self.annotations.items:
            text = f"label {item.text} to {clock(item.end_s)}" if item.kind == "label" else item.text
            found.append(LoggedEvent(item.start_s, text, "mark"))
        self._events = tuple(sorted(found, key=lambda event: event.at_s))

"""What the dashboard shows besides the snapshot, and what the keys do.

One controller per source that is played. Main thread; must not draw.
"""

from __future__ import annotations

import dataclasses
import datetime
import functools
import time
from collections.abc import Callable
from pathlib import Path

from monitor.audio.ecg_ring_buffer import EcgRingBuffer
from monitor.dashboard.drawing.canvas import Canvas
from monitor.dashboard.drawing.glyphs import clock
from monitor.dashboard.drawing.state import DashboardState, RuntimeStats
from monitor.dashboard.event_log import EventLog
from monitor.dashboard.rate_trend import RateTrend
from monitor.dashboard.recent_beats import RecentBeats
from monitor.dashboard.resources import ResourceMonitor
from monitor.dashboard.screenshot import save_screenshot, save_sound, unused_path
from monitor.dashboard.text_entry import TextEntry
from monitor.dashboard.trace import Ticks, Tracer, beat_ticks
from monitor.errors import AuscultError
from monitor.labels import SITES
from monitor.messages import Snapshot, WindowEvent
from monitor.runtime.percentiles import Percentiles
from monitor.runtime.pipeline import Pipeline

__all__ = ["DashboardController"]

SEEK_S = 5.0
R_PEAKS = 32
"""More than the screen shows, of a heart that beats 300 times a minute."""
LEAD_S = 0.04
"""How far a trace that is heard is drawn ahead: half of the time for which it stays, and a terminal takes 15 ms."""
NOTICE_S = 8.0
"""Seconds for which the screen says what a key has written."""
VOLUME_STEP_DB = 3.0
GAIN_DB, MAX_GAIN_DB = 3.0, 30.0
"""Display gain: step of one key press, and limit in both directions."""


class DashboardController:
    """Collects what a screen shows besides the snapshot, and executes keys.

    Parameters
    ----------
    pipeline : Pipeline
        The ring buffer is read, the source paused and sought.
    quit : callable
        Quits the program as if the source had ended.
    folder : Path
        Where files are saved.
    resources : ResourceMonitor or None
    now : callable
        The wall clock; a test passes its own.
    clock : callable
        Monotonic seconds; a test passes its own.
    before : DashboardController or None
        Of the pass before, where a source is played again: its list of events and display gain go on.

    Attributes
    ----------
    written : dict of Path to str
        What keys have saved or recorded, in words, to be told again when the program ends.
    again_s : float or None
        Where a person wants to play a source again that has ended, seconds of it; None until they do.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        quit: Callable[[], None] = lambda: None,
        *,
        folder: Path = Path(),
        resources: ResourceMonitor | None = None,
        now: Callable[[], datetime.datetime] = datetime.datetime.now,
        clock: Callable[[], float] = time.monotonic,
        before: DashboardController | None = None,
    ) -> None:
        self._pipeline, self._quit, self._folder, self._now = pipeline, quit, folder, now
        self._start = pipeline.start_message
        self._tracer = Tracer(pipeline.ring, self._start.sample_rate)
        ring = pipeline.ring
        self._ecg_tracer = Tracer(ring.ecg, self._start.sample_rate) if isinstance(ring, EcgRingBuffer) else None
        self._resources = ResourceMonitor() if resources is None else resources
        self._display_ms = Percentiles()
        self._shown_index = -1
        self._clock, self._notice, self._notice_until_s = clock, "", 0.0
        self._r_peaks: Ticks = ()
        self._beats: tuple[int, Ticks] = (-1, ())  # index of the window, its beats
        self._recent_beats = RecentBeats()
        self._trend: RateTrend = RateTrend() if before is None else before._trend
        self._gain_db: float = 0.0 if before is None else before._gain_db
        self._holding = self._details = False
        self._help = 0
        self._note_entry: tuple[int, TextEntry] | None = None  # the sample that it is for
        self._frozen: tuple[Snapshot, DashboardState] | None = None
        self._position_s = 0.0
        self._finished = self._recording = False
        self.again_s: float | None = None
        self.events: EventLog = EventLog() if before is None else before.events
        self.written: dict[Path, str] = {} if before is None else before.written

    @property
    def live(self) -> bool:
        """Whether the source cannot be paused, so that only the screen freezes."""
        return not self._pipeline.source.can_pause

    @property
    def typing(self) -> bool:
        """Whether keys go into a note."""
        return self._note_entry is not None

    @property
    def keys(self) -> tuple[tuple[str, str], ...]:
        """Keys and what they do for this source, the most important first."""
        action = "resume" if self._holding else "freeze" if self.live else "pause"
        action = "again" if self._finished and self._pipeline.source.can_seek else action
        keys = [("q", "quit"), ("?", "help"), ("space", action), ("m", "mark")]
        keys += [("r", "stop recording" if self._recording else "record")] if self.live else []
        keys += [("s", "save")]
        keys += [("←→", f"seek {SEEK_S:g} s")] if self._pipeline.source.can_seek else []
        if (player := self._pipeline.player) is not None:
            muted = player.status.state != "playing"
            keys += [("a", "sound on" if muted else "sound off"), ("f", "filter"), ("vV", "volume")]
        return (*keys, ("d", "details"), ("+-", "gain"), ("n", "note"), ("1-4", "site"))

    def window(self, event: WindowEvent) -> None:
        """Log what a window brought."""
        self.events.window(event, self._pipeline.source.shift_s(event.end_s))
        self._r_peaks = (*self._r_peaks, *((peak.at_s, None) for peak in event.r_peaks))[-R_PEAKS:]
        self._recent_beats.add(event)
        self._trend.add(event.end_s + self._pipeline.source.shift_s(event.end_s), event.heart_rate_bpm)

    def compose(self, snapshot: Snapshot, *, has_keys: bool = False) -> tuple[Snapshot, DashboardState]:
        """Return the snapshot and the state to be drawn.

        A frozen screen keeps both; alerts, events and statistics are still updated.
        """
        shift_s = self._pipeline.source.shift_s(snapshot.elapsed_s)
        self._position_s = snapshot.elapsed_s + shift_s
        self._finished, self._recording = snapshot.finished, snapshot.recording is not None
        self.events.snapshot(snapshot, shift_s)
        self._resources.update()
        if self._frozen is None:
            end_sample = self._drawn_end(snapshot)
            trace = self._tracer.trace(end_sample, self._beat_ticks(snapshot))
            ecg = None if self._ecg_tracer is None else self._ecg_tracer.trace(end_sample, self._r_peaks)
            shown, state = snapshot, DashboardState(trace=trace, ecg=ecg, shift_s=shift_s)
            if self._holding and self.live:
                self._frozen = shown, state
        else:
            shown, state = self._frozen
            live = {
                name: getattr(snapshot, name) for name in ("device", "recording", "playback", "overloaded", "finished")
            }
            shown = dataclasses.replace(shown, **live)
        return shown, dataclasses.replace(
            state,
            events=self.events.entries,
            stats=self._runtime_stats(),
            keys=self.keys if has_keys else (),
            gain_db=self._gain_db,
            hold=("frozen" if self.live else "paused") if self._holding else "",
            help=self._help,
            details=self._details,
            rates=self._trend.rates,
            cycle=self._recent_beats.cycle,
            notice=self._notice if self._clock() < self._notice_until_s else "",
            prompt=self._prompt(),
        )

    def drawn(self, snapshot: Snapshot) -> None:
        """Measure the display latency of a snapshot that was just drawn, once per window.

        It runs from the position of the window's last sample in its block to now, so it includes the wait for the end
        of the block, but not what the sound system buffers before. A source that waits for its reader has no latency.
        """
        window, speed = snapshot.window, self._start.speed
        if window is None or window.index == self._shown_index or speed is None or snapshot.finished or window.short:
            return
        self._shown_index = window.index
        jumps = self._pipeline.source.jumps
        if jumps and window.end_s * self._start.sample_rate <= jumps[-1][1]:
            return  # what leads to the target of a seek is delivered at once
        if not (self._pipeline.ring.closed or self._holding):
            since_s = (self._pipeline.ring.end_sample / self._start.sample_rate - window.end_s) / speed
            self._display_ms.add(max(0.0, since_s + self._pipeline.source.since_last_block_s) * 1000.0)

    def key(self, key: str, canvas: Canvas | None = None) -> None:
        """Execute a key.

        Parameters
        ----------
        key : str
            As returned by :meth:`monitor.dashboard.keyboard.Keyboard.pressed`; unknown keys are ignored.
        canvas : Canvas or None
            What the screen shows, for a screenshot.
        """
        if self._note_entry is not None:
            self._type(key)
            return
        if self._help and key != "q":
            self._help = self._help + 1 if key == "?" else 0
            return
        actions: dict[str, Callable[[], None]] = {
            "q": self._quit,
            "?": self._show_help,
            " ": self._hold,
            "d": self._toggle_details,
            "m": self._mark,
            "n": self._begin_note,
            **{sign: functools.partial(self._change_site, site) for sign, site in zip("1234", SITES, strict=True)},
            "r": self._record,
            "s": lambda: self._save(canvas),
            "left": lambda: self._seek(-SEEK_S),
            "right": lambda: self._seek(SEEK_S),
            "+": lambda: self._amplify(GAIN_DB),
            "=": lambda: self._amplify(GAIN_DB),  # the same key without shift
            "-": lambda: self._amplify(-GAIN_DB),
            **self._player_actions(),
        }
        if key in actions:
            actions[key]()

    def _player_actions(self) -> dict[str, Callable[[], None]]:
        """Return the keys of the playback, if there is one."""
        player = self._pipeline.player
        if player is None:
            return {}
        return {
            "a": player.toggle,
            "f": player.next_sound,
            "v": lambda: player.change_volume(-VOLUME_STEP_DB),
            "V": lambda: player.change_volume(VOLUME_STEP_DB),
        }

    def _drawn_end(self, snapshot: Snapshot) -> int:
        """Return the sample at which the trace ends: the newest one judged, or the one that is heard.

        A trace stays for a twentieth of a second: it shows what is heard in the middle of that.
        """
        newest = round(snapshot.elapsed_s * self._start.sample_rate)
        player = self._pipeline.player
        heard = None if player is None else player.heard_sample()
        if player is None or heard is None:
            return newest
        return min(self._pipeline.ring.end_sample, round(heard + player.pace * LEAD_S))

    def _beat_ticks(self, snapshot: Snapshot) -> Ticks:
        """Return S1 and S2, or the beats of the newest window with a bundle that does not find them."""
        window = snapshot.window
        if self._start.finds_heart_sounds:
            return self._recent_beats.ticks
        if window is None:
            return ()
        if window.index != self._beats[0]:
            self._beats = window.index, beat_ticks(window, snapshot.envelope)
        return self._beats[1]

    def _runtime_stats(self) -> RuntimeStats:
        """Return CPU, memory and display latency."""
        latency = self._display_ms
        return RuntimeStats(
            self._resources.cpu_percent, self._resources.memory_mb, latency.percentile(50), latency.percentile(95)
        )

    def _show_help(self) -> None:
        """Show the first page of the help."""
        self._help = 1

    def _toggle_details(self) -> None:
        """Show the figures on the program in place of the sound, or the sound again."""
        self._details = not self._details

    def _hold(self) -> None:
        """Pause or freeze, or resume; at the end play again from the beginning."""
        if self._finished and self._pipeline.source.can_seek:
            self._play_again(0.0)
            return
        self._holding, self._frozen = not self._holding, None
        self._pipeline.source.pause(paused=self._holding)

    def _mark(self) -> None:
        """Mark the newest sound, and log where the mark is kept."""
        mark = self._pipeline.mark()
        self.events.mark(mark, self._pipeline.source.shift_s(mark.at_s))

    def _begin_note(self) -> None:
        """Take the next keys as a note to this moment; everything else goes on."""
        self._note_entry = self._pipeline.newest_sample, TextEntry()

    def _type(self, key: str) -> None:
        """Take a key of a note; mark the moment with it where it is complete."""
        if self._note_entry is None:
            return
        sample, entry = self._note_entry
        entry.key(key)
        if entry.done:
            self._note_entry = None
            if entry.kept:
                mark = self._pipeline.mark(entry.text, sample)
                self.events.mark(mark, self._pipeline.source.shift_s(mark.at_s))

    def _prompt(self) -> str:
        """Return what is being typed, empty where nothing is."""
        if self._note_entry is None:
            return ""
        sample, entry = self._note_entry
        at_s = sample / self._start.sample_rate
        return f"note at {clock(at_s + self._pipeline.source.shift_s(at_s))}: {entry.text}_"

    def _change_site(self, site: str) -> None:
        """Begin the verdict again at another site."""
        change = self._pipeline.change_site(site)
        if change is not None:
            self.events.site(change, self._pipeline.source.shift_s(change.at_s))

    def _record(self) -> None:
        """Start or stop recording a live input; a recording of ``--record`` is stopped as well."""
        if not self.live:
            return
        status = self._pipeline.stop_recording()
        if status is not None:
            self._tell_written(status.path, f"recorded {status.written_s:.0f} s in {status.path.name}")
            if status.waiting_marks:
                self._note(f"{len(status.waiting_marks)} marks are not saved: {status.marks_error}")
            return
        path = unused_path(self._folder, ".wav", self._now())
        try:
            self._pipeline.record(path)
        except AuscultError as error:
            self._tell(error.message)
            return
        self._show_notice(f"recording into {path.name}; r stops it")  # the list of events tells it too

    def _save(self, canvas: Canvas | None) -> None:
        """Save a screenshot and the last half minute of sound, and tell where."""
        screenshot = None
        try:
            if canvas is not None:
                screenshot = unused_path(self._folder, ".svg", self._now())
                save_screenshot(canvas, screenshot)
                self._tell_written(screenshot, f"saved the screen in {screenshot.name}")
            sound = unused_path(self._folder, ".wav", self._now())
            seconds = save_sound(self._pipeline.ring, self._start.sample_rate, sound)
            self._tell_written(sound, f"saved {seconds:.0f} s of sound in {sound.name}")
            if screenshot is not None:
                same = screenshot.stem == sound.stem
                name = sound.suffix if same else sound.name
                self._show_notice(f"saved the screen and {seconds:.0f} s of sound in {screenshot.name} and {name}")
        except AuscultError as error:
            self._tell(error.message)

    def _seek(self, by_s: float) -> None:
        """Seek in a recording."""
        source, length_s = self._pipeline.source, self._start.duration_s
        if source.can_seek:
            before_s = self._position_s if self.again_s is None else self.again_s
            self._position_s = min(max(0.0, before_s + by_s), length_s or 0.0)  # the next press counts from here
            if self._finished:
                self._play_again(self._position_s)
                return
            source.seek(self._position_s)
            self.events.jump(before_s, self._position_s)

    def _play_again(self, position_s: float) -> None:
        """Ask for another pass of a source that has ended."""
        self.again_s = position_s
        self.events.again(position_s)

    def _amplify(self, by_db: float) -> None:
        """Change the display gain."""
        self._gain_db = min(MAX_GAIN_DB, max(-MAX_GAIN_DB, self._gain_db + by_db))

    def _tell_written(self, path: Path, text: str) -> None:
        """Log what was written, show it for a while, and keep it with the whole path for the end."""
        self._tell(text)
        self.written[path] = text.replace(path.name, str(path))

    def _tell(self, text: str) -> None:
        """Log a text, and show it for a while at every size of the screen."""
        self._note(text)
        self._show_notice(text)

    def _show_notice(self, text: str) -> None:
        """Show a text for a while."""
        self._notice, self._notice_until_s = text, self._clock() + NOTICE_S

    def _note(self, text: str) -> None:
        """Log a text at the newest sound."""
        at_s = self._pipeline.newest_sample / self._start.sample_rate
        self.events.add(at_s + self._pipeline.source.shift_s(at_s), text, "key")

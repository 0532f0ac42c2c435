"""Results as lines on standard output: the views of ``--plain`` and ``--json``.

Main thread.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from monitor.errors import OutputError
from monitor.labels import SITES
from monitor.messages import Snapshot, Start, Summary, WindowEvent
from monitor.output import put, say

if TYPE_CHECKING:
    from monitor.dashboard.keyboard import Keyboard
    from monitor.dashboard.text_entry import TextEntry
    from monitor.messages import Mark, SiteChange
    from monitor.process.interrupts import Interrupts
    from monitor.runtime.pipeline import Pipeline

__all__ = ["WAIT_S", "JsonView", "LineView", "PlainView"]

SITE_KEYS = dict(zip("1234", SITES, strict=True))

WAIT_S = 0.1
"""Longest wait for a window, and so the longest interval between two snapshots."""


class LineView:
    """What line views have in common: one writer, and a few keys where the terminal is free.

    Parameters
    ----------
    keyboard : Keyboard or None
        ``m`` marks, ``n`` takes a note, ``1`` to ``4`` change the site, ``a`` switches the sound, ``q`` quits;
        None for no keys.
    keep_going : bool
        Whether an output that fails ends nothing, since there is a recording too: the lines are counted then.

    Attributes
    ----------
    lost_lines : int
        Lines that could not be written.
    """

    wait_s = WAIT_S
    live_snapshot = False
    stays = False
    again_s: float | None = None

    def __init__(self, keyboard: Keyboard | None = None, *, keep_going: bool = False) -> None:
        self._keyboard = keyboard
        self._pipeline: Pipeline | None = None
        self._quit: Callable[[], None] | None = None
        self._keep_going = keep_going
        self._stopping: Callable[[], bool] = bool
        self.lost_lines = self._reported_lines = 0
        self._undelivered = self._reported_undelivered = 0
        self._note: tuple[int, TextEntry] | None = None  # the sample that it is for

    def attach(self, pipeline: Pipeline, interrupts: Interrupts) -> None:
        """Keep what is marked and what says that the program is to end; start the keyboard, if there is one."""
        self._pipeline, self._stopping, self._quit = pipeline, interrupts, interrupts.quit
        if self._keyboard is not None:
            self._keyboard.start()

    def handle_keys(self) -> None:
        """Write a line for each mark, note and change of site, quit on ``q``, switch the sound on ``a``."""
        if self._keyboard is None or self._pipeline is None:
            return
        self._keyboard.handle_stops()
        for key in self._keyboard.pressed():
            if self._note is not None:
                self._type(key, self._pipeline)
            elif self.own_key(key):
                continue
            elif key == "m":
                self.write(self.mark_line(self._pipeline.mark()))
            elif key == "n":
                self._begin_note(self._pipeline)
            elif key in SITE_KEYS:
                change = self._pipeline.change_site(SITE_KEYS[key])
                if change is not None:
                    self.write(self.site_line(change))
            elif key == "q" and self._quit is not None:
                self._quit()
            elif key == "a" and self._pipeline is not None and self._pipeline.player is not None:
                self._pipeline.player.toggle()

    def own_key(self, key: str) -> bool:
        """Execute a key that a view has besides; return whether it has it."""
        return False

    def _begin_note(self, pipeline: Pipeline) -> None:
        """Take the next keys as a note to this moment."""
        from monitor.dashboard.text_entry import TextEntry

        sample = pipeline.newest_sample
        self._note = sample, TextEntry()
        at_s = sample / pipeline.start_message.sample_rate
        say(f"auscult: note at {at_s:.1f} s: type a line; Enter keeps it, Escape does not")

    def _type(self, key: str, pipeline: Pipeline) -> None:
        """Take a key of a note; write the note where it is complete."""
        if self._note is None:
            return
        sample, entry = self._note
        entry.key(key)
        if entry.done:
            self._note = None
            if entry.kept:
                self.write(self.mark_line(pipeline.mark(entry.text, sample)))

    def mark_line(self, mark: Mark) -> str:
        """Return the line of a mark or a note."""
        raise NotImplementedError

    def site_line(self, change: SiteChange) -> str:
        """Return the line of a change of site."""
        raise NotImplementedError

    def begin(self, start: Start) -> None:
        """Begin to count the windows of a source."""
        self._undelivered = self._reported_undelivered = 0

    def snapshot(self, snapshot: Snapshot) -> None:
        """Report the windows that a reader missed, once it has caught up: when there are no more of them."""
        before, self._undelivered = self._undelivered, snapshot.undelivered
        if before == snapshot.undelivered:
            self._report_undelivered()

    def end(self, summary: Summary) -> None:
        """Report the windows that a reader missed up to the end."""
        self._undelivered = summary.undelivered
        self._report_undelivered()

    def _report_undelivered(self) -> None:
        """Say how many windows were not written since the last time."""
        missed = self._undelivered - self._reported_undelivered
        if missed > 0:
            self._reported_undelivered = self._undelivered
            say(f"auscult: standard output was not read for too long; windows judged but not written: {missed}")

    def close(self) -> None:
        """Restore the keyboard, and report the lines that could not be written. Twice is safe."""
        if self._keyboard is not None:
            self._keyboard.stop()
        if self.lost_lines > self._reported_lines:
            self._reported_lines = self.lost_lines
            say(f"auscult: {self.lost_lines} lines could not be written to standard output", self._stopping)

    def write(self, line: str) -> None:
        """Write one line at once.

        Raises
        ------
        OutputError, BrokenPipeError
            If it cannot be written, and neither a recording goes on nor the program is to end.
        """
        try:
            put(line, self._stopping)
        except (OutputError, BrokenPipeError) as error:
            if not (self._keep_going or self._stopping()):
                raise
            if not self.lost_lines and self._keep_going:
                reason = str(error) if isinstance(error, OutputError) else "the reader of standard output has gone"
                say(f"auscult: {reason}; the recording goes on", self._stopping)
            self.lost_lines += 1


class JsonView(LineView):
    """One JSON object per line; see docs/formats/json-lines.md.

    Parameters
    ----------
    keyboard, keep_going
        As of :class:`LineView`.
    """

    def __init__(self, keyboard: Keyboard | None = None, *, keep_going: bool = False) -> None:
        from monitor.text.event_lines import EventLines

        super().__init__(keyboard, keep_going=keep_going)
        self._lines = EventLines(self.write)

    def begin(self, start: Start) -> None:
        """Write the start line."""
        super().begin(start)
        self._lines.begin(start)

    def snapshot(self, snapshot: Snapshot) -> None:
        """Write a line on the device, the recording, the playback or an overload when it has changed."""
        super().snapshot(snapshot)
        self.handle_keys()
        self._lines.snapshot(snapshot)

    def mark_line(self, mark: Mark) -> str:
        """Return the line of a mark."""
        from monitor.text.event_lines import utc_now
        from monitor.text.json_lines import mark_line

        return mark_line(mark, utc_now())

    def site_line(self, change: SiteChange) -> str:
        """Return the line of a change of site."""
        from monitor.text.json_lines import site_line

        return site_line(change)

    def window(self, event: WindowEvent) -> None:
        """Write a window line."""
        self._lines.window(event)

    def end(self, summary: Summary) -> None:
        """Write the final recording line, if there is a recording, and the summary line."""
        self._lines.end(summary)
        super().end(summary)


class PlainView(LineView):
    """One line of text per window.

    Parameters
    ----------
    keyboard, keep_going
        As of :class:`LineView`.
    """

    def __init__(self, keyboard: Keyboard | None = None, *, keep_going: bool = False) -> None:
        super().__init__(keyboard, keep_going=keep_going)
        self._alerts: dict[str, str] = {}
        self._heard = False

    def begin(self, start: Start) -> None:
        """Write the header."""
        from monitor.text.text_lines import header_line

        super().begin(start)
        self._alerts = {}
        self._heard = False
        self.write(header_line(start))

    def mark_line(self, mark: Mark) -> str:
        """Return the line of a mark."""
        from monitor.text.text_lines import mark_line

        return mark_line(mark)

    def site_line(self, change: SiteChange) -> str:
        """Return the line of a change of site."""
        from monitor.text.text_lines import site_line

        return site_line(change)

    def window(self, event: WindowEvent) -> None:
        """Write a window line."""
        from monitor.text.text_lines import plain_window

        self.write(plain_window(event))

    def snapshot(self, snapshot: Snapshot) -> None:
        """Write new alerts, and those that are over."""
        from monitor.text.alerts import alerts
        from monitor.text.text_lines import alert_line

        super().snapshot(snapshot)
        self.handle_keys()
        if snapshot.device is not None and snapshot.device.state == "closed":
            return  # closing the device resolves no alert
        before, self._alerts = self._alerts, alerts(snapshot)
        for kind in {**before, **self._alerts}:
            sentence = self._alerts.get(kind)
            if before.get(kind) != sentence and not (sentence is None and kind == "notice"):
                self.write(alert_line(kind, sentence, snapshot.elapsed_s, heard=self._heard))
        self._heard = self._heard or (snapshot.device is not None and snapshot.device.state == "open")

    def end(self, summary: Summary) -> None:
        """Write the summary."""
        from monitor.text.text_lines import plain_summary

        self.write(plain_summary(summary))
        super().end(summary)

"""Results as lines on standard output: the views of ``--plain`` and ``--json``.

Main thread.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import TYPE_CHECKING

from monitor.errors import OutputError
from monitor.messages import Snapshot, Start, Summary, WindowEvent
from monitor.output import put, say

if TYPE_CHECKING:
    from monitor.dashboard.keyboard import Keyboard
    from monitor.interrupts import Interrupts
    from monitor.messages import Mark
    from monitor.runtime.pipeline import Pipeline

__all__ = ["WAIT_S", "JsonView", "LineView", "PlainView"]

WAIT_S = 0.1
"""Longest wait for a window, and so the longest interval between two snapshots."""


class LineView:
    """What line views have in common: one writer, and two keys where the terminal is free.

    Parameters
    ----------
    keyboard : Keyboard or None
        ``m`` marks, ``q`` quits, ``a`` switches the sound on and off; None for no keys.
    keep_going : bool
        Whether an output that fails ends nothing, since there is a recording too: the lines are counted then.

    Attributes
    ----------
    lost_lines : int
        Lines that could not be written.
    """

    wait_s = WAIT_S

    def __init__(self, keyboard: Keyboard | None = None, *, keep_going: bool = False) -> None:
        self._keyboard = keyboard
        self._pipeline: Pipeline | None = None
        self._quit: Callable[[], None] | None = None
        self._keep_going = keep_going
        self._stopping: Callable[[], bool] = bool
        self.lost_lines = self._reported_lines = 0
        self._undelivered = self._reported_undelivered = 0

    def attach(self, pipeline: Pipeline, interrupts: Interrupts) -> None:
        """Keep what is marked and what says that the program is to end; start the keyboard, if there is one."""
        self._pipeline, self._stopping, self._quit = pipeline, interrupts, interrupts.quit
        if self._keyboard is not None:
            self._keyboard.start()

    def handle_keys(self) -> None:
        """Write a line for each mark, quit on ``q``, switch the sound on ``a``."""
        if self._keyboard is None:
            return
        self._keyboard.handle_stops()
        for key in self._keyboard.pressed():
            if key == "m" and self._pipeline is not None:
                self.write(self.mark_line(self._pipeline.mark()))
            elif key == "q" and self._quit is not None:
                self._quit()
            elif key == "a" and self._pipeline is not None and self._pipeline.player is not None:
                self._pipeline.player.toggle()

    def mark_line(self, mark: Mark) -> str:
        """Return the line of a mark."""
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
        super().__init__(keyboard, keep_going=keep_going)
        self._reported: dict[str, object] = {}
        self._last: Snapshot | None = None

    def begin(self, start: Start) -> None:
        """Write the start line."""
        from monitor._version import __version__
        from monitor.text.json_lines import start_line

        super().begin(start)
        self._reported, self._last = {"overload": False}, None
        self.write(start_line(start, __version__))

    def snapshot(self, snapshot: Snapshot) -> None:
        """Write a line on the device, the recording, the playback or an overload when it has changed."""
        from monitor.text.json_lines import device_line, overload_line, playback_line

        super().snapshot(snapshot)
        self._last, at_s = snapshot, snapshot.elapsed_s
        self.handle_keys()
        device, recording = snapshot.device, snapshot.recording
        if device is not None:
            known = (device.measured_rate_hz is not None, device.drift is not None)
            counts = (device.overflows, device.reopened, device.held_up)
            if self._changed("device", (device.state, device.message, device.finding, *known, *counts)):
                self.write(device_line(device, at_s, _now()))
        if recording is not None and self._changed(
            "recording", (recording.error, recording.lost_samples > 0, recording.marks_error)
        ):
            self._write_recording(snapshot)
        if (playback := snapshot.playback) is not None:
            timed = playback.latency_ms is not None
            state = (playback.state, playback.sound, playback.volume_db, playback.underruns, playback.message, timed)
            if self._changed("playback", state):
                self.write(playback_line(playback, at_s))
        if self._changed("overload", snapshot.overloaded):
            self.write(overload_line(overloaded=snapshot.overloaded, skipped=snapshot.skipped, at_s=at_s))

    def mark_line(self, mark: Mark) -> str:
        """Return the line of a mark."""
        from monitor.text.json_lines import mark_line

        return mark_line(mark, _now())

    def _changed(self, kind: str, state: object) -> bool:
        """Return whether a state differs from the one reported last, and remember it."""
        before = self._reported.get(kind)
        self._reported[kind] = state
        return before != state

    def _write_recording(self, snapshot: Snapshot | None) -> None:
        """Write the line on the recording, if there is one."""
        from monitor.text.json_lines import recording_line

        if snapshot is not None and snapshot.recording is not None:
            self.write(recording_line(snapshot.recording, snapshot.elapsed_s))

    def window(self, event: WindowEvent) -> None:
        """Write a window line."""
        from monitor.text.json_lines import window_line

        self.write(window_line(event))

    def end(self, summary: Summary) -> None:
        """Write the final recording line, if there is a recording, and the summary line."""
        from monitor.text.json_lines import summary_line

        self._write_recording(self._last)
        self.write(summary_line(summary))
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

    def begin(self, start: Start) -> None:
        """Write the header."""
        from monitor.text.text_lines import header_line

        super().begin(start)
        self._alerts = {}
        self.write(header_line(start))

    def mark_line(self, mark: Mark) -> str:
        """Return the line of a mark."""
        from monitor.text.text_lines import mark_line

        return mark_line(mark)

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
                self.write(alert_line(kind, sentence, snapshot.elapsed_s))

    def end(self, summary: Summary) -> None:
        """Write the summary."""
        from monitor.text.text_lines import plain_summary

        self.write(plain_summary(summary))
        super().end(summary)


def _now() -> str:
    """Return the wall-clock time, ISO 8601."""
    return datetime.datetime.now(datetime.UTC).isoformat("T", "milliseconds")

"""The JSON lines of a run: which line is written when.

A window, a mark and the ends of a source give a line each; the device, a recording, the playback and an overload give
one when they have changed. Whoever writes the lines, to standard output or into a session, gets the same ones. Used by
one thread.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import TYPE_CHECKING

from monitor.text.beat_line import beat_line
from monitor.text.json_lines import (
    device_line,
    mark_line,
    overload_line,
    playback_line,
    r_peak_line,
    recording_line,
    site_line,
    start_line,
    summary_line,
    window_line,
)

if TYPE_CHECKING:  # for the types alone
    from monitor.messages import (
        HeartBeat,
        Mark,
        RecordingStatus,
        RPeak,
        SiteChange,
        Snapshot,
        Start,
        Summary,
        WindowEvent,
    )

__all__ = ["EventLines", "utc_now"]


def utc_now() -> str:
    """Return the wall-clock time, ISO 8601."""
    return datetime.datetime.now(datetime.UTC).isoformat("T", "milliseconds")


class EventLines:
    """Writes the JSON lines of one source after another; see docs/formats/json-lines.md.

    Parameters
    ----------
    write : callable
        Takes one line without a line feed.
    now : callable
        The wall clock, ISO 8601; a test passes its own.
    """

    def __init__(self, write: Callable[[str], None], now: Callable[[], str] = utc_now) -> None:
        self._write, self._now = write, now
        self._reported: dict[str, object] = {}
        self._last: Snapshot | None = None

    def begin(self, start: Start) -> None:
        """Write the start line."""
        from monitor._version import __version__

        self._reported, self._last = {"overload": False}, None
        self._write(start_line(start, __version__))

    def window(self, event: WindowEvent) -> None:
        """Write the lines of the R peaks before a window's end, its own, and those of the beats decided by then."""
        self._write_r_peaks(event.r_peaks)
        self._write(window_line(event))  # before the beats: Ctrl+C between two lines loses no window that counts
        self._write_beats(event.beats)

    def mark(self, mark: Mark) -> None:
        """Write the line of a mark."""
        self._write(mark_line(mark, self._now()))

    def site(self, change: SiteChange) -> None:
        """Write the line of a change of site."""
        self._write(site_line(change))

    def snapshot(self, snapshot: Snapshot) -> None:
        """Write a line on the device, a recording, the playback or an overload when it has changed."""
        self._last, at_s = snapshot, snapshot.elapsed_s
        device = snapshot.device
        if device is not None:
            known = (device.measured_rate_hz is not None, device.drift is not None)
            counts = (device.overflows, device.reopened, device.held_up)
            if self._changed("device", (device.state, device.message, device.finding, *known, *counts)):
                self._write(device_line(device, at_s, self._now()))
        for name, recording in _recordings(snapshot).items():
            if self._changed(name, (recording.error, recording.lost_samples > 0, recording.marks_error)):
                self._write(recording_line(recording, at_s))
        if (playback := snapshot.playback) is not None:
            timed = playback.latency_ms is not None
            state = (playback.state, playback.sound, playback.volume_db, playback.underruns, playback.message, timed)
            if self._changed("playback", state):
                self._write(playback_line(playback, at_s))
        if self._changed("overload", snapshot.overloaded):
            self._write(overload_line(overloaded=snapshot.overloaded, skipped=snapshot.skipped, at_s=at_s))

    def end(self, summary: Summary) -> None:
        """Write the final line on each recording, and the summary line."""
        if self._last is not None:
            for recording in _recordings(self._last).values():
                self._write(recording_line(recording, self._last.elapsed_s))
        self._write_r_peaks(summary.r_peaks)
        self._write_beats(summary.beats)
        self._write(summary_line(summary))

    def _write_r_peaks(self, peaks: tuple[RPeak, ...]) -> None:
        """Write the lines of some R peaks."""
        for peak in peaks:
            self._write(r_peak_line(peak))

    def _write_beats(self, beats: tuple[HeartBeat, ...]) -> None:
        """Write the lines of some beats."""
        for beat in beats:
            self._write(beat_line(beat))

    def _changed(self, kind: str, state: object) -> bool:
        """Return whether a state differs from the one reported last, and remember it."""
        before = self._reported.get(kind)
        self._reported[kind] = state
        return before != state


def _recordings(snapshot: Snapshot) -> dict[str, RecordingStatus]:
    """Return what is recorded, by its role."""
    both = {"recording": snapshot.recording, "session": snapshot.session}
    return {name: recording for name, recording in both.items() if recording is not None}

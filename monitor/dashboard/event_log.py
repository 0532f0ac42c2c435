"""The list of events: changes of the label, gaps, a device lost and back, recordings, marks.

Main thread; must not know about screens or keys.
"""

from __future__ import annotations

import math
from collections import deque

from monitor.dashboard.drawing.glyphs import clock
from monitor.dashboard.drawing.state import LoggedEvent
from monitor.messages import Mark, SiteChange, Snapshot, WindowEvent
from monitor.text.text_lines import mark_text

__all__ = ["EventLog"]

MAX_ENTRIES = 200
"""Entries stored; a tall screen shows about forty."""

KINDS = {"failed": "device", "confirm": "device", "off": "key", "playing": "key"}
"""How a state of the playback is logged."""


class EventLog:
    """Follows windows and snapshots and logs changes."""

    def __init__(self) -> None:
        self._entries: deque[LoggedEvent] = deque(maxlen=MAX_ENTRIES)
        self._since_jump = 0
        self._shown: str | None = None
        self._in_gap = False
        self._ectopic_until_s = -math.inf
        self._states: dict[str, object] = {}

    @property
    def entries(self) -> tuple[LoggedEvent, ...]:
        """All entries in the order in which they happened, newest last."""
        return tuple(self._entries)

    def add(self, at_s: float, text: str, kind: str = "") -> None:
        """Add an entry behind what happened before it; what is found out later stands at its own time."""
        later = 0
        while later < min(self._since_jump, len(self._entries)) and self._entries[-1 - later].at_s > at_s:
            later += 1
        if later == len(self._entries) == MAX_ENTRIES:
            return  # older than all that is kept
        behind = [self._entries.pop() for _ in range(later)]
        self._entries.extend([LoggedEvent(at_s, text, kind), *reversed(behind)])
        self._since_jump += 1

    def mark(self, mark: Mark, shift_s: float = 0.0) -> None:
        """Add a mark, and where it is kept."""
        self.add(mark.at_s + shift_s, mark_text(mark, ", only on this screen"), "mark")

    def site(self, change: SiteChange, shift_s: float = 0.0) -> None:
        """Add a change of site."""
        self.add(change.at_s + shift_s, f"site {change.site}", "key")

    def jump(self, from_s: float, to_s: float) -> None:
        """Add a seek; positions begin again behind it."""
        self.add(from_s, f"jump to {clock(to_s)}", "key")
        self._since_jump = 0

    def again(self, at_s: float) -> None:
        """Add that a source is played again; positions begin again behind it."""
        self._since_jump = 0
        self.add(at_s, f"again from {clock(at_s)}", "key")

    def window(self, event: WindowEvent, shift_s: float = 0.0) -> None:
        """Log what a window brought: a new rolling label or state, ectopic beats, the beginning of a gap.

        Parameters
        ----------
        event : WindowEvent
        shift_s : float
            See :class:`~monitor.dashboard.drawing.state.DashboardState`.
        """
        at_s = event.end_s + shift_s
        if event.gap and not self._in_gap:
            self.add(at_s, "sound was lost", "gap")
        self._in_gap = event.gap
        for beat in event.ectopic.detected:
            if beat.at_s > self._ectopic_until_s:
                self._ectopic_until_s = beat.at_s
                self.add(beat.at_s + shift_s, f"early beat, {beat.coupling_ratio:.0%} of the usual interval", "ectopic")
        name = event.rolling.label or event.rolling.state
        if name != self._shown:
            self._shown = name
            self.add(at_s, name.replace("-", " ") if event.rolling.label is None else name, name)

    def snapshot(self, snapshot: Snapshot, shift_s: float = 0.0) -> None:
        """Log changes of the device, its signal, the recording, the playback, and an overload."""
        at_s = snapshot.elapsed_s + shift_s
        device, recording = snapshot.device, snapshot.recording
        if device is not None:
            before = self._states.get("device")
            if self._changed("device", device.state) and (device.state == "lost" or before == "lost"):
                texts = {"lost": "device lost", "open": "device back"}
                self.add(at_s, texts.get(device.state, f"device {device.state}"), "device")
            if self._changed("finding", device.finding) and device.finding is not None:
                self.add(at_s, device.finding, "device")
        if self._changed("recording", None if recording is None else recording.path) and recording is not None:
            self.add(at_s, f"recording {recording.path.name}", "key")
        waited = self._states.get("marks") is not None
        self._changed("marks", None if recording is None else recording.marks_error)
        if waited and recording is not None and recording.labels is not None and recording.marks_error is None:
            self.add(at_s, f"all marks -> {recording.labels.name}", "mark")
        if (playback := snapshot.playback) is not None:
            before = self._states.get("playback")
            if self._changed("playback", playback.state) and playback.state != "opening":
                played = "sound off" if playback.state == "off" else f"sound on: {playback.device}"
                self.add(at_s, playback.message or played, KINDS[playback.state])
            elif self._changed("sound", playback.sound) and before is not None:
                self.add(at_s, f"sound: {playback.sound}", "key")
        if self._changed("overload", snapshot.overloaded or None):
            self.add(at_s, "too slow: windows are skipped" if snapshot.overloaded else "fast enough again", "device")

    def _changed(self, name: str, state: object) -> bool:
        """Return whether a state differs from the one before, None at first, and remember it."""
        before = self._states.get(name)
        self._states[name] = state
        return before != state

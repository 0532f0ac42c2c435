"""What happened while the monitor ran: changes of the label, gaps, a device lost and found, marks.

The list beside the picture. Used by one thread, the main one; must not know about screens or keys.
"""

from __future__ import annotations

import math
from collections import deque

from monitor.dashboard.drawing.glyphs import clock
from monitor.dashboard.drawing.state import LoggedEvent
from monitor.messages import Snapshot, WindowEvent

__all__ = ["EventLog"]

MOST = 200
"""Entries kept; a tall screen shows some forty."""


class EventLog:
    """Follows windows and snapshots and notes what changes.

    Attributes
    ----------
    marks : int
        Marks set so far.
    """

    def __init__(self) -> None:
        self._entries: deque[LoggedEvent] = deque(maxlen=MOST)
        self._said: str | None = None
        self._in_gap = False
        self._jumped = False
        self._early_until_s = -math.inf
        self._states: dict[str, object] = {}
        self.marks = 0

    @property
    def entries(self) -> tuple[LoggedEvent, ...]:
        """All that is kept, newest last."""
        return tuple(self._entries)

    def add(self, at_s: float, text: str, kind: str = "") -> None:
        """Note something."""
        self._entries.append(LoggedEvent(at_s, text, kind))

    def mark(self, at_s: float) -> int:
        """Note a mark and return its number, from 1."""
        self.marks += 1
        self.add(at_s, f"mark {self.marks}", "mark")
        return self.marks

    def jump(self, from_s: float, to_s: float) -> None:
        """Note a jump; the gap that it leaves in the sound is no loss."""
        self._jumped = True
        self.add(from_s, f"jump to {clock(to_s)}", "key")

    def window(self, event: WindowEvent, shift_s: float = 0.0) -> None:
        """Note what a window brought: another rolling label or state, early beats, the beginning of a gap.

        Parameters
        ----------
        event : WindowEvent
        shift_s : float
            See :class:`~monitor.dashboard.drawing.state.DashboardState`.
        """
        at_s = event.end_s + shift_s
        if event.gap and not self._in_gap:
            if not self._jumped:
                self.add(at_s, "sound was lost", "gap")
            self._jumped = False
        self._in_gap = event.gap
        for beat in event.ectopic.premature:
            if beat.at_s > self._early_until_s:
                self._early_until_s = beat.at_s
                self.add(beat.at_s + shift_s, f"early beat, {beat.share:.0%} of the usual interval", "early")
        said = event.rolling.label or event.rolling.state
        if said != self._said:
            self._said = said
            self.add(at_s, said.replace("-", " ") if event.rolling.label is None else said, said)

    def snapshot(self, snapshot: Snapshot, shift_s: float = 0.0) -> None:
        """Note what changed beside the windows: the device and its sound, the recording, an overload."""
        at_s = snapshot.elapsed_s + shift_s
        device, recording = snapshot.device, snapshot.recording
        if device is not None:
            before = self._states.get("device")
            if self._changed("device", device.state) and (device.state == "lost" or before == "lost"):
                words = {"lost": "device lost", "open": "device back"}
                self.add(at_s, words.get(device.state, f"device {device.state}"), "device")
            if self._changed("finding", device.finding) and device.finding is not None:
                self.add(at_s, device.finding, "device")
        if self._changed("recording", None if recording is None else recording.path) and recording is not None:
            self.add(at_s, f"recording {recording.path.name}", "key")
        if self._changed("overload", snapshot.overloaded or None):
            self.add(at_s, "too slow: windows are skipped" if snapshot.overloaded else "fast enough again", "device")

    def _changed(self, name: str, state: object) -> bool:
        """Return whether a state differs from the one seen last; nothing is what it begins with."""
        before = self._states.get(name)
        self._states[name] = state
        return before != state

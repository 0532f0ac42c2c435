"""A view that tells a service manager that the run lives: sound arrives, is judged, and is shown.

Main thread. Where one of the three stops for longer than :data:`LATE_S`, nothing more is told, and the service manager
restarts the program once its own time is over. A device that is unplugged and looked for is no reason to.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from monitor.messages import Snapshot, Start
from monitor.process.service_manager import notify, watchdog_s
from monitor.views.forwarding import ForwardingView

if TYPE_CHECKING:
    from monitor.views.view import View

__all__ = ["LATE_S", "ServiceView"]

LATE_S = 10.0
"""Seconds, beyond a window and its hop, in which a run that lives has a new result."""
WAITING = ("opening", "lost")
"""States of an input that is waited for: one that stays silent is looked for within a second."""
SIGNS = 4
"""Signs of life in the time in which the service manager wants one."""


class ServiceView(ForwardingView):
    """Shows a run, and tells that it lives.

    Parameters
    ----------
    view : View
        Shows the run.
    timeout_s : float or None
        Seconds within which the service manager wants a sign of life; None for no such signs.
    tell : callable
        As :func:`monitor.process.service_manager.notify`.
    clock : callable
        Seconds of a monotonic clock; a test passes its own.
    """

    def __init__(
        self,
        view: View,
        timeout_s: float | None = None,
        tell: Callable[..., object] = notify,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(view)
        self._timeout_s, self._tell, self._clock = timeout_s, tell, clock
        self._told_at: float | None = None
        self._elapsed_s = self._moved_at = 0.0

    @classmethod
    def from_environment(cls, view: View) -> ServiceView:
        """Return a view that tells as often as the environment asks for."""
        return cls(view, watchdog_s())

    def begin(self, start: Start) -> None:
        """Open a source."""
        self._elapsed_s, self._moved_at, self._told_at = 0.0, self._clock(), None
        self._tell("READY=1", "STATUS=judging")
        super().begin(start)

    def snapshot(self, snapshot: Snapshot) -> None:
        """Tell that the run lives, if it does, and show the newest state."""
        super().snapshot(snapshot)
        if self._timeout_s is None:
            return
        now = self._clock()
        due = self._told_at is None or now >= self._told_at + self._timeout_s / SIGNS
        if self._lives(snapshot, now) and due:
            self._told_at = now
            self._tell("WATCHDOG=1")

    def _lives(self, snapshot: Snapshot, now: float) -> bool:
        """Return whether sound has arrived and was judged lately."""
        if snapshot.elapsed_s != self._elapsed_s:
            self._elapsed_s, self._moved_at = snapshot.elapsed_s, now
        device, window = snapshot.device, snapshot.window
        late_s = LATE_S + float(snapshot.start.window_s + snapshot.start.hop_s)
        arrives = now - self._moved_at < late_s
        is_judged = snapshot.elapsed_s - (0.0 if window is None else window.end_s) < late_s
        waits = device is not None and device.state in WAITING
        return snapshot.finished or waits or (arrives and is_judged)

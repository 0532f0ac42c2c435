"""Reads a feed for a copy of it in another process: what is new since the last time, ten times a second.

Sound is read from the ring buffers' memory, without a cursor, so that no source waits for it. For one thread, but for
:meth:`Relay.told` and :meth:`Relay.judged`, which the publishing thread calls.
"""

from __future__ import annotations

import collections
import sys
import time
from collections.abc import Callable

from monitor.audio.wakeup import Wakeup
from monitor.messages import Snapshot, WindowEvent
from monitor.serve.feed import Feed, Playing
from monitor.serve.process.frames import Begin, PartPulse, Pulse, Sound

__all__ = ["KEPT_S", "PULSE_S", "Relay"]

PULSE_S = 0.1
SNAPSHOT_S = 0.25
"""Seconds from one state without a new line to the next."""
KEPT_S = 10.0
"""Newest seconds of sound that the copy has: the picture shows half of it."""
MAX_JUDGED = 10_000


class Relay:
    """Collects what a copy of a feed lacks.

    Parameters
    ----------
    feed : Feed
    clock : callable
        Seconds of a monotonic clock; a test passes its own.
    """

    def __init__(self, feed: Feed, clock: Callable[[], float] = time.monotonic) -> None:
        self._feed, self._clock = feed, clock
        self._wakeup = Wakeup()
        self._judged: collections.deque[tuple[WindowEvent, str | None]] = collections.deque(maxlen=MAX_JUDGED)
        self._number = 0
        self._parts: dict[str | None, _PartRelay] = {}
        feed.follow(self.told, self.judged)

    def told(self) -> None:
        """Let :meth:`wait` return."""
        self._wakeup.notify()

    def judged(self, event: WindowEvent, device: str | None = None, /) -> None:
        """Keep the result of a window."""
        self._judged.append((event, device))

    def wait(self) -> None:
        """Wait until there is a line, for a tenth of a second at most."""
        self._wakeup.wait(PULSE_S)

    def begin_again(self) -> None:
        """Go on for a new copy, which lacks everything that is kept; windows that were told are not told again."""
        self._number, self._parts = 0, {}

    def pulse(self, *, last: bool = False) -> Pulse | None:
        """Return what is new; None where nothing is.

        Parameters
        ----------
        last : bool
            Whether the newest states are wanted, however new the ones before are.
        """
        lines = tuple(self._feed.after(self._number, sys.maxsize))
        if lines:
            self._number = lines[-1].number
        judged = tuple(self._judged.popleft() for _ in range(len(self._judged)))
        told_of = {line.stream for line in lines}
        parts = []
        for part in self._feed.parts:
            relay = self._parts.setdefault(part.name, _PartRelay(part, self._clock))
            if (new := relay.pulse(now=last or part.name in told_of)) is not None:
                parts.append(new)
        return Pulse(tuple(parts), lines, judged) if lines or judged or parts else None


class _PartRelay:
    """Collects what the copy of one part of a feed lacks.

    Parameters
    ----------
    part : Feed
    clock : callable
        As of :class:`Relay`.
    """

    def __init__(self, part: Feed, clock: Callable[[], float]) -> None:
        self._part, self._clock = part, clock
        self._is_known = part.name is None  # a device is to be added to the copy
        self._playing: Playing | None = None
        self._snapshot: Snapshot | None = None
        self._snapshot_due = clock()
        self._next_sample = 0

    def pulse(self, *, now: bool) -> PartPulse | None:
        """Return what is new, the state where it is due or wanted now; None where nothing is."""
        playing, begin = self._part.playing, None
        if playing is not None and playing is not self._playing:
            self._playing, self._next_sample = playing, 0
            begin = Begin(playing.start, playing.live)
        snapshot = self._newest_snapshot(now=now)
        sound = None if playing is None else self._sound(playing)
        if self._is_known and begin is None and snapshot is None and sound is None:
            return None
        self._is_known = True
        return PartPulse(self._part.name, self._part.subject, begin, snapshot, sound)

    def _newest_snapshot(self, *, now: bool) -> Snapshot | None:
        """Return the newest state of what plays, if it is another one and due."""
        snapshot, playing = self._part.snapshot, self._playing
        if snapshot is None or snapshot is self._snapshot or playing is None or snapshot.start is not playing.start:
            return None
        if not now and self._clock() < self._snapshot_due:
            return None
        self._snapshot, self._snapshot_due = snapshot, self._clock() + SNAPSHOT_S
        return snapshot

    def _sound(self, playing: Playing) -> Sound | None:
        """Return the sound since the last time, the newest of it where there is much."""
        store = playing.ring.store
        end = store.end_sample
        start = max(self._next_sample, store.oldest_sample, end - round(KEPT_S * playing.start.sample_rate))
        if end <= start:
            return None
        waveform = store.copy(start, end)
        whole_from = min(end, max(start, store.oldest_sample))  # what was overwritten meanwhile is left out
        self._next_sample = end
        lost = tuple(store.lost_between(whole_from, end))
        return Sound(whole_from, waveform[whole_from - start :], lost)

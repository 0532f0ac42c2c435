"""Reads a feed for a copy of it in another process: what is new since the last time, ten times a second.

Sound is read from the ring buffer's memory, without a cursor, so that no source waits for it. For one thread, but for
:meth:`Relay.told` and :meth:`Relay.judged`, which the publishing thread calls.
"""

from __future__ import annotations

import collections
import time
from collections.abc import Callable

from monitor.audio.wakeup import Wakeup
from monitor.messages import Snapshot, WindowEvent
from monitor.serve.feed import Feed, Playing
from monitor.serve.process.frames import Begin, DevicePulse, Pulse, Sound

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
        self._judged: collections.deque[tuple[str | None, WindowEvent]] = collections.deque(maxlen=MAX_JUDGED)
        self._number = 0
        self._parts: dict[str | None, _Part] = {}
        feed.follow(self.told, self.judged)

    def told(self) -> None:
        """Let :meth:`wait` return."""
        self._wakeup.notify()

    def judged(self, event: WindowEvent, device: str | None = None, /) -> None:
        """Keep the result of a window."""
        self._judged.append((device, event))

    def wait(self) -> None:
        """Wait until there is a line, for a tenth of a second at most."""
        self._wakeup.wait(PULSE_S)

    def pulse(self, *, last: bool = False) -> Pulse | None:
        """Return what is new; None where nothing is.

        Parameters
        ----------
        last : bool
            Whether the newest state is wanted, however new the one before is.
        """
        lines = tuple(self._feed.after(self._number))
        if lines:
            self._number = lines[-1].number
        judged: dict[str | None, list[WindowEvent]] = collections.defaultdict(list)
        for _ in range(len(self._judged)):
            name, event = self._judged.popleft()
            judged[name].append(event)
        devices = []
        for part in self._feed.parts:
            known = part.name in self._parts
            copied = self._parts.setdefault(part.name, _Part(part, self._clock))
            told = last or any(line.stream == part.name for line in lines)
            pulse = copied.pulse(tuple(judged[part.name]), told=told)
            if part.name is None:
                pulse = pulse._replace(lines=lines)
                return pulse if _has_news(pulse) else None
            if not known or _has_news(pulse):
                devices.append(DevicePulse(part.name, part.subject, pulse))
        return Pulse(None, lines, (), None, None, tuple(devices)) if lines or devices else None


def _has_news(pulse: Pulse) -> bool:
    """Return whether there is anything in a pulse."""
    return any(part is not None and part != () for part in pulse)


class _Part:
    """What the copy of one device, or of the only one, has got so far."""

    def __init__(self, feed: Feed, clock: Callable[[], float]) -> None:
        self._feed, self._clock = feed, clock
        self._playing: Playing | None = None
        self._snapshot: Snapshot | None = None
        self._snapshot_due = clock()
        self._next_sample = 0

    def pulse(self, judged: tuple[WindowEvent, ...], *, told: bool) -> Pulse:
        """Return what is new besides the lines, and the newest state at once where there are some."""
        playing, begin = self._feed.playing, None
        if playing is not None and playing is not self._playing:
            self._playing, self._next_sample = playing, 0
            begin = Begin(playing.start, playing.live)
        snapshot = self._newest_snapshot(now=told)
        sound = None if playing is None else self._sound(playing)
        return Pulse(begin, (), judged, snapshot, sound)

    def _newest_snapshot(self, *, now: bool) -> Snapshot | None:
        """Return the newest state of what plays, if it is another one and due."""
        snapshot, playing = self._feed.snapshot, self._playing
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

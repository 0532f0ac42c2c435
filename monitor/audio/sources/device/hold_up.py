"""Whether a pause between two blocks has cost sound: the samples received, held against the clock.

While a program is stopped (Ctrl+Z, SIGSTOP), starved of processor time, or the computer sleeps, a sound system buffers
what it can and drops the rest, mostly without a word. Afterwards what was buffered comes in a burst; what is still
missing when blocks come at their own pace again is lost. Only a pause starts the comparison, and it spans that pause
alone: a device whose clock is off never looks like a loss, however long it runs.

Pure: time is an argument. Must not know about rings, devices or threads; used by the audio callback.
"""

from __future__ import annotations

__all__ = ["HoldUp"]

RESERVE_S = 0.1
"""Seconds by which a block may be late without reason, on top of what the device's buffer holds."""
SETTLED_S = 1.0
"""Seconds of sound at its own pace, on top of the latency, after which nothing more is caught up. A sound server
delivers what it has buffered within milliseconds."""
BURST_S = 0.02
"""Seconds by which the shortfall must fall with a block of a burst to count as catching up. With any other it must fall
by the reserve: more than late blocks, or a clock that is 5 % off, make it fall meanwhile."""
START_UP_S = 2.0
"""Seconds of a new stream in which a pause is no loss: sound servers start in fits."""
UNMEASURED = 0.1
"""Relative error that a sample rate may have before it is measured: a driver may deliver 48 kHz for 44.1 kHz."""


class HoldUp:
    """Finds the loss behind a pause in a stream of blocks.

    Parameters
    ----------
    sample_rate : int
        Hz, nominal.
    latency_s : float
        Seconds of sound that the device's buffer holds.

    Attributes
    ----------
    rate_hz : float or None
        The measured rate; None until it is known.
    active : bool
        Whether sound came late, and it is open how much of it is lost.
    broke_off : bool
        Whether a further pause lies before the last block although the one before seemed settled: two losses, not one.
    jumps : int
        Shortfalls that stayed; the small ones among them may be a longer latency, and are no loss.

    Examples
    --------
    A stream of 0.1 s blocks stands still for 5 s; 1 s of it was buffered.

    >>> hold_up = HoldUp(sample_rate=1000, latency_s=0.2)
    >>> steady = [0.1 * block for block in range(40)]
    >>> times = [*steady, *[8.9] * 10, *(9.0 + 0.1 * block for block in range(14))]
    >>> [lost for now_s in times if (lost := hold_up.push(now_s, 100))]
    [4000]
    """

    def __init__(self, sample_rate: int, latency_s: float) -> None:
        self._sample_rate = sample_rate
        self._latency_s = latency_s
        self._pause_s = (latency_s + RESERVE_S) / 2
        self.jumps = 0
        self.begin()

    def begin(self) -> None:
        """Expect a new stream: nothing of it is missing, and its rate is not known."""
        self.active = False
        self.rate_hz: float | None = None
        self.broke_off = False
        self._begun_s: float | None = None
        self._previous_s = 0.0  # the last block
        self._time_s = 0.0  # the last block that came in time
        self._received = 0  # samples since
        self._from_s, self._since_s = 0.0, 0.0  # the shortfall when something was caught up last, and that time
        self._least_s = 0.0  # the smallest shortfall since
        self._tolerance_s = 0.0

    def push(self, now_s: float, samples: int) -> int | None:
        """Take the time and the length of the next block.

        Returns
        -------
        int or None
            Samples lost before this block and before those that were kept back: mostly 0. None when the block is to
            be kept back too: sound may be missing before it, unless that comes late.
        """
        if self._begun_s is None:
            self._begun_s = self._previous_s = now_s
            return self._in_time(now_s)
        self._received += samples
        shortfall_s = now_s - self._time_s - self._received / self._rate
        tolerance_s = self._tolerance(now_s)
        before_s, self._previous_s = self._previous_s, now_s
        after_s, sounds_s = now_s - before_s, samples / self._rate
        if shortfall_s <= tolerance_s / 2:
            return self._in_time(now_s)
        first, self.active = not self.active, True
        paused = after_s - sounds_s > self._pause_s
        settled_s = now_s - self._since_s
        self.broke_off = paused and not first and before_s - self._since_s >= SETTLED_S / 2
        catching_up = shortfall_s < self._from_s - (BURST_S if after_s < sounds_s / 2 else RESERVE_S)
        still_late = settled_s >= SETTLED_S + self._latency_s and shortfall_s > self._least_s + self._pause_s
        if first or paused or catching_up or still_late:
            self._least_s = self._from_s = shortfall_s
            self._since_s, self._tolerance_s = now_s, tolerance_s
            return None if (first or self.broke_off) and self._is_loss else 0
        self._least_s = min(self._least_s, shortfall_s)
        if settled_s < SETTLED_S + self._latency_s:
            return None if self._is_loss else 0
        lost = self.finish()
        self._in_time(now_s)
        return lost

    def finish(self) -> int:
        """Return the samples lost before the blocks kept back: no more are to come."""
        if not self.active:
            return 0
        self.active = False
        self.jumps += 1
        return round(self._least_s * self._rate) if self._is_loss else 0

    @property
    def _rate(self) -> float:
        """Samples per second, measured or else nominal."""
        return self.rate_hz or self._sample_rate

    @property
    def _is_loss(self) -> bool:
        """Whether what is missing can be neither in the device's buffer nor due to its clock, nor to its start."""
        begun_s = 0.0 if self._begun_s is None else self._begun_s
        return self._least_s > self._tolerance_s and self._time_s - begun_s >= START_UP_S

    def _tolerance(self, now_s: float) -> float:
        """Return the shortfall, in seconds, that may be in the device's buffer, or due to a rate not yet measured."""
        unmeasured = 0.0 if self.rate_hz is not None else UNMEASURED
        return self._latency_s + RESERVE_S + unmeasured * (now_s - self._time_s)

    def _in_time(self, now_s: float) -> int:
        """Compare from this block on; nothing is missing before it."""
        self.active = False
        self._time_s, self._received = now_s, 0
        return 0

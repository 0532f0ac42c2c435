"""Whether a sender delivers about as many samples a second as it is taken for. Pure: time is an argument.

One that sends without end would push away the sound that is judged; one that sends a byte now and then would keep
everybody else out. Small deviations are measured elsewhere and told
(:mod:`monitor.audio.sources.device.clock_drift`).
"""

from __future__ import annotations

__all__ = ["Pace"]

RESERVE_S = 8.0
"""Seconds of sound that a sender may have kept and send at once: more than a microcontroller can hold."""
TOO_FAST = 1.25
SPAN_S = 10.0
TOO_SLOW = 0.25


class Pace:
    """Counts the samples of a connection against the clock.

    Parameters
    ----------
    sample_rate : int
        Hz.
    now_s : float
        When the connection was opened.

    Examples
    --------
    >>> pace = Pace(1000, now_s=0.0)
    >>> pace.push(1.0, 1000), pace.push(2.0, 10_000)
    (None, 'about 5500 samples come a second, not 1000')
    """

    def __init__(self, sample_rate: int, now_s: float) -> None:
        self._rate = sample_rate
        self._begun_s = self._from_s = now_s
        self._samples = self._recent = 0

    def push(self, now_s: float, samples: int) -> str | None:
        """Add samples that came; return why the connection is to be closed, or None."""
        self._samples += samples
        self._recent += samples
        elapsed_s = now_s - self._begun_s
        if self._samples > (TOO_FAST * elapsed_s + RESERVE_S) * self._rate:
            measured = round(self._samples / max(elapsed_s, 1.0))
            return f"about {measured} samples come a second, not {self._rate}"
        span_s = now_s - self._from_s
        if span_s < SPAN_S:
            return None
        recent, self._recent, self._from_s = self._recent, 0, now_s
        if recent < TOO_SLOW * span_s * self._rate:
            return f"only {round(recent / span_s)} samples come a second, not {self._rate}"
        return None

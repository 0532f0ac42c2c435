"""How loud a murmur is, soft or loud: of one window, and of the last seconds together.

Graded as in CirCor: soft is I or II of its scale, loud is III. Said only of a murmur that is given or possible. No
clock: time is the end of each window. Used by one thread, the classifier's; must not know about devices, files or
networks.

Source: docs/decisions/0022.
"""

from __future__ import annotations

import dataclasses
from collections import deque

from monitor.messages import LoudnessWord, Verdict

__all__ = ["RollingLoudness", "loudness_word", "with_loudness"]

TOLERANCE_S = 1e-6
"""For the rounding of times."""


class RollingLoudness:
    """The mean probability of a loud murmur over the judged windows of the last seconds.

    Parameters
    ----------
    rolling_s : float
        Seconds over which it is pooled, as the scores are.

    Examples
    --------
    >>> rolling = RollingLoudness(rolling_s=10.0)
    >>> [rolling.push(loud, end_s) for loud, end_s in ((0.5, 5.0), (1.0, 6.0), (None, 7.0), (0.0, 15.5))]
    [0.5, 0.75, 0.75, 0.5]
    """

    def __init__(self, rolling_s: float) -> None:
        self._rolling_s = rolling_s
        self._points: deque[tuple[float, float]] = deque()

    def push(self, loud: float | None, end_s: float) -> float | None:
        """Take the next window and return the mean.

        Parameters
        ----------
        loud : float or None
            None for a window that was not judged.
        end_s : float
            Of the window, ascending.

        Returns
        -------
        float or None
            None where no window of the last seconds was judged.
        """
        if loud is not None:
            self._points.append((end_s, loud))
        while self._points and self._points[0][0] < end_s - self._rolling_s - TOLERANCE_S:
            self._points.popleft()
        if not self._points:
            return None
        return sum([loud for _, loud in self._points]) / len(self._points)

    def clear(self) -> None:
        """Forget all windows: another site is heard from now on."""
        self._points.clear()


def loudness_word(loud: float | None) -> LoudnessWord | None:
    """Return the word for the probability that a murmur is loud; None where that is not known."""
    return None if loud is None else "loud" if loud >= 0.5 else "soft"


def with_loudness(verdict: Verdict, loud: float | None) -> Verdict:
    """Return a verdict that says how loud the murmur is, where it gives one or says that one is possible.

    Parameters
    ----------
    verdict : Verdict
    loud : float or None
        Probability that a murmur is loud, 0 to 1; None where that is not known.

    Examples
    --------
    >>> with_loudness(Verdict("verdict", "murmur", 0.9), 0.7).loudness
    'loud'
    >>> with_loudness(Verdict("uncertain", None, 0.4, possible="murmur"), 0.2).loudness
    'soft'
    >>> with_loudness(Verdict("verdict", "normal", 0.9), 0.7).loudness is None
    True
    """
    if loud is None or not verdict.names_murmur:
        return verdict
    return dataclasses.replace(verdict, loudness=loudness_word(loud))

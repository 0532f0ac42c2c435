"""Where in the cycle the murmur of a window, and of the last seconds, lies: from the cycles measured so far.

What is said of the last seconds has hysteresis: it stays while its probability is above a lower bar than the one from
which it is said (docs/decisions/0021). What is said of a window follows from its own cycles alone. One thread.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from monitor.analysis.segmentation.cycle_energies import RecentCycles
from monitor.inference.segmentation.murmur_timing import TimingModel
from monitor.messages import Verdict

__all__ = ["RollingTiming"]


class RollingTiming:
    """Tells where the murmur of one sound lies.

    Parameters
    ----------
    model : TimingModel or None
        None with a bundle that does not tell.

    Examples
    --------
    >>> from monitor.inference.bundle import load_bundle
    >>> timing = RollingTiming(load_bundle().timing)
    >>> timing.of_window(Verdict("verdict", "murmur", 0.9, {"murmur": 0.9}), start_s=0.0) is None  # no cycle was heard
    True
    """

    def __init__(self, model: TimingModel | None) -> None:
        self._model = model
        self._cycles = RecentCycles()
        self._said: str | None = None

    def push(self, cycles: Iterable[tuple[float, NDArray[np.float32]]]) -> None:
        """Take the next cycles: S1 in seconds, ascending, and what was measured."""
        self._cycles.push(cycles)

    def clear(self) -> None:
        """Forget every cycle and what was said: another sound begins."""
        self._cycles.clear()
        self._said = None

    def of_window(self, verdict: Verdict, start_s: float) -> str | None:
        """Return where the murmur that a window's verdict names lies; None where it names none, or that is not sure.

        Parameters
        ----------
        verdict : Verdict
        start_s : float
            Start of the window, seconds; later cycles count.
        """
        if self._model is None or not verdict.names_murmur:
            return None
        return self._model.timing(self._cycles.since(start_s))

    def of_last_seconds(self, verdict: Verdict, since_s: float) -> str | None:
        """Return the same for the verdict on the last seconds; to be asked once for each window.

        What was said is forgotten while no murmur is named.

        Parameters
        ----------
        verdict : Verdict
        since_s : float
            Moment from which cycles count, seconds.
        """
        if self._model is None or not verdict.names_murmur:
            self._said = None
        else:
            self._said = self._model.timing(self._cycles.since(since_s), self._said)
        return self._said

"""What each figure must reach and what it aims at, and whether it does. Pure."""

from __future__ import annotations

import dataclasses
from typing import Literal

__all__ = ["TARGETS", "Target"]


@dataclasses.dataclass(frozen=True, slots=True)
class Target:
    """A figure that is measured against a bound.

    Attributes
    ----------
    name, unit : str
    bound : {"at most", "at least"}
    must : float
    aim : float or None
        What would be better still; None where the bound is all.
    decimals : int
        Digits behind the point.
    """

    name: str
    unit: str
    bound: Literal["at most", "at least"]
    must: float
    aim: float | None = None
    decimals: int = 2

    def outcome(self, value: float) -> str:
        """Return whether a value reaches the aim, or what it must, or misses both.

        Examples
        --------
        >>> hop = Target("hop / bare network", "x", "at most", must=1.4, aim=1.2)
        >>> [hop.outcome(value) for value in (1.2, 1.3, 1.5)]
        ['aim met', 'met', 'missed']
        """
        if self.aim is not None and self._reaches(value, self.aim):
            return "aim met"
        return "met" if self._reaches(value, self.must) else "missed"

    def _reaches(self, value: float, bound: float) -> bool:
        return value <= bound if self.bound == "at most" else value >= bound


TARGETS = {
    "hop_to_invoke": Target("hop / bare network", "x", "at most", 1.4, 1.2),
    "int8_hop_to_invoke": Target("int8 hop / bare float network", "x", "at most", 0.95, 0.7),
    "hop_48k_to_invoke": Target("hop at 48 kHz / bare network", "x", "at most", 1.5, 1.2),
    "archive_x": Target("archive, one process", "x real time", "at least", 1100.0, 1350.0, 0),
    "archive_int8_x": Target("archive, one process, int8", "x real time", "at least", 1800.0, 2500.0, 0),
    "archive_two_to_one": Target("two processes / one", "x", "at least", 1.85, 1.95),
    "streams_per_core": Target("live streams on one core", "", "at least", 400.0, 800.0, 0),
    "stream_memory_mb": Target("memory of a further stream", "MB", "at most", 1.0, 0.5),
    "article_to_hop": Target("article's method / hop", "x", "at least", 280.0, 330.0, 0),
    "article_to_int8_hop": Target("article's method / int8 hop", "x", "at least", 400.0, 550.0, 0),
    "first_window_s": Target("start to first window", "s", "at most", 0.15, 0.12, 3),
    "installed_mb": Target("installed, without extras", "MB", "at most", 189.0, decimals=0),
    "real_time_factor": Target("live path at full speed", "x real time", "at least", 500.0, decimals=0),
    "memory_growth_mb": Target("memory growth, long run", "MB", "at most", 1.0),
    "peak_memory_mb": Target("peak memory of a replay", "MB", "at most", 150.0, decimals=0),
    "help_s": Target("auscult --help", "s", "at most", 0.25, decimals=3),
}
"""By the key of the figure in the JSON object."""

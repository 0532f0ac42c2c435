"""The heart rate variability of a sound from its S1, and the keys that JSON lines know it by.

Must not import anything but other frozen values.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from monitor.messages.rounding import rounded

__all__ = ["SHORT_TERM_S", "HeartRateVariability"]

MS_DIGITS = 1
SHARE_DIGITS = 4
SECONDS_DIGITS = 1
SHORT_TERM_S = 300.0
"""Seconds of a short-term recording, which others are compared with.
Source: Task Force of the ESC and NASPE, Circulation 93:1043 (1996)."""


@dataclasses.dataclass(frozen=True, slots=True)
class HeartRateVariability:
    """How the intervals between normal beats vary (NN intervals: from S1 to the next S1).

    The four metrics are None where they are not sure: too few intervals, or too many that had to be left out.

    Attributes
    ----------
    num_intervals : int
        NN intervals.
    num_excluded : int
        Intervals left out: around an ectopic beat or a beat that was not found, or wrong for another reason.
    duration_s : float
        Seconds that the NN intervals last together.
    mean_rr_ms : float or None
        Their mean.
    sdnn_ms : float or None
        Their standard deviation.
    rmssd_ms : float or None
        Root of the mean squared difference of NN intervals that follow each other.
    pnn50 : float or None
        Share of these differences that are above 50 ms, 0 to 1.
    """

    num_intervals: int
    num_excluded: int
    duration_s: float
    mean_rr_ms: float | None = None
    sdnn_ms: float | None = None
    rmssd_ms: float | None = None
    pnn50: float | None = None

    @property
    def is_short(self) -> bool:
        """Whether the intervals are fewer than the five minutes with which others are compared."""
        return self.duration_s < SHORT_TERM_S

    def to_dict(self) -> dict[str, Any]:
        """Return the keys and values of ``heart_rate_variability``, docs/formats/json-lines.md.

        Examples
        --------
        >>> HeartRateVariability(64, 2, 51.2, 800.0, 41.26, 33.5, 0.125).to_dict()["sdnn_ms"]
        41.3
        """
        return {
            "intervals": int(self.num_intervals),
            "excluded": int(self.num_excluded),
            "duration_s": rounded(self.duration_s, SECONDS_DIGITS),
            "short": self.is_short,
            "mean_rr_ms": rounded(self.mean_rr_ms, MS_DIGITS),
            "sdnn_ms": rounded(self.sdnn_ms, MS_DIGITS),
            "rmssd_ms": rounded(self.rmssd_ms, MS_DIGITS),
            "pnn50": rounded(self.pnn50, SHARE_DIGITS),
        }

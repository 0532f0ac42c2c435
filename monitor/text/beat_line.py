"""A beat as a JSON line: where its S1 and S2 are, how sure that is, and the durations of its cycle."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.messages.rounding import BPM_DIGITS, SCORE_DIGITS, rounded
from monitor.text.json_lines import json_line

if TYPE_CHECKING:  # for the type alone
    from monitor.messages import HeartBeat

__all__ = ["beat_line"]

BEAT_DIGITS = 4
MS_DIGITS = 1


def beat_line(beat: HeartBeat) -> str:
    """Return the line of a beat; one JSON object, no line feed.

    Examples
    --------
    >>> from monitor.messages import HeartBeat
    >>> beat_line(HeartBeat(12.31, 12.62, 0.94, systole_ms=310.0))
    '{"type":"beat","s1_s":12.31,"s2_s":12.62,"confidence":0.94,"systole_ms":310.0,"diastole_ms":null,"rate_bpm":null}'
    """
    return json_line(
        {
            "type": "beat",
            "s1_s": rounded(beat.s1_s, BEAT_DIGITS),
            "s2_s": rounded(beat.s2_s, BEAT_DIGITS),
            "confidence": rounded(beat.confidence, SCORE_DIGITS),
            "systole_ms": rounded(beat.systole_ms, MS_DIGITS),
            "diastole_ms": rounded(beat.diastole_ms, MS_DIGITS),
            "rate_bpm": rounded(beat.rate_bpm, BPM_DIGITS),
        }
    )

"""The lines of a run as the messages that they were written from, so that what was judged can be shown again.

Pure functions of the objects that docs/formats/json-lines.md describes; safe on any thread. What a line does not hold
(compute times, the beats that were tracked) is empty.
"""

from __future__ import annotations

from typing import Any

from monitor.archive.timeline import Timeline
from monitor.messages import NO_RHYTHM, EctopicBeat, EctopicBeats, HeartBeat, Quality, Start, Verdict, WindowEvent

__all__ = ["heart_beat", "start_message", "window_event"]

WITHHELD = ("no-signal", "poor-signal")


def window_event(line: dict[str, Any]) -> WindowEvent:
    """Return the result of a window from its line.

    Parameters
    ----------
    line : dict
        A readable line, see :func:`monitor.sessions.readable.split_readable`.

    Examples
    --------
    >>> rolling, quality = {"state": "uncertain"}, {"score": 0.9}
    >>> line = {"start_s": 0.0, "end_s": 5.0, "state": "verdict", "label": "murmur", "rolling": rolling}
    >>> event = window_event({**line, "quality": quality, "gap": False})
    >>> event.verdict.label, event.rolling.state, event.quality.score
    ('murmur', 'uncertain', 0.9)
    """
    quality, state = line["quality"], line["state"]
    return WindowEvent(
        index=int(line.get("index") or 0),
        start_s=float(line["start_s"]),
        end_s=float(line["end_s"]),
        verdict=_verdict(line),
        rolling=_verdict(line["rolling"]),
        quality=Quality(
            float(quality.get("score") or 0.0), quality.get("reason"), state if state in WITHHELD else None
        ),
        heart_rate_bpm=line.get("heart_rate_bpm"),
        gap=bool(line["gap"]),
        short=bool(line.get("short", False)),
        latency_ms=float(line.get("latency_ms") or 0.0),
        heart_rate_confidence=line.get("heart_rate_confidence"),
        ectopic=_ectopic(line.get("early_beats")),
        heart_rate_reason=line.get("heart_rate_reason"),
    )


def heart_beat(line: dict[str, Any]) -> HeartBeat:
    """Return a beat from its line.

    Examples
    --------
    >>> heart_beat({"type": "beat", "s1_s": 1.0, "s2_s": None, "confidence": 0.9}).sounds
    ((1.0, 'S1'),)
    """
    return HeartBeat(
        line.get("s1_s"),
        line.get("s2_s"),
        float(line.get("confidence") or 0.0),
        systole_ms=line.get("systole_ms"),
        diastole_ms=line.get("diastole_ms"),
        rate_bpm=line.get("rate_bpm"),
    )


def start_message(timeline: Timeline) -> Start:
    """Return what was known when the source was opened; what its line lacks, from ``session.json`` or the sound."""
    start, session = timeline.start, timeline.session
    windows = timeline.windows
    window_s = windows[0]["end_s"] - windows[0]["start_s"] if windows else 5.0
    return Start(
        source=timeline.name,
        sample_rate=timeline.sample_rate,
        model=str(start.get("model", session.get("model", ""))),
        model_sha256=str(start.get("model_sha256", session.get("model_sha256", ""))),
        labels=tuple(map(str, start.get("labels") or session.get("labels") or ())),
        window_s=float(start.get("window_s") or session.get("window_s") or window_s),
        hop_s=float(start.get("hop_s") or session.get("hop_s") or 0.5),
        duration_s=timeline.duration_s,
        speed=1.0,
        site=start.get("site"),
    )


def _verdict(values: dict[str, Any]) -> Verdict:
    """Return a verdict from its keys."""
    return Verdict(
        values.get("state") or "listening",
        values.get("label"),
        values.get("confidence"),
        values.get("scores"),
        values.get("acoustic_scores"),
        values.get("possible"),
        values.get("murmur_timing"),
        values.get("loudness"),
    )


def _ectopic(values: dict[str, Any] | None) -> EctopicBeats:
    """Return the early beats; the intervals around them are not kept, so their ratios are those of the limits."""
    if not values:
        return NO_RHYTHM
    beats = tuple(EctopicBeat(float(at_s), 0.88, 1.03, 0.0) for at_s in values.get("at_s") or ())
    return EctopicBeats(
        tracked_s=float(values.get("followed_s") or 0.0),
        num_intervals=int(values.get("intervals") or 0),
        detected=beats,
        trackable=True,
    )

"""Results as JSON lines: one object per line, ``type`` first.

The keys are documented in docs/formats/json-lines.md and never change; what does not apply is ``null``, never
omitted. Pure functions of the frozen messages that need the standard library only, which keeps the start-up of
``--json`` short. Lines have no line feed and are plain ASCII, so file names survive any terminal or pipe. Safe on
any thread.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # for the types alone: the messages would bring NumPy with them
    from monitor.messages import (
        DeviceStatus,
        EctopicBeats,
        Mark,
        PlaybackStatus,
        RecordingStatus,
        RPeak,
        SiteChange,
        Start,
        Summary,
        Verdict,
        WindowEvent,
    )

__all__ = [
    "BPM_DIGITS",
    "SCHEMA",
    "TIME_DIGITS",
    "device_line",
    "json_line",
    "mark_line",
    "overload_line",
    "playback_line",
    "r_peak_line",
    "recording_line",
    "rounded",
    "site_line",
    "start_line",
    "summary_line",
    "told_line",
    "verdict_values",
    "window_line",
    "with_stream",
]

SCHEMA = 1
"""Version of the format; increased when a key changes its meaning or is removed."""

SCORE_DIGITS = 6
TIME_DIGITS = 6
BPM_DIGITS = 2
HZ_DIGITS = 3
LATENCY_DIGITS = 3


def start_line(start: Start, version: str | None = None) -> str:
    """Return the line that opens one source.

    Parameters
    ----------
    start : Start
    version : str or None
        Version of auscult, if the caller knows it.

    Returns
    -------
    str
        One JSON object, no line feed.

    Raises
    ------
    ValueError
        If a number is not finite.
    """
    return json_line(
        {
            "type": "start",
            "schema": SCHEMA,
            "source": start.source,
            "sample_rate": int(start.sample_rate),
            "model": start.model,
            "model_sha256": start.model_sha256,
            "window_s": float(start.window_s),
            "hop_s": float(start.hop_s),
            "labels": list(start.labels),
            "duration_s": rounded(start.duration_s, TIME_DIGITS),
            "speed": rounded(start.speed, TIME_DIGITS),
            "version": version,
            "site": start.site,
            "ecg_channel": start.ecg_channel,
            "engine": start.engine,
        }
    )


def window_line(event: WindowEvent) -> str:
    """Return the line of one window.

    Parameters
    ----------
    event : WindowEvent

    Returns
    -------
    str
        One JSON object, no line feed.

    Raises
    ------
    ValueError
        If a number is not finite.
    """
    return json_line(
        {
            "type": "window",
            "index": int(event.index),
            "start_s": rounded(event.start_s, TIME_DIGITS),
            "end_s": rounded(event.end_s, TIME_DIGITS),
            **verdict_values(event.verdict),
            "rolling": verdict_values(event.rolling),
            "quality": {"score": rounded(event.quality.score, SCORE_DIGITS), "reason": event.quality.reason},
            "heart_rate_bpm": rounded(event.heart_rate_bpm, BPM_DIGITS),
            "heart_rate_confidence": rounded(event.heart_rate_confidence, SCORE_DIGITS),
            "heart_rate_reason": event.heart_rate_reason,
            "early_beats": _ectopic_values(event.ectopic),
            "gap": bool(event.gap),
            "short": bool(event.short),
            "latency_ms": rounded(event.latency_ms, LATENCY_DIGITS),
        }
    )


def _ectopic_values(ectopic: EctopicBeats) -> dict[str, Any] | None:
    """Return the ectopic beats as JSON values; None where the rhythm cannot be tracked."""
    if not ectopic.trackable:
        return None
    return {
        "followed_s": rounded(ectopic.tracked_s, TIME_DIGITS),
        "intervals": ectopic.num_intervals,
        "at_s": [rounded(beat.at_s, TIME_DIGITS) for beat in ectopic.detected],
    }


def summary_line(summary: Summary) -> str:
    """Return the line that closes one source.

    Parameters
    ----------
    summary : Summary

    Returns
    -------
    str
        One JSON object, no line feed.

    Raises
    ------
    ValueError
        If a number is not finite.
    """
    verdict = verdict_values(summary.verdict)
    return json_line(
        {
            "type": "summary",
            "source": summary.source,
            "windows": int(summary.windows),
            "skipped": int(summary.skipped),
            "overruns": int(summary.overruns),
            **{key: value for key, value in verdict.items() if key != "state"},
            "state": verdict["state"],
            "heart_rate_bpm": rounded(summary.heart_rate_bpm, BPM_DIGITS),
            "judged": int(summary.judged),
            "withheld": {reason: int(count) for reason, count in summary.withheld.items()},
            "truncated": bool(summary.truncated),
            "undelivered": int(summary.undelivered),
        }
    )


def device_line(device: DeviceStatus, at_s: float, time: str | None = None) -> str:
    """Return the line on the status of a live input.

    Parameters
    ----------
    device : DeviceStatus
    at_s : float
        Position in the source, seconds.
    time : str or None
        Wall-clock time, ISO 8601, if the caller knows it.

    Returns
    -------
    str
        One JSON object, no line feed.

    Raises
    ------
    ValueError
        If a number is not finite.
    """
    return json_line(
        {
            "type": "device",
            "at_s": rounded(at_s, TIME_DIGITS),
            "time": time,
            "state": device.state,
            "name": device.name,
            "host_api": device.host_api,
            "channel": int(device.channel),
            "sample_rate": int(device.sample_rate),
            "message": device.message,
            "finding": device.finding,
            "measured_rate_hz": rounded(device.measured_rate_hz, HZ_DIGITS),
            "drift": rounded(device.drift, SCORE_DIGITS),
            "overflows": int(device.overflows),
            "reopened": int(device.reopened),
            "lost_s": rounded(device.lost_s, TIME_DIGITS),
            "held_up": int(device.held_up),
        }
    )


def recording_line(recording: RecordingStatus, at_s: float) -> str:
    """Return the line on the progress of a recording; one JSON object, no line feed.

    Raises
    ------
    ValueError
        If a number is not finite.
    """
    return json_line(
        {
            "type": "recording",
            "at_s": rounded(at_s, TIME_DIGITS),
            "path": str(recording.path),
            "written_s": rounded(recording.written_s, TIME_DIGITS),
            "lost_samples": int(recording.lost_samples),
            "error": recording.error,
            "labels": None if recording.labels is None else str(recording.labels),
            "marks": int(recording.marks),
            "waiting_marks": [rounded(at_s, TIME_DIGITS) for at_s in recording.waiting_marks],
        }
    )


def overload_line(*, overloaded: bool, skipped: int, at_s: float) -> str:
    """Return the line that says whether the classifier keeps up; one JSON object, no line feed.

    Raises
    ------
    ValueError
        If a number is not finite.

    Examples
    --------
    >>> overload_line(overloaded=True, skipped=3, at_s=9.5)
    '{"type":"overload","at_s":9.5,"overloaded":true,"skipped":3}'
    """
    at = rounded(at_s, TIME_DIGITS)
    return json_line({"type": "overload", "at_s": at, "overloaded": bool(overloaded), "skipped": int(skipped)})


def playback_line(playback: PlaybackStatus, at_s: float) -> str:
    """Return the line on the sound for the ear; one JSON object, no line feed.

    Raises
    ------
    ValueError
        If a number is not finite.
    """
    return json_line(
        {
            "type": "playback",
            "at_s": rounded(at_s, TIME_DIGITS),
            "state": playback.state,
            "device": playback.device,
            "sound": playback.sound,
            "volume_db": playback.volume_db,
            "latency_ms": rounded(playback.latency_ms, 1),
            "underruns": int(playback.underruns),
            "skipped_ms": int(playback.skipped_ms),
            "message": playback.message,
        }
    )


def mark_line(mark: Mark, time: str | None = None) -> str:
    """Return the line of a mark or a note that the user set; one JSON object, no line feed.

    Parameters
    ----------
    mark : Mark
    time : str or None
        Wall-clock time, ISO 8601, if the caller knows it.

    Raises
    ------
    ValueError
        If a number is not finite.
    """
    return json_line(
        {
            "type": "mark" if mark.text is None else "note",
            "at_s": rounded(mark.at_s, TIME_DIGITS),
            "time": time,
            "number": int(mark.number),
            "path": None if mark.path is None else str(mark.path),
            "recorded_s": rounded(mark.recorded_s, TIME_DIGITS),
            "error": mark.error,
            "sample": int(mark.sample),
            **({} if mark.text is None else {"text": mark.text}),
        }
    )


def site_line(change: SiteChange) -> str:
    """Return the line of a change of site; one JSON object, no line feed.

    Examples
    --------
    >>> from monitor.messages import SiteChange
    >>> site_line(SiteChange("PV", 14.5, 58_000))
    '{"type":"site","at_s":14.5,"sample":58000,"site":"PV"}'
    """
    at = rounded(change.at_s, TIME_DIGITS)
    return json_line({"type": "site", "at_s": at, "sample": int(change.sample), "site": change.site})


def r_peak_line(peak: RPeak) -> str:
    """Return the line of an R peak; one JSON object, no line feed.

    Examples
    --------
    >>> from monitor.messages import RPeak
    >>> r_peak_line(RPeak(12.345, 49_380))
    '{"type":"r_peak","at_s":12.345,"sample":49380}'
    """
    return json_line({"type": "r_peak", "at_s": rounded(peak.at_s, TIME_DIGITS), "sample": int(peak.sample)})


def told_line(text: str, at_s: float) -> str:
    """Return the line of a sentence that the user was told; one JSON object, no line feed.

    Examples
    --------
    >>> told_line("steth: no sound comes any more: looking for it", 14.5)
    '{"type":"told","at_s":14.5,"text":"steth: no sound comes any more: looking for it"}'
    """
    return json_line({"type": "told", "at_s": rounded(at_s, TIME_DIGITS), "text": text})


def with_stream(line: str, stream: str) -> str:
    """Return a line with the name of its stream as second key, for runs with several sources.

    Examples
    --------
    >>> with_stream('{"type":"told","at_s":14.5,"text":"sound is back"}', "bed 3")
    '{"type":"told","stream":"bed 3","at_s":14.5,"text":"sound is back"}'
    """
    kind, rest = line.split(",", 1)
    return f'{kind},"stream":{json.dumps(stream)},{rest}'


def verdict_values(verdict: Verdict) -> dict[str, Any]:
    """Return the keys of a verdict."""
    return {
        "state": verdict.state,
        "label": verdict.label,
        "confidence": rounded(verdict.confidence, SCORE_DIGITS),
        "scores": None if verdict.scores is None else _scores(verdict.scores),
        "acoustic_scores": None if verdict.acoustic_scores is None else _scores(verdict.acoustic_scores),
        **({} if verdict.possible is None else {"possible": verdict.possible}),
    }


def _scores(scores: Mapping[str, float]) -> dict[str, float]:
    """Return rounded scores; the largest absorbs the rounding error, so that the sum is kept."""
    rounded = {label: round(float(score), SCORE_DIGITS) for label, score in scores.items()}
    if rounded:
        top = max(rounded, key=rounded.__getitem__)
        rest = sum(map(float, scores.values())) - sum(rounded.values())
        rounded[top] = round(rounded[top] + rest, SCORE_DIGITS)
    return rounded


def rounded(value: float | None, digits: int) -> float | None:
    """Return a plain float of a few digits, or None."""
    return None if value is None else round(float(value), digits)


def json_line(values: dict[str, Any]) -> str:
    """Return one line; raise ValueError for NaN and infinities, which JSON does not have."""
    return json.dumps(values, allow_nan=False, separators=(",", ":"))

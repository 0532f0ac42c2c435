"""The rows of a scan: what is known of one file, as JSON lines. Runs in the worker processes, on their only thread."""

from __future__ import annotations

import dataclasses
import json
from typing import Any, NamedTuple

from monitor.archive.offline import judge_offline
from monitor.archive.recordings import Recording
from monitor.archive.remote import local_copy
from monitor.audio.sources.file import RecordingSource
from monitor.errors import RecordingError
from monitor.inference.bundle import Bundle
from monitor.messages import Summary, Verdict, WindowEvent
from monitor.output import printable
from monitor.text.json_lines import summary_line, window_line

__all__ = ["Judged", "dump", "failed_row", "judge_recording"]

QUALITY_DIGITS = 6
TIME_DIGITS = 6


class Judged(NamedTuple):
    """The lines of one file.

    Attributes
    ----------
    lines : bytes
        Those of its windows, if they are asked for, then its row; each with a line feed.
    seconds : float
        Of sound.
    failed : bool
        Whether the row has an error.
    """

    lines: bytes
    seconds: float
    failed: bool


def judge_recording(
    recording: Recording,
    bundle: Bundle,
    *,
    channel: int | None,
    hop_s: float | None,
    windows: bool,
    place: str | None = None,
) -> Judged:
    """Return the lines of a file; one that cannot be read, or not to its end, is a row with an error.

    Parameters
    ----------
    recording : Recording
    bundle : Bundle
    channel : int or None
        From 1; None for the mean of all.
    hop_s : float or None
        Seconds from one window to the next; None for the bundle's own.
    windows : bool
        Whether to give a line for every window too.
    place : str or None
        Where to open a local file; None for the path as it was given, from the folder of the scan.

    Raises
    ------
    AuscultError
        If an address needs a package that is not installed.
    """
    if recording.address is None:
        return _judge_file(place or recording.source, recording, bundle, channel=channel, hop_s=hop_s, windows=windows)
    try:
        with local_copy(recording.address) as copy:
            return _judge_file(copy, recording, bundle, channel=channel, hop_s=hop_s, windows=windows)
    except RecordingError as error:
        return failed_row(recording, str(error))


def _judge_file(
    place: str, recording: Recording, bundle: Bundle, *, channel: int | None, hop_s: float | None, windows: bool
) -> Judged:
    """Return the lines of a file that is at ``place``, under the name that it was given."""
    lines: list[str] = []
    total_quality = 0.0

    def note(event: WindowEvent) -> None:
        nonlocal total_quality
        total_quality += event.quality.score
        if windows:
            lines.append(
                dump({**_without_beats(json.loads(window_line(event))), "source": printable(recording.source)})
            )

    try:
        source = RecordingSource(place, speed=None, channel=channel)
        result = judge_offline(source, bundle, hop_s, on_window=note)
    except RecordingError as error:
        return failed_row(recording, _as_given(str(error), place, recording))
    row = _row(recording, dataclasses.replace(result.summary, source=printable(recording.source)))
    if result.summary.windows:
        row["quality"] = round(total_quality / result.summary.windows, QUALITY_DIGITS)
    row["duration_s"] = round(result.duration_s, TIME_DIGITS)
    row["sample_rate"] = source.sample_rate
    row["error"] = None if result.error is None else _as_given(str(result.error), place, recording)
    lines.append(dump(row))
    return Judged("".join(f"{line}\n" for line in lines).encode(), result.duration_s, result.error is not None)


def _as_given(text: str, place: str, recording: Recording) -> str:
    """Return an error that names a file as it was given, not as it was opened."""
    return text.replace(printable(place), printable(recording.source))


def failed_row(recording: Recording, error: str) -> Judged:
    """Return the row of a file of which nothing is known but an error."""
    row = _row(recording, Summary(printable(recording.source), 0, 0, 0, Verdict("listening"), None))
    row |= {"state": None, "error": error}
    return Judged(f"{dump(row)}\n".encode(), 0.0, True)


def _without_beats(values: dict[str, Any]) -> dict[str, Any]:
    """Return the keys of a line without where a murmur lies, which is told from beats: a scan finds none."""
    for verdict in (values, values.get("rolling", {})):
        verdict.pop("murmur_timing", None)
    return values


def _row(recording: Recording, summary: Summary) -> dict[str, Any]:
    """Return the keys of a summary line, and those that a row adds, without their values."""
    return {
        **_without_beats(json.loads(summary_line(summary))),
        "error": None,
        "duration_s": None,
        "sample_rate": None,
        "quality": None,
        "subject": None,
        "path": recording.path,
        "bytes": recording.num_bytes,
        "mtime_ns": recording.mtime_ns,
        "etag": recording.etag,
    }


def dump(values: dict[str, Any]) -> str:
    """Return values as one JSON line, without its line feed.

    Raises
    ------
    ValueError
        If a number is not finite.
    """
    return json.dumps(values, allow_nan=False, separators=(",", ":"))

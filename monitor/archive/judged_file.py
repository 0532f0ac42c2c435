"""A recording as a timeline: judged once, as fast as the network can, with the events of ``replay --json``.

The marks in a labels file beside it, which ``listen --record`` writes, belong to it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from monitor._version import __version__
from monitor.archive.offline import judge_offline
from monitor.archive.spans import Span, find_spans, one_line
from monitor.archive.timeline import Timeline, open_sound
from monitor.audio.recorder.labels_file import labels_path
from monitor.audio.sources.file import RecordingSource
from monitor.errors import AuscultError
from monitor.inference.bundle import Bundle
from monitor.messages import WindowEvent
from monitor.text.beat_line import beat_line
from monitor.text.json_lines import start_line, summary_line, window_line

__all__ = ["judge_file", "read_labels"]

FIELDS = 3


def judge_file(
    path: Path,
    bundle: Bundle,
    *,
    channel: int | None = None,
    hop_s: float | None = None,
    progress: Callable[[float], None] = lambda fraction: None,
) -> tuple[Timeline, list[str]]:
    """Return a recording with the events that ``auscult replay --json --speed max`` gives, and what is missing in it.

    Parameters
    ----------
    path : Path
    bundle : Bundle
    channel : int or None
        From 1; None for the mean of all.
    hop_s : float or None
        Seconds from one window to the next; None for the bundle's own.
    progress : callable
        Called with the fraction that is judged, after every window.

    Raises
    ------
    RecordingError
        If the file cannot be read at all; of a damaged one there is what comes before the damage.
    """
    sound = open_sound(path, channel)
    duration_s = max(sound.duration_s, 1e-9)
    source = RecordingSource(path, speed=None, channel=channel)
    lines = _judged(source, bundle, hop_s, lambda end_s: progress(min(1.0, end_s / duration_s)))
    labels = labels_path(path)
    spans = [*find_spans(lines, sound.duration_s), *read_labels(labels, sound.duration_s)]
    timeline = Timeline(
        name=path.stem,
        sample_rate=sound.sample_rate,
        num_samples=sound.num_samples,
        sound=sound,
        spans=tuple(sorted(spans, key=lambda span: (span.start_s, span.end_s))),
        windows=tuple(line for line in lines if line["type"] == "window"),
        summary=lines[-1],
        start=lines[0],
        session={},
        inputs=(path, labels, path.with_suffix(".tsv")),
        beats=tuple(line for line in lines if line["type"] == "beat"),
    )
    return timeline, [str(sound.error)] if sound.error else []


def _judged(
    source: RecordingSource, bundle: Bundle, hop_s: float | None, progress: Callable[[float], None]
) -> list[dict[str, Any]]:
    """Return the lines of a source; where it is damaged, those before the damage and their summary."""
    lines: list[str] = []

    def keep(event: WindowEvent) -> None:
        lines.append(window_line(event))
        lines.extend(map(beat_line, event.beats))
        progress(event.end_s)

    result = judge_offline(source, bundle, hop_s, on_window=keep)
    lines.insert(0, start_line(result.start, __version__))
    lines.extend(map(beat_line, result.summary.beats))
    lines.append(summary_line(result.summary))
    return [json.loads(line) for line in lines]


def read_labels(path: Path, duration_s: float) -> list[Span]:
    """Return the marks of a labels file: a moment is a mark, a stretch a label; nothing where there is none.

    Raises
    ------
    AuscultError
        If it cannot be read, or a line is no start, end and text.
    """
    try:
        content = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise AuscultError(f"{path} cannot be read: {error}", "mend it, or move it away") from error
    spans = []
    for number, line in enumerate(content.splitlines(), 1):
        fields = line.split("\t", FIELDS - 1)
        try:
            start_s, end_s = (min(max(0.0, float(field)), duration_s) for field in fields[:2])
        except ValueError as error:
            reason = f"line {number} is not start, end and text, separated by tabs"
            raise AuscultError(f"{path}: {reason}", "mend it, or move it away") from error
        text = one_line(fields[2]) if len(fields) == FIELDS else ""
        spans.append(Span(start_s, end_s, "label" if end_s > start_s else "mark", text))
    return spans

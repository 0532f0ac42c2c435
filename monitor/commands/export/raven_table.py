"""A selection table of Raven Pro: a header, then one row a selection, separated by tabs.

Source: Raven Pro user's manual, chapter on selections and measurements (saved selection tables); crowsetta reads it.
"""

from __future__ import annotations

from monitor.archive.spans import one_line
from monitor.archive.timeline import Timeline

__all__ = ["COLUMNS", "raven_table"]

COLUMNS = (
    "Selection",
    "View",
    "Channel",
    "Begin Time (s)",
    "End Time (s)",
    "Low Freq (Hz)",
    "High Freq (Hz)",
    "Kind",
    "Annotation",
)
"""The first seven are Raven's own, in its order; the last two become annotation columns."""


def raven_table(timeline: Timeline) -> str:
    """Return the selections; each reaches from 0 Hz to half of the sample rate."""
    rows = [COLUMNS]
    channel = timeline.sound.channel if timeline.sound else None
    for number, span in enumerate(timeline.spans, 1):
        times = (f"{span.start_s:.6f}", f"{span.end_s:.6f}")
        band = ("0.0", f"{timeline.sample_rate / 2:.1f}")
        rows.append((str(number), "Spectrogram 1", str(channel or 1), *times, *band, span.kind, one_line(span.words)))
    return "".join("\t".join(row) + "\n" for row in rows)

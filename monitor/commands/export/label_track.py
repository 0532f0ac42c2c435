"""A label track of Audacity: start, end and label of each line, separated by tabs, in seconds.

Source: https://manual.audacityteam.org/man/importing_and_exporting_labels.html
"""

from __future__ import annotations

from monitor.archive.spans import caption
from monitor.archive.timeline import Timeline

__all__ = ["label_track"]


def label_track(timeline: Timeline) -> str:
    """Return a line for each span; of a moment start and end are the same."""
    return "".join(f"{span.start_s:.6f}\t{span.end_s:.6f}\t{caption(span)}\n" for span in timeline.spans)

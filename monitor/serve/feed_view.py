"""A view that feeds what it shows to other programs: the lines of ``--json`` and the newest state.

Main thread; it waits for no one.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING

from monitor.messages import Mark, SiteChange, Snapshot, Start, Summary, WindowEvent
from monitor.text.event_lines import EventLines
from monitor.views.forwarding import ForwardingView

if TYPE_CHECKING:
    from monitor.process.interrupts import Interrupts
    from monitor.runtime.pipeline import Pipeline
    from monitor.serve.feed import Feed
    from monitor.views.view import View

__all__ = ["FeedView"]


class FeedView(ForwardingView):
    """Publishes a run and shows it.

    Parameters
    ----------
    view : View
        Shows the run.
    feed : Feed
        Takes the lines and the state.
    """

    def __init__(self, view: View, feed: Feed) -> None:
        super().__init__(view)
        self._feed = feed
        self._lines = EventLines(feed.publish)
        self._pipeline: Pipeline | None = None
        self._entries: Callable[[], list[Mark | SiteChange]] = list

    def attach(self, pipeline: Pipeline, interrupts: Interrupts) -> None:
        """Connect to the pipeline whose sound is heard."""
        self._pipeline, self._entries = pipeline, pipeline.entry_reader()
        super().attach(pipeline, interrupts)

    def begin(self, start: Start) -> None:
        """Open a source."""
        if self._pipeline is not None:
            self._feed.begin(start, self._pipeline.ring, live=self._pipeline.source.live)
        self._lines.begin(start)
        super().begin(start)

    def window(self, event: WindowEvent) -> None:
        """Publish and show the result of a window."""
        self._feed.judged(event)
        self._lines.window(event)
        super().window(event)

    def snapshot(self, snapshot: Snapshot) -> None:
        """Publish what has changed and what a person has entered; show the newest state, with notice and address."""
        self._feed.snapshot = snapshot
        self._publish_entries()
        self._lines.snapshot(snapshot)
        if self._feed.notice:
            texts = filter(None, (self._feed.notice, snapshot.note))
            snapshot = dataclasses.replace(snapshot, note="; ".join(texts))
        if self._feed.address:
            snapshot = dataclasses.replace(snapshot, served=self._feed.address)
        super().snapshot(snapshot)

    def end(self, summary: Summary) -> None:
        """Publish and show the summary."""
        self._publish_entries()
        self._lines.end(summary)
        super().end(summary)

    def _publish_entries(self) -> None:
        """Publish the marks, notes and changes of site since the last time."""
        for entry in self._entries():
            if isinstance(entry, Mark):
                self._lines.mark(entry)
            else:
                self._lines.site(entry)

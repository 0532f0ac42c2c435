"""A view that keeps what it shows: every line goes into a session, and everything on to the view behind it.

Main thread.
"""

from __future__ import annotations

import dataclasses

from monitor.messages import Mark, Snapshot, Start, Summary, WindowEvent
from monitor.process.interrupts import Interrupts
from monitor.runtime.pipeline import Pipeline
from monitor.sessions.session import Session
from monitor.text.alerts import alerts
from monitor.text.event_lines import EventLines
from monitor.text.json_lines import told_line
from monitor.views.forwarding import ForwardingView
from monitor.views.view import View

__all__ = ["SessionView"]


class SessionView(ForwardingView):
    """Writes a run into a session and shows it.

    What is kept comes first: a view that fails, because no one reads standard output, costs the session nothing.

    Parameters
    ----------
    view : View
        Shows the run.
    session : Session
    """

    def __init__(self, view: View, session: Session) -> None:
        super().__init__(view)
        self._session = session
        self._lines = EventLines(session.write)
        self._told: dict[str, str] = {}
        self._pipeline: Pipeline | None = None

    def attach(self, pipeline: Pipeline, interrupts: Interrupts) -> None:
        """Connect to the pipeline whose sound is kept."""
        self._pipeline = pipeline
        self._session.attach(lambda: pipeline.session_sound)
        super().attach(pipeline, interrupts)

    def begin(self, start: Start) -> None:
        """Open a source."""
        self._lines.begin(start)
        super().begin(start)

    def window(self, event: WindowEvent) -> None:
        """Keep and show the result of a window."""
        self._lines.window(event)
        super().window(event)

    def snapshot(self, snapshot: Snapshot) -> None:
        """Keep what has changed, and what a person has entered and was told; show the newest state."""
        snapshot = dataclasses.replace(snapshot, session=self._session.status)
        self._keep_entries()
        self._lines.snapshot(snapshot)
        before, self._told = self._told, alerts(snapshot)
        for kind, sentence in self._told.items():
            if before.get(kind) != sentence:
                self._session.write(told_line(sentence, snapshot.elapsed_s))
        super().snapshot(snapshot)

    def end(self, summary: Summary) -> None:
        """Keep and show the summary."""
        self._keep_entries()
        self._lines.end(summary)
        super().end(summary)

    def _keep_entries(self) -> None:
        """Keep the marks, notes and changes of site that a person has entered since the last time."""
        for entry in () if self._pipeline is None else self._pipeline.take_entries():
            if isinstance(entry, Mark):
                self._session.count_mark()
                self._lines.mark(entry)
            else:
                self._session.change_site(entry)
                self._lines.site(entry)

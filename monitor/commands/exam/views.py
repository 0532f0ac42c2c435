"""What an examination shows: JSON lines, or plain lines. The screen is in :mod:`monitor.commands.exam.screen`.

Main thread.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from monitor.commands.exam.guide import Guide, Step
from monitor.output import draw
from monitor.text.examination_text import examination_line, examination_rows, place_text, site_row
from monitor.views.lines import JsonView, LineView, PlainView

if TYPE_CHECKING:
    from monitor.audio.sources.site_recordings import SiteRecordings
    from monitor.commands.exam.progress import Progress
    from monitor.dashboard.keyboard import Keyboard
    from monitor.inference.thresholds import DecisionThresholds
    from monitor.messages import Examination, Snapshot, Start, Summary, WindowEvent
    from monitor.process.interrupts import Interrupts
    from monitor.runtime.pipeline import Pipeline

__all__ = ["Guidance", "JsonExamView", "PlainExamView", "collected_text", "step_text"]


class Guidance:
    """Makes the guide when there is a pipeline, and what it found at the end.

    Parameters
    ----------
    progress : Progress
    decision : DecisionThresholds
        Of the bundle.
    subject : str or None
    recordings : SiteRecordings or None
        None for a live input.
    keep : callable
        Takes the line that closes the examination, for the session.

    Attributes
    ----------
    result : Examination or None
        What was found, once it has ended.
    """

    def __init__(
        self,
        progress: Progress,
        decision: DecisionThresholds,
        subject: str | None,
        recordings: SiteRecordings | None,
        keep: Callable[[str], None] = lambda line: None,
    ) -> None:
        self._progress, self._decision, self._subject = progress, decision, subject
        self._recordings, self._keep = recordings, keep
        self._guide: Guide | None = None
        self._source = ""
        self.result: Examination | None = None

    @property
    def guide(self) -> Guide:
        """The guide; there is one from :meth:`attach` on."""
        if self._guide is None:
            raise ValueError("guide must be read after attach")
        return self._guide

    def attach(self, pipeline: Pipeline, interrupts: Interrupts) -> None:
        """Guide this pipeline."""
        self._source = pipeline.start_message.source
        self._guide = Guide(self._progress, pipeline, interrupts.quit, self._recordings)

    def end(self) -> Examination:
        """Return what was found, and keep it."""
        self.result = self.guide.examination(self._source, self._subject, self._decision)
        self._keep(examination_line(self.result))
        return self.result


def step_text(step: Step, guidance: Guidance) -> str:
    """Return a step in a sentence."""
    if step.kind == "place":
        return f"place the chest piece: {place_text(step.site)}"
    if step.kind == "arrived":
        return f"listening at {step.site}"
    return site_row(guidance.guide.progress.done[step.site])


def collected_text(progress: Progress) -> str:
    """Return how much sound is collected; empty once all sites are done."""
    if progress.site is None:
        return ""
    if not progress.arrived:
        return f"{progress.site}: waits until the chest piece is moved"
    return f"{progress.site}: {progress.judged_s:.1f} of {progress.good_s:g} s"


class _Guided(LineView):
    """A view of lines that guides an examination; the base of both.

    Parameters
    ----------
    guidance : Guidance
    keyboard, keep_going
        As of :class:`monitor.views.lines.LineView`.
    """

    live_snapshot = True  # the chest piece is seen to move between two windows

    def __init__(self, guidance: Guidance, keyboard: Keyboard | None = None, *, keep_going: bool = False) -> None:
        super().__init__(keyboard, keep_going=keep_going)
        self._guidance = guidance

    def attach(self, pipeline: Pipeline, interrupts: Interrupts) -> None:
        """Connect to the pipeline and guide it."""
        super().attach(pipeline, interrupts)
        self._guidance.attach(pipeline, interrupts)

    def own_key(self, key: str) -> bool:
        """Execute a key of the examination."""
        return self._guidance.guide.key(key)

    def begin(self, start: Start) -> None:
        """Write what comes first, and begin."""
        super().begin(start)
        self._guidance.guide.begin()


class JsonExamView(_Guided, JsonView):
    """JSON lines, with the examination as the last one; see docs/formats/json-lines.md."""

    def window(self, event: WindowEvent) -> None:
        """Write a window line, and count the window."""
        super().window(event)
        self._guidance.guide.window(event)

    def snapshot(self, snapshot: Snapshot) -> None:
        """Go on, and write a line where the site changes."""
        super().snapshot(snapshot)
        for step in self._guidance.guide.update(snapshot):
            if step.change is not None:
                self.write(self.site_line(step.change))

    def end(self, summary: Summary) -> None:
        """Write the summary of the sound, then the examination."""
        super().end(summary)
        self.write(examination_line(self._guidance.end()))


class PlainExamView(_Guided, PlainView):
    """A line of text for each window and each step, and the result at the end."""

    def window(self, event: WindowEvent) -> None:
        """Count a window, and write its line with what is collected."""
        from monitor.text.text_lines import plain_window

        guide = self._guidance.guide
        guide.window(event)
        self.write("   ".join(filter(None, (plain_window(event), collected_text(guide.progress)))))

    def snapshot(self, snapshot: Snapshot) -> None:
        """Go on, and write a line for each step; ring the bell where a site is done."""
        super().snapshot(snapshot)
        for step in self._guidance.guide.update(snapshot):
            self.write(f"{step.at_s:8.1f} s    {step_text(step, self._guidance)}")
            if step.kind == "done" and sys.stdout.isatty():
                draw(sys.stdout, "\a")

    def end(self, summary: Summary) -> None:
        """Write the summary of the sound, then a row for each site and the finding."""
        super().end(summary)
        for row in examination_rows(self._guidance.end()):
            self.write(row)

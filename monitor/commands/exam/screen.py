"""The examination on the whole terminal; its result is printed when the terminal is restored.

Main thread.
"""

from __future__ import annotations

import dataclasses

from rich.console import Console

from monitor.commands.exam.drawing import ExamState, draw_examination
from monitor.commands.exam.views import Guidance
from monitor.dashboard.controller import DashboardController
from monitor.dashboard.display.options import AUTOMATIC, DisplayOptions
from monitor.dashboard.drawing.canvas import Canvas, TerminalStyle
from monitor.dashboard.drawing.state import DashboardState
from monitor.dashboard.keyboard import Keyboard
from monitor.dashboard.terminal import Screen
from monitor.errors import OutputError
from monitor.messages import Snapshot, Start, Summary, WindowEvent
from monitor.output import ending, put
from monitor.process.interrupts import Interrupts
from monitor.runtime.pipeline import Pipeline
from monitor.text.examination_text import examination_rows
from monitor.views.view import DashboardView

__all__ = ["TICK_S", "ExamScreenView"]

TICK_S = 2.0
"""Seconds of sound for which the big tick stays."""
PASSED_ON = ("q", "m", "n", "+", "=", "-")
"""Keys of the dashboard that an examination has too."""


class ExamScreenView(DashboardView):
    """Shows the examination.

    Parameters
    ----------
    guidance : Guidance
    console : Console
    keyboard : Keyboard or None
        None for that of the terminal.
    display : DisplayOptions
        What a person asks of the screen.
    """

    def __init__(
        self,
        guidance: Guidance,
        console: Console,
        keyboard: Keyboard | None = None,
        display: DisplayOptions = AUTOMATIC,
    ) -> None:
        screen = Screen(console, draw=self._draw, options=display)
        super().__init__(screen, Keyboard() if keyboard is None else keyboard)
        self._guidance = guidance
        self._tick, self._tick_s = "", 0.0
        self._rows: list[str] = []

    def attach(self, pipeline: Pipeline, interrupts: Interrupts) -> None:
        """Connect to the pipeline and guide it."""
        self._controller = DashboardController(pipeline, interrupts.quit)
        self._guidance.attach(pipeline, interrupts)

    def begin(self, start: Start) -> None:
        """Open the screen, and begin."""
        super().begin(start)
        self._guidance.guide.begin()

    def window(self, event: WindowEvent) -> None:
        """Count a window."""
        super().window(event)
        self._guidance.guide.window(event)

    def snapshot(self, snapshot: Snapshot) -> None:
        """Go on, handle keys and draw; ring the bell and show a tick where a site is done."""
        for step in self._guidance.guide.update(snapshot):
            if step.kind == "done":
                self._tick, self._tick_s = step.site, snapshot.elapsed_s
                self._screen.ring_bell()
        if snapshot.elapsed_s > self._tick_s + TICK_S:
            self._tick = ""
        super().snapshot(snapshot)

    def press(self, key: str) -> None:
        """Execute a key: what is typed goes into the note, then the examination comes before the dashboard."""
        controller = self._controller
        if controller is None:
            return
        if controller.typing or (not self._guidance.guide.key(key) and key in PASSED_ON):
            controller.key(key)

    def end(self, summary: Summary) -> None:
        """Keep the result until the terminal is restored."""
        self._rows = examination_rows(self._guidance.end())

    def close(self) -> None:
        """Restore the terminal and print the result."""
        super().close()
        rows, self._rows = self._rows, []
        for row in rows:
            try:
                put(row)
            except OutputError:
                if not ending():
                    raise
                self.lost_lines += 1

    def _draw(self, snapshot: Snapshot, width: int, height: int, style: TerminalStyle, state: DashboardState) -> Canvas:
        """Return the screen."""
        guide = self._guidance.guide
        progress = guide.progress
        exam = ExamState(
            sites=progress.sites,
            done=progress.done,
            site=progress.site,
            arrived=progress.arrived,
            judged_s=progress.judged_s,
            good_s=progress.good_s,
            tick=self._tick,
            live=guide.live,
        )
        keys = (*guide.keys, ("m", "mark"), ("n", "note")) if state.keys else ()
        return draw_examination(snapshot, exam, width, height, style, dataclasses.replace(state, keys=keys))

"""A view that sends what it shows over the lab streaming layer, and passes everything on to the view behind it.

Main thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.messages import Snapshot, Start, Summary, WindowEvent

if TYPE_CHECKING:
    from monitor.interrupts import Interrupts
    from monitor.runtime.pipeline import Pipeline
    from monitor.views.lsl.outlets import LslOutlets
    from monitor.views.view import View

__all__ = ["LslView"]


class LslView:
    """Sends a run and shows it.

    Parameters
    ----------
    view : View
        Shows the run.
    outlets : LslOutlets
        Closed with the view.
    """

    def __init__(self, view: View, outlets: LslOutlets) -> None:
        self._view, self._outlets = view, outlets

    @property
    def lost_lines(self) -> int:
        """Lines that the view could not write."""
        return self._view.lost_lines

    @property
    def wait_s(self) -> float:
        """Longest time to wait for a window before the next :meth:`snapshot`."""
        return self._view.wait_s

    @property
    def live_snapshot(self) -> bool:
        """Whether the view draws the sound between two windows."""
        return self._view.live_snapshot

    @property
    def stays(self) -> bool:
        """Whether the view stays at the end."""
        return self._view.stays

    @property
    def again_s(self) -> float | None:
        """Where a source that has ended is to be played again."""
        return self._view.again_s

    def attach(self, pipeline: Pipeline, interrupts: Interrupts) -> None:
        """Begin to send the sound of the pipeline."""
        self._outlets.start(pipeline.ring)
        self._view.attach(pipeline, interrupts)

    def begin(self, start: Start) -> None:
        """Open a source."""
        self._view.begin(start)

    def window(self, event: WindowEvent) -> None:
        """Send and show the result of a window."""
        self._outlets.window(event)
        self._view.window(event)

    def snapshot(self, snapshot: Snapshot) -> None:
        """Show the newest state."""
        self._view.snapshot(snapshot)

    def end(self, summary: Summary) -> None:
        """Show the summary."""
        self._view.end(summary)

    def close(self) -> None:
        """End the streams, and restore the terminal. Twice is safe."""
        self._outlets.close()
        self._view.close()

"""A view that sends what it shows over the lab streaming layer, and passes everything on to the view behind it.

Main thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.messages import WindowEvent
from monitor.views.forwarding import ForwardingView

if TYPE_CHECKING:
    from monitor.process.interrupts import Interrupts
    from monitor.runtime.pipeline import Pipeline
    from monitor.views.lsl.outlets import LslOutlets
    from monitor.views.view import View

__all__ = ["LslView"]


class LslView(ForwardingView):
    """Sends a run and shows it.

    Parameters
    ----------
    view : View
        Shows the run.
    outlets : LslOutlets
    """

    def __init__(self, view: View, outlets: LslOutlets) -> None:
        super().__init__(view)
        self._outlets = outlets

    def attach(self, pipeline: Pipeline, interrupts: Interrupts) -> None:
        """Begin to send the sound of the pipeline."""
        source = pipeline.source
        self._outlets.start(pipeline.ring, lambda: source.jumps)
        super().attach(pipeline, interrupts)

    def window(self, event: WindowEvent) -> None:
        """Send and show the result of a window."""
        self._outlets.window(event)
        super().window(event)

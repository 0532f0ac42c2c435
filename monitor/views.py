"""What a command shows of a pipeline: JSON lines, plain lines, or the live dashboard.

Data goes to standard output, and everything here runs on the main thread.
"""

from __future__ import annotations

import datetime
import sys
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from monitor.messages import Snapshot, Start, Summary, WindowEvent

if TYPE_CHECKING:
    from monitor.screen import Screen

__all__ = ["DashboardView", "JsonView", "PlainView", "View", "choose_view"]


class View(Protocol):
    """Shows one source after another."""

    def begin(self, start: Start, kind: str) -> None:
        """Open a source; ``kind`` is that of its picture."""

    def window(self, event: WindowEvent) -> None:
        """Show a judged window."""

    def snapshot(self, snapshot: Snapshot, note: str) -> None:
        """Show the newest state."""

    def end(self, summary: Summary) -> None:
        """Close a source."""

    def close(self) -> None:
        """Give the terminal back. Twice is safe."""


class _Lines:
    """What line views share: a context manager with nothing to restore."""

    def snapshot(self, snapshot: Snapshot, note: str) -> None:
        """Show nothing: lines come from windows."""

    def close(self) -> None:
        """Nothing to give back."""

    @staticmethod
    def write(line: str) -> None:
        """Write one line, whole and at once."""
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


class JsonView(_Lines):
    """One JSON object per line; see docs/json-lines.md."""

    def __init__(self) -> None:
        self._told: dict[str, object] = {}
        self._last: Snapshot | None = None

    def begin(self, start: Start, kind: str) -> None:
        """Write the start line."""
        from monitor.json_lines import start_line
        from monitor.version import version

        self._told, self._last = {"overload": False}, None
        self.write(start_line(start, version()))

    def snapshot(self, snapshot: Snapshot, note: str) -> None:
        """Write a line on the device, the recording or an overload when something about it has changed."""
        from monitor.json_lines import device_line, overload_line

        self._last, at_s = snapshot, snapshot.elapsed_s
        device, recording = snapshot.device, snapshot.recording
        if device is not None:
            known = (device.measured_rate_hz is not None, device.drift is not None)
            counts = (device.overflows, device.reopened)
            if self._news("device", (device.state, device.message, device.finding, *known, *counts)):
                now = datetime.datetime.now(datetime.UTC).isoformat("T", "milliseconds")
                self.write(device_line(device, at_s, now))
        if recording is not None and self._news("recording", (recording.error, recording.lost_samples > 0)):
            self._write_recording(snapshot)
        if self._news("overload", snapshot.overloaded):
            self.write(overload_line(overloaded=snapshot.overloaded, skipped=snapshot.skipped, at_s=at_s))

    def _news(self, kind: str, state: object) -> bool:
        """Return whether a state differs from the one told last; it is told then."""
        before = self._told.get(kind)
        self._told[kind] = state
        return before != state

    def _write_recording(self, snapshot: Snapshot | None) -> None:
        """Write the line on the recording, where there is one."""
        from monitor.json_lines import recording_line

        if snapshot is not None and snapshot.recording is not None:
            self.write(recording_line(snapshot.recording, snapshot.elapsed_s))

    def window(self, event: WindowEvent) -> None:
        """Write a window line."""
        from monitor.json_lines import window_line

        self.write(window_line(event))

    def end(self, summary: Summary) -> None:
        """Write what has been recorded, where something was, and the summary line."""
        from monitor.json_lines import summary_line

        self._write_recording(self._last)
        self.write(summary_line(summary))


class PlainView(_Lines):
    """One line of text per window."""

    def __init__(self) -> None:
        self._alarms: dict[str, str] = {}

    def begin(self, start: Start, kind: str) -> None:
        """Write the header."""
        from monitor.plain_lines import header_line

        self._alarms = {}
        self.write(header_line(start))

    def window(self, event: WindowEvent) -> None:
        """Write a window."""
        from monitor.plain_lines import plain_window

        self.write(plain_window(event))

    def snapshot(self, snapshot: Snapshot, note: str) -> None:
        """Write what has become wrong, and what no longer is."""
        from monitor.health import alarms
        from monitor.plain_lines import alarm_line

        if snapshot.device is not None and snapshot.device.state == "closed":
            return  # nothing that was wrong has been mended by that
        before, self._alarms = self._alarms, alarms(snapshot)
        for name in {**before, **self._alarms}:
            now = self._alarms.get(name)
            if before.get(name) != now:
                self.write(alarm_line(name, now, snapshot.elapsed_s))

    def end(self, summary: Summary) -> None:
        """Write the summary."""
        from monitor.plain_lines import plain_summary

        self.write(plain_summary(summary))


class DashboardView:
    """The live dashboard; what it found is printed when it closes, since the screen is given back.

    Parameters
    ----------
    screen : Screen
    """

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._kind = "heart"
        self._summaries: list[Summary] = []

    def begin(self, start: Start, kind: str) -> None:
        """Open the screen."""
        self._kind = kind
        self._screen.start()

    def window(self, event: WindowEvent) -> None:
        """Show nothing: the snapshot has it."""

    def snapshot(self, snapshot: Snapshot, note: str) -> None:
        """Draw, at most ten times a second."""
        self._screen.show(snapshot, note, self._kind)

    def end(self, summary: Summary) -> None:
        """Keep the summary for later."""
        self._summaries.append(summary)

    def close(self) -> None:
        """Give the terminal back and print what was found."""
        from monitor.plain_lines import plain_summary

        self._screen.stop()
        for summary in self._summaries:
            _Lines.write(plain_summary(summary))
        self._summaries.clear()

    def __enter__(self) -> Self:
        """Return the view itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the terminal back."""
        self.close()


def choose_view(*, json: bool, plain: bool) -> View:
    """Return the view that was asked for, or the best that standard output can show."""
    if json:
        return JsonView()
    if not plain and sys.stdout.isatty():
        from rich.console import Console

        from monitor.screen import Screen

        console = Console()
        if Screen.can_show(console):
            return DashboardView(Screen(console))
    return PlainView()

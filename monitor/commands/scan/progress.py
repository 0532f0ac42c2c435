"""What a scan counts while it runs: files, hours of sound a second, and errors, on the bar of all commands."""

from __future__ import annotations

from monitor.commands.progress_bar import ProgressBar
from monitor.text.text_lines import counted

__all__ = ["SAY_S", "Progress"]

SAY_S = 60.0
"""Seconds between two lines where there is no terminal."""


class Progress:
    """The progress of a scan.

    Parameters
    ----------
    bar : ProgressBar
    num_files, num_bytes : int
        To be judged.
    """

    def __init__(self, bar: ProgressBar, num_files: int, num_bytes: int) -> None:
        self._bar, self._num_files, self._num_bytes = bar, num_files, num_bytes
        self._files = self._bytes = self._errors = 0
        self._seconds = 0.0

    def add(self, num_bytes: int, seconds: float, *, failed: bool) -> None:
        """Count a file.

        Parameters
        ----------
        num_bytes : int
            Its size, by which the time left is estimated.
        seconds : float
            Of sound.
        failed : bool
        """
        self._files += 1
        self._bytes += num_bytes
        self._seconds += seconds
        self._errors += failed

    def show(self) -> None:
        """Draw or print the line, if it is time."""
        self._bar.show(self._bytes / self._num_bytes if self._num_bytes else 0.0, self.text)

    def clear(self) -> None:
        """Take the line off the terminal."""
        self._bar.clear()

    def text(self) -> str:
        """Return what is counted: files, hours of sound a second, and errors so far."""
        elapsed = self._bar.elapsed_s
        parts = [f"{self._files} of {self._num_files} files"]
        if elapsed > 0 and self._files:
            parts.append(f"{self._seconds / 3600 / elapsed:.2f} hours of sound a second")
        if self._errors:
            parts.append(counted(self._errors, "error"))
        return ", ".join(parts)

    def total(self) -> str:
        """Return what was done, in how long."""
        elapsed = max(1e-9, self._bar.elapsed_s)
        return (
            f"{counted(self._files, 'file')}, {_duration(self._seconds)} of sound in {_duration(elapsed)}"
            f" ({self._seconds / elapsed:.0f} times real time)"
        )


def _duration(seconds: float) -> str:
    """Return seconds as a person says them.

    Examples
    --------
    >>> _duration(4.2), _duration(75), _duration(5400)
    ('4.2 s', '1 min 15 s', '1 h 30 min')
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"

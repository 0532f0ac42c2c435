"""How far a scan is, on a terminal and elsewhere."""

from __future__ import annotations

import io

from monitor.commands.progress_bar import ProgressBar
from monitor.commands.scan.progress import SAY_S, Progress


class Clock:
    """A clock that a test moves."""

    now = 0.0

    def __call__(self):
        """Return the time."""
        return self.now


def test_the_line():
    """Files, hours of sound a second, and errors; the time left by what is left to read."""
    clock, stream = Clock(), io.StringIO()
    progress = Progress(ProgressBar(stream, lambda: 100, clock), 10, 1000)
    assert progress.text() == "0 of 10 files"
    clock.now = 2.0
    progress.add(100, 1800.0, failed=False)
    progress.add(100, 1800.0, failed=True)
    progress.show()
    line = "[=====                   ] 2 of 10 files, 0.50 hours of sound a second, 1 error, 0:08 left"
    assert stream.getvalue() == f"\r\x1b[K{line}"
    progress.clear()
    assert stream.getvalue().endswith("left\r\x1b[K")
    assert progress.total() == "2 files, 1 h 0 min of sound in 2.0 s (1800 times real time)"


def test_nothing_to_read(capsys):
    """Files whose sizes nobody knows have no time left; elsewhere than on a terminal the line is printed."""
    clock = Clock()
    progress = Progress(ProgressBar(None, clock=clock, say_s=SAY_S), 5, 0)
    clock.now = SAY_S
    progress.show()
    assert capsys.readouterr().err == "0 of 5 files\n"

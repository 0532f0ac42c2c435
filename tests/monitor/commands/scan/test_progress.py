"""How far a scan is, on a terminal and elsewhere."""

from __future__ import annotations

import io

from monitor.commands.scan.progress import Progress


class Clock:
    """A clock that a test moves."""

    now = 0.0

    def __call__(self):
        """Return the time."""
        return self.now


def test_the_line():
    """Files, hours of sound a second, the time left by what is left to read, and errors."""
    clock = Clock()
    progress = Progress(None, 10, 1000, lambda: 80, clock)
    assert progress.text() == "0 of 10 files"
    clock.now = 2.0
    progress.add(100, 1800.0, failed=False)
    progress.add(100, 1800.0, failed=True)
    assert progress.text() == "2 of 10 files, 0.50 hours of sound a second, 8.0 s left, 1 error"
    assert progress.total() == "2 files, 1 h 0 min of sound in 2.0 s (1800 times real time)"


def test_on_a_terminal_one_line_is_drawn_over():
    """No more than five times a second, never wider than the terminal, and gone at the end."""
    clock, stream = Clock(), io.StringIO()
    progress = Progress(stream, 1000, 1000, lambda: 10, clock)
    for clock.now in (0.05, 0.1, 0.25, 0.3):
        progress.show()
    progress.clear()
    assert stream.getvalue() == "\r\x1b[K0 of 1000\r\x1b[K"


def test_elsewhere_a_line_a_minute(capsys):
    """Without escape sequences."""
    clock = Clock()
    progress = Progress(None, 5, 0, lambda: 80, clock)
    progress.show()
    for clock.now in (30.0, 61.0, 62.0, 130.0):
        progress.show()
    progress.clear()
    assert capsys.readouterr().err == "0 of 5 files\n0 of 5 files\n"

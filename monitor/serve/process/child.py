"""One process of the server, as the monitor sees it: started, told, watched, ended.

The thread ``auscult-serve-reports`` reads what it reports, and ``auscult-serve-watch`` kills it where nothing comes;
nothing else waits for it.
"""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable

from monitor.log import get_logger
from monitor.serve.counts import Counts

__all__ = ["ASK_S", "END_S", "Child"]

logger = get_logger(__name__)

INHERITS = sys.platform != "win32"
"""Whether the system lets a process inherit a socket; otherwise it is shared with it."""
END_S = 12.0
"""Longest wait for a process that uses no processor time: its server gives its clients a little time at the end, and
cuts off those who hang."""
LONGEST_END_S = 60.0
"""Longest wait for one that works, such as one of a low priority on a computer that is busy."""
TURN_S = 0.5
"""Between two looks at its processor time."""
JOIN_S = 5.0
ASK_S = 1.0
"""Seconds from one question whether it lives to the next."""
SILENT, SILENT_AT_START = 8, 600
"""Questions in a row without an answer after which it hangs. Counted, not timed: whatever holds this program up as
well, a stop or a sleep of the computer, is no silence of the other."""
HUNG = "its process hung and was killed"


class Child:
    """A process that reads frames and reports in lines of JSON; killed where it reports nothing although it is asked.

    Parameters
    ----------
    command : list of str
    listening : socket
        What it inherits, where the system can do that.
    reported : callable
        Called on the thread of the reports after each of them, and at their end.

    Attributes
    ----------
    pid : int
    answers : bool
        Whether it has reported that it answers.
    over : bool
        Whether it has ended.
    counts : Counts
        Of its server, once it has ended in order.

    Raises
    ------
    OSError
        If it cannot be started.
    """

    def __init__(self, command: list[str], listening: socket.socket, reported: Callable[[], None]) -> None:
        self.answers = self.over = False
        self.counts = Counts()
        self._failed: str | None = None
        self._heard, self._ending = threading.Event(), threading.Event()
        self._in_order = False
        self._reported = reported
        self._process = subprocess.Popen(  # noqa: S603  # our own program
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            pass_fds=(listening.fileno(),) if INHERITS else (),
        )
        self.pid = self._process.pid
        reads = threading.Thread(target=self._read, name="auscult-serve-reports")
        watches = threading.Thread(target=self._watch, name="auscult-serve-watch")
        self._threads = reads, watches
        for thread in self._threads:
            thread.start()

    def send(self, data: bytes) -> None:
        """Write a frame, which waits while the process does not read.

        Raises
        ------
        OSError
            If the process has ended.
        """
        stdin, rest = self._process.stdin, memoryview(data)
        while stdin is not None and rest:
            rest = rest[stdin.write(rest) or 0 :]

    def kill(self) -> None:
        """End it at once, for it hangs."""
        if self._process.poll() is None:
            self._failed = HUNG
            self._process.kill()

    def wait_for(self, ended: Callable[[float], bool], idle_s: float) -> bool:
        """Wait for something that this process holds up, as long as it works; return whether it came.

        Parameters
        ----------
        ended : callable
            Waits for the seconds that it is given at most, and returns whether it came.
        idle_s : float
            Seconds without processor time after which the process hangs.
        """
        used, idle = -1.0, 0.0
        for _ in range(round(LONGEST_END_S / TURN_S)):
            if ended(min(TURN_S, idle_s)):
                return True
            before, used = used, _processor_s(self.pid)
            idle = 0.0 if used > before else idle + TURN_S
            if idle >= idle_s:
                break
        return False

    def _ends(self, timeout_s: float) -> bool:
        """Wait for the end of the process; return whether it came."""
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return False
        return True

    def stop(self) -> None:
        """End it, and its threads: with its standard input it has time to end in order. Twice is safe."""
        process = self._process
        self._ending.set()
        if process.stdin is not None:
            with contextlib.suppress(OSError):
                process.stdin.close()
        if not self.wait_for(self._ends, END_S):
            self.kill()
        process.wait()
        for thread in self._threads:
            thread.join(JOIN_S)
        if process.stdout is not None:
            process.stdout.close()

    @property
    def trouble(self) -> str | None:
        """What went wrong, once it is stopped; None where it ended in order."""
        if self._failed is not None or self._in_order:
            return self._failed
        code = self._process.returncode or 0
        return "its process has ended" + (f" ({signal.Signals(-code).name})" if code < 0 else "")

    def _read(self) -> None:
        """Read reports until the process ends."""
        try:
            for line in self._process.stdout or ():
                self._take(json.loads(line))
                self._heard.set()
                self._reported()
        except (OSError, ValueError, TypeError):
            logger.debug("the server's reports ended", exc_info=True)
        self.over = True
        self._reported()

    def _watch(self) -> None:
        """Kill the process where nothing has come for too long, until it is to end."""
        silent = 0
        while not self._ending.wait(ASK_S):
            silent = 0 if self._heard.is_set() else silent + 1
            self._heard.clear()
            if silent >= (SILENT if self.answers else SILENT_AT_START):
                self.kill()
                return

    def _take(self, report: dict[str, object]) -> None:
        """Take a report."""
        if report.get("started"):
            self.answers = True
        if isinstance(counts := report.get("counts"), dict):
            self.counts, self._in_order = Counts(**counts), True
        if (failed := report.get("failed")) is not None:
            self._failed = str(failed)


def _processor_s(pid: int) -> float:
    """Return the processor time of a process, seconds; 0 where it is not known."""
    import psutil  # only here: one that ends at once needs none

    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.Error:
        return 0.0
    return float(times.user + times.system)

"""The monitor's end of the process of the server: started, kept up to date, ended.

The thread ``auscult-serve-relay`` tells it what is new, ``auscult-serve-reports`` reads what it reports; nothing else
waits for either. The process may hang or be killed: the run goes on.
"""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import sys
import threading
from types import TracebackType
from typing import Self

from monitor.audio.child_program import child_command
from monitor.errors import AuscultError
from monitor.log import get_logger
from monitor.serve.counts import Counts
from monitor.serve.feed import Feed
from monitor.serve.process.frames import ServerSetup, frame
from monitor.serve.process.relay import Relay

__all__ = ["ServerProcess"]

logger = get_logger(__name__)

PROGRAM = "monitor.serve.process.program"
INHERITS = sys.platform != "win32"
"""Whether the system lets a process inherit a socket; otherwise it is shared with it."""
START_S = 30.0
STOP_S = 5.0
END_S = 12.0
"""Longest wait for the end of the process: its server gives its clients a little time, and cuts off those who hang."""


class ServerProcess:
    """Serves a feed from a process of its own.

    Parameters
    ----------
    feed : Feed
    listening : socket
        Closed here once the process has it.
    loopback : bool
    token : str or None
        As of :class:`~monitor.serve.process.server.Server`.
    command : list of str or None
        What to start; None for the program. A test passes its own.

    Attributes
    ----------
    counts : Counts
        Of the server, once it has stopped.
    error : str or None
        What ended it early.
    port : int
    """

    def __init__(
        self,
        feed: Feed,
        listening: socket.socket,
        *,
        loopback: bool,
        token: str | None = None,
        command: list[str] | None = None,
    ) -> None:
        self.counts = Counts()
        self.error: str | None = None
        self.port: int = listening.getsockname()[1]
        self._feed, self._listening, self._loopback, self._token = feed, listening, loopback, token
        self._command = command or child_command(PROGRAM)
        self._relay = Relay(feed)
        self._started, self._stopping, self._ended = threading.Event(), threading.Event(), threading.Event()
        self._answers = False
        self._process: subprocess.Popen[bytes] | None = None
        self._threads = [
            threading.Thread(target=self._tell, name="auscult-serve-relay"),
            threading.Thread(target=self._read, name="auscult-serve-reports"),
        ]

    def start(self) -> None:
        """Begin to answer.

        Raises
        ------
        AuscultError
            If it cannot.
        """
        try:
            self._process = subprocess.Popen(  # noqa: S603  # our own program
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
                pass_fds=(self._listening.fileno(),) if INHERITS else (),
            )
            self._send(frame(self._setup(self._process.pid)))
        except OSError as error:
            self.error = error.strerror or str(error)
        else:
            self._threads[1].start()
            self._started.wait(START_S)
            if not self._answers and self.error is None:
                self.error = f"it did not answer within {START_S:.0f} s"
        if self.error is not None:
            error_text, self.error = self.error, None
            raise AuscultError(f"the server cannot start: {error_text}", "leave out --serve")
        self._listening.close()  # so that a port whose server has died refuses, and does not keep clients waiting
        self._threads[0].start()

    def _setup(self, pid: int) -> ServerSetup:
        """Return what the process is told first."""
        if sys.platform == "win32":
            descriptor, shared = -1, self._listening.share(pid)
        else:
            descriptor, shared = self._listening.fileno(), b""
        return ServerSetup(
            descriptor=descriptor,
            shared=shared,
            loopback=self._loopback,
            token=self._token,
            run=self._feed.run,
            share_subject=self._feed.share_subject,
            subject=self._feed.subject,
            several=self._feed.several,
        )

    def stop(self) -> None:
        """Let the process have the last that happened, and end it. Twice is safe."""
        self._stopping.set()
        self._relay.told()
        process = self._process
        if process is not None:
            if self._threads[0].ident is not None:
                self._threads[0].join(STOP_S)
            if self._threads[0].is_alive():  # the process does not read
                process.kill()
                self._threads[0].join(STOP_S)
            if process.stdin is not None:
                with contextlib.suppress(OSError):
                    process.stdin.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(END_S)
            process.kill()
            process.wait()
            for thread in self._threads:
                if thread.ident is not None:
                    thread.join(STOP_S)
            if process.stdout is not None:
                process.stdout.close()
        self._listening.close()

    def _tell(self) -> None:
        """Tell the process what is new, until the end; then once more."""
        try:
            while not self._stopping.is_set():
                self._relay.wait()
                last = self._stopping.is_set()
                if (pulse := self._relay.pulse(last=last)) is not None:
                    self._send(frame(pulse))
        except OSError:
            logger.debug("the process of the server does not read any more", exc_info=True)
        except Exception as error:  # noqa: BLE001  # a thread's top: told on the main thread
            self.error = repr(error)

    def _send(self, data: bytes) -> None:
        """Write a frame."""
        stdin = None if self._process is None else self._process.stdin
        rest = memoryview(data)
        while stdin is not None and rest:
            rest = rest[stdin.write(rest) or 0 :]

    def _read(self) -> None:
        """Read reports until the process ends."""
        stdout = None if self._process is None else self._process.stdout
        try:
            for line in stdout or ():
                self._take(json.loads(line))
        except (OSError, ValueError, TypeError):
            logger.debug("the server's reports ended", exc_info=True)
        if not self._ended.is_set() and self.error is None:
            self.error = "its process has ended"
        self._started.set()

    def _take(self, report: dict[str, object]) -> None:
        """Take a report."""
        if isinstance(counts := report.get("counts"), dict):
            self.counts = Counts(**counts)
            self._ended.set()
        if report.get("started"):
            self._answers = True
            self._started.set()
        if (failed := report.get("failed")) is not None:
            self.error = str(failed)

    def __enter__(self) -> Self:
        """Begin to answer."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End."""
        self.stop()

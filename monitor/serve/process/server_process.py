"""The server in a process of its own: kept up to date, started again when it dies or hangs, ended.

The thread ``auscult-serve-relay`` tells the process what is new; nothing else waits for either. The process may hang
or be killed: the run goes on.
"""

from __future__ import annotations

import dataclasses
import socket
import sys
import threading
import time
from types import TracebackType
from typing import Self

from monitor.audio.child_program import child_command
from monitor.errors import AuscultError
from monitor.log import get_logger
from monitor.serve.address import Address, listening_socket
from monitor.serve.counts import Counts
from monitor.serve.feed import Feed
from monitor.serve.process.child import ASK_S, Child
from monitor.serve.process.frames import Pulse, ServerSetup, frame
from monitor.serve.process.relay import Relay
from monitor.serve.senders.sender import BackOff, Tell

__all__ = ["ServerProcess"]

logger = get_logger(__name__)

PROGRAM = "monitor.serve.process.program"
TITLE = "server"
START_S = 30.0
"""Seconds after which a person is told that it does not answer yet."""
STOP_S = 5.0
"""Longest wait for a process that neither reads nor uses processor time."""
STEADY_S = 60.0
"""Seconds after which a process that ends is started again without a longer wait."""


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
    tell : Tell
        Takes what a person must know.
    command : list of str or None
        What to start; None for the program. A test passes its own.
    back_off : BackOff or None
        Between the end of a process and the start of the next.

    Attributes
    ----------
    counts : Counts
        Of all its processes that ended in order, once it has stopped.
    error : str or None
        Why it does not answer; None while it does, or is starting for the first time.
    port : int
    """

    def __init__(
        self,
        feed: Feed,
        listening: socket.socket,
        *,
        loopback: bool,
        token: str | None = None,
        tell: Tell,
        command: list[str] | None = None,
        back_off: BackOff | None = None,
    ) -> None:
        self.counts = Counts()
        self.error: str | None = None
        host, self.port = listening.getsockname()[:2]
        self._address = Address(host, self.port)
        self._feed, self._listening, self._loopback, self._token = feed, listening, loopback, token
        self._tell = tell
        self._command = command or child_command(PROGRAM)
        self._back_off = BackOff() if back_off is None else back_off
        self._relay = Relay(feed)
        self._stopping = threading.Event()
        self._child: Child | None = None
        self._thread = threading.Thread(target=self._run, name="auscult-serve-relay")

    def start(self) -> None:
        """Begin, and do not wait: until the process answers, clients that connect are kept.

        Raises
        ------
        AuscultError
            If it cannot be started.
        """
        try:
            self._child = Child(self._command, self._listening, self._relay.told)
        except OSError as error:
            raise AuscultError(f"the server cannot start: {error.strerror or error}", "leave out --serve") from error
        self._thread.start()

    def stop(self) -> None:
        """Let the process have the last that happened, and end it. Twice is safe."""
        self._stopping.set()
        self._relay.told()
        if self._thread.ident is not None:
            child = self._child
            if child is not None and not child.wait_for(self._told_all, STOP_S):  # the process does not read
                child.kill()
            self._thread.join(STOP_S)
        if (child := self._child) is not None:
            self._end(child)
        self._listening.close()

    def _told_all(self, timeout_s: float) -> bool:
        """Wait until the process has taken the last that happened; return whether it has."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        """Tell a process what is new, and the next one where it ends, until the end."""
        began = time.monotonic()
        try:
            while (child := self._child) is not None:
                self._keep_up(child)
                if self._stopping.is_set():
                    return
                if time.monotonic() > began + STEADY_S:
                    self._back_off.reset()
                self._end(child)
                self._begin_again()
                began = time.monotonic()
        except Exception as error:  # the top of a thread
            logger.warning("the server failed", exc_info=True)
            self._fail(f"failed and is not used any more: {error!r}")

    def _keep_up(self, child: Child) -> None:
        """Tell a process all that is kept, then what is new, until it ends or the run does."""
        ask_at = time.monotonic()
        late_at = ask_at + START_S
        try:
            child.send(frame(self._setup(child.pid)))
            child.send(frame(self._relay.pulse() or Pulse()))
            while not child.over:
                if child.answers:
                    self._listening.close()  # so that a port whose server has died refuses
                    self._succeed()
                elif time.monotonic() > late_at:
                    self._fail(f"has not answered for {START_S:.0f} s")
                last = self._stopping.is_set()
                pulse, now = self._relay.pulse(last=last), time.monotonic()
                if now >= ask_at:
                    ask_at, pulse = now + ASK_S, (pulse or Pulse())._replace(asks=True)
                if pulse is not None:
                    child.send(frame(pulse))
                if last:
                    return
                self._relay.wait()
        except OSError:
            logger.debug("the process of the server does not read any more", exc_info=True)

    def _begin_again(self) -> None:
        """Start another process at the same address, after a while; do nothing when the run ends first."""
        while not self._stopping.wait(self._back_off.next_s()):
            try:
                self._listening = listening_socket(self._address)
                self._relay.begin_again()
                self._child = Child(self._command, self._listening, self._relay.told)
            except (OSError, ValueError) as error:
                self._listening.close()
                self._fail(str(error))
            else:
                return

    def _end(self, child: Child) -> None:
        """End a process; add what it counted, and tell where it did not end in order. Once for each."""
        child.stop()
        self._child = None
        self._listening.close()
        for field in dataclasses.fields(Counts):
            counted = getattr(self.counts, field.name) + getattr(child.counts, field.name)
            setattr(self.counts, field.name, counted)
        if child.trouble is not None:
            self._fail(child.trouble if self._stopping.is_set() else f"{child.trouble}, it is started again")

    def _fail(self, reason: str) -> None:
        """Tell why it does not answer, once for each reason in a row."""
        if reason != self.error:
            self._tell(TITLE, reason)
        self.error = reason

    def _succeed(self) -> None:
        """Tell that it answers again, if it did not."""
        if self.error is not None:
            self._tell(TITLE, "answers again", over=True)
        self.error = None

    def _setup(self, pid: int) -> ServerSetup:
        """Return what a process is told first."""
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

    def __enter__(self) -> Self:
        """Begin."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End."""
        self.stop()

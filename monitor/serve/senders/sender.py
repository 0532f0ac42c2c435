"""A thread that follows a feed and sends what it hears, and the back-off that all senders share.

Nothing waits for it: what cannot be sent waits in a bounded :class:`~monitor.serve.senders.outbox.Outbox`. It is a
daemon, against the rule: looking up a name cannot be interrupted, and it keeps nothing that could be lost.
"""

from __future__ import annotations

import abc
import collections
import socket
import ssl
import threading
import time
from types import TracebackType
from typing import Protocol, Self

from monitor.log import get_logger
from monitor.serve.feed import FedLine, Feed
from monitor.serve.senders.messages import RunState
from monitor.serve.senders.outbox import Message, Outbox
from monitor.text.json_lines import json_line

__all__ = ["ANSWER_S", "BackOff", "Sender", "Tell", "reason_of"]

logger = get_logger(__name__)

ANSWER_S = 5.0
"""Seconds in which another computer must answer."""
STOP_S = 1.0
"""Seconds at the end in which what waits may still be sent."""
JOIN_S = 0.5
CERTIFICATE = "its certificate is not trusted ({}); {}"
NAME_STEP = "write the address with a name that the certificate has"
TRUST_STEP = "--ca-file names a certificate to trust"
CERTIFICATE_STEPS = {10: "it must be renewed", 62: NAME_STEP, 64: NAME_STEP}
"""By OpenSSL's number of the fault: expired, another host name, another IP address."""


class Tell(Protocol):
    """Takes what a person must know of a sender; called on any thread."""

    def __call__(self, title: str, text: str, *, over: bool = False) -> None:
        """Tell one line; ``over`` where the trouble of this sender has ended."""


class BackOff:
    """Seconds to wait before the next attempt: doubled after each, up to a limit.

    Parameters
    ----------
    first_s, longest_s : float

    Examples
    --------
    >>> waits = BackOff(1.0, 5.0)
    >>> [waits.next_s() for _ in range(4)]
    [1.0, 2.0, 4.0, 5.0]
    >>> waits.reset()
    >>> waits.next_s()
    1.0
    """

    def __init__(self, first_s: float = 1.0, longest_s: float = 60.0) -> None:
        self._first_s, self._longest_s = first_s, longest_s
        self._wait_s = first_s

    def next_s(self) -> float:
        """Return the next wait."""
        wait_s, self._wait_s = self._wait_s, min(2 * self._wait_s, self._longest_s)
        return wait_s

    def reset(self) -> None:
        """Begin again, after an attempt that succeeded."""
        self._wait_s = self._first_s


def reason_of(error: Exception) -> str:
    """Return why another computer could not be reached, in words.

    Examples
    --------
    >>> reason_of(ConnectionRefusedError(111, "Connection refused"))
    'nothing answers there (connection refused)'
    """
    if isinstance(error, ssl.SSLCertVerificationError):
        step = CERTIFICATE_STEPS.get(error.verify_code, TRUST_STEP)
        return CERTIFICATE.format(error.verify_message.rstrip("."), step)
    if isinstance(error, ssl.SSLError):
        return f"no TLS connection ({(getattr(error, 'reason', None) or str(error)).lower().replace('_', ' ')})"
    if isinstance(error, socket.gaierror):
        return "no such host"
    if isinstance(error, ConnectionRefusedError):
        return "nothing answers there (connection refused)"
    if isinstance(error, TimeoutError):
        return f"no answer within {ANSWER_S:.0f} s"
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__).lower()


class Sender(abc.ABC):
    """Follows a feed on a thread of its own; the base of all senders.

    Parameters
    ----------
    feed : Feed
    title : str
        What it is called where a person is told, such as ``"MQTT broker:1883"``.
    tell : Tell
    limit : int
        Messages that wait at most.
    back_off : BackOff or None
        Between attempts.

    Attributes
    ----------
    sent : int
        Messages that arrived.
    outbox : Outbox
        To be read when it has stopped.
    """

    def __init__(self, feed: Feed, title: str, tell: Tell, *, limit: int, back_off: BackOff | None = None) -> None:
        self.sent, self.outbox = 0, Outbox(limit)
        self._feed, self._title, self._tell = feed, title, tell
        self._back_off = BackOff() if back_off is None else back_off
        self._states: collections.defaultdict[str | None, RunState] = collections.defaultdict(RunState)
        self._number = 0
        self._trouble: str | None = None
        self._wake, self._stopping, self._settled = threading.Event(), threading.Event(), threading.Event()
        self._end_at = float("inf")
        self._thread = threading.Thread(
            target=self._guarded, name=f"auscult-{title.split(maxsplit=1)[0].lower()}", daemon=True
        )

    def start(self, settle_s: float = 0.0) -> None:
        """Begin; wait so long for the first attempt to succeed or fail, so that it is told before the screen opens."""
        self._feed.follow(self._wake.set)
        self._thread.start()
        self._settled.wait(settle_s)

    def ask_to_stop(self) -> None:
        """Let it send what waits, for a second at most, and end; do not wait. Twice is safe."""
        if not self._stopping.is_set():
            self._end_at = time.monotonic() + STOP_S
            self._stopping.set()
            self._wake.set()

    def stop(self) -> None:
        """Stop it, and wait for its end. Twice is safe."""
        self.ask_to_stop()
        if self._thread.ident is not None:
            self._thread.join(STOP_S + JOIN_S)

    def sentence(self) -> str | None:
        """Return what a person should know at the end; None where all arrived."""
        lost = self.outbox.dropped + len(self.outbox)
        if not lost:
            return None
        return f"{self._title}: {self.sent} message{'s' if self.sent != 1 else ''} sent, {lost} not"

    def __enter__(self) -> Self:
        """Begin."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End."""
        self.stop()

    @property
    def _out_of_time(self) -> bool:
        """Whether it must end now, whatever waits."""
        return time.monotonic() >= self._end_at

    def _guarded(self) -> None:
        """Run; an error of ours ends this sender and nothing else."""
        try:
            self._run()
        except Exception as error:  # the top of a thread
            logger.warning("%s failed", self._title, exc_info=True)
            self._tell(self._title, f"failed and is not used any more: {error}")
        finally:
            self._settled.set()

    @abc.abstractmethod
    def _run(self) -> None:
        """Send until told to stop."""

    def _wanted(self, event: dict[str, object], line: FedLine) -> bool:
        """Return whether an event is sent."""
        return True

    def _take(self) -> None:
        """Take the new lines of the feed; those that it has not kept count as dropped."""
        self._wake.clear()
        for line in self._feed.after(self._number):
            self.outbox.dropped += line.number - self._number - 1
            self._number = line.number
            for event in self._states[line.stream].take(line):
                if self._wanted(event, line):
                    self.outbox.put(Message(self._feed.line_id(line.number), json_line(event), line.stream))

    def _failed(self, reason: str) -> None:
        """Tell why nothing arrives, once for each reason in a row."""
        if reason != self._trouble:
            self._tell(self._title, reason)
        self._trouble = reason
        self._settled.set()

    def _succeeded(self) -> None:
        """Tell that it arrives again, if it did not."""
        self._back_off.reset()
        if self._trouble is not None:
            dropped = f", {self.outbox.dropped} messages dropped" if self.outbox.dropped else ""
            self._tell(self._title, f"connected again{dropped}", over=True)
        self._trouble = None
        self._settled.set()

    def _pause(self) -> None:
        """Wait before the next attempt, and go on listening to the feed."""
        until = time.monotonic() + self._back_off.next_s()
        while not self._stopping.is_set() and (left_s := until - time.monotonic()) > 0:
            self._wake.wait(left_s)
            self._take()

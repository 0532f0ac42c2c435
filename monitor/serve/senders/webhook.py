"""A run on a webhook: a POST request for each change of verdict or of an input, and for the ends of a source.

Signed, where a secret is given, by the scheme of https://www.standardwebhooks.com: receivers have libraries for it.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import hmac
import http.client
import ssl
import time

from monitor._version import __version__
from monitor.serve.feed import FedLine, Feed
from monitor.serve.senders.outbox import Message
from monitor.serve.senders.sender import ANSWER_S, BackOff, Sender, Tell, reason_of
from monitor.serve.senders.targets import WebhookTarget

__all__ = ["WebhookSender", "signature"]

LIMIT = 100
"""Events that wait for an address that does not answer."""
WANTED = ("start", "verdict", "device", "overload", "summary")
"""Changes of verdict or state; marks and notes are not sent."""
TRY_AGAIN = (408, 425, 429)
"""Answers that ask for another attempt, besides those from 500 on."""
PREFIX = "whsec_"


def signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """Return the signature of a request: ``v1,`` and the HMAC-SHA256 of id, time and body in base64.

    Parameters
    ----------
    secret : str
        ``whsec_`` and base64, or any text, whose UTF-8 bytes are the key.
    message_id : str
    timestamp : int
        Seconds since 1970.
    body : bytes

    Examples
    --------
    >>> signature("secret", "msg_1", 1700000000, b"{}")
    'v1,A5oIrJxXPB/PkULSoVu0e4khvPiqpF9vljmhkSKg0FI='
    """
    key = secret.encode()
    if secret.startswith(PREFIX):
        with contextlib.suppress(binascii.Error, ValueError):  # not in base64: the key is the whole text
            key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    signed = b".".join((message_id.encode(), str(timestamp).encode(), body))
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


class WebhookSender(Sender):
    """Posts the events of a run, one after the other.

    Parameters
    ----------
    feed : Feed
    target : WebhookTarget
    tell : Tell
    secret : str or None
        Signs every request.
    trust : ssl.SSLContext or None
        Checks the certificate; needed for ``https``.
    limit : int
        Events that wait at most.
    back_off : BackOff or None
        Between attempts.
    """

    def __init__(
        self,
        feed: Feed,
        target: WebhookTarget,
        tell: Tell,
        *,
        secret: str | None = None,
        trust: ssl.SSLContext | None = None,
        limit: int = LIMIT,
        back_off: BackOff | None = None,
    ) -> None:
        super().__init__(feed, f"Webhook {target}", tell, limit=limit, back_off=back_off)
        self._target, self._secret, self._trust = target, secret, trust
        self._devices: dict[str | None, object] = {}  # the state of each that was told last

    def _wanted(self, event: dict[str, object], line: FedLine) -> bool:
        """Return whether an event is a change of verdict or state; of a device only its state is one."""
        if event["type"] == "device":
            state = self._states[line.stream].values["device"]
            changed: bool = state != self._devices.get(line.stream)
            self._devices[line.stream] = state
            return changed
        return event["type"] in WANTED

    def _run(self) -> None:
        """Post until told to stop, and what waits then, without another attempt."""
        while True:
            stopping = self._stopping.is_set()  # before the last lines are taken
            self._take()
            while not self._out_of_time and (message := self.outbox.take()) is not None:
                if not self._posted(message):
                    self.outbox.put_back([message])
                    break
            if stopping:
                return
            if self.outbox:
                self._pause()
            else:
                self._wake.wait()

    def _posted(self, message: Message) -> bool:
        """Post a message; return whether it is done with: it arrived, or no attempt would help."""
        try:
            status = self._status(message)
        except (OSError, http.client.HTTPException) as error:
            self._failed(f"{reason_of(error)}; trying again")
            return False
        if status >= http.HTTPStatus.INTERNAL_SERVER_ERROR or status in TRY_AGAIN:
            self._failed(f"it answers {_status_text(status)}; trying again")
            return False
        if status >= http.HTTPStatus.MULTIPLE_CHOICES:
            self._failed(f"it answers {_status_text(status)}: not sent again; is the address right?")
            self.outbox.dropped += 1
            return True
        self.sent += 1
        self._succeeded()
        return True

    def _status(self, message: Message) -> int:
        """Post a message over a connection of its own; return the status of the answer.

        Raises
        ------
        OSError, http.client.HTTPException
            If there is no answer.
        """
        target = self._target
        timeout_s = min(ANSWER_S, max(0.1, self._end_at - time.monotonic()))
        connection = (
            http.client.HTTPSConnection(target.host, target.port, timeout=timeout_s, context=self._trust)
            if target.tls
            else http.client.HTTPConnection(target.host, target.port, timeout=timeout_s)
        )
        body = message.text.encode("ascii")
        with contextlib.closing(connection):
            connection.request("POST", target.path, body, self._headers(message, body))
            return connection.getresponse().status

    def _headers(self, message: Message, body: bytes) -> dict[str, str]:
        """Return the headers of a request; the id is the same at each attempt."""
        timestamp = int(time.time())
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"auscult/{__version__}",
            "Webhook-Id": message.name,
            "Webhook-Timestamp": str(timestamp),
        }
        if self._secret is not None:
            headers["Webhook-Signature"] = signature(self._secret, message.name, timestamp, body)
        if self._target.user is not None:
            credentials = f"{self._target.user}:{self._target.password or ''}".encode()
            headers["Authorization"] = f"Basic {base64.b64encode(credentials).decode()}"
        return headers


def _status_text(status: int) -> str:
    """Return a status with its name."""
    try:
        return f"{status} ({http.HTTPStatus(status).phrase.lower()})"
    except ValueError:
        return str(status)

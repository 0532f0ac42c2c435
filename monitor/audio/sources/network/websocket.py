"""WebSocket: connects to a server, and hears the binary messages that it sends. No other file imports websockets.

A backend as a device's watchdog uses it (:mod:`monitor.audio.sources.device.backend`). Certificates of ``wss://`` are
verified as the system's are. Connecting takes at most `OPEN_S`; each connection has a thread that reads it.
"""

from __future__ import annotations

import contextlib
import ssl
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from monitor.audio.sources.device.elapsed_time import elapsed_s
from monitor.audio.sources.device.portaudio import BlockCallback
from monitor.audio.sources.device.selection import DeviceInfo
from monitor.audio.sources.network.address import NetworkAddress
from monitor.audio.sources.network.backend import NetworkBackend
from monitor.audio.sources.network.frame import HEADER_BYTES, MAX_SOUND_BYTES, MalformedError
from monitor.audio.sources.network.receiver import PaceError, Receiver
from monitor.audio.sources.network.troubles import Troubles
from monitor.errors import DeviceError, check_installed
from monitor.log import get_logger

if TYPE_CHECKING:
    from websockets.exceptions import ConnectionClosed
    from websockets.sync.client import ClientConnection

__all__ = ["WebSocketBackend", "WebSocketStream"]

logger = get_logger(__name__)

OPEN_S = 3.0
CLOSE_S = 0.5
POLL_S = 0.2
MAX_TEXTS = 1000
"""Text messages without sound in between after which a server is given up; a few, such as a greeting, are left out."""
BROKEN_CODES = {1002: "frames that break the protocol", 1007: "a text that is not UTF-8", 1009: "a message too large"}
"""Codes with which the connection is closed from here, and what came; RFC 6455, section 7.4."""


class WebSocketStream:
    """One connection, and the thread that reads it.

    Parameters
    ----------
    connection : websockets.sync.client.ClientConnection
    kept : contextlib.ExitStack
        Closes the connection.
    receiver : Receiver
    name : str
        Of the input.
    troubles : Troubles

    Attributes
    ----------
    active : bool
        Whether more may come.
    failure : DeviceError or None
        Why it ended by itself.
    """

    latency_s = 0.0

    def __init__(
        self,
        connection: ClientConnection,
        kept: contextlib.ExitStack,
        receiver: Receiver,
        name: str,
        troubles: Troubles,
    ) -> None:
        self._connection, self._kept, self._receiver = connection, kept, receiver
        self._name, self._troubles = name, troubles
        self._texts = 0
        self.active = True
        self.failure: DeviceError | None = None
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="auscult-network")
        self._thread.start()

    def close(self) -> None:
        """End the connection and its thread. Twice is safe."""
        self.active = False
        self._closing.set()
        if self._thread is not threading.current_thread():
            self._thread.join(timeout=POLL_S + 2 * CLOSE_S + 1.0)

    def _run(self) -> None:
        """Read until closed, from either side."""
        from websockets.exceptions import ConnectionClosed

        try:
            while not self._closing.is_set():
                with contextlib.suppress(TimeoutError):
                    self._take(self._connection.recv(timeout=POLL_S))
        except ConnectionClosed as error:
            self._closed(error)
        except MalformedError as error:
            self._refuse("malformed", str(error), error.next_step)
        except PaceError as error:
            self._refuse("pace", str(error), "give the sender's rate= and format= in the address")
        except Exception as error:  # a thread's top: told as why the connection ended
            logger.warning("%s: reading failed", self._name, exc_info=True)
            self.failure = DeviceError(f"{self._name}: the connection broke ({error})", "check the network")
        self.active = False
        with contextlib.suppress(Exception):  # what is closed anyway need not say good-bye
            self._kept.close()

    def _take(self, message: str | bytes) -> None:
        """Pass on a message."""
        if isinstance(message, bytes):
            self._texts = 0
            self._receiver.push(message)
            return
        self._texts += 1
        self._troubles.add("text")
        if self._texts > MAX_TEXTS:
            raise MalformedError("only text messages come", "let the server send binary messages")

    def _closed(self, error: ConnectionClosed) -> None:
        """Note why the connection was closed."""
        sent = error.sent
        if sent is not None and sent.code in BROKEN_CODES and not error.rcvd_then_sent:
            what = BROKEN_CODES[sent.code]
            step = f"a message may hold {MAX_SOUND_BYTES} bytes of sound" if sent.code == 1009 else "check the server"
            self._refuse("malformed", f"{what} came", step)
            return
        self.failure = DeviceError(f"{self._name}: the server closed the connection", "switch it on again")

    def _refuse(self, kind: str, why: str, step: str) -> None:
        """Give up a server that sends no sound."""
        self._troubles.add("pace" if kind == "pace" else "malformed", f"the connection was ended: {why}")
        self.failure = DeviceError(f"{self._name}: {why}", step)


class WebSocketBackend(NetworkBackend):
    """Connects to a server.

    Parameters
    ----------
    address : NetworkAddress
    clock : callable
        Monotonic seconds.

    Attributes
    ----------
    troubles : Troubles
        What was refused or repaired.

    Raises
    ------
    MissingExtraError
        If the package websockets is not installed.
    """

    host_api = "WebSocket"

    def __init__(self, address: NetworkAddress, clock: Callable[[], float] = elapsed_s) -> None:
        check_installed("websockets", f"--device {address.scheme}://", "network")
        super().__init__(address, clock)

    def open(
        self, device: DeviceInfo, channels: int, sample_rate: int, latency_s: float, on_block: BlockCallback
    ) -> WebSocketStream:
        """Connect, and begin to hear the server.

        Raises
        ------
        DeviceError
            If it cannot be connected to; with the reason.
        """
        from websockets.exceptions import WebSocketException
        from websockets.sync.client import connect

        kept = contextlib.ExitStack()
        try:
            connection = kept.enter_context(
                connect(
                    self._address.url,
                    compression=None,
                    proxy=None,
                    open_timeout=OPEN_S,
                    close_timeout=CLOSE_S,
                    ping_interval=None,  # silence is noticed by the watchdog
                    max_size=MAX_SOUND_BYTES + HEADER_BYTES,
                )
            )
        except (OSError, WebSocketException, ValueError) as error:
            raise DeviceError(f"{device.name}: {_why(error)}", _advice(error)) from error
        receiver = Receiver(self._address.raw, on_block, self.troubles, messages=True, clock=self._clock)
        return WebSocketStream(connection, kept, receiver, device.name, self.troubles)

    def restart(self) -> None:
        """Do nothing: every attempt begins again."""

    def close(self) -> None:
        """Do nothing: the stream is all that is open."""


def _why(error: Exception) -> str:
    """Return in words why a connection failed."""
    from websockets.exceptions import InvalidHandshake, InvalidStatus, InvalidURI

    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({error.verify_message})"
    if isinstance(error, ssl.SSLError):
        return f"it does not speak TLS as it should ({error.reason or error})"
    if isinstance(error, InvalidStatus):
        return f"it answers with HTTP status {error.response.status_code}, not as a WebSocket"
    if isinstance(error, InvalidURI):
        return "the address cannot be used"
    if isinstance(error, TimeoutError):
        return f"it does not answer within {OPEN_S:g} s"
    if isinstance(error, OSError):
        return f"it cannot be reached ({error.strerror or error})"
    return (
        "it does not answer as a WebSocket" if isinstance(error, InvalidHandshake) else f"it cannot be heard: {error}"
    )


def _advice(error: Exception) -> str:
    """Return what helps where a connection failed."""
    from websockets.exceptions import InvalidStatus

    if isinstance(error, ssl.SSLCertVerificationError):
        return "name the server as its certificate does, or its own authority's file in SSL_CERT_FILE"
    if isinstance(error, ssl.SSLError):
        return "use ws:// where there is no TLS"
    if isinstance(error, InvalidStatus) and error.response.status_code in (401, 403):
        return "it wants a user and a password, or another address"
    return "check that it is switched on, in the same network, and the address; --wait-for-device waits for it"

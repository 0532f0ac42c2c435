"""Raw TCP: listens, and hears one sender at a time; others are refused. Standard library alone.

A backend as a device's watchdog uses it (:mod:`monitor.audio.sources.device.backend`): opening means taking the sender
that has connected. One thread accepts, reads and closes; what comes never waits for anything else.
"""

from __future__ import annotations

import errno
import os
import selectors
import socket
import threading
from collections.abc import Callable

from monitor.audio.sources.device.elapsed_time import elapsed_s
from monitor.audio.sources.device.portaudio import BlockCallback
from monitor.audio.sources.device.selection import DeviceInfo
from monitor.audio.sources.network.address import NetworkAddress
from monitor.audio.sources.network.backend import NetworkBackend
from monitor.audio.sources.network.frame import MalformedError
from monitor.audio.sources.network.receiver import PaceError, Receiver
from monitor.errors import DeviceError
from monitor.log import get_logger

__all__ = ["TcpBackend", "TcpStream"]

logger = get_logger(__name__)

POLL_S = 0.1
READ_BYTES = 65_536
BACKLOG = 128
QUIET_S = 1.0
"""Seconds after which a sender that says nothing gives way to a new one: it may be the same after a restart."""


class TcpStream:
    """One sender.

    Attributes
    ----------
    active : bool
        Whether more may come; False as soon as the sender has gone or was sent away.
    failure : DeviceError or None
        Why it ended.
    """

    latency_s = 0.0

    def __init__(self, connection: socket.socket, peer: str, now_s: float) -> None:
        self.connection, self.peer = connection, peer
        self.heard_s = now_s
        self.receiver: Receiver | None = None  # once it is opened
        self.active = True
        self.failure: DeviceError | None = None

    def close(self) -> None:
        """Let the thread close the connection. Twice is safe."""
        self.active = False


class TcpBackend(NetworkBackend):
    """Listens for a sender.

    Parameters
    ----------
    address : NetworkAddress
    clock : callable
        Monotonic seconds.

    Attributes
    ----------
    troubles : Troubles
        What was refused or repaired.
    port : int
        The port that is listened on.

    Raises
    ------
    DeviceError
        If the address cannot be listened on.
    """

    host_api = "TCP"

    def __init__(self, address: NetworkAddress, clock: Callable[[], float] = elapsed_s) -> None:
        super().__init__(address, clock)
        self._stream: TcpStream | None = None  # the newest one
        self._reading: TcpStream | None = None  # that of which bytes are read
        self._leaving: list[TcpStream] = []  # to be closed
        self._listener = _listen(address)
        self.port: int = self._listener.getsockname()[1]
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="auscult-network")

    def open(
        self, device: DeviceInfo, channels: int, sample_rate: int, latency_s: float, on_block: BlockCallback
    ) -> TcpStream:
        """Begin to hear the sender that has connected.

        Raises
        ------
        DeviceError
            If none has.
        """
        if self._thread.ident is None:
            self._thread.start()
        stream = self._stream
        if stream is None or not stream.active or stream.receiver is not None:
            raise DeviceError(f"{device.name}: no sender is connected")
        stream.receiver = Receiver(self._address.raw, on_block, self.troubles, clock=self._clock)
        return stream

    def restart(self) -> None:
        """Do nothing: a sender that connects is always seen."""

    def close(self) -> None:
        """Stop listening, and end every connection. Twice is safe."""
        self._stopping.set()
        if self._thread.ident is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout=5.0)
        self._listener.close()

    def _run(self) -> None:
        """Accept and read until stopped."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._listener, selectors.EVENT_READ)
            while not self._stopping.is_set():
                self._update(selector)
                for key, _ in selector.select(POLL_S):
                    if key.fileobj is self._listener:
                        for _ in range(BACKLOG):
                            if not self._accept():
                                break
                    elif self._reading is not None:
                        self._read(self._reading)
        for stream in filter(None, (self._stream, *self._leaving)):
            stream.active = False
            stream.connection.close()

    def _update(self, selector: selectors.BaseSelector) -> None:
        """Stop reading and close what has ended; begin to read what was opened."""
        if self._reading is not None and not self._reading.active:
            selector.unregister(self._reading.connection)
            self._reading = None
        stream = self._stream
        if stream is not None and not stream.active:
            self._leaving.append(stream)
            self._stream = stream = None
        while self._leaving:
            self._leaving.pop().connection.close()
        if stream is not None and self._reading is None and stream.receiver is not None:
            selector.register(stream.connection, selectors.EVENT_READ)
            self._reading = stream

    def _accept(self) -> bool:
        """Take a connection, or refuse it while another sender is heard; False where there is none."""
        try:
            connection, peer = self._listener.accept()
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE):
                self._stopping.wait(POLL_S)
            return False
        name = peer[0] if peer else "an unknown address"
        connection.setblocking(False)
        now_s, stream = self._clock(), self._stream
        if stream is not None and stream.active:
            if now_s - stream.heard_s < QUIET_S:
                self.troubles.add("refused", f"{name} was refused: another sender is heard")
                connection.close()
                return True
            self._end(stream, DeviceError(f"{self._address.name}: another sender took the place of a silent one"))
        if stream is not None:
            self._leaving.append(stream)
        logger.info("%s: %s connected", self._address.name, name)
        self._stream = TcpStream(connection, name, now_s)
        return True

    def _read(self, stream: TcpStream) -> None:
        """Pass on what a sender has sent; end its connection where that is no sound."""
        receiver = stream.receiver
        if receiver is None or not stream.active:
            return
        name = self._address.name
        try:
            data = stream.connection.recv(READ_BYTES)
            if not data:
                self._end(stream, DeviceError(f"{name}: the sender closed the connection", "switch it on again"))
                return
            stream.heard_s = self._clock()
            receiver.push(data)
        except (BlockingIOError, InterruptedError):
            return
        except MalformedError as error:
            self.troubles.add("malformed", f"{stream.peer} was sent away: {error}")
            self._end(stream, DeviceError(f"{name}: {error}", error.next_step))
        except PaceError as error:
            self.troubles.add("pace", f"{stream.peer} was sent away: {error}")
            self._end(stream, DeviceError(f"{name}: {error}", "give the sender's rate= and format= in the address"))
        except OSError as error:
            self._end(stream, DeviceError(f"{name}: the connection broke ({error.strerror})", "check the network"))

    def _end(self, stream: TcpStream, failure: DeviceError) -> None:
        """Give up a sender."""
        stream.failure = failure
        stream.active = False


def _listen(address: NetworkAddress) -> socket.socket:
    """Return a socket that listens, or raise."""
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise DeviceError(
            f"{address.name}: {address.host} is not known here", "listen on 127.0.0.1, or on 0.0.0.0 for the network"
        ) from error
    try:
        if os.name == "posix":  # a port whose last connection has just ended; elsewhere it would share the port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(place)
        listener.listen(BACKLOG)
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        raise DeviceError(f"{address.name}: cannot be listened on ({error.strerror})", _advice(error)) from error
    return listener


def _advice(error: OSError) -> str:
    """Return what helps where a port cannot be listened on."""
    if error.errno == errno.EADDRINUSE:
        return "another program listens there: end it, or choose another port"
    if error.errno in (errno.EACCES, errno.EPERM):
        return "choose a port from 1024 on"
    if error.errno == errno.EADDRNOTAVAIL:
        return "tcp:// listens, on an address of this computer: 127.0.0.1, or 0.0.0.0 for the network"
    return "choose another port"

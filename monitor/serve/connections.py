"""The connections of a server, each with limits: to their number, to the time and size of a request, to what waits.

The protocols are those of uvicorn with these limits. Belongs to the server's thread.
"""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from monitor.serve.counts import Counts

__all__ = ["MAX_CONNECTIONS", "REQUEST_S", "Connections"]

MAX_CONNECTIONS = 512
REQUEST_S = 10.0
"""Seconds that the head of a request may take."""
PART_BYTES = 4096
SEND_BUFFER_BYTES = 2**16
"""Of the system, which would take megabytes for a client that does not read, and hide that from us."""
MAX_WAITING_BYTES = 2**20
"""Bytes that may wait for a client which does not read, such as the answers to a flood of pings."""


class Connections:
    """Knows the transport of every client, so that one which does not read can be cut off at once.

    Parameters
    ----------
    counts : Counts
    request_s : float
        Seconds that the head of a request may take.
    max_connections : int

    Attributes
    ----------
    http, websocket : type
        Protocols for uvicorn.
    """

    def __init__(self, counts: Counts, *, request_s: float = REQUEST_S, max_connections: int = MAX_CONNECTIONS) -> None:
        self.counts, self.request_s, self.max_connections = counts, request_s, max_connections
        self._open: dict[Any, asyncio.Transport] = {}
        self.http, self.websocket = _protocols(self)

    def add(self, transport: asyncio.Transport) -> bool:
        """Keep a connection; return whether there is room for it."""
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        self._open[transport.get_extra_info("peername")[:2]] = transport
        return len(self._open) <= self.max_connections

    def remove(self, transport: asyncio.Transport) -> None:
        """Forget a connection. Twice is safe."""
        peer = transport.get_extra_info("peername")
        if peer is not None:
            self._open.pop(peer[:2], None)

    def abort(self, client: tuple[str, int]) -> None:
        """Cut off a client without waiting for what it has not read."""
        transport = self._open.pop(tuple(client), None)
        if transport is not None:
            transport.abort()

    def refuse(self, transport: asyncio.Transport) -> None:
        """Cut off a client whose request is refused."""
        self.counts.refused += 1
        transport.abort()

    def abort_all(self) -> None:
        """Cut off everybody."""
        for transport in list(self._open.values()):
            transport.abort()


def _protocols(connections: Connections) -> tuple[type[H11Protocol], type[WebSocketsSansIOProtocol]]:
    """Return uvicorn's protocols with the limits of some connections."""

    class LimitedHttp(H11Protocol):
        """HTTP whose requests must arrive in time."""

        _deadline: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            if connections.add(transport):
                self._wait()
            else:
                connections.refuse(transport)

        def connection_lost(self, exc: Exception | None) -> None:
            self._no_longer_waits()
            connections.remove(self.transport)
            super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            for at in range(0, len(data), PART_BYTES):  # the limit to a head holds for what arrives at once, too
                if self.transport.get_protocol() is not self or self.transport.is_closing():
                    break
                super().data_received(data[at : at + PART_BYTES])
            idle = self.cycle is None or self.cycle.response_complete
            if self.transport.get_protocol() is self and idle and not self.transport.is_closing():
                self._wait()
            else:
                self._no_longer_waits()

        def on_response_complete(self) -> None:
            super().on_response_complete()
            if self.conn.their_state is h11.SEND_BODY:  # the rest of a body that no one wanted
                self.transport.close()

        def send_400_response(self, msg: str) -> None:
            connections.counts.refused += 1
            super().send_400_response(msg)

        def _wait(self) -> None:
            if self._deadline is None:
                self._deadline = self.loop.call_later(connections.request_s, self._too_slow)

        def _no_longer_waits(self) -> None:
            if self._deadline is not None:
                self._deadline.cancel()
                self._deadline = None

        def _too_slow(self) -> None:
            connections.refuse(self.transport)

    class LimitedWebSocket(WebSocketsSansIOProtocol):
        """A WebSocket whose client must read."""

        def connection_lost(self, exc: Exception | None) -> None:
            connections.remove(self.transport)
            super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if self.transport.get_write_buffer_size() > MAX_WAITING_BYTES:
                connections.refuse(self.transport)

        def keepalive_timeout(self) -> None:
            connections.counts.dropped += 1
            self.transport.abort()

        def handle_parser_exception(self) -> None:
            connections.counts.refused += 1
            if self.conn.close_sent is None:  # no handshake at all
                self.transport.abort()
            else:
                super().handle_parser_exception()

    return LimitedHttp, LimitedWebSocket

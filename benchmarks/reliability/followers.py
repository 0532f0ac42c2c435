"""Clients of the server, many at once: of its events, of its WebSocket with the sound, and some that never read."""

from __future__ import annotations

import contextlib
import re
import selectors
import socket
import threading
import time
from collections import Counter
from typing import Any

__all__ = ["Followers"]

READ_BYTES = 2**18
STUCK_BYTES = 4096
STUCK_S = 60.0
"""After which the clients that never read come back: they were cut off meanwhile."""
SHORT_HEAD, LONG, LONGER, PING, PONG = 2, 126, 127, 9, 10
"""Of a WebSocket frame, RFC 6455."""
WHOLE, ONE, SOCKET = "all events", "the events of one device", "a WebSocket"
EVENTS = "GET /events{} HTTP/1.1\r\nHost: localhost\r\n\r\n"
WEBSOCKET = (
    "GET /ws{} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
EVENT_ID = re.compile(rb"^id: ([0-9a-f]+)-(\d+)\r?\ndata: ", re.MULTILINE)


class Followers:
    """Clients of the server, read by a thread of their own; the stuck ones never read, and come back when cut off.

    Three quarters of the others follow ``/events``, one of them those of a single device; a quarter ``/ws``, every
    second with the sound.

    Parameters
    ----------
    port : int
    count, stuck : int
    device : str
        Whose sound and lines are asked for.
    """

    def __init__(self, port: int, count: int, stuck: int, device: str) -> None:
        self._port = port
        self._waiting = selectors.DefaultSelector()
        self._ended = threading.Event()
        self._stuck = [self._connected(WEBSOCKET.format("?sound=1"), STUCK_BYTES) for _ in range(stuck)]
        self.windows: dict[int, int] = {}
        self.missing: Counter[int] = Counter()
        self.lost: list[tuple[float, str]] = []  # seconds after the beginning, and of which kind
        self.stuck, self._device, self._began_s = stuck, device, time.monotonic()
        self._last: dict[int, int | None] = {}
        self._run_id = ""
        self._rest: dict[int, bytes] = {}
        for index in range(count - stuck):
            self.windows[index], self._last[index] = 0, None
            self._follow(index)
        self._thread = threading.Thread(target=self._run, name="lab-followers")
        self._thread.start()

    def _connected(self, request: str, buffer: int | None = None) -> socket.socket:
        client = socket.socket()
        if buffer is not None:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        client.connect(("127.0.0.1", self._port))
        client.sendall(request.encode())
        return client

    def _follow(self, index: int) -> None:
        """Connect a client that reads; one that follows all events goes on after its last."""
        query = f"?device={self._device}" if index == 1 else ("?sound=1" if index % 8 == 4 else "")
        request = (WEBSOCKET if index % 4 == 0 else EVENTS).format(query)
        if self._last[index] is not None:
            request = request.replace("\r\n\r\n", f"\r\nLast-Event-ID: {self._run_id}-{self._last[index]}\r\n\r\n")
        try:
            reader = self._connected(request)
        except OSError:  # the program has ended
            return
        reader.setblocking(False)
        self._rest[index] = b""
        kind = SOCKET if index % 4 == 0 else ONE if index == 1 else WHOLE
        self._waiting.register(reader, selectors.EVENT_READ, (index, kind))

    def _run(self) -> None:
        due = time.monotonic() + STUCK_S
        while not self._ended.is_set():
            for key, _ in self._waiting.select(0.5):
                self._read(key)
            if time.monotonic() > due:
                due += STUCK_S
                self._reconnect_stuck()

    def _read(self, key: selectors.SelectorKey) -> None:
        index, kind = key.data
        assert isinstance(key.fileobj, socket.socket)
        try:
            data = key.fileobj.recv(READ_BYTES)
        except OSError:
            data = b""
        if not data:
            self._waiting.unregister(key.fileobj)
            key.fileobj.close()
            if not self._ended.is_set():
                self.lost.append((round(time.monotonic() - self._began_s, 1), kind))
                self._follow(index)
            return
        data = self._rest[index] + data
        if kind == SOCKET:
            self._rest[index] = self._pong(index, key.fileobj, data)
            return
        end = data.rfind(b"\n\n") + 2
        data, self._rest[index] = data[:end], data[end:]
        self.windows[index] += data.count(b'"type":"window"')
        if kind == WHOLE:
            found = EVENT_ID.findall(data)
            self._run_id = found[-1][0].decode() if found else self._run_id
            self._check(index, [int(number) for _, number in found])

    def _check(self, index: int, numbers: list[int]) -> None:
        """Count the events that a client that follows all of them should have got."""
        for number in numbers:
            last = self._last[index]
            if last is not None and self.windows[index] > 20:  # what comes first is no sequence
                self.missing[index] += max(0, number - last - 1)
            self._last[index] = number

    def _reconnect_stuck(self) -> None:
        """Connect again: those that do not read never learn that they were cut off."""
        for at, client in enumerate(self._stuck):
            client.close()
            with contextlib.suppress(OSError):
                self._stuck[at] = self._connected(WEBSOCKET.format("?sound=1"), STUCK_BYTES)
                self.stuck += 1

    def _pong(self, index: int, client: socket.socket, data: bytes) -> bytes:
        """Answer the pings in what a WebSocket has sent; return the rest, which is no whole frame."""
        at = 0
        if data.startswith(b"HTTP/"):
            at = data.find(b"\r\n\r\n") + 4
        while len(data) - at >= SHORT_HEAD:
            kind, length, head = data[at] & 15, data[at + 1] & 127, SHORT_HEAD
            if length == LONG:
                length, head = int.from_bytes(data[at + 2 : at + 4], "big"), SHORT_HEAD + 2
            elif length == LONGER:
                length, head = int.from_bytes(data[at + 2 : at + 10], "big"), SHORT_HEAD + 8
            if len(data) < at + head + length:
                break
            payload = data[at + head : at + head + length]
            if kind == PING:
                client.send(bytes([0x80 | PONG, 0x80 | len(payload), 0, 0, 0, 0]) + payload)  # masked with zeros
            self.windows[index] += payload.startswith(b'{"type":"window"')
            at += head + length
        return data[at:]

    def values(self) -> dict[str, Any]:
        """Return what they received."""
        every = [count for index, count in self.windows.items() if index != 1]
        return {
            "connections_lost": len(self.lost),
            "lost_after_s": self.lost[:20],
            "events_missing": sum(self.missing.values()),
            "windows_least": min(every),
            "windows_most": max(every),
            "windows_of_one_device": self.windows.get(1),
            "stuck": self.stuck,
        }

    def close(self) -> None:
        """Disconnect all."""
        self._ended.set()
        self._thread.join()
        for key in list(self._waiting.get_map().values()):
            assert isinstance(key.fileobj, socket.socket)
            key.fileobj.close()
        for client in self._stuck:
            client.close()
        self._waiting.close()

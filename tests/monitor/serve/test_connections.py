"""Bad input: malformed, oversized, slow, too many; refused, counted, and everybody else is answered."""

from __future__ import annotations

import contextlib
import random
import socket
import struct

import pytest

from monitor.serve import connections

HEAD = b"GET /health HTTP/1.1\r\nHost: localhost\r\n"


@contextlib.contextmanager
def raw(client):
    """Yield a plain connection."""
    with socket.create_connection(("127.0.0.1", client.port), timeout=10) as connection:
        yield connection


def answer_to(client, data):
    """Return all that is answered until the server ends the connection."""
    with raw(client) as connection:
        with contextlib.suppress(ConnectionError):
            connection.sendall(data)
        received = b""
        with contextlib.suppress(ConnectionError):
            while part := connection.recv(65536):
                received += part
        return received


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 50 + b"\r\n\r\n",  # TLS
        b"GARBAGE\r\n\r\n",
        HEAD + b"Bad Name: x\r\n\r\n",
        HEAD + b"Host: second\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",  # no host
        HEAD + b"Content-Length: -1\r\n\r\n",
        HEAD + b"X: " + b"a" * 100_000 + b"\r\n\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n",
    ],
    ids=["tls", "garbage", "name", "hosts", "no-host", "length", "header", "path"],
)
def test_a_bad_request_is_refused_and_counted(run, served, data):
    """With an answer of its kind, and the next one is answered."""
    client = served()
    answered = answer_to(client, data)
    assert answered == b"" or answered.startswith((b"HTTP/1.1 4", b"HTTP/1.0 4")), answered[:80]
    assert client.ask("/api/snapshot")[0] == 200
    assert client.server.counts.refused == 1


def test_a_thousand_bad_requests(run, served, capsys):
    """Counted one by one; nothing is printed, and the server answers."""
    client = served()
    generator = random.Random(7)
    for _ in range(1000 // 250):
        with contextlib.ExitStack() as stack:
            opened = [stack.enter_context(raw(client)) for _ in range(250)]
            for connection in opened:
                connection.sendall(generator.randbytes(30) + b"\r\n\r\n")
            for connection in opened:
                with contextlib.suppress(ConnectionError):
                    while connection.recv(4096):
                        pass
    assert client.server.counts.refused == 1000
    assert client.ask("/api/snapshot")[0] == 200
    assert capsys.readouterr() == ("", "")


def test_a_request_that_never_ends_is_cut_off(run, served, wait_until):
    """Slow loris: a byte from time to time keeps no connection open."""
    client = served(request_s=0.3)
    with raw(client) as first, raw(client) as second, raw(client) as silent:
        first.sendall(HEAD)
        second.sendall(HEAD + b"\r\n")  # a whole request, and then the half of another
        assert second.recv(65536)
        second.sendall(HEAD)
        wait_until(lambda: client.server.counts.refused == 3)
        for connection in (first, second, silent):
            with contextlib.suppress(ConnectionError):
                while connection.recv(65536):
                    pass
    assert client.ask("/api/snapshot")[0] == 200


def test_an_unexpected_body_is_not_read(run, served):
    """The answer comes at once, and the connection ends."""
    client = served()
    answered = answer_to(client, b"POST /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000\r\n\r\nabc")
    assert answered.startswith(b"HTTP/1.1 405")


def test_there_is_a_limit_to_connections(run, served, monkeypatch, wait_until):
    """Who comes later is refused until somebody goes."""
    monkeypatch.setattr(connections.Connections.__init__, "__kwdefaults__", {"request_s": 10.0, "max_connections": 3})
    client = served()
    with raw(client), raw(client), raw(client):
        wait_until(lambda: len(client.server._connections._open) == 3)
        assert answer_to(client, HEAD) == b""
    wait_until(lambda: not client.server._connections._open)
    assert client.ask("/api/snapshot")[0] == 200
    assert client.server.counts.refused == 1


UPGRADE = (
    b"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


def masked(opcode, data, *, first=0x80):
    """Return a frame of a client."""
    length = bytes([0x80 | len(data)]) if len(data) < 126 else b"\xfe" + struct.pack(">H", len(data))
    return bytes([first | opcode]) + length + b"\0\0\0\0" + data


@pytest.mark.parametrize(
    "frame",
    [
        b"\xff" * 64,
        masked(3, b"a"),
        b"\x81\x05hello",  # not masked
        masked(1, b"a" * 5000),
        b"\x81\xff" + b"\x7f" * 8 + b"\0" * 4,  # a frame of nine exabytes
        masked(1, b"hello"),
        masked(1, b"\xff\xfe"),
    ],
    ids=["noise", "opcode", "unmasked", "large", "huge", "unwanted", "no-text"],
)
def test_a_bad_frame_ends_its_connection_alone(run, served, wait_until, frame):
    """Counted; another client of the same kind goes on."""
    client = served()
    other = client.websocket()
    assert b'"start"' in other.recv().encode()
    with raw(client) as connection, contextlib.suppress(ConnectionError):
        connection.sendall(UPGRADE)
        assert connection.recv(4096).startswith(b"HTTP/1.1 101")
        connection.sendall(frame)
        while connection.recv(4096):
            pass
    wait_until(lambda: client.server.counts.refused == 1 and client.server.counts.clients == 1)
    run.judge(5)
    assert '"index":5' in other.recv()
    other.close()


def test_a_broken_upgrade(run, served, wait_until):
    """No key, or a version that does not exist."""
    client = served()
    assert b"HTTP/1.1 4" in answer_to(client, UPGRADE.replace(b"Version: 13", b"Version: 99"))
    assert b"HTTP/1.1 4" in answer_to(client, UPGRADE.replace(b"Sec-WebSocket-Key", b"X-Key"))
    assert client.ask("/api/snapshot")[0] == 200


def test_a_flood_of_pings_that_are_not_read_is_cut_off(run, served, wait_until):
    """The answers do not pile up without end."""
    client = served()
    pings = masked(9, b"x" * 120) * 1000
    with raw(client) as connection:
        connection.sendall(UPGRADE)
        with contextlib.suppress(ConnectionError, TimeoutError):
            connection.settimeout(10)
            for _ in range(1000):
                connection.sendall(pings)
        wait_until(lambda: client.server.counts.refused == 1)
    assert client.ask("/api/snapshot")[0] == 200

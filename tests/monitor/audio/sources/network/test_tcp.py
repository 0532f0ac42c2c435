"""Raw TCP with real sockets on the loopback: one sender is heard, and whatever else comes disturbs nothing."""

from __future__ import annotations

import inspect
import socket

import numpy as np
import pytest

from monitor.audio.sources.device.backend import AudioBackend, StreamLike
from monitor.audio.sources.network.address import parse_address
from monitor.audio.sources.network.frame import FrameHeader
from monitor.audio.sources.network.tcp import TcpBackend, TcpStream
from monitor.errors import DeviceError
from tests.monitor.audio.sources.network.conftest import TIMEOUT_S, eventually, opened

SOUND = (np.sin(np.arange(2000) / 10) * 10_000).astype("<i2")


class Clock:
    """A clock that stands still until a test moves it."""

    now_s = 0.0

    def __call__(self):
        """Return the time."""
        return self.now_s


@pytest.fixture
def clock():
    """Return a clock."""
    return Clock()


@pytest.fixture
def backend(clock):
    """Return a backend that listens on a free port."""
    backend = TcpBackend(parse_address("tcp://:0?format=s16le&rate=4000"), clock)
    yield backend
    backend.close()


@pytest.fixture
def connect(backend):
    """Return a function that connects a sender."""
    made = []

    def connect_():
        made.append(socket.create_connection(("127.0.0.1", backend.port), timeout=TIMEOUT_S))
        return made[-1]

    yield connect_
    for sender in made:
        sender.close()


def refused(sender):
    """Return whether the other side closes the connection."""
    try:
        return sender.recv(1) == b""
    except ConnectionError:
        return True


def begin(backend):
    """Start the backend's thread, as the first attempt to open does."""
    with pytest.raises(DeviceError, match="no sender is connected"):
        backend.open(backend.device, 1, 4000, 0.2, lambda *_: None)


@pytest.mark.parametrize("name", ["devices", "check", "open", "restart"])
def test_it_is_a_backend(name):
    """It takes the arguments of every backend, and its stream those of every stream."""
    expected = list(inspect.signature(getattr(AudioBackend, name)).parameters)
    assert list(inspect.signature(getattr(TcpBackend, name)).parameters) == expected
    assert list(inspect.signature(TcpStream.close).parameters) == list(inspect.signature(StreamLike.close).parameters)


def test_the_samples_are_those_that_were_sent(backend, connect, taken):
    """Bit for bit, headerless."""
    begin(backend)
    sender = connect()
    stream = opened(backend, taken)
    sender.sendall(SOUND.tobytes())
    np.testing.assert_array_equal(taken.wait_for(2000), SOUND.astype(np.float32) / 32768)
    assert stream.active
    sender.close()
    eventually(lambda: not stream.active)
    assert "closed the connection" in str(stream.failure)


def test_a_gap_is_passed_on(backend, connect, taken):
    """Numbered frames tell how much is missing."""
    begin(backend)
    sender = connect()
    opened(backend, taken)
    for first in (0, 700):
        sender.sendall(FrameHeader("s16le", 1, 4000, 1000, first).packed() + SOUND[:500].tobytes())
    taken.wait_for(1000)
    assert [block for block in taken.blocks if isinstance(block, int)] == [200]


def test_a_second_sender_is_refused(backend, connect, taken):
    """It is counted, and the first one is heard on."""
    begin(backend)
    sender = connect()
    stream = opened(backend, taken)
    sender.sendall(SOUND[:1000].tobytes())
    taken.wait_for(1000)
    assert refused(connect())
    assert refused(connect())
    assert backend.troubles.count("refused") == 2
    assert "another sender is heard" in backend.notice
    sender.sendall(SOUND[1000:].tobytes())
    taken.wait_for(2000)
    assert stream.active


def test_a_silent_sender_gives_way(backend, connect, taken, clock):
    """A sender that was switched off without a word does not keep its place when it comes again."""
    begin(backend)
    first = connect()
    stream = opened(backend, taken)
    clock.now_s = 1.5
    second = connect()
    eventually(lambda: not stream.active)
    assert refused(first)
    opened(backend, taken)
    second.sendall(SOUND.tobytes())
    taken.wait_for(2000)


@pytest.mark.parametrize(
    "junk", [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\x00\x05hello", b"ausc" + b"\xff" * 60]
)
def test_junk_is_sent_away(backend, connect, taken, junk):
    """Nothing of it is heard, and the next sender is."""
    begin(backend)
    sender = connect()
    stream = opened(backend, taken)
    sender.sendall(junk)
    eventually(lambda: not stream.active)
    assert stream.failure.next_step
    assert refused(sender)
    assert not taken.blocks
    assert backend.troubles.count("malformed") == 1
    sender = connect()
    opened(backend, taken)
    sender.sendall(SOUND.tobytes())
    taken.wait_for(2000)


def test_a_thousand_junk_connections_while_one_is_heard(backend, connect, taken):
    """All are refused and counted, and not a sample of the sender is missing."""
    begin(backend)
    sender = connect()
    opened(backend, taken)
    for at in range(1000):
        sender.sendall(SOUND[2 * at : 2 * at + 2].tobytes())
        with socket.create_connection(("127.0.0.1", backend.port), timeout=TIMEOUT_S) as other:
            other.sendall(b"\0" * 100)
    np.testing.assert_array_equal(taken.wait_for(2000), SOUND.astype(np.float32) / 32768)
    eventually(lambda: backend.troubles.count("refused") == 1000)


def test_a_flood_is_cut_off(backend, connect, taken):
    """A sender without end is sent away before it has pushed ten seconds through."""
    begin(backend)
    sender = connect()
    stream = opened(backend, taken)
    with pytest.raises(OSError, match=r"reset|pipe|aborted|timed out"):
        while True:
            sender.sendall(bytes(65_536))
    eventually(lambda: not stream.active)
    assert taken.samples < 20 * 4000
    assert backend.troubles.count("pace") == 1


def test_a_trickle_is_never_heard(backend, connect, taken):
    """A few bytes are no sound; the watchdog closes the stream when none comes."""
    begin(backend)
    sender = connect()
    stream = opened(backend, taken)
    sender.sendall(b"abc")
    stream.close()
    assert refused(sender)
    assert not taken.blocks


def test_a_port_in_use(backend):
    """One line, with the next step."""
    with pytest.raises(DeviceError, match="another program listens there"):
        TcpBackend(parse_address(f"tcp://:{backend.port}"))


def test_another_computers_address():
    """tcp:// listens; the line says so."""
    with pytest.raises(DeviceError, match="an address of this computer"):
        TcpBackend(parse_address("tcp://192.0.2.1:5000"))


def test_closing_twice_and_before_the_start():
    """Both are safe, and the port is free afterwards."""
    backend = TcpBackend(parse_address("tcp://:0"))
    backend.close()
    backend.close()
    TcpBackend(parse_address(f"tcp://:{backend.port}")).close()

"""A network input as a source: the states, gaps and errors of a device."""

from __future__ import annotations

import socket

import numpy as np
import pytest

from monitor.audio.ring_buffer import RingBuffer
from monitor.audio.sources.network.address import parse_address
from monitor.audio.sources.network.frame import FrameHeader
from monitor.audio.sources.network.source import NetworkSource
from monitor.errors import DeviceError
from tests.monitor.audio.sources.network.conftest import TIMEOUT_S, eventually


def framed(first, samples=1000):
    """Return a frame of a constant."""
    return FrameHeader("s16le", 1, 4000, 2 * samples, first).packed() + (b"\x00\x40" * samples)


def sender_to(source):
    """Return a connected sender."""
    return socket.create_connection(("127.0.0.1", source.backend.port), timeout=TIMEOUT_S)


def test_it_waits_for_its_sender_and_for_it_to_come_back():
    """Lost at first, open with sound, lost when the sender goes, open again, counted once."""
    ring = RingBuffer(40_000)
    with NetworkSource(parse_address("tcp://:0")) as source:
        assert source.live
        source.start(ring)
        assert source.device_status.state == "lost"
        assert "no sender is connected" in source.device_status.message
        for reopened in (0, 1):
            with sender_to(source) as sender:
                sender.sendall(framed(0))
                status = eventually(lambda: source.device_status.state == "open" and source.device_status)
                assert status.reopened == reopened
                assert status.host_api == "TCP"
            eventually(lambda: source.device_status.state == "lost")
        assert source.device_status.lost_s > 0
    assert ring.closed
    assert source.error is None


def test_a_gap_of_the_senders_numbers_is_lost_sound():
    """Its length is exact, and its place."""
    ring = RingBuffer(40_000)
    cursor = ring.cursor()
    with NetworkSource(parse_address("tcp://:0")) as source:
        source.start(ring)
        with sender_to(source) as sender:
            sender.sendall(framed(0) + framed(1500))
            eventually(lambda: ring.end_sample >= 2500)
    read = cursor.read(2500, 0.0)
    assert read.lost == ((1000, 1500),)
    np.testing.assert_array_equal(read.waveform[[999, 1000, 1499, 1500]], [0.5, 0.0, 0.0, 0.5])


def test_once_ends_with_why():
    """With once, the loss of the sender is the error of the source."""
    ring = RingBuffer(40_000)
    with NetworkSource(parse_address("tcp://:0"), once=True) as source:
        source.start(ring)
        with sender_to(source) as sender:
            sender.sendall(framed(0))
            eventually(lambda: source.device_status.state == "open")
        eventually(lambda: source.error)
    assert "closed the connection" in str(source.error)


def test_junk_before_the_sender_ends_nothing():
    """Also with once: only a sender that was heard can be lost."""
    ring = RingBuffer(40_000)
    with NetworkSource(parse_address("tcp://:0"), once=True) as source:
        source.start(ring)
        with sender_to(source) as stranger:
            stranger.sendall(b"GET / HTTP/1.1\r\n\r\n")
            notice = eventually(lambda: source.device_status.notice)
            assert "HTTP request" in notice
        with sender_to(source) as sender:
            sender.sendall(framed(0))
            eventually(lambda: source.device_status.state == "open")
            assert source.error is None


def test_silence_of_the_sender_is_told_for_a_sender():
    """The advice names the sender, not a mixer of this computer."""
    ring = RingBuffer(40_000)
    with NetworkSource(parse_address("tcp://:0")) as source:
        source.start(ring)
        with sender_to(source) as sender:
            sender.sendall(bytes(4 * 4000))
            finding = eventually(lambda: source.device_status.finding)
    assert "how the sender's microphone is wired" in finding


def test_a_server_that_is_not_there():
    """An error at once, unless it is waited for."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = parse_address(f"ws://127.0.0.1:{listener.getsockname()[1]}")
    pytest.importorskip("websockets")
    with pytest.raises(DeviceError, match="cannot be reached"), NetworkSource(address) as source:
        source.start(RingBuffer(4000))
    with NetworkSource(address, wait_for_device=True) as source:
        source.start(RingBuffer(4000))
        assert "waiting for it" in source.device_status.message


def test_a_channel_that_is_not_sent_leaves_no_port_open():
    """The error comes before anything runs, and the port is free again."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    for _ in range(2):
        with pytest.raises(DeviceError, match="no channel 2"):
            NetworkSource(parse_address(f"tcp://:{port}"), channel=2)

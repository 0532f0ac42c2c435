"""Bytes to a capture: when a connection begins to be heard, and what is counted."""

from __future__ import annotations

import numpy as np
import pytest

from monitor.audio.sources.decoding.pcm import RawFormat
from monitor.audio.sources.network.frame import FrameHeader, MalformedError
from monitor.audio.sources.network.receiver import PaceError, Receiver
from monitor.audio.sources.network.troubles import Troubles

RAW = RawFormat(sample_rate=1000, encoding="u8")


@pytest.fixture
def taken():
    """Return a receiver, what it passed on, its troubles, and its clock."""
    blocks, now = [], [0.0]
    troubles = Troubles("tcp", lambda: now[0])
    receiver = Receiver(RAW, lambda block, lost: blocks.append((block, lost)), troubles, clock=lambda: now[0])
    return receiver, blocks, troubles, now


def test_a_few_bytes_are_not_heard(taken):
    """A tenth of a second begins to be heard, and nothing of it is missing then."""
    receiver, blocks, _, _ = taken
    for _ in range(9):
        receiver.push(bytes(range(100, 110)))
        assert not blocks
    receiver.push(bytes(range(100, 110)))
    assert sum(len(block) for block, _ in blocks) == 100
    receiver.push(b"\x80")
    assert len(blocks[-1][0]) == 1


def test_gaps_and_repeats(taken):
    """A gap goes on as a number, what came twice is counted."""
    receiver, blocks, troubles, _ = taken
    for first in (0, 0, 150):
        receiver.push(FrameHeader("u8", 1, 1000, 100, first).packed() + bytes([192]) * 100)
    assert [block if isinstance(block, int) else len(block) for block, _ in blocks] == [100, 50, 100]
    assert troubles.count("repeated") == 100
    np.testing.assert_array_equal(blocks[0][0], np.full((100, 1), 0.5, np.float32))


def test_a_flood_and_repeats_count(taken):
    """Frames that are repeated without end are a flood too."""
    receiver, _, _, _ = taken
    frame = FrameHeader("u8", 1, 1000, 1000, 0).packed() + bytes(1000)
    with pytest.raises(PaceError, match="not 1000"):
        for _ in range(20):
            receiver.push(frame)


def test_strangers(taken):
    """What is no sound is raised, and nothing was heard of it."""
    receiver, blocks, _, _ = taken
    with pytest.raises(MalformedError, match="HTTP"):
        receiver.push(b"GET / HTTP/1.1\r\n\r\n" * 20)
    assert not blocks

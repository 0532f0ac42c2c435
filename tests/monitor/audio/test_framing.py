"""Frames on a pipe: they arrive as they were sent, however the pipe cuts them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.audio.framing import HEADER, MAX_BYTES, framed, whole_frames

KINDS = (b"s", b"l")


@given(st.lists(st.tuples(st.sampled_from(KINDS), st.binary(max_size=20))), st.integers(1, 9))
def test_frames_arrive_however_they_are_cut(sent, size):
    """In order, each whole, and nothing is left over."""
    data = b"".join(framed(*frame) for frame in sent)
    received, rest = [], b""
    for start in range(0, len(data), size):
        frames, rest = whole_frames(rest + data[start : start + size], KINDS)
        received += frames
    assert (received, rest) == (sent, b"")


def test_a_frame_that_is_not_whole_waits():
    """Its bytes are left over, from its header on."""
    data = framed(b"s", b"four")
    for end in range(len(data)):
        assert whole_frames(data[:end], KINDS) == ([], data[:end])


@pytest.mark.parametrize("data", [framed(b"x", b"four"), HEADER.pack(b"s", MAX_BYTES + 1)])
def test_other_bytes_are_refused(data):
    """A kind that there is not, and a length that no frame has."""
    with pytest.raises(ValueError, match="must be a frame"):
        whole_frames(framed(b"l") + data, KINDS)

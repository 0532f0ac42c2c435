"""The frame header: its bytes, and everything that is none."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.audio.sources.network.frame import HEADER_BYTES, MAX_SOUND_BYTES, FrameHeader, MalformedError

HEADER = FrameHeader("s16le", 1, 4000, 800, 2**40 + 7)


def test_the_bytes_are_those_of_the_format():
    """Byte for byte, as docs/formats/network-sound.md states them."""
    expected = "61757363 01 02 01 00 a00f0000 20030000 0700000000010000"
    assert HEADER.packed() == bytes.fromhex(expected)
    assert HEADER_BYTES == 24


@pytest.mark.parametrize("encoding", ["u8", "s16le", "s24le", "s32le", "f32le"])
def test_what_is_packed_is_parsed(encoding):
    """Every encoding comes back."""
    header = FrameHeader(encoding, 2, 48_000, 24, 0)
    assert FrameHeader.parse(header.packed()) == header


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"channels": 0}, "0 channels"),
        ({"channels": 33}, "33 channels"),
        ({"sample_rate": 999}, "999 Hz"),
        ({"sample_rate": 192_001}, "192001 Hz"),
        ({"sound_bytes": 0}, "no samples"),
        ({"sound_bytes": MAX_SOUND_BYTES + 2}, "are the most"),
        ({"sound_bytes": 2**32 - 2}, "are the most"),
        ({"sound_bytes": 3}, "ends within a sample"),
    ],
)
def test_a_value_out_of_range(change, line):
    """Each is refused with what was found."""
    with pytest.raises(MalformedError, match=line):
        FrameHeader.parse(dataclasses.replace(HEADER, **change).packed())


@pytest.mark.parametrize(
    ("at", "value", "line"), [(0, 0, "ausc"), (4, 2, "version 2"), (5, 9, "format 9"), (7, 1, "v")]
)
def test_a_byte_that_is_wrong(at, value, line):
    """Magic, version, format and the reserved byte are checked."""
    data = bytearray(HEADER.packed())
    data[at] = value
    with pytest.raises(MalformedError, match=line):
        FrameHeader.parse(bytes(data))


@given(st.binary(min_size=HEADER_BYTES, max_size=HEADER_BYTES))
def test_any_bytes_are_a_header_or_malformed(data):
    """Nothing else is raised, and a header that is read is the bytes."""
    try:
        header = FrameHeader.parse(b"ausc\x01" + data[5:])
    except MalformedError:
        return
    assert header.packed() == b"ausc\x01" + data[5:]

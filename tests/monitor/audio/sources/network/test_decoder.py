"""Bytes of a connection to blocks: any cutting gives the same sound; gaps, repeats and strangers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.audio.sources.decoding.pcm import RawFormat
from monitor.audio.sources.network.decoder import SoundDecoder
from monitor.audio.sources.network.frame import FrameHeader, MalformedError

RAW = RawFormat(sample_rate=4000, encoding="s16le")
RAMP = np.arange(1, 1001, dtype="<i2")


def frame(first, count, rate=4000, channels=1):
    """Return a frame with the samples of the ramp from ``first`` on."""
    data = RAMP[first % 1000 : first % 1000 + count].tobytes()
    return FrameHeader("s16le", channels, rate, len(data), first).packed() + data


def heard(decoder, *pieces):
    """Return what the pieces hold: numbers of the ramp, and of lost samples as negative numbers."""
    numbers = []
    for piece in pieces:
        for block, interrupted in decoder.push(piece):
            if interrupted:
                numbers.append(0)
            numbers += [-block] if isinstance(block, int) else np.rint(block[:, 0] * 32768).astype(int).tolist()
    return numbers


@given(st.lists(st.integers(1, 90), min_size=1, max_size=30), st.booleans())
def test_any_cutting_gives_the_same_sound(cuts, framed):
    """Headerless or framed, cut anywhere."""
    data = b"".join(frame(at, 50) for at in range(0, 400, 50)) if framed else RAMP[:400].tobytes()
    ends = np.minimum(np.cumsum(cuts), len(data))
    pieces = [data[start:end] for start, end in zip([0, *ends], [*ends, len(data)], strict=True)]
    assert heard(SoundDecoder(RAW), *pieces) == list(range(1, 401))


def test_a_gap_has_its_length():
    """What the numbers skip is lost sound of that length, in its place."""
    decoder = SoundDecoder(RAW)
    assert heard(decoder, frame(0, 3), frame(10, 2)) == [1, 2, 3, -7, 11, 12]
    assert decoder.lost == 7


def test_the_first_number_is_no_gap():
    """A sender that has recorded for a while begins anywhere."""
    assert heard(SoundDecoder(RAW), frame(500, 2)) == [501, 502]


def test_what_comes_twice_is_left_out():
    """A whole frame again, and one that overlaps."""
    decoder = SoundDecoder(RAW)
    assert heard(decoder, frame(0, 4), frame(0, 4), frame(2, 4), frame(6, 2)) == list(range(1, 9))
    assert decoder.repeated == 6


def test_what_comes_too_late_is_left_out():
    """A frame whose place was told as lost does not come after its successor."""
    decoder = SoundDecoder(RAW)
    assert heard(decoder, frame(0, 2), frame(4, 2), frame(2, 2), frame(6, 1)) == [1, 2, -2, 5, 6, 7]
    assert decoder.repeated == 2


@pytest.mark.parametrize("first", [2**63, 1_000_000])
def test_a_sender_that_counts_from_the_beginning(first):
    """A jump of more than a minute is an interruption of unknown length, in both directions."""
    assert heard(SoundDecoder(RAW), frame(first, 2), frame(0, 2))[-3:] == [0, 1, 2]
    assert heard(SoundDecoder(RAW), frame(0, 2), frame(first, 1))[2] == 0


@pytest.mark.parametrize(
    ("start", "line"),
    [
        (b"GET / HTTP/1.1\r\n", "HTTP request"),
        (b"POST /", "HTTP request"),
        (b"RIFF\0\0\0\0WAVE", "WAV header"),
        (b"\x16\x03\x01\x02\x00", "TLS"),
        (b"SSH-2.0-", "SSH"),
    ],
)
def test_what_is_no_sound_is_known_by_its_beginning(start, line):
    """One line says what came, and what helps."""
    with pytest.raises(MalformedError, match=line) as caught:
        list(SoundDecoder(RAW).push(start))
    assert caught.value.next_step


def test_junk_between_frames():
    """What came before it is heard."""
    decoder = SoundDecoder(RAW)
    blocks = decoder.push(frame(0, 2) + b"x" * 24)
    assert len(next(blocks)[0]) == 2
    with pytest.raises(MalformedError, match="does not begin with 'ausc'"):
        next(blocks)


def test_frames_of_another_form():
    """Another rate or number of channels is refused with the words that the address needs."""
    with pytest.raises(MalformedError, match="8000 Hz, not 4000") as caught:
        list(SoundDecoder(RAW).push(frame(0, 2, rate=8000)))
    assert caught.value.next_step == "add rate=8000 to the address"
    with pytest.raises(MalformedError, match="2 channels, not 1"):
        list(SoundDecoder(RAW).push(frame(0, 2, channels=2)))


def test_the_encoding_of_a_frame_counts():
    """A frame states its own encoding."""
    header = FrameHeader("u8", 1, 4000, 2, 0).packed()
    ((block, _),) = SoundDecoder(RAW).push(header + bytes([0, 192]))
    np.testing.assert_array_equal(block[:, 0], [-1.0, 0.5])


@pytest.mark.parametrize("message", [b"abc", frame(0, 4)[:-1], b"au"[:1]])
def test_a_message_is_whole(message):
    """In a WebSocket no sample and no frame spans two messages."""
    with pytest.raises(MalformedError, match="ends within"):
        list(SoundDecoder(RAW, messages=True).push(message))

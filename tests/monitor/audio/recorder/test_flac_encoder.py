"""FLAC frames, compared with RFC 9639."""

import binascii

import numpy as np
import pytest

from monitor.audio.recorder.flac_encoder import (
    MAX_BLOCK,
    _crc8,
    _crc16,
    _subframe,
    _unused_bits,
    _utf8_integer,
    encode_frame,
)


def samples(*values):
    """Return samples."""
    return np.array(values, np.int64)


@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        (0, "00"),
        (0x7F, "7f"),
        (0x80, "c280"),
        (0x7FF, "dfbf"),
        (0x800, "e0a080"),
        (0x10000, "f0908080"),
        (0x10FFFF, "f48fbfbf"),
        (2**31 - 1, "fdbfbfbfbfbf"),
        (2**31, "fe8280808080" + "80"),
        (2**36 - 1, "febfbfbfbfbfbf"),
    ],
)
def test_integers_are_encoded_like_utf_8(value, encoded):
    """One to seven bytes, as in UTF-8 and beyond it."""
    assert _utf8_integer(value).hex() == encoded


@pytest.mark.parametrize("value", [0, 65, 0x7FF, 0x800, 0xFFFD, 0x10000, 0x10FFFF])
def test_code_points_are_encoded_as_by_python(value):
    """Python's own encoder is the authority."""
    assert _utf8_integer(value) == chr(value).encode("utf-8")


def test_the_header_crc_is_that_of_the_standard():
    """The check value of CRC-8 with polynomial 07."""
    assert _crc8(b"123456789") == 0xF4


def test_the_frame_crc_is_that_of_the_standard():
    """The check value of CRC-16 with polynomial 8005, not reflected, from 0."""
    bits = np.unpackbits(np.frombuffer(b"123456789", np.uint8))
    assert _crc16(bits) == 0xFEE8


def test_the_crc_of_a_frame_with_its_crc_is_zero():
    """Decoders test that the CRC over a whole frame is 0."""
    frame = encode_frame(np.arange(100, dtype=np.int64), 7)
    assert _crc16(np.unpackbits(np.frombuffer(frame, np.uint8))) == 0


def test_a_header_byte_by_byte():
    """Sync and variable blocks, 16-bit block size, mono of 24 bits, first sample, count minus one, CRC."""
    frame = encode_frame(np.zeros(1000, np.int64), 5)
    assert frame[:4].hex() == "fff9700c"
    assert frame[4] == 5
    assert int.from_bytes(frame[5:7], "big") == 999
    assert frame[7] == _crc8(frame[:7])


def test_silence_takes_a_few_bytes():
    """A constant is written once."""
    assert len(encode_frame(np.full(MAX_BLOCK, -3, np.int64), 0)) == 8 + 1 + 3 + 2
    assert _subframe(np.full(50, -1, np.int64)).tolist() == [0] * 8 + [1] * 24


def test_noise_takes_no_more_than_its_samples():
    """A block that cannot be predicted is stored verbatim."""
    noise = np.random.default_rng(0).integers(-(2**23), 2**23, MAX_BLOCK)
    assert len(encode_frame(noise, 0)) <= 8 + 1 + 3 * MAX_BLOCK + 3


def test_a_ramp_is_predicted():
    """A ramp takes about a bit per sample."""
    assert len(encode_frame(np.arange(-2000, 2000, dtype=np.int64) * 77, 0)) < 4000 / 8 * 2


@pytest.mark.parametrize(
    ("values", "unused"), [((1, 2), 0), ((-256, 512), 8), ((0, 256), 8), ((-(2**23), 0), 23), ((6, -4), 1)]
)
def test_low_bits_that_no_sample_uses_are_omitted(values, unused):
    """A 16-bit input leaves eight bits of 24 unused."""
    assert _unused_bits(samples(*values)) == unused


def test_the_frame_crc_differs_from_other_polynomials():
    """The CRC-16 of other formats would be wrong here."""
    frame = encode_frame(np.arange(100, dtype=np.int64), 7)
    assert binascii.crc_hqx(frame[:-2], 0) != int.from_bytes(frame[-2:], "big")

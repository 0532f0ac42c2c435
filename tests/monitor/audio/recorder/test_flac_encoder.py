"""One frame of FLAC, held against the words of RFC 9639."""

import binascii

import numpy as np
import pytest

from monitor.audio.recorder.flac_encoder import (
    LARGEST_BLOCK,
    _coded_number,
    _crc8,
    _crc16,
    _subframe,
    _unused_bits,
    frame,
)


def numbers(*values):
    """Return samples."""
    return np.array(values, np.int64)


@pytest.mark.parametrize(
    ("number", "coded"),
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
def test_numbers_are_coded_like_utf_8(number, coded):
    """One to seven bytes, as UTF-8 has them and beyond."""
    assert _coded_number(number).hex() == coded


@pytest.mark.parametrize("number", [0, 65, 0x7FF, 0x800, 0xFFFD, 0x10000, 0x10FFFF])
def test_where_utf_8_ends_both_agree(number):
    """Python's own encoder is the authority."""
    assert _coded_number(number) == chr(number).encode("utf-8")


def test_the_header_check_is_that_of_the_standard():
    """The check value of CRC-8 with polynomial 07."""
    assert _crc8(b"123456789") == 0xF4


def test_the_frame_check_is_that_of_the_standard():
    """The check value of CRC-16 with polynomial 8005, not reflected, from 0."""
    bits = np.unpackbits(np.frombuffer(b"123456789", np.uint8))
    assert _crc16(bits) == 0xFEE8


def test_a_frame_checks_to_nothing():
    """A frame with its own check behind gives 0: that is what players look for."""
    made = frame(np.arange(100, dtype=np.int64), 7)
    assert _crc16(np.unpackbits(np.frombuffer(made, np.uint8))) == 0


def test_a_header_byte_by_byte():
    """Sync and variable blocks, 16-bit block size, mono of 24 bits, first sample, count less one, check."""
    made = frame(np.zeros(1000, np.int64), 5)
    assert made[:4].hex() == "fff9700c"
    assert made[4] == 5
    assert int.from_bytes(made[5:7], "big") == 999
    assert made[7] == _crc8(made[:7])


def test_silence_costs_next_to_nothing():
    """A constant is told once."""
    assert len(frame(np.full(LARGEST_BLOCK, -3, np.int64), 0)) == 8 + 1 + 3 + 2
    assert _subframe(np.full(50, -1, np.int64)).tolist() == [0] * 8 + [1] * 24


def test_noise_costs_no_more_than_its_samples():
    """What cannot be foretold is told as it is."""
    noise = np.random.default_rng(0).integers(-(2**23), 2**23, LARGEST_BLOCK)
    assert len(frame(noise, 0)) <= 8 + 1 + 3 * LARGEST_BLOCK + 3


def test_a_line_is_foretold():
    """A ramp costs about a bit per sample."""
    assert len(frame(np.arange(-2000, 2000, dtype=np.int64) * 77, 0)) < 4000 / 8 * 2


@pytest.mark.parametrize(
    ("values", "unused"), [((1, 2), 0), ((-256, 512), 8), ((0, 256), 8), ((-(2**23), 0), 23), ((6, -4), 1)]
)
def test_low_bits_that_no_sample_uses_are_left_out(values, unused):
    """A 16-bit input leaves eight bits of 24 unused."""
    assert _unused_bits(numbers(*values)) == unused


def test_the_checks_of_frames_differ_from_other_polynomials():
    """The common CRC-16 of other formats would be refused."""
    made = frame(np.arange(100, dtype=np.int64), 7)
    assert binascii.crc_hqx(made[:-2], 0) != int.from_bytes(made[-2:], "big")

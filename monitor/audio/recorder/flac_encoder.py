"""One frame of FLAC: whole numbers in, bytes out.

A block of samples is told as a constant, as the remainder of the best of five fixed predictors in Rice
codes, or as it is, whichever is shortest. All of it is arithmetic on arrays, so a second of sound at
48 kHz takes some milliseconds. Pure; safe on any thread.

Source: RFC 9639 (Free Lossless Audio Codec), sections 9.1 to 9.3.
"""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

__all__ = ["BITS", "LARGEST_BLOCK", "frame"]

BITS = 24
"""Bits of a sample."""
LARGEST_BLOCK = 4096
"""Samples in a block; up to 4608 every player must take."""
MOST_PARTS_POWER = 4
SMALLEST_PART = 16
"""A block is cut into up to 2**4 parts of more than 16 samples, each with a Rice parameter of its own."""
PARAMETER_BITS = 5
HIGHEST_ORDER = 4
CONSTANT, VERBATIM, FIXED = 0, 1, 8
CRC8_POLYNOMIAL, CRC16_POLYNOMIAL = 0x07, 0x8005

Bits = NDArray[np.uint8]


def frame(samples: NDArray[np.int64], first_sample: int) -> bytes:
    """Return a frame of one channel.

    Parameters
    ----------
    samples : ndarray, shape (1 to 4096,), int64
        From -2**23 to 2**23 - 1.
    first_sample : int
        Absolute number of the first of them, below 2**36.

    Returns
    -------
    bytes
    """
    header = np.frombuffer(_header(len(samples), first_sample), np.uint8)
    bits = np.concatenate((np.unpackbits(header), _subframe(samples)))
    bits = np.pad(bits, (0, -len(bits) % 8))
    return np.packbits(bits).tobytes() + _crc16(bits).to_bytes(2, "big")


def _header(count: int, first_sample: int) -> bytes:
    """Return the frame's header: blocks of any size, numbered by their first sample, rate from the stream's header."""
    plain = b"\xff\xf9\x70\x0c" + _coded_number(first_sample) + (count - 1).to_bytes(2, "big")
    return plain + bytes([_crc8(plain)])


def _coded_number(number: int) -> bytes:
    """Return a number below 2**36 in the manner of UTF-8."""
    if number < 0x80:
        return bytes([number])
    rest = b""
    follow = 0
    while number >= 1 << (6 - follow):  # what the first byte has room for, beside its marks
        rest = bytes([0x80 | number & 0x3F]) + rest
        number >>= 6
        follow += 1
    return bytes([(0xFF00 >> (follow + 1)) & 0xFF | number]) + rest


def _subframe(samples: NDArray[np.int64]) -> Bits:
    """Return the shortest way to tell a block."""
    if np.all(samples == samples[0]):
        return np.concatenate((_fixed(CONSTANT, 8), _binary(samples[:1], BITS)))
    unused = _unused_bits(samples)
    samples = samples >> unused
    plain = np.concatenate((_kind(VERBATIM, unused), _binary(samples, BITS - unused)))
    if len(samples) <= HIGHEST_ORDER:
        return plain
    predicted = _predicted(samples, unused)
    return predicted if len(predicted) < len(plain) else plain


def _unused_bits(samples: NDArray[np.int64]) -> int:
    """Return how many of the lowest bits no sample uses: 8 where a 16-bit converter gave them."""
    used = int(np.bitwise_or.reduce(samples))
    return (used & -used).bit_length() - 1


def _kind(kind: int, unused: int) -> Bits:
    """Return a subframe's first bits: what it is, and how many low bits are left out."""
    return _fixed(kind << 1, 8) if not unused else np.concatenate((_fixed(kind << 1 | 1, 8), _fixed(1, unused)))


def _predicted(samples: NDArray[np.int64], unused: int) -> Bits:
    """Return a block as the remainder of the fixed predictor that leaves least.

    Source: RFC 9639, 9.2.5: the predictor of order n leaves the n-th difference.
    """
    sums = [int(np.abs(np.diff(samples, n)[HIGHEST_ORDER - n :]).sum()) for n in range(HIGHEST_ORDER + 1)]
    order = sums.index(min(sums))
    kind = _kind(FIXED | order, unused)
    return np.concatenate((kind, _binary(samples[:order], BITS - unused), _rice(np.diff(samples, order), order)))


def _rice(left: NDArray[np.int64], order: int) -> Bits:
    """Return remainders in Rice codes, the block cut into equal parts with a parameter each."""
    count = len(left) + order
    halvings = range(MOST_PARTS_POWER + 1)
    power = max(n for n in halvings if n == 0 or (count % (1 << n) == 0 and count >> n > SMALLEST_PART))
    firsts = np.maximum(np.arange(0, count, count >> power) - order, 0)
    sizes = np.diff(firsts, append=len(left))
    folded = np.where(left < 0, -2 * left - 1, 2 * left)
    mean = np.add.reduceat(folded, firsts) // sizes
    parameters = np.frexp(np.maximum(mean, 1).astype(np.float64))[1].astype(np.int64) - 1  # whole part of log2
    codes = _rice_codes(folded, firsts, parameters, np.repeat(parameters, sizes))
    return np.concatenate((_fixed(0b01, 2), _fixed(power, 4), codes))


def _rice_codes(
    folded: NDArray[np.int64], firsts: NDArray[np.intp], of_parts: NDArray[np.int64], of_each: NDArray[np.int64]
) -> Bits:
    """Return numbers from 0 up: its upper part as zeros, a one, its lower bits; before each part its parameter.

    Parameters
    ----------
    folded : ndarray, shape (numbers,), int64
    firsts, of_parts : ndarray, shape (parts,)
        Index of a part's first number, and its parameter.
    of_each : ndarray, shape (numbers,), int64
        The parameter again, for each number.
    """
    zeros = folded >> of_each
    lengths = zeros + 1 + of_each
    lengths[firsts] += PARAMETER_BITS
    ends = np.cumsum(lengths)
    bits = np.zeros(int(ends[-1]), np.uint8)
    heads = (ends - lengths)[firsts]
    bits[(heads[:, None] + np.arange(PARAMETER_BITS)).ravel()] = _binary(of_parts, PARAMETER_BITS)
    bits[ends - 1 - of_each] = 1
    for place in range(int(of_parts.max())):
        there = of_each > place
        bits[ends[there] - 1 - place] = (folded[there] >> place) & 1
    return bits


def _fixed(number: int, width: int) -> Bits:
    """Return a number from 0 up in ``width`` bits."""
    return np.array([(number >> place) & 1 for place in range(width - 1, -1, -1)], np.uint8)


def _binary(numbers: NDArray[np.int64], width: int) -> Bits:
    """Return numbers in two's complement of ``width`` bits each."""
    places = np.arange(width - 1, -1, -1)
    return ((numbers[:, None] >> places) & 1).astype(np.uint8).ravel()


def _crc8(data: bytes) -> int:
    """Return the check of a frame's header."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = ((crc << 1) ^ (CRC8_POLYNOMIAL if crc & 0x80 else 0)) & 0xFF
    return crc


def _crc16(bits: Bits) -> int:
    """Return the check of a frame: the sum, without carry, of what each set bit alone would give."""
    alone = _crc16_of_one_bit(max(2**15, 1 << (len(bits) - 1).bit_length()))
    return int(np.bitwise_xor.reduce(alone[len(bits) - 1 - np.flatnonzero(bits)]))


@functools.lru_cache(maxsize=4)
def _crc16_of_one_bit(count: int) -> NDArray[np.uint16]:
    """Return the check of a lone bit, by its distance from the end, for ``count`` distances."""
    checks = np.empty(count, np.uint16)
    crc = CRC16_POLYNOMIAL
    for distance in range(count):
        checks[distance] = crc
        crc = ((crc << 1) ^ (CRC16_POLYNOMIAL if crc & 0x8000 else 0)) & 0xFFFF
    return checks

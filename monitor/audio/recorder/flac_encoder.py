"""Encodes one FLAC frame: integers in, bytes out.

A block of samples is encoded as a constant, as the Rice-coded residual of the best of five fixed predictors, or
verbatim, whichever is shortest. All of it is array arithmetic, so a second of sound at 48 kHz takes a few
milliseconds. Pure; safe on any thread.

Source: RFC 9639 (Free Lossless Audio Codec), sections 9.1 to 9.3.
"""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

__all__ = ["BITS", "MAX_BLOCK", "encode_frame"]

BITS = 24
"""Bits per sample."""
MAX_BLOCK = 4096
"""Samples in a block; every decoder must support up to 4608."""
MAX_PARTITION_ORDER = 4
MIN_PARTITION = 16
"""A block has up to 2**4 partitions of more than 16 samples, each with its own Rice parameter."""
PARAMETER_BITS = 5
MAX_ORDER = 4
CONSTANT, VERBATIM, FIXED = 0, 1, 8
CRC8_POLYNOMIAL, CRC16_POLYNOMIAL = 0x07, 0x8005

Bits = NDArray[np.uint8]


def encode_frame(samples: NDArray[np.int64], first_sample: int) -> bytes:
    """Return a frame of one channel.

    Parameters
    ----------
    samples : ndarray, shape (1 to 4096,), int64
        From -2**23 to 2**23 - 1.
    first_sample : int
        Absolute index of the first sample, below 2**36.

    Returns
    -------
    bytes
    """
    header = np.frombuffer(_header(len(samples), first_sample), np.uint8)
    bits = np.concatenate((np.unpackbits(header), _subframe(samples)))
    bits = np.pad(bits, (0, -len(bits) % 8))
    return np.packbits(bits).tobytes() + _crc16(bits).to_bytes(2, "big")


def _header(count: int, first_sample: int) -> bytes:
    """Return the frame header: variable block size, indexed by the first sample, rate from the stream header."""
    fields = b"\xff\xf9\x70\x0c" + _utf8_integer(first_sample) + (count - 1).to_bytes(2, "big")
    return fields + bytes([_crc8(fields)])


def _utf8_integer(value: int) -> bytes:
    """Return an integer below 2**36 encoded like UTF-8."""
    if value < 0x80:
        return bytes([value])
    rest = b""
    follow = 0
    while value >= 1 << (6 - follow):  # the free bits of the first byte
        rest = bytes([0x80 | value & 0x3F]) + rest
        value >>= 6
        follow += 1
    return bytes([(0xFF00 >> (follow + 1)) & 0xFF | value]) + rest


def _subframe(samples: NDArray[np.int64]) -> Bits:
    """Return the shortest encoding of a block."""
    if np.all(samples == samples[0]):
        return np.concatenate((_unsigned(CONSTANT, 8), _twos_complement(samples[:1], BITS)))
    unused = _unused_bits(samples)
    samples = samples >> unused
    verbatim = np.concatenate((_subframe_header(VERBATIM, unused), _twos_complement(samples, BITS - unused)))
    if len(samples) <= MAX_ORDER:
        return verbatim
    predicted = _predicted(samples, unused)
    return predicted if len(predicted) < len(verbatim) else verbatim


def _unused_bits(samples: NDArray[np.int64]) -> int:
    """Return how many of the lowest bits no sample uses: 8 in sound from a 16-bit converter."""
    used = int(np.bitwise_or.reduce(samples))
    return (used & -used).bit_length() - 1


def _subframe_header(kind: int, unused: int) -> Bits:
    """Return the first bits of a subframe: the kind, and how many low bits are omitted."""
    if not unused:
        return _unsigned(kind << 1, 8)
    return np.concatenate((_unsigned(kind << 1 | 1, 8), _unsigned(1, unused)))


def _predicted(samples: NDArray[np.int64], unused: int) -> Bits:
    """Return a block as the residual of the fixed predictor with the smallest residual.

    Source: RFC 9639, 9.2.5: the residual of order n is the n-th difference.
    """
    sums = [int(np.abs(np.diff(samples, n)[MAX_ORDER - n :]).sum()) for n in range(MAX_ORDER + 1)]
    order = sums.index(min(sums))
    header, warm_up = _subframe_header(FIXED | order, unused), _twos_complement(samples[:order], BITS - unused)
    return np.concatenate((header, warm_up, _rice(np.diff(samples, order), order)))


def _rice(residual: NDArray[np.int64], order: int) -> Bits:
    """Return a residual in Rice codes, in equal partitions with a parameter each."""
    count = len(residual) + order
    orders = range(MAX_PARTITION_ORDER + 1)
    partition_order = max(n for n in orders if n == 0 or (count % (1 << n) == 0 and count >> n > MIN_PARTITION))
    firsts = np.maximum(np.arange(0, count, count >> partition_order) - order, 0)  # (partitions,)
    sizes = np.diff(firsts, append=len(residual))
    folded = np.where(residual < 0, -2 * residual - 1, 2 * residual)
    mean = np.add.reduceat(folded, firsts) // sizes
    parameters = np.frexp(np.maximum(mean, 1).astype(np.float64))[1].astype(np.int64) - 1  # floor(log2(mean))
    codes = _rice_codes(folded, firsts, parameters, np.repeat(parameters, sizes))
    return np.concatenate((_unsigned(0b01, 2), _unsigned(partition_order, 4), codes))


def _rice_codes(
    folded: NDArray[np.int64], firsts: NDArray[np.intp], parameters: NDArray[np.int64], parameter_of: NDArray[np.int64]
) -> Bits:
    """Return unsigned integers in Rice codes (quotient in unary, remainder in binary), partition by partition.

    Parameters
    ----------
    folded : ndarray, shape (values,), int64
    firsts, parameters : ndarray, shape (partitions,)
        Index of the first value of each partition, and the parameter written before it.
    parameter_of : ndarray, shape (values,), int64
        The parameter for each value.
    """
    quotients = folded >> parameter_of
    lengths = quotients + 1 + parameter_of
    lengths[firsts] += PARAMETER_BITS
    ends = np.cumsum(lengths)
    bits = np.zeros(int(ends[-1]), np.uint8)
    heads = (ends - lengths)[firsts]
    bits[(heads[:, None] + np.arange(PARAMETER_BITS)).ravel()] = _twos_complement(parameters, PARAMETER_BITS)
    bits[ends - 1 - parameter_of] = 1
    for bit in range(int(parameters.max())):
        present = parameter_of > bit
        bits[ends[present] - 1 - bit] = (folded[present] >> bit) & 1
    return bits


def _unsigned(value: int, width: int) -> Bits:
    """Return an unsigned integer in ``width`` bits."""
    return np.array([(value >> bit) & 1 for bit in range(width - 1, -1, -1)], np.uint8)


def _twos_complement(values: NDArray[np.int64], width: int) -> Bits:
    """Return integers in two's complement of ``width`` bits each."""
    bits = np.arange(width - 1, -1, -1)
    return ((values[:, None] >> bits) & 1).astype(np.uint8).ravel()  # (values * width,)


def _crc8(data: bytes) -> int:
    """Return the CRC-8 of a frame header."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = ((crc << 1) ^ (CRC8_POLYNOMIAL if crc & 0x80 else 0)) & 0xFF
    return crc


def _crc16(bits: Bits) -> int:
    """Return the CRC-16 of a frame: the exclusive or of the CRCs of each set bit alone."""
    single = _crc16_of_one_bit(max(2**15, 1 << (len(bits) - 1).bit_length()))
    return int(np.bitwise_xor.reduce(single[len(bits) - 1 - np.flatnonzero(bits)]))


@functools.lru_cache(maxsize=4)
def _crc16_of_one_bit(count: int) -> NDArray[np.uint16]:
    """Return the CRC-16 of a single set bit, by its distance from the end, for ``count`` distances."""
    checksums = np.empty(count, np.uint16)
    crc = CRC16_POLYNOMIAL
    for distance in range(count):
        checksums[distance] = crc
        crc = ((crc << 1) ^ (CRC16_POLYNOMIAL if crc & 0x8000 else 0)) & 0xFFFF
    return checksums

"""Seeded damage to the bytes of a file: the same seed gives the same bytes, on every machine.

Pure. What is known of a damage is in its result: where it begins, and whether it removed bytes or changed what a header
promises, from which the check of a reader follows what should be told.
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable

__all__ = ["KINDS", "Mutant", "mutate"]

HEADER_BYTES = 64
MAX_INSERTED_BYTES = 4096
SIZES = (0, 1, 4, 8, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_0000, 0xFFFF_FFFF)
"""What recorders and damage leave in a field of 32 bits."""
CHUNK_NAMES = (b"LIST", b"JUNK", b"id3 ", b"data", b"fmt ", b"SSND", b"COMM", b"OggS", b"fLaC", b"ID3\x03")


@dataclasses.dataclass(frozen=True)
class Mutant:
    """A damaged file.

    Attributes
    ----------
    content : bytes
    kind : str
        One of :data:`KINDS`.
    first_byte : int
        Where it first differs from the original; its length where nothing does.
    """

    content: bytes
    kind: str
    first_byte: int


def mutate(original: bytes, other: bytes, rng: random.Random) -> Mutant:
    """Return an original with one kind of damage; ``other`` is another file, to be joined.

    Examples
    --------
    >>> mutate(b"RIFF sound", b"", random.Random(4)) == mutate(b"RIFF sound", b"", random.Random(4))
    True
    """
    kind = rng.choice(list(KINDS))
    content = KINDS[kind](original, other, rng)
    pairs = zip(original, content, strict=False)
    first = next((at for at, (a, b) in enumerate(pairs) if a != b), min(len(original), len(content)))
    return Mutant(content, kind, first)


def _flip(content: bytes, rng: random.Random, first: int, end: int) -> bytes:
    """Flip 1 to 8 bits in a range."""
    damaged = bytearray(content)
    for _ in range(rng.randint(1, 8)):
        damaged[rng.randrange(first, end)] ^= 1 << rng.randrange(8)
    return bytes(damaged)


def _flip_header(content: bytes, other: bytes, rng: random.Random) -> bytes:
    return _flip(content, rng, 0, min(HEADER_BYTES, len(content)))


def _flip_anywhere(content: bytes, other: bytes, rng: random.Random) -> bytes:
    return _flip(content, rng, min(HEADER_BYTES, len(content) - 1), len(content))


def _cut_end(content: bytes, other: bytes, rng: random.Random) -> bytes:
    return content[: rng.randrange(len(content))]


def _cut_in_header(content: bytes, other: bytes, rng: random.Random) -> bytes:
    return content[: rng.randrange(min(2 * HEADER_BYTES, len(content)))]


def _cut_start(content: bytes, other: bytes, rng: random.Random) -> bytes:
    return content[rng.randrange(1, len(content)) :]


def _remove(content: bytes, other: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(content))
    return content[:at] + content[at + rng.randint(1, MAX_INSERTED_BYTES) :]


def _zeros(content: bytes, other: bytes, rng: random.Random) -> bytes:
    at, count = rng.randrange(len(content)), rng.randint(1, MAX_INSERTED_BYTES)
    return content[:at] + bytes(count) + content[at + count :]


def _insert_zeros(content: bytes, other: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(content))
    return content[:at] + bytes(rng.randint(1, MAX_INSERTED_BYTES)) + content[at:]


def _insert_chunk(content: bytes, other: bytes, rng: random.Random) -> bytes:
    at = rng.choice([12, 20, 36, 38, rng.randrange(len(content)), len(content)])
    body = rng.randbytes(rng.randint(0, 300))
    size = rng.choice([len(body), len(body) + 1, *SIZES])
    chunk = rng.choice(CHUNK_NAMES) + size.to_bytes(4, rng.choice(["little", "big"])) + body
    return content[:at] + chunk + content[at:]


def _size(content: bytes, other: bytes, rng: random.Random) -> bytes:
    """Replace an aligned field of 32 or 64 bits in the header."""
    width = rng.choice([2, 4, 4, 4, 8])
    at = rng.randrange(0, max(1, min(2 * HEADER_BYTES, len(content)) - width), 2)
    size = rng.choice([*SIZES, len(content), len(content) // 2, 3 * len(content), rng.getrandbits(32)])
    field = (size & (1 << 8 * width) - 1).to_bytes(width, rng.choice(["little", "big"]))
    return content[:at] + field + content[at + width :]


def _random_header(content: bytes, other: bytes, rng: random.Random) -> bytes:
    first, count = rng.choice([0, 4, 12, 20]), rng.randint(1, HEADER_BYTES)
    return content[:first] + rng.randbytes(count) + content[first + count :]


def _ones(content: bytes, other: bytes, rng: random.Random) -> bytes:
    """Fill a range with ones: NaN where samples are floats."""
    at, count = rng.randrange(len(content)), rng.randint(1, MAX_INSERTED_BYTES)
    return content[:at] + b"\xff" * min(count, len(content) - at) + content[at + count :]


def _join(content: bytes, other: bytes, rng: random.Random) -> bytes:
    return content + rng.choice([content, other])


def _append(content: bytes, other: bytes, rng: random.Random) -> bytes:
    return content + rng.choice([bytes, rng.randbytes])(rng.randint(1, MAX_INSERTED_BYTES))


def _swap(content: bytes, other: bytes, rng: random.Random) -> bytes:
    """Swap two parts of the file."""
    first, second, third = sorted(rng.randrange(len(content)) for _ in range(3))
    return content[:first] + content[second:third] + content[first:second] + content[third:]


Damage = Callable[[bytes, bytes, random.Random], bytes]
KINDS: dict[str, Damage] = {
    "none": lambda content, other, rng: content,
    "header bits": _flip_header,
    "bits": _flip_anywhere,
    "cut": _cut_end,
    "cut in header": _cut_in_header,
    "cut at start": _cut_start,
    "hole": _remove,
    "zeros": _zeros,
    "zeros inserted": _insert_zeros,
    "chunk inserted": _insert_chunk,
    "size field": _size,
    "random header": _random_header,
    "ones": _ones,
    "joined": _join,
    "appended": _append,
    "parts swapped": _swap,
}
"""Each from the original, another file and a generator to the damaged bytes."""

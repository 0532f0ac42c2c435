"""The logical streams of an Ogg file."""

from __future__ import annotations

import io

import pytest

from monitor.audio.sources.decoding.ogg_pages import scan_ogg

FIRST, LAST = 2, 4


def page(flags: int, body: bytes = b"sound") -> bytes:
    """Return one page."""
    return b"OggS\0" + bytes([flags]) + bytes(20) + b"\x01" + bytes([len(body)]) + body


ONE = page(FIRST) + page(0) + page(LAST)


@pytest.mark.parametrize(
    ("data", "links", "whole"),
    [
        (ONE, [(0, len(ONE))], True),
        (ONE + ONE, [(0, len(ONE)), (len(ONE), 2 * len(ONE))], True),
        (page(FIRST) + ONE, [(0, len(page(FIRST) + ONE))], True),
        (ONE[:-3], [(0, len(ONE) - 3)], False),
        (page(FIRST) + page(0), [(0, 2 * len(page(0)))], False),
        (b"OggS", [], False),
        (ONE + bytes(100), [(0, len(ONE))], True),
        (ONE + b"LIST\x04\0\0\0INFO", [(0, len(ONE))], True),
        (ONE + b"junk" + ONE, [(0, 2 * len(ONE) + 4)], True),
    ],
)
def test_streams_and_their_end(data: bytes, links: list[tuple[int, int]], whole: bool) -> None:
    """A first page begins a stream unless another first page precedes it; a last page ends one."""
    assert scan_ogg(io.BytesIO(data), 0, len(data)) == (links, whole)

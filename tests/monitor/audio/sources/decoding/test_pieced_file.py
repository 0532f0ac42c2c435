"""A file of pieces reads like one file."""

from __future__ import annotations

import io

from hypothesis import given
from hypothesis import strategies as st

from monitor.audio.sources.decoding.pieced_file import PiecedFile


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30))), st.integers(0, 70), st.integers(0, 70))
def test_any_read_gives_the_bytes_in_order(ranges: list[tuple[int, int]], at: int, count: int) -> None:
    """Ranges of the file below and new bytes are read in the order of the pieces, from any position."""
    data = bytes(range(30))
    pieces = (b"new", *(pair for pair in ranges if pair[0] <= pair[1]))
    expected = b"new" + b"".join(data[begin:end] for begin, end in pieces[1:])
    file = PiecedFile(io.BytesIO(data), pieces)
    assert file.seek(0, io.SEEK_END) == len(expected)
    file.seek(min(at, len(expected)))
    assert file.read(count) == expected[min(at, len(expected)) :][:count]


def test_the_end_can_be_stated_later() -> None:
    """A reader that looks at the stated end finds zeros there, and no bytes where the pieces end."""
    file = PiecedFile(io.BytesIO(b"sound"), ((0, 5),), 50)
    assert file.seek(-10, io.SEEK_END) == 40
    assert file.read(20) == bytes(10)
    file.seek(0)
    assert (file.read(9), file.read(9)) == (b"sound", b"")


def test_a_position_before_the_start_is_the_start() -> None:
    """A decoder that follows a damaged header back beyond the start gets the start, and no exception."""
    file = PiecedFile(io.BytesIO(b"sound"), ((0, 5),))
    assert file.seek(-9, io.SEEK_CUR) == 0
    assert file.read(5) == b"sound"


def test_a_disk_that_cannot_be_read_ends_the_sound() -> None:
    """No exception reaches the native code that reads; the reason is kept."""

    class BadSector(io.BytesIO):
        def read(self, count: int | None = -1) -> bytes:
            raise OSError(5, "Input/output error")

    file = PiecedFile(BadSector(b"sound"), (b"head", (0, 5)))
    assert file.read(9) == b"head"
    assert file.error is not None
    assert file.error.strerror == "Input/output error"


def test_a_file_that_became_shorter() -> None:
    """The sound ends where the file below ends."""
    assert PiecedFile(io.BytesIO(b"so"), (b"a", (0, 5), b"b")).read(9) == b"aso"

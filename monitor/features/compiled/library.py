"""Finds and opens the compiled library, and says why it is not used where it is not.

``python hatch_build.py`` builds it in a checkout; ``pip install`` does where there is a C compiler. With
``AUSCULT_COMPILED=0`` in the environment it is left alone. Safe on any thread.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from numpy.typing import NDArray

__all__ = [
    "FOLDER",
    "LIBRARY",
    "SOURCES",
    "VARIABLE",
    "address",
    "library",
    "source_digest",
    "unused_reason",
    "without_library",
]

VARIABLE = "AUSCULT_COMPILED"
"""The environment variable that leaves the library alone where it is 0."""
FOLDER = Path(__file__).parent
SOURCES = "source"
"""Folder of the C sources."""
LIBRARY = "front_end.so"
"""The name of the file on every system; what is in it is the system's."""

POINTER, INT, LONG, DOUBLE = ctypes.c_void_p, ctypes.c_int32, ctypes.c_int64, ctypes.c_double
BYTE_OF = ctypes.c_char.from_buffer
FUNCTIONS: dict[str, tuple[list[type], type | None]] = {
    "auscult_frames": ([POINTER, POINTER, INT, INT, POINTER, INT], None),
    "auscult_bands": ([POINTER, POINTER, INT, POINTER], INT),
    "auscult_image": ([POINTER, POINTER, POINTER, POINTER], None),
    "auscult_heart_rate": ([POINTER, POINTER, INT, POINTER], INT),
    "auscult_gate": ([POINTER, POINTER, POINTER, POINTER, POINTER, INT, POINTER], None),
    "auscult_window": ([POINTER, POINTER, INT, POINTER, POINTER], INT),
    "auscult_scores": ([POINTER, POINTER, POINTER], None),
    "auscult_cycle": ([POINTER, INT, INT, INT, INT, DOUBLE, DOUBLE, POINTER], None),
    "auscult_decimate": ([POINTER, POINTER, LONG, ctypes.c_float, POINTER], LONG),
    "auscult_timing": ([POINTER, INT, INT, INT, DOUBLE, POINTER, POINTER], None),
    "auscult_peaks": ([POINTER, INT, POINTER, INT, DOUBLE, DOUBLE, POINTER], INT),
    "auscult_path_add": ([POINTER, POINTER, POINTER, INT, DOUBLE, DOUBLE, DOUBLE], None),
    "auscult_path_settle": ([POINTER, POINTER, DOUBLE, DOUBLE, INT, POINTER], INT),
    "auscult_path_highest": ([POINTER, DOUBLE, DOUBLE], DOUBLE),
    "auscult_learn": ([POINTER, INT, POINTER, DOUBLE], DOUBLE),
    "auscult_layers": ([POINTER, POINTER, POINTER, INT, POINTER], INT),
    "auscult_decode": ([POINTER, POINTER, POINTER, INT, POINTER], INT),
    "auscult_confidence": ([POINTER, POINTER, DOUBLE, DOUBLE], DOUBLE),
    "auscult_chunk": ([POINTER], INT),
    "auscult_statistics": ([POINTER, POINTER, INT, INT], None),
    "auscult_statistics_window": ([POINTER, INT, INT, POINTER], None),
}
"""Arguments and result of each function."""


class _Switch:
    """Whether the library is switched off for a while."""

    off = False


class _Found(NamedTuple):
    """The library, or why it is not used."""

    library: ctypes.PyDLL | None
    reason: str | None = None


def library() -> ctypes.PyDLL | None:
    """Return the library, or None where it is not used; asked when an object is made, which then keeps to it."""
    return None if _Switch.off else _found().library


def unused_reason() -> str | None:
    """Return why the library is not used, as a clause for a person; None where it is used."""
    return "it is switched off here" if _Switch.off else _found().reason


@contextlib.contextmanager
def without_library() -> Iterator[None]:
    """Let objects that are made meanwhile, on any thread, use NumPy alone: for comparisons."""
    before, _Switch.off = _Switch.off, True
    try:
        yield
    finally:
        _Switch.off = before


@functools.cache
def _found() -> _Found:
    """Open the library, once."""
    if os.environ.get(VARIABLE) == "0":
        return _Found(None, f"{VARIABLE}=0 is set")
    path = FOLDER / LIBRARY
    if not path.exists():
        return _Found(None, "no C compiler built it when auscult was installed")
    try:
        opened = _open(path)
        built_from = ctypes.c_char_p.in_dll(opened, "auscult_source").value
    except (OSError, ValueError, AttributeError) as error:
        return _Found(None, f"it cannot be loaded ({error})")
    if built_from != source_digest(FOLDER).encode():
        return _Found(None, "it was built from other sources; build it again: python hatch_build.py")
    return _Found(opened)


def _open(path: Path) -> ctypes.PyDLL:
    """Return a library with the types of its functions."""
    # a call holds Python's lock: it takes microseconds, less than to wait for the lock afterwards
    opened = ctypes.PyDLL(str(path))
    for name, (arguments, result) in FUNCTIONS.items():
        function = getattr(opened, name)
        function.argtypes, function.restype = arguments, result
    return opened


def source_digest(folder: Path) -> str:
    """Return the SHA-256 of the C sources of a folder, which a library holds of those that it was built from."""
    digest = hashlib.sha256()
    for path in sorted([*(folder / SOURCES).glob("*.h"), *(folder / SOURCES).glob("*.c")]):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def address(array: NDArray[Any]) -> int:
    """Return where the values of a contiguous array begin in memory."""
    try:
        return ctypes.addressof(BYTE_OF(array))  # type: ignore[arg-type]  # a fifth of the time of what NumPy offers
    except (TypeError, ValueError):  # it may not be written to, or is empty
        return int(array.ctypes.data)

"""The files of a bundle, read with nothing trusted: known names, regular files, sizes with a limit.

A bundle comes from elsewhere. What it names is never opened unless it is a file of the format, a file is never larger
in memory than its limit, and the arrays of ``check.npz`` are inflated only if their header promises what was expected.
Safe on any thread.
"""

from __future__ import annotations

import io
import json
import math
import os
import re
import stat
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "INT8_SCORES",
    "SCORES",
    "SEGMENTATION",
    "is_bundle_file",
    "parse_json",
    "read_check",
    "read_file",
    "size_limit",
]

MB = 1 << 20
SEGMENTATION = "segmentation.tflite"
"""The network that finds S1 and S2; a bundle need not have one."""
LIMITS = {
    "bundle.json": MB,
    "CARD.md": MB,
    "check.npz": MB,
    "model.tflite": 64 * MB,
    "model-int8.tflite": 64 * MB,
    "model.onnx": 64 * MB,
    SEGMENTATION: 16 * MB,
    "model.keras": 256 * MB,
    "training_curves.json": 16 * MB,
}
"""Bytes of the largest file that is read; at least 20 times as large as in the default bundle."""
PLOT_NAME = re.compile(r"plots/[A-Za-z0-9_-]{1,64}\.(png|svg)")
MAX_PLOT_BYTES = 16 * MB

SCORES, INT8_SCORES = "scores", "scores_int8"
"""Arrays of ``check.npz``: the expected scores of the float network, and of the int8 one where there is one."""

MAX_HEADER_BYTES = 256
"""Of an array in ``check.npz``; NumPy writes 128."""

NOT_AN_ARCHIVE = (OSError, EOFError, ValueError, RuntimeError, zipfile.BadZipFile, zlib.error)
"""What damaged archives raise; an encrypted or unknown one is a RuntimeError."""


def is_bundle_file(name: str) -> bool:
    """Return whether ``bundle.json`` may name this file.

    Examples
    --------
    >>> [is_bundle_file(name) for name in ("CARD.md", "plots/roc.png", "../CARD.md", "bundle.json", "/dev/zero")]
    [True, True, False, False, False]
    """
    return (name in LIMITS and name != "bundle.json") or PLOT_NAME.fullmatch(name) is not None


def size_limit(name: str) -> int:
    """Return how many bytes a file of a bundle may have at most."""
    return LIMITS.get(name, MAX_PLOT_BYTES)


def read_file(folder: Path, name: str) -> bytes:
    """Return the content of a file of a bundle.

    Parameters
    ----------
    folder : Path
    name : str
        ``bundle.json``, or a name for which :func:`is_bundle_file` is true.

    Raises
    ------
    OSError
        If it cannot be opened.
    ValueError
        If it is no regular file, or larger than a file of that name may be.
    """
    limit = size_limit(name)
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)  # a FIFO must not block
    with open(os.open(folder / name, flags), "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise ValueError("is not a regular file")
        content = b"" if status.st_size > limit else file.read(limit + 1)
    if max(len(content), status.st_size) > limit:
        raise ValueError(f"is larger than {limit // MB} MB")
    return content


def parse_json(text: str) -> Any:
    """Return the value of a JSON text.

    Raises
    ------
    ValueError
        If it is no JSON, nested too deeply, or holds a number that is not finite.

    Examples
    --------
    >>> parse_json('{"temperature": 1e999}')
    Traceback (most recent call last):
    ValueError: 1e999 must be a finite number
    """
    try:
        return json.loads(text, parse_constant=_finite, parse_float=_finite)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _finite(text: str) -> float:
    """Return the number that a text stands for."""
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} must be a finite number")
    return value


def read_check(
    content: bytes, image_shape: tuple[int, ...], num_labels: int, expects: str = SCORES
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Return the input and the expected scores of the self-check.

    Parameters
    ----------
    content : bytes
        Of ``check.npz``.
    image_shape : tuple of int
    num_labels : int
    expects : {"scores", "scores_int8"}
        Of which network.

    Returns
    -------
    tensor : ndarray, shape image_shape, float32
    scores : ndarray, shape (num_labels,), float64

    Raises
    ------
    ValueError
        If it is no archive of just these arrays, or lacks the expected scores of that network.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = sorted(archive.namelist())
            if names not in (["scores.npy", "tensor.npy"], ["scores.npy", "scores_int8.npy", "tensor.npy"]):
                raise ValueError(f"check.npz must hold tensor, {SCORES} and perhaps {INT8_SCORES}, nothing else")
            if f"{expects}.npy" not in names:
                raise ValueError(f"check.npz holds no {expects}")
            tensor = _read_array(archive, "tensor", image_shape, np.dtype(np.float32))
            return tensor, _read_array(archive, expects, (num_labels,), np.dtype(np.float64))
    except NOT_AN_ARCHIVE as error:
        raise ValueError(str(error) or "check.npz is no archive") from error


def _read_array(archive: zipfile.ZipFile, name: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return an array of an archive if it is as expected; no more than that is inflated."""
    num_bytes = math.prod(shape) * dtype.itemsize
    with archive.open(f"{name}.npy") as file:
        content = file.read(num_bytes + MAX_HEADER_BYTES + 1)
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": dtype.str, "fortran_order": False, "shape": shape})
    if content[: header.tell()] != header.getvalue() or len(content) != header.tell() + num_bytes:
        raise ValueError(f"{name} of check.npz must be an array {shape} of {dtype}")
    return np.frombuffer(content, dtype, offset=header.tell()).reshape(shape)

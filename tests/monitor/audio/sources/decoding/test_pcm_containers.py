"""AIFF, AU, CAF and Wave64: sizes never written are corrected, and what is missing is counted."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from monitor.audio.sources.decoding.decoder import Decoder
from monitor.audio.sources.decoding.pcm_containers import CONTAINERS, joined_parts

NOISE = np.random.default_rng(0).normal(0, 0.1, 5000)


def written(kind: str) -> bytes:
    """Return a file of 16-bit samples."""
    file = io.BytesIO()
    soundfile.write(file, NOISE, 4000, "PCM_16", format=kind)
    return file.getvalue()


def decoded(data: bytes) -> tuple[NDArray[np.float32], str]:
    """Return the samples of a file, and what is missing."""
    with Decoder(io.BytesIO(data), "a") as sound:
        return np.concatenate(
            [np.zeros((0, 1), np.float32), *(block.copy() for block in sound.blocks())]
        ), sound.missing


@pytest.mark.parametrize("kind", ["AIFF", "AU", "CAF", "W64"])
def test_a_cut_file_lacks_what_was_cut(kind: str) -> None:
    """The samples that are there are decoded, and the missing bytes are counted; a whole file lacks nothing."""
    data = written(kind)
    whole, missing = decoded(data)
    assert (len(whole), missing) == (5000, "")
    part, missing = decoded(data[:-4000])
    np.testing.assert_array_equal(part, whole[: len(part)])
    assert len(part) in range(2996, 3006)  # padded at the end
    assert "bytes of sound are missing" in missing


@pytest.mark.parametrize(
    ("kind", "before", "old", "new"),
    [
        ("AU", 8, (10_000).to_bytes(4, "big"), bytes(4)),
        ("AU", 8, (10_000).to_bytes(4, "big"), (5000).to_bytes(4, "big")),
        ("CAF", 0, (10_004).to_bytes(8, "big"), b"\xff" * 8),
        ("W64", 0, (10_024).to_bytes(8, "little"), bytes(8)),
        ("W64", 0, (10_024).to_bytes(8, "little"), b"\xff" * 7 + b"\x7f"),
    ],
)
def test_a_size_that_was_never_written(kind: str, before: int, old: bytes, new: bytes) -> None:
    """A file that was streamed is decoded to its end."""
    data = written(kind)
    at = data.index(old, before)
    samples, missing = decoded(data[:at] + new + data[at + len(new) :])
    assert missing == ""
    np.testing.assert_array_equal(samples[:5000], decoded(data)[0])
    assert len(samples) < 5005


def test_a_header_written_again_and_again() -> None:
    """A CAF from a pipe, with its header before and behind the samples too, holds the samples alone."""
    whole = written("CAF")
    header = whole[: whole.index(b"data") + 16]
    samples, missing = decoded(header + header + whole[len(header) :][:10_000] + header)
    assert (missing, len(samples)) == ("", 5000)


def test_blocks_and_headers_of_old_forms_are_compared() -> None:
    """A VOC and a SPHERE file say what they hold, and what is cut from it is counted."""
    voc = b"Creative Voice File\x1a" + bytes([26, 0]) + bytes(4) + b"\x01" + (102).to_bytes(3, "little") + bytes(102)
    sphere = (b"NIST_1A\n   1024\nsample_count -i 50\nchannel_count -i 1\nsample_n_bytes -i 2\nend_head\n").ljust(1024)
    for magic, data in ((b"Creative Voi", voc), (b"NIST_1A", sphere + bytes(100))):
        for cut, missing in ((0, ""), (40, "40 of 10")):
            found = CONTAINERS[magic](io.BytesIO(data[: len(data) - cut]), 0, len(data) - cut)[1]
            assert found.startswith(missing)
            assert bool(found) == bool(missing)


@pytest.mark.parametrize("kind", ["AIFF", "AU", "CAF", "W64"])
@pytest.mark.parametrize("count", [1, 2, 5])
def test_joined_files_are_found_by_their_headers(kind: str, count: int) -> None:
    """Each part is one of the files."""
    data = written(kind)
    parts = joined_parts(io.BytesIO(count * data), 0, count * len(data))
    assert parts == [(index * len(data), (index + 1) * len(data)) for index in range(count)]


@pytest.mark.parametrize("kind", ["AIFF", "AU", "CAF", "W64"])
@pytest.mark.parametrize("tail", [b"", bytes(3), b"LIST" + b"\x40" * 12, bytes(100), b"\xff" * 100])
def test_what_is_no_file_is_no_part(kind: str, tail: bytes) -> None:
    """A chunk of any size, zeros and sound behind the end belong to the one file."""
    data = written(kind) + tail
    assert joined_parts(io.BytesIO(data), 0, len(data)) == [(0, len(data))]


@pytest.mark.parametrize("kind", ["AIFF", "AU", "CAF", "W64"])
@pytest.mark.parametrize("part", [0.6, 0.9, 0.99])
def test_a_file_that_is_cut_anywhere_is_heard_and_told(kind: str, part: float) -> None:
    """Also where most of the sound is missing."""
    data = written(kind)
    begin = len(data) - 10_000
    heard, missing = decoded(data[: len(data) - round(10_000 * part)])
    assert len(heard) == pytest.approx((len(data) - round(10_000 * part) - begin) // 2, abs=1)
    assert missing

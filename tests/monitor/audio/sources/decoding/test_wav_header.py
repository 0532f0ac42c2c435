"""Headers of WAV: format, size, and fields that disagree."""

import io
import struct

import numpy as np
import pytest

from monitor.audio.sources.decoding.wav_header import (
    WavHeader,
    is_unknown,
    only_chunks_follow,
    read_wav_header,
    skipper,
)


def chunk(name, body, size=None):
    """A chunk with its pad byte; `size` overrides the one written."""
    return name + struct.pack("<I", len(body) if size is None else size) + body + b"\0" * (len(body) % 2)


def form_chunk(tag=1, channels=1, sample_rate=4000, sample_bytes=2, extra=b""):
    """A format chunk."""
    frame = channels * sample_bytes
    return chunk(
        b"fmt ",
        struct.pack("<HHIIHH", tag, channels, sample_rate, sample_rate * frame, frame, 8 * sample_bytes) + extra,
    )


def header_of(*chunks):
    """The header that `read_wav_header` finds in chunks, and the position after it."""
    file = io.BytesIO(b"".join(chunks))
    return read_wav_header(file.read, skipper(file)), file.tell()


@pytest.mark.parametrize(
    ("tag", "sample_bytes", "encoding"),
    [(1, 1, "u8"), (1, 2, "s16le"), (1, 3, "s24le"), (1, 4, "s32le"), (3, 4, "f32le"), (3, 8, "f64le"),
     (1, 8, None), (3, 2, None), (6, 1, None), (2, 1, None), (0x55, 1, None)],
)  # fmt: skip
def test_the_encoding(tag, sample_bytes, encoding):
    """Integers and floats have a name; compressed formats have none."""
    header, _ = header_of(form_chunk(tag, 2, 8000, sample_bytes), chunk(b"data", b"1234"))
    assert header == WavHeader(8000, 2, encoding, 4)


def test_the_extensible_format():
    """WAVE_FORMAT_EXTENSIBLE has the true format tag in its extension."""
    extra = struct.pack("<HHI", 22, 24, 3) + struct.pack("<H", 1) + bytes(14)
    header, _ = header_of(form_chunk(0xFFFE, 2, 4000, 3, extra), chunk(b"data", b"123456"))
    assert header.encoding == "s24le"


def test_the_reader_stops_at_the_first_sample():
    """Chunks before the samples, odd ones with their pad byte and large ones too, are skipped."""
    before = (chunk(b"JUNK", b"odd"), form_chunk(), chunk(b"LIST", b"x" * 5001))
    header, position = header_of(*before, chunk(b"data", b"ab"), chunk(b"LIST", b"behind"))
    assert header.data_bytes == 2
    assert position == len(b"".join(before)) + 8


@pytest.mark.parametrize("size", [0, 0x7FFF_FFFF, 0x7FFF_FF00, 0x8000_0000, 0xFFFF_FFFF, 0xFFFF_FFDB])
def test_a_size_that_the_recorder_did_not_know_is_none(size):
    """The placeholders that streaming recorders write are no sizes."""
    header, _ = header_of(form_chunk(), chunk(b"data", b"", size))
    assert header.data_bytes is None
    assert header.zero_size == (size == 0)


def test_a_64_bit_size():
    """RF64 has the size in a chunk of its own, beyond 4 GiB."""
    wide = chunk(b"ds64", struct.pack("<QQQI", 0, 5_000_000_000, 0, 0))
    header, _ = header_of(wide, form_chunk(), chunk(b"data", b"", 0xFFFF_FFFF))
    assert header.data_bytes == 5_000_000_000


@pytest.mark.parametrize(
    "chunks",
    [(), (form_chunk(),), (chunk(b"data", b"12"),), (chunk(b"fmt ", b"short"), chunk(b"data", b"12")), (b"fmt \x10",)],
)
def test_without_format_or_samples_there_is_no_header(chunks):
    """A header that ends early, or has the samples before the format, is None."""
    assert header_of(*chunks)[0] is None


@pytest.mark.parametrize(
    ("channels", "frame", "bits", "encoding"),
    [(1, 0, 16, "s16le"), (1, 4, 16, "s16le"), (2, 3, 12, "s16le"), (1, 2, 0, "s16le"), (1, 4, 24, "s32le"),
     (2, 6, 24, "s24le"), (0, 0, 16, None)],
)  # fmt: skip
def test_fields_that_disagree(channels, frame, bits, encoding):
    """The bits of a sample decide, its bytes where there are none; the format chunk is made to agree."""
    body = struct.pack("<HHIIHH", 1, channels, 4000, 8000, frame, bits)
    header, _ = header_of(chunk(b"fmt ", body), chunk(b"data", b"12"))
    assert header.encoding == encoding
    if encoding and encoding != "s32le":
        again, _ = header_of(chunk(b"fmt ", header.format_chunk), chunk(b"data", b"12"))
        assert not again.contradicts
        assert again.encoding == encoding


def test_what_is_no_chunk_ends_the_header():
    """A chunk whose size leads into the middle of something gives no header."""
    assert header_of(form_chunk(), chunk(b"LIST", b"abcd", 6), chunk(b"data", b"1234"))[0] is None


@pytest.mark.parametrize("size", [0, 0x7F00_0008, 0x7FFF_FFFF, 0xFFFF_FFFF, 2**64 - 1])
def test_placeholders_are_unknown_sizes(size):
    """The sizes that sox, ffmpeg and arecord write into a pipe state nothing."""
    assert is_unknown(size)
    assert not is_unknown(96_000)


@pytest.mark.parametrize(
    ("tail", "answer"),
    [
        (b"", True),
        (chunk(b"LIST", b"abc"), True),
        (chunk(b"LIST", b"abc") + chunk(b"id3 ", b"abcd"), True),
        (chunk(b"LIST", b"abc") + b"x", False),
        (chunk(b"LIST", b"abc", 500), False),
        (np.full(500, 1000, "<i2").tobytes(), False),
        (bytes(16), False),
    ],
)
def test_chunks_and_samples_are_distinguished(tail, answer):
    """After a size of 0 come either chunks up to the end of the file, or the samples of an unfinished recording."""
    assert only_chunks_follow(io.BytesIO(tail)) is answer

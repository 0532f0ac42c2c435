"""Headers of WAV and AIFF, and the bytes that a file lacks."""

import io
import struct

import numpy as np
import pytest
import soundfile

from monitor.audio.sources.decoding.wav_header import (
    WavHeader,
    missing_bytes,
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


def written(waveform, kind, subtype="PCM_16", endian="FILE"):
    """The bytes that libsndfile writes."""
    file = io.BytesIO()
    soundfile.write(file, waveform, 4000, subtype, endian, kind)
    return file.getvalue()


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


def test_an_inconsistent_format_has_no_encoding():
    """A frame that is no integer number of samples, or has no channels, has no encoding."""
    body = struct.pack("<HHIIHH", 1, 2, 4000, 12_000, 3, 12)
    assert header_of(chunk(b"fmt ", body), chunk(b"data", b"12"))[0].encoding is None
    none = struct.pack("<HHIIHH", 1, 0, 4000, 0, 0, 16)
    assert header_of(chunk(b"fmt ", none), chunk(b"data", b"12"))[0].encoding is None


@pytest.mark.parametrize("kind", ["WAV", "WAVEX", "RF64", "AIFF"])
@pytest.mark.parametrize("cut", [1, 2, 1000, 1999])
def test_missing_bytes_are_counted(kind, cut):
    """A file cut by some bytes lacks exactly those; a complete one lacks none."""
    data = written(np.linspace(-0.5, 0.5, 1000), kind)
    assert missing_bytes(io.BytesIO(data))[0] == 0
    missing, stated = missing_bytes(io.BytesIO(data[:-cut]))
    assert missing == cut
    assert stated in (2000, 2008)  # AIFF counts 8 bytes of its own


@pytest.mark.parametrize("kind", ["FLAC", "OGG", "AU"])
def test_other_files_lack_nothing(kind):
    """A file that is neither WAV nor AIFF is left to its decoder."""
    subtype = "VORBIS" if kind == "OGG" else "PCM_16"
    assert missing_bytes(io.BytesIO(written(np.zeros(1000), kind, subtype)[:-10])) == (0, 0)


@pytest.mark.parametrize(
    "data", [b"", b"RIFF", b"RIFF\0\0\0\0WAVE", b"RIFF\0\0\0\0AVI ", b"FORM\0\0\0\0AIFF", bytes(50)]
)
def test_files_without_a_size_lack_nothing(data):
    """A file that ends in its header, or has none, states no size."""
    assert missing_bytes(io.BytesIO(data)) == (0, 0)


@pytest.mark.parametrize("size", [0, 0x7FFF_FFFF, 0xFFFF_FFFF])
def test_an_unfinished_file_lacks_nothing(size):
    """A recorder that did not know the length stated none."""
    data = b"RIFF\0\0\0\0WAVE" + form_chunk() + chunk(b"data", bytes(100), size)
    assert missing_bytes(io.BytesIO(data)) == (0, 0)


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

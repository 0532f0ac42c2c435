"""What is there decides, not what the header states; good files are read as they are."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from monitor.audio.sources.decoding.decoder import Decoder
from monitor.audio.sources.decoding.file_layout import Layout, find_layout
from monitor.audio.sources.file import RecordingSource
from monitor.errors import RecordingError

NOISE = np.random.default_rng(0).normal(0, 0.1, (20_000, 2))
ID3 = b"ID3\x04\0\0\0\0\x07\x68" + bytes(1000)


def written(kind: str = "WAV", subtype: str | None = "PCM_16", samples: int = 20_000, rate: int = 8000) -> bytes:
    """Return a file of two channels."""
    file = io.BytesIO()
    soundfile.write(file, NOISE[:samples], rate, subtype, format=kind)
    return file.getvalue()


def with_size(data: bytes, size: int) -> bytes:
    """Return a WAV whose data chunk states another size."""
    at = data.index(b"data") + 4
    return data[:at] + struct.pack("<I", size) + data[at + 4 :]


def decoded(data: bytes) -> tuple[NDArray[np.float32], str]:
    """Return the samples of a file, (samples, channels), and what is missing."""
    with Decoder(io.BytesIO(data), "a") as sound:
        blocks = [block.copy() for block in sound.blocks()]
        assert sound.num_samples is not None
        return np.concatenate([np.zeros((0, 2), np.float32), *blocks]), sound.missing


@pytest.mark.parametrize("kind", ["AIFF", "AU", "CAF", "W64", "FLAC", "OGG", "MP3"])
def test_a_good_file_is_read_as_it_is(kind: str) -> None:
    """There is nothing to correct and nothing missing."""
    data = written(kind, None)
    assert find_layout(io.BytesIO(data), "a") == Layout()


@pytest.mark.parametrize("kind", ["WAV", "WAVEX", "RF64"])
def test_a_wav_is_given_a_plain_header(kind: str) -> None:
    """Every sample comes unchanged, and nothing is missing."""
    data = written(kind)
    (part,) = find_layout(io.BytesIO(data), "a").parts
    assert part[1] == (len(data) - 80_000, len(data))
    heard, missing = decoded(data)
    np.testing.assert_array_equal(heard, soundfile.read(io.BytesIO(data), dtype="float32")[0])
    assert not missing


@pytest.mark.parametrize(
    "chunk", [b"data\x10\0\0\0" + bytes(range(16)), b"fmt \x04\0\0\0\1\0\1\0", b"SSND" + b"\xff" * 90]
)
@pytest.mark.parametrize("kind", ["WAV", "WAVEX", "RF64"])
def test_a_chunk_behind_the_samples_changes_nothing(kind: str, chunk: bytes) -> None:
    """A second data or format chunk, for which libsndfile gives up the first, is no reason to refuse the file."""
    heard, missing = decoded(written(kind) + chunk)
    np.testing.assert_array_equal(heard, decoded(written(kind))[0])
    assert not missing


def test_an_rf64_whose_sizes_are_wrong() -> None:
    """With four flipped bits in the chunk of sizes the samples are still there, so they are heard."""
    data = bytearray(written("RF64"))
    for at, bit in ((23, 32), (28, 32), (36, 32), (46, 1)):
        data[at] ^= bit
    np.testing.assert_array_equal(decoded(bytes(data))[0], decoded(written("RF64"))[0])


def test_a_damaged_subformat_is_not_needed() -> None:
    """An extensible WAV whose identifier is damaged behind its first two bytes is read by what remains."""
    data = bytearray(written("WAVEX", "PCM_24"))
    data[48:50] = b"\xff\xff"
    np.testing.assert_array_equal(decoded(bytes(data))[0], decoded(written("WAVEX", "PCM_24"))[0])


def test_a_footer_belongs_to_tags_of_version_4_only() -> None:
    """An odd flag in a tag of version 3 does not move the sound."""
    tag = bytearray(ID3)
    tag[3], tag[5] = 3, 0x10
    np.testing.assert_array_equal(decoded(bytes(tag) + written())[0], decoded(written())[0])


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "ULAW"])
@pytest.mark.parametrize("size", [0, 0x7FFF_FFFF, 0xFFFF_FFFF])
def test_a_wav_without_a_size_is_read_to_its_end(tmp_path: Path, size: int, subtype: str) -> None:
    """Whatever placeholder the recorder wrote, a source plays the whole file, channel and start included."""
    whole, _ = decoded(written("WAV", subtype))
    (tmp_path / "a.wav").write_bytes(with_size(written("WAV", subtype), size))
    source = RecordingSource(tmp_path / "a.wav", channel=2, start_s=1.0)
    assert source.duration_s == 1.5
    assert source.shortfall is None
    np.testing.assert_array_equal(np.concatenate(list(source.blocks(700))), whole[8000:, 1])


def test_an_empty_wav_stays_empty() -> None:
    """A size of 0 before other chunks is true."""
    data = written(samples=0) + b"LIST\x04\0\0\0INFO"
    assert find_layout(io.BytesIO(data), "a") == Layout()


@pytest.mark.parametrize("size", [80_044, 80_001, 26_000, 4])
def test_a_wrong_size_of_the_samples(size: int) -> None:
    """Too large in a file that is complete, or too small: all samples come and nothing is missing."""
    samples, missing = decoded(with_size(written(), size))
    assert missing == ""
    np.testing.assert_array_equal(samples, decoded(written())[0])


@pytest.mark.parametrize("cut", [1, 4, 3000, 79_996])
@pytest.mark.parametrize("before", [b"", ID3])
def test_a_cut_wav(cut: int, before: bytes) -> None:
    """What is there is decoded, and the missing bytes are told."""
    samples, missing = decoded(before + written()[:-cut])
    assert missing == f"{cut} of 80000 bytes of sound are missing"
    np.testing.assert_array_equal(samples, decoded(written())[0][: (80_000 - cut) // 4])


@pytest.mark.parametrize("body", [b"odd", b"abcd"])
def test_a_chunk_whose_size_is_wrong_before_the_samples(body: bytes) -> None:
    """The samples are found by the name of their chunk."""
    data = written()
    odd = data[:36] + b"LIST" + struct.pack("<I", len(body) + (6 if len(body) == 4 else 0)) + body + data[36:]
    np.testing.assert_array_equal(decoded(odd)[0], decoded(data)[0])


@pytest.mark.parametrize(("at", "field"), [(32, b"\0\0"), (32, b"\x08\0"), (34, b"\0\0")])
def test_fields_that_disagree(at: int, field: bytes) -> None:
    """Bytes of a frame and bits of a sample that contradict each other change nothing."""
    data = written()
    np.testing.assert_array_equal(decoded(data[:at] + field + data[at + 2 :])[0], decoded(data)[0])


@pytest.mark.parametrize("kind", ["WAV", "RF64", "AIFF", "AU", "CAF", "W64", "FLAC", "OGG", "MP3"])
def test_joined_files_are_decoded_one_after_the_other(kind: str) -> None:
    """Twice the file gives twice the samples, but for the delay of an MP3 encoder."""
    data = written(kind, None)
    once, twice = decoded(data)[0], decoded(data + data)
    assert twice[1] == ""
    assert len(twice[0]) == pytest.approx(2 * len(once), abs=6000 if kind == "MP3" else 0)


@pytest.mark.parametrize("kind", ["WAV", "RF64", "AIFF", "AU", "CAF", "W64", "FLAC"])
def test_sound_behind_is_nothing_but_sound(kind: str) -> None:
    """Zeros, a tag or a chunk behind the end are no sound, and no damage."""
    data = written(kind)
    once = decoded(data)
    for tail in (bytes(5000), bytes(7), b"LIST\x04\0\0\0INFO", b"ID3\x03\0\0\0\0\0\x04abcd", b"TAG" + bytes(125)):
        heard, missing = decoded(data + tail)
        np.testing.assert_array_equal(heard[: len(once[0])], once[0])
        assert len(heard) - len(once[0]) <= (32 if tail.startswith(b"TAG") else 0)
        assert missing == ""


@pytest.mark.parametrize("kind", ["WAV", "AIFF", "AU", "CAF", "W64"])
def test_sound_behind_the_promised_end_is_heard(kind: str) -> None:
    """A header that was written before the last samples hides none of them."""
    data = written(kind)
    heard, missing = decoded(data + data[-8000:])
    np.testing.assert_array_equal(heard, np.concatenate([decoded(data)[0], decoded(data)[0][-2000:]]))
    assert missing == ""


@pytest.mark.parametrize("kind", ["WAV", "AIFF", "AU", "CAF", "W64", "FLAC"])
def test_a_joined_file_that_is_cut_is_told(kind: str) -> None:
    """What is there of the second is heard."""
    data = written(kind)
    heard, missing = decoded(data + data[: len(data) // 2])
    assert 20_000 < len(heard) < 40_000
    assert missing


@pytest.mark.parametrize("kind", ["WAV", "AIFF", "AU", "CAF", "W64", "FLAC"])
def test_a_joined_file_of_another_format_is_told(kind: str) -> None:
    """It is left out, and that is said."""
    samples, missing = decoded(written(kind) + written(kind, rate=4000))
    assert (len(samples), missing) == (20_000, "another recording of another format follows, and is left out")


def test_a_flac_longer_than_it_states() -> None:
    """The number of samples is taken from the last frame."""
    data = bytearray(written("FLAC"))
    data[22:26] = (10_000).to_bytes(4, "big")
    np.testing.assert_array_equal(decoded(bytes(data))[0], decoded(written("FLAC"))[0])


def test_a_cut_ogg_is_told() -> None:
    """A stream without its last page lacks sound."""
    data = written("OGG", None)
    samples, missing = decoded(data[: len(data) * 3 // 4])
    assert 0 < len(samples) < 20_000
    assert missing == "the end of the stream is missing"


def test_an_mp3_with_a_hole_or_a_cover() -> None:
    """Sound before and after a hole is decoded and the hole told; a large tag in front is no loss."""
    data = written("MP3", None)
    assert decoded(ID3 + data)[1] == ""
    middle = len(data) // 2
    samples, missing = decoded(data[:middle] + bytes(3000) + data[middle:])
    assert len(samples) > 17_000
    assert missing.endswith("damaged bytes were left out")


@pytest.mark.parametrize("data", [b"RIFF\0\0\0\0WAVE", written()[:30]])
def test_a_wav_that_ends_inside_its_header(data: bytes) -> None:
    """It is refused with a sentence that is true."""
    with pytest.raises(RecordingError, match=r"^a: the WAV ends inside its header; copy or record it again$"):
        find_layout(io.BytesIO(data), "a")


@pytest.mark.parametrize("data", [b"", b"\xff", b"ID3", ID3, b"FORM", b"OggS", b"fLaC", b"caff", b"riff", b".snd"])
def test_what_is_no_recording_is_left_to_the_decoder(data: bytes) -> None:
    """Short and unknown files have no layout of their own."""
    assert find_layout(io.BytesIO(data), "a") == Layout()

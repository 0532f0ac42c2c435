"""The frames of an MP3 are counted one by one."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile

from monitor.audio.sources.decoding.mp3_frames import MAX_JUNK_BYTES, Mp3Scan, find_mp3, scan_mp3

FRAME = bytes.fromhex("fffb9064") + bytes(413)
"""128 kbit/s at 44.1 kHz: 417 bytes."""


def scan(data: bytes) -> Mp3Scan | None:
    """Return the scan of a file."""
    return scan_mp3(io.BytesIO(data), 0, len(data))


@pytest.mark.parametrize("sample_rate", [8000, 16_000, 22_050, 44_100, 48_000])
@pytest.mark.parametrize("channels", [1, 2])
def test_an_encoders_frames_are_all_found(sample_rate: int, channels: int) -> None:
    """The count equals what the encoder states, for every version of the format."""
    file = io.BytesIO()
    soundfile.write(file, np.random.default_rng(0).normal(0, 0.1, (60_000, channels)), sample_rate, format="MP3")
    found = scan(file.getvalue())
    assert found is not None
    assert found.num_frames == found.stated_frames
    assert 60_000 <= found.num_frames * found.frame_samples < 64_000
    assert (found.skipped_bytes, found.cut_frame) == (0, False)


def test_a_hole_separates_two_extents() -> None:
    """Zeros between frames are counted and left out."""
    found = scan(3 * FRAME + bytes(100) + 2 * FRAME)
    assert found == Mp3Scan([(0, 1251), (1351, 2185)], 5, 1152, None, 100, False)


def test_a_tag_between_frames_is_no_damage() -> None:
    """Files that were joined have the tag of the first in the middle."""
    found = scan(3 * FRAME + b"TAG" + bytes(125) + 2 * FRAME + b"TAG" + bytes(125))
    assert found == Mp3Scan([(0, 1251), (1379, 2213)], 5, 1152, None, 0, False)


def test_an_incomplete_frame_at_the_end() -> None:
    """It is seen, and not counted."""
    assert scan(3 * FRAME[:] + FRAME[:200]) == Mp3Scan([(0, 1251)], 3, 1152, None, 0, True)


def test_a_frame_that_states_the_length_is_left_out() -> None:
    """Its number of frames is read, and no sound is expected in it."""
    xing = FRAME[:36] + b"Xing" + bytes([0, 0, 0, 1, 0, 0, 0, 9]) + FRAME[48:]
    assert scan(xing + 3 * FRAME) == Mp3Scan([(417, 4 * 417)], 3, 1152, 9, 0, False)


@pytest.mark.parametrize("data", [b"", FRAME, FRAME + b"hello", bytes(1000), b"\xff\xfb\x90"])
def test_one_frame_alone_is_no_mp3(data: bytes) -> None:
    """A second frame has to follow the first."""
    assert scan(data) is None


def test_headers_with_reserved_values_are_no_frames() -> None:
    """Version, layer, bit rate and sample rate have values that no frame has."""
    for head in ("ffeb9064", "fff99064", "fffbf064", "fffb9c64"):
        assert scan(2 * (bytes.fromhex(head) + FRAME[4:])) is None


@pytest.mark.parametrize("junk", [FRAME[100:], b"hello" * 100, bytes(MAX_JUNK_BYTES - 1), FRAME[:200]])
def test_an_mp3_may_begin_behind_junk(junk: bytes) -> None:
    """The end of a frame, text or zeros before the first frame are left out and counted."""
    found = scan(junk + 5 * FRAME)
    assert found is not None
    assert (found.extents, found.num_frames) == ([(len(junk), len(junk) + 5 * 417)], 5)
    assert found.skipped_bytes == len(junk)


@pytest.mark.parametrize(
    ("tail", "skipped"), [(b"x" * 50 + FRAME, 50 + 417), (b"TAG" + bytes(125), 0), (bytes(900), 0), (b"x" * 50, 50)]
)
def test_what_is_behind_the_last_frame(tail: bytes, skipped: int) -> None:
    """Damaged frames at the end are counted; a tag and padding are none."""
    found = scan(5 * FRAME + tail)
    assert found is not None
    assert (found.num_frames, found.skipped_bytes) == (5, skipped)


def test_few_frames_behind_junk_may_be_an_accident() -> None:
    """Behind other bytes a frame or two are no MP3, and neither is one that begins far inside."""
    for data in (b"hello" + 3 * FRAME, bytes(MAX_JUNK_BYTES) + 9 * FRAME):
        assert find_mp3(io.BytesIO(data), 0) is None

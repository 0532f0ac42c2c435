"""The number of samples in a FLAC, from its last frame."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile

from monitor.audio.sources.decoding.flac_frames import (
    SEARCH_BYTES,
    flac_samples,
    flac_starts,
    stated_samples,
    with_samples,
)


def flac(samples: int, sample_rate: int = 4000) -> bytes:
    """Return a FLAC of noise."""
    file = io.BytesIO()
    soundfile.write(file, np.random.default_rng(0).normal(0, 0.1, samples), sample_rate, format="FLAC")
    return file.getvalue()


@pytest.mark.parametrize("samples", [1, 100, 4096, 4097, 300_000, 600_000])
@pytest.mark.parametrize("sample_rate", [1000, 44_100, 4321])
def test_a_complete_file_holds_what_it_states(samples: int, sample_rate: int) -> None:
    """The last frame ends at the stated number of samples, however the frame codes its number and size."""
    data = flac(samples, sample_rate)
    assert flac_samples(io.BytesIO(data), 0, len(data)) == stated_samples(data) == samples


def test_a_cut_file_holds_less() -> None:
    """What is counted ends with the last frame that begins in the file, at most one frame after the cut."""
    data = flac(100_000)[:60_000]
    assert 0 < flac_samples(io.BytesIO(data), 0, len(data)) < 60_000


def test_a_number_is_replaced() -> None:
    """Only the number of samples changes."""
    data = flac(5000)[:26]
    assert stated_samples(with_samples(data, 2**35 + 7)) == 2**35 + 7
    assert with_samples(with_samples(data, 1), 5000) == data


@pytest.mark.parametrize("data", [b"", b"fLaC", b"fLaC" + bytes(100), b"fLaC" + b"\xff\xf8" * 200])
def test_without_a_frame_the_number_is_unknown(data: bytes) -> None:
    """What is no frame header is not counted."""
    assert flac_samples(io.BytesIO(data), 0, len(data)) == 0


@pytest.mark.parametrize("between", [0, 1, 5000, SEARCH_BYTES - 3, SEARCH_BYTES])
def test_joined_files_are_found(between: int) -> None:
    """Also where the second begins across two reads; the magic alone, inside the sound, is none."""
    data = flac(5000)
    file = b"junk" + data + b"fLaC" + bytes(between) + data
    assert flac_starts(io.BytesIO(file), 4) == [4, len(file) - len(data)]

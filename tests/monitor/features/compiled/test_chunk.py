"""A chunk of sound in one call of C: what the parts find in several, and what is left to them."""

from __future__ import annotations

import numpy as np
import pytest

from monitor.features.compiled.chunk import ChunkKernel, chunk_kernel
from monitor.features.compiled.library import library, without_library
from monitor.features.sound_bands import FRAME_HOP_SAMPLES, StreamingBands
from monitor.inference.bundle import load_bundle
from monitor.inference.segmentation.confidence import Confidence
from monitor.inference.segmentation.cycle_decoder import CycleDecoder
from monitor.inference.segmentation.cycle_network import CHUNK_FRAMES
from monitor.synthesis.parameters import HeartParameters
from monitor.synthesis.phonocardiogram import phonocardiogram

pytestmark = pytest.mark.skipif(library() is None, reason="the compiled front end was not built")

SAMPLES = CHUNK_FRAMES * FRAME_HOP_SAMPLES
WEIGHTS = (0.6, 0.3, 0.2, -0.5)
CHUNKS = phonocardiogram(12.0, HeartParameters(), np.random.default_rng(1)).waveform.reshape(-1, SAMPLES)


class Parts:
    """The parts of a segmentation, which have heard the first chunk."""

    def __init__(self) -> None:
        segmentation = load_bundle().segmentation
        assert segmentation is not None
        self.bands, self.network = StreamingBands(), segmentation.network.copy()
        self.decoder, self.confidence = CycleDecoder(), Confidence(WEIGHTS)
        self.push(CHUNKS[0])

    def push(self, waveform: np.ndarray) -> list[list[float]]:
        """Return the heart sounds that a chunk decides, by one part after the other."""
        self.latest_bands = self.bands.push(waveform)
        decided = self.decoder.push(self.network.push(self.latest_bands))
        return [[float(sound.is_s1), *sound[1:], self.confidence.of(sound)] for sound in decided]

    def in_one_call(self) -> ChunkKernel | None:
        """Return what hears the next chunks in one call each."""
        place = self.bands.place_for(SAMPLES)
        assert place is not None
        assert self.network.hears_all
        kernels = self.bands.kernel, self.network.kernel, self.decoder.kernel, self.confidence.kernel
        return chunk_kernel(*kernels, *place, SAMPLES)


def test_the_sounds_and_bands_are_those_of_the_parts() -> None:
    """To the last bit, and the parts go on from there."""
    parts, together = Parts(), Parts()
    kernel = together.in_one_call()
    assert kernel is not None
    num_sounds = 0
    for chunk in CHUNKS[1:20]:
        expected = parts.push(chunk)
        assert kernel.push(chunk) == expected
        assert np.array_equal(kernel.latest_bands, parts.latest_bands)
        num_sounds += len(expected)
    assert num_sounds > 15
    for chunk in CHUNKS[20:]:
        assert together.push(chunk) == parts.push(chunk)


def test_a_chunk_with_a_quiet_frame_is_left_to_the_parts() -> None:
    """Nothing has been done then: they hear it as if it had not been tried."""
    parts, together = Parts(), Parts()
    kernel = together.in_one_call()
    assert kernel is not None
    quiet = CHUNKS[1].copy()
    quiet[800:1200] *= np.float32(1e-6)
    assert kernel.push(quiet) is None
    assert together.push(quiet) == parts.push(quiet)
    for chunk in CHUNKS[2:8]:
        assert kernel.push(chunk) == parts.push(chunk)


def test_infinity_is_told() -> None:
    """It does not become a probability."""
    kernel = Parts().in_one_call()
    assert kernel is not None
    with pytest.raises(FloatingPointError, match="not finite"):
        kernel.push(np.where(np.arange(SAMPLES) % 2, 1e25, -1e25))


def test_there_is_a_kernel_only_where_all_parts_have_one() -> None:
    """Else each does its part alone."""
    parts = Parts()
    with without_library():
        assert parts.in_one_call() is None
        plain = Confidence(WEIGHTS)
    assert parts.in_one_call() is not None
    parts.confidence = plain
    assert parts.in_one_call() is None

"""Frames and bands in C are those of NumPy within the rounding of single precision, and as close to the truth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from monitor.features.compiled.library import address, library, without_library
from monitor.features.compiled.spectra import SIZES, band_kernel, frame_kernel, turns
from monitor.features.sound_bands import BAND_BINS, LOUD, POWER_FLOOR, StreamingBands
from monitor.features.spec import HEART, SpectrogramSpec
from monitor.features.spectrogram import StreamingSpectrogram
from monitor.synthesis.phonocardiogram import phonocardiogram
from monitor.synthesis.random_parameters import random_parameters

pytestmark = pytest.mark.skipif(library() is None, reason="the compiled front end was not built")

NUMPY_TRANSFORMS_IN_SINGLE = np.fft.rfft(np.ones(8, np.float32)).dtype == np.complex64  # since NumPy 2.0

SPECS = (HEART, SpectrogramSpec(), SpectrogramSpec(sample_rate=8000, remove_dc=True), SpectrogramSpec(window_s=2.0))


def heart(seed: int, seconds: float = 12.0) -> NDArray[np.float32]:
    """Return a synthetic heart of a random kind."""
    rng = np.random.default_rng(seed)
    return phonocardiogram(seconds, random_parameters(rng, label="murmur"), rng).waveform


def held(sound: NDArray[np.float32], spec: SpectrogramSpec) -> tuple[NDArray[np.float32], ...]:
    """Return the newest window's frames."""
    stream = StreamingSpectrogram(spec)
    stream.push(sound)
    return tuple(part.copy() for part in stream.latest(spec.num_frames))


@pytest.mark.parametrize("spec", SPECS, ids=str)
@pytest.mark.parametrize("seed", range(4))
def test_frames_are_those_of_numpy(spec: SpectrogramSpec, seed: int) -> None:
    """Log power within .01 (.04 dB) wherever a bin is within 60 dB of the loudest; envelope and bands far closer."""
    sound = heart(seed)
    rows, envelope, low, high = held(sound, spec)
    with without_library():
        expected = held(sound, spec)
    loud = expected[0] > expected[0].max() - 6 * np.log(10)
    assert np.abs(rows - expected[0])[loud].max() < 0.01
    np.testing.assert_allclose(envelope, expected[1], atol=1e-3)
    np.testing.assert_allclose(low, expected[2], rtol=1e-4)
    np.testing.assert_allclose(high, expected[3], rtol=1e-3)


def test_frames_are_as_close_to_the_truth_as_single_precision_allows() -> None:
    """Against a transform in double precision: within 1e-6 on average, and 1.5 times the error of NumPy in single."""
    sound = heart(7)
    spec = SpectrogramSpec()
    taper = np.hanning(spec.frame_samples + 1)[:-1].astype(np.float32).astype(np.float64)
    starts = (
        (len(sound) - spec.frame_samples) // spec.frame_hop_samples - spec.num_frames + 1 + np.arange(spec.num_frames)
    )
    parts = np.stack([sound[at : at + spec.frame_samples] for at in starts * spec.frame_hop_samples])
    truth = np.log(np.abs(np.fft.rfft(parts.astype(np.float64) * taper))[:, 1:65] ** 2 / 256**2 + 1e-20)
    truth += 2 * np.log(256)
    ours = np.abs(held(sound, spec)[0] - truth)
    with without_library():
        numpys = np.abs(held(sound, spec)[0] - truth)
    assert ours.mean() < 1e-6
    if NUMPY_TRANSFORMS_IN_SINGLE:
        assert ours.mean() < 1.5 * numpys.mean()


@given(st.lists(st.integers(0, 4000), max_size=8), st.integers(0, 3))
@settings(max_examples=25, deadline=None)
def test_bands_are_those_of_numpy(cuts: list[int], seed: int) -> None:
    """Log power within .001, however the sound is cut."""
    sound = heart(seed, 2.0)
    stream = StreamingBands()
    bands = np.concatenate([stream.push(part) for part in np.split(sound, np.sort(cuts))])
    with without_library():
        expected = StreamingBands().push(sound)
    np.testing.assert_allclose(bands, expected, atol=1e-3)


def test_the_power_of_sound_that_overflows_is_no_plausible_level() -> None:
    """Sound of 1e25 has infinite power in single precision, and over 300 dB where NumPy transforms in double."""
    sound = np.full(HEART.window_samples, 1e25, np.float32) * (-1.0) ** np.arange(HEART.window_samples)
    with np.errstate(all="ignore"):
        rows = held(sound.astype(np.float32), HEART)[0]
        with without_library():
            expected = held(sound.astype(np.float32), HEART)[0]
    assert not np.isfinite(rows).all()
    if NUMPY_TRANSFORMS_IN_SINGLE:
        assert not np.isfinite(expected).all()
    else:
        assert expected.min() > 300 * np.log(10) / 10


def test_other_sizes_are_left_to_numpy() -> None:
    """A frame that is no power of two from 256 to 1024 has no kernel, nor have rows that are not there."""
    for size in (*SIZES, 250, 128, 2048):
        taper = np.ones(size, np.float32)
        kernel = frame_kernel(taper, None, 100, (1, 5, 1, 5, 30), (1, 64), 1e-20)
        assert (kernel is not None) == (size in SIZES)
        assert (band_kernel(taper, 50, (2, 3, 4), 1e-11, -18.4) is not None) == (size in SIZES)
    taper = np.ones(256, np.float32)
    assert frame_kernel(taper, None, 100, (1, 5, 1, 5, 30), (1, 60), 1e-20) is None
    assert frame_kernel(taper, None, 100, (1, 5, 1, 5, 30), (66, 64), 1e-20) is None


def test_turns_are_on_the_unit_circle() -> None:
    """Cos and -sin, once round."""
    assert turns(256).shape == (256, 2)
    np.testing.assert_allclose(turns(256)[64], (0.0, -1.0), atol=1e-7)
    np.testing.assert_allclose((turns(512) ** 2).sum(axis=1), 1.0, rtol=1e-6)


def test_loud_frames_are_counted() -> None:
    """Those with a band at the limit or above."""
    sound = np.concatenate([np.zeros(300), np.random.default_rng(2).standard_normal(3000), np.zeros(700)])
    sound = sound.astype(np.float32)
    bands = np.empty((70, 12), np.float32)
    kernel = band_kernel(np.hanning(257)[:-1].astype(np.float32), 50, BAND_BINS, POWER_FLOOR, LOUD)
    assert kernel is not None
    assert [kernel.compute(address(sound), count, address(bands)) for count in (0, 1, 3, 70)] == [
        np.count_nonzero(bands[:count].max(axis=1) >= LOUD) for count in (0, 1, 3, 70)
    ]
    assert 40 < np.count_nonzero(bands.max(axis=1) >= LOUD) < 66

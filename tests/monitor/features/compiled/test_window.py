"""Image, heart rate and gate features in C are those of Python: images within 1e-4 for the same frames."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.features.compiled.library import address, library, without_library
from monitor.features.compiled.window import (
    ASKS_TIMBRE,
    FLAT,
    FOUND,
    MAX_FRAMES,
    image_kernel,
    rate_kernel,
)
from monitor.features.heart_rate import compiled_rate, heart_rate
from monitor.features.heart_rate_tables import heart_rate_tables
from monitor.features.image import FrameWindow, ImageBuilder, located
from monitor.features.spec import HEART, SpectrogramSpec
from monitor.features.spectrogram import StreamingSpectrogram
from monitor.inference.quality_gate import GateFeatures, compiled_gate, gate_features
from monitor.synthesis.phonocardiogram import phonocardiogram
from monitor.synthesis.random_parameters import random_parameters

pytestmark = pytest.mark.skipif(library() is None, reason="the compiled front end was not built")


def windows(seeds: int) -> list[FrameWindow]:
    """Return frames of synthetic hearts, and of noise at other levels, computed by NumPy."""
    found = []
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        label = ("normal", "murmur", "extrastole")[seed % 3]
        sound = phonocardiogram(5.0, random_parameters(rng, label=label), rng).waveform
        if seed % 5 == 4:
            sound = (10.0 ** rng.uniform(-4, 0) * rng.standard_normal(20_000)).astype(np.float32)
        with without_library():
            stream = StreamingSpectrogram(HEART)
        stream.push(sound)
        found.append(FrameWindow(*(part.copy() for part in stream.window(0))))
    return found


WINDOWS = windows(40)


def test_images_are_those_of_numpy() -> None:
    """Every number of the image of the same frames, within 2e-5."""
    compiled = ImageBuilder(HEART.num_frames)
    with without_library():
        plain = ImageBuilder(HEART.num_frames)
    for frames in WINDOWS:
        np.testing.assert_allclose(compiled.build(frames), plain.build(frames), atol=2e-5)


@pytest.mark.parametrize("num_frames", [40, 77, 198, 398])
def test_images_of_other_windows(num_frames: int) -> None:
    """The number of frames is a setting like others."""
    rng = np.random.default_rng(num_frames)
    frames = FrameWindow(
        rng.uniform(-9.0, 0.0, (num_frames, 64)).astype(np.float32),
        *rng.standard_normal((3, num_frames)).astype(np.float32),
    )
    compiled = ImageBuilder(num_frames).build(frames)
    with without_library():
        np.testing.assert_allclose(compiled, ImageBuilder(num_frames).build(frames), atol=2e-5)


def test_frames_of_another_number_are_refused() -> None:
    """Nothing beyond the frames is read."""
    with pytest.raises(ValueError, match="must be 198 frames"):
        ImageBuilder(198).build(FrameWindow(np.zeros((100, 64), np.float32), *np.zeros((3, 100), np.float32)))
    with pytest.raises(ValueError, match="must be as many"):
        gate_features(FrameWindow(np.zeros((100, 64), np.float32), *np.zeros((3, 99), np.float32)), 0.5)


def test_heart_rates_are_those_of_numpy() -> None:
    """The same rate within .001 beats per minute, the same reason, with and without the log power."""
    rated = 0
    for frames in WINDOWS:
        for log_power in (frames.log_power, None):
            found = heart_rate(frames.envelope, HEART.frame_hop_s, log_power=log_power)
            with without_library():
                expected = heart_rate(frames.envelope, HEART.frame_hop_s, log_power=log_power)
            assert found.reason == expected.reason
            assert found.bpm == (expected.bpm if expected.bpm is None else pytest.approx(expected.bpm, abs=1e-3))
            assert found.confidence == pytest.approx(expected.confidence, abs=1e-4)
            rated += expected.bpm is not None
    assert rated > 20


@pytest.mark.parametrize("num_frames", [20, 30, 47, 90, 150, 400])
def test_heart_rates_of_other_lengths_are_those_of_numpy(num_frames: int) -> None:
    """Clips and longer windows have tables of their own, some with fewer lags than an interpolation reaches."""
    rng = np.random.default_rng(num_frames)
    for _ in range(20):
        beat = rng.uniform(11.0, 50.0)
        envelope = 3 * np.exp(-((((np.arange(num_frames) + 5) % beat - 5) / 2) ** 2))
        envelope = (envelope + 0.3 * rng.standard_normal(num_frames)).astype(np.float32)
        found = heart_rate(envelope, HEART.frame_hop_s, shown_from=0.0)
        with without_library():
            expected = heart_rate(envelope, HEART.frame_hop_s, shown_from=0.0)
        assert found.reason == expected.reason
        assert (found.bpm or 0.0) == pytest.approx(expected.bpm or 0.0, rel=1e-4)
        assert found.periodicity == pytest.approx(expected.periodicity, abs=1e-4)


def test_a_flat_envelope_and_a_question_of_timbre_are_said() -> None:
    """Silence is flat; a rhythm whose half is as good is left to the timbre; a clear one is found."""
    kernel = compiled_rate(198, HEART.frame_hop_s)
    assert kernel is not None
    time = np.arange(198, dtype=np.float32)

    def found(envelope: NDArray[np.float32], has_timbre: bool = True) -> int:
        return kernel.find(address(envelope), has_timbre)[0]

    def beat(frames: float) -> NDArray[np.float32]:
        return np.ascontiguousarray(3 * np.exp(-((((time + 5) % frames - 5) / 2) ** 2)), np.float32)

    assert found(np.zeros(198, np.float32)) == FLAT
    assert found(beat(12.0)) == ASKS_TIMBRE  # 200 bpm, or 100
    assert found(beat(12.0), has_timbre=False) == FOUND
    assert found(beat(40.0)) == FOUND


def test_gate_features_are_those_of_numpy() -> None:
    """Within 1e-4 of each other, with noise and bumps."""
    for frames in WINDOWS:
        found = gate_features(frames, 0.5)
        with without_library():
            expected = gate_features(frames, 0.5)
        np.testing.assert_allclose(found, expected, atol=1e-4)


def test_bumps_are_those_of_numpy() -> None:
    """A power above 600 Hz that follows the envelope counts, and as much."""
    rng = np.random.default_rng(1)
    level = rng.standard_normal(198).astype(np.float32)
    power = np.exp(level)
    frames = FrameWindow(rng.standard_normal((198, 64)).astype(np.float32), level, power, power)
    found = gate_features(frames, 0.5)
    with without_library():
        assert gate_features(frames, 0.5).bumps == pytest.approx(found.bumps, abs=1e-5)
    assert found.bumps > 0.25


def test_what_the_buffers_do_not_hold_is_left_to_numpy() -> None:
    """Windows of more frames, or fewer than a column of the rhythm, have no kernel."""
    ends = np.arange(64)
    assert image_kernel(MAX_FRAMES + 1, 4, (8, 12), (18.4, 0.25, 3.0), ends, ends) is None
    assert image_kernel(11, 1, (8, 12), (18.4, 0.25, 3.0), ends, ends) is None
    tables = heart_rate_tables(1500, 0.025)
    assert rate_kernel(tables, (50.0, 0.7, 0.7, 0.3), (170.0, 280.0, 0.6, 0.05)) is None
    with without_library():
        assert image_kernel(198, 4, (8, 12), (18.4, 0.25, 3.0), ends, ends) is None


@pytest.mark.parametrize("spec", [HEART, SpectrogramSpec(window_s=2.0), SpectrogramSpec(sample_rate=8000)], ids=str)
def test_one_call_gives_what_three_give(spec: SpectrogramSpec) -> None:
    """Image, heart rate and gate features are the same to the last bit, wherever the window is held."""
    rng = np.random.default_rng(0)
    quiet, noise = np.zeros(3 * spec.window_samples), rng.standard_normal(3 * spec.window_samples)
    beats = [np.tile(np.concatenate((rng.standard_normal(200), np.zeros(size))), 30) for size in (1000, 2200)]
    stream = StreamingSpectrogram(spec)
    kernel, rate = stream.window_kernel(compiled_gate()), compiled_rate(spec.num_frames, spec.frame_hop_s)
    assert kernel is not None
    assert rate is not None
    kinds = set()
    for part in np.array_split(np.concatenate((quiet, noise, *beats)).astype(np.float32), 60):
        stream.push(part)
        if stream.end_frame < spec.num_frames:
            continue
        frames = stream.latest(spec.num_frames)
        image = np.empty(spec.shape, np.float32)
        assert frames.held is not None
        found, (periodicity, lag, tilt, swing, bumps) = kernel.compute(frames.held.at, frames.slot, address(image))
        np.testing.assert_array_equal(image, stream.build(frames))
        assert GateFeatures(tilt, 0.5, swing, bumps) == gate_features(frames, 0.5)
        expected = rate.find(address(frames.envelope), True)
        assert found == expected[0]
        if found == FOUND:
            assert (periodicity, lag) == expected[1:]
            assert kernel.spacing_s == rate.spacing_s
        kinds.add(found)
    assert kinds == {FLAT, FOUND, ASKS_TIMBRE}


def test_one_call_needs_all_three() -> None:
    """Without one of the kernels, or the library, there is no joint one."""
    stream = StreamingSpectrogram(HEART)
    assert stream.window_kernel(compiled_gate()) is not None
    assert stream.window_kernel(None) is None
    assert StreamingSpectrogram(SpectrogramSpec(window_s=30.0)).window_kernel(compiled_gate()) is None
    with without_library():
        assert StreamingSpectrogram(HEART).window_kernel(compiled_gate()) is None


def test_frames_that_were_changed_are_not_those_that_are_held() -> None:
    """Of what a spectrogram holds the place in memory is known, of a changed copy it is not."""
    stream = StreamingSpectrogram(HEART)
    stream.push(np.random.default_rng(0).standard_normal(20_000).astype(np.float32))
    held = stream.window(0)
    assert located(held)[1] == tuple(map(address, held))
    changed = held._replace(log_power=held.log_power - 3.0, envelope=held.envelope[::-1])
    frames, places = located(changed)
    assert places == tuple(map(address, frames))
    np.testing.assert_array_equal(frames.envelope, held.envelope[::-1])
    with without_library():
        builder = ImageBuilder(198)
    np.testing.assert_allclose(ImageBuilder(198).build(changed), builder.build(changed), atol=1e-4)

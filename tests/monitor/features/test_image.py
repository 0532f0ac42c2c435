"""The input image: mean, maximum and rhythm of a window's frames, each channel by its definition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from monitor.features.image import NUM_COLUMNS, NUM_ROWS, FrameWindow, ImageBuilder

pytestmark = pytest.mark.usefixtures("front_end")

NUM_FRAMES = 198
DEPTH = 8 * np.log(10) / 4
"""80 dB in image units."""


def frames_of(log_power: NDArray[np.floating], envelope: NDArray[np.floating] | None = None) -> FrameWindow:
    """Return frames with this log power, and this envelope or a flat one."""
    flat = np.zeros(len(log_power), np.float32)
    level = flat if envelope is None else envelope.astype(np.float32)
    return FrameWindow(log_power.astype(np.float32), level, flat, flat)


def random_frames(seed: int, num_frames: int = NUM_FRAMES) -> FrameWindow:
    """Return frames of random levels within 80 dB of each other."""
    rng = np.random.default_rng(seed)
    return frames_of(rng.uniform(-8.0, 0.0, (num_frames, NUM_ROWS)), rng.standard_normal(num_frames))


def test_a_single_loud_frame() -> None:
    """Its columns hold a quarter of it in the mean channel, all of it in the maximum, relative to the mean level."""
    log_power = np.zeros((NUM_FRAMES, NUM_ROWS))
    log_power[100, 5] = 4.0
    image = ImageBuilder(NUM_FRAMES).build(frames_of(log_power))
    mean, maximum = image[:, :, 0], image[:, :, 1]
    columns = np.flatnonzero(maximum[5] - maximum[0] > 0.5)  # columns are 4 frames wide and 3 apart
    assert 1 <= len(columns) <= 2
    np.testing.assert_allclose((mean[5] - mean[0])[columns], 0.25, atol=1e-5)
    np.testing.assert_allclose((maximum[5] - maximum[0])[columns], 1.0, atol=1e-5)
    assert mean.mean() == pytest.approx(0.0, abs=1e-5)


def test_a_band_of_its_own_row() -> None:
    """Row k is bin k of the frames, at all times."""
    log_power = np.broadcast_to(np.arange(NUM_ROWS) / 8.0, (NUM_FRAMES, NUM_ROWS))
    image = ImageBuilder(NUM_FRAMES).build(frames_of(log_power))
    np.testing.assert_allclose(np.diff(image[:, :, 0], axis=0), 1 / 32, atol=1e-5)
    np.testing.assert_allclose(np.diff(image[:, :, :2], axis=1), 0.0, atol=1e-5)


def test_levels_are_clipped_at_80_db() -> None:
    """A bin 200 dB below the loudest is no darker than one 80 dB below it."""
    log_power = np.zeros((NUM_FRAMES, NUM_ROWS))
    log_power[:, 10], log_power[:, 20] = -8 * np.log(10), -20 * np.log(10)
    image = ImageBuilder(NUM_FRAMES).build(frames_of(log_power))
    assert image[0, 0, 0] - image[10, 0, 0] == pytest.approx(DEPTH, abs=1e-5)
    np.testing.assert_array_equal(image[10], image[20])


@pytest.mark.parametrize("period", [20, 40, 60])
def test_the_rhythm_channel_shows_the_period(period: int) -> None:
    """A pulse every 20, 40 or 60 frames has its ridge at that lag: rows begin at a lag of 8 frames."""
    envelope = np.where(np.arange(NUM_FRAMES) % period < 3, 1.0, 0.0)
    rhythm = ImageBuilder(NUM_FRAMES).build(frames_of(np.zeros((NUM_FRAMES, NUM_ROWS)), envelope))[:, :, 2]
    late = rhythm[:, 32:]  # by then every lag has a pulse before it
    bright = late[:, late.max(axis=0) > 0.5]
    assert bright.shape[1] >= 8
    assert (bright[period - 8] >= 0.9 * bright.max(axis=0)).all()


def test_the_rhythm_before_the_window_is_zero() -> None:
    """In the first column every lag that reaches before the window has no product."""
    rng = np.random.default_rng(3)
    rhythm = ImageBuilder(NUM_FRAMES).build(
        frames_of(np.zeros((NUM_FRAMES, NUM_ROWS)), rng.standard_normal(NUM_FRAMES))
    )[:, :, 2]
    np.testing.assert_array_equal(rhythm[4:, 0], 0.0)  # the column averages frames 0 to 11; row 4 is a lag of 12
    assert np.abs(rhythm[:4, 0]).max() > 0.0


def test_an_outlier_is_clipped() -> None:
    """A thump of any height in the envelope counts as three standard deviations."""
    rng = np.random.default_rng(4)
    envelope = 0.01 * rng.standard_normal(NUM_FRAMES)
    envelope[90] = 500.0
    rhythm = ImageBuilder(NUM_FRAMES).build(frames_of(np.zeros((NUM_FRAMES, NUM_ROWS)), envelope))[:, :, 2]
    assert np.abs(rhythm).max() <= 3.0 * 3.0 / 12 + 0.1  # one product of two clipped values among the 12 averaged


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 1000), offset=st.floats(-20.0, 20.0))
def test_gain_does_not_matter(seed: int, offset: float) -> None:
    """A gain adds a constant to log power and envelope, and changes the image by rounding alone."""
    frames = random_frames(seed)
    louder = frames._replace(
        log_power=frames.log_power + np.float32(offset), envelope=frames.envelope + np.float32(offset)
    )
    builder = ImageBuilder(NUM_FRAMES)
    np.testing.assert_allclose(builder.build(louder), builder.build(frames), atol=1e-3)


@given(st.integers(0, 1000))
@settings(max_examples=10, deadline=None)
def test_an_image_depends_on_its_frames_alone(seed: int) -> None:
    """A builder used before gives the image of a new one, bit for bit, and earlier images do not change."""
    builder = ImageBuilder(NUM_FRAMES)
    first = builder.build(random_frames(seed))
    copy = first.copy()
    second = builder.build(random_frames(seed + 1))
    np.testing.assert_array_equal(first, copy)
    np.testing.assert_array_equal(second, ImageBuilder(NUM_FRAMES).build(random_frames(seed + 1)))


@pytest.mark.parametrize("num_frames", [118, 158, 198, 398])
def test_any_number_of_frames(num_frames: int) -> None:
    """Windows of other lengths give an image of the same shape; the whole window is in it."""
    frames = random_frames(0, num_frames)
    image = ImageBuilder(num_frames).build(frames)
    assert image.shape == (NUM_ROWS, NUM_COLUMNS, 3)
    assert image.dtype == np.float32
    loudest = (frames.log_power.max() - frames.log_power.mean()) / 4
    assert image[:, :, 1].max() == pytest.approx(loudest, abs=0.1)

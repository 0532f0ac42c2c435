"""A waveform in memory is played unchanged, in any blocks; invalid arrays are refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.audio.ring_buffer import RingBuffer
from monitor.audio.sources.array import ArraySource, as_mono

RATE = 4000


@given(st.integers(1, 5000), st.integers(1, 6000))
def test_blocks_concatenate_to_the_waveform(samples, block_samples):
    """No sample is lost, repeated or changed, and no block is too long or empty."""
    waveform = np.arange(samples, dtype=np.float32) / samples
    blocks = list(ArraySource(waveform, RATE).blocks(block_samples))
    assert np.array_equal(np.concatenate(blocks), waveform)
    assert all(1 <= len(block) <= block_samples for block in blocks)


def test_attributes():
    """Name, rate, duration and speed are known before the start; the source waits for its reader."""
    source = ArraySource(np.zeros(6000), RATE, name="mine")
    assert (source.name, source.sample_rate, source.duration_s, source.speed) == ("mine", RATE, 1.5, None)
    assert source.lossless
    assert ArraySource(np.zeros(10), np.int64(RATE), speed=2.0).speed == 2.0


def test_it_plays_into_a_ring():
    """Started, it writes every sample and closes the ring."""
    waveform = np.random.default_rng(0).uniform(-1, 1, 30_000).astype(np.float32)
    ring = RingBuffer(20_000)
    cursor = ring.cursor()
    played = []
    with ArraySource(waveform, RATE) as source:
        source.start(ring)
        while (read := cursor.read(7000, timeout_s=5.0)) is not None:
            assert len(read.waveform), "the source must not stall"
            played.append(read.waveform)
    assert np.array_equal(np.concatenate(played), waveform)
    assert source.error is None


@pytest.mark.parametrize(
    ("dtype", "values", "expected"),
    [
        (np.int16, [-32768, 0, 16384], [-1.0, 0.0, 0.5]),
        (np.int32, [-(2**31), 0, 2**30], [-1.0, 0.0, 0.5]),
        (np.int8, [-128, 0, 64], [-1.0, 0.0, 0.5]),
        (np.uint8, [0, 128, 192], [-1.0, 0.0, 0.5]),
        (np.uint16, [0, 32768, 49152], [-1.0, 0.0, 0.5]),
        (np.float16, [-1.0, 0.0, 0.5], [-1.0, 0.0, 0.5]),
        (np.float64, [-1.0, 0.0, 0.5], [-1.0, 0.0, 0.5]),
    ],
)
def test_full_scale_is_one(dtype, values, expected):
    """Floats are unchanged; integers are divided by the limit of their type, unsigned ones centred."""
    mono = as_mono(np.array(values, dtype))
    assert mono.dtype == np.float32
    assert mono.tolist() == expected


def test_floats_beyond_one_are_unchanged():
    """A float above full scale is not clipped: the level meter and the gate need it."""
    assert as_mono([3.0, -2.5]).tolist() == [3.0, -2.5]


def test_a_list_is_accepted():
    """Anything that NumPy reads as numbers is accepted."""
    assert as_mono([0.0, 0.5]).tolist() == [0.0, 0.5]


def test_channels_are_averaged():
    """Columns are channels, mixed to one."""
    assert as_mono(np.array([[0.0, 1.0], [0.5, -0.5], [1.0, 1.0]])).tolist() == [0.5, 0.0, 1.0]
    assert as_mono(np.zeros((7, 1))).shape == (7,)


@pytest.mark.parametrize(("other", "cancels"), [(-1, True), (1, False), (0, False)])
def test_channels_that_cancel_are_noticed(other, cancels):
    """An inverted pair cancels in its mean, integers included."""
    waveform = np.random.default_rng(0).integers(-9999, 9999, 500).astype(np.int16)
    assert ArraySource(np.stack((waveform, other * waveform), axis=1), 4000).channels_cancel is cancels
    assert not ArraySource(waveform, 4000).channels_cancel


def test_non_finite_samples_stay_non_finite():
    """Non-finite samples are unchanged; a value beyond float32 becomes infinite without a warning."""
    mono = as_mono(np.array([0.0, np.nan, np.inf, 1e300]))
    assert mono[0] == 0
    assert not np.isfinite(mono[1:]).any()


def test_the_callers_array_may_change_later():
    """The source has a copy."""
    waveform = np.zeros(10, np.float32)
    source = ArraySource(waveform, RATE)
    waveform += 1
    assert not next(source.blocks(10)).any()


@pytest.mark.parametrize("shape", [(), (2, 3, 4), (0,), (0, 2), (5, 0)])
def test_invalid_shapes_are_refused(shape):
    """One or two axes and at least one sample; the message has the shape."""
    with pytest.raises(ValueError, match=r"^waveform\.shape=.* must"):
        ArraySource(np.zeros(shape), RATE)


def test_swapped_axes_are_refused_with_a_hint():
    """An array with the channels first would be played as thousands of channels."""
    with pytest.raises(ValueError, match="transpose"):
        ArraySource(np.zeros((2, 20_000)), RATE)


@pytest.mark.parametrize("dtype", [bool, complex, object, "U3"])
def test_numbers_that_are_not_real_are_refused(dtype):
    """The message has the type."""
    with pytest.raises(ValueError, match=r"^waveform\.dtype=.* must be"):
        ArraySource(np.zeros(5).astype(dtype), RATE)


@pytest.mark.parametrize("sample_rate", [0, 999, 192_001, -4000, 4000.5, float("nan")])
def test_rates_out_of_range_are_refused(sample_rate):
    """An integer from 1000 to 192000 Hz is needed; the message has the rate."""
    with pytest.raises(ValueError, match=r"^sample_rate=.* must be"):
        ArraySource(np.zeros(5), sample_rate)


@pytest.mark.parametrize("speed", [0.1, 65.0, -1.0])
def test_speeds_out_of_range_are_refused(speed):
    """As for every paced source."""
    with pytest.raises(ValueError, match=r"^speed="):
        ArraySource(np.zeros(5), RATE, speed=speed)

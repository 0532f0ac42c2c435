"""PCM bytes to float samples, and many channels to one."""

import io
import warnings

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from monitor.audio.sources.decoding.pcm import (
    ENCODINGS,
    ChannelMixer,
    RawFormat,
    check_channel,
    check_format,
    pick_channel,
)
from monitor.errors import RecordingError

SUBTYPES = {
    "u8": "PCM_U8",
    "s16le": "PCM_16",
    "s24le": "PCM_24",
    "s32le": "PCM_32",
    "f32le": "FLOAT",
    "f64le": "DOUBLE",
}


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_samples_are_scaled_as_libsndfile_does(encoding):
    """Every encoding gives the samples that libsndfile gives, bit for bit, full scale included."""
    random = np.random.default_rng(1)
    waveform = np.clip(random.normal(0, 0.4, (3000, 2)), -1, 1)
    waveform[:2] = [[1, -1], [-1, 1]]
    file = io.BytesIO()
    soundfile.write(file, waveform, 4000, SUBTYPES[encoding], "LITTLE", "RAW")
    expected, _ = soundfile.read(
        io.BytesIO(file.getvalue()), dtype="float32", format="RAW", samplerate=4000, channels=2,
        subtype=SUBTYPES[encoding], endian="LITTLE",
    )  # fmt: skip
    block = RawFormat(4000, 2, encoding).decode(file.getvalue())
    assert block.dtype == np.float32
    np.testing.assert_array_equal(block, expected)


@pytest.mark.parametrize(
    ("encoding", "data", "value"),
    [
        ("u8", b"\x80", 0.0),
        ("u8", b"\x00", -1.0),
        ("s16le", b"\x00\x80", -1.0),
        ("s16le", b"\x01\x00", 2.0**-15),
        ("s24le", b"\xff\xff\xff", -(2.0**-23)),
        ("s24le", b"\x00\x00\x40", 0.5),
        ("s32le", b"\x00\x00\x00\x80", -1.0),
        ("f32le", b"\x00\x00\x00\x3f", 0.5),
    ],
)
def test_known_bytes_have_known_values(encoding, data, value):
    """Integers are little-endian and full scale is -1."""
    assert RawFormat(4000, 1, encoding).decode(data).tolist() == [[value]]


@given(st.sampled_from(ENCODINGS), st.integers(1, 3), st.binary(max_size=100))
def test_an_incomplete_sample_is_dropped(encoding, channels, data):
    """Any bytes decode to as many complete samples as they hold."""
    raw = RawFormat(4000, channels, encoding)
    assert raw.decode(data).shape == (len(data) // raw.frame_bytes, channels)


def test_a_float_beyond_float32_is_infinite_without_a_warning():
    """A 64-bit value that does not fit becomes infinite, which the ring takes as lost."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        block = RawFormat(4000, 1, "f64le").decode(np.array([1e300]).tobytes())
    assert np.isinf(block[0, 0])


def test_a_signalling_nan_stays_a_nan_without_a_warning():
    """NaN of every kind is lost sound, told nowhere else."""
    values = RawFormat(4000, 1, "f64le").decode(bytes.fromhex("010000000000f07fffffffffffffffff"))
    assert np.isnan(values).all()


def test_one_channel_is_selected_by_index():
    """Channels count from 1, and the result is a copy."""
    block = np.arange(6, dtype=np.float32).reshape(3, 2)
    picked = pick_channel(block, 2)
    assert picked.tolist() == [1, 3, 5]
    picked[0] = 9
    assert block[0, 1] == 1


def test_without_an_index_the_channels_are_averaged():
    """The result is the mean of all channels; of one channel, the channel itself."""
    assert pick_channel(np.array([[0.5, -0.5, 0.75]], np.float32), None).tolist() == [0.25]
    assert pick_channel(np.array([[0.5], [1.0]], np.float32), None).tolist() == [0.5, 1.0]


@given(st.integers(1, 9), st.integers(1, 60), st.integers(0, 60), st.integers(0, 2**32 - 1))
def test_the_mean_does_not_depend_on_the_blocks(channels, samples, cut, seed):
    """However a block is cut, each sample of the mean is identical."""
    block = np.random.default_rng(seed).normal(size=(samples, channels)).astype(np.float32)
    parts = [pick_channel(block[:cut], None), pick_channel(block[cut:], None)]
    np.testing.assert_array_equal(np.concatenate(parts), pick_channel(block, None))


def test_the_mean_of_non_finite_samples_gives_no_warning():
    """A channel that is NaN or infinite makes the mean non-finite."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        mono = pick_channel(np.array([[np.inf, -np.inf], [3e38, 3e38], [np.nan, 0]], np.float32), None)
    assert not np.isfinite(mono).any()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ((999, 1, "s16le"), "sample_rate=999"),
        ((192_001, 1, "s16le"), "sample_rate=192001"),
        ((4000, 0, "s16le"), "channels=0"),
        ((4000, 1025, "s16le"), "channels=1025"),
        ((4000, 1, "mp3"), "encoding='mp3' must be one of u8, s16le"),
    ],
)
def test_a_raw_format_out_of_range(values, message):
    """A value out of range is a ValueError with its name and value."""
    with pytest.raises(ValueError, match=message):
        RawFormat(*values)


@pytest.mark.parametrize(
    ("other", "channel", "cancels"),
    [
        (-1.0, None, True),
        (-0.9, None, True),
        (-0.5, None, False),
        (0.0, None, False),
        (1.0, None, False),
        (-1.0, 1, False),
    ],
)
def test_channels_that_cancel_are_noticed(other, channel, cancels):
    """An inverted pair cancels in its mean, whatever its offset; one channel, or any other pair, does not."""
    waveform = np.random.default_rng(0).standard_normal(800).astype(np.float32)
    pair = np.stack((waveform, np.float32(other) * waveform), axis=1) + np.float32(0.5)
    mixer = ChannelMixer(channel)
    mixed = [mixer.mix(block) for block in (pair[:0], pair[:100], np.full((5, 2), np.nan, np.float32), pair[100:])]
    np.testing.assert_array_equal(np.concatenate((*mixed[:2], mixed[3])), pick_channel(pair, channel))
    assert mixer.cancels is cancels


def test_silent_and_single_channels_do_not_cancel():
    """Where there is nothing to cancel, nothing is said."""
    mixer = ChannelMixer(None)
    mixer.mix(np.zeros((100, 2), np.float32))
    mixer.mix(np.ones((100, 1), np.float32))
    assert not mixer.cancels


@pytest.mark.parametrize("channel", [None, 1, 1024])
def test_channels_from_one_are_accepted(channel):
    """None and every index from 1 is valid."""
    check_channel(channel)
    check_format("a.wav", 4000, 1024, channel)


@pytest.mark.parametrize("channel", [0, -1])
def test_channels_below_one_are_refused(channel):
    """The first channel is 1, and the error says so."""
    with pytest.raises(ValueError, match=f"channel={channel} must be 1 or more"):
        check_channel(channel)


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ((500, 1, None), "sample rate of 500 Hz is outside 1000 to 192000 Hz; convert"),
        ((384_000, 1, None), "sample rate of 384000 Hz"),
        ((4000, 2, 3), "has 2 channels, there is no channel 3; choose --channel 1 to 2"),
        ((4000, 1, 2), "has 1 channel, there is no channel 2; choose --channel 1"),
        ((4000, 0, None), "has 0 channels according to its header"),
    ],
)
def test_a_recording_out_of_range_is_refused_in_one_line(values, line):
    """The error names the recording, what is wrong and the next step."""
    with pytest.raises(RecordingError) as caught:
        check_format("a.wav", *values)
    assert str(caught.value).startswith(f"a.wav: {line}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("sample_rate", [1000, 4000, 192_000])
def test_rates_at_the_limits_are_accepted(sample_rate):
    """1000 Hz and 192000 Hz are valid."""
    check_format("a.wav", sample_rate, 1, None)
    assert RawFormat(sample_rate).frame_bytes == 2

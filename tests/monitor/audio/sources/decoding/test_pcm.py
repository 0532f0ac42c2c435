"""Bytes of plain samples to floats, and many channels to one."""

import io
import warnings

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from monitor.audio.sources.decoding.pcm import ENCODINGS, RawFormat, check_channel, check_format, pick_channel
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
    """Every encoding gives the very bits that libsndfile gives, full scale included."""
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
    """Whole numbers are little-endian and full scale is -1."""
    assert RawFormat(4000, 1, encoding).decode(data).tolist() == [[value]]


@given(st.sampled_from(ENCODINGS), st.integers(1, 3), st.binary(max_size=100))
def test_a_part_of_a_sample_is_left_out(encoding, channels, data):
    """Any bytes decode to as many whole samples as they hold."""
    form = RawFormat(4000, channels, encoding)
    assert form.decode(data).shape == (len(data) // form.frame_bytes, channels)


def test_a_float_beyond_float32_is_infinite_without_a_warning():
    """A 64-bit value that does not fit is left to the ring as no sound."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        block = RawFormat(4000, 1, "f64le").decode(np.array([1e300]).tobytes())
    assert np.isinf(block[0, 0])


def test_one_channel_is_picked_by_its_number():
    """Channels count from 1, and the result is the caller's own."""
    block = np.arange(6, dtype=np.float32).reshape(3, 2)
    picked = pick_channel(block, 2)
    assert picked.tolist() == [1, 3, 5]
    picked[0] = 9
    assert block[0, 1] == 1


def test_without_a_number_the_channels_are_averaged():
    """The mean of all channels is heard; of one channel, itself."""
    assert pick_channel(np.array([[0.5, -0.5, 0.75]], np.float32), None).tolist() == [0.25]
    assert pick_channel(np.array([[0.5], [1.0]], np.float32), None).tolist() == [0.5, 1.0]


@given(st.integers(1, 9), st.integers(1, 60), st.integers(0, 60), st.integers(0, 2**32 - 1))
def test_cutting_a_block_changes_no_bit_of_the_mean(channels, samples, cut, seed):
    """However a block is cut, each sample of the mean is the same to the last bit."""
    block = np.random.default_rng(seed).normal(size=(samples, channels)).astype(np.float32)
    parts = [pick_channel(block[:cut], None), pick_channel(block[cut:], None)]
    np.testing.assert_array_equal(np.concatenate(parts), pick_channel(block, None))


def test_the_mean_of_what_is_no_number_is_none_without_a_warning():
    """A channel that is NaN or infinite makes the mean no sound."""
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
def test_a_form_that_cannot_be_heard_is_refused(values, message):
    """A raw form out of range is the caller's mistake, named with its value."""
    with pytest.raises(ValueError, match=message):
        RawFormat(*values)


@pytest.mark.parametrize("channel", [None, 1, 1024])
def test_channels_from_one_are_taken(channel):
    """None and every number from 1 may be asked for."""
    check_channel(channel)
    check_format("a.wav", 4000, 1024, channel)


@pytest.mark.parametrize("channel", [0, -1])
def test_channels_below_one_are_refused(channel):
    """The first channel is 1, and the error says so."""
    with pytest.raises(ValueError, match=f"channel={channel} must be 1 or more"):
        check_channel(channel)


@pytest.mark.parametrize(
    ("form", "line"),
    [
        ((500, 1, None), "sample rate of 500 Hz is outside 1000 to 192000 Hz; convert"),
        ((384_000, 1, None), "sample rate of 384000 Hz"),
        ((4000, 2, 3), "has 2 channels, there is no channel 3; choose --channel 1 to 2"),
        ((4000, 1, 2), "has 1 channel, there is no channel 2; choose --channel 1"),
        ((4000, 0, None), "says it has 0 channels"),
    ],
)
def test_a_recording_of_another_form_is_refused_in_one_line(form, line):
    """The error names the recording, what is wrong and the next step."""
    with pytest.raises(RecordingError) as caught:
        check_format("a.wav", *form)
    assert str(caught.value).startswith(f"a.wav: {line}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("sample_rate", [1000, 4000, 192_000])
def test_rates_at_the_edges_are_taken(sample_rate):
    """1000 Hz and 192000 Hz are inside."""
    check_format("a.wav", sample_rate, 1, None)
    assert RawFormat(sample_rate).frame_bytes == 2

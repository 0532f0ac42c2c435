"""A FLAC that is valid, with length and checksum, after every write; libsndfile is the authority."""

import errno
import hashlib

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from monitor.audio.recorder.append_file import AppendFile, new_file
from monitor.audio.recorder.flac_encoder import LARGEST_BLOCK
from monitor.audio.recorder.flac_writer import SMALLEST_BLOCK, FlacWriter

FULL_SCALE = 2**23


@pytest.fixture
def path(tmp_path):
    """Return where the FLAC goes."""
    return tmp_path / "a.flac"


def read(path):
    """Return all samples of a FLAC as whole numbers of 24 bits."""
    return soundfile.read(path, dtype="int32")[0] >> 8


def whole(waveform):
    """Return the nearest whole numbers of 24 bits."""
    return np.clip(np.rint(waveform.astype(np.float64) * FULL_SCALE), -FULL_SCALE, FULL_SCALE - 1).astype(np.int32)


def write(path, *blocks, sample_rate=4000):
    """Write blocks into a new file and close it."""
    writer = FlacWriter(new_file(path), sample_rate)
    for block in blocks:
        writer.write(block)
    writer.close()


sounds = arrays.arrays(
    np.float32,
    st.integers(0, 200),
    elements=st.one_of(st.floats(-1.5, 1.5, width=32), st.sampled_from([0.0, 1.0, -1.0, 2**-23, -(2**-15)])),
)


@given(blocks=st.lists(sounds, max_size=8))
def test_what_was_written_is_read(tmp_path_factory, blocks):
    """Whatever the sound and its blocks, the nearest whole number of every sample is in the file."""
    path = tmp_path_factory.mktemp("flac") / "a.flac"
    write(path, *blocks)
    expected = whole(np.concatenate((np.zeros(0, np.float32), *blocks)))
    if len(expected):  # the format has no way to say that there is nothing
        assert soundfile.info(path).frames == len(expected)
        np.testing.assert_array_equal(read(path), expected)


@given(sound=sounds.filter(len), seed=st.integers(0, 2**16), rough=st.integers(0, 23))
def test_every_kind_of_block_is_read(tmp_path_factory, sound, seed, rough):
    """Smooth, rough, loud, faint: thousands of samples of any roughness come back."""
    path = tmp_path_factory.mktemp("flac") / "a.flac"
    rng = np.random.default_rng(seed)
    walk = np.cumsum(rng.integers(-(2**rough), 2**rough + 1, 5000)) / FULL_SCALE
    block = np.concatenate((np.sin(walk), sound)).astype(np.float32)
    write(path, block)
    np.testing.assert_array_equal(read(path), whole(block))


@pytest.mark.parametrize("count", [1, 2, 4, 5, 15, 16, 17, 4095, 4096, 4097, 4111, 4112, 8192, 10_000])
def test_any_length_is_read(path, signals, count):
    """Around the sizes where blocks begin and end, none is lost."""
    sound = signals.noise(count)
    write(path, sound)
    np.testing.assert_array_equal(read(path), whole(sound))


def test_a_16_bit_input_is_kept_exactly(path, signals):
    """What a converter of 16 bits gives, as PortAudio scales it, comes back to the last bit."""
    sound = (np.rint(signals.noise(9000) * 2**15) / 2**15).astype(np.float32)
    write(path, sound)
    np.testing.assert_array_equal(soundfile.read(path, dtype="float32")[0], sound)


def test_a_24_bit_input_is_kept_exactly(path):
    """The ends of the scale and the smallest step included."""
    sound = np.array([-1.0, 1.0 - 2**-23, 2**-23, -(2**-23), 0.5] * 20, np.float32)
    write(path, sound)
    np.testing.assert_array_equal(soundfile.read(path, dtype="float32")[0], sound)


def test_beyond_full_scale_it_is_cut_off(path):
    """The loudest whole number stands for what 24 bits do not hold; nothing wraps around."""
    write(path, np.array([1.0, 2.0, 1e6, -1e6] * 10, np.float32))
    assert read(path).tolist() == ([FULL_SCALE - 1] * 3 + [-FULL_SCALE]) * 10


def test_the_file_is_finished_after_every_write(path, signals):
    """Length, samples and checksum are right at any moment, but for up to 15 samples that wait."""
    sound = signals.noise(3000)
    writer = FlacWriter(new_file(path), 4000)
    for start in range(0, 3000, 205):
        writer.write(sound[start : start + 205])
        written = min(3000, start + 205)
        found = read(path)
        assert written - SMALLEST_BLOCK < len(found) <= written
        np.testing.assert_array_equal(found, whole(sound[: len(found)]))
        assert soundfile.info(path).frames == len(found)
    writer.close()
    np.testing.assert_array_equal(read(path), whole(sound))


def test_the_checksum_is_of_the_samples(path, signals):
    """MD5 over three bytes each, low byte first, as the standard says."""
    sound = signals.noise(5000)
    write(path, sound)
    samples = b"".join(int(value).to_bytes(3, "little", signed=True) for value in whole(sound))
    assert path.read_bytes()[26:42] == hashlib.md5(samples, usedforsecurity=False).digest()


@pytest.mark.parametrize("sample_rate", [1000, 4000, 44_100, 192_000])
def test_the_form_is_mono_24_bits_at_the_rate(path, signals, sample_rate):
    """Other programs see the input's own rate."""
    write(path, signals.noise(100), sample_rate=sample_rate)
    found = soundfile.info(path)
    assert (found.format, found.subtype, found.channels, found.samplerate) == ("FLAC", "PCM_24", 1, sample_rate)


def test_seeking_lands_on_the_sample(path, signals):
    """Frames carry their first sample's number, also far into the file."""
    sound = signals.noise(20_000)
    write(path, *np.split(sound, 8))
    with soundfile.SoundFile(path) as file:
        file.seek(12_345)
        np.testing.assert_array_equal(file.read(100, dtype="int32") >> 8, whole(sound[12_345:12_445]))


def test_a_heart_takes_less_room_than_its_samples(path, heart_waveform):
    """Compression is real: a heart in 16 bits needs less than two bytes a sample."""
    sound = (np.rint(heart_waveform * 2**15) / 2**15).astype(np.float32)
    write(path, *np.split(sound, 20))
    assert path.stat().st_size < 1.5 * len(sound)


def test_blocks_are_never_larger_than_every_player_takes(path, signals):
    """A long write is cut."""
    assert LARGEST_BLOCK <= 4608
    sound = signals.noise(3 * LARGEST_BLOCK + 3)
    write(path, sound)
    np.testing.assert_array_equal(read(path), whole(sound))


def test_after_a_failed_write_the_next_one_fits(path, signals, monkeypatch):
    """A write that failed changes neither file nor checksum, and the same samples can be written again."""
    sound = signals.noise(1000)
    writer = FlacWriter(new_file(path), 4000)
    writer.write(sound[:500])

    def full(growing, place, data):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as scripted:
        scripted.setattr(AppendFile, "_write_at", full)
        with pytest.raises(OSError, match="No space"):
            writer.write(sound[500:])
    np.testing.assert_array_equal(read(path), whole(sound[:500]))
    writer.write(sound[500:])
    writer.close()
    np.testing.assert_array_equal(read(path), whole(sound))


def test_closing_twice_and_with_a_full_disk_is_safe(path, signals, monkeypatch):
    """The last samples may be refused; the file is closed and valid all the same."""

    def full(growing, place, data):
        raise OSError(errno.ENOSPC, "No space left on device")

    writer = FlacWriter(new_file(path), 4000)
    writer.write(signals.noise(LARGEST_BLOCK + 5))
    monkeypatch.setattr(AppendFile, "_write_at", full)
    with pytest.raises(OSError, match="No space"):
        writer.close()
    writer.close()
    assert len(read(path)) == LARGEST_BLOCK

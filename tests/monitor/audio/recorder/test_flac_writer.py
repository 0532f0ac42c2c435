"""A FLAC is valid, including length and checksum, after every write; libsndfile is the reference."""

import errno
import hashlib

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from monitor.audio.recorder.append_file import AppendFile, new_file
from monitor.audio.recorder.flac_encoder import MAX_BLOCK
from monitor.audio.recorder.flac_writer import MIN_BLOCK, FlacWriter

FULL_SCALE = 2**23


@pytest.fixture
def path(tmp_path):
    """Return the path of the FLAC."""
    return tmp_path / "a.flac"


def read(path):
    """Return all samples of a FLAC as 24-bit integers."""
    return soundfile.read(path, dtype="int32")[0] >> 8


def int24(waveform):
    """Return samples rounded and clipped to 24-bit integers."""
    return np.clip(np.rint(waveform.astype(np.float64) * FULL_SCALE), -FULL_SCALE, FULL_SCALE - 1).astype(np.int32)


def write(path, *blocks, sample_rate=4000):
    """Write blocks to a new file and close it."""
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
    """For any sound and blocks, every sample is in the file, rounded to 24 bits."""
    path = tmp_path_factory.mktemp("flac") / "a.flac"
    write(path, *blocks)
    expected = int24(np.concatenate((np.zeros(0, np.float32), *blocks)))
    if len(expected):  # a FLAC without samples has an unknown length
        assert soundfile.info(path).frames == len(expected)
        np.testing.assert_array_equal(read(path), expected)


@given(sound=sounds.filter(len), seed=st.integers(0, 2**16), rough=st.integers(0, 23))
def test_every_kind_of_block_is_read(tmp_path_factory, sound, seed, rough):
    """Smooth, rough, loud or faint: thousands of samples of any roughness are read as written."""
    path = tmp_path_factory.mktemp("flac") / "a.flac"
    rng = np.random.default_rng(seed)
    walk = np.cumsum(rng.integers(-(2**rough), 2**rough + 1, 5000)) / FULL_SCALE
    block = np.concatenate((np.sin(walk), sound)).astype(np.float32)
    write(path, block)
    np.testing.assert_array_equal(read(path), int24(block))


@pytest.mark.parametrize("count", [1, 2, 4, 5, 15, 16, 17, 4095, 4096, 4097, 4111, 4112, 8192, 10_000])
def test_any_length_is_read(path, signals, count):
    """Around the block boundaries no sample is lost."""
    sound = signals.noise(count)
    write(path, sound)
    np.testing.assert_array_equal(read(path), int24(sound))


def test_a_16_bit_input_is_exact(path, signals):
    """The output of a 16-bit converter, as PortAudio scales it, is read back bit for bit."""
    sound = (np.rint(signals.noise(9000) * 2**15) / 2**15).astype(np.float32)
    write(path, sound)
    np.testing.assert_array_equal(soundfile.read(path, dtype="float32")[0], sound)


def test_a_24_bit_input_is_exact(path):
    """Full scale and the smallest step are included."""
    sound = np.array([-1.0, 1.0 - 2**-23, 2**-23, -(2**-23), 0.5] * 20, np.float32)
    write(path, sound)
    np.testing.assert_array_equal(soundfile.read(path, dtype="float32")[0], sound)


def test_samples_beyond_full_scale_are_clipped(path):
    """They become the largest 24-bit integer; nothing wraps around."""
    write(path, np.array([1.0, 2.0, 1e6, -1e6] * 10, np.float32))
    assert read(path).tolist() == ([FULL_SCALE - 1] * 3 + [-FULL_SCALE]) * 10


def test_the_file_is_complete_after_every_write(path, signals):
    """Length, samples and checksum are right at any time, except for up to 15 samples that wait."""
    sound = signals.noise(3000)
    writer = FlacWriter(new_file(path), 4000)
    for start in range(0, 3000, 205):
        writer.write(sound[start : start + 205])
        written = min(3000, start + 205)
        samples = read(path)
        assert written - MIN_BLOCK < len(samples) <= written
        np.testing.assert_array_equal(samples, int24(sound[: len(samples)]))
        assert soundfile.info(path).frames == len(samples)
    writer.close()
    np.testing.assert_array_equal(read(path), int24(sound))


def test_a_file_without_samples_is_empty(path):
    """What a killed program leaves before the first write is an empty file, not a header that no program reads."""
    writer = FlacWriter(new_file(path), 4000)
    assert path.read_bytes() == b""
    writer.write(np.full(500, 0.25, np.float32))
    assert path.read_bytes().startswith(b"fLaC")
    writer.close()


def test_the_checksum_is_of_the_samples(path, signals):
    """MD5 over three bytes per sample, low byte first, as in the standard."""
    sound = signals.noise(5000)
    write(path, sound)
    samples = b"".join(int(value).to_bytes(3, "little", signed=True) for value in int24(sound))
    assert path.read_bytes()[26:42] == hashlib.md5(samples, usedforsecurity=False).digest()


@pytest.mark.parametrize("sample_rate", [1000, 4000, 44_100, 192_000])
def test_the_format_is_mono_24_bits_at_the_rate(path, signals, sample_rate):
    """Other programs see the input's own rate."""
    write(path, signals.noise(100), sample_rate=sample_rate)
    info = soundfile.info(path)
    assert (info.format, info.subtype, info.channels, info.samplerate) == ("FLAC", "PCM_24", 1, sample_rate)


def test_seeking_is_exact(path, signals):
    """Each frame has the index of its first sample, also far into the file."""
    sound = signals.noise(20_000)
    write(path, *np.split(sound, 8))
    with soundfile.SoundFile(path) as file:
        file.seek(12_345)
        np.testing.assert_array_equal(file.read(100, dtype="int32") >> 8, int24(sound[12_345:12_445]))


def test_a_heart_sound_is_compressed(path, heart_waveform):
    """A 16-bit heart sound takes less than 1.5 bytes per sample."""
    sound = (np.rint(heart_waveform * 2**15) / 2**15).astype(np.float32)
    write(path, *np.split(sound, 20))
    assert path.stat().st_size < 1.5 * len(sound)


def test_blocks_are_not_larger_than_every_decoder_supports(path, signals):
    """A long write is split into blocks."""
    assert MAX_BLOCK <= 4608
    sound = signals.noise(3 * MAX_BLOCK + 3)
    write(path, sound)
    np.testing.assert_array_equal(read(path), int24(sound))


def test_after_a_failed_write_the_next_one_fits(path, signals, monkeypatch):
    """A write that failed changes neither file nor checksum, and the same samples can be written again."""
    sound = signals.noise(1000)
    writer = FlacWriter(new_file(path), 4000)
    writer.write(sound[:500])

    def full(file, position, data):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as scripted:
        scripted.setattr(AppendFile, "_write_at", full)
        with pytest.raises(OSError, match="No space"):
            writer.write(sound[500:])
    np.testing.assert_array_equal(read(path), int24(sound[:500]))
    writer.write(sound[500:])
    writer.close()
    np.testing.assert_array_equal(read(path), int24(sound))


def test_closing_twice_and_with_a_full_disk_is_safe(path, signals, monkeypatch):
    """When the last samples cannot be written, the file is closed and valid all the same."""

    def full(file, position, data):
        raise OSError(errno.ENOSPC, "No space left on device")

    writer = FlacWriter(new_file(path), 4000)
    writer.write(signals.noise(MAX_BLOCK + 5))
    monkeypatch.setattr(AppendFile, "_write_at", full)
    with pytest.raises(OSError, match="No space"):
        writer.close()
    writer.close()
    assert len(read(path)) == MAX_BLOCK

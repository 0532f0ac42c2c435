"""A WAV is valid after every write."""

import errno

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from monitor.audio.recorder.append_file import AppendFile, new_file
from monitor.audio.recorder.wav_writer import WavWriter
from monitor.audio.sources.decoding.file_layout import find_layout
from monitor.audio.sources.decoding.wav_header import read_wav_header, skipper


@pytest.fixture
def path(tmp_path):
    """Return the path of the WAV."""
    return tmp_path / "a.wav"


def read(path):
    """Return all samples of a WAV."""
    return soundfile.read(path, dtype="float32")[0]


@given(blocks=st.lists(arrays.arrays(np.float32, st.integers(0, 50), elements=st.floats(-1e6, 1e6, width=32))))
def test_what_was_written_is_read_after_every_write(tmp_path_factory, blocks):
    """After each block the file has all samples so far, bit for bit, beyond full scale too."""
    path = tmp_path_factory.mktemp("wav") / "a.wav"
    writer = WavWriter(new_file(path), 4000)
    written = np.zeros(0, np.float32)
    for block in blocks:
        writer.write(block)
        written = np.concatenate((written, block))
        np.testing.assert_array_equal(read(path), written)
    writer.close()
    np.testing.assert_array_equal(read(path), written)


@pytest.mark.parametrize("sample_rate", [1000, 4000, 44_100, 192_000])
def test_the_format_is_mono_float_at_the_rate(path, sample_rate):
    """Other programs see one channel of 32-bit floats at the input's own rate."""
    writer = WavWriter(new_file(path), sample_rate)
    writer.write(np.zeros(10, np.float32))
    writer.close()
    info = soundfile.info(path)
    assert (info.format, info.subtype, info.channels) == ("WAV", "FLOAT", 1)
    assert (info.samplerate, info.frames) == (sample_rate, 10)


def test_a_file_without_samples_is_valid(path):
    """Even the header alone is a WAV."""
    WavWriter(new_file(path), 4000).close()
    assert soundfile.info(path).frames == 0


def test_beyond_four_gigabytes_it_becomes_an_rf64(path, signals):
    """When the sizes no longer fit, the same file becomes an RF64, and no sample moves."""
    sound = signals.noise(1000)
    writer = WavWriter(new_file(path), 4000, largest_riff=2000)
    for start in range(0, 1000, 100):
        writer.write(sound[start : start + 100])
        assert path.read_bytes()[:4] == (b"RF64" if start >= 400 else b"RIFF")
        np.testing.assert_array_equal(read(path), sound[: start + 100])
    writer.close()
    assert soundfile.info(path).format == "RF64"


def test_a_size_of_six_gigabytes(path, monkeypatch):
    """The header of a very long recording has the size in 64 bits."""

    class Long:
        dtype = np.float32

        def __len__(self):
            return 1_500_000_000

        def astype(self, kind):
            return np.zeros(0, np.float32)

    writer = WavWriter(new_file(path), 44_100)
    writer.write(Long())
    writer.close()
    with path.open("rb") as file:
        file.seek(12)
        assert read_wav_header(file.read, skipper(file)).data_bytes == 6_000_000_000


def test_our_own_reader_finds_nothing_missing(path, signals):
    """The header never states more bytes than the file has."""
    writer = WavWriter(new_file(path), 4000)
    for written in (77, 154, 231):
        writer.write(signals.noise(77))
        with path.open("rb") as file:
            layout = find_layout(file, "a.wav")
        size = path.stat().st_size
        assert [part[1] for part in layout.parts] == [(size - 4 * written, size)]
        assert layout.missing == ""
    writer.close()


def test_a_kill_between_samples_and_header_leaves_the_last_state(path, signals, monkeypatch):
    """Samples that the header does not count yet are ignored: the file ends with the previous write."""
    sound = signals.noise(300)
    writer = WavWriter(new_file(path), 4000)
    writer.write(sound[:200])
    real = AppendFile._write_at

    def killed(file, position, data):
        if position == 0:
            raise KeyboardInterrupt
        real(file, position, data)

    monkeypatch.setattr(AppendFile, "_write_at", killed)
    with pytest.raises(KeyboardInterrupt):
        writer.write(sound[200:])
    assert path.stat().st_size > 4 * 300
    np.testing.assert_array_equal(read(path), sound[:200])
    writer.close()


def test_after_a_failed_write_the_next_one_fits(path, signals, monkeypatch):
    """A failed write changes nothing, so that the same samples can be written again."""
    sound = signals.noise(300)
    writer = WavWriter(new_file(path), 4000)
    writer.write(sound[:200])

    def full(file, position, data):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as scripted:
        scripted.setattr(AppendFile, "_write_at", full)
        with pytest.raises(OSError, match="No space"):
            writer.write(sound[200:])
    np.testing.assert_array_equal(read(path), sound[:200])
    writer.write(sound[200:])
    writer.close()
    np.testing.assert_array_equal(read(path), sound)

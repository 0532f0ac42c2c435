"""Recordings as a source: formats, channels, starts, loops, seeks, and what is refused."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.audio.ring_buffer import RingBuffer
from monitor.audio.sources.file import RecordingSource
from monitor.errors import RecordingError

DATA = Path(__file__).parents[4].parent / "shared" / "data"


def noise(samples, channels=1, seed=0):
    """Repeatable noise, ``(samples, channels)``."""
    return np.random.default_rng(seed).normal(0, 0.1, (samples, channels)).astype(np.float32)


def write(path, waveform, sample_rate=4000, **form):
    """Write a recording; return its path."""
    soundfile.write(path, waveform, sample_rate, **form)
    return path


def all_of(source, block_samples=700):
    """Everything that a source would push, as one waveform."""
    return np.concatenate([np.zeros(0, np.float32), *source.blocks(block_samples)])


def through_a_ring(source, capacity=200_000):
    """Run a source as fast as possible; return waveform, lost intervals and the source's error."""
    ring = RingBuffer(capacity)
    cursor, parts, lost = ring.cursor(), [np.zeros(0, np.float32)], []
    with source:
        source.start(ring)
        while (read := cursor.read(10_000, 30.0)) is not None:
            parts.append(read.waveform)
            lost += read.lost
    return np.concatenate(parts), lost, source.error


def refusal(path, **settings):
    """The one line with which a file or an argument is refused."""
    with pytest.raises(RecordingError) as caught:
        RecordingSource(path, **settings)
    line = str(caught.value)
    assert "\n" not in line
    assert caught.value.next_step
    return line


def open_descriptors():
    """How many files this process has open."""
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.parametrize("sample_rate", [1000, 4000, 11_025, 44_100, 192_000])
@pytest.mark.parametrize(
    ("suffix", "subtype"), [("wav", "FLOAT"), ("wav", "PCM_24"), ("flac", "PCM_16"), ("aiff", "PCM_16")]
)
def test_lossless_formats_are_played_as_written(tmp_path, suffix, subtype, sample_rate):
    """Rate, length and every sample are the file's."""
    path = write(tmp_path / f"a.{suffix}", noise(20_000), sample_rate, subtype=subtype)
    source = RecordingSource(path, speed=None)
    assert source.sample_rate == sample_rate
    assert source.duration_s == 20_000 / sample_rate
    waveform, lost, error = through_a_ring(source)
    np.testing.assert_array_equal(waveform, soundfile.read(path, dtype="float32")[0])
    assert (lost, error) == ([], None)


@pytest.mark.parametrize(("suffix", "sample_rate"), [("ogg", 4000), ("mp3", 8000), ("mp3", 44_100)])
def test_lossy_formats_are_played_as_decoded(tmp_path, suffix, sample_rate):
    """Every sample of an OGG or MP3 comes, as if decoded in one call."""
    path = write(tmp_path / f"a.{suffix}", noise(50_000), sample_rate)
    waveform, _, error = through_a_ring(RecordingSource(path, speed=None))
    expected, _ = soundfile.read(path, dtype="float32")
    np.testing.assert_allclose(waveform, expected, atol=1e-6)
    assert error is None


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "mp3", "aiff"])
def test_the_block_size_changes_no_sample(tmp_path, suffix):
    """For any block size the samples are identical, in compressed formats too."""
    path = write(tmp_path / f"a.{suffix}", noise(40_000, 2), 8000)
    source = RecordingSource(path)
    whole = all_of(source, 10**6)
    assert len(whole) == 40_000
    for block_samples in (80, 1152, 16_384):
        blocks = list(source.blocks(block_samples))
        assert max(map(len, blocks)) <= block_samples
        np.testing.assert_array_equal(np.concatenate(blocks), whole)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(st.integers(1, 5000), st.integers(1, 4), st.integers(1, 6000), st.integers(0, 100))
def test_any_length_and_channel_count(tmp_path, samples, channels, block_samples, start_percent):
    """Every sample from the start on comes once, for any length, channel count and block size."""
    block = noise(samples, channels)
    path = write(tmp_path / "a.wav", block, subtype="FLOAT")
    start = samples * start_percent // 101
    source = RecordingSource(path, start_s=start / 4000, channel=channels)
    np.testing.assert_array_equal(all_of(source, block_samples), block[start:, -1])
    assert source.duration_s == (samples - start) / 4000


def test_channels_are_selected_or_averaged(tmp_path):
    """An index gives that channel, None gives the mean."""
    block = noise(1000, 3)
    path = write(tmp_path / "a.wav", block, subtype="FLOAT")
    np.testing.assert_array_equal(all_of(RecordingSource(path, channel=2)), block[:, 1])
    np.testing.assert_allclose(all_of(RecordingSource(path)), block.mean(axis=1), atol=1e-7)


@pytest.mark.parametrize("suffix", ["wav", "mp3"])
def test_a_loop_is_one_stream_from_the_start_on(tmp_path, suffix):
    """A loop restarts at the same sample, without a sample inserted or missing, and has no length."""
    path = write(tmp_path / f"a.{suffix}", noise(9000), 8000)
    once = all_of(RecordingSource(path, start_s=0.5))
    source = RecordingSource(path, start_s=0.5, loop=True)
    assert source.duration_s is None
    played, blocks = np.zeros(0, np.float32), source.blocks(333)
    while len(played) < 2.5 * len(once):
        played = np.concatenate((played, next(blocks)))
    blocks.close()
    np.testing.assert_array_equal(played, np.resize(once, len(played)))


def test_a_loop_ends_when_it_is_stopped(tmp_path):
    """A loop as fast as possible is stopped like any other source."""
    ring = RingBuffer(50_000)
    cursor = ring.cursor()
    with RecordingSource(write(tmp_path / "a.wav", noise(100)), speed=None, loop=True) as source:
        source.start(ring)
        while cursor.next_sample < 1000:
            assert cursor.read(10_000, 30.0) is not None
    assert ring.closed
    assert source.error is None


def test_a_looped_file_that_is_emptied_ends_the_loop(tmp_path):
    """When the file loses its samples between two passes, the loop ends with an error, not in a busy wait."""
    path = write(tmp_path / "a.wav", noise(100))
    blocks = RecordingSource(path, loop=True).blocks(100)
    next(blocks)
    write(path, noise(0))
    with pytest.raises(RecordingError, match="holds no samples"):
        next(blocks)


def test_a_file_that_vanishes_before_it_is_played(tmp_path):
    """A file removed after the source was created ends the source with one line."""
    path = write(tmp_path / "a.wav", noise(100))
    source = RecordingSource(path, speed=None)
    path.unlink()
    waveform, _, error = through_a_ring(source)
    assert len(waveform) == 0
    assert str(error).endswith("a.wav: no such file; check the name and the folder")


def test_integers_written_as_floats_are_unchanged(tmp_path):
    """Levels do not matter: samples of +-32768 are passed on."""
    block = noise(5000) * np.float32(300_000)
    waveform, lost, _ = through_a_ring(RecordingSource(write(tmp_path / "a.wav", block, subtype="FLOAT"), speed=None))
    np.testing.assert_array_equal(waveform, block[:, 0])
    assert lost == []


def test_runs_of_nan_become_gaps(tmp_path):
    """Non-finite samples are reported as lost at their positions, and the rest is played."""
    block = noise(50_000)
    block[:100] = block[30_000:30_500] = np.nan
    waveform, lost, error = through_a_ring(
        RecordingSource(write(tmp_path / "a.wav", block, subtype="FLOAT"), speed=None)
    )
    assert lost == [(0, 100), (30_000, 30_500)]
    np.testing.assert_array_equal(waveform, np.nan_to_num(block[:, 0]))
    assert error is None


def test_a_recording_that_begins_with_nan_is_accepted(tmp_path):
    """One finite sample after many blocks of NaN is enough."""
    block = np.full(100_000, np.nan, np.float32)
    block[-1] = 0.5
    assert all_of(RecordingSource(write(tmp_path / "a.wav", block, subtype="FLOAT")))[-1] == 0.5


def test_the_name_is_the_path_as_given(tmp_path, monkeypatch):
    """Strings and path objects are accepted, and the folder stays in the name."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ward").mkdir()
    write("ward/heart sound ü.wav", noise(10))
    assert RecordingSource("ward/heart sound ü.wav").name == "ward/heart sound ü.wav"
    assert RecordingSource(Path("ward/heart sound ü.wav")).name == "ward/heart sound ü.wav"


def test_files_are_closed_on_every_path(tmp_path):
    """Neither a finished, a stopped, a refused nor a never started source leaves a file open."""
    if not Path("/proc/self/fd").is_dir():
        pytest.skip("open files can be counted on Linux only")
    path = write(tmp_path / "a.wav", noise(50_000))
    (tmp_path / "cut.wav").write_bytes(path.read_bytes()[:-500])
    (tmp_path / "text.wav").write_text("hello")
    before = open_descriptors()
    through_a_ring(RecordingSource(path, speed=None))
    unplayed = RecordingSource(path)
    through_a_ring(RecordingSource(tmp_path / "cut.wav", speed=None))
    refusal(tmp_path / "text.wav")
    refusal(path, channel=2)
    ring = RingBuffer(1000)
    ring.cursor()
    stopped = RecordingSource(path, speed=None)
    stopped.start(ring)
    stopped.close()
    assert open_descriptors() == before
    unplayed.close()


def test_creating_a_source_reads_one_block(tmp_path, monkeypatch):
    """Only the first block is read when it has a finite sample, however long the file is."""
    path = write(tmp_path / "a.wav", noise(200_000))
    reads = []
    read = soundfile.SoundFile.read
    monkeypatch.setattr(soundfile.SoundFile, "read", lambda *args, **named: reads.append(1) or read(*args, **named))
    RecordingSource(path)
    assert len(reads) == 1


def test_soundfile_is_imported_only_for_a_recording():
    """Importing the module does not load libsndfile, so that a command's help is quick."""
    code = "import sys, monitor.audio.sources.file, monitor.audio.sources.pipe; sys.exit('soundfile' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[4], check=False).returncode == 0


# files and arguments that are refused


@pytest.mark.parametrize("suffix", ["wav", "aiff"])
def test_a_recording_without_samples(tmp_path, suffix):
    """A header without samples after it is refused."""
    assert "holds no samples; " in refusal(write(tmp_path / f"a.{suffix}", noise(0)))


def test_a_recording_without_a_finite_sample(tmp_path):
    """A file, or a channel, of NaN and infinities alone is refused."""
    block = noise(40_000, 2)
    block[:, 0] = np.nan
    block[1::2, 0] = np.inf
    path = write(tmp_path / "a.wav", block, subtype="FLOAT")
    assert "a.wav: no sample is a number, all are NaN or infinite; " in refusal(path, channel=1)
    assert "no sample is a number" in refusal(path)
    assert len(all_of(RecordingSource(path, channel=2))) == 40_000


def test_a_flac_without_a_length_is_played_to_its_end(tmp_path):
    """A FLAC from a streaming encoder states no length; the source has none then, and a start after its end fails."""
    path = write(tmp_path / "a.flac", noise(40_000))
    data = bytearray(path.read_bytes())
    data[21] &= 0xF0
    data[22:26] = bytes(4)
    path.write_bytes(data)
    source = RecordingSource(path, speed=None)
    assert source.duration_s is None
    waveform, _, error = through_a_ring(source)
    assert (len(waveform), error) == (40_000, None)
    assert "holds no samples from 50.00 s on" in refusal(path, start_s=50)


@pytest.mark.parametrize("sample_rate", [500, 999, 192_001, 384_000])
def test_a_rate_out_of_range(tmp_path, sample_rate):
    """Rates outside 1000 to 192000 Hz are refused by their value."""
    assert f"a.wav: sample rate of {sample_rate} Hz is outside" in refusal(
        write(tmp_path / "a.wav", noise(10), sample_rate)
    )


def test_a_channel_that_does_not_exist(tmp_path):
    """The line says how many channels there are."""
    path = write(tmp_path / "a.wav", noise(10, 2))
    assert "a.wav: has 2 channels, there is no channel 3; choose --channel 1 to 2" in refusal(path, channel=3)


@pytest.mark.parametrize("suffix", ["wav", "mp3"])
@pytest.mark.parametrize("start_s", [1.0, 2.0, 1e9])
def test_a_start_after_the_end(tmp_path, suffix, start_s):
    """A start at or after the end is refused, and the line says how long the recording is."""
    path = write(tmp_path / f"a.{suffix}", noise(8000), 8000)
    assert "lasts 1.00 s, so nothing is left from" in refusal(path, start_s=start_s)


def test_a_start_of_many_digits_is_short_in_the_message(tmp_path):
    """A slip of the keyboard does not fill the screen."""
    path = write(tmp_path / "a.wav", noise(8000), 8000)
    assert "so nothing is left from 1e+99 s on" in refusal(path, start_s=1e99)


def test_a_strange_name_is_played(tmp_path):
    """A recording with a line break in its name is played; the name is shown on one line."""
    source = RecordingSource(write(tmp_path / "a\nb.wav", noise(10)))
    assert source.name.endswith("a\\nb.wav")
    assert len(all_of(source)) == 10


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"channel": 0}, "channel=0"), ({"start_s": -1.0}, "start_s=-1"), ({"start_s": float("nan")}, "start_s=nan"),
     ({"speed": 100.0}, "speed=100")],
)  # fmt: skip
def test_arguments_out_of_range(tmp_path, settings, message):
    """An argument out of range is a ValueError, whatever the file."""
    with pytest.raises(ValueError, match=message):
        RecordingSource(tmp_path / "missing.wav", **settings)


@pytest.mark.skipif(not DATA.is_dir(), reason="the recordings for development are not here")
def test_real_recordings_are_played_whole():
    """No recording of the development sets is refused, and a few are compared sample by sample."""
    paths = sorted(path for path in DATA.rglob("*") if path.suffix in (".wav", ".flac"))
    for path in paths[::10]:
        assert RecordingSource(path).duration_s > 0.2
    for path in paths[::200]:
        expected, _ = soundfile.read(path, dtype="float32", always_2d=True)
        np.testing.assert_array_equal(all_of(RecordingSource(path, channel=1)), expected[:, 0])


class TestSeeking:
    """Seeking in a recording."""

    @pytest.mark.parametrize("suffix", ["wav", "flac"])
    @pytest.mark.parametrize("target", [0, 1, 4000, 12_345, 19_999, 20_000])
    def test_the_sound_continues_from_any_sample(self, tmp_path, suffix, target):
        """The target counts from the source's start; seeking to the end is no error."""
        path = write(tmp_path / f"a.{suffix}", noise(24_000), subtype="PCM_16")
        source = RecordingSource(path, speed=None, start_s=1.0)
        assert source.can_seek
        whole = all_of(source)
        rest = np.concatenate([np.zeros(0, np.float32), *source.blocks_from(target, 700)])
        np.testing.assert_array_equal(rest, whole[target:])

    def test_a_loop_cannot_seek(self, tmp_path):
        """A loop has no length to seek in."""
        path = write(tmp_path / "a.wav", noise(24_000))
        assert not RecordingSource(path, loop=True).can_seek

    def test_a_seek_while_playing_is_one_gap(self, tmp_path):
        """One lost sample, then the sound from the new position."""
        path = write(tmp_path / "a.wav", noise(24_000), subtype="FLOAT")
        source = RecordingSource(path, speed=None)
        source.seek(4.0)
        waveform, lost, error = through_a_ring(source)
        assert error is None
        assert lost == [(0, 1)]
        np.testing.assert_array_equal(waveform[1:], noise(24_000)[16_000:, 0])
        assert source.shift_s(1.0) == pytest.approx(4.0 - 1 / 4000)


class TestElectrocardiogram:
    """A further channel beside the sound."""

    @pytest.fixture
    def three(self, tmp_path):
        """Return a recording of three channels, and its samples."""
        samples = np.random.default_rng(0).integers(-(2**15), 2**15, (500, 3)).astype(np.int16)
        soundfile.write(tmp_path / "three.wav", samples, 4000)
        return tmp_path / "three.wav", (samples / 2**15).astype(np.float32)

    def test_both_are_given(self, three):
        """Blocks have the sound and the electrocardiogram; without a channel, the sound is the mean of the others."""
        path, samples = three
        chosen = np.concatenate(list(RecordingSource(path, channel=3, ecg_channel=1).blocks(64)))
        np.testing.assert_array_equal(chosen, samples[:, [2, 0]])
        mean = np.concatenate(list(RecordingSource(path, ecg_channel=2).blocks(64)))
        np.testing.assert_allclose(mean[:, 0], samples[:, [0, 2]].mean(axis=1), atol=1e-7)
        np.testing.assert_array_equal(mean[:, 1], samples[:, 1])

    def test_a_channel_that_is_not_there(self, three, tmp_path):
        """One line says which there are; a recording of one channel has none."""
        with pytest.raises(RecordingError, match="has 3 channels, there is no channel 4; choose --ecg-channel 1 to 3"):
            RecordingSource(three[0], ecg_channel=4)
        soundfile.write(tmp_path / "one.wav", np.full(100, 0.5), 4000)
        with pytest.raises(RecordingError, match="has 1 channel, so no electrocardiogram beside the sound; leave out"):
            RecordingSource(tmp_path / "one.wav", ecg_channel=1)

    @pytest.mark.parametrize("ecg_channel", [0, 2])
    def test_a_channel_that_cannot_be(self, three, ecg_channel):
        """It counts from 1, and is not that of the sound."""
        with pytest.raises(ValueError, match="must be 1 or more, and not the channel of the sound"):
            RecordingSource(three[0], channel=2, ecg_channel=ecg_channel)


@pytest.mark.parametrize(
    ("channel", "ecg_channel", "heard"),
    [(None, None, [[0.5]] * 3), (1, None, [[0.25]] * 3), (None, 1, [[0.5, 0.25]] * 3), (None, 2, [[0.25, 0.5]] * 3)],
)
def test_a_recording_that_names_its_sound(tmp_path, channel, ecg_channel, heard):
    """That channel is heard, not the mean, where nobody chose another; beside an electrocardiogram too."""
    np.tile(np.array([8192, 16_384], "<i2"), 3).tofile(tmp_path / "a.dat")
    (tmp_path / "a.hea").write_text("a 2 4000 3\na.dat 16 1 16 0 0 0 0 ECG\na.dat 16 1 16 0 0 0 0 PCG\n")
    source = RecordingSource(tmp_path / "a.hea", speed=None, channel=channel, ecg_channel=ecg_channel)
    blocks = [block.reshape(len(block), -1) for block in source.blocks(100)]
    np.testing.assert_array_equal(np.concatenate(blocks), heard)

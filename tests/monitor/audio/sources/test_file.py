"""Recordings replayed, and every way in which a file can be no recording."""

import os
import struct
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
    """All that a source would push, as one waveform."""
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
    """The one line with which a file is refused."""
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
def test_lossless_formats_come_as_they_were_written(tmp_path, suffix, subtype, sample_rate):
    """Rate, length and every sample are the file's."""
    path = write(tmp_path / f"a.{suffix}", noise(20_000), sample_rate, subtype=subtype)
    source = RecordingSource(path, speed=None)
    assert source.sample_rate == sample_rate
    assert source.duration_s == 20_000 / sample_rate
    waveform, lost, error = through_a_ring(source)
    np.testing.assert_array_equal(waveform, soundfile.read(path, dtype="float32")[0])
    assert (lost, error) == ([], None)


@pytest.mark.parametrize(("suffix", "sample_rate"), [("ogg", 4000), ("mp3", 8000), ("mp3", 44_100)])
def test_lossy_formats_come_as_the_decoder_gives_them(tmp_path, suffix, sample_rate):
    """Every sample of an OGG or MP3 is heard, as decoded in one go."""
    path = write(tmp_path / f"a.{suffix}", noise(50_000), sample_rate)
    waveform, _, error = through_a_ring(RecordingSource(path, speed=None))
    expected, _ = soundfile.read(path, dtype="float32")
    np.testing.assert_allclose(waveform, expected, atol=1e-6)
    assert error is None


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "mp3", "aiff"])
def test_the_size_of_the_blocks_changes_no_bit(tmp_path, suffix):
    """However small the blocks, the samples are the same to the last bit, in compressed formats too."""
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
    """Every sample from the start on comes once, whatever the length, the channels and the blocks."""
    block = noise(samples, channels)
    path = write(tmp_path / "a.wav", block, subtype="FLOAT")
    start = samples * start_percent // 101
    source = RecordingSource(path, start_s=start / 4000, channel=channels)
    np.testing.assert_array_equal(all_of(source, block_samples), block[start:, -1])
    assert source.duration_s == (samples - start) / 4000


def test_channels_are_picked_or_averaged(tmp_path):
    """A number gives that channel, none gives the mean."""
    block = noise(1000, 3)
    path = write(tmp_path / "a.wav", block, subtype="FLOAT")
    np.testing.assert_array_equal(all_of(RecordingSource(path, channel=2)), block[:, 1])
    np.testing.assert_allclose(all_of(RecordingSource(path)), block.mean(axis=1), atol=1e-7)


def test_very_many_channels_need_no_more_memory(tmp_path):
    """A file of 500 channels is read in smaller pieces and comes whole."""
    block = noise(3000, 500)
    path = write(tmp_path / "a.wav", block, subtype="FLOAT")
    np.testing.assert_array_equal(all_of(RecordingSource(path, channel=500)), block[:, 499])


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "mp3", "aiff"])
def test_a_start_is_exact(tmp_path, suffix):
    """What is heard from a start on is the end of the whole, bit for bit."""
    path = write(tmp_path / f"a.{suffix}", noise(40_000), 8000)
    whole = all_of(RecordingSource(path))
    source = RecordingSource(path, start_s=2.5)
    np.testing.assert_array_equal(all_of(source), whole[20_000:])
    assert source.duration_s == 2.5


@pytest.mark.parametrize("suffix", ["wav", "mp3"])
def test_a_loop_is_one_stream_from_the_start_on(tmp_path, suffix):
    """A loop begins again at the same start, without a sample between or missing, and has no length."""
    path = write(tmp_path / f"a.{suffix}", noise(9000), 8000)
    turn = all_of(RecordingSource(path, start_s=0.5))
    source = RecordingSource(path, start_s=0.5, loop=True)
    assert source.duration_s is None
    heard, blocks = np.zeros(0, np.float32), source.blocks(333)
    while len(heard) < 2.5 * len(turn):
        heard = np.concatenate((heard, next(blocks)))
    blocks.close()
    np.testing.assert_array_equal(heard, np.resize(turn, len(heard)))


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
    """When the file loses its samples between two turns, the loop ends with an error, not in a busy wait."""
    path = write(tmp_path / "a.wav", noise(100))
    blocks = RecordingSource(path, loop=True).blocks(100)
    next(blocks)
    write(path, noise(0))
    with pytest.raises(RecordingError, match="holds no samples"):
        next(blocks)


def test_a_file_that_vanishes_before_it_is_heard(tmp_path):
    """A file removed after the source was made ends the source with one line."""
    path = write(tmp_path / "a.wav", noise(100))
    source = RecordingSource(path, speed=None)
    path.unlink()
    waveform, _, error = through_a_ring(source)
    assert len(waveform) == 0
    assert str(error).endswith("a.wav: no such file; check the name, or list a folder with ls")


def test_whole_numbers_written_as_floats_stay(tmp_path):
    """Levels do not matter: samples of +-32768 are passed on."""
    block = noise(5000) * 300_000
    waveform, lost, _ = through_a_ring(RecordingSource(write(tmp_path / "a.wav", block, subtype="FLOAT"), speed=None))
    np.testing.assert_array_equal(waveform, block[:, 0])
    assert lost == []


def test_runs_of_nan_become_gaps(tmp_path):
    """Samples that are no number are told as lost, at their place, and the rest is heard."""
    block = noise(50_000)
    block[:100] = block[30_000:30_500] = np.nan
    waveform, lost, error = through_a_ring(
        RecordingSource(write(tmp_path / "a.wav", block, subtype="FLOAT"), speed=None)
    )
    assert lost == [(0, 100), (30_000, 30_500)]
    np.testing.assert_array_equal(waveform, np.nan_to_num(block[:, 0]))
    assert error is None


def test_a_recording_that_begins_with_much_nan_is_taken(tmp_path):
    """One number behind many blocks of NaN is enough."""
    block = np.full(100_000, np.nan, np.float32)
    block[-1] = 0.5
    assert all_of(RecordingSource(write(tmp_path / "a.wav", block, subtype="FLOAT")))[-1] == 0.5


def test_the_name_is_the_path_as_given(tmp_path, monkeypatch):
    """Text and path objects serve alike, and two files of one name can be told apart."""
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
    unheard = RecordingSource(path)
    refusal(tmp_path / "cut.wav")
    refusal(tmp_path / "text.wav")
    refusal(path, channel=2)
    ring = RingBuffer(1000)
    ring.cursor()
    stopped = RecordingSource(path, speed=None)
    stopped.start(ring)
    stopped.close()
    assert open_descriptors() == before
    unheard.close()


def test_making_a_source_does_not_read_it_whole(tmp_path, monkeypatch):
    """Only the first block is looked at when it holds a number, however long the file is."""
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


# what is no recording


def test_a_missing_file(tmp_path, monkeypatch):
    """The line begins with the name and says what to check."""
    monkeypatch.chdir(tmp_path)
    assert refusal("heart.wav") == "heart.wav: no such file; check the name, or list a folder with ls"
    (tmp_path / "a.wav").write_text("")
    assert "no such file" in refusal("a.wav/b.wav")


def test_a_directory(tmp_path, monkeypatch):
    """A folder is answered with the way to name what is in it, ready to be typed."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my ward").mkdir()
    assert refusal("my ward") == "my ward: is a directory; name the recordings in it: auscult replay 'my ward'/*.wav"


def test_an_empty_file(tmp_path):
    """Nothing at all is told from nothing that can be read."""
    (tmp_path / "a.wav").write_bytes(b"")
    assert "a.wav: is empty (0 bytes); " in refusal(tmp_path / "a.wav")


@pytest.mark.parametrize("name", ["a.wav", "a.mp3", "a.raw", "a"])
@pytest.mark.parametrize(
    "data",
    [b"hello world\n" * 50, bytes(4000), b"RIFF\x00\x00\x00\x00WAVE", b"fLaC" + bytes(300), b"OggS" + bytes(300),
     b"ID3\x03" + bytes(range(256)) * 8, b"\xff\xfb\x90\x64" + bytes(range(256)) * 8, b"\x00"],
)  # fmt: skip
def test_what_is_no_audio(tmp_path, capfd, name, data):
    """Text, junk and broken headers are refused in one line, and the decoder prints nothing itself."""
    (tmp_path / name).write_bytes(data)
    line = refusal(tmp_path / name)
    assert f"{name}: not a recording that can be read; give a wav, flac, ogg, mp3 or aiff file" in line
    assert "--raw s16le --rate 4000" in line
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("suffix", ["wav", "aiff"])
def test_a_recording_without_samples(tmp_path, suffix):
    """A header with nothing behind it holds no samples."""
    assert "holds no samples; " in refusal(write(tmp_path / f"a.{suffix}", noise(0)))


def test_a_recording_in_which_nothing_is_a_number(tmp_path):
    """Only NaN and infinities, in any block, is no sound; nor is a channel of them."""
    block = noise(40_000, 2)
    block[:, 0] = np.nan
    block[1::2, 0] = np.inf
    path = write(tmp_path / "a.wav", block, subtype="FLOAT")
    assert "a.wav: no sample is a number, all are NaN or infinite; " in refusal(path, channel=1)
    assert "no sample is a number" in refusal(path)
    assert len(all_of(RecordingSource(path, channel=2))) == 40_000


@pytest.mark.parametrize("kind", ["WAV", "RF64", "AIFF"])
@pytest.mark.parametrize("left", [0.0, 0.5, 0.999])
def test_a_truncated_file(tmp_path, kind, left):
    """A file with less sound than its header promises is refused, with the way to hear what is there."""
    whole = write(tmp_path / "whole", noise(2000), format=kind).read_bytes()
    header = len(whole) - 4000
    path = tmp_path / "a b.wav"
    path.write_bytes(whole[: header + int(4000 * left)])
    line = refusal(path)
    assert f"{4000 - int(4000 * left)} of 40" in line
    assert line.endswith(f"copy it again, or judge what is there: auscult replay - < '{path}'")


def test_a_truncated_flac_gives_what_is_there(tmp_path):
    """A FLAC that was cut is heard up to the cut; then the error says where it was."""
    path = write(tmp_path / "a.flac", noise(100_000))
    expected, _ = soundfile.read(path, dtype="float32")
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    waveform, _, error = through_a_ring(RecordingSource(path, speed=None))
    assert 30_000 < len(waveform) < 60_000
    np.testing.assert_array_equal(waveform, expected[: len(waveform)])
    assert isinstance(error, RecordingError)
    assert f"a.flac: damaged or cut short, decoding stops after {len(waveform) / 4000:.1f} s of 25.0 s; " in str(error)
    assert "\n" not in str(error)


def test_a_truncated_mp3_gives_what_is_there(tmp_path, capfd):
    """An MP3 whose header promises far more is heard up to the cut; then one line says so, and the decoder none."""
    path = write(tmp_path / "a.mp3", noise(100_000), 8000)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    waveform, _, error = through_a_ring(RecordingSource(path, speed=None))
    assert 30_000 < len(waveform) < 60_000
    assert "decoding stops after" in str(error)
    assert capfd.readouterr() == ("", "")


def test_a_flac_without_a_length_is_heard_to_its_end(tmp_path):
    """A FLAC from a streaming encoder does not say its length; it has none here, and is no error."""
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


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT"])
@pytest.mark.parametrize("size", [0, 0x7FFF_FFFF, 0x7FFF_FF00, 0xFFFF_FFFF])
def test_an_unfinished_wav_is_heard_to_its_end(tmp_path, size, subtype):
    """A recorder that never wrote the length leaves a file that is whole all the same."""
    path = write(tmp_path / "a.wav", noise(20_000, 2), subtype=subtype)
    expected, _ = soundfile.read(path, dtype="float32")
    data = path.read_bytes()
    at = data.index(b"data") + 4
    path.write_bytes(data[:at] + struct.pack("<I", size) + data[at + 4 :])
    source = RecordingSource(path, channel=2, start_s=1.0)
    assert source.duration_s == 4.0
    np.testing.assert_array_equal(all_of(source), expected[4000:, 1])


def test_an_unfinished_wav_of_another_form(tmp_path):
    """An unfinished file out of range is refused like any other."""
    path = write(tmp_path / "a.wav", noise(100), 500)
    data = path.read_bytes()
    at = data.index(b"data") + 4
    path.write_bytes(data[:at] + bytes(4) + data[at + 4 :])
    assert "sample rate of 500 Hz" in refusal(path)


@pytest.mark.parametrize("sample_rate", [500, 999, 192_001, 384_000])
def test_a_rate_out_of_range(tmp_path, sample_rate):
    """Rates outside 1000 to 192000 Hz are refused by their value."""
    assert f"a.wav: sample rate of {sample_rate} Hz is outside" in refusal(
        write(tmp_path / "a.wav", noise(10), sample_rate)
    )


def test_a_channel_that_is_not_there(tmp_path):
    """The line says how many there are."""
    path = write(tmp_path / "a.wav", noise(10, 2))
    assert "a.wav: has 2 channels, there is no channel 3; choose --channel 1 to 2" in refusal(path, channel=3)


@pytest.mark.parametrize("suffix", ["wav", "mp3"])
@pytest.mark.parametrize("start_s", [1.0, 2.0, 1e9])
def test_a_start_behind_the_end(tmp_path, suffix, start_s):
    """A start at or behind the end leaves nothing to hear, and the line says how long the recording is."""
    path = write(tmp_path / f"a.{suffix}", noise(8000), 8000)
    assert "lasts 1.00 s, so nothing is left from" in refusal(path, start_s=start_s)


def test_a_file_that_may_not_be_read(tmp_path, monkeypatch):
    """A refusal of the system is passed on in plain words."""
    path = write(tmp_path / "a.wav", noise(10))

    def refuse(*args, **named):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    assert "a.wav: permission denied; ask" in refusal(path)


def test_a_disk_that_fails(tmp_path, monkeypatch):
    """Any other refusal of the system is one line with its reason."""
    path = write(tmp_path / "a.wav", noise(10))

    def fail(*args, **named):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Path, "open", fail)
    assert "a.wav: cannot be read (input/output error); " in refusal(path)


@pytest.mark.parametrize("name", ["a\nb.wav", "a\x1b[2J.wav", "a\x00.wav", "a\u2028.wav", "\udcff.wav", "x" * 300])
def test_a_strange_name_gives_one_printable_line(tmp_path, name):
    """Line breaks, escape sequences and broken bytes in a name do not reach the terminal."""
    assert refusal(tmp_path / name).isprintable()


def test_a_strange_name_is_heard_all_the_same(tmp_path):
    """A recording with a line break in its name is replayed; its name is shown on one line."""
    source = RecordingSource(write(tmp_path / "a\nb.wav", noise(10)))
    assert source.name.endswith("a\\nb.wav")
    assert len(all_of(source)) == 10


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are a thing of POSIX")
def test_a_named_pipe_is_not_opened(tmp_path):
    """What would block is refused with the way to pipe it."""
    os.mkfifo(tmp_path / "pipe")
    assert "is not a file; pipe the sound in: auscult replay - < " in refusal(tmp_path / "pipe")


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"channel": 0}, "channel=0"), ({"start_s": -1.0}, "start_s=-1"), ({"start_s": float("nan")}, "start_s=nan"),
     ({"speed": 100.0}, "speed=100")],
)  # fmt: skip
def test_the_callers_mistakes_are_named(tmp_path, settings, message):
    """A wrong argument is a ValueError, whatever the file."""
    with pytest.raises(ValueError, match=message):
        RecordingSource(tmp_path / "missing.wav", **settings)


@pytest.mark.skipif(not DATA.is_dir(), reason="the recordings for development are not here")
def test_real_recordings_are_taken_whole():
    """No recording of the development sets is taken for a broken one, and a few are compared sample by sample."""
    paths = sorted(path for path in DATA.rglob("*") if path.suffix in (".wav", ".flac"))
    for path in paths[::10]:
        assert RecordingSource(path).duration_s > 0.2
    for path in paths[::200]:
        expected, _ = soundfile.read(path, dtype="float32", always_2d=True)
        np.testing.assert_array_equal(all_of(RecordingSource(path, channel=1)), expected[:, 0])


class TestSeeking:
    """Sent elsewhere in a recording."""

    @pytest.mark.parametrize("suffix", ["wav", "flac"])
    @pytest.mark.parametrize("place", [0, 1, 4000, 12_345, 19_999, 20_000])
    def test_the_sound_goes_on_from_any_sample(self, tmp_path, suffix, place):
        """Counted from the start that was asked for; the end is the end, not an error."""
        path = write(tmp_path / f"a.{suffix}", noise(24_000), subtype="PCM_16")
        source = RecordingSource(path, speed=None, start_s=1.0)
        assert source.can_seek
        whole = all_of(source)
        rest = np.concatenate([np.zeros(0, np.float32), *source.blocks_from(place, 700)])
        np.testing.assert_array_equal(rest, whole[place:])

    def test_a_loop_cannot_be_sent_elsewhere(self, tmp_path):
        """It has no length."""
        path = write(tmp_path / "a.wav", noise(24_000))
        assert not RecordingSource(path, loop=True).can_seek

    def test_a_seek_in_mid_run_is_one_gap(self, tmp_path):
        """One lost sample, and the sound of the new place behind it."""
        path = write(tmp_path / "a.wav", noise(24_000), subtype="FLOAT")
        source = RecordingSource(path, speed=None)
        source.seek(4.0)
        waveform, lost, error = through_a_ring(source)
        assert error is None
        assert lost == [(0, 1)]
        np.testing.assert_array_equal(waveform[1:], noise(24_000)[16_000:, 0])
        assert source.shift_s(1.0) == pytest.approx(4.0 - 1 / 4000)

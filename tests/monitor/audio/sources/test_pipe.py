"""Sound from standard input, including real pipes."""

import importlib.util
import io
import os
import struct
import threading

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from monitor.audio.ring_buffer import RingBuffer
from monitor.audio.sources import pipe
from monitor.audio.sources.file import RecordingSource
from monitor.audio.sources.pipe import PipeSource, RawFormat
from monitor.errors import RecordingError

needs_poll = pytest.mark.skipif(os.name == "nt", reason="on Windows a pipe cannot be waited for")

DICOM = pytest.mark.skipif(importlib.util.find_spec("pydicom") is None, reason="pydicom reads DICOM waveforms")


class Dribble(io.RawIOBase):
    """A stream without a descriptor that returns its bytes in given sizes."""

    def __init__(self, data, sizes):
        self._data, self._sizes = data, list(sizes)

    def read(self, most=-1):
        size = max(1, min(most, self._sizes.pop(0) if self._sizes else most))
        part, self._data = self._data[:size], self._data[size:]
        return part


def noise(samples, channels=1, seed=0):
    """Repeatable noise, ``(samples, channels)``."""
    return np.random.default_rng(seed).normal(0, 0.1, (samples, channels)).astype(np.float32)


def encoded(waveform, kind="WAV", subtype="PCM_16", sample_rate=4000):
    """The bytes of a recording."""
    file = io.BytesIO()
    soundfile.write(file, waveform, sample_rate, subtype, format=kind)
    return file.getvalue()


def with_size(wav, size):
    """A WAV whose header states another size of the samples."""
    at = wav.index(b"data") + 4
    return wav[:at] + struct.pack("<I", size) + wav[at + 4 :]


def all_of(source, block_samples=160):
    """Everything that a source would push, as one waveform."""
    blocks = list(source.blocks(block_samples))
    assert all(0 < len(block) <= block_samples for block in blocks)
    return np.concatenate([np.zeros(0, np.float32), *blocks])


def refusal(data, **settings):
    """The one line with which a stream is refused."""
    with pytest.raises(RecordingError) as caught:
        PipeSource(io.BytesIO(data), **settings)
    line = str(caught.value)
    assert line.startswith("standard input: ")
    assert "\n" not in line
    assert caught.value.next_step
    return line


@pytest.fixture
def real_pipe():
    """A pipe of the operating system: a stream to read and a descriptor to write."""
    reading, writing = os.pipe()
    stream, writer = os.fdopen(reading, "rb"), os.fdopen(writing, "wb", buffering=0)
    yield stream, writer
    writer.close()
    stream.close()


@pytest.mark.parametrize("channel", [None, 1, 2])
@pytest.mark.parametrize("kind", ["WAV", "WAVEX", "RF64"])
@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
def test_a_wav_is_the_same_as_from_a_file(tmp_path, kind, subtype, channel):
    """Piped or named, a recording gives the same samples bit for bit, the same rate and length."""
    data = encoded(noise(3000, 2), kind, subtype)
    (tmp_path / "a.wav").write_bytes(data)
    named, piped = RecordingSource(tmp_path / "a.wav", channel=channel), PipeSource(io.BytesIO(data), channel=channel)
    assert (piped.sample_rate, piped.duration_s, piped.name) == (4000, named.duration_s, "-")
    np.testing.assert_array_equal(all_of(piped), all_of(named))


@pytest.mark.parametrize(("channel", "cancels"), [(None, True), (1, False)])
def test_channels_that_cancel_are_noticed(tmp_path, channel, cancels):
    """An inverted pair cancels in its mean, piped and named; one of the two does not."""
    pair = noise(3000) * np.float32([1, -1])
    data = encoded(pair)
    (tmp_path / "a.wav").write_bytes(data)
    for source in (RecordingSource(tmp_path / "a.wav", channel=channel), PipeSource(io.BytesIO(data), channel=channel)):
        assert not source.channels_cancel
        all_of(source)
        assert source.channels_cancel is cancels


@given(st.lists(st.integers(1, 50), max_size=100), st.integers(1, 300))
def test_bytes_may_arrive_in_any_sizes(sizes, block_samples):
    """However the bytes are split, header included, the samples are the same."""
    waveform = noise(500, 3)
    source = PipeSource(Dribble(encoded(waveform, subtype="PCM_24"), sizes))
    expected = PipeSource(io.BytesIO(encoded(waveform, subtype="PCM_24")))
    np.testing.assert_array_equal(all_of(source, block_samples), all_of(expected))


@pytest.mark.parametrize("size", [0, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF])
def test_a_stream_without_a_length_is_played_to_its_end(size):
    """The header of a live recorder states no length, and everything that arrives is played."""
    source = PipeSource(io.BytesIO(with_size(encoded(noise(700)), size)))
    assert source.duration_s is None
    assert len(all_of(source)) == 700


def test_a_stream_shorter_than_its_header_is_played_and_told():
    """A stream that ends early is played to its end; then what is missing is known."""
    source = PipeSource(io.BytesIO(encoded(noise(5000))[:-8600]))
    assert source.shortfall is None
    assert len(all_of(source)) == 700
    assert "damaged or cut short, 8600 of 10000 bytes of sound are missing" in str(source.shortfall)


def test_a_size_that_the_rest_of_the_header_contradicts_is_no_loss():
    """Where the whole file has the size that it states, the size of the samples was wrong."""
    source = PipeSource(io.BytesIO(with_size(encoded(noise(700)), 1444)))
    assert len(all_of(source)) == 700
    assert source.shortfall is None


def test_sound_behind_the_promised_end_is_played():
    """All samples come, whether the size is too small or a second WAV of the same format follows."""
    data = encoded(noise(700))
    np.testing.assert_array_equal(
        all_of(PipeSource(io.BytesIO(with_size(data, 400)))), all_of(PipeSource(io.BytesIO(data)))
    )
    assert len(all_of(PipeSource(io.BytesIO(data + data)))) == 1400
    assert len(all_of(PipeSource(io.BytesIO(data + bytes(100))))) == 700


def test_another_format_behind_the_end_is_told():
    """A second WAV of another rate is left out, and that is said."""
    source = PipeSource(io.BytesIO(encoded(noise(700)) + encoded(noise(700, 2))))
    assert len(all_of(source)) == 700
    assert "another recording of another format follows, and is left out" in str(source.shortfall)


def test_chunks_after_the_samples_are_ignored():
    """Chunks after the samples are no sound."""
    data = encoded(noise(700)) + b"LIST\x04\0\0\0INFO"
    assert len(all_of(PipeSource(io.BytesIO(data)))) == 700


def test_odd_chunks_before_the_samples_are_skipped():
    """A chunk of odd length, with its pad byte, shifts nothing."""
    wav = encoded(np.full((5, 1), 0.5))
    data = wav[:12] + b"junk" + struct.pack("<I", 100_001) + bytes(100_002) + wav[12:]
    assert all_of(PipeSource(io.BytesIO(data))).tolist() == [0.5] * 5


@pytest.mark.parametrize("tail", [b"", b"\x01", b"\x01\x02\x03"])
def test_an_incomplete_sample_at_the_end_is_dropped(tail):
    """Bytes that are no complete sample of all channels are dropped."""
    raw = np.array([[1, 3], [2, 6]], "<i2").tobytes() + tail
    source = PipeSource(io.BytesIO(raw), raw=RawFormat(4000, 2, "s16le"))
    np.testing.assert_array_equal(all_of(source), np.array([2, 4], np.float32) / 32768)


def test_with_a_raw_format_nothing_is_parsed_as_a_header():
    """With a raw format given, even bytes that look like a header are samples."""
    source = PipeSource(io.BytesIO(b"RIFF____WAVE"), raw=RawFormat(8000, 1, "u8"))
    assert source.sample_rate == 8000
    assert source.duration_s is None
    assert len(all_of(source)) == 12


@pytest.mark.parametrize(
    ("kind", "subtype"), [("FLAC", "PCM_16"), ("OGG", "VORBIS"), ("MP3", "MPEG_LAYER_III"), ("AIFF", "PCM_16")]
)
def test_other_formats_are_read_whole(kind, subtype):
    """FLAC, OGG, MP3 and AIFF are decoded from memory, as by libsndfile."""
    data = encoded(noise(30_000, 2), kind, subtype, 8000)
    source = PipeSource(io.BytesIO(data), channel=2)
    assert (source.sample_rate, source.duration_s) == (8000, 3.75)
    expected, _ = soundfile.read(io.BytesIO(data), dtype="float32")
    np.testing.assert_allclose(all_of(source), expected[:, 1], atol=1e-6)


def test_an_mp3_may_begin_behind_a_part_of_a_frame(tmp_path):
    """A stream that was cut at its start is played, and as from a file it is told that bytes were left out."""
    data = encoded(noise(40_000), "MP3", None, 8000)[700:]
    (tmp_path / "a.mp3").write_bytes(data)
    source, file = PipeSource(io.BytesIO(data), speed=None), RecordingSource(tmp_path / "a.mp3", speed=None)
    np.testing.assert_array_equal(all_of(source), all_of(file))
    assert "damaged bytes were left out" in str(source.shortfall)
    assert "damaged bytes were left out" in str(file.shortfall)


def test_a_compressed_stream_has_a_limit(monkeypatch):
    """A stream that would fill the memory is refused with an alternative."""
    monkeypatch.setattr(pipe, "MAX_WHOLE_BYTES", 2**20)
    assert "more than 1 MiB of a recording that has to be read whole; save it and name the file" in refusal(
        b"fLaC" + bytes(2**21)
    )


def test_a_truncated_flac_is_played_up_to_the_cut():
    """A FLAC that ends early is played up to there, then it is known where that was."""
    data = encoded(noise(100_000), "FLAC")
    source = PipeSource(io.BytesIO(data[: len(data) // 2]))
    assert len(all_of(source)) > 20_000
    assert "standard input: damaged or cut short, decoding stops after" in str(source.shortfall)


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"", "nothing came; pipe a recording in: auscult replay - < FILE"),
        (b"hello world, how are you", "not a recording that can be recognised; for headerless audio give its format: "
                                      "--raw s16le --rate 4000"),
        (bytes(100), "not a recording that can be recognised"),
        pytest.param(bytes(128) + b"DICM" + bytes(200), "a damaged DICOM file; copy or export it again", marks=DICOM),
        (b"0       " + bytes(300), "the header states no number of signals: ''; copy or export it again"),
        (b"# a comment before\na_long_name_of_a_record 1 4000 48000\n", "a WFDB header, whose sound is in another "
                                                                       "file; name it: auscult replay FILE.hea"),
        (b"\xff", "not a recording that can be recognised"),
        (b"RIFF", "not a recording that can be recognised"),
        (b"RIFF____AVI ", "not a recording that can be recognised"),
        (b"RIFF____WAVE", "the WAV ends inside its header"),
        (b"RIFF____WAVEfmt ", "the WAV ends inside its header"),
        (b"fLaC" + bytes(400), "not a recording that can be read"),
        (b"\xff\xfb\x90\x64" + bytes(400), "not a recording that can be read"),
    ],
)  # fmt: skip
def test_streams_that_are_no_recording(capfd, data, line):
    """Empty streams, junk and broken headers are refused in one line with the next step."""
    assert refusal(data).startswith(f"standard input: {line}")
    assert capfd.readouterr() == ("", "")


def test_a_compressed_wav_is_decoded():
    """A WAV of a compressed format is read whole and decoded, not played as noise."""
    data = encoded(noise(1000), subtype="ULAW")
    expected, _ = soundfile.read(io.BytesIO(data), dtype="float32")
    np.testing.assert_array_equal(all_of(PipeSource(io.BytesIO(data))), expected)


@pytest.mark.parametrize(
    ("data", "settings", "line"),
    [
        (encoded(noise(10), sample_rate=500), {}, "sample rate of 500 Hz is outside"),
        (encoded(noise(10), "FLAC", sample_rate=384_000), {}, "sample rate of 384000 Hz is outside"),
        (encoded(noise(10, 2)), {"channel": 3}, "has 2 channels, there is no channel 3"),
        (encoded(noise(10), "FLAC"), {"channel": 2}, "has 1 channel, there is no channel 2"),
        (b"12345678", {"raw": RawFormat(4000), "channel": 2}, "has 1 channel, there is no channel 2"),
    ],
)
def test_a_format_out_of_range_is_refused(data, settings, line):
    """Rate and channel are checked as for a file."""
    assert refusal(data, **settings).startswith(f"standard input: {line}")


@pytest.mark.parametrize(("data", "raw"), [(encoded(noise(0)), None), (b"", RawFormat(4000)), (b"1", RawFormat(4000))])
def test_a_stream_without_samples_is_an_error(data, raw):
    """With a valid header but no samples, the source ends with an error."""
    source = PipeSource(io.BytesIO(data), raw=raw)
    with pytest.raises(RecordingError, match="standard input: holds no samples; pipe"):
        all_of(source)


def test_a_terminal_is_refused():
    """A terminal delivers no recording."""

    class Terminal(io.BytesIO):
        def isatty(self):
            return True

    with pytest.raises(RecordingError, match="standard input: is a terminal, not a recording; pipe"):
        PipeSource(Terminal())


@pytest.mark.parametrize(("settings", "message"), [({"channel": 0}, "channel=0"), ({"speed": 0.1}, "speed=0.1")])
def test_arguments_out_of_range(settings, message):
    """A wrong argument is a ValueError."""
    with pytest.raises(ValueError, match=message):
        PipeSource(io.BytesIO(b""), **settings)


@needs_poll
def test_arrived_samples_are_played_at_once(real_pipe):
    """From a live pipe, samples come out before more are written: nothing waits for a full block."""
    stream, writer = real_pipe
    writer.write(with_size(encoded(noise(0)), 0x7FFF_FFFF)[:44])
    source = PipeSource(stream)
    blocks = source.blocks(10_000)
    for value in (1, 2, 3):
        writer.write(np.full(value, value, "<i2").tobytes())
        np.testing.assert_array_equal(next(blocks), np.full(value, value / 32768, np.float32))
    writer.write(b"\x01")
    writer.write(b"\x00\x02\x00")
    assert len(next(blocks)) == 2
    writer.close()
    assert list(blocks) == []


@needs_poll
def test_a_real_pipe_gives_everything(real_pipe):
    """A recording much larger than the pipe's buffer comes whole through thread and ring."""
    stream, writer = real_pipe
    waveform = noise(300_000)
    sender = threading.Thread(target=lambda: (writer.write(encoded(waveform, subtype="FLOAT")), writer.close()))
    sender.start()
    ring = RingBuffer(50_000)
    cursor, parts = ring.cursor(), []
    with PipeSource(stream, speed=None) as source:
        source.start(ring)
        while (read := cursor.read(50_000, 30.0)) is not None:
            parts.append(read.waveform)
    sender.join(timeout=30.0)
    np.testing.assert_array_equal(np.concatenate(parts), waveform[:, 0])
    assert source.error is None


@needs_poll
def test_stop_ends_a_source_that_waits_for_bytes(real_pipe):
    """A sender that stopped writing does not block the source: stop ends the wait, without an error."""
    stream, _writer = real_pipe
    ring = RingBuffer(1000)
    source = PipeSource(stream, raw=RawFormat(4000))
    source.start(ring)
    source.stop()
    source.stop()
    assert not any(thread.name == "auscult-source" for thread in threading.enumerate())
    assert ring.closed
    assert source.error is None


@needs_poll
def test_a_file_as_standard_input(tmp_path):
    """`< FILE` works as a pipe does, without waiting."""
    (tmp_path / "a.wav").write_bytes(encoded(noise(5000), subtype="FLOAT"))
    with (tmp_path / "a.wav").open("rb") as stream:
        np.testing.assert_array_equal(all_of(PipeSource(stream)), noise(5000)[:, 0])


@needs_poll
def test_a_truncated_file_can_be_played_through_a_pipe(tmp_path):
    """A truncated file gives the same samples as a file and through a pipe, and both say what is missing."""
    (tmp_path / "a.wav").write_bytes(encoded(noise(5000))[:-3000])
    file = RecordingSource(tmp_path / "a.wav")
    with (tmp_path / "a.wav").open("rb") as stream:
        pipe_source = PipeSource(stream)
        assert len(all_of(pipe_source)) == len(all_of(file)) == 3500
    for source in (file, pipe_source):
        assert "3000 of 10000 bytes of sound are missing" in str(source.shortfall)


@needs_poll
def test_a_broken_descriptor_is_one_line(real_pipe, monkeypatch):
    """When the operating system refuses to read, the error says why."""
    stream, writer = real_pipe

    def fail(*args):
        raise OSError(5, "Input/output error")

    writer.write(b"1234")
    monkeypatch.setattr(os, "read", fail)
    with pytest.raises(RecordingError, match=r"standard input: cannot be read \(Input/output error\); check"):
        PipeSource(stream)


@needs_poll
def test_a_non_blocking_descriptor_is_waited_for(real_pipe, monkeypatch):
    """A read that finds no bytes after all is tried again."""
    stream, writer = real_pipe
    read, refusals = os.read, [BlockingIOError(), BlockingIOError()]

    def read_later(*args):
        if refusals:
            raise refusals.pop()
        return read(*args)

    writer.write(b"\x00\x40")
    writer.close()
    monkeypatch.setattr(os, "read", read_later)
    assert all_of(PipeSource(stream, raw=RawFormat(4000))).tolist() == [0.5]
    assert refusals == []


def test_an_electrocardiogram():
    """A further channel comes beside the sound, and one that is missing is one line."""
    raw = RawFormat(sample_rate=4000, channels=2, encoding="s16le")
    stream = io.BytesIO(np.array([[16384, -16384], [8192, 4096]], "<i2").tobytes())
    (block,) = PipeSource(stream, raw=raw, channel=1, ecg_channel=2).blocks(100)
    assert block.tolist() == [[0.5, -0.5], [0.25, 0.125]]
    with pytest.raises(RecordingError, match="there is no channel 3; choose --ecg-channel 1 to 2"):
        PipeSource(io.BytesIO(b""), raw=raw, ecg_channel=3)

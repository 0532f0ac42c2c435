"""What phones and browsers write: the samples that were recorded, and damage as one line."""

from __future__ import annotations

import io
import random
import tempfile
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.audio.sources.decoding.opening import open_recording
from monitor.errors import RecordingError

av = pytest.importorskip("av", reason="PyAV reads m4a and webm recordings")
av_recording = pytest.importorskip("monitor.audio.sources.decoding.av_recording")
AvRecording = av_recording.AvRecording

RATE = 48_000
CODECS = {"mp4": "aac", "adts": "aac", "webm": "libopus", "mov": "pcm_s16le", "asf": "wmav2", "matroska": "flac"}


def music(seconds: float, channels: int = 1) -> NDArray[np.float32]:
    """Return two sweeping tones, (samples, channels): no part is like another, and every codec keeps them."""
    time = np.arange(round(seconds * RATE)) / RATE
    tones = 0.3 * np.sin(2 * np.pi * (200 + 150 * time) * time) + 0.1 * np.sin(2 * np.pi * (900 - 100 * time) * time)
    return np.stack([tones * (1 - 0.5 * index) for index in range(channels)], axis=1).astype(np.float32)


def encoded(waveform: NDArray[np.float32], container: str, *, options: dict[str, str] | None = None) -> bytes:
    """Return a file of the sound, (samples, channels)."""
    folder = tempfile.TemporaryDirectory()  # FFmpeg opens its file again to move an index to its start
    path = Path(folder.name) / "a"
    with av.open(str(path), "w", format=container, container_options=options or {}) as output:
        layout = "mono" if waveform.shape[1] == 1 else "stereo"
        stream = output.add_stream(CODECS[container], rate=RATE, layout=layout)
        stream.bit_rate = 96_000
        samples = np.rint(waveform * 32_767).astype(np.int16).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout=layout)
        frame.sample_rate, frame.pts = RATE, 0
        output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    with folder:
        return path.read_bytes()


def decoded(data: bytes | Path, start_sample: int = 0) -> tuple[NDArray[np.float32], str]:
    """Return what is heard, (samples, channels), and what is missing."""
    with open_recording(str(data) if isinstance(data, Path) else io.BytesIO(data), "a") as sound:
        assert isinstance(sound, AvRecording)
        blocks = [block.copy() for block in sound.blocks(start_sample)]
        return np.concatenate([np.zeros((0, sound.channels), np.float32), *blocks]), sound.missing


def lag_of(heard: NDArray[np.float32], recorded: NDArray[np.float32]) -> int:
    """Return by how many samples a sound comes late: at the maximum of the correlation."""
    size = 2 ** (len(heard) + len(recorded)).bit_length()
    spectrum = np.fft.rfft(heard, size) * np.conj(np.fft.rfft(recorded, size))
    lag = int(np.argmax(np.fft.irfft(spectrum, size)))
    return lag if lag < size // 2 else lag - size


@pytest.mark.parametrize("container", ["mp4", "webm", "mov", "matroska"])
@pytest.mark.parametrize("channels", [1, 2])
def test_the_samples_are_those_that_were_recorded(container: str, channels: int) -> None:
    """As many, none earlier or later, each channel in its place: delay and padding of the encoder are cut off."""
    recorded = music(3.21, channels)
    heard, missing = decoded(encoded(recorded, container))
    assert (heard.shape, missing) == (recorded.shape, "")
    for channel in range(channels):
        assert lag_of(heard[:, channel], recorded[:, channel]) == 0
    assert np.abs(heard - recorded)[2000:-2000].max() < 0.1


def test_a_bare_stream_has_the_delay_of_its_encoder() -> None:
    """AAC without a container says nothing of it: all is heard, at most two frames more."""
    recorded = music(2)
    heard, missing = decoded(encoded(recorded, "adts"))
    assert missing == ""
    assert 0 <= len(heard) - len(recorded) <= 3 * 1024
    assert lag_of(heard[:, 0], recorded[:, 0]) == 1024


@pytest.mark.parametrize("container", ["mp4", "webm", "adts", "asf"])
@pytest.mark.parametrize("start", [1, 8192, 50_001, 96_000])
def test_a_start_is_exact(container: str, start: int) -> None:
    """Decoding from a sample gives the end of the whole, bit for bit."""
    data = encoded(music(2), container)
    np.testing.assert_array_equal(decoded(data, start)[0], decoded(data)[0][start:])


def test_integers_are_scaled_as_those_of_a_wav() -> None:
    """16 bits come to the last bit."""
    recorded = music(0.5)
    np.testing.assert_array_equal(decoded(encoded(recorded, "mov"))[0], np.rint(recorded * 32_767) / 32_768)


def test_a_path_and_an_open_file_are_the_same(tmp_path: Path) -> None:
    """Whatever the name ends in; a file that was given stays open."""
    data = encoded(music(1), "mp4")
    (tmp_path / "a.wav").write_bytes(data)
    np.testing.assert_array_equal(decoded(tmp_path / "a.wav")[0], decoded(data)[0])
    file = io.BytesIO(data)
    with open_recording(file, "a") as sound:
        assert (sound.sample_rate, sound.channels, sound.num_samples) == (RATE, 1, RATE)
        assert (sound.sound_channel, sound.can_repeat) == (None, False)
    sound.close()
    assert not file.closed


@pytest.mark.parametrize(("container", "options"), [("mp4", {"movflags": "faststart"}), ("webm", {})])
def test_a_file_that_is_cut_short(container: str, options: dict[str, str]) -> None:
    """What is there is heard, and where it ends is told."""
    data = encoded(music(4), container, options=options)
    whole, _ = decoded(data)
    heard, missing = decoded(data[: len(data) * 6 // 10])
    assert 0.4 * len(whole) < len(heard) < 0.65 * len(whole)
    assert missing == f"decoding stops after {len(heard) / RATE:.1f} s of 4.0 s"


def test_a_recording_that_was_never_finished() -> None:
    """An m4a whose index was never written is refused, and the line says what to do."""
    data = encoded(music(2), "mp4")
    with pytest.raises(RecordingError, match=r"^a: no sound of it can be decoded \(.*\); it may be cut short, damaged"):
        decoded(data[: len(data) // 2])


def test_damage_inside_is_told_and_the_rest_is_heard() -> None:
    """Overwritten packets are counted, what follows them is there."""
    data = bytearray(encoded(music(4), "mp4", options={"movflags": "faststart"}))
    middle = len(data) * 2 // 3
    data[middle : middle + 600] = b"\xff" * 600
    heard, missing = decoded(bytes(data))
    assert "place" in missing or "decoding stops" in missing
    assert len(heard) > 3 * RATE


def test_another_format_behind_is_left_out_and_told() -> None:
    """Two streams joined, mono and stereo."""
    heard, missing = decoded(encoded(music(1), "adts") + encoded(music(1, 2), "adts"))
    assert missing == "another recording of another format follows, and is left out"
    assert heard.shape[1] == 1
    assert RATE <= len(heard) < 1.1 * RATE


def test_no_other_file_is_opened(tmp_path: Path) -> None:
    """A playlist that names a recording is none itself, and what FFmpeg asks for beside a file is refused."""
    (tmp_path / "secret.m4a").write_bytes(encoded(music(1), "mp4"))
    playlist = f"ffconcat version 1.0\nfile '{tmp_path / 'secret.m4a'}'\n".encode()
    for kind in ("mov", "matroska", "aac", "amr", "asf"):
        with pytest.raises(RecordingError):
            AvRecording(io.BytesIO(playlist), "a", kind, closes=False)
    with pytest.raises(FileNotFoundError):
        av_recording.refuse(str(tmp_path / "secret.m4a"), 0, {})


def test_a_film_without_sound() -> None:
    """It is named as such."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as output:
        stream = output.add_stream("mpeg4", rate=10)
        stream.width = stream.height = 16
        stream.pix_fmt = "yuv420p"
        output.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((16, 16, 3), np.uint8), format="rgb24")))
        output.mux(stream.encode(None))
    with pytest.raises(RecordingError, match=r"^a: holds no sound track; name a recording of sound"):
        decoded(file.getvalue())


@pytest.mark.parametrize("container", ["mp4", "webm", "adts", "asf"])
def test_any_damage_is_read_or_refused(container: str, capfd: pytest.CaptureFixture[str]) -> None:
    """No other error than ours, and no line of a native library."""
    options = {"movflags": "faststart"} if container == "mp4" else {}
    whole, refused = encoded(music(1), container, options=options), []
    for seed in range(25):
        draw = random.Random(seed)
        data = bytearray(whole)
        for _ in range(draw.choice((1, 4, 40))):
            data[draw.randrange(16, len(data))] = draw.randrange(256)
        try:
            heard, _ = decoded(bytes(data[: draw.randrange(32, len(data) + 1)]))
            assert len(heard) < 20 * RATE
        except RecordingError as error:
            refused.append(str(error))
    assert all(line.startswith("a: ") for line in refused)
    assert len(refused) < 25
    assert capfd.readouterr() == ("", "")

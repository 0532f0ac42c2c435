"""Recordings become frames, by the monitor's own spectrogram."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import DataError, RecordingError
from monitor.features.image import ImageBuilder
from monitor.features.resample import resampled
from monitor.features.spec import HEART
from monitor.features.spectrogram import input_image
from training.data.audio import (
    Frames,
    Sound,
    compute_frames,
    decode,
    loop,
    read_samples,
    read_sound,
    read_usable,
    read_waveform,
)
from training.data.recording import Recording
from training.examples.beat_splicing import splice_sounds


def recording(path: Path) -> Recording:
    """Return a recording of a file."""
    return Recording(path, ("normal",), "p", "set")


def test_samples_at_the_sample_rate_do_not_change(tmp_path: Path, signals: Any) -> None:
    """At the sample rate of the spectrogram, the samples of a float file do not change."""
    waveform = signals.noise(5000)
    soundfile.write(tmp_path / "a.wav", waveform, 4000, subtype="FLOAT")
    read = read_waveform(tmp_path / "a.wav", 4000)
    assert read.dtype == np.float32
    np.testing.assert_array_equal(read, waveform)


def test_channels_are_mixed(tmp_path: Path, signals: Any) -> None:
    """Of two channels, the mean is returned."""
    left, right = signals.noise(5000, seed=1), signals.noise(5000, seed=2)
    soundfile.write(tmp_path / "a.wav", np.stack((left, right), axis=1), 4000, subtype="FLOAT")
    np.testing.assert_allclose(read_waveform(tmp_path / "a.wav", 4000), (left + right) / 2, atol=1e-7)


def test_another_rate_is_resampled(tmp_path: Path, signals: Any) -> None:
    """A recording of another rate is resampled by soxr, whether or not there is a compiled front end."""
    waveform = signals.noise(44_100)
    soundfile.write(tmp_path / "a.wav", waveform, 44_100, subtype="FLOAT")
    expected = resampled(waveform, 44_100, 4000, compiled=False)
    np.testing.assert_array_equal(read_waveform(tmp_path / "a.wav", 4000), expected)


def damaged(folder: Path, kind: str) -> Path:
    """Write a file that cannot be used."""
    path = folder / "bad.wav"
    if kind == "text":
        path.write_text("no sound", encoding="utf-8")
    elif kind == "empty":
        path.touch()
    elif kind == "no samples":
        soundfile.write(path, np.zeros(0, np.float32), 4000)
    elif kind == "fraction of a sample":
        soundfile.write(path, np.zeros(20, np.float32), 192_000)
    elif kind == "NaN":
        soundfile.write(path, np.array([0.1, np.nan, 0.2], np.float32), 4000, subtype="FLOAT")
    elif kind == "infinite":
        soundfile.write(path, np.array([[0.1, np.inf], [0.2, -np.inf]], np.float32), 4000, subtype="FLOAT")
    elif kind in ("500", "384000"):
        soundfile.write(path, np.zeros(5000, np.float32), int(kind))
    return path


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("absent", "cannot be read as audio; check the file, or leave it out"),
        ("text", "not a recording that can be read"),
        ("empty", "is empty (0 bytes); record or copy it again"),
        ("no samples", "holds no usable samples; check the file, or leave it out"),
        ("fraction of a sample", "holds no usable samples; check the file, or leave it out"),
        ("NaN", "holds NaN or infinite values; check the file, or leave it out"),
        ("infinite", "holds NaN or infinite values; check the file, or leave it out"),
        ("500", "has a rate of 500 Hz, not 1000 to 192000; leave it out"),
        ("384000", "has a rate of 384000 Hz, not 1000 to 192000; leave it out"),
    ],
)
def test_unusable_files(tmp_path: Path, kind: str, words: str) -> None:
    """The error is one line with the file and the reason."""
    path = damaged(tmp_path, kind)
    with pytest.raises(RecordingError) as caught:
        read_waveform(path, 4000)
    assert str(caught.value).startswith(f"{path}: {words}")


def test_a_truncated_file(tmp_path: Path, signals: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that is cut short is read as far as it decodes; what is missing is said when it is read for training."""
    path = tmp_path / "a.wav"
    soundfile.write(path, signals.noise(40_000), 4000)
    assert decode(path).missing == ""
    path.write_bytes(path.read_bytes()[:-20_000])
    missing = "20000 of 80000 bytes of sound are missing"
    assert (len(decode(path).samples), decode(path).missing) == (30_000, missing)
    assert decode(path, 1.0, 7.0).missing == ""  # that part is whole
    assert decode(path, 1.0, 9.0).missing == missing
    assert read_sound(recording(path), HEART).num_samples == 30_000
    assert capsys.readouterr().err == (f"auscult: damaged or cut short, used as far as it decodes: {path}: {missing}\n")


@given(st.integers(1, 50), st.integers(1, 200))
def test_loop(length: int, wanted: int) -> None:
    """A short waveform is repeated until it is long enough; a long one does not change."""
    waveform = np.arange(length, dtype=np.float32)
    looped = loop(waveform, wanted)
    assert len(looped) == max(length, wanted)
    np.testing.assert_array_equal(looped, np.arange(len(looped)) % length)


@pytest.mark.parametrize("samples", [256, 355, 356, 19_999, 20_000, 20_100, 61_234])
def test_frames_are_the_monitors(samples: int, signals: Any) -> None:
    """All frames that fit are there, and any window of them gives the image of its samples, bit for bit."""
    waveform = signals.noise(samples)
    frames = compute_frames(waveform, HEART)
    assert len(frames) == (samples - 256) // 100 + 1
    builder = ImageBuilder(HEART.num_frames)
    for begin in range(0, samples - 20_000 + 1, 3700):
        expected = input_image(waveform[begin : begin + 20_000], HEART)
        np.testing.assert_array_equal(builder.build(frames.window(begin // 100, HEART.num_frames)), expected)


@pytest.mark.parametrize("samples", [0, 1, 255])
def test_too_short_for_a_frame(samples: int, signals: Any) -> None:
    """Less than one frame is an error."""
    with pytest.raises(ValueError, match=f"waveform of {samples} samples must hold at least one frame of 256"):
        compute_frames(signals.noise(samples), HEART)


def test_a_short_recording_is_looped(tmp_path: Path, signals: Any) -> None:
    """A clip of 2 s is looped to 5 s as in the monitor, with frames for a window at any phase."""
    waveform = signals.noise(8000)
    soundfile.write(tmp_path / "a.wav", waveform, 4000, subtype="FLOAT")
    sound = read_sound(recording(tmp_path / "a.wav"), HEART)
    assert sound.num_samples == 8000
    assert sound.starts(HEART, 1.0) == [0]
    assert len(sound.frames) == (40_000 - 256) // 100 + 1
    expected = input_image(np.resize(waveform, 20_000), HEART)
    np.testing.assert_array_equal(ImageBuilder(198).build(sound.frames.window(0, 198)), expected)
    assert sound.phases(HEART) == [0, 20, 40, 60]


def test_phases_of_other_sounds() -> None:
    """One for a recording of 5 s and more, and for a clip that was padded to a window, which has no other."""
    assert sound_of(20_000).phases(HEART) == [0]
    padded = dataclasses.replace(sound_of(20_000), num_samples=8000)
    assert padded.phases(HEART) == [0]


def test_a_recording_of_one_sample(tmp_path: Path) -> None:
    """Even one sample can be looped to a constant with finite frames."""
    soundfile.write(tmp_path / "a.wav", np.array([0.5], np.float32), 4000)
    sound = read_sound(recording(tmp_path / "a.wav"), HEART)
    assert np.isfinite(sound.frames.log_power).all()


def sound_of(samples: int) -> Sound:
    """Return a sound of some length whose frames do not matter."""
    frames = Frames(np.zeros((1, 64), np.float32), np.zeros((3, 1), np.float32))
    return Sound(recording(Path("a.wav")), frames, samples)


@pytest.mark.parametrize(
    ("samples", "hop_s", "starts"),
    [
        (1, 1.0, [0]),
        (19_999, 1.0, [0]),
        (20_000, 1.0, [0]),
        (23_999, 1.0, [0]),
        (24_000, 1.0, [0, 40]),
        (25_000, 0.5, [0, 20, 40]),
        (40_000, 5.0, [0, 200]),
    ],
)
def test_starts_are_those_of_the_monitor(samples: int, hop_s: float, starts: list[int]) -> None:
    """A window begins at every hop as long as it ends inside the recording; a short clip has exactly one."""
    assert sound_of(samples).starts(HEART, hop_s) == starts


@given(st.integers(20_000, 200_000), st.integers(1, 200))
def test_every_start_has_its_frames(samples: int, hop_frames: int) -> None:
    """Whatever length and hop, every window has its frames."""
    frames = (samples - 256) // 100 + 1
    assert all(start + 198 <= frames for start in sound_of(samples).starts(HEART, hop_frames * 0.025))


@pytest.fixture(scope="module")
def noise(tmp_path_factory: pytest.TempPathFactory, signals: Any) -> Path:
    """Return 10 s of noise at 4 kHz in a file."""
    path = tmp_path_factory.mktemp("sounds") / "noise.wav"
    soundfile.write(path, signals.noise(40_000), 4000, subtype="FLOAT")
    return path


class TestParts:
    """Times count from the beginning of the file, at its sample rate."""

    @given(start=st.integers(0, 39_999), length=st.integers(1, 50_000))
    def test_any_part(self, noise: Path, start: int, length: int) -> None:
        """A part holds the samples between its times; an end beyond the file is the end of the file."""
        whole, rate = read_samples(noise)
        part, same_rate = read_samples(noise, start / 4000, (start + length) / 4000)
        assert rate == same_rate == 4000
        np.testing.assert_array_equal(part, whole[start : start + length])

    def test_cut_before_the_rate_changes(self, tmp_path: Path, signals: Any) -> None:
        """A part is cut before resampling, so that it equals a file of that part alone."""
        sound = signals.noise(88_200)
        soundfile.write(tmp_path / "a.wav", sound, 44_100, subtype="FLOAT")
        expected = resampled(sound[22_050:66_150], 44_100, 4000, compiled=False)
        np.testing.assert_array_equal(read_waveform(tmp_path / "a.wav", 4000, 0.5, 1.5), expected)

    @pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg"])
    def test_formats(self, tmp_path: Path, signals: Any, suffix: str) -> None:
        """Parts of every file format can be read."""
        soundfile.write(tmp_path / f"a{suffix}", signals.tone(80.0, 24_000), 4000)
        whole, _ = read_samples(tmp_path / f"a{suffix}")
        part, _ = read_samples(tmp_path / f"a{suffix}", 2.0, 4.0)
        assert len(part) == 8000
        np.testing.assert_allclose(part, whole[8000:16_000], atol=1e-3)

    def test_a_sound_of_a_part(self, noise: Path) -> None:
        """Training reads the part alone, and loops a short one."""
        part = Recording(noise, ("normal",), "p", "set", start_s=1.0, end_s=3.0)
        sound = read_sound(part, HEART)
        assert sound.num_samples == 8000
        assert sound.starts(HEART, 0.5) == [0]
        alone = read_sound(Recording(noise, ("normal",), "p", "set"), HEART)
        np.testing.assert_array_equal(sound.frames.log_power[:70], alone.frames.log_power[40:110])

    @pytest.mark.parametrize("start_s", [10.0, 11.0, 1e9])
    def test_behind_the_end(self, noise: Path, start_s: float) -> None:
        """A part that begins beyond the file is an error with the next step."""
        with pytest.raises(RecordingError, match=r"noise\.wav: ends before .* s; correct start_s"):
            read_samples(noise, start_s)

    def test_annotations_are_of_the_whole_file(self, tmp_path: Path, heart_waveform: np.ndarray) -> None:
        """Annotation times count from the beginning of the file, so a part of a file is not spliced."""
        soundfile.write(tmp_path / "a.wav", np.tile(heart_waveform, 2), 4000)
        states = ((0.0, 0.1), (0.1, 0.3), (0.3, 0.4), (0.4, 0.9))
        rows = [(0.9 * k + a, 0.9 * k + b, 1 + which) for k in range(22) for which, (a, b) in enumerate(states)]
        (tmp_path / "a.tsv").write_text("".join(f"{a:.3f}\t{b:.3f}\t{c}\n" for a, b, c in rows), encoding="utf-8")
        whole = read_sound(Recording(tmp_path / "a.wav", ("normal",), "p", "set"), HEART)
        part = read_sound(Recording(tmp_path / "a.wav", ("normal",), "p", "set", start_s=0.3), HEART)
        assert splice_sounds([whole], HEART, 0)
        assert splice_sounds([part], HEART, 0) == []


class TestUsable:
    """Unreadable files are left out, and are no error."""

    def recordings(self, *labels: str) -> list[Recording]:
        """Return recordings named by their index."""
        return [Recording(Path(str(index)), (label,), "p", "set") for index, label in enumerate(labels)]

    @staticmethod
    def fail_on(*names: str) -> Any:
        """Return a reader that fails on some names."""

        def read(recording: Recording) -> str:
            if recording.path.name in names:
                raise RecordingError(f"{recording.path}: cannot be read as audio", "check the file")
            return recording.path.name

        return read

    def test_all_files_can_be_read(self, capsys: pytest.CaptureFixture[str]) -> None:
        """All are returned in order, and nothing is printed."""
        recordings = self.recordings("normal", "murmur")
        assert read_usable(recordings, self.fail_on(), lambda loss: None) == (recordings, ["0", "1"])
        assert capsys.readouterr() == ("", "")

    def test_some_are_left_out(self, capsys: pytest.CaptureFixture[str]) -> None:
        """Each has one line on standard error, and one step."""
        recordings = self.recordings("normal", "murmur", "normal", "murmur")
        ticks: list[float] = []
        usable, read = read_usable(recordings, self.fail_on("0", "3"), ticks.append)
        assert (usable, read) == (recordings[1:3], ["1", "2"])
        printed = capsys.readouterr()
        assert printed.out == ""
        assert printed.err == "".join(f"auscult: left out: {name}: cannot be read as audio\n" for name in ("0", "3"))
        assert len(ticks) == 4
        assert np.isnan(ticks).all()

    def test_a_label_without_recordings(self) -> None:
        """A label without a readable recording is an error."""
        with pytest.raises(DataError, match="no recording of murmur can be read; see what auscult data says"):
            read_usable(self.recordings("normal", "murmur"), self.fail_on("1"), lambda loss: None)

    def test_other_errors_are_raised(self) -> None:
        """Errors other than RecordingError are not caught."""
        with pytest.raises(ZeroDivisionError):
            read_usable(self.recordings("normal"), lambda recording: 1 / 0, lambda loss: None)


def test_a_recording_that_names_its_sound(tmp_path: Path) -> None:
    """Only that channel is read, as in the monitor."""
    np.tile(np.array([8192, 16_384], "<i2"), 3).tofile(tmp_path / "a.dat")
    (tmp_path / "a.hea").write_text("a 2 4000 3\na.dat 16 1 16 0 0 0 0 ECG\na.dat 16 1 16 0 0 0 0 PCG\n")
    samples, rate = read_samples(tmp_path / "a.dat")
    assert (samples.tolist(), rate) == ([[0.5]] * 3, 4000)

"""A part of a file is read as if it were a file, and unreadable files are left out with a message."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import DataError, RecordingError
from monitor.features.resample import resampled
from monitor.features.spec import HEART
from training.data.audio import read_samples, read_sound, read_usable, read_waveform
from training.data.recording import Recording
from training.examples.beat_splicing import splice_sounds


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
        np.testing.assert_array_equal(
            read_waveform(tmp_path / "a.wav", 4000, 0.5, 1.5), resampled(sound[22_050:66_150], 44_100, 4000)
        )

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
        marks = [(0.9 * k + a, 0.9 * k + b, 1 + which) for k in range(22) for which, (a, b) in enumerate(states)]
        (tmp_path / "a.tsv").write_text("".join(f"{a:.3f}\t{b:.3f}\t{c}\n" for a, b, c in marks), encoding="utf-8")
        whole = read_sound(Recording(tmp_path / "a.wav", ("normal",), "p", "set"), HEART)
        part = read_sound(Recording(tmp_path / "a.wav", ("normal",), "p", "set", start_s=0.3), HEART)
        assert splice_sounds([whole], HEART, 0)
        assert splice_sounds([part], HEART, 0) == []


class TestUsable:
    """Unreadable files are left out, and are no error."""

    def recordings(self, *labels: str) -> list[Recording]:
        """Return recordings named by their index."""
        return [Recording(Path(str(number)), (label,), "p", "set") for number, label in enumerate(labels)]

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
        heard = capsys.readouterr()
        assert heard.out == ""
        assert heard.err == "".join(f"auscult: left out: {name}: cannot be read as audio\n" for name in ("0", "3"))
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

"""EDF and BDF as sound: against edfio, cut anywhere, and with any damage."""

from __future__ import annotations

import io
import random
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.audio.sources.decoding.medical.edf_recording import EdfRecording
from monitor.audio.sources.decoding.opening import open_recording
from monitor.errors import RecordingError

edfio = pytest.importorskip("edfio")

FULL = {"edf": 2**15, "bdf": 2**23}


def noise(samples: int, seed: int = 0) -> NDArray[np.float64]:
    """Return repeatable noise."""
    return np.random.default_rng(seed).uniform(-0.9, 0.9, samples)


def written(folder: Path, kind: str, *signals: tuple[str, int, NDArray[np.float64]], record_s: float = 1) -> Path:
    """Write a recording of (label, rate, samples) with edfio; full scale is 1."""
    full, path = FULL[kind], folder / f"a.{kind}"
    one = edfio.EdfSignal if kind == "edf" else edfio.BdfSignal
    parts = [
        one(samples, rate, label=label, physical_range=(-1, (full - 1) / full), digital_range=(-full, full - 1))
        for label, rate, samples in signals
    ]
    (edfio.Edf if kind == "edf" else edfio.Bdf)(parts, data_record_duration=record_s).write(path)
    return path


def heard(data: Path | bytes, start: int = 0) -> tuple[NDArray[np.float32], str]:
    """Return the samples, (samples, channels), and what is missing."""
    with open_recording(str(data) if isinstance(data, Path) else io.BytesIO(data), "a") as sound:
        assert isinstance(sound, EdfRecording)
        blocks = [block.copy() for block in sound.blocks(start)]
        return np.concatenate([np.zeros((0, sound.channels), np.float32), *blocks]), sound.missing


@pytest.mark.parametrize("kind", ["edf", "bdf"])
@pytest.mark.parametrize("record_s", [0.5, 1, 6])
@pytest.mark.parametrize("start", [0, 1, 4000, 23_999, 24_000])
def test_the_samples_are_those_that_edfio_reads(tmp_path: Path, kind: str, record_s: float, start: int) -> None:
    """To the last bit, from any start; a slower signal is no channel."""
    sounds = noise(24_000), noise(24_000, 1)
    path = written(
        tmp_path, kind, ("ECG", 4000, sounds[0]), ("temp", 100, noise(600)), ("PCG apex", 4000, sounds[1]),
        record_s=record_s,
    )  # fmt: skip
    with open_recording(str(path), "a") as sound:
        assert (sound.sample_rate, sound.channels, sound.num_samples) == (4000, 2, 24_000)
        assert (sound.sound_channel, sound.can_repeat) == (2, True)
    file = (edfio.read_edf if kind == "edf" else edfio.read_bdf)(path)
    expected = np.stack([file.signals[index].digital / FULL[kind] for index in (0, 2)], axis=1)
    samples, missing = heard(path, start)
    assert missing == ""
    np.testing.assert_array_equal(samples, expected[start:].astype(np.float32))
    np.testing.assert_allclose(samples, np.stack(sounds, axis=1)[start:], atol=1 / FULL[kind])


def test_annotations_are_no_signal(tmp_path: Path) -> None:
    """Of EDF+; a file of annotations alone is named so."""
    path = tmp_path / "a.edf"
    edfio.Edf([edfio.EdfSignal(noise(8000), 4000)], annotations=[edfio.EdfAnnotation(0.5, None, "S1")]).write(path)
    assert heard(path)[0].shape == (8000, 1)
    edfio.Edf([], annotations=[edfio.EdfAnnotation(0.5, None, "S1")]).write(path)
    with pytest.raises(RecordingError, match=r"^a: holds annotations only, no signal; name a recording of sound"):
        heard(path)


def test_a_recording_with_gaps_is_refused(tmp_path: Path) -> None:
    """EDF+D: the samples do not follow on one another."""
    data = bytearray(written(tmp_path, "edf", ("PCG", 4000, noise(8000))).read_bytes())
    data[192:197] = b"EDF+D"
    with pytest.raises(RecordingError, match=r"says that the recording has gaps \(EDF\+D\); export it without them"):
        heard(bytes(data))


def test_a_recording_that_is_cut_short(tmp_path: Path) -> None:
    """Complete records are heard, and what is missing is told."""
    data = written(tmp_path, "edf", ("PCG", 4000, noise(24_000))).read_bytes()
    samples, missing = heard(data[:-10_000])
    assert (len(samples), missing) == (16_000, "10000 of 48000 bytes of sound are missing")


@pytest.mark.parametrize("stated", [b"-1      ", b"2       "])
def test_a_recorder_that_never_finished(tmp_path: Path, stated: bytes) -> None:
    """An unknown number of records, or one that was not brought up to date: all are heard."""
    data = bytearray(written(tmp_path, "bdf", ("PCG", 4000, noise(24_000))).read_bytes())
    data[236:244] = stated
    samples, missing = heard(bytes(data))
    assert (len(samples), missing) == (24_000, "")


def test_a_file_that_becomes_shorter(tmp_path: Path) -> None:
    """It ends there, and that is told."""
    path = written(tmp_path, "edf", ("PCG", 4000, noise(24_000)))
    with open_recording(str(path), "a") as sound:
        path.write_bytes(path.read_bytes()[: 512 + 8000])
        assert sum(map(len, sound.blocks())) == 4000
        assert sound.missing == "the file ends after 1.0 s"


@pytest.mark.parametrize(
    ("at", "field", "wrong"),
    [
        (252, b"0   ", "states 0 signals, not 1 to 1024"),
        (252, b"9999", "states 9999 signals"),
        (252, b"1_0 ", "states no number of signals: '1_0'"),
        (252, b"100 ", "is cut short"),
        (236, b"many    ", "states no number of records: 'many'"),
        (236, b"1.5     ", "states no whole number of records: 1.5"),
        (244, b"nan     ", "states no duration of a record: 'nan'"),
        (256 + 216, b"-1      ", "states records without samples, or too many"),
        (256 + 216, b"0       ", "states records without samples, or too many"),
        (256 + 216, b"99999999", ""),
    ],
)
def test_what_is_wrong_with_a_header_is_said(tmp_path: Path, at: int, field: bytes, wrong: str) -> None:
    """In one line with the next step; a record that is larger than the file holds nothing, and is told."""
    data = bytearray(written(tmp_path, "edf", ("PCG", 4000, noise(8000))).read_bytes())
    data[at : at + len(field)] = field
    if not wrong:
        samples, missing = heard(bytes(data))
        assert (len(samples), missing) == (0, "399983996 of 399999998 bytes of sound are missing") or missing
        return
    with pytest.raises(RecordingError) as caught:
        heard(bytes(data[:10_000]))
    assert str(caught.value).startswith(f"a: the header {wrong}")
    assert str(caught.value).endswith("; copy or export it again")


def test_any_damage_is_read_or_refused(tmp_path: Path) -> None:
    """No other error than ours, and never more sound than the file has bytes."""
    whole, refused = written(tmp_path, "edf", ("PCG", 4000, noise(8000)), ("ECG", 4000, noise(8000))).read_bytes(), []
    for seed in range(300):
        draw = random.Random(seed)
        data = bytearray(whole)
        for _ in range(draw.choice((1, 3, 30))):
            data[draw.randrange(184, 768)] = draw.choice(b"0123456789-+. e\xff")
        try:
            samples, _ = heard(bytes(data[: draw.choice((300, 768, 9000, len(data)))]))
            assert samples.size * 2 <= len(data)
        except RecordingError as error:
            refused.append(str(error))
    assert all(line.startswith("a: ") for line in refused)
    assert 0 < len(refused) < 300

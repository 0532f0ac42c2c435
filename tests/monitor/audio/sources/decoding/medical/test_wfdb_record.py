"""WFDB records as sound: which signal, from where, and what is missing."""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from monitor.audio.sources.decoding.medical.wfdb_record import WfdbRecord
from monitor.audio.sources.decoding.opening import open_recording
from monitor.errors import RecordingError


def ramp(samples: int, step: int = 1) -> NDArray[np.int16]:
    """Return numbers of which no two neighbours are alike."""
    return (np.arange(samples) % 30_011 * step).astype(np.int16)


def record(folder: Path, lines: str, **files: NDArray[np.int16]) -> str:
    """Write a header and 16-bit files; return the header's path."""
    for name, numbers in files.items():
        (folder / f"{name}.dat").write_bytes(numbers.astype("<i2").tobytes())
    (folder / "a.hea").write_text(lines)
    return str(folder / "a.hea")


def heard(path: str, start: int = 0) -> tuple[NDArray[np.float32], str]:
    """Return the samples, (samples, channels), in steps of 16 bits, and what is missing."""
    with open_recording(path, "a") as sound:
        blocks = [block.copy() for block in sound.blocks(start)]
        return np.concatenate([np.zeros((0, sound.channels), np.float32), *blocks]) * 2**15, sound.missing


def test_the_signal_that_is_named_as_a_sound(tmp_path: Path) -> None:
    """All signals of its rate are channels."""
    both = np.stack((ramp(100), ramp(100, -1)), axis=1).ravel()
    path = record(tmp_path, "a 2 4000 100\na.dat 16 1 16 0 0 0 0 ECG\na.dat 16 1 16 0 0 0 0 PCG\n", a=both)
    with open_recording(path, "a") as sound:
        assert isinstance(sound, WfdbRecord)
        assert (sound.sample_rate, sound.channels, sound.num_samples, sound.sound_channel) == (4000, 2, 100, 2)
    samples, missing = heard(path)
    np.testing.assert_array_equal(samples, both.reshape(-1, 2))
    assert missing == ""


def test_the_samples_stand_for_the_record(tmp_path: Path) -> None:
    """The path of the .dat opens the record of the header beside it."""
    path = record(tmp_path, "a 1 4000 5\na.dat 16\n", a=ramp(5))
    np.testing.assert_array_equal(heard(str(tmp_path / "a.dat"))[0], heard(path)[0])


@pytest.mark.parametrize("start", [0, 1, 7, 8, 39_999, 40_000])
def test_several_files_and_samples_in_a_frame(tmp_path: Path, start: int) -> None:
    """A signal of eight samples in a frame beside slower ones, and a channel from another file."""
    frames = np.concatenate([ramp(5000)[:, None], ramp(40_000).reshape(5000, 8)], axis=1).ravel()
    lines = "a 3 500 5000\na.dat 16 1 16 0 0 0 0 ECG\na.dat 16x8 1 16 0 0 0 0 PCG\nb.dat 16x8 1 16 0 0 0 0 noise\n"
    path = record(tmp_path, lines, a=frames, b=ramp(40_000, -1))
    samples, _ = heard(path, start)
    np.testing.assert_array_equal(samples, np.stack((ramp(40_000), ramp(40_000, -1)), axis=1)[start:])


def test_a_signal_that_is_not_heard_may_be_gone(tmp_path: Path) -> None:
    """Only files with a channel are opened; one with a channel must be there."""
    lines = "a 2 500 10\nb.dat 16 1 16 0 0 0 0 ECG\na.dat 16x8 1 16 0 0 0 0 PCG\n"
    path = record(tmp_path, lines, a=ramp(80))
    assert len(heard(path)[0]) == 80
    (tmp_path / "a.dat").unlink()
    with pytest.raises(RecordingError, match=r"a\.dat: no such file"):
        heard(path)


def test_samples_that_are_missing(tmp_path: Path) -> None:
    """What is there is heard, and what the header promises is told."""
    samples, missing = heard(record(tmp_path, "a 1 1000 8000\na.dat 16\n", a=ramp(6000)))
    assert (len(samples), missing) == (6000, "the file ends after 6.0 s of 8.0 s")


def test_samples_that_are_too_many(tmp_path: Path) -> None:
    """The header says where a record ends; what is behind it is told."""
    samples, missing = heard(record(tmp_path, "a 1 1000 2000\na.dat 16\n", a=ramp(6000)))
    assert (len(samples), missing) == (2000, "4.0 s behind the end that its header states are left out")


def test_a_file_that_becomes_shorter(tmp_path: Path) -> None:
    """It is told, where it ends."""
    path = record(tmp_path, "a 1 1000 40000\na.dat 16\n", a=ramp(40_000))
    with open_recording(path, "a") as sound:
        (tmp_path / "a.dat").write_bytes(bytes(20_000))
        assert sum(map(len, sound.blocks())) == 10_000
        assert sound.missing == "the file ends after 10.0 s of 40.0 s"


@pytest.mark.parametrize(
    ("lines", "wrong"),
    [
        ("a 1 4000 5\n../a.dat 16\n", "the WFDB header names no file in its own folder: '../a.dat'; copy the record"),
        ("a 2 4000 5\na.dat 16 1\na.dat 212 1\n", r"a\.dat has several formats"),
        ("a 1 4000 5\n" + "#" * 300_000, "the WFDB header is larger than 256 KiB"),
    ],
)
def test_what_is_wrong_is_one_line(tmp_path: Path, lines: str, wrong: str) -> None:
    """It begins with the name."""
    with pytest.raises(RecordingError, match=f"^a: {wrong}"):
        heard(record(tmp_path, lines, a=ramp(5)))


@settings(max_examples=40, deadline=None)
@given(
    fields=st.lists(
        st.sampled_from(["a.dat", "b.dat", "16", "212x3", "524", "16+3", "0", "-1", "9999999999", "PCG", "x\t", "\0"]),
        min_size=2, max_size=10,
    ),
    rate=st.sampled_from(["4000", "0.001", "1e30", ""]),
    data=st.binary(max_size=50),
)  # fmt: skip
@example(["a.dat", "16"], "0.001", b"\0")
def test_any_header_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, fields: list[str], rate: str, data: bytes
) -> None:
    """With any samples; no other error than ours."""
    folder = tmp_path_factory.mktemp("record")
    (folder / "a.dat").write_bytes(data)
    (folder / "a.hea").write_text(f"a 1 {rate} 9\n{' '.join(fields)}\n")
    with contextlib.suppress(RecordingError):
        samples, _ = heard(str(folder / "a.hea"))
        assert samples.size <= 2 * len(data)

"""How WFDB stores samples: each format against the wfdb package."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from monitor.audio.sources.decoding.medical.wfdb_header import WfdbSignal
from monitor.audio.sources.decoding.medical.wfdb_samples import SampleFile, supported_formats
from monitor.errors import RecordingError

wfdb = pytest.importorskip("wfdb")

pytestmark = pytest.mark.filterwarnings("ignore:The inplace keyword:DeprecationWarning")  # wfdb's own use of pandas

BITS = {16: 16, 24: 24, 32: 32, 61: 16, 80: 8, 160: 16, 212: 12, 508: 8, 516: 16, 524: 24}


def signals(fmt: int, count: int, file: str = "a.dat", samples: int = 1) -> list[WfdbSignal]:
    """Return signals that share a file."""
    return [WfdbSignal(file, fmt, samples, 0, 0, "") for _ in range(count)]


def digits(fmt: int, frames: int, count: int) -> np.ndarray:
    """Return repeatable numbers over the range of a format, without the lowest, (frames, count)."""
    top = 2 ** (BITS[fmt] - 1)
    numbers = np.random.default_rng(fmt).integers(1 - top, top, (frames, count))
    numbers[:4, 0] = [1 - top, top - 1, -1, 0][: len(numbers)]
    return numbers


def written(folder: Path, fmt: int, numbers: np.ndarray) -> Path:
    """Write a record, with the wfdb package where it writes the format; return the path of the samples."""
    count = numbers.shape[1]
    if fmt in (61, 160):
        kept = numbers.astype(">i2") if fmt == 61 else (numbers + 2**15).astype("<u2")
        (folder / "a.dat").write_bytes(kept.tobytes())
        (folder / "a.hea").write_text(f"a {count} 4000 {len(numbers)}\n" + f"a.dat {fmt} 1(0)/NU\n" * count)
        return folder / "a.dat"
    wfdb.wrsamp(
        "a", 4000, ["NU"] * count, [str(index) for index in range(count)], d_signal=numbers, fmt=[str(fmt)] * count,
        adc_gain=[1.0] * count, baseline=[0] * count, write_dir=str(folder),
    )  # fmt: skip
    return folder / "a.dat"


def read(file: SampleFile, first: int = 0, length: int = 1000) -> np.ndarray:
    """Return all samples from a frame on, as numbers of full scale 1."""
    return np.concatenate([np.zeros((0, file.frame_samples), np.float32), *file.blocks(first, length)])


@pytest.mark.parametrize("fmt", [16, 24, 32, 61, 80, 160, 212])
@pytest.mark.parametrize(("frames", "count"), [(999, 1), (1000, 2), (333, 3)])
def test_a_format_is_read_as_by_the_wfdb_package(tmp_path: Path, fmt: int, frames: int, count: int) -> None:
    """Number by number, from any frame on, in blocks of any length."""
    numbers = digits(fmt, frames, count)
    file = SampleFile(written(tmp_path, fmt, numbers), signals(fmt, count))
    expected = wfdb.rdrecord(str(tmp_path / "a"), physical=False).d_signal
    np.testing.assert_array_equal(expected, numbers)
    wanted = (numbers * 2.0 ** (1 - BITS[fmt])).astype(np.float32)
    assert file.num_frames == frames
    for first, length in ((0, 1000), (0, 7), (1, 10), (frames - 1, 5), (frames, 5)):
        np.testing.assert_array_equal(read(file, first, length), wanted[first:])
    file.close()
    file.close()


@pytest.mark.parametrize(("fmt", "subtype"), [(508, "PCM_S8"), (516, "PCM_16"), (524, "PCM_24")])
def test_flac(tmp_path: Path, fmt: int, subtype: str) -> None:
    """The numbers are those that were compressed, from any frame on."""
    numbers, bits = digits(fmt, 40_000, 2), BITS[fmt]
    wide = (numbers << (32 - bits)).astype(np.int32)
    soundfile.write(tmp_path / "a.flac", wide, 4000, subtype=subtype, format="FLAC")
    file = SampleFile(tmp_path / "a.flac", signals(fmt, 2, "a.flac"))
    wanted = (numbers * 2.0 ** (1 - bits)).astype(np.float32)
    assert (file.num_frames, file.can_repeat) == (40_000, True)
    for first in (0, 12_345):
        blocks = list(file.blocks(first, 1000))
        assert {len(block) for block in blocks[:-1]} == {1000}
        np.testing.assert_array_equal(np.concatenate(blocks), wanted[first:])
    assert file.missing == ""
    file.close()


def test_a_flac_with_other_channels(tmp_path: Path) -> None:
    """It does not belong to the header."""
    soundfile.write(tmp_path / "a.flac", np.zeros((8, 2)), 4000)
    with pytest.raises(RecordingError, match="has 2 channels, not the 1 signals of the WFDB header"):
        SampleFile(tmp_path / "a.flac", signals(516, 1))


@pytest.mark.parametrize("fmt", [16, 80, 212])
def test_the_lowest_number_is_no_sample(tmp_path: Path, fmt: int) -> None:
    """WFDB marks so what was not measured; the converter's zero is taken off the others."""
    numbers = np.array([[5], [-(2 ** (BITS[fmt] - 1))], [7]])
    path = written(tmp_path, fmt, numbers)
    file = SampleFile(path, [WfdbSignal("a.dat", fmt, 1, 0, 5, "")])
    np.testing.assert_array_equal(read(file)[:, 0], np.array([0, np.nan, 2 * 2.0 ** (1 - BITS[fmt])], np.float32))
    file.close()


def test_an_offset(tmp_path: Path) -> None:
    """The bytes before it are a header of another program, as of a WAV."""
    (tmp_path / "a.wav").write_bytes(bytes(44) + np.array([1, 2], "<i2").tobytes())
    file = SampleFile(tmp_path / "a.wav", [WfdbSignal("a.wav", 16, 1, 44, 0, "")])
    np.testing.assert_array_equal(read(file)[:, 0] * 2**15, [1, 2])
    file.close()


def test_an_unknown_format(tmp_path: Path) -> None:
    """The line has those that are read."""
    (tmp_path / "a.dat").write_bytes(b"x")
    with pytest.raises(RecordingError, match=f"WFDB format 310 cannot be read.*{supported_formats()}"):
        SampleFile(tmp_path / "a.dat", signals(310, 1))


def test_no_file(tmp_path: Path) -> None:
    """Only a regular file is opened."""
    with pytest.raises(RecordingError, match="no such file"):
        SampleFile(tmp_path / "a.dat", signals(16, 1))
    (tmp_path / "a.dat").mkdir()
    with pytest.raises(RecordingError, match="is a directory"):
        SampleFile(tmp_path / "a.dat", signals(16, 1))

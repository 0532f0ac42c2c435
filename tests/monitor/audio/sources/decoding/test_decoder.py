"""Whatever libsndfile reads comes as blocks, exactly from any start; damage is one line."""

from __future__ import annotations

import contextlib
import io
import os
import random
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from monitor.audio.sources.decoding import decoder
from monitor.audio.sources.decoding.decoder import Decoder
from monitor.errors import RecordingError


def noise(samples: int, channels: int = 1) -> NDArray[np.float32]:
    """Return repeatable noise, (samples, channels)."""
    return np.random.default_rng(0).normal(0, 0.1, (samples, channels)).astype(np.float32)


def write(path: Path, waveform: NDArray[np.float32], sample_rate: int = 4000, subtype: str | None = None) -> Path:
    """Write a recording; return its path."""
    soundfile.write(path, waveform, sample_rate, subtype)
    return path


def decode(path: Path, start_sample: int = 0) -> tuple[NDArray[np.float32], str]:
    """Return all that is decoded from a sample on, (samples, channels), and what is missing."""
    blocks: list[NDArray[np.float32]] = []
    with Decoder(str(path), path.name) as sound:
        blocks.append(np.zeros((0, sound.channels), np.float32))
        blocks.extend(block.copy() for block in sound.blocks(start_sample))
        return np.concatenate(blocks), sound.missing


@pytest.mark.parametrize("suffix", ["wav", "flac", "aiff"])
@pytest.mark.parametrize("channels", [1, 2, 5])
def test_lossless_formats_give_what_was_written(tmp_path: Path, suffix: str, channels: int) -> None:
    """Rate, channels, length and samples are the file's."""
    path = write(tmp_path / f"a.{suffix}", noise(40_000, channels), 11_025, "PCM_16")
    with Decoder(str(path), "a") as sound:
        assert (sound.sample_rate, sound.channels, sound.num_samples) == (11_025, channels, 40_000)
    expected, _ = soundfile.read(path, dtype="float32", always_2d=True)
    np.testing.assert_array_equal(decode(path)[0], expected)


@pytest.mark.parametrize("suffix", ["wav", "flac", "aiff", "ogg", "mp3"])
@pytest.mark.parametrize("start", [1, 16_384, 39_999, 40_000])
def test_a_start_is_exact(tmp_path: Path, suffix: str, start: int) -> None:
    """Decoding from a sample gives the end of the whole, bit for bit, whether the format can seek or not."""
    path = write(tmp_path / f"a.{suffix}", noise(40_000), 8000)
    np.testing.assert_array_equal(decode(path, start)[0], decode(path)[0][start:])


def test_a_failing_seek_falls_back_to_decoding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where libsndfile cannot seek, the samples before the start are decoded and dropped."""
    path = write(tmp_path / "a.wav", noise(40_000), subtype="FLOAT")

    def fail(*args: object) -> None:
        raise soundfile.LibsndfileError(0)

    monkeypatch.setattr(soundfile.SoundFile, "seek", fail)
    np.testing.assert_array_equal(decode(path, 30_000)[0], noise(40_000)[30_000:])


def test_many_channels_are_read_in_smaller_blocks(tmp_path: Path) -> None:
    """A block of 500 channels holds at most 2 MiB, and all samples come."""
    path = write(tmp_path / "a.wav", noise(3000, 500), subtype="FLOAT")
    with Decoder(str(path), "a.wav") as sound:
        assert max(block.nbytes for block in sound.blocks()) <= 2**21
    np.testing.assert_array_equal(decode(path)[0], noise(3000, 500))


def test_an_open_file_is_decoded_from_its_start() -> None:
    """A file in memory serves like a path, for MP3 too."""
    for kind in ("WAV", "MP3"):
        file = io.BytesIO()
        soundfile.write(file, noise(20_000), 8000, format=kind)
        file.seek(0)
        with Decoder(file, "memory") as sound:
            assert sum(len(block) for block in sound.blocks()) == 20_000


@pytest.mark.parametrize("name", ["a.wav", "a.mp3", "a.raw", "a"])
@pytest.mark.parametrize(
    "data",
    [b"hello world\n" * 50, bytes(4000), b"fLaC" + bytes(300), b"OggS" + bytes(300),
     b"ID3\x03" + bytes(range(256)) * 8, b"\xff\xfb\x90\x64" + bytes(range(256)) * 8, b"\x00"],
)  # fmt: skip
def test_what_is_no_recording(tmp_path: Path, capfd: pytest.CaptureFixture[str], name: str, data: bytes) -> None:
    """Text, junk and broken headers are refused in one line, and the decoder itself prints nothing."""
    (tmp_path / name).write_bytes(data)
    with pytest.raises(RecordingError) as caught:
        Decoder(str(tmp_path / name), name)
    assert str(caught.value).startswith(
        f"{name}: not a recording that can be read; give a wav, flac, ogg, mp3 or aiff file"
    )
    assert "--raw s16le --rate 4000" in str(caught.value)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("suffix", ["au", "snd", "ul", "al", "vox", "gsm", "mp3"])
def test_a_name_does_not_make_bytes_a_recording(tmp_path: Path, suffix: str) -> None:
    """Bytes without a header are refused whatever the name ends in, where libsndfile would decode noise."""
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(np.random.default_rng(0).bytes(8000))
    with pytest.raises(RecordingError):
        Decoder(str(path), path.name)


def test_damage_to_an_mp3_writes_nothing_to_standard_error(capfd: pytest.CaptureFixture[str]) -> None:
    """What libmpg123 writes while it decodes is kept away."""
    file = io.BytesIO()
    soundfile.write(file, noise(20_000), 8000, format="MP3")
    for seed in range(20):
        data, rng = bytearray(file.getvalue()), np.random.default_rng(seed)
        for at in rng.integers(500, len(data), 20):
            data[at] ^= 1 << rng.integers(8)
        with Decoder(io.BytesIO(data), "a") as sound:
            assert sum(len(block) for block in sound.blocks())
    assert capfd.readouterr() == ("", "")


def test_a_header_that_leads_before_the_start_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    """A damaged chunk of an AIFF sends libsndfile to negative positions; python-soundfile would print a traceback."""
    file = io.BytesIO()
    soundfile.write(file, noise(2000, 2), 4000, "PCM_16", format="AIFF")
    for seed in range(200):
        data, rng = bytearray(file.getvalue()), np.random.default_rng(seed)
        data[12 + rng.integers(40)] ^= 1 << rng.integers(8)
        with contextlib.suppress(RecordingError), Decoder(io.BytesIO(data), "a") as sound:
            list(sound.blocks())
    assert capfd.readouterr() == ("", "")


def test_a_disk_that_cannot_be_read_is_told() -> None:
    """The sound ends at the bad place, and what is missing names the reason."""
    file = io.BytesIO()
    soundfile.write(file, noise(40_000), 4000, "PCM_16", format="WAV")

    class BadSector(io.BytesIO):
        def read(self, count: int | None = -1) -> bytes:
            if 40_000 < self.tell() < 60_000:
                raise OSError(5, "Input/output error")
            return super().read(count)

    with Decoder(BadSector(file.getvalue()), "a") as sound:
        heard = sum(len(block) for block in sound.blocks())
        assert 10_000 < heard < 40_000
        assert sound.missing.startswith(f"decoding stops after {heard / 4000:.1f} s of 10.0 s, where the disk cannot")
        assert sound.missing.endswith("(Input/output error)")


def test_standard_error_stays_open_after_an_mp3(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Once the file is open, file descriptor 2 leads where it did before."""
    Decoder(str(write(tmp_path / "a.mp3", noise(20_000), 8000)), "a.mp3").close()
    os.write(2, b"still here")
    assert capfd.readouterr().err == "still here"


def test_a_truncated_flac_is_decoded_up_to_the_cut(tmp_path: Path) -> None:
    """The samples before the cut come, then an error that says where it is."""
    path = write(tmp_path / "a.flac", noise(100_000))
    expected, _ = soundfile.read(path, dtype="float32", always_2d=True)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    decoded, missing = decode(path)
    assert 30_000 < len(decoded) < 65_000
    np.testing.assert_array_equal(decoded, expected[: len(decoded)])
    assert missing.startswith(f"decoding stops after {len(decoded) / 4000:.1f} s of ")


@pytest.mark.parametrize("sample_rate", [1000, 4000])
def test_no_decoded_sample_is_lost_at_the_damage(tmp_path: Path, sample_rate: int) -> None:
    """What a failing read had decoded before the damage comes too: all but the broken frame."""
    path = write(tmp_path / "a.flac", noise(15_000), sample_rate)
    path.write_bytes(path.read_bytes()[:-3000])
    decoded, missing = decode(path)
    assert 15_000 - len(decoded) < 2 * 4096
    assert missing


def test_a_truncated_mp3_is_decoded_up_to_the_cut(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """An MP3 with far less sound than its header states ends with an error; the decoder itself prints nothing."""
    path = write(tmp_path / "a.mp3", noise(100_000), 8000)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    decoded, missing = decode(path)
    assert 30_000 < len(decoded) < 60_000
    assert missing.endswith("% of the sound is missing")
    assert capfd.readouterr() == ("", "")


def test_a_flac_without_a_length_is_decoded_to_its_end(tmp_path: Path) -> None:
    """A FLAC from a streaming encoder states no length; that is no error."""
    path = write(tmp_path / "a.flac", noise(40_000))
    data = bytearray(path.read_bytes())
    data[21] &= 0xF0
    data[22:26] = bytes(4)
    path.write_bytes(data)
    with Decoder(str(path), "a.flac") as sound:
        assert sound.num_samples is None
    decoded, missing = decode(path)
    assert (len(decoded), missing) == (40_000, "")


class Failing(io.BytesIO):
    """A file that raises once it is read beyond some bytes; ``armed`` by default."""

    armed = True

    def __init__(self, data: bytes, error: BaseException, good_bytes: int) -> None:
        super().__init__(data)
        self.error, self.good_bytes = error, good_bytes

    def read(self, count: int | None = -1) -> bytes:
        """Read, or raise."""
        if self.armed and self.tell() >= self.good_bytes:
            raise self.error
        return super().read(count)


def flac_of(samples: int) -> bytes:
    """Return a FLAC file of noise."""
    file = io.BytesIO()
    soundfile.write(file, noise(samples), 4000, format="FLAC")
    return file.getvalue()


def test_a_file_that_cannot_be_read_further_is_judged_up_to_there(capfd: pytest.CaptureFixture[str]) -> None:
    """An input/output error below libsndfile ends the sound, is told, and prints nothing."""
    file = Failing(flac_of(80_000), OSError(5, "Input/output error"), 60_000)
    file.armed = False
    with Decoder(file, "a") as sound:
        file.armed = True
        decoded = sum(len(block) for block in sound.blocks())
    assert 10_000 < decoded < 70_000
    assert sound.missing.startswith("decoding stops after")
    assert capfd.readouterr().err == ""


def test_an_interrupt_below_libsndfile_arrives(capfd: pytest.CaptureFixture[str]) -> None:
    """A KeyboardInterrupt in a callback of libsndfile is raised again, not printed and lost."""
    file = Failing(flac_of(80_000), KeyboardInterrupt(), 60_000)
    file.armed = False
    with Decoder(file, "a") as sound:
        file.armed = True
        with pytest.raises(KeyboardInterrupt):
            list(sound.blocks())
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("error", [OSError(5, "Input/output error"), KeyboardInterrupt()])
def test_opening_a_file_that_cannot_be_read(
    error: BaseException, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """What the file raises while libsndfile opens it arrives, in place of libsndfile's guess; nothing is printed."""
    file = Failing(flac_of(8000), error, 0)
    file.armed = False
    first_bytes = decoder._first_bytes

    def arm(below: Failing) -> bytes:
        head = first_bytes(below)
        below.armed = True
        return head

    monkeypatch.setattr(decoder, "_first_bytes", arm)
    with pytest.raises(type(error)):
        Decoder(file, "a")
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("seed", [1, 2, 23])
def test_decoding_a_damaged_mp3_prints_nothing(seed: int, capfd: pytest.CaptureFixture[str]) -> None:
    """What libmpg123 says while it decodes, of bits that are flipped in the sound, does not reach standard error."""
    file = io.BytesIO()
    soundfile.write(file, noise(80_000), 16_000, format="MP3")
    damaged = bytearray(file.getvalue())
    rng = random.Random(seed)
    for _ in range(20):
        damaged[rng.randrange(2000, len(damaged))] ^= 1 << rng.randrange(8)
    with Decoder(io.BytesIO(damaged), "a") as sound:
        assert sum(len(block) for block in sound.blocks()) > 70_000
    assert capfd.readouterr().err == ""


def test_any_place_can_be_read_again(tmp_path: Path) -> None:
    """Also the beginning, after another place was read; where seeking is not exact it says so."""
    waveform = np.random.default_rng(3).uniform(-0.5, 0.5, 100_000).astype(np.float32)
    soundfile.write(tmp_path / "sound.flac", waveform, 4000, "PCM_24")
    with Decoder(str(tmp_path / "sound.flac"), "sound.flac") as sound:
        assert sound.can_repeat
        for start in (90_000, 0, 50_000, 0):
            block = next(sound.blocks(start))
            np.testing.assert_allclose(block[:100, 0], waveform[start : start + 100], atol=1e-6)
    soundfile.write(tmp_path / "sound.ogg", waveform, 8000)
    with Decoder(str(tmp_path / "sound.ogg"), "sound.ogg") as sound:
        assert not sound.can_repeat

"""Every way in which a file cannot be a complete recording, in one line with the next step."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from monitor.audio.sources.decoding.checks import check_file, read_error, shortfall
from monitor.errors import RecordingError


def refusal(path: str | Path) -> str:
    """Return the one line with which a file is refused."""
    with pytest.raises(RecordingError) as caught:
        check_file(Path(path))
    line = str(caught.value)
    assert "\n" not in line
    assert caught.value.next_step
    return line


def write(path: Path, samples: int = 100, kind: str = "WAV") -> Path:
    """Write a recording; return its path."""
    waveform = np.random.default_rng(0).normal(0, 0.1, samples)
    soundfile.write(path, waveform, 4000, format=kind)
    return path


@pytest.mark.parametrize("kind", ["WAV", "RF64", "AIFF", "FLAC", "OGG", "AU"])
def test_a_complete_file_passes(tmp_path: Path, kind: str) -> None:
    """A file as libsndfile writes it is not refused."""
    check_file(write(tmp_path / "a", 2000, kind))


def test_a_missing_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The line begins with the name and says what to check."""
    monkeypatch.chdir(tmp_path)
    assert refusal("heart.wav") == "heart.wav: no such file; check the name and the folder"
    Path("a.wav").write_text("")
    assert "no such file" in refusal("a.wav/b.wav")


def test_a_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The advice for a folder holds for every command: which file is meant; the name is quoted for the shell."""
    monkeypatch.chdir(tmp_path)
    Path("my ward").mkdir()
    assert refusal("my ward") == "my ward: is a directory; name one of the recordings in it (ls 'my ward')"


def test_an_empty_file(tmp_path: Path) -> None:
    """An empty file has an error of its own, apart from a file that cannot be decoded."""
    (tmp_path / "a.wav").write_bytes(b"")
    assert "a.wav: is empty (0 bytes); " in refusal(tmp_path / "a.wav")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes exist on POSIX systems only")
def test_a_named_pipe_is_not_opened(tmp_path: Path) -> None:
    """A file whose opening would block is refused with the way to pipe it."""
    os.mkfifo(tmp_path / "pipe")
    assert "is not a file; pipe the sound in: auscult replay - < " in refusal(tmp_path / "pipe")


def test_the_line_about_missing_sound() -> None:
    """What is missing is said with the name and the next step; a complete recording has no line."""
    assert shortfall("a.wav", "") is None
    assert str(shortfall("a.wav", "2 of 4 bytes of sound are missing")) == (
        "a.wav: damaged or cut short, 2 of 4 bytes of sound are missing; copy it again; what is there was read"
    )


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (PermissionError(13, "Permission denied"), "a.wav: permission denied; ask"),
        (OSError(5, "Input/output error"), "a.wav: cannot be read (input/output error); "),
    ],
)
def test_an_error_of_the_operating_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError, line: str
) -> None:
    """A missing permission and any other error are one line with the reason."""
    path = write(tmp_path / "a.wav")

    def fail(*args: object, **named: object) -> None:
        raise error

    monkeypatch.setattr(Path, "open", fail)
    assert line in refusal(path)


def test_an_error_without_a_reason_is_named_by_its_type() -> None:
    """An OSError that the system did not describe still gives a line."""
    assert str(read_error("a.wav", OSError())).startswith("a.wav: cannot be read (oserror); ")


@pytest.mark.parametrize("name", ["a\nb.wav", "a\x1b[2J.wav", "a\x00.wav", "a\u2028.wav", "\udcff.wav", "x" * 300])
def test_a_strange_name_gives_one_printable_line(tmp_path: Path, name: str) -> None:
    """Line breaks, escape sequences and invalid bytes in a name do not reach the terminal."""
    assert refusal(tmp_path / name).isprintable()

"""One door: the reader of each form, and one line where it is missing."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from monitor.audio.sources.decoding.decoder import Decoder
from monitor.audio.sources.decoding.opening import open_recording
from monitor.errors import RecordingError


def test_what_libsndfile_reads(tmp_path: Path) -> None:
    """By path and open."""
    path = tmp_path / "a.wav"
    soundfile.write(path, np.zeros(8), 4000)
    for file in (str(path), io.BytesIO(path.read_bytes())):
        with open_recording(file, "a") as sound:
            assert isinstance(sound, Decoder)
            assert sound.num_samples == 8


@pytest.mark.parametrize(
    ("package", "head", "what"),
    [("av", bytes.fromhex("1a45dfa3"), "a WebM or Matroska file, which needs PyAV"),
     ("pydicom", bytes(128) + b"DICM", "a DICOM file, which needs pydicom")],
)  # fmt: skip
def test_a_missing_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str, head: bytes, what: str
) -> None:
    """The line has the command that installs it, and a file that stands in for the pipe's."""
    monkeypatch.setitem(sys.modules, package, None)
    (tmp_path / "a").write_bytes(head)
    for file in (str(tmp_path / "a"), io.BytesIO(head)):
        with pytest.raises(RecordingError) as caught:
            open_recording(file, "my a")
        assert str(caught.value).startswith(f"my a: {what}; pip install 'auscult-monitor[formats]', or convert it")


def test_a_header_in_a_pipe() -> None:
    """Its sound is in another file: the line says so."""
    with pytest.raises(RecordingError, match=r"^-: a WFDB header, whose sound is in another file; name it: auscult re"):
        open_recording(io.BytesIO(b"a01 1 4000 48000\na01.dat 16\n"), "-")


@pytest.mark.parametrize("data", [b"0       ", b"\xffBIOSEMI" + bytes(300), bytes(128) + b"DICM", b"\x1a\x45\xdf\xa3"])
def test_a_file_that_is_refused_is_closed(tmp_path: Path, data: bytes) -> None:
    """A head without a recording is one line."""
    (tmp_path / "a").write_bytes(data)
    with pytest.raises(RecordingError, match=r"^a: "):
        open_recording(str(tmp_path / "a"), "a")

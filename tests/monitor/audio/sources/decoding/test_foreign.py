"""Forms that libsndfile does not read are known by their bytes; what reads them is named where it is missing."""

from __future__ import annotations

import importlib.util
import io
import shlex
import sys
from pathlib import Path

import pytest

from monitor.audio.sources.decoding.foreign import (
    HEAD_BYTES,
    form_of,
    form_of_file,
    form_of_head,
    missing_reader,
    missing_reader_of_file,
)

FORMS = [
    (b"\x00\x00\x00\x1cftypM4A ", "an MPEG-4 file (m4a, mp4, 3gp)", "av"),
    (b"\xff\xf1\x50\x40", "an AAC recording", "av"),
    (b"\x1a\x45\xdf\xa3\x9f", "a WebM or Matroska file", "av"),
    (b"#!AMR\n", "an AMR recording", "av"),
    (b"\x30\x26\xb2\x75\x8e", "a WMA recording", "av"),
    (b"0       patient", "an EDF recording", "edf"),
    (b"\xffBIOSEMIpatient", "a BDF recording", "edf"),
    (bytes(128) + b"DICM", "a DICOM file", "dicom"),
    (b"a01 1 4000 48000\na01.dat 16\n", "a WFDB header", "wfdb"),
    (b"# by a program\na01 1 4000\n", "a WFDB header", "wfdb"),
]


@pytest.mark.parametrize(("head", "what", "reader"), FORMS)
def test_a_form_is_known_by_its_first_bytes(head: bytes, what: str, reader: str) -> None:
    """Of an open file too, which is then at its start."""
    file = io.BytesIO(head)
    file.read(3)
    form = form_of(file)
    assert form is not None
    assert (form.what, form.reader, file.tell()) == (what, reader, 0)
    assert form is form_of_head(head)
    assert bool(form.container) == (reader == "av")


@pytest.mark.parametrize(
    "head", [b"", b"\xff", b"\xff\xfb\x90\x64", b"RIFF\0\0\0\0WAVE", b"hello world\n", bytes(HEAD_BYTES)]
)
def test_anything_else_is_unknown(head: bytes) -> None:
    """An MP3, a WAV and text have no form of their own here."""
    assert form_of_head(head) is None


@pytest.mark.parametrize(("head", "what", "reader"), FORMS)
def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch, head: bytes, what: str, reader: str) -> None:
    """One line: what needs it, the command that installs it, and the one that converts the file, quoted for a shell."""
    form = form_of_head(head)
    assert form is not None
    packages = ("av", "pydicom")
    if all(map(importlib.util.find_spec, packages)):
        assert missing_reader(form, "my heart") is None
    for package in packages:
        monkeypatch.setitem(sys.modules, package, None)
    lacking = missing_reader(form, "my heart")
    if reader in ("edf", "wfdb"):
        assert lacking is None
        return
    assert lacking is not None
    assert lacking[0] == f"{what}, which needs {'PyAV' if reader == 'av' else 'pydicom'}"
    install, _, convert = lacking[1].partition(", or ")
    assert install == "pip install 'auscult-monitor[formats]'"
    if reader == "av":
        assert convert == "convert it: ffmpeg -i 'my heart' -ac 1 'my heart.wav'"
    else:
        words = shlex.split(convert.partition("): ")[2])
        assert (words[:2], words[3:]) == (["python", "-c"], ["my heart", "my heart.wav"])
        compile(words[2], "command", "exec")


def test_the_samples_of_a_record(tmp_path: Path) -> None:
    """They have no form: they are known by the header beside them alone, whatever they begin with."""
    path = tmp_path / "a01.dat"
    path.write_bytes(b"\xff\xf1" + bytes(200))
    assert form_of_file(str(path)).what == "an AAC recording"
    (tmp_path / "a01.hea").write_text("a01 1 4000 100\n")
    assert form_of_file(str(path)).what == "the samples of a WFDB record"
    path.rename(tmp_path / "a01.bin")
    assert form_of_file(str(tmp_path / "a01.bin")).what == "an AAC recording"


def test_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a file needs is said by its path; one that is gone, or of another form, needs nothing."""
    path = tmp_path / "a"
    monkeypatch.setitem(sys.modules, "av", None)
    assert missing_reader_of_file(str(path)) is None
    path.write_bytes(b"RIFF")
    assert missing_reader_of_file(str(path)) is None
    path.write_bytes(b"#!AMR\n")
    assert missing_reader_of_file(str(path)) == missing_reader(form_of_head(b"#!AMR\n"), str(path))

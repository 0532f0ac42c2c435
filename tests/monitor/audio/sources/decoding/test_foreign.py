"""Recordings that cannot be read are named, with the command that converts them."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from monitor.audio.sources.decoding.foreign import HEAD_BYTES, foreign_file, foreign_form


@pytest.mark.parametrize(
    ("head", "form"),
    [
        (b"\x00\x00\x00\x1cftypM4A ", "an MPEG-4 file (m4a, mp4, 3gp)"),
        (b"\xff\xf1\x50\x40", "an AAC recording"),
        (b"\x1a\x45\xdf\xa3\x9f", "a WebM or Matroska file"),
        (b"#!AMR\n", "an AMR recording"),
        (b"\x30\x26\xb2\x75\x8e", "a WMA recording"),
        (b"ADIF", "an AAC recording"),
    ],
)
def test_a_known_form_has_a_command(head: bytes, form: str) -> None:
    """The command names the file, quoted for the shell."""
    assert foreign_form(head, "my heart") == (form, "convert it: ffmpeg -i 'my heart' -ac 1 'my heart.wav'")


def test_a_wfdb_header_names_the_converter_of_records() -> None:
    """A record is converted from its name without the suffix."""
    assert foreign_form(b"ward/a01 1 4000 48000\na01.dat 16\n", "ward/a01.hea") == (
        "a WFDB header",
        "convert the record: mit2wav -r ward/a01 -o ward/a01.hea.wav",
    )


@pytest.mark.parametrize(
    "head", [b"", b"\xff", b"\xff\xfb\x90\x64", b"RIFF\0\0\0\0WAVE", b"hello world\n", bytes(HEAD_BYTES)]
)
def test_anything_else_is_unknown(head: bytes) -> None:
    """An MP3, a WAV and text have no form of their own here."""
    assert foreign_form(head, "a") is None


@pytest.mark.parametrize(
    ("head", "form", "package"),
    [
        (b"0       patient", "an EDF recording", "pyedflib"),
        (b"\xffBIOSEMIpatient", "a BDF recording", "pyedflib"),
        (bytes(128) + b"DICM", "a DICOM file", "pydicom"),
    ],
)
def test_forms_of_hospitals(head: bytes, form: str, package: str) -> None:
    """The command names what to install, and both files last; it is one line that a shell takes as it stands."""
    named = foreign_form(head, "a b")
    assert named is not None
    assert named[0] == form
    _, _, command = named[1].partition("): ")
    words = shlex.split(command)
    assert words[:2] == ["python", "-c"]
    assert words[3:] == ["a b", "a b.wav"]
    assert f"import sys, {package}, soundfile" in words[2]
    compile(words[2], "command", "exec")


def test_the_samples_of_a_record() -> None:
    """They have no form: they are known by the header beside them alone."""
    head = bytes(range(200))
    assert foreign_form(head, "ward/a01.dat") is None
    assert foreign_form(head, "ward/a01.dat", has_header=True) == (
        "the samples of a WFDB record",
        "convert the record: mit2wav -r ward/a01 -o ward/a01.dat.wav",
    )
    assert foreign_form(head, "ward/a01.bin", has_header=True) is None


def test_a_file(tmp_path: Path) -> None:
    """A file is opened and its neighbours are looked at; one that is gone is not known."""
    path = tmp_path / "a01.dat"
    assert foreign_file(str(path)) is None
    path.write_bytes(bytes(range(200)))
    assert foreign_file(str(path)) is None
    (tmp_path / "a01.hea").write_text("a01 1 4000 100\n")
    named = foreign_file(str(path))
    assert named == foreign_form(b"", str(path), has_header=True)
    assert foreign_file(str(path), b"#!AMR\n") == foreign_form(b"#!AMR\n", str(path))

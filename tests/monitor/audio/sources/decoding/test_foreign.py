"""Recordings that cannot be read are named, with the command that converts them."""

from __future__ import annotations

import pytest

from monitor.audio.sources.decoding.foreign import foreign_form


@pytest.mark.parametrize(
    ("head", "form"),
    [
        (b"\x00\x00\x00\x1cftypM4A ", "an MPEG-4 file (m4a, mp4, 3gp)"),
        (b"\xff\xf1\x50\x40", "an AAC recording"),
        (b"\x1a\x45\xdf\xa3\x9f", "a WebM or Matroska file"),
        (b"#!AMR\n", "an AMR recording"),
        (b"\x30\x26\xb2\x75\x8e", "a WMA recording"),
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


@pytest.mark.parametrize("head", [b"", b"\xff", b"\xff\xfb\x90\x64", b"RIFF\0\0\0\0WAVE", b"hello world\n", bytes(64)])
def test_anything_else_is_unknown(head: bytes) -> None:
    """An MP3, a WAV and text have no form of their own here."""
    assert foreign_form(head, "a") is None

"""Recordings that cannot be read, recognised by their first bytes, and the command that converts them.

Pure; safe on any thread.
"""

from __future__ import annotations

import re
import shlex

__all__ = ["foreign_form"]

MAGICS = {
    b"\x1a\x45\xdf\xa3": "a WebM or Matroska file",
    b"#!AMR": "an AMR recording",
    b"\x30\x26\xb2\x75": "a WMA recording",
}
WFDB_HEADER = re.compile(rb"\A(#[^\n]*\n)*[\w/-]+ \d+ \d+(\.\d+)?[ \r\n(/]")


def foreign_form(head: bytes, name: str) -> tuple[str, str] | None:
    """Return what a file is and how to convert it, from its first 64 bytes; None where it is not known.

    Examples
    --------
    >>> foreign_form(bytes.fromhex("1a45dfa3"), "a b.webm")
    ('a WebM or Matroska file', "convert it: ffmpeg -i 'a b.webm' -ac 1 'a b.webm.wav'")
    """
    quoted, target = (shlex.quote(text) if text.isprintable() else "FILE" for text in (name, f"{name}.wav"))
    if WFDB_HEADER.match(head):
        return "a WFDB header", f"convert the record: mit2wav -r {shlex.quote(name.removesuffix('.hea'))} -o {target}"
    form = next((form for magic, form in MAGICS.items() if head.startswith(magic)), None)
    if head[4:8] == b"ftyp":
        form = "an MPEG-4 file (m4a, mp4, 3gp)"
    elif len(head) > 1 and head[0] == 0xFF and head[1] & 0xF6 == 0xF0:
        form = "an AAC recording"
    return None if form is None else (form, f"convert it: ffmpeg -i {quoted} -ac 1 {target}")

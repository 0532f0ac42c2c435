"""Recordings that cannot be read, recognised by their first bytes, and the command that converts them.

The one list of such forms: of a file, a pipe and a data set the same is said. Pure, but for :func:`foreign_file`, which
looks into a file and beside it; safe on any thread.
"""

from __future__ import annotations

import os
import re
import shlex

__all__ = ["HEAD_BYTES", "foreign_file", "foreign_form"]

HEAD_BYTES = 256
"""First bytes of a file by which every form here is known."""

FFMPEG = "convert it: ffmpeg -i {name} -ac 1 {target}"
MIT2WAV = "convert the record: mit2wav -r {record} -o {target}"
PYEDFLIB = (
    "convert it (pip install pyedflib soundfile): python -c 'import sys, pyedflib, soundfile; "
    "f = pyedflib.EdfReader(sys.argv[1]); x = f.readSignal(0); "
    "soundfile.write(sys.argv[2], x / abs(x).max(), round(f.getSampleFrequency(0)))' {name} {target}"
)
PYDICOM = (
    "convert its waveform (pip install pydicom soundfile): python -c 'import sys, pydicom, soundfile; "
    "d = pydicom.dcmread(sys.argv[1]); x = d.waveform_array(0); "
    "soundfile.write(sys.argv[2], x / abs(x).max(), round(d.WaveformSequence[0].SamplingFrequency))' {name} {target}"
)

MAGICS = {
    b"\x1a\x45\xdf\xa3": ("a WebM or Matroska file", FFMPEG),
    b"#!AMR": ("an AMR recording", FFMPEG),
    b"\x30\x26\xb2\x75": ("a WMA recording", FFMPEG),
    b"ADIF": ("an AAC recording", FFMPEG),
    b"0       ": ("an EDF recording", PYEDFLIB),
    b"\xffBIOSEMI": ("a BDF recording", PYEDFLIB),
}
"""What a file is, and the command, by its first bytes. Source: the formats' specifications."""
DICOM_AT = 128
WFDB_HEADER = re.compile(rb"\A(#[^\n]*\n)*[\w/-]+ \d+ \d+(\.\d+)?[ \r\n(/]")


def foreign_form(head: bytes, name: str, *, has_header: bool = False) -> tuple[str, str] | None:
    """Return what a file is and how to convert it; None where it is not known.

    Parameters
    ----------
    head : bytes
        The first HEAD_BYTES of the file; with fewer, some forms are not known.
    name : str
        Of the file, for the command.
    has_header : bool
        Whether a WFDB header lies beside a file of this name: the samples themselves have no form.

    Examples
    --------
    >>> foreign_form(bytes.fromhex("1a45dfa3"), "a b.webm")
    ('a WebM or Matroska file', "convert it: ffmpeg -i 'a b.webm' -ac 1 'a b.webm.wav'")
    """
    form = _form(head, name, has_header=has_header)
    if form is None:
        return None
    record = re.sub(r"\.(hea|dat)$", "", name)
    words = {"name": name, "target": f"{name}.wav", "record": record}
    quoted = {key: shlex.quote(word) if word.isprintable() else "FILE" for key, word in words.items()}
    return form[0], form[1].format(**quoted)


def _form(head: bytes, name: str, *, has_header: bool) -> tuple[str, str] | None:
    """Return what a file is, and the command with placeholders."""
    if WFDB_HEADER.match(head):
        return "a WFDB header", MIT2WAV
    known = next((form for magic, form in MAGICS.items() if head.startswith(magic)), None)
    if known is not None:
        return known
    if head[4:8] == b"ftyp":
        return "an MPEG-4 file (m4a, mp4, 3gp)", FFMPEG
    if head[DICOM_AT : DICOM_AT + 4] == b"DICM":
        return "a DICOM file", PYDICOM
    if has_header and name.endswith(".dat"):
        return "the samples of a WFDB record", MIT2WAV
    if len(head) > 1 and head[0] == 0xFF and head[1] & 0xF6 == 0xF0:
        return "an AAC recording", FFMPEG
    return None


def foreign_file(path: str, head: bytes | None = None) -> tuple[str, str] | None:
    """Return what the file at a path is and how to convert it; None where it is not known or cannot be opened.

    Parameters
    ----------
    path : str
    head : bytes or None
        Its first bytes, where they are known; None reads them.
    """
    if head is None:
        try:
            with open(path, "rb") as file:
                head = file.read(HEAD_BYTES)
        except (OSError, ValueError):
            return None
    return foreign_form(head, path, has_header=os.path.isfile(f"{os.path.splitext(path)[0]}.hea"))

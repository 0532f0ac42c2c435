"""Forms of recordings that libsndfile does not read, recognised by their first bytes, and what reads them.

The one list of such forms: of a file, a pipe and a data set the same is said. Where the package that reads a form is
not installed, the command that installs it is named, and the one that converts the file. Pure, but for functions of a
path, which look into the file and beside it; safe on any thread.
"""

from __future__ import annotations

import dataclasses
import os
import re
import shlex
from importlib.util import find_spec
from typing import BinaryIO, Literal

from monitor.errors import DISTRIBUTION

__all__ = [
    "HEAD_BYTES",
    "WFDB_HEADER",
    "Form",
    "form_of",
    "form_of_file",
    "form_of_head",
    "missing_reader",
    "missing_reader_of_file",
]

HEAD_BYTES = 256
"""First bytes of a file by which every form here is known."""

FFMPEG = "convert it: ffmpeg -i {name} -ac 1 {target}"
PYDICOM = (
    "convert its waveform (pip install pydicom soundfile): python -c 'import sys, pydicom, soundfile; "
    "d = pydicom.dcmread(sys.argv[1]); x = d.waveform_array(0); "
    "soundfile.write(sys.argv[2], x / abs(x).max(), round(d.WaveformSequence[0].SamplingFrequency))' {name} {target}"
)


@dataclasses.dataclass(frozen=True, slots=True)
class Form:
    """A form of recordings.

    Attributes
    ----------
    what : str
        What such a file is, with its article.
    reader : str
        What reads it: PyAV, pydicom, or a reader of our own.
    ending : str
        That names of such files should have.
    container : str
        FFmpeg's name of its container; empty for other readers.
    """

    what: str
    reader: Literal["av", "dicom", "edf", "wfdb"]
    ending: str
    container: str = ""


PACKAGES = {"av": ("av", "PyAV", FFMPEG), "dicom": ("pydicom", "pydicom", PYDICOM)}
"""Of readers that need one: its name in an import and for people, and the command that converts a file without it."""

MPEG_4 = Form("an MPEG-4 file (m4a, mp4, 3gp)", "av", ".m4a", "mov")
AAC = Form("an AAC recording", "av", ".aac", "aac")
DICOM = Form("a DICOM file", "dicom", ".dcm")
WFDB_HEADER = Form("a WFDB header", "wfdb", ".hea")
WFDB_SAMPLES = Form("the samples of a WFDB record", "wfdb", ".dat")
MAGICS = {
    b"\x1a\x45\xdf\xa3": Form("a WebM or Matroska file", "av", ".webm", "matroska"),
    b"#!AMR": Form("an AMR recording", "av", ".amr", "amr"),
    b"\x30\x26\xb2\x75": Form("a WMA recording", "av", ".wma", "asf"),
    b"0       ": Form("an EDF recording", "edf", ".edf"),
    b"\xffBIOSEMI": Form("a BDF recording", "edf", ".bdf"),
}
"""By the first bytes. Source: the formats' specifications."""
DICOM_AT = 128
RECORD_LINE = re.compile(rb"\A(#[^\n]*\n)*[\w/-]+ \d+ \d+(\.\d+)?[ \r\n(/]")


def form_of_head(head: bytes) -> Form | None:
    """Return the form of a file; None where it is not known.

    Parameters
    ----------
    head : bytes
        The first HEAD_BYTES of the file; with fewer, some forms are not known.

    Examples
    --------
    >>> form_of_head(bytes.fromhex("1a45dfa3")).what
    'a WebM or Matroska file'
    """
    if RECORD_LINE.match(head):
        return WFDB_HEADER
    known = next((form for magic, form in MAGICS.items() if head.startswith(magic)), None)
    if known is not None:
        return known
    if head[4:8] == b"ftyp":
        return MPEG_4
    if head[DICOM_AT : DICOM_AT + 4] == b"DICM":
        return DICOM
    if len(head) > 1 and head[0] == 0xFF and head[1] & 0xF6 == 0xF0:
        return AAC
    return None


def form_of(file: BinaryIO) -> Form | None:
    """Return the form of an open seekable file, whose position is then the start."""
    file.seek(0)
    head = file.read(HEAD_BYTES)
    file.seek(0)
    return form_of_head(head)


def form_of_file(path: str) -> Form | None:
    """Return the form of the file at a path; None where it is not known.

    The samples of a WFDB record, which have no form of their own, are known by the header of the same name beside them.

    Raises
    ------
    OSError, ValueError
        If the file cannot be read.
    """
    stem, ending = os.path.splitext(path)
    if ending.lower() == ".dat" and os.path.isfile(f"{stem}.hea"):
        return WFDB_SAMPLES
    with open(path, "rb") as file:
        return form_of(file)


def missing_reader(form: Form, name: str) -> tuple[str, str] | None:
    """Return what a recording is and needs, and how to get or avoid it; None where it can be read.

    Parameters
    ----------
    form : Form
    name : str
        Of the file, for the command that converts it.
    """
    package = PACKAGES.get(form.reader)
    if package is None or _is_installed(package[0]):
        return None
    quoted, target = (shlex.quote(word) if word.isprintable() else "FILE" for word in (name, f"{name}.wav"))
    command = package[2].format(name=quoted, target=target)
    return f"{form.what}, which needs {package[1]}", f"pip install '{DISTRIBUTION}[formats]', or {command}"


def missing_reader_of_file(path: str) -> tuple[str, str] | None:
    """Return the same for the file at a path; None also where it is not known or cannot be opened."""
    try:
        form = form_of_file(path)
    except (OSError, ValueError):
        return None
    return None if form is None else missing_reader(form, path)


def _is_installed(package: str) -> bool:
    """Return whether a package can be imported, without importing it."""
    try:
        return find_spec(package) is not None
    except ValueError:  # the entry in sys.modules is None
        return False

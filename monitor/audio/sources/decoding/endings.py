"""Which files in a folder are recordings, by their names alone; what a file holds is decided by its bytes elsewhere."""

from __future__ import annotations

import os
from collections.abc import Container

__all__ = [
    "RECORD_HEADER",
    "RECORD_SAMPLES",
    "SHADOW_FOLDER",
    "SOUND_ENDINGS",
    "is_header_beside",
    "is_left_alone",
    "is_sound_name",
]

SOUND_ENDINGS = (
    ".wav", ".wave", ".bwf", ".rf64", ".w64", ".flac", ".ogg", ".oga", ".opus", ".mp3",
    ".aif", ".aiff", ".aifc", ".au", ".snd", ".caf", ".voc", ".sph", ".nist",
    ".m4a", ".mp4", ".3gp", ".aac", ".webm", ".mka", ".amr", ".wma", ".edf", ".bdf", ".dcm",
)  # fmt: skip
"""Of the forms that are read, some of them with an optional package. The samples of a WFDB record are a recording too,
where the header is beside them."""
RECORD_SAMPLES, RECORD_HEADER = ".dat", ".hea"
"""Of a WFDB record."""

SHADOW_FOLDER = "__MACOSX"
"""Folder of shadow files, named like the recordings, that some archives leave behind."""


def is_sound_name(name: str, beside: Container[str] = ()) -> bool:
    """Return whether a file of this name is a recording.

    Parameters
    ----------
    name : str
    beside : container of str
        The names of the files in the same folder.

    Examples
    --------
    >>> [is_sound_name(name, {"a.dat", "a.hea"}) for name in ("a.dat", "a.hea", "b.dat", "b.WAV")]
    [True, False, False, True]
    """
    stem, ending = os.path.splitext(name)
    ending = ending.lower()
    return ending in SOUND_ENDINGS or (ending == RECORD_SAMPLES and f"{stem}{RECORD_HEADER}" in beside)


def is_header_beside(name: str, beside: Container[str]) -> bool:
    """Return whether a file of this name is the WFDB header of samples in the same folder.

    Examples
    --------
    >>> is_header_beside("a.hea", {"a.dat", "a.hea"})
    True
    """
    stem, ending = os.path.splitext(name)
    return ending == RECORD_HEADER and f"{stem}{RECORD_SAMPLES}" in beside


def is_left_alone(name: str) -> bool:
    """Return whether a file or folder of this name is hidden or a leftover of unpacking.

    Examples
    --------
    >>> [is_left_alone(name) for name in ("._heart.wav", "__MACOSX", "heart.wav")]
    [True, True, False]
    """
    return name.startswith(".") or name == SHADOW_FOLDER

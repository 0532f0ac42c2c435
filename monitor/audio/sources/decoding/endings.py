"""Which files in a folder are recordings, by their names alone; what a file holds is decided by its bytes elsewhere."""

from __future__ import annotations

__all__ = ["FOREIGN_ENDINGS", "SHADOW_FOLDER", "SOUND_ENDINGS", "is_left_alone"]

SOUND_ENDINGS = (
    ".wav", ".wave", ".bwf", ".rf64", ".w64", ".flac", ".ogg", ".oga", ".opus", ".mp3",
    ".aif", ".aiff", ".aifc", ".au", ".snd", ".caf", ".voc", ".sph", ".nist",
)  # fmt: skip
"""Of the forms that are read."""

FOREIGN_ENDINGS = (
    ".m4a", ".mp4", ".3gp", ".aac", ".webm", ".mka", ".amr", ".wma", ".edf", ".bdf", ".dcm",
)  # fmt: skip
"""Of recordings that are not read, but named with the way to convert them. A WFDB header has the name of its sound: no
recording of its own."""

SHADOW_FOLDER = "__MACOSX"
"""Folder of shadow files, named like the recordings, that some archives leave behind."""


def is_left_alone(name: str) -> bool:
    """Return whether a file or folder of this name is hidden or a leftover of unpacking.

    Examples
    --------
    >>> [is_left_alone(name) for name in ("._heart.wav", "__MACOSX", "heart.wav")]
    [True, True, False]
    """
    return name.startswith(".") or name == SHADOW_FOLDER

"""Changing one choice in the config file, and leaving every other line and comment as it is.

A line is replaced, added or taken away; then the new text is read back, and only if it says exactly what
was meant does it take the old file's place, in one step. Main thread only.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

from monitor.atomic_write import write_atomic
from monitor.commands.settings import KEYS, parse, read_config
from monitor.errors import AuscultError

__all__ = ["change_config"]

FIRST_LINES = "# Choices for `auscult listen`; see docs/guides/listening.md.\n"
LINE = (
    r"^[ \t]*{}[ \t]*=[ \t]*(?:\"(?:[^\"\\\n]|\\.)*\"|'[^'\n]*'|[^#\r\n]*?)(?P<rest>[ \t]*(?:#[^\r\n]*)?\r?)(?:\n|\Z)"
)
"""One key, its value on the same line, and what follows it there."""


def change_config(path: Path, changes: Mapping[str, str | None]) -> None:
    """Keep choices in the config file, or drop them.

    Parameters
    ----------
    path : Path
        Made, with its folder, if it is not there.
    changes : mapping of key to str or None
        A value as it is typed; None drops the key.

    Raises
    ------
    AuscultError
        If a key is unknown, a value is not as it must be, the file is no TOML or cannot be written.
    """
    wanted = read_config(path)
    text = _text_of(path)
    for key, typed in changes.items():
        if key not in KEYS:
            raise AuscultError(f"no such setting: {key}", f"there are {', '.join(KEYS)}")
        value = None if typed is None else parse(key, typed, "auscult config")
        text = _changed(text, key, None if value is None else _toml(value))
        wanted.pop(key, None)
        if value is not None:
            wanted[key] = value
    if not _says(text, wanted):
        raise AuscultError(f"{path} is laid out in a way that cannot be changed safely", "change it in an editor")
    _replace(path, text)


def _text_of(path: Path) -> str:
    """Return the file's text, or the first lines of a new one."""
    try:
        return path.read_bytes().decode("utf-8-sig")  # with the line ends that it has
    except FileNotFoundError:
        return FIRST_LINES


def _changed(text: str, key: str, literal: str | None) -> str:
    """Return the text with a key set to a TOML literal, or without it."""
    line = re.compile(LINE.format(key), re.MULTILINE)
    if literal is None:
        return line.sub("", text, count=1)
    changed, count = line.subn(lambda found: f"{key} = {literal}{found['rest']}\n", text, count=1)
    if count:
        return changed
    return f"{text}{'' if not text or text.endswith(chr(10)) else chr(10)}{key} = {literal}\n"


def _toml(value: str | int | float) -> str:
    """Return a value as TOML spells it: JSON does the same, but for one control character."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _says(text: str, wanted: Mapping[str, object]) -> bool:
    """Return whether a text holds these keys and values and no others."""
    try:
        return tomllib.loads(text) == wanted
    except tomllib.TOMLDecodeError:
        return False


def _replace(path: Path, text: str) -> None:
    """Write the file, and return a refusal in one line."""
    try:
        write_atomic(path, text)
    except UnicodeEncodeError as error:
        raise AuscultError(f"{path}: the value holds bytes that are no text", "type it again") from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise AuscultError(f"{path} cannot be written: {reason}", "name another file with AUSCULT_CONFIG") from error

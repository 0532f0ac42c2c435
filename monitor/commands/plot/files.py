"""Where figures and tables are written: paths from what was typed, checked before the work. Must not draw."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from monitor.atomic_write import write_atomic
from monitor.errors import AuscultError, reason_of

__all__ = ["check_writable", "figure_paths", "write_output"]

PLACEHOLDER = "{}"


def figure_paths(out: str, files: Sequence[str], formats: Sequence[str]) -> list[Path]:
    """Return the path of the figure of each recording.

    Parameters
    ----------
    out : str
        A file name for one recording; with ``{}`` for several, which stands for the recording's name without its
        ending; or a folder (one that exists, or a name that ends in a slash), where each gets its name and the first
        format.
    files : sequence of str
        The recordings.
    formats : sequence of str
        The endings that can be written.

    Raises
    ------
    ValueError
        If the ending is another one, several recordings have but one name, or two would share one.
    """
    if Path(out).is_dir() or out.endswith(("/", os.sep)):
        out = os.path.join(out, f"{PLACEHOLDER}.{formats[0]}")
    if Path(out).suffix.lower().removeprefix(".") not in formats:
        raise ValueError(f"{out!r} must end in {', '.join(f'.{form}' for form in formats)}, or be a folder")
    if len(files) > 1 and PLACEHOLDER not in Path(out).name:
        raise ValueError(f"{out!r} is one figure for {len(files)} files: name a folder, or write '{PLACEHOLDER}.png'")
    folder, name = Path(out).parent, Path(out).name
    paths = [folder / name.replace(PLACEHOLDER, Path(file).stem) for file in files]
    for index, path in enumerate(paths):
        if path in paths[:index]:
            first = files[paths.index(path)]
            raise ValueError(f"{first!r} and {files[index]!r} would both be drawn as {str(path)!r}: plot them apart")
    return paths


def check_writable(path: Path) -> None:
    """Check, before minutes of work, that a file can be written; its folder is created.

    Raises
    ------
    AuscultError
        If the path is a folder or a device, or its folder cannot be created or written to.
    """
    target = path.resolve()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _refused(path, error) from error
    if target.exists() and not target.is_file():
        raise AuscultError(f"{path} is not a file", "name another one")
    if not os.access(target.parent, os.W_OK):
        raise AuscultError(f"{path} cannot be written: no permission to write in its folder", "name another one")


def write_output(path: Path, content: bytes) -> None:
    """Write a figure or a table whole or not at all.

    Raises
    ------
    AuscultError
        If it cannot be written; the old file is then untouched.
    """
    try:
        write_atomic(path, content)
    except OSError as error:
        raise _refused(path, error) from error


def _refused(path: Path, error: OSError) -> AuscultError:
    """Return the system's refusal as one line with the next step."""
    return AuscultError(f"{path} cannot be written: {reason_of(error, path)}", "name another file or folder")

"""Where pictures and tables go: names made from what was typed, files put in place in one step. Must not draw."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from monitor.errors import AuscultError

__all__ = ["check_place", "picture_paths", "place"]

PLACEHOLDER = "{}"


def picture_paths(out: str, files: Sequence[str], formats: Sequence[str]) -> list[Path]:
    """Return where the picture of each file goes.

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
        raise ValueError(f"{out!r} is one picture for {len(files)} files: name a folder, or write '{PLACEHOLDER}.png'")
    folder, name = Path(out).parent, Path(out).name
    paths = [folder / name.replace(PLACEHOLDER, Path(file).stem) for file in files]
    for number, path in enumerate(paths):
        if path in paths[:number]:
            first = files[paths.index(path)]
            raise ValueError(f"{first!r} and {files[number]!r} would both be drawn as {str(path)!r}: plot them apart")
    return paths


def check_place(path: Path) -> None:
    """Find out before minutes of work whether a file can be put there; its folder is made.

    Raises
    ------
    AuscultError
        If something that is no file stands there, or the folder cannot be made or written to.
    """
    target = path.resolve()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _refused(path, error) from error
    if target.exists() and not target.is_file():
        raise AuscultError(f"{path} is not a file", "name another one")
    if not os.access(target.parent, os.W_OK):
        raise AuscultError(f"{path} cannot be written: no right to write in its folder", "name another one")


def place(path: Path, content: bytes) -> None:
    """Put a file in place in one step: whoever looks sees the old one or the new one, whole.

    Through a link, the file that it names is replaced.

    Raises
    ------
    AuscultError
        If it cannot be written; what was there before is still there.
    """
    target = path.resolve()
    made = target.with_name(f".{target.name[:200]}.{os.getpid()}")
    try:
        try:
            with made.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            with contextlib.suppress(FileNotFoundError):
                shutil.copymode(target, made)  # who may read it stays as it is
            os.replace(made, target)
        finally:
            made.unlink(missing_ok=True)
    except OSError as error:
        raise _refused(path, error) from error


def _refused(path: Path, error: OSError) -> AuscultError:
    """Return the system's refusal as one line with the next step."""
    return AuscultError(f"{path} cannot be written: {error.strerror or error}", "name another file or folder")

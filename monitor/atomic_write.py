"""Writing a file in one step: whoever opens it sees the old content or the new, never half of it.

Runs on any thread; must not import anything of ours.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

__all__ = ["Content", "write_atomic"]

Content = str | bytes | Callable[[BinaryIO], object]


def write_atomic(path: Path, content: Content, *, private: bool = False) -> None:
    r"""Write a file whole or not at all.

    The content goes to a scratch file in the same folder, is flushed to the disk, and then takes the path in
    one step. An existing file keeps its access mode; through a symbolic link, the file that it names is replaced.
    On any failure the scratch file is removed and the old file is untouched.

    Parameters
    ----------
    path : Path
        Missing folders are created.
    content : str, bytes or callable
        Text is written as UTF-8, its line ends as they are. A callable is given the open binary file to write to.
    private : bool
        Whether only its owner may read the file, whatever the mode of an existing one.

    Raises
    ------
    OSError
        If the file cannot be written.
    UnicodeEncodeError
        If a text has no UTF-8 form.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "new" / "scores.json"
    ...     write_atomic(path, "[0.5]\n")
    ...     path.read_text()
    '[0.5]\n'
    """
    data = content.encode("utf-8") if isinstance(content, str) else content
    target = path.resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = target.with_name(f".{target.name[:40]}.{os.urandom(6).hex()}")  # a full name could be too long
    try:
        with open(scratch, "xb", opener=lambda name, flags: os.open(name, flags, 0o600 if private else 0o666)) as file:
            if isinstance(data, bytes):
                file.write(data)
            else:
                data(file)
            file.flush()
            os.fsync(file.fileno())
        if not private:
            with contextlib.suppress(FileNotFoundError):
                shutil.copymode(target, scratch)
        os.replace(scratch, target)
    finally:
        scratch.unlink(missing_ok=True)

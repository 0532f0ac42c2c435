"""Changing a setting in the config file; comments, order and other tables of the file stay. Main thread only."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from monitor.atomic_write import write_atomic
from monitor.commands.options.settings import KEYS, parse, read_config
from monitor.errors import AuscultError, UsageError, did_you_mean, reason_of

__all__ = ["change_config"]

FIRST_LINES = "# Settings of `auscult listen`; see docs/guides/listening.md.\n"


def change_config(path: Path, changes: Mapping[str, str | None]) -> None:
    """Set or remove settings in the config file.

    Parameters
    ----------
    path : Path
        Created, with its folder, if it does not exist.
    changes : mapping of key to str or None
        A value as it is typed; None removes the key.

    Raises
    ------
    AuscultError
        If a key is unknown, a value is out of range, or the file is not valid TOML or cannot be written.
    """
    import tomlkit

    read_config(path)  # refuses in one line what is not TOML
    document = tomlkit.parse(path.read_bytes().decode("utf-8-sig") if path.exists() else FIRST_LINES)
    for key, typed in changes.items():
        if key not in KEYS:
            step = f"{did_you_mean(key, KEYS)}there are {', '.join(KEYS)}"
            raise UsageError(f"no such setting: {key}", step)
        if typed is None:
            document.pop(key, None)
        else:
            document[key] = parse(key, typed, "--set")
    try:
        write_atomic(path, tomlkit.dumps(document))
    except UnicodeEncodeError as error:
        raise AuscultError(f"{path}: the value is not valid text", "type it again") from error
    except OSError as error:
        raise AuscultError(
            f"{path} cannot be written: {reason_of(error, path)}", "name another file with AUSCULT_CONFIG"
        ) from error

"""What the person chose for listening, and where: flags, ``AUSCULT_*`` variables, the config file, defaults.

The first of these that names a value wins. The file is ``config.toml`` in the user's own config folder
(``~/.config/auscult`` on Linux); ``AUSCULT_CONFIG`` may name another. An unknown key, a value of the wrong type or
a file that cannot be read is an error of one line: a choice that is silently not in force is worse than none.

Main thread only. Changing the file is :mod:`monitor.commands.settings_file`.
"""

from __future__ import annotations

import dataclasses
import math
import os
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Generic, TypeVar

from monitor.errors import AuscultError

__all__ = ["KEYS", "Setting", "Settings", "config_path", "parse", "read_config", "settings"]

T = TypeVar("T")
PATH_VARIABLE = "AUSCULT_CONFIG"
DEFAULT = "default"


@dataclasses.dataclass(frozen=True, slots=True)
class Setting(Generic[T]):
    """A value and where it came from.

    Attributes
    ----------
    value : T
    origin : str
        ``"--device"``, ``"AUSCULT_DEVICE"``, the path of the config file, or ``"default"``.
    """

    value: T
    origin: str = DEFAULT


@dataclasses.dataclass(frozen=True, slots=True)
class Settings:
    """What is in force.

    Attributes
    ----------
    device : Setting of str or None
        A device's name, a part of it, or its index as digits; None for the system's default input.
    channel : Setting of int
        From 1.
    rate : Setting of int or None
        Hz, 1000 to 192000; None for the device's own.
    latency : Setting of float
        Seconds that the system may hold sound back, above 0 to 5.
    model : Setting of str
        Name or folder of a bundle.
    hop : Setting of float or None
        Seconds between two windows; None for the bundle's own.
    path : Path
        The config file, whether it exists or not.
    """

    device: Setting[str | None]
    channel: Setting[int]
    rate: Setting[int | None]
    latency: Setting[float]
    model: Setting[str]
    hop: Setting[float | None]
    path: Path


def _text(value: object) -> str:
    """Return a text that says something; a whole number is an index."""
    text = str(value) if type(value) is int else value
    if not isinstance(text, str) or not text.strip():
        raise ValueError
    return text


def _whole(low: int, high: int) -> Callable[[object], int]:
    """Return a reader of whole numbers from ``low`` to ``high``, or their digits."""

    def read(value: object) -> int:
        number = int(value) if isinstance(value, str) else value
        if type(number) is not int or not low <= number <= high:
            raise ValueError
        return number

    return read


def _seconds(value: object) -> float:
    """Return seconds above 0, at most 5, given as a number or its digits."""
    number = float(value) if isinstance(value, str) else value
    if isinstance(number, bool) or not isinstance(number, int | float) or not 0 < number <= 5 or math.isnan(number):
        raise ValueError
    return float(number)


KEYS: dict[str, tuple[Callable[[object], Any], str, Any]] = {
    "device": (_text, "a device's name or index; auscult devices lists them", None),
    "channel": (_whole(1, 1024), "a whole number from 1 to 1024", 1),
    "rate": (_whole(1000, 192_000), "a whole number of hertz from 1000 to 192000", None),
    "latency": (_seconds, "seconds above 0, at most 5", 0.2),
    "model": (_text, "a bundle's name or folder; auscult models lists them", "heart-sounds"),
    "hop": (_seconds, "seconds above 0, at most 5", None),
}
"""Each key's reader, what it must be in words, and its default."""


def settings(flags: Mapping[str, object], environment: Mapping[str, str] = os.environ) -> Settings:
    """Return what is in force.

    Parameters
    ----------
    flags : mapping
        Values of the command line by key, without the dashes; None where a flag was not given, and other
        keys are left alone, so ``vars(options)`` will do.
    environment : mapping
        Variables; an empty one counts as not set.

    Raises
    ------
    AuscultError
        If the file cannot be read, or a value of any origin is not as it must be.
    """
    path = config_path(environment)
    held = read_config(path, must_exist=bool(environment.get(PATH_VARIABLE)))
    unknown = sorted(set(held) - set(KEYS))
    if unknown:
        raise AuscultError(f"{path}: no such setting: {', '.join(unknown)}", f"it may hold {', '.join(KEYS)}")
    return Settings(**{key: _setting(key, flags, environment, held, path) for key in KEYS}, path=path)


def _setting(
    key: str, flags: Mapping[str, object], environment: Mapping[str, str], held: Mapping[str, object], path: Path
) -> Setting[Any]:
    """Return the value of the first origin that names one; those that it hides are checked too."""
    variable = f"AUSCULT_{key.upper()}"
    chosen = Setting(KEYS[key][2])
    for value, origin in ((held.get(key), str(path)), (environment.get(variable) or None, variable)):
        if value is not None:
            chosen = Setting(parse(key, value, origin), origin)
    flag = flags.get(key)
    return chosen if flag is None else Setting(parse(key, flag, f"--{key}"), f"--{key}")


def parse(key: str, value: object, origin: str) -> Any:
    """Return the value of a known key, from TOML, a variable or a command line.

    Raises
    ------
    AuscultError
        If it is not as it must be; ``origin`` says where it stands.
    """
    read, rule, _ = KEYS[key]
    try:
        return read(value)
    except ValueError as error:
        raise AuscultError(f"{origin}: {key}={value!r} cannot be used", f"it must be {rule}") from error


def config_path(environment: Mapping[str, str] = os.environ) -> Path:
    """Return where the config file is, or would be."""
    named = environment.get(PATH_VARIABLE)
    if named:
        return Path(named).expanduser()
    import platformdirs  # only here: the other commands need no config

    return Path(platformdirs.user_config_dir("auscult", appauthor=False)) / "config.toml"


def read_config(path: Path, *, must_exist: bool = False) -> dict[str, object]:
    """Return what a config file holds, unchecked; nothing if it is not there.

    Raises
    ------
    AuscultError
        If it cannot be read, is no TOML, or is missed.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        if not must_exist:
            return {}
        reason, step = "there is no such file", f"make it with auscult config --set, or unset {PATH_VARIABLE}"
        raise AuscultError(f"{path}: {reason}", step) from error
    except OSError as error:
        raise AuscultError(f"{path} cannot be read: {error.strerror or error}", "give yourself access to it") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise AuscultError(f"{path} is no TOML: {error}", "mend that line, or move the file away") from error

"""The settings of ``auscult listen`` and where each comes from: flag, ``AUSCULT_*`` variable, config file, default.

The first of these that has a value wins. The file is ``config.toml`` in the user's config folder
(``~/.config/auscult`` on Linux); ``AUSCULT_CONFIG`` may name another. An unknown key, a value of the wrong type or
a file that cannot be read is an error of one line: a setting that is silently ignored is worse than none.

Main thread only. Changing the file is :mod:`monitor.commands.options.settings_file`.
"""

from __future__ import annotations

import dataclasses
import os
import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

from monitor.audio.limits import LATENCY_S, MAX_CHANNELS, MAX_LATENCY_S, MAX_RATE_HZ, MIN_RATE_HZ
from monitor.dashboard.display.options import GRAPHICS, THEMES
from monitor.errors import AuscultError, UsageError, cannot_be_read
from monitor.features.spec import HEART
from monitor.labels import DEFAULT_BUNDLE, DEFAULT_ENGINE, ENGINES
from monitor.sessions.erasing import parse_limit

__all__ = [
    "DEFAULT",
    "DEVICES",
    "KEYS",
    "PATH_VARIABLE",
    "Setting",
    "Settings",
    "config_path",
    "parse",
    "read_config",
    "settings",
]

T = TypeVar("T")
PATH_VARIABLE = "AUSCULT_CONFIG"
DEFAULT = "default"
DEVICES = "devices"
"""The tables of several inputs; see :mod:`monitor.commands.options.device_tables`."""


@dataclasses.dataclass(frozen=True, slots=True)
class Setting(Generic[T]):
    """A value and its origin.

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
    """The settings in effect.

    Attributes
    ----------
    device : Setting of str or None
        A device's name, a part of it, or its index as digits; None for the system's default input.
    channel : Setting of int
        From 1.
    rate : Setting of int or None
        Hz, 1000 to 192000; None for the device's own.
    latency : Setting of float
        Seconds of input latency to ask the system for, above 0 to 5.
    model : Setting of str
        Name or folder of a bundle.
    engine : Setting of str
        What runs the network, one of :data:`monitor.inference.engine.ENGINES`.
    hop : Setting of float or None
        Seconds between two windows; None for the bundle's own.
    session : Setting of bool
        Whether every ``auscult listen`` is kept as a session.
    session_dir : Setting of str or None
        Where sessions are kept; None for the user's data folder.
    keep : Setting of str or None
        How long sessions are kept, or how much room they may take, such as ``"30 days"`` or ``"20 GB"``; None for all.
    ascii : Setting of bool
        Whether screens are drawn with ASCII characters only.
    no_color : Setting of bool
        Whether screens are drawn without colours.
    theme : Setting of str
        The background that colours are chosen for, one of :data:`monitor.dashboard.display.options.THEMES`.
    graphics : Setting of str
        How pictures made of pixels are sent to the terminal, one of :data:`monitor.dashboard.display.options.GRAPHICS`.
    path : Path
        The config file, whether it exists or not.
    """

    device: Setting[str | None]
    channel: Setting[int]
    rate: Setting[int | None]
    latency: Setting[float]
    model: Setting[str]
    engine: Setting[str]
    hop: Setting[float | None]
    session: Setting[bool]
    session_dir: Setting[str | None]
    keep: Setting[str | None]
    ascii: Setting[bool]
    no_color: Setting[bool]
    theme: Setting[str]
    graphics: Setting[str]
    path: Path


def _yes_or_no(value: object) -> bool:
    """Return true or false, given as such or as a word."""
    words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    chosen = words.get(value.strip().lower()) if isinstance(value, str) else value
    if not isinstance(chosen, bool):
        raise ValueError
    return chosen


def _path(value: object) -> str:
    """Return the text of a path that is not blank."""
    text = str(value) if isinstance(value, Path) else value
    if not isinstance(text, str) or not text.strip():
        raise ValueError
    return text


def _limit(value: object) -> str:
    """Return the text of a limit to what is kept."""
    if not isinstance(value, str):
        raise ValueError
    parse_limit(value)
    return value


def _text(value: object) -> str:
    """Return a text that is not blank; a whole number is an index, returned as digits."""
    text = str(value) if type(value) is int else value
    if not isinstance(text, str) or not text.strip():
        raise ValueError
    return text


def _one_of(words: Sequence[str]) -> Callable[[object], str]:
    """Return a parser of one of some words."""

    def read(value: object) -> str:
        if not isinstance(value, str) or value not in words:
            raise ValueError
        return value

    return read


def _whole_number(low: int, high: int) -> Callable[[object], int]:
    """Return a parser of whole numbers from ``low`` to ``high``, or their digits."""

    def read(value: object) -> int:
        number = int(value) if isinstance(value, str) else value
        if type(number) is not int or not low <= number <= high:
            raise ValueError
        return number

    return read


def _seconds(high: float) -> Callable[[object], float]:
    """Return a parser of seconds above 0, at most ``high``, given as a number or its digits."""

    def read(value: object) -> float:
        number = float(value) if isinstance(value, str) else value
        if isinstance(number, bool) or not isinstance(number, int | float) or not 0 < number <= high:
            raise ValueError
        return float(number)

    return read


class Key(NamedTuple):
    """One setting: how its value is parsed, the rule in words, and the default."""

    read: Callable[[object], Any]
    rule: str
    default: Any


KEYS = {
    "device": Key(_text, "a device's name, index or address; auscult devices lists those of this computer", None),
    "channel": Key(_whole_number(1, MAX_CHANNELS), f"a whole number from 1 to {MAX_CHANNELS}", 1),
    "rate": Key(
        _whole_number(MIN_RATE_HZ, MAX_RATE_HZ), f"a whole number of hertz from {MIN_RATE_HZ} to {MAX_RATE_HZ}", None
    ),
    "latency": Key(_seconds(MAX_LATENCY_S), f"seconds above 0, at most {MAX_LATENCY_S:g}", LATENCY_S),
    "model": Key(_text, "a bundle's name or folder; auscult models lists them", DEFAULT_BUNDLE),
    "engine": Key(_one_of(tuple(ENGINES)), f"one of {', '.join(ENGINES)}", DEFAULT_ENGINE),
    "hop": Key(_seconds(HEART.window_s), f"seconds above 0, at most {HEART.window_s:g}", None),
    "session": Key(_yes_or_no, "true or false", False),
    "session_dir": Key(_path, "a folder", None),
    "keep": Key(_limit, 'such as "30 days" or "20 GB"', None),
    "ascii": Key(_yes_or_no, "true or false", False),
    "no_color": Key(_yes_or_no, "true or false", False),
    "theme": Key(_one_of(THEMES), f"one of {', '.join(THEMES)}", THEMES[0]),
    "graphics": Key(_one_of(GRAPHICS), f"one of {', '.join(GRAPHICS)}", GRAPHICS[0]),
}
"""Every setting; None as a default leaves the choice to the system, the device or the bundle."""


def settings(flags: Mapping[str, object], environment: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings in effect.

    Parameters
    ----------
    flags : mapping
        Values of the command line by key, without the dashes; None where a flag was not given. Other
        keys are ignored, so ``vars(options)`` will do.
    environment : mapping
        Variables; an empty one counts as not set.

    Raises
    ------
    AuscultError
        If the file cannot be read, or a value of any origin is invalid; a UsageError for that of a flag.
    """
    path = config_path(environment)
    in_file = read_config(path, must_exist=bool(environment.get(PATH_VARIABLE)))
    unknown = sorted(set(in_file) - {*KEYS, DEVICES})
    if unknown:
        raise AuscultError(f"{path}: no such setting: {', '.join(unknown)}", f"it may hold {', '.join(KEYS)}")
    return Settings(**{key: _setting(key, flags, environment, in_file, path) for key in KEYS}, path=path)


def _setting(
    key: str, flags: Mapping[str, object], environment: Mapping[str, str], in_file: Mapping[str, object], path: Path
) -> Setting[Any]:
    """Return the value of the first origin that has one; those that it overrides are checked too."""
    variable = f"AUSCULT_{key.upper()}"
    chosen = Setting(KEYS[key].default)
    for value, origin in ((in_file.get(key), str(path)), (environment.get(variable) or None, variable)):
        if value is not None:
            chosen = Setting(parse(key, value, origin), origin)
    flag, name = flags.get(key), flag_of(key)
    return chosen if flag is None else Setting(parse(key, flag, name), name)


def parse(key: str, value: object, origin: str) -> Any:
    """Return the parsed value of a key.

    Parameters
    ----------
    key : str
        One of :data:`KEYS`.
    value : object
        From TOML, a variable or the command line.
    origin : str
        For the error: where the value comes from.

    Raises
    ------
    AuscultError
        If the value is invalid; a UsageError where it is that of a flag.
    """
    try:
        return KEYS[key].read(value)
    except ValueError as error:
        rule = f"must be {KEYS[key].rule}"
        if origin == flag_of(key):
            raise UsageError(f"argument {origin}: {str(value)!r} {rule}") from error
        kind = UsageError if origin.startswith("--") else AuscultError
        raise kind(f"{origin}: {key}={value!r} cannot be used", f"it {rule}") from error


def flag_of(key: str) -> str:
    """Return the flag that wins over a setting.

    Examples
    --------
    >>> flag_of("no_color")
    '--no-color'
    """
    return f"--{key.replace('_', '-')}"


def config_path(environment: Mapping[str, str] = os.environ) -> Path:
    """Return the path of the config file, whether it exists or not."""
    named = environment.get(PATH_VARIABLE)
    if named:
        return Path(named).expanduser()
    import platformdirs  # only here: the other commands need no config

    return Path(platformdirs.user_config_dir("auscult", appauthor=False)) / "config.toml"


def read_config(path: Path, *, must_exist: bool = False) -> dict[str, object]:
    """Return the keys and values of a config file, unchecked; none if it does not exist.

    Raises
    ------
    AuscultError
        If it cannot be read, is not valid TOML, or must exist and does not.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        if not must_exist:
            return {}
        reason, step = "there is no such file", f"create it with auscult config --set, or unset {PATH_VARIABLE}"
        raise AuscultError(f"{path}: {reason}", step) from error
    except OSError as error:
        raise cannot_be_read(path, error, f"name a file with {PATH_VARIABLE}", AuscultError) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise AuscultError(f"{path} is not valid TOML: {error}", "correct that line, or move the file away") from error

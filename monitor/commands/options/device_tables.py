"""The inputs that ``auscult listen`` hears: those of ``--device``, or the ``[[devices]]`` tables of the config file.

Main thread only.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from monitor.commands.options.settings import DEVICES, KEYS, PATH_VARIABLE, Settings, config_path, read_config
from monitor.errors import AuscultError, did_you_mean
from monitor.labels import SITES
from monitor.sessions.names import check_subject

__all__ = ["DeviceEntry", "chosen_devices", "entry_settings", "file_beside", "tables"]

UNSAFE = re.compile(r"[^\w.]+")
"""What is replaced in a name that becomes part of a file's name."""
LONGEST_NAME = 60


@dataclasses.dataclass(frozen=True, slots=True)
class DeviceEntry:
    """An input that is to be heard.

    Attributes
    ----------
    device : str
        Its name, a part of it, or its index as digits.
    name : str or None
        What it is called in rows, lines and file names; None for the device's own name.
    channel : int
        From 1.
    rate : int or None
        Hz; None for the device's own.
    site, subject : str or None
        The auscultation site at the beginning, and whose session it is.
    """

    device: str
    name: str | None = None
    channel: int = 1
    rate: int | None = None
    site: str | None = None
    subject: str | None = None


def _site(value: object) -> str:
    """Return an auscultation site."""
    if value not in SITES:
        raise ValueError
    return str(value)


def _subject(value: object) -> str:
    """Return a subject's code."""
    if not isinstance(value, str):
        raise ValueError
    return check_subject(value)


def _name(value: object) -> str:
    """Return a name that can be shown on one line."""
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise ValueError
    return value.strip()


FIELDS: dict[str, tuple[Callable[[object], Any], str]] = {
    "name": (_name, "a text of one line"),
    **{key: (KEYS[key].read, KEYS[key].rule) for key in ("device", "channel", "rate")},
    "site": (_site, f"one of {', '.join(SITES)}"),
    "subject": (_subject, "1 to 64 letters, digits, _ or -"),
}
"""The keys of a table: how a value is parsed, and the rule in words."""


def chosen_devices(
    options: argparse.Namespace, chosen: Settings, environment: Mapping[str, str] = os.environ
) -> list[DeviceEntry]:
    """Return the inputs to be heard together; none where there is one input, which the settings name.

    Parameters
    ----------
    options : argparse.Namespace
        ``device`` is the list of all that were given, or None. A channel, a rate, a site and a subject of the command
        line are those of every input that has none of its own.
    chosen : Settings

    Raises
    ------
    AuscultError
        If a table of the config file cannot be used, or two inputs are the same.
    """
    given: list[str] = options.device or []
    if len(given) == 1 or (not given and environment.get("AUSCULT_DEVICE")):
        return []
    entries = [DeviceEntry(device, channel=chosen.channel.value) for device in given] or tables(environment)
    entries = [
        dataclasses.replace(
            entry,
            channel=options.channel or entry.channel,
            rate=options.rate or entry.rate or chosen.rate.value,
            site=entry.site or options.site,
            subject=entry.subject or options.subject,
        )
        for entry in entries
    ]
    _check_different(entries)
    return entries


def entry_settings(entry: DeviceEntry, chosen: Settings) -> Settings:
    """Return the settings with the device, the channel and the rate of an input."""
    return dataclasses.replace(
        chosen,
        device=dataclasses.replace(chosen.device, value=entry.device),
        channel=dataclasses.replace(chosen.channel, value=entry.channel),
        rate=dataclasses.replace(chosen.rate, value=entry.rate),
    )


def tables(environment: Mapping[str, str] = os.environ) -> list[DeviceEntry]:
    """Return the inputs of the config file; none where it has no ``[[devices]]``.

    Raises
    ------
    AuscultError
        If the file cannot be read, or a table in it cannot be used.
    """
    path = config_path(environment)
    found = read_config(path, must_exist=bool(environment.get(PATH_VARIABLE))).get(DEVICES, [])
    if not isinstance(found, list) or not all(isinstance(table, dict) for table in found):
        raise AuscultError(f"{path}: {DEVICES} must be tables", f"write [[{DEVICES}]] above each")
    return [_entry(table, f"{path}: [[{DEVICES}]] {number}") for number, table in enumerate(found, 1)]


def _entry(table: Mapping[str, object], where: str) -> DeviceEntry:
    """Return the input of a table."""
    for key in table:
        if key not in FIELDS:
            step = f"{did_you_mean(key, FIELDS)}it may hold {', '.join(FIELDS)}"
            raise AuscultError(f"{where}: no such setting: {key}", step)
    if "device" not in table:
        raise AuscultError(f"{where}: has no device", f'add device = "NAME": {FIELDS["device"][1]}')
    values = {}
    for key, value in table.items():
        read, rule = FIELDS[key]
        try:
            values[key] = read(value)
        except ValueError as error:
            raise AuscultError(f"{where}: {key}={value!r} cannot be used", f"it must be {rule}") from error
    return DeviceEntry(**values)


def _check_different(entries: Sequence[DeviceEntry]) -> None:
    """Refuse two inputs that are the same, or have the same name."""
    for at, entry in enumerate(entries):
        for other in entries[:at]:
            if (entry.device, entry.channel) == (other.device, other.channel):
                raise AuscultError(
                    f"{entry.device}, channel {entry.channel}: named twice",
                    "name each input once, or its other channel",
                )
            if entry.name is not None and entry.name == other.name:
                raise AuscultError(f"two inputs are called {entry.name!r}", "give each a name of its own")


def file_beside(path: Path, name: str, others: Sequence[Path] = ()) -> Path:
    """Return the file of one input: the name of that is added to the file that was asked for.

    Parameters
    ----------
    path : Path
    name : str
        Of the input; what a file's name should not hold is replaced.
    others : sequence of Path
        Those of the inputs before; a number is added where the name is among them.

    Examples
    --------
    >>> file_beside(Path("visit.flac"), "bed 1: Littmann").name
    'visit-bed-1-Littmann.flac'
    """
    safe = UNSAFE.sub("-", name).strip("-.")[:LONGEST_NAME] or "device"
    wanted = path.with_name(f"{path.stem}-{safe}{path.suffix}")
    number = 1
    while wanted in others:
        number += 1
        wanted = path.with_name(f"{path.stem}-{safe}-{number}{path.suffix}")
    return wanted

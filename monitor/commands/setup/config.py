"""``auscult config``: the settings of ``auscult listen`` and the origin of each; changes the config file."""

from __future__ import annotations

import argparse
import dataclasses
import json

from monitor.commands.options.device_tables import tables
from monitor.commands.options.settings import KEYS, Setting, config_path, settings
from monitor.commands.options.settings_file import change_config
from monitor.output import printable, put

__all__ = ["add_arguments", "run"]

UNSET = {
    "device": "(the system's input)",
    "rate": "(the device's own)",
    "hop": "(the model's own)",
    "session_dir": "(the data folder)",
    "keep": "(all)",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help=f"write a setting to the config file; KEY is one of {', '.join(KEYS)}",
    )
    parser.add_argument(
        "--unset", action="append", default=[], metavar="KEY", help="remove a setting from the config file"
    )
    parser.add_argument("--json", action="store_true", help="print one object instead of lines")
    parser.set_defaults(usage_error=parser.error)


def run(options: argparse.Namespace) -> int:
    """Change the config file, if asked to; then print the settings in effect and their origins."""
    changes: dict[str, str | None] = dict.fromkeys(options.unset)
    for word in options.set:
        key, equals, value = word.partition("=")
        if not equals:
            options.usage_error(f"--set {word}: say KEY=VALUE, such as --set channel=2")
        changes[key.strip()] = value
    if changes:
        change_config(config_path(), changes)
    _print(as_json=options.json)
    return 0


def _print(*, as_json: bool) -> None:
    """Print every setting with its origin."""
    chosen = settings({})
    exists = chosen.path.is_file()
    together = tables()
    by_key: dict[str, Setting[object]] = {key: getattr(chosen, key) for key in KEYS}
    if as_json:
        values = {key: {"value": setting.value, "from": setting.origin} for key, setting in by_key.items()}
        devices = [dataclasses.asdict(entry) for entry in together]
        printed = {"file": str(chosen.path), "exists": exists, "settings": values, "devices": devices}
        put(json.dumps(printed, allow_nan=False))
        return
    put(printable(f"{chosen.path}{'' if exists else ' (does not exist)'}"))
    for key, setting in by_key.items():
        value = UNSET.get(key, "") if setting.value is None else setting.value
        put(printable(f"  {key:<12}{value!s:<24} {setting.origin}"))
    for entry in together:
        given = {key: value for key, value in dataclasses.asdict(entry).items() if value is not None}
        put(printable(f"  [[devices]] {', '.join(f'{key} {value}' for key, value in given.items())}"))

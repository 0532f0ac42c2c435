"""``auscult config``: what is in force for listening and from where; keeps a choice."""

from __future__ import annotations

import argparse
import json

from monitor.commands.settings import KEYS, Setting, config_path, settings
from monitor.commands.settings_file import change_config

__all__ = ["add_arguments", "run"]

UNSET = {"device": "(the system's input)", "rate": "(the device's own)", "hop": "(the model's own)"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help=f"keep a choice; KEY is one of {', '.join(KEYS)}",
    )
    parser.add_argument("--unset", action="append", default=[], metavar="KEY", help="forget a choice")
    parser.add_argument("--json", action="store_true", help="print one object instead of lines")
    parser.set_defaults(usage_error=parser.error)


def run(options: argparse.Namespace) -> int:
    """Keep or forget choices, if asked to; then print what is in force and from where."""
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
    found = settings({})
    in_force: dict[str, Setting[object]] = {key: getattr(found, key) for key in KEYS}
    if as_json:
        listed = {key: {"value": setting.value, "from": setting.origin} for key, setting in in_force.items()}
        print(
            json.dumps(
                {"file": str(found.path), "exists": found.path.is_file(), "settings": listed}, ensure_ascii=False
            )
        )
        return
    print(f"{found.path}{'' if found.path.is_file() else ' (not there)'}")
    for key, setting in in_force.items():
        value = UNSET.get(key, "") if setting.value is None else setting.value
        print(f"  {key:<9}{value!s:<24} {setting.origin}")

"""Write the manual page, docs/auscult.1, and what shells need to complete auscult, from the parsers of all commands.

    python docs/make/make_manual.py

Tests compare both with what this gives, so they are written again after every change of an argument. Needs the extra
``dev``.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from monitor._version import __version__
from monitor.cli import COMMANDS, EPILOG, whole_parser
from monitor.commands.setup.completion import SCRIPTS

PAGE = Path(__file__).resolve().parents[1] / "auscult.1"
PATHS = ("FILE", "DIR", "DATA", "OUT", "CSV", "PATH", "SESSION", "FOLDER", "models/")
"""Words in the help that stand for a file or a folder."""


def manual() -> str:
    """Return the page in the language of man."""
    parser = whole_parser()
    lines = [
        f'.TH AUSCULT 1 "" "auscult {__version__}" "User Commands"',
        ".SH NAME",
        r"auscult \- a live heart\-sound monitor",
        ".SH SYNOPSIS",
        r".B auscult",
        r"\fICOMMAND\fR [\fIARGUMENT\fR ...]",
        ".SH DESCRIPTION",
        _text(parser.description or ""),
        ".SH COMMANDS",
    ]
    for name, command in commands(parser).items():
        lines += [f".SS auscult {_text(name)}", _text(f"{COMMANDS[name][1].capitalize()}.")]
        lines += [line for argument in arguments(command) for line in _argument(*argument)]
        if command.epilog:
            lines += [".PP", ".nf", *map(_text, command.epilog.splitlines()), ".fi"]
    environment, codes = EPILOG.split("\n", 1)
    lines += [".SH ENVIRONMENT", _text(environment), ".SH EXIT STATUS", _text(codes.removeprefix("Exit codes: "))]
    lines += [".SH SEE ALSO", "The guides and formats in the folder docs of the project."]
    return "\n".join(lines) + "\n"


def commands(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """Return the parsers of the commands by name."""
    (found,) = (action for action in parser._actions if isinstance(action, argparse._SubParsersAction))
    return dict(found.choices)


def arguments(command: argparse.ArgumentParser) -> Iterator[tuple[list[str], str, str]]:
    """Yield of each argument its flags (none of one that is named by its place), its value, and its help."""
    for action in command._actions:
        if action.dest == "help":
            continue
        words = action.metavar or ("|".join(map(str, action.choices)) if action.choices else action.dest.upper())
        value = "" if action.nargs == 0 else words if isinstance(words, str) else " ".join(words)
        help_text = (action.help or "").replace("%%", "%")
        yield list(action.option_strings), value, help_text[:1].upper() + help_text[1:] + "."


def completion(shell: str) -> str:
    """Return what a shell needs to complete the commands and their flags."""
    import shtab

    whole = whole_parser()
    for parser in (whole, *commands(whole).values()):
        for action in parser._actions:  # argparse has no public list of them
            word = action.metavar if isinstance(action.metavar, str) else ""
            if not action.choices and any(part in word for part in PATHS):
                vars(action)["complete"] = shtab.FILE  # where shtab looks for it
    return shtab.complete(whole, shell=shell).rstrip("\n") + "\n"


def _argument(flags: list[str], value: str, help_text: str) -> list[str]:
    """Return the lines of one argument."""
    names = ", ".join(rf"\fB{_text(flag)}\fR" for flag in flags)
    return [".TP", " ".join(filter(None, (names, value and rf"\fI{_text(value)}\fR"))), _text(help_text)]


def _text(text: str) -> str:
    """Return text in which nothing is a request: no escape, hyphens as they are typed, no dot at a beginning."""
    escaped = text.replace("\\", r"\e").replace("-", r"\-")
    return rf"\&{escaped}" if escaped.startswith((".", "'")) else escaped


if __name__ == "__main__":
    PAGE.write_text(manual(), encoding="utf-8")
    for shell, path in SCRIPTS.items():
        path.write_text(completion(shell), encoding="utf-8")

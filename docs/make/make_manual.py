"""Write docs/auscult.1, the manual page, from the parsers of all commands.

    python docs/make/make_manual.py

A test compares the page with what this gives, so it is written anew after every change of an argument.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from monitor._version import __version__
from monitor.cli import COMMANDS, EPILOG, whole_parser

PAGE = Path(__file__).resolve().parents[1] / "auscult.1"


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
    for name, command in _commands(parser).items():
        lines += [f".SS auscult {_text(name)}", _text(f"{COMMANDS[name][1].capitalize()}.")]
        lines += [line for action in command._actions if action.dest != "help" for line in _argument(action)]
        if command.epilog:
            lines += [".PP", ".nf", *map(_text, command.epilog.splitlines()), ".fi"]
    environment, codes = EPILOG.split("\n", 1)
    lines += [".SH ENVIRONMENT", _text(environment), ".SH EXIT STATUS", _text(codes.removeprefix("Exit codes: "))]
    lines += [".SH SEE ALSO", "The guides and formats in the folder docs of the project."]
    return "\n".join(lines) + "\n"


def _commands(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """Return the parsers of the commands by name."""
    (commands,) = (action for action in parser._actions if isinstance(action, argparse._SubParsersAction))
    return dict(commands.choices)


def _argument(action: argparse.Action) -> list[str]:
    """Return the lines of one argument."""
    words = action.metavar or ("|".join(map(str, action.choices)) if action.choices else action.dest.upper())
    value = "" if action.nargs == 0 else rf"\fI{_text(words if isinstance(words, str) else ' '.join(words))}\fR"
    names = ", ".join(rf"\fB{_text(flag)}\fR" for flag in action.option_strings)
    help_text = (action.help or "").replace("%%", "%")
    return [".TP", " ".join(filter(None, (names, value))), _text(help_text[:1].upper() + help_text[1:] + ".")]


def _text(text: str) -> str:
    """Return text in which nothing is a request: no escape, hyphens as they are typed, no dot at a beginning."""
    escaped = text.replace("\\", r"\e").replace("-", r"\-")
    return rf"\&{escaped}" if escaped.startswith((".", "'")) else escaped


if __name__ == "__main__":
    PAGE.write_text(manual(), encoding="utf-8")

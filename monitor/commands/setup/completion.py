"""``auscult completion SHELL``: what a shell needs to complete the commands and their flags.

Written by shtab from the parsers of all commands; shtab is imported only here.
"""

from __future__ import annotations

import argparse

from monitor.output import put

__all__ = ["add_arguments", "run"]

EPILOG = """\
bash:  auscult completion bash > ~/.local/share/bash-completion/completions/auscult
zsh:   auscult completion zsh > ~/.zfunc/_auscult, with fpath+=~/.zfunc before compinit in ~/.zshrc
fish:  auscult completion fish > ~/.config/fish/completions/auscult.fish"""

PATHS = ("FILE", "DIR", "DATA", "OUT", "CSV", "PATH", "SESSION", "FOLDER", "models/")
"""Words in the help that stand for a file or a folder."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("shell", choices=("bash", "zsh", "fish"), help="the shell to print it for")
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EPILOG


def run(options: argparse.Namespace) -> int:
    """Print the script."""
    import shtab

    whole = options.whole_parser()
    for parser in _parsers(whole):
        for action in parser._actions:  # argparse has no public list of them
            if not action.choices and _is_path(action):
                vars(action)["complete"] = shtab.FILE  # where shtab looks for it
    put(shtab.complete(whole, shell=options.shell).rstrip("\n"))
    return 0


def _parsers(parser: argparse.ArgumentParser) -> list[argparse.ArgumentParser]:
    """Return a parser and those of its commands."""
    inner = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    return [parser, *(below for action in inner for one in action.choices.values() for below in _parsers(one))]


def _is_path(action: argparse.Action) -> bool:
    """Return whether an argument is a file or a folder, by the word that stands for it in the help."""
    word = action.metavar if isinstance(action.metavar, str) else ""
    return any(part in word for part in PATHS)

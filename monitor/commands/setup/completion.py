"""``auscult completion SHELL``: what a shell needs to complete the commands and their flags.

The scripts are written by ``docs/make/make_manual.py`` from the parsers of all commands, as the manual page is: to
build these takes as long as the start of every command.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from monitor.output import put

__all__ = ["SCRIPTS", "add_arguments", "run"]

EPILOG = """\
bash:  auscult completion bash > ~/.local/share/bash-completion/completions/auscult
zsh:   auscult completion zsh > ~/.zfunc/_auscult, with fpath+=~/.zfunc before compinit in ~/.zshrc
fish:  auscult completion fish > ~/.config/fish/completions/auscult.fish"""

SCRIPTS = {shell: Path(__file__).with_name("completions") / f"auscult.{shell}" for shell in ("bash", "zsh", "fish")}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("shell", choices=tuple(SCRIPTS), help="the shell to print it for")
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EPILOG


def run(options: argparse.Namespace) -> int:
    """Print the script."""
    put(SCRIPTS[options.shell].read_text(encoding="utf-8").removesuffix("\n"))
    return 0

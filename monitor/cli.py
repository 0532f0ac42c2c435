"""The command ``auscult``: finds the command that was asked for and turns errors into lines and exit codes.

This is the program's one composition root: it names the commands by module path and imports only the one
that runs, so ``auscult --help`` needs neither NumPy nor a network, and nothing but ``train`` needs the
training side. Human text goes to standard error, data to standard output.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from monitor.errors import AuscultError

__all__ = ["main"]

COMMANDS = {
    "demo": ("monitor.commands.demo", "hear a made heart and watch the network judge it"),
    "listen": ("monitor.commands.listen", "judge what a stethoscope or microphone hears, live"),
    "devices": ("monitor.commands.devices", "list the inputs that can be listened to"),
    "config": ("monitor.commands.config", "show what is in force for listening, and keep a choice"),
    "replay": ("monitor.commands.replay", "judge recordings, as they would be heard"),
    "plot": (
        "monitor.commands.plot.command",
        "draw recordings and what was judged of them, or tabulate acoustic features",
    ),
    "data": ("training.commands.data", "count what there is to train on, and what is wrong with it"),
    "train": ("training.commands.train", "train a network on labelled recordings"),
    "evaluate": ("training.commands.evaluate", "measure a bundle on labelled recordings"),
    "models": ("monitor.commands.models", "list the model bundles, or print one's card"),
    "bench": ("monitor.commands.bench.command", "measure what a hop costs on this machine"),
}

EXIT_FINE, EXIT_WORLD, EXIT_USAGE, EXIT_INTERRUPTED = 0, 1, 2, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``auscult`` and return its exit code: 0 fine, 1 the world, 2 usage, 130 interrupted."""
    try:
        return _run(sys.argv[1:] if arguments is None else list(arguments))
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:  # the reader of our output has gone: end quietly
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_FINE


def run_and_exit() -> NoReturn:
    """Run ``auscult`` as a program."""
    sys.exit(main())


def _run(arguments: list[str]) -> int:
    """Parse the arguments, run the command, and report what went wrong in one line."""
    # products of a few thousand numbers: a second thread only waits for the first, on the core that others need
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    name = next((word for word in arguments if not word.startswith("-")), None)
    parser = _parser(name)
    options = parser.parse_args(arguments)
    try:
        code: int = options.run(options)
    except AuscultError as error:
        print(f"auscult: {error}", file=sys.stderr)
        return error.exit_code
    return code


def _parser(chosen: str | None) -> argparse.ArgumentParser:
    """Return the parser, with the arguments of the chosen command only."""
    parser = _Parser(prog="auscult", description="A live heart-sound monitor. Research use, not for diagnosis.")
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and end")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, (module, summary) in COMMANDS.items():
        sub = commands.add_parser(name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.")
        if name == chosen:
            command = importlib.import_module(module)
            command.add_arguments(sub)
            sub.set_defaults(run=command.run)
    return parser


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line and where to read more; sub-parsers are of this class too."""

    def error(self, message: str) -> NoReturn:
        """End with the exit code for usage."""
        self.exit(EXIT_USAGE, f"auscult: {message}; see: {self.prog} --help\n")


class _Version(argparse.Action):
    """Prints the version; looked up only when asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *rest: object) -> None:
        """Print and end."""
        from monitor._version import __version__

        print(f"auscult {__version__}")
        parser.exit()

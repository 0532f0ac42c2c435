"""The command ``auscult``: finds the command that was asked for and turns errors into lines and exit codes.

This is the program's one composition root: it names the commands by module path and imports only the one
that runs, so ``auscult --help`` needs neither NumPy nor a network, and nothing but ``train`` needs the
training side. Human text goes to standard error, data to standard output.

Another package may add a command: an entry point of the group ``auscult.commands``, whose name is the command and
whose object is a module (or any object) with ``add_arguments(parser)`` and ``run(options) -> int``. They are looked
up for names that :data:`COMMANDS` does not have, and for ``--help``; they never replace a command of ours.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from monitor.errors import AuscultError, OutputError, UsageError, did_you_mean
from monitor.output import accept_any_text, flush, printable, put, reserve_descriptors, say, turn_away, watch_for_end

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

__all__ = ["main", "whole_parser"]

COMMANDS = {
    "demo": ("monitor.commands.demo", "play a synthetic heart and watch the network classify it"),
    "listen": ("monitor.commands.listen", "classify the sound of a stethoscope or microphone, live"),
    "exam": ("monitor.commands.exam.command", "guide an examination from site to site, with a finding at the end"),
    "devices": ("monitor.commands.setup.devices", "list the audio inputs"),
    "doctor": ("monitor.commands.setup.doctor.command", "check sound system, input, terminal, disk and network"),
    "config": ("monitor.commands.setup.config", "show the settings of listen and where each comes from, or change one"),
    "sessions": ("monitor.commands.sessions", "list the sessions that were kept; erase or anonymise them"),
    "review": ("monitor.commands.review.command", "look back on a session or a recording: every moment, marks, labels"),
    "replay": ("monitor.commands.replay.command", "classify recordings as if they were played live"),
    "scan": ("monitor.commands.scan.command", "judge many recordings into one table, resumable and over all cores"),
    "plot": (
        "monitor.commands.plot.command",
        "plot recordings with their verdicts, or compute a table of acoustic features",
    ),
    "export": (
        "monitor.commands.export.command",
        "write a recording or a session with its verdicts and marks in another program's format",
    ),
    "report": (
        "monitor.commands.report.command",
        "write a page, a PDF or a paragraph on sessions or recordings, for people",
    ),
    "data": ("training.commands.data", "count the recordings of data sets and report problems"),
    "train": ("training.commands.train", "train a network on labelled recordings"),
    "evaluate": ("training.commands.evaluate", "evaluate a bundle on labelled recordings"),
    "models": ("monitor.commands.setup.models", "list, pack, install and export model bundles; print a card"),
    "completion": ("monitor.commands.setup.completion", "print what bash, zsh or fish need to complete auscult"),
    "bench": ("monitor.commands.bench.command", "measure latency, speed and memory on this machine"),
}
"""Name, module, and summary of every command of ours."""

DEPENDENCIES = frozenset(
    (
        "ai_edge_litert",
        "numpy",
        "platformdirs",
        "psutil",
        "rich",
        "sounddevice",
        "soundfile",
        "soxr",
        "tomlkit",
    )
)
"""Imports of the packages that auscult is installed with; missing where it runs from a folder, not installed."""

GROUP = "auscult.commands"
EPILOG = """\
AUSCULT_LOG=LEVEL or LEVEL:FILE writes diagnostics to standard error or a file; LEVEL is DEBUG, INFO or WARNING.
Exit codes: 0 success, 1 a file, device, bundle or output cannot be used, 2 usage, 130 interrupted."""

OWN_FLAGS = ("--help", "--version")
"""Those that stand before a command."""
EXIT_SUCCESS, EXIT_USAGE, EXIT_INTERRUPTED = 0, 2, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``auscult`` and return its exit code: 0 success, 1 an error, 2 usage, 130 interrupted.

    Parameters
    ----------
    arguments : sequence of str or None
        The command line without the program's name; None for that of this process.
    """
    accept_any_text()
    watch_for_end(bool)
    try:
        try:
            return _run(sys.argv[1:] if arguments is None else list(arguments))
        finally:
            flush()
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:  # the reader of our output has gone: end quietly
        turn_away(sys.stdout)
        return EXIT_SUCCESS
    except AuscultError as error:
        if isinstance(error, OutputError):
            turn_away(sys.stdout)
        say(f"auscult: {error}")
        return error.exit_code
    except OSError as error:  # such as a folder that must not be searched: even asking what a path is raises there
        if error.filename is None:
            raise
        _log_error()
        say(f"auscult: {_path_text(error)}: {error.strerror}; check its name and its permissions")
        return AuscultError.exit_code
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in DEPENDENCIES:
            raise
        say(f"auscult: the package {package} is not installed; in the folder of auscult: pip install .")
        return AuscultError.exit_code


def run_and_exit() -> NoReturn:
    """Run ``auscult`` as a program.

    Python waits at its end for every thread. One of ours that is still there, although its pipeline is closed, waits in
    a driver or for a disk that does not answer: the program ends without it.
    """
    reserve_descriptors()
    code = main()
    names = {thread.name for thread in threading.enumerate()}
    if any(name.startswith("auscult-") for name in names) and "auscult-exit" not in names:
        say("auscult: a device or a disk does not answer; ended without waiting for it")
        os._exit(code)
    sys.exit(code)


def _run(arguments: list[str]) -> int:
    """Parse the arguments and run the command."""
    # products of a few thousand numbers: a second thread only waits for the first, on the core that others need
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    name = next((word for word in arguments if not word.startswith("-")), None)
    command = next((word for word in arguments if word in COMMANDS), None)
    first = next(iter(arguments), "")
    if command is not None and first.startswith("--") and not any(flag.startswith(first) for flag in OWN_FLAGS):
        flag = first.partition("=")[0]
        _parser(None).error(f"{flag} stands before the command; write it behind: auscult {command} {flag}")
    if os.environ.get("AUSCULT_LOG"):
        _log_start(os.environ["AUSCULT_LOG"], arguments)
    parser = _parser(name, listed=bool({"-h", "--help"} & set(arguments)))
    if name in COMMANDS:
        _refuse_empty(parser, arguments)
    options = parser.parse_args(arguments)
    options.command_line = ("auscult", *arguments)
    try:
        code: int = options.run(options)
    except UsageError as error:  # ends as every line of argparse does
        error.next_step = "; ".join(filter(None, (error.next_step, f"see: {options.chosen.prog} --help")))
        raise
    return code


def _refuse_empty(parser: _Parser, arguments: list[str]) -> None:
    """End where an argument is empty: a path without a name would be the folder that one happens to be in."""
    before = ""
    for argument in arguments:
        if not argument or (argument.startswith("--") and argument.find("=") == len(argument) - 1):
            place = f"the one behind {before}" if before and not argument else argument.rstrip("=")
            parser.error(f"an argument is empty, {place}: has a variable of the shell no value?")
        before = argument


def _log_error() -> None:
    """Keep where an error came from in the diagnostics."""
    from monitor.log import get_logger

    get_logger(__name__).info("ended by an error of the system", exc_info=True)


def _path_text(error: OSError) -> str:
    """Return the path that an error of the system names."""
    from monitor.output import printable

    return printable(os.fsdecode(error.filename) if isinstance(error.filename, str | bytes) else str(error.filename))


def _log_start(value: str, arguments: list[str]) -> None:
    """Write the first lines of the diagnostics."""
    from monitor._version import __version__
    from monitor.log import configure_logging, get_logger

    configure_logging(value)
    logger = get_logger(__name__)
    logger.info("auscult %s, Python %s on %s", __version__, sys.version.split()[0], sys.platform)
    logger.info("arguments: %s", arguments)


def _parser(chosen: str | None, *, listed: bool = False) -> _Parser:
    """Return the parser, with the arguments of the chosen command only.

    Parameters
    ----------
    chosen : str or None
        The command.
    listed : bool
        Whether the commands of other packages are to be listed where no command is chosen.
    """
    parser = _Parser(
        prog="auscult",
        description="A live heart-sound monitor. Research use, not for diagnosis.",
        epilog=EPILOG,
        formatter_class=_Help,
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and exit")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    known = list(COMMANDS)
    for name, (module, summary) in _offered(chosen).items():
        sub = commands.add_parser(name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.")
        if name == chosen:
            _add(sub, _import(module))
    if chosen not in COMMANDS and (chosen is not None or listed):
        points = _entry_points()
        known += points
        for name, point in points.items():
            sub = commands.add_parser(printable(name), help=_help(f"a command of {_distribution(point)}"))
            if name == chosen:
                _add(sub, _load(point))
    if chosen is not None and chosen not in known:
        parser.error(f"no such command: {chosen}", did_you_mean(chosen, known))
    return parser


def whole_parser() -> argparse.ArgumentParser:
    """Return the parser with the arguments of all our commands, for the manual page and what shells complete."""
    parser = _parser(None)
    for action in parser._subparsers._group_actions if parser._subparsers else ():  # argparse has no public list
        for name, sub in dict(action.choices or {}).items():
            _add(sub, _import(COMMANDS[name][0]))
    return parser


def _offered(chosen: str | None) -> dict[str, tuple[str, str]]:
    """Return the chosen command of ours alone, or all of them: a parser for each takes as long as a dozen windows."""
    return {chosen: COMMANDS[chosen]} if chosen in COMMANDS else COMMANDS


def _add(parser: argparse.ArgumentParser, command: Any) -> None:
    """Give a sub-parser the arguments of its command."""
    command.add_arguments(parser)
    parser.set_defaults(run=command.run, chosen=parser)


def _import(module: str) -> Any:
    """Return a module of a command of ours.

    Raises
    ------
    AuscultError
        If another package called ``training`` stands before ours on the path.
    """
    package = module.partition(".")[0]
    if package != "monitor":
        from importlib.util import find_spec

        spec = find_spec(package)
        root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        ours = os.path.realpath(os.path.join(root, package, "__init__.py"))
        if spec is None or spec.origin is None or os.path.realpath(spec.origin) != ours:
            fault = "is not installed" if spec is None else f"is hidden by {spec.origin or 'another package'}"
            step = "run auscult from another folder, or rename that file"
            raise AuscultError(f"auscult's own package {package!r} {fault}", step)
    return importlib.import_module(module)


def _entry_points() -> dict[str, EntryPoint]:
    """Return the commands of other packages by name; the first on the path wins, and ours always do."""
    found: dict[str, EntryPoint] = {}
    for folder in _distributions_with_commands():
        from importlib.metadata import PathDistribution  # 20 ms, only where there is one
        from pathlib import Path

        try:
            points = PathDistribution(Path(folder)).entry_points.select(group=GROUP)
        except (TypeError, ValueError) as error:
            say(f"auscult: {folder}/entry_points.txt cannot be read: {error}")
            continue
        for point in points:
            if point.name not in COMMANDS:
                found.setdefault(point.name, point)
    return found


def _distributions_with_commands() -> list[str]:
    """Return the folders of installed distributions that name our group, without parsing all the others."""
    found = []
    for folder in dict.fromkeys(path or "." for path in sys.path):
        try:
            names = os.listdir(folder)
        except OSError:  # no folder, such as an archive, or one that may not be read
            continue
        for path in (os.path.join(folder, name) for name in sorted(names) if name.endswith(".dist-info")):
            try:
                with open(os.path.join(path, "entry_points.txt"), "rb") as file:
                    if f"[{GROUP}]".encode() in file.read():
                        found.append(path)
            except OSError:  # most have none
                continue
    return found


def _distribution(point: EntryPoint) -> str:
    """Return the name and version of the distribution that an entry point comes from."""
    return f"{point.dist.name} {point.dist.version}" if point.dist else "another package"


def _help(text: str) -> str:
    """Return text for argparse, to which a per cent sign is a placeholder."""
    return printable(text).replace("%", "%%")


def _load(point: EntryPoint) -> Any:
    """Return the object of another package's command.

    Raises
    ------
    AuscultError
        If it cannot be imported, or is no command.
    """
    try:
        command = point.load()
    except Exception as error:  # noqa: BLE001  # another package's code may raise anything
        reason = f"{type(error).__name__}: {error}"
    else:
        if callable(getattr(command, "add_arguments", None)) and callable(getattr(command, "run", None)):
            return command
        reason = f"{point.value} has no add_arguments and run"
    raise AuscultError(
        f"the command {point.name!r} of {_distribution(point)} cannot be loaded: {reason}",
        "update or uninstall that package",
    )


class _Help(argparse.HelpFormatter):
    """Gives the longest command a line with its summary; argparse does not count that commands are indented.

    The lines of the epilog stay apart.
    """

    def __init__(self, prog: str) -> None:
        super().__init__(prog)
        self._action_max_length = 4 + max(map(len, COMMANDS))

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        """Return text whose lines are each filled to the width of the terminal."""
        return "\n".join(super(_Help, self)._fill_text(line, width, indent) for line in text.splitlines())


class _Parser(argparse.ArgumentParser):
    """Reports a usage error in one line that says where to read more; sub-parsers are of this class too."""

    def print_help(self, file: object = None) -> None:
        """Print the help; argparse itself ignores an output that fails."""
        put(self.format_help().removesuffix("\n"))

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Return the arguments; one that the command does not have ends with the closest ones that it has."""
        options, unknown = self.parse_known_args(args, namespace)
        if unknown:
            command: _Parser = getattr(options, "chosen", self)
            flags = [flag for flag in command._option_string_actions if flag.startswith("--")]  # no public list of them
            wrong = next((word for word in unknown if word.startswith("-")), "").partition("=")[0]
            question = did_you_mean(wrong, flags) if wrong.startswith("--") else ""
            command.error(f"unrecognized arguments: {' '.join(unknown)}", question)
        return options

    def error(self, message: str, question: str = "") -> NoReturn:
        """End with the exit code for usage."""
        self.exit(EXIT_USAGE, f"auscult: {printable(message)}; {printable(question)}see: {self.prog} --help\n")


class _Version(argparse.Action):
    """Prints the version; looked up only when asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *rest: object) -> None:
        """Print and end."""
        from monitor._version import __version__

        put(f"auscult {__version__}")
        parser.exit()

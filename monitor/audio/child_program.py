"""How a part of the program is started as a process of its own: a child that ends with its standard input.

Standard library alone.
"""

from __future__ import annotations

import dataclasses
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # for the types alone
    from _typeshed import DataclassInstance

__all__ = ["child_command", "start_child"]

PROGRAM = """\
import signal, sys
for number in {signals}: signal.signal(number, signal.SIG_IGN)
sys.path[:] = {path!r}
from {module} import main
sys.exit(main())"""
"""Leaves the end to the program that started it, which gets the same signals and closes its standard input: from the
beginning, for imports take seconds on a slow machine. Imports what this program would, whatever the current folder
holds."""
SIGNALS = [int(getattr(signal, name)) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
"""Those that a terminal or a service manager sends to all processes of a program."""


def child_command(module: str) -> list[str]:
    """Return the command that runs ``main`` of a module of ours, deaf to signals; its arguments are to be added.

    Examples
    --------
    >>> child_command("monitor.audio.playback.output_program")[1]
    '-c'
    """
    return [sys.executable, "-c", PROGRAM.format(signals=SIGNALS, path=_import_path(), module=module)]


def start_child(command: list[str], setup: DataclassInstance) -> subprocess.Popen[bytes]:
    """Start a process that is spoken to on its standard input and output; what it writes as errors is discarded.

    Parameters
    ----------
    command : list of str
    setup : dataclass
        Its values as JSON are the last argument.

    Raises
    ------
    OSError
        If it cannot be started.
    """
    return subprocess.Popen(  # noqa: S603  # our own program
        [*command, json.dumps(dataclasses.asdict(setup), allow_nan=False)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        bufsize=0,
    )


def _import_path() -> list[str]:
    """Return where to look for packages: first where this one is, never in whatever folder is the current one."""
    return [str(Path(__file__).resolve().parents[2]), *(folder for folder in sys.path if folder)]

"""The inputs and outputs of a sound server, PulseAudio or PipeWire in its place, by their own names.

PortAudio reaches the server through ALSA's plug-in and knows a single input and output there, ``pulse``: whichever one
the server has chosen. The server's own program says which there are, and the variables ``PULSE_SOURCE`` and
``PULSE_SINK``, which the server's library reads whenever one is opened, say which is meant. For one thread at a time.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from monitor.log import get_logger

if TYPE_CHECKING:
    from monitor.audio.sources.device.selection import Direction

__all__ = ["PLUGIN", "SERVER", "ServerDevice", "chosen", "server_devices"]

logger = get_logger(__name__)

PLUGIN = "pulse"
"""The name of the ALSA device that leads to the server."""
SERVER = "PulseAudio"
"""The host API that they are listed with; PipeWire answers as one."""
TIMEOUT_S = 2.0
LISTS: dict[Direction, str] = {"input": "sources", "output": "sinks"}
VARIABLES: dict[Direction, str] = {"input": "PULSE_SOURCE", "output": "PULSE_SINK"}
FORM = re.compile(r"\S+ (\d+)ch (\d+)Hz")
"""Such as ``s16le 2ch 44100Hz``."""


class ServerDevice(NamedTuple):
    """An input or output of the server.

    Attributes
    ----------
    name : str
        By which the server knows it.
    description : str
        By which people do.
    channels, sample_rate : int
        Hz.
    """

    name: str
    description: str
    channels: int
    sample_rate: int


def server_devices(direction: Direction, ask: Callable[[list[str]], str] | None = None) -> list[ServerDevice]:
    """Return the inputs or outputs of the server; none where no server answers, or its program is not installed.

    Parameters
    ----------
    direction : {"input", "output"}
    ask : callable or None
        Runs the server's program with some arguments and returns what it prints; None for ``pactl``.

    Examples
    --------
    >>> printed = '[{"name": "usb-1", "description": "Littmann CORE", "sample_specification": "s16le 1ch 4000Hz"}]'
    >>> server_devices("input", lambda arguments: printed)
    [ServerDevice(name='usb-1', description='Littmann CORE', channels=1, sample_rate=4000)]
    """
    ask, which = ask or _pactl, LISTS[direction]
    try:
        return [device for entry in json.loads(ask(["--format=json", "list", which])) for device in _of_json(entry)]
    except (OSError, subprocess.SubprocessError, ValueError, TypeError, AttributeError) as error:
        logger.debug("pactl does not list the %s as JSON: %s", which, error)
    try:  # before PulseAudio 16
        return [device for line in ask(["list", "short", which]).splitlines() for device in _of_line(line)]
    except (OSError, subprocess.SubprocessError) as error:
        logger.debug("pactl does not list the %s: %s", which, error)
        return []


@contextlib.contextmanager
def chosen(direction: Direction, name: str | None) -> Iterator[None]:
    """Let the device :data:`PLUGIN` that is opened in this block be one input or output of the server.

    Parameters
    ----------
    direction : {"input", "output"}
    name : str or None
        Of the device, as the server knows it; None changes nothing.
    """
    if name is None:
        yield
        return
    variable = VARIABLES[direction]
    before = os.environ.get(variable)
    os.environ[variable] = name
    try:
        yield
    finally:
        if before is None:
            del os.environ[variable]
        else:
            os.environ[variable] = before


def _pactl(arguments: list[str]) -> str:
    """Return what pactl prints."""
    # in other languages it prints numbers with a comma, which JSON does not have
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    done = subprocess.run(  # noqa: S603  # no shell, and every argument is ours
        ["pactl", *arguments],  # noqa: S607  # wherever the system has it
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="surrogateescape",
        timeout=TIMEOUT_S,
        check=True,
    )
    return done.stdout


def _of_json(entry: dict[str, Any]) -> Iterator[ServerDevice]:
    """Yield the device of an entry, if it can be understood."""
    form = FORM.match(str(entry.get("sample_specification")))
    name = entry.get("name")
    if form and name:
        yield ServerDevice(str(name), str(entry.get("description") or name), int(form[1]), int(form[2]))


def _of_line(line: str) -> Iterator[ServerDevice]:
    """Yield the device of a line of the short list, which has no description."""
    fields = line.split("\t")
    form = FORM.match(fields[3]) if len(fields) > 3 else None
    if form:
        yield ServerDevice(fields[1], fields[1], int(form[1]), int(form[2]))

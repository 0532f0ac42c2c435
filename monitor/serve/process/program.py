"""The process of the server. It ends with its standard input.

Threads: the server's event loop, and the main thread, which keeps a copy of the run from what it reads.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import json
import os
import socket
import sys
from typing import BinaryIO

from monitor.errors import AuscultError
from monitor.serve.process.frames import Pulse, ServerSetup, read_frame
from monitor.serve.process.mirror import apply, empty_copy
from monitor.serve.process.server import Server

__all__ = ["main", "serve"]


def main() -> int:
    """Serve what standard input tells, and return an exit code."""
    output = os.fdopen(os.dup(1), "wb", 0)
    os.dup2(2, 1)  # whatever a library prints is no report
    return serve(sys.stdin.buffer, output)


def serve(commands: BinaryIO, reports: BinaryIO) -> int:
    """Serve until the commands end.

    Reports the start, or what keeps it from starting; that it lives, where it is asked; and at the end the counts.
    """
    setup, first = read_frame(commands), read_frame(commands)
    if setup is None or first is None:
        return 1
    feed = empty_copy(setup)
    apply(first._replace(judged=()), feed)  # before anyone can ask
    server = Server(feed, _socket(setup), loopback=setup.loopback, token=setup.token)
    try:
        server.start()
    except AuscultError as error:
        _report(reports, failed=str(server.error or error))
        server.stop()
        return 1
    _report(reports, started=True)
    apply(Pulse(judged=first.judged), feed)  # which the server counts
    try:
        while server.error is None and (pulse := read_frame(commands)) is not None:
            apply(pulse, feed)
            if pulse.asks:
                server.soon(functools.partial(_report, reports, lives=True))  # so that its loop is asked too
    finally:
        server.stop()
        failed = None if server.error is None else str(server.error)
        _report(reports, counts=dataclasses.asdict(server.counts), failed=failed)
    return 0


def _socket(setup: ServerSetup) -> socket.socket:
    """Return the listening socket."""
    if sys.platform == "win32":
        return socket.fromshare(setup.shared)
    return socket.socket(fileno=setup.descriptor)


def _report(reports: BinaryIO, **values: object) -> None:
    """Write a report; whoever started this process may be gone."""
    with contextlib.suppress(OSError):
        reports.write(json.dumps(values).encode() + b"\n")

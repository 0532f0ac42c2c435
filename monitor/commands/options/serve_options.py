"""The arguments of a run that is served to other programs, which ``listen``, ``replay`` and ``demo`` share.

Nothing of the server is imported unless it is asked for. Main thread only.
"""

from __future__ import annotations

import argparse
import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.errors import check_installed
from monitor.output import say

if TYPE_CHECKING:
    from monitor.serve.address import Address
    from monitor.serve.feed import Feed
    from monitor.serve.senders.sender import Tell

__all__ = ["add_serve_arguments", "served"]

PACKAGES = ("starlette", "uvicorn", "prometheus_client", "websockets")
DEFAULT_TEXT = "127.0.0.1:8765"


def add_serve_arguments(parser: argparse.ArgumentParser) -> None:
    """Add ``--serve`` and ``--serve-token-file``."""
    parser.add_argument(
        "--serve",
        nargs="?",
        const=DEFAULT_TEXT,
        type=_not_a_file,
        metavar="HOST:PORT",
        help=f"show the run in a browser, and serve its lines, health and metrics (default: {DEFAULT_TEXT}, this "
        "computer alone); other computers need a token",
    )
    parser.add_argument(
        "--serve-token-file",
        type=Path,
        metavar="FILE",
        help="holds the token (default: AUSCULT_SERVE_TOKEN, or a new one)",
    )


def _not_a_file(text: str) -> str:
    """Return the text behind ``--serve``; a recording there would otherwise be said to be missing."""
    if Path(text).is_file() or Path(text).is_dir():
        raise argparse.ArgumentTypeError(
            f"{text!r} must be HOST:PORT, such as {DEFAULT_TEXT}; or write --serve behind the file"
        )
    return text


@contextlib.contextmanager
def served(options: argparse.Namespace, feed: Feed, tell: Tell) -> Iterator[None]:
    """Serve a feed until the block is left, if ``--serve`` was given; tell what is wrong with the server.

    Ends with a usage error where the address or the token cannot be used.

    Raises
    ------
    MissingExtraError
        If a package is not installed.
    """
    if options.serve is None:
        yield
        return
    for package in PACKAGES:
        check_installed(package, "--serve", "serve")
    from monitor.serve.address import Address, listening_socket, parse_address, read_token

    try:
        address = parse_address(options.serve)
        token, is_new = read_token(options.serve_token_file, os.environ, needed=not address.loopback)
        listening = listening_socket(address)
    except ValueError as error:
        options.usage_error(f"--serve: {error}")
    from monitor.serve.process.server_process import ServerProcess

    server = ServerProcess(feed, listening, loopback=address.loopback, token=token, tell=tell)
    bound = Address(address.host, server.port)
    feed.address = f"http://{bound.from_elsewhere}/"
    try:
        server.start()
        _announce(bound, feed.address, token if is_new else None, needs_token=token is not None)
        yield
    finally:
        server.stop()
        if (sentence := server.counts.sentence()) is not None:
            say(f"auscult: {sentence}")


def _announce(address: Address, reached: str, new_token: str | None, *, needs_token: bool) -> None:
    """Say where the run is served, and to whom."""
    say(f"auscult: serving on http://{address}/{' (a token is needed)' if needs_token else ''}")
    if not address.loopback:
        say(f"auscult: other computers can reach it, by {reached}")
        say("auscult: HTTP is clear text: everyone who can read along sees all of it")
    if new_token is not None:
        say(f"auscult: token: {new_token}")

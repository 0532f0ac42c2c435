"""The server's thread: it begins, ends, and tells what went wrong."""

from __future__ import annotations

import logging
import signal
import socket
import threading

import pytest

from monitor.errors import AuscultError
from monitor.serve.address import Address, listening_socket
from monitor.serve.process.server import Server


def names():
    """Return the names of the threads."""
    return [thread.name for thread in threading.enumerate()]


def test_it_runs_beside_the_program_and_ends_with_it(feed):
    """Twice is safe, and the port is free again."""
    listening = listening_socket(Address("127.0.0.1", 0))
    port = listening.getsockname()[1]
    with Server(feed, listening, loopback=True) as server:
        assert "auscult-serve" in names()
    server.stop()
    assert "auscult-serve" not in names()
    listening_socket(Address("127.0.0.1", port)).close()


def test_it_takes_no_signal(feed):
    """Ctrl+C is the program's."""
    before = signal.getsignal(signal.SIGINT)
    with Server(feed, listening_socket(Address("127.0.0.1", 0)), loopback=True):
        assert signal.getsignal(signal.SIGINT) is before


def test_what_is_called_soon_waits_for_the_loop(feed):
    """So that an answer shows that it turns; after the end nothing is called."""
    blocked, called = threading.Event(), threading.Event()
    with Server(feed, listening_socket(Address("127.0.0.1", 0)), loopback=True) as server:
        server.soon(lambda: blocked.wait(30))
        server.soon(called.set)
        assert not called.is_set()
        blocked.set()
        assert called.wait(30)
    called.clear()
    server.soon(called.set)
    assert not called.is_set()


def test_what_keeps_it_from_starting_is_told(feed):
    """A socket that was closed."""
    listening = socket.socket()
    listening.close()
    server = Server(feed, listening, loopback=True)
    with pytest.raises(AuscultError, match="cannot start"):
        server.start()
    server.stop()


def test_publishing_after_the_end_is_safe(run, feed, served):
    """The run may go on for a while."""
    client = served()
    client.server.stop()
    run.judge(0)
    assert feed.newest == 2


def test_nothing_is_printed_by_libraries(run, served, capsys):
    """Their warnings would go into the dashboard."""
    client = served()
    with socket.create_connection(("127.0.0.1", client.port), timeout=10) as connection:
        connection.sendall(b"bad\r\n\r\n")
        connection.recv(4096)
    logging.getLogger("uvicorn.error").warning("a warning")
    logging.getLogger("asyncio").warning("another")
    assert capsys.readouterr() == ("", "")

"""The server in a process of its own, spoken to by real clients; and what happens when it fails."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading

import numpy as np
import pytest

from monitor.errors import AuscultError
from monitor.serve.address import Address, listening_socket
from monitor.serve.process.child import ServerProcess
from tests.monitor.serve.conftest import RATE, Client, device, snapshot

pytestmark = pytest.mark.subprocess
NEEDS_SIGNALS = pytest.mark.skipif(sys.platform == "win32", reason="stops a process")


@pytest.fixture
def process(feed):
    """Return a function that serves the feed from a process of its own, and gives a client of it."""
    with contextlib.ExitStack() as stack:

        def serve(**options):
            listening = listening_socket(Address("127.0.0.1", 0))
            server = ServerProcess(feed, listening, **{"loopback": True, **options})
            return Client(stack.enter_context(server), server.port)

        yield serve


def test_a_client_gets_lines_state_and_sound(process, feed, run):
    """Those that are there and those that come, in the order of their numbers; the counts come at the end."""
    client = process()
    with client.events("/events?last=60") as lines:
        assert next(lines)[1]["type"] == "start"
        feed.snapshot = snapshot(device=device())
        run.judge(0)
        line_id, line = next(lines)
        assert (line["type"], line["index"]) == ("window", 0)
        assert feed.number_of(line_id) == feed.newest
    assert client.json("/api/snapshot")["at_s"] == 6.0
    socket = client.websocket("/ws?sound=1&lines=0")
    run.ring.push(np.zeros(RATE, np.float32))
    assert len(socket.recv()) > 20
    socket.close()
    assert client.ask("/", Host="evil.example")[0] == 421
    client.server.stop()
    assert (client.server.counts.served, client.server.counts.refused) == (2, 1)
    assert client.server.error is None


def test_what_happened_last_arrives(process, feed, run, wait_until):
    """A line that is published right before the end."""
    client = process()
    with client.events() as lines:
        next(lines)
        run.judge(7)
        stopping = threading.Thread(target=client.server.stop)
        stopping.start()
        assert next(line["index"] for _, line in lines if line["type"] == "window") == 7
        stopping.join()


def test_the_token_is_in_no_list_of_processes(process):
    """It goes through the pipe."""
    client = process(token="0123456789abcdef")
    assert "0123456789abcdef" not in " ".join(client.server._process.args)
    assert client.ask("/health")[0] == 401
    assert client.ask("/api/snapshot", Authorization="Bearer 0123456789abcdef")[0] == 200


def test_no_thread_is_left(process):
    """Nor a process."""
    client = process()
    client.server.stop()
    client.server.stop()
    assert client.server._process.poll() == 0
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("auscult-serve")]


@NEEDS_SIGNALS
def test_a_process_that_is_killed_is_told_and_disturbs_nothing(process, run, wait_until):
    """The run goes on; its port refuses."""
    client = process()
    client.server._process.kill()
    wait_until(lambda: client.server.error is not None)
    for index in range(100):
        run.judge(index)
    client.server.stop()
    assert client.server.error == "its process has ended"
    with pytest.raises(ConnectionRefusedError):
        client.ask("/health")


@NEEDS_SIGNALS
def test_a_process_that_hangs_holds_up_no_one(process, run, monkeypatch):
    """The pipe is full, publishing goes on, and the end comes."""
    monkeypatch.setattr("monitor.serve.process.child.STOP_S", 0.2)
    client = process()
    os.kill(client.server._process.pid, signal.SIGSTOP)
    for _ in range(30):
        run.ring.push(np.zeros(RATE, np.float32))
        run.judge(0)
    client.server.stop()
    assert client.server.error == "its process has ended"


@pytest.mark.parametrize("code", ["", "import time; time.sleep(60)"])
def test_what_does_not_start_is_told(process, monkeypatch, code):
    """A program that ends, and one that says nothing."""
    monkeypatch.setattr("monitor.serve.process.child.START_S", 1.0)
    monkeypatch.setattr("monitor.serve.process.child.END_S", 0.1)
    listening = listening_socket(Address("127.0.0.1", 0))
    from monitor.serve.feed import Feed

    server = ServerProcess(Feed(), listening, loopback=True, command=[sys.executable, "-c", code])
    with pytest.raises(AuscultError, match="the server cannot start: it"):
        server.start()
    server.stop()


def test_a_program_that_is_not_there_is_told():
    """One line."""
    from monitor.serve.feed import Feed

    server = ServerProcess(Feed(), listening_socket(Address("127.0.0.1", 0)), loopback=True, command=["/no/such"])
    with pytest.raises(AuscultError, match="the server cannot start: No such file"):
        server.start()
    server.stop()

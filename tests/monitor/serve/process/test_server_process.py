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
from monitor.serve.feed import Feed
from monitor.serve.process.server_process import ServerProcess
from monitor.serve.senders.sender import BackOff
from tests.monitor.serve.conftest import RATE, Client, Run, device, snapshot

pytestmark = pytest.mark.subprocess
NEEDS_SIGNALS = pytest.mark.skipif(sys.platform == "win32", reason="stops a process")


def wait_for_answer(server):
    """Wait until a process answers, on a busy machine for a while."""
    pause = threading.Event()
    for _ in range(6000):
        if server._child is not None and server._child.answers:
            return
        pause.wait(0.01)
    pytest.fail("the server does not answer")


@pytest.fixture
def told():
    """Return what a person was told."""
    return []


@pytest.fixture
def process(feed, told):
    """Return a function that serves the feed from a process of its own, and gives a client of it."""

    def tell(title, text, *, over=False):
        told.append((title, text, over))

    with contextlib.ExitStack() as stack:

        def serve(**options):
            listening = listening_socket(Address("127.0.0.1", 0))
            options = {"loopback": True, "tell": tell, "back_off": BackOff(0.01), **options}
            server = ServerProcess(feed, listening, **options)
            stack.enter_context(server)
            if "command" not in options:
                wait_for_answer(server)
            return Client(server, server.port)

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
    assert "0123456789abcdef" not in " ".join(client.server._child._process.args)
    assert client.ask("/health")[0] == 401
    assert client.ask("/api/snapshot", Authorization="Bearer 0123456789abcdef")[0] == 200


def test_no_thread_is_left(process, told):
    """Nor a process."""
    client = process()
    child = client.server._child
    client.server.stop()
    client.server.stop()
    assert child._process.poll() == 0
    assert told == []
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("auscult-serve")]


@NEEDS_SIGNALS
def test_a_process_that_is_killed_is_told_at_once_and_started_again(process, told, feed, run, wait_until):
    """The run goes on; its clients find the same run with all its lines, and the sound, at the same address."""
    client = process()
    run.judge(0)
    client.json("/health")
    client.server._child._process.kill()
    wait_until(lambda: told)
    run.judge(1)
    wait_until(lambda: len(told) == 2)
    assert told == [
        ("server", "its process has ended (SIGKILL), it is started again", False),
        ("server", "answers again", True),
    ]
    with client.events(Last_Event_ID=feed.line_id(1)) as lines:
        assert [next(lines)[1]["index"] for _ in range(2)] == [0, 1]
    assert client.json("/api/snapshot")["run"] == feed.run
    client.server.stop()
    assert client.server.error is None
    assert client.server.counts.served == 1


@NEEDS_SIGNALS
def test_a_process_that_hangs_is_killed_and_started_again(process, told, feed, run, wait_until, monkeypatch):
    """In one line; a client that was connected is cut off, comes back, and has missed nothing."""
    client = process()
    with client.events() as lines:
        next(lines)
        run.judge(0)
        line_id, _ = next(lines)
        with monkeypatch.context() as patched:
            patched.setattr("monitor.serve.process.child.ASK_S", 0.02)
            os.kill(client.server._child.pid, signal.SIGSTOP)
            wait_until(lambda: told)
        run.judge(1)
        with pytest.raises((OSError, StopIteration)):
            next(lines)
    wait_until(lambda: len(told) == 2)
    assert told == [
        ("server", "its process hung and was killed, it is started again", False),
        ("server", "answers again", True),
    ]
    run.judge(2)
    with client.events(Last_Event_ID=line_id) as lines:
        assert [next(lines)[1]["index"] for _ in range(2)] == [1, 2]


def test_a_process_that_lives_is_let_live(process, told, wait_until, monkeypatch):
    """It answers when it is asked, also where nothing happens."""
    client = process()
    child, answers = client.server._child, []
    monkeypatch.setattr(child, "_take", answers.append)
    wait_until(lambda: len(answers) > 2)
    assert answers[0] == {"lives": True}
    assert told == []


@NEEDS_SIGNALS
def test_while_no_process_serves_the_port_refuses(process, told, run, wait_until):
    """And the end does not wait for the next process."""
    client = process(back_off=BackOff(60.0))
    client.json("/health")
    client.server._child._process.kill()
    wait_until(lambda: told)
    for index in range(100):
        run.judge(index)
    with pytest.raises(ConnectionRefusedError):
        client.ask("/health")
    client.server.stop()
    assert len(told) == 1


@NEEDS_SIGNALS
def test_an_address_that_was_taken_meanwhile_is_told(process, told, wait_until):
    """It is tried again."""
    client = process(back_off=BackOff(0.5, 0.05))
    client.json("/health")
    client.server._child._process.kill()
    wait_until(lambda: told)
    with listening_socket(Address("127.0.0.1", client.port)):
        wait_until(lambda: len(told) == 2)
    assert "the port is in use" in told[1][1]
    wait_until(lambda: len(told) == 3)
    assert told[2] == ("server", "answers again", True)


@NEEDS_SIGNALS
def test_a_process_that_hangs_holds_up_no_one(process, told, run, monkeypatch):
    """The pipe is full, publishing goes on, and the end comes."""
    monkeypatch.setattr("monitor.serve.process.server_process.STOP_S", 0.2)
    client = process()
    client.json("/health")
    os.kill(client.server._child.pid, signal.SIGSTOP)
    for _ in range(30):
        run.ring.push(np.zeros(RATE, np.float32))
        run.judge(0)
    client.server.stop()
    assert told == [("server", "its process hung and was killed", False)]


def test_a_start_is_not_waited_for(process, told, monkeypatch, wait_until):
    """A program that says nothing: it is told, and ended with the run."""
    monkeypatch.setattr("monitor.serve.process.server_process.START_S", 0.0)
    monkeypatch.setattr("monitor.serve.process.child.END_S", 0.1)
    client = process(command=[sys.executable, "-c", "import time; time.sleep(60)"])
    wait_until(lambda: told)
    assert told == [("server", "has not answered for 0 s", False)]
    client.server.stop()


def test_a_program_that_ends_at_once_is_told_once(process, told, wait_until):
    """However often it is tried."""
    tried = []

    class Waits(BackOff):
        def next_s(self):
            tried.append(1)
            return 0.0

    process(command=[sys.executable, "-c", ""], back_off=Waits())
    wait_until(lambda: len(tried) > 2)
    assert told == [("server", "its process has ended, it is started again", False)]


def test_a_program_that_is_not_there_is_told():
    """One line."""
    listening = listening_socket(Address("127.0.0.1", 0))
    server = ServerProcess(Feed(), listening, loopback=True, tell=print, command=["/no/such"])
    with pytest.raises(AuscultError, match="the server cannot start: No such file"):
        server.start()
    server.stop()


def test_several_devices_are_served(several, told, wait_until):
    """Each with its lines, its state, its sound and its metrics; one that is added later, too."""
    feed, runs = several
    listening = listening_socket(Address("127.0.0.1", 0))
    with ServerProcess(feed, listening, loopback=True, tell=print) as server:
        wait_for_answer(server)
        client = Client(server, server.port)
        runs.append(Run(feed.add("bed 3")))
        runs[2].begin(sound=np.zeros(RATE, np.float32))
        wait_until(lambda: len(client.json("/api/snapshot")["devices"]) == 3)
        runs[1].feed.snapshot = snapshot(runs[1].feed.playing.start, device=device())
        runs[1].judge(4)
        wait_until(lambda: client.json("/api/snapshot?device=bed%202")["newest"] == feed.newest)
        with client.events("/events?device=bed%202") as lines:
            assert [next(lines)[1]["stream"] for _ in range(2)] == ["bed 2", "bed 2"]
        socket = client.websocket("/ws?sound=1&lines=0&device=bed%203")
        runs[2].ring.push(np.zeros(RATE, np.float32))
        assert len(socket.recv()) > 20
        socket.close()
        assert (
            'auscult_windows_total{device="bed 2",label="murmur",state="verdict"} 1.0'
            in client.ask("/metrics")[2].decode()
        )

"""Lines to followers: in order, resumed, and never at the cost of the run."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import socket
import threading

import numpy as np
import pytest
import websocket

from monitor.serve.connections import Connections
from monitor.serve.counts import Counts
from monitor.serve.sound import HEADER
from monitor.serve.streams import Streams
from tests.monitor.serve.conftest import RATE, Run

EVENTS = b"GET /events?last=600 HTTP/1.1\r\nHost: localhost\r\n\r\n"


def indices(events, count):
    """Return the index of the window in each of the next events; the type of any other."""
    lines = [line for _, line in itertools.islice(events, count)]
    return [line.get("index", line["type"]) for line in lines]


def test_a_new_follower_knows_what_holds_and_gets_what_comes(run, feed, served, wait_until):
    """The start and the newest window, then every line, as it was published."""
    run.judge(0)
    run.judge(1)
    client = served()
    with client.events() as events:
        assert indices(events, 2) == ["start", 1]
        run.judge(2)
        line_id, line = next(events)
        assert (line_id, line) == (feed.line_id(4), json.loads(feed.after(3)[0].text))
    wait_until(lambda: client.server.counts.clients == 0 or run.judge(3))


def test_it_resumes_where_it_was(run, feed, served):
    """By the id of the last line, none missing and none twice."""
    client = served()
    with client.events() as events:
        run.judge(0)
        assert indices(events, 2) == ["start", 0]
    for index in range(1, 200):
        run.judge(index)
    with client.events(Last_Event_ID=feed.line_id(2)) as events:
        assert indices(events, 199) == list(range(1, 200))


def test_an_id_of_another_run_gets_all_that_is_kept(run, served):
    """The program was started again meanwhile."""
    run.judge(0)
    with served().events(Last_Event_ID="0badcafe-17") as events:
        assert indices(events, 2) == ["start", 0]


@pytest.mark.parametrize("last", ["600", "1e9"])
def test_the_last_seconds(run, served, last):
    """For a page that draws what was."""
    run.judge(0)
    run.judge(1)
    with served().events(f"/events?last={last}") as events:
        assert indices(events, 3) == ["start", 0, 1]


@pytest.mark.parametrize("last", ["", "x", "nan", "-1", "inf"])
def test_seconds_that_are_none(run, served, last):
    """As if nothing was asked for."""
    run.judge(0)
    run.judge(1)
    with served().events(f"/events?last={last}") as events:
        assert indices(events, 2) == ["start", 1]


def test_a_websocket_has_the_same_lines(run, feed, served):
    """A text message each, and it can go on after an id."""
    run.judge(0)
    client = served()
    socket_ = client.websocket()
    assert [json.loads(socket_.recv())["type"] for _ in range(2)] == ["start", "window"]
    run.judge(1)
    assert socket_.recv() == feed.after(2)[0].text
    socket_.close()
    again = client.websocket(f"/ws?after={feed.line_id(1)}")
    assert [json.loads(again.recv())["index"] for _ in range(2)] == [0, 1]
    again.close()


def test_sound_comes_in_parts(run, feed, served):
    """With the place of each in the source; what was pushed is what arrives."""
    client = served()
    socket_ = client.websocket("/ws?sound=1&lines=0")
    received, next_s = [], None
    block = np.linspace(-1, 1, RATE // 4).astype(np.float32)
    while len(received) < RATE // 2:
        run.ring.push(block)
        kind, data = socket_.recv_data()
        assert kind == websocket.ABNF.OPCODE_BINARY
        at_s, rate, lost, number = HEADER.unpack(data[: HEADER.size])
        assert (rate, lost, number) == (RATE, 0, 1)
        assert next_s is None or at_s == pytest.approx(next_s)
        samples = np.frombuffer(data[HEADER.size :], "<i2")
        next_s = at_s + len(samples) / rate
        start = round(at_s * RATE)
        expected = run.ring.store.copy(start, start + len(samples))
        np.testing.assert_allclose(samples / 32767, expected, atol=1e-4)
        received.extend(samples)
    socket_.close()


def test_the_end_of_the_program_ends_every_stream(run, served):
    """A client reads to the end; the server waits for nobody."""
    client = served()
    with client.events() as events:
        assert next(events)[1]["type"] == "start"
        socket_ = client.websocket()
        socket_.recv()
        client.server.stop()
        assert list(events) == []
        assert socket_.recv_data()[0] == websocket.ABNF.OPCODE_CLOSE
        socket_.shutdown()


def test_a_client_that_does_not_read_is_dropped(run, feed, served, wait_until):
    """Counted, and others get every line meanwhile."""
    client = served(send_s=0.3)
    with socket.socket() as stuck:
        stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        stuck.connect(("127.0.0.1", client.port))
        stuck.sendall(EVENTS)
        wait_until(lambda: client.server.counts.clients == 1)
        with client.events() as events:
            assert indices(events, 1) == ["start"]
            batches = itertools.count()

            def publish_and_read():
                batch = range(100 * (first := next(batches)), 100 * first + 100)
                for index in batch:
                    run.judge(index)
                assert indices(events, 100) == list(batch)
                return client.server.counts.dropped == 1

            wait_until(publish_and_read)
            assert client.server.counts.clients == 1


def test_lines_of_a_fast_source_all_arrive(feed, served):
    """Ten thousand lines at once, for a client that reads."""
    client = served()
    with client.events() as events:
        run = Run(feed)
        run.begin()
        assert next(events)[1]["type"] == "start"
        for index in range(5000):
            run.judge(index)
        assert indices(events, 5000) == list(range(5000))
    assert client.server.counts.dropped == 0


def test_only_get(run, served):
    """A stream has no other method."""
    assert served().ask("/events", "POST", "x")[0] == 405


class TestSeveralDevices:
    """All of them, or one that is named."""

    def test_events_are_of_all_or_of_one(self, several, several_served):
        """With the device in each; what comes first, too."""
        _, (first, second) = several
        with several_served.events() as every, several_served.events("/events?device=bed%202") as one:
            assert [next(every)[1]["stream"] for _ in range(2)] == ["bed 1", "bed 2"]
            assert next(one)[1]["stream"] == "bed 2"
            first.judge(0)
            second.judge(0)
            assert [next(every)[1]["stream"] for _ in range(2)] == ["bed 1", "bed 2"]
            assert (line := next(one)[1])["stream"] == "bed 2"
            assert line["type"] == "window"

    def test_one_goes_on_after_its_last_event(self, several, several_served):
        """Lines of the others in between are passed over."""
        _, (first, second) = several
        with several_served.events("/events?device=bed%202") as one:
            known = next(one)[0]
        for index in range(3):
            first.judge(index)
            second.judge(index)
        with several_served.events("/events?device=bed%202", Last_Event_ID=known) as one:
            assert [next(one)[1]["index"] for _ in range(3)] == [0, 1, 2]

    @pytest.mark.parametrize(("query", "level"), [("", 0.1), ("&device=bed%201", 0.1), ("&device=bed%202", 0.2)])
    def test_the_sound_is_that_of_one(self, several, several_served, query, level):
        """The first where none is named."""
        _, runs = several
        with contextlib.closing(several_served.websocket(f"/ws?sound=1&lines=0{query}")) as socket:
            ended = threading.Event()

            def sound():
                while not ended.wait(0.02):
                    for number, run in enumerate(runs, 1):
                        run.ring.push(np.full(80, number / 10, np.float32))

            pushing = threading.Thread(target=sound)
            pushing.start()
            try:
                parts = [socket.recv() for _ in range(4)]
            finally:
                ended.set()
                pushing.join()
        samples = np.frombuffer(parts[-1][20:], "<i2") / 32_767
        assert np.median(samples) == pytest.approx(level, abs=0.001)

    def test_a_socket_to_no_device_is_refused(self, several_served):
        """Before the handshake is answered."""
        with pytest.raises(websocket.WebSocketBadStatusException, match="403"):
            several_served.websocket("/ws?device=bed%203")


def test_lines_that_wait_are_sent_in_a_few_turns_of_the_loop(run, feed):
    """However many there are: a loop that is slow keeps up with many devices."""

    async def turns():
        streams, sent, ticks = Streams(feed, Connections(Counts())), [], 0
        gone = asyncio.Event()
        messages = iter(["websocket.connect"])

        async def receive():
            if (kind := next(messages, None)) is None:
                await gone.wait()
            return {"type": kind or "websocket.disconnect"}

        async def send(message):
            sent.append(message["type"])

        scope = {"query_string": b"last=600", "client": ("127.0.0.1", 1)}
        following = asyncio.get_running_loop().create_task(streams.websocket(scope, receive, send))
        while sent.count("websocket.send") < 60:
            await asyncio.sleep(0)
            ticks += 1
        gone.set()
        await following
        return ticks

    for index in range(60):
        run.judge(index)
    assert asyncio.run(turns()) < 30

"""A run that a test publishes itself, and a server of it that real clients speak to."""

from __future__ import annotations

import contextlib
import dataclasses
import http.client
import json
import threading

import numpy as np
import pytest
import websocket

from monitor.audio.ring_buffer import RingBuffer
from monitor.messages import DeviceStatus, Level, Quality, Snapshot, Start, Verdict, WindowEvent
from monitor.serve.address import Address, listening_socket
from monitor.serve.feed import Feed, SeveralFeed
from monitor.serve.process.server import Server
from monitor.text.event_lines import EventLines

RATE = 4000
LABELS = ("normal", "murmur", "extrastole")
START = Start("steth", RATE, "heart-sounds", "ab" * 32, LABELS, 5.0, 0.5, None, 1.0)
TIMEOUT_S = 10.0


def verdict(label="murmur"):
    """Return a verdict with scores."""
    scores = {name: 0.9 if name == label else 0.05 for name in LABELS}
    return Verdict("verdict", label, 0.9, scores, scores)


def window(index=0, label="murmur", **changes):
    """Return the result of a window."""
    both = verdict(label)
    values = {"heart_rate_bpm": 72.0, "gap": False, "short": False, "latency_ms": 4.0, **changes}
    return WindowEvent(index, index / 2, index / 2 + 5.0, both, both, Quality(0.9), **values)


def snapshot(start=START, **changes):
    """Return a state."""
    values = {"window": window(), "tensor": np.full((64, 64, 3), 0.5, np.float32), "history": ("murmur",), **changes}
    level = Level(-30.0, -20.0, clipped=False)
    shown = {"skipped": 0, "overruns": 0, "gaps": 0, "finished": False, "hop_p50_ms": 3.0, "hop_p95_ms": 4.0}
    return Snapshot(start=start, elapsed_s=6.0, level=level, **{**shown, **values})


def device(state="open", **changes):
    """Return the status of a device."""
    return DeviceStatus(state, "steth", "ALSA", 1, RATE, **changes)


class Run:
    """A run without a pipeline: the test says what happens."""

    def __init__(self, feed):
        self.feed = feed
        self.lines = EventLines(feed.publish, now=lambda: "now")
        self.ring = RingBuffer(30 * RATE)

    def begin(self, start=START, *, live=True, sound=None):
        """Begin a source, with some sound."""
        self.ring = RingBuffer(30 * start.sample_rate)
        self.feed.begin(start, self.ring, live=live)
        self.lines.begin(start)
        if sound is not None:
            self.ring.push(sound)

    def judge(self, index=0, **changes):
        """Publish a window."""
        event = window(index, **changes)
        self.feed.judged(event)
        self.lines.window(event)


@pytest.fixture
def feed():
    """Return a feed that shares no subject."""
    return Feed()


@pytest.fixture
def run(feed):
    """Return a run whose device has begun."""
    run = Run(feed)
    run.begin(sound=np.sin(np.arange(6 * RATE) / 10).astype(np.float32))
    feed.snapshot = snapshot(device=device())
    return run


class Client:
    """Asks a server, each time over a connection of its own."""

    def __init__(self, server, port):
        self.server, self.port = server, port

    def ask(self, path, method="GET", body=None, **headers):
        """Return status, headers and body of an answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT_S)
        with contextlib.closing(connection):
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body, named)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()

    def json(self, path):
        """Return the values of an answer."""
        return json.loads(self.ask(path)[2])

    @contextlib.contextmanager
    def events(self, path="/events", **headers):
        """Yield an iterator over (id, line) of the server-sent events."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT_S)
        with contextlib.closing(connection):
            connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
            answer = connection.getresponse()
            assert (answer.status, answer.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
            with answer:
                yield self._parsed(answer)

    @staticmethod
    def _parsed(answer):
        fields = {}
        for raw in answer:
            name, _, value = raw.decode("ascii").rstrip("\n").partition(": ")
            if name:
                fields[name] = value
                continue
            if "data" in fields:
                yield fields["id"], json.loads(fields["data"])
            fields = {}

    def websocket(self, path="/ws", **options):
        """Return a connected WebSocket."""
        address = f"ws://127.0.0.1:{self.port}{path}"
        return websocket.create_connection(address, timeout=TIMEOUT_S, **{"suppress_origin": True, **options})


@pytest.fixture
def served(feed):
    """Return a function that serves the feed and gives a client of it; all servers end with the test."""
    with contextlib.ExitStack() as stack:

        def serve(**options):
            listening = listening_socket(Address("127.0.0.1", 0))
            server = Server(feed, listening, **{"loopback": True, **options})
            port = listening.getsockname()[1]
            return Client(stack.enter_context(server), port)

        yield serve


@pytest.fixture
def wait_until():
    """Return a function that polls for a condition, with a timeout."""

    def wait(condition):
        pause = threading.Event()
        for _ in range(int(TIMEOUT_S / 0.01)):
            if condition():
                return
            pause.wait(0.01)
        pytest.fail("the condition did not come about")

    return wait


@pytest.fixture
def several():
    """Return a feed of two devices, and their runs; both have begun."""
    feed = SeveralFeed()
    runs = [Run(feed.add("bed 1")), Run(feed.add("bed 2", "P-2"))]
    for number, run in enumerate(runs, 1):
        start = dataclasses.replace(START, source=f"Device {number}")
        run.begin(start, sound=np.full(6 * RATE, number / 10, np.float32))
        run.feed.snapshot = snapshot(start, device=device())
    return feed, runs


@pytest.fixture
def several_served(several):
    """Return a client of a server of the two devices."""
    listening = listening_socket(Address("127.0.0.1", 0))
    port = listening.getsockname()[1]
    with Server(several[0], listening, loopback=True) as server:
        yield Client(server, port)

"""What serving costs the judging: its latency without a server, and with many clients, some of which never read.

    python benchmarks/speed/serving.py                  # ten minutes, on a quiet machine
    python benchmarks/speed/serving.py --rounds 1 --seconds 20 --clients 50 --stuck 5

plays ``auscult demo --json`` in turn without ``--serve``, with ``--serve`` and no one there, with clients, and without
``--serve`` beside another demo that has these clients: clients take time of the same processor wherever they are.
Each is a socket of this program: three quarters follow ``/events``, a quarter ``/ws`` with the sound; the stuck ones
ask for both and never read. Meanwhile 10 000 bad requests and WebSocket frames are sent, as many of each. One JSON
object goes to standard output:

* ``p50``, ``p95``, ``most``: of ``latency_ms`` of the windows of all rounds;
* ``one_core_percent``: user and system time of the process that judges; ``server_percent``: of that which serves;
* ``skipped``: windows that were never judged; ``least_windows``: those that every reading client received, of
  ``windows``, those from before it had connected included;
* ``dropped``: clients that the server cut off; ``refused``: bad requests and frames that it counted;
* ``load``: the load average of the machine at the beginning and at the end.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import json
import os
import re
import selectors
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil

EVENTS = b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n"
WEBSOCKET = (
    b"GET /ws?sound=1 HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
BAD = (b"\x16\x03\x01 no request\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"GET /" + 20_000 * b"a" + b" HTTP/1.1\r\n\r\n")
FRAMES = (64 * b"\xff", b"\x81\x05hello", b"\x83\x81\0\0\0\0a", b"\x81\xff" + 8 * b"\x7f" + 4 * b"\0")
"""Noise, one that is not masked, an opcode that does not exist, nine exabytes."""
OPENED = 20
"""WebSockets that wait for their bad frame, so that each is answered before it; and as many that wait for their end."""
START_S = 30.0


class Clients:
    """Sockets that follow a run.

    Parameters
    ----------
    port : int
    count, stuck : int
        How many there are, and how many of them never read.
    bad_s : float
        Seconds from one bad request or frame to the next.
    """

    def __init__(self, port: int, count: int, stuck: int, bad_s: float) -> None:
        self._port, self._bad_s = port, bad_s
        self._waiting = selectors.DefaultSelector()
        self._stuck = [self._connected(WEBSOCKET, buffer=4096) for _ in range(stuck)]
        self.windows: dict[int, int] = {}
        for index in range(count - stuck):
            reader = self._connected(WEBSOCKET if index % 4 == 0 else EVENTS)
            reader.setblocking(False)
            self._waiting.register(reader, selectors.EVENT_READ)
            self.windows[reader.fileno()] = 0
        self._bad_due = time.monotonic()
        self._opened: collections.deque[socket.socket] = collections.deque()
        self.bad = self.bad_frames = 0

    def _connected(self, request: bytes, buffer: int | None = None) -> socket.socket:
        client = socket.socket()
        if buffer is not None:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        client.connect(("127.0.0.1", self._port))
        client.sendall(request)
        return client

    def read(self) -> None:
        """Read what has come, and send the bad requests that are due."""
        for key, _ in self._waiting.select(min(0.2, self._bad_s)):
            assert isinstance(key.fileobj, socket.socket)
            with contextlib.suppress(OSError):
                self.windows[key.fd] += key.fileobj.recv(2**18).count(b'"type":"window"')
        if time.monotonic() >= self._bad_due:  # one at a time, so that the readers read however slow it is
            self._bad_due += self._bad_s
            with contextlib.suppress(OSError):
                (self._send_frame if self.bad > self.bad_frames + OPENED else self._send_request)()

    def _send_request(self) -> None:
        """Send a bad request."""
        with socket.create_connection(("127.0.0.1", self._port), timeout=1) as bad:
            bad.sendall(BAD[self.bad % len(BAD)])
            self.bad += 1

    def _send_frame(self) -> None:
        """Open a WebSocket, and send a bad frame over one that was opened before."""
        self._opened.append(self._connected(WEBSOCKET))
        if len(self._opened) > 2 * OPENED:
            self._opened.popleft().close()
        if len(self._opened) > OPENED:
            self._opened[-OPENED - 1].sendall(FRAMES[self.bad_frames % len(FRAMES)])
            self.bad_frames += 1

    def close(self) -> None:
        """Close all of them."""
        for client in [*self._stuck, *self._opened, *(key.fileobj for key in list(self._waiting.get_map().values()))]:
            assert isinstance(client, socket.socket)
            client.close()
        self._waiting.close()


def used_s(process: psutil.Process | None) -> float:
    """Return the user and system time of a process; 0 without one."""
    return 0.0 if process is None else sum(process.cpu_times()[:2])


@contextlib.contextmanager
def demo(folder: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[bytes], Path, Path]]:
    """Yield a demo that writes JSON lines, once it has begun; where it writes them, and what it tells."""
    folder.mkdir(exist_ok=True)
    lines, told = folder / "lines.jsonl", folder / "told.txt"
    command = [sys.executable, "-m", "monitor", "demo", "--json", *arguments]
    with lines.open("w") as out, told.open("w") as err:
        program = subprocess.Popen(command, stdout=out, stderr=err)
        try:
            end = time.monotonic() + START_S
            while not lines.stat().st_size and time.monotonic() < end:
                time.sleep(0.05)
            yield program, lines, told
        finally:
            program.terminate()
            program.wait(timeout=30)


def run(
    seconds: float, folder: Path, *, serve: bool, beside: bool = False, clients: int = 0, stuck: int = 0, bad: int = 0
) -> tuple[list[float], dict[str, Any]]:
    """Return the latencies of one demo, and other figures of it."""
    address = ("--serve", "127.0.0.1:0")
    with contextlib.ExitStack() as stack:
        program, lines, told = stack.enter_context(demo(folder / "judging", *(address if serve else ())))
        asked = stack.enter_context(demo(folder / "beside", *address))[2] if beside else told
        followers = None
        if clients:
            found = re.search(r"127\.0\.0\.1:(\d+)", asked.read_text())
            assert found is not None
            followers = Clients(int(found[1]), clients, stuck, seconds / bad)
        watched, begin = psutil.Process(program.pid), time.monotonic()
        server = next(iter(watched.children()), None)
        before, served_before = used_s(watched), used_s(server)
        while time.monotonic() < begin + seconds:
            if followers is None:
                time.sleep(0.2)
            else:
                followers.read()
        used, served = used_s(watched) - before, used_s(server) - served_before
    values = [json.loads(line) for line in lines.read_text().splitlines()]
    latencies = [line["latency_ms"] for line in values if line["type"] == "window"]
    counts = {word: int(number) for number, word in re.findall(r"(\d+) (did not read|bad requests)", asked.read_text())}
    result = {
        "one_core_percent": 100.0 * used / seconds,
        "server_percent": 100.0 * served / seconds,
        "skipped": values[-1]["skipped"],
    }
    if followers is not None:
        result |= {
            "least_windows": min(followers.windows.values()),
            "windows": len(latencies),
            "bad_sent": followers.bad,
            "bad_frames_sent": followers.bad_frames,
            "dropped": counts.get("did not read", 0),
            "refused": counts.get("bad requests", 0),
        }
        followers.close()
    return latencies, result


def main() -> None:
    """Measure, and print one JSON object."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=35.0)
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--stuck", type=int, default=20)
    parser.add_argument("--bad", type=int, default=10_000)
    options = parser.parse_args()
    ways: dict[str, dict[str, Any]] = {
        "without": {"serve": False},
        "nobody": {"serve": True},
        "clients": {"serve": True, "clients": options.clients, "stuck": options.stuck, "bad": options.bad},
    }
    ways["beside"] = {**ways["clients"], "serve": False, "beside": True}
    load = [os.getloadavg()[0]]
    latencies: dict[str, list[float]] = {name: [] for name in ways}
    rounds: dict[str, list[dict[str, Any]]] = {name: [] for name in ways}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(options.rounds):
            for name, way in ways.items():
                of_windows, others = run(options.seconds, Path(folder), **way)
                latencies[name] += of_windows
                rounds[name].append(others)
    load.append(os.getloadavg()[0])
    figures = {
        name: {
            "windows_in_all": len(latencies[name]),
            **{f"p{percent}": round(float(np.percentile(latencies[name], percent)), 3) for percent in (50, 95)},
            "most": max(latencies[name]),
            **{key: round(statistics.median(one[key] for one in results), 3) for key in results[0]},
        }
        for name, results in rounds.items()
    }
    print(json.dumps({**figures, "rounds": options.rounds, "seconds": options.seconds, "load": load}, indent=1))


if __name__ == "__main__":
    main()

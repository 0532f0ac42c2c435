"""The process of the server, run here: what it reports."""

from __future__ import annotations

import io
import json
import socket
import urllib.request

from monitor.serve.address import Address, listening_socket
from monitor.serve.process.frames import Pulse, ServerSetup, frame
from monitor.serve.process.program import serve


def setup(listening, **changes):
    """Return a setup with a socket of its own."""
    values = {"shared": b"", "loopback": True, "token": None, "run": "ab12", "share_subject": False, "subject": None}
    values["several"] = False
    return ServerSetup(descriptor=listening.detach(), **{**values, **changes})


class Asked(io.BytesIO):
    """Commands at whose end a client asks first."""

    def __init__(self, data, port):
        super().__init__(data)
        self.port, self.answer = port, None

    def read(self, size=-1):
        data = super().read(size)
        if len(data) < size and self.answer is None:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/snapshot", timeout=10) as answer:
                self.answer = json.load(answer)
        return data


def reports(output):
    """Return what was reported."""
    return [json.loads(line) for line in output.getvalue().splitlines()]


def test_it_serves_until_the_commands_end():
    """It tells that it answers, and at the end what it counted."""
    listening, output = listening_socket(Address("127.0.0.1", 0)), io.BytesIO()
    port = listening.getsockname()[1]
    commands = Asked(frame(setup(listening)) + frame(Pulse()), port)
    assert serve(commands, output) == 0
    assert commands.answer["run"] == "ab12"
    started, ended = reports(output)
    assert started == {"started": True}
    assert ended == {"counts": {"clients": 0, "served": 0, "dropped": 0, "refused": 0}, "failed": None}


def test_it_reports_that_it_lives_where_it_is_asked():
    """Its loop does."""
    listening, output = listening_socket(Address("127.0.0.1", 0)), io.BytesIO()
    port = listening.getsockname()[1]
    asked = frame(Pulse(asks=True)) + frame(Pulse())
    assert serve(Asked(frame(setup(listening)) + frame(Pulse()) + asked, port), output) == 0
    assert [next(iter(report)) for report in reports(output)] == ["started", "lives", "counts"]


def test_what_keeps_it_from_starting_is_reported():
    """A socket that cannot listen."""
    output = io.BytesIO()
    assert (
        serve(io.BytesIO(frame(setup(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))) + frame(Pulse())), output) == 1
    )
    (report,) = reports(output)
    assert report["failed"]


def test_without_a_setup_nothing_is_served():
    """Whoever started it has gone."""
    assert serve(io.BytesIO(), io.BytesIO()) == 1

"""What a service manager is told, over a real socket."""

from __future__ import annotations

import os
import socket
import sys
import tempfile
from pathlib import Path

import pytest

from monitor.process.service_manager import has_service_manager, notify, watchdog_s

pytestmark = pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="no Unix sockets here")


@pytest.fixture
def manager(monkeypatch):
    """Return the socket of a service manager, whose path is short enough for the kernel."""
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        address = str(Path(folder) / "notify")
        listening.bind(address)
        listening.settimeout(10)
        monkeypatch.setenv("NOTIFY_SOCKET", address)
        yield listening


def test_a_datagram_for_all_assignments(manager):
    """A line each, as sd_notify(3) has it."""
    assert notify("READY=1", "STATUS=judging")
    assert manager.recv(4096) == b"READY=1\nSTATUS=judging"


@pytest.mark.skipif(sys.platform != "linux", reason="abstract names are Linux's")
def test_an_abstract_name(monkeypatch):
    """Written with an @."""
    name = f"auscult-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(f"\0{name}")
        listening.settimeout(10)
        monkeypatch.setenv("NOTIFY_SOCKET", f"@{name}")
        assert notify("WATCHDOG=1")
        assert listening.recv(4096) == b"WATCHDOG=1"


def test_a_manager_that_does_not_read_is_not_waited_for(manager):
    """A sign is lost rather than the run held up."""
    told = 0
    while notify("WATCHDOG=1") and told < 100_000:
        told += 1
    assert 0 < told < 100_000


@pytest.mark.parametrize("address", [None, "", "/no/such/socket", "vsock:2:1234", "relative"])
def test_without_a_service_manager_nothing_is_sent(monkeypatch, address):
    """Nothing happens."""
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    if address is not None:
        monkeypatch.setenv("NOTIFY_SOCKET", address)
    assert has_service_manager() is (address == "/no/such/socket")
    assert not notify("READY=1")


@pytest.mark.parametrize(
    ("environment", "seconds"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "30000000"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
    ],
)
def test_when_a_sign_of_life_is_wanted(environment, seconds):
    """Of this very program alone."""
    assert watchdog_s(environment) == seconds

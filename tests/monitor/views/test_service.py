"""The signs of life: only while sound arrives and is judged."""

from __future__ import annotations

import dataclasses
import socket
import tempfile
from pathlib import Path

import numpy as np
import pytest

from monitor.audio.sources.array import ArraySource
from monitor.commands.player import play
from monitor.process.interrupts import Interrupts
from monitor.synthesis.parameters import HeartParameters
from monitor.synthesis.phonocardiogram import phonocardiogram
from monitor.views.lines import JsonView
from monitor.views.service import LATE_S, ServiceView
from tests.monitor.serve.conftest import START, device, snapshot, window

TIMEOUT_S = 8.0
LATE = LATE_S + 5.5


class Silent:
    """A view that shows nothing."""

    def begin(self, start):
        """Ignore it."""

    def snapshot(self, snapshot):
        """Ignore it."""


class Service:
    """A view, the clock of the test, and what the service manager was told."""

    def __init__(self, timeout_s=TIMEOUT_S):
        self.told, self.now = [], 100.0
        self.view = ServiceView(Silent(), timeout_s, lambda *words: self.told.append(words), lambda: self.now)
        self.view.begin(START)

    def show(self, at_s, judged_s=None, **changes):
        """Show a state; return whether a sign of life was given."""
        before = len(self.told)
        judged = None if judged_s is None else dataclasses.replace(window(), end_s=judged_s)
        self.view.snapshot(dataclasses.replace(snapshot(**changes), elapsed_s=at_s, window=judged))
        return self.told[before:] == [("WATCHDOG=1",)]


def test_it_is_ready_when_it_begins():
    """And gives signs four times as often as they are wanted."""
    service = Service()
    assert service.told == [("READY=1", "STATUS=judging")]
    signs = []
    for step in range(9):
        service.now = 100.0 + step
        signs.append(service.show(at_s=5.0 + step, judged_s=5.0 + step))
    assert signs == [True, False] * 4 + [True]


def test_no_sign_without_sound():
    """The position stands still."""
    service = Service()
    assert service.show(at_s=6.0, judged_s=6.0)
    service.now += LATE - 0.1
    assert service.show(at_s=6.0, judged_s=6.0)
    service.now += TIMEOUT_S
    assert not service.show(at_s=6.0, judged_s=6.0)
    assert service.show(at_s=6.5, judged_s=6.5)


def test_no_sign_without_judging():
    """Sound arrives, but no window is judged: neither the first nor the next."""
    service = Service()
    assert service.show(at_s=LATE - 0.1)
    service.now += TIMEOUT_S
    assert not service.show(at_s=LATE)
    assert service.show(at_s=LATE + 1.0, judged_s=LATE)
    service.now += TIMEOUT_S
    assert not service.show(at_s=2 * LATE, judged_s=LATE)


@pytest.mark.parametrize("state", ["opening", "lost"])
def test_a_device_that_is_looked_for_is_alive(state):
    """A restart would not bring it back; one that is open must deliver."""
    service = Service()
    service.now += 10 * LATE
    assert service.show(at_s=0.0, device=device(state))
    service.now += TIMEOUT_S
    assert not service.show(at_s=0.0, device=device("open"))


def test_no_watchdog_is_asked_for():
    """It is told that it is ready, and no more."""
    service = Service(timeout_s=None)
    assert not service.show(at_s=6.0, judged_s=6.0)
    assert service.told == [("READY=1", "STATUS=judging")]


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="no Unix sockets here")
def test_a_run_tells_over_the_socket_of_the_environment(plain_bundle, monkeypatch, capsys):
    """Ready first, then signs of life; without the variable nothing is opened."""
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(Path(folder) / "notify"))
        manager.settimeout(10)
        monkeypatch.setenv("NOTIFY_SOCKET", str(Path(folder) / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "30000000")
        heart = phonocardiogram(7.0, HeartParameters(), np.random.default_rng(5)).waveform
        with Interrupts() as interrupts:
            play(ArraySource(heart, 4000), plain_bundle, JsonView(), interrupts)
        assert manager.recv(4096) == b"READY=1\nSTATUS=judging"
        assert manager.recv(4096) == b"WATCHDOG=1"
    assert '"type":"summary"' in capsys.readouterr().out

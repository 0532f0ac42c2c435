"""The thread that all senders are."""

from __future__ import annotations

import socket
import ssl

import pytest

from monitor.serve.feed import Feed
from monitor.serve.senders.sender import BackOff, Sender, reason_of


class Broken(Sender):
    """Fails at once."""

    def _run(self):
        raise KeyError("a fault of ours")


class Keeping(Sender):
    """Takes lines and sends none."""

    def _run(self):
        while not self._stopping.is_set():
            self._failed("nobody there")
            self._pause()
        self._take()


def test_a_fault_of_ours_ends_the_sender_alone(feed, told, run):
    """One line; publishing goes on."""
    with Broken(feed, "Test here", told, limit=1):
        run.judge(0)
    assert told.lines == ["Test here: failed and is not used any more: 'a fault of ours'"]
    assert feed.newest == 2


def test_a_reason_is_told_once(feed, told, run, wait_until):
    """However often it comes; what waits is counted at the end."""
    with Keeping(feed, "Test here", told, limit=2, back_off=BackOff(0.01, 0.01)) as sender:
        for index in range(5):
            run.judge(index, label=("murmur", "normal")[index % 2])
        wait_until(lambda: sender.outbox.dropped == 4)
    assert told.lines == ["Test here: nobody there"]
    assert sender.sentence() == "Test here: 0 messages sent, 6 not"


def test_stopping_twice_and_before_the_start_is_safe(told):
    """Nothing waits."""
    sender = Keeping(Feed(), "Test here", told, limit=1)
    sender.stop()
    sender.stop()
    assert sender.sentence() is None


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (socket.gaierror(-2, "Name or service not known"), "no such host"),
        (TimeoutError("timed out"), "no answer within 5 s"),
        (ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number"), "no TLS connection"),
        (OSError(113, "No route to host"), "no route to host"),
        (ValueError(), "valueerror"),
    ],
)
def test_reasons(error, words):
    """In words that a person understands."""
    assert reason_of(error).startswith(words)


@pytest.mark.parametrize(
    ("code", "step"),
    [
        (10, "it must be renewed"),
        (18, "--ca-file names a certificate to trust"),
        (62, "a name that the certificate has"),
    ],
)
def test_the_step_fits_the_fault_of_a_certificate(code, step):
    """Expired, not trusted, of another host."""
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_code, error.verify_message = code, "a fault."
    assert reason_of(error).startswith("its certificate is not trusted (a fault); ")
    assert reason_of(error).endswith(step)

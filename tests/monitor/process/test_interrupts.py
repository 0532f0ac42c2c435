"""Ctrl+C and SIGTERM: a flag in the loop, an interrupt outside of it, and handlers that are restored."""

from __future__ import annotations

import signal

import pytest

from monitor.output import ending, watch_for_end
from monitor.process.interrupts import Interrupts


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_in_the_loop_only_sets_a_flag(number):
    """The loop ends by itself when it reads the flag."""
    with Interrupts() as interrupts, interrupts.deferred():
        signal.raise_signal(number)
        assert interrupts.requested


def test_the_second_signal_interrupts():
    """A user who presses Ctrl+C twice does not wait for the loop."""
    with Interrupts() as interrupts, interrupts.deferred():
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_outside_the_loop_a_signal_interrupts():
    """While a bundle loads there is nothing to finish first."""
    with Interrupts(), pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGTERM)


def test_the_handlers_are_restored():
    """A program that embeds the monitor keeps its own handlers."""
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with Interrupts():
        assert signal.getsignal(signal.SIGINT) != before[0]
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_quit_ends_without_an_interrupt():
    """The exit code stays 0; a signal after it is still deferred, and sets the exit code."""
    with Interrupts() as interrupts, interrupts.deferred():
        interrupts.quit()
        assert interrupts.requested
        assert interrupts.exit_code == 0
        signal.raise_signal(signal.SIGINT)
        assert interrupts.exit_code == 130


def test_calling_returns_the_flag():
    """A long computation, such as a fit, calls it after every step; without a signal it stays false."""
    interrupts = Interrupts()
    with interrupts.deferred():
        assert not interrupts()
    with Interrupts() as interrupts, interrupts.deferred():
        signal.raise_signal(signal.SIGTERM)
        assert interrupts()


def test_no_output_waits_for_long_after_a_signal():
    """The outputs know of it, also where it interrupts."""
    with Interrupts():
        assert not ending()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
        assert ending()
    assert ending()
    watch_for_end(bool)

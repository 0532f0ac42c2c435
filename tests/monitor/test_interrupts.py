"""Ctrl+C and SIGTERM: calm in the loop, an interrupt outside of it, and given back afterwards."""

from __future__ import annotations

import signal

import pytest

from monitor.interrupts import Interrupts


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_in_the_loop_only_sets_a_flag(number):
    """The loop goes on to its end and sees that it should."""
    with Interrupts() as interrupts, interrupts.calmly():
        signal.raise_signal(number)
        assert interrupts.requested


def test_the_second_signal_interrupts():
    """A person who presses Ctrl+C twice means it."""
    with Interrupts() as interrupts, interrupts.calmly():
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_outside_the_loop_a_signal_interrupts():
    """While a bundle loads there is nothing to finish."""
    with Interrupts(), pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGTERM)


def test_the_handlers_are_given_back():
    """A program that embeds the monitor keeps its own handlers."""
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with Interrupts():
        assert signal.getsignal(signal.SIGINT) != before[0]
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_a_key_ends_without_an_interrupt():
    """Quitting asks for the end, and the exit code is 0; a signal after it is still taken calmly and is told."""
    with Interrupts() as interrupts, interrupts.calmly():
        interrupts.quit()
        assert interrupts.requested
        assert interrupts.exit_code == 0
        signal.raise_signal(signal.SIGINT)
        assert interrupts.exit_code == 130


def test_a_computation_asks_by_calling():
    """What runs long, such as a fit, asks after every step; without a signal the answer stays no."""
    interrupts = Interrupts()
    with interrupts.calmly():
        assert not interrupts()
    with Interrupts() as interrupts, interrupts.calmly():
        signal.raise_signal(signal.SIGTERM)
        assert interrupts()

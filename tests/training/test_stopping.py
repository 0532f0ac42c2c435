"""Ctrl+C in a fit: the first ends the training calmly, the second at once."""

from __future__ import annotations

import os
import signal

import pytest

from training.stopping import EndedError, Stopping


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_only_asks(number: int) -> None:
    """While networks are fitted the first signal sets the flag; the second ends at once."""
    with Stopping() as stopping, stopping.calmly():
        assert not stopping()
        os.kill(os.getpid(), number)
        assert stopping()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)


def test_outside_of_a_fit_it_ends_at_once() -> None:
    """While recordings are read, or a bundle is written, a signal is what it always is."""
    with Stopping() as stopping:
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
        with stopping.calmly():
            pass
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGTERM)


def test_signals_are_given_back() -> None:
    """Behind the block the signals go where they went before, also after an error."""
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with pytest.raises(RuntimeError), Stopping():
        raise RuntimeError("a fit that fails")
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_without_the_block_nobody_stops() -> None:
    """Where no signal is heard the flag stays as it is."""
    stopping = Stopping()
    with stopping.calmly():
        assert not stopping()


def test_exit_code() -> None:
    """A training that was ended with nothing to keep ends as interrupted commands do."""
    assert EndedError("ended").exit_code == 130

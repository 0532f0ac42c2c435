"""Real connections on the loopback, and what the watchdog does with a backend."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from monitor.errors import DeviceError

TIMEOUT_S = 10.0


class Taken:
    """The blocks that a backend delivers."""

    def __init__(self):
        self.blocks = []
        self._came = threading.Condition()

    def __call__(self, block, overflow):
        """Take a block, as a capture does."""
        with self._came:
            self.blocks.append(block if isinstance(block, int) else block.copy())
            self._came.notify_all()

    @property
    def samples(self):
        """Samples so far."""
        return sum(len(block) for block in self.blocks if not isinstance(block, int))

    def wait_for(self, samples):
        """Wait until so many samples have come, and return all of them."""
        with self._came:
            assert self._came.wait_for(lambda: self.samples >= samples, TIMEOUT_S), self.samples
        return np.concatenate([block[:, 0] for block in self.blocks if not isinstance(block, int)])


def eventually(what):
    """Wait until something is true, and return it."""
    pause, waited_s = threading.Event(), 0.0
    while not (result := what()):
        assert waited_s < TIMEOUT_S
        pause.wait(0.01)
        waited_s += 0.01
    return result


def opened(backend, taken):
    """Open a backend as the watchdog does: again and again until there is a sender."""
    device = backend.device

    def attempt():
        try:
            return backend.open(device, 1, device.default_rate, 0.2, taken)
        except DeviceError:
            return None

    return eventually(attempt)


@pytest.fixture
def taken():
    """Return a place for blocks."""
    return Taken()

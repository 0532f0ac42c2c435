"""What the inputs of the network share: one device of the address, its channels, and what was refused."""

from __future__ import annotations

import pytest

from monitor.audio.sources.network.address import parse_address
from monitor.audio.sources.network.backend import NetworkBackend
from monitor.errors import DeviceError


@pytest.fixture
def backend():
    """Return the input of an address with two channels."""
    return NetworkBackend(parse_address("tcp://:5000?format=s16le&rate=8000&channels=2", None), lambda: 0.0)


def test_there_is_one_device(backend):
    """With the rate and the channels of the address."""
    assert backend.devices() == [backend.device]
    assert (backend.device.channels, backend.device.default_rate) == (2, 8000)


def test_a_channel_that_is_not_sent_is_refused(backend):
    """The last one is not."""
    backend.check(backend.device, 2, 8000)
    with pytest.raises(DeviceError):
        backend.check(backend.device, 3, 8000)


def test_without_troubles_there_is_no_notice(backend):
    """Nothing was refused."""
    assert backend.notice is None

"""A stream as a source: what differs from a device."""

from __future__ import annotations

from monitor.audio.ring_buffer import RingBuffer
from monitor.audio.sources.lsl.source import LslSource


def test_the_watchdog_has_the_patience_and_the_advice_of_a_network(backend, steth):
    """Three seconds of silence are no loss, and no mixer of this computer is named."""
    with LslSource(steth, backend) as source:
        source.start(RingBuffer(1000))
        assert source._watchdog._silence_limit_s == 3.0
        assert source._watchdog._diagnosis._platform == "network"

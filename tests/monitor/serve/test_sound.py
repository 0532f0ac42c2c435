"""Parts of sound: bit for bit the ring buffer's, at any rate, through gaps and jumps."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from monitor.features.resample import resampled
from monitor.serve.feed import Feed
from monitor.serve.sound import HEADER, KEPT_PARTS, RATE_HZ, SoundParts
from tests.monitor.serve.conftest import START, Run


def read(parts, after=0):
    """Return head and samples of the parts that are kept."""
    data = [part for _, part in parts.after(after)]
    return [(HEADER.unpack(one[: HEADER.size]), np.frombuffer(one[HEADER.size :], "<i2")) for one in data]


@pytest.mark.parametrize("rate", [2000, 4000, 44_100])
def test_joined_parts_are_the_sound(rate):
    """At 4000 Hz whatever the rate of the source, placed without a gap."""
    feed = Feed()
    run = Run(feed)
    run.begin(dataclasses.replace(START, sample_rate=rate))
    parts = SoundParts(feed)
    assert not parts.look()
    waveform = np.sin(np.arange(2 * rate) * 2 * np.pi * 50 / rate).astype(np.float32) / 2
    parts.look()
    for block in np.array_split(waveform, 40):
        run.ring.push(block)
        parts.look()
    heads, samples = zip(*read(parts), strict=True)
    joined = np.concatenate(samples)
    places = [round(head[0] * RATE_HZ) for head in heads]
    np.testing.assert_array_equal(places, np.cumsum([0, *map(len, samples)])[:-1])
    expected = resampled(waveform, rate, RATE_HZ)[: len(joined)]
    assert len(joined) > 1.7 * RATE_HZ
    np.testing.assert_allclose(joined / 32767, expected, atol=2e-5)


def test_lost_samples_are_counted(run, feed):
    """They are zeros in the sound."""
    parts = SoundParts(feed)
    parts.look()
    run.ring.push_lost(100)
    parts.look()
    (_, _, lost, _), samples = read(parts)[-1]
    assert (lost, samples.any()) == (100, False)


def test_who_is_late_goes_on_with_the_newest(run, feed):
    """After a pause of all listeners, or of the server."""
    parts = SoundParts(feed)
    parts.look()
    run.ring.push(np.zeros(5 * RATE_HZ, np.float32))
    parts.look()
    (at_s, *_), samples = read(parts)[-1]
    assert at_s + len(samples) / RATE_HZ == pytest.approx(run.ring.end_sample / RATE_HZ)
    assert len(samples) < RATE_HZ


def test_another_source_begins_again(run, feed):
    """With its own number and time."""
    parts = SoundParts(feed)
    parts.look()
    run.begin(sound=np.full(400, 0.5, np.float32))
    parts.look()
    (at_s, _, _, number), samples = read(parts)[-1]
    assert (at_s, number, samples[0]) == (0.0, 2, 16384)


def test_memory_is_bounded(run, feed):
    """Five seconds are kept for a client that is slow."""
    parts = SoundParts(feed)
    for _ in range(80):
        run.ring.push(np.zeros(40, np.float32))
        parts.look()
    assert len(parts.after(0)) == KEPT_PARTS
    assert parts.after(parts.newest) == []

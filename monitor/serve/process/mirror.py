"""A copy of a feed, kept by pulses from the process that has the run. One thread applies them; any may follow."""

from __future__ import annotations

import dataclasses

from monitor.audio.ring_buffer import RingBuffer
from monitor.serve.feed import Feed, SeveralFeed
from monitor.serve.process.frames import Pulse, ServerSetup, Sound
from monitor.serve.process.relay import KEPT_S

__all__ = ["apply", "empty_copy"]


def empty_copy(setup: ServerSetup) -> Feed:
    """Return the copy of a feed of which nothing is known yet: its ids are those of the same run."""
    feed: Feed
    if setup.several:
        feed = SeveralFeed(share_subject=setup.share_subject)
    else:
        feed = Feed(share_subject=setup.share_subject, subject=setup.subject)
    feed.run = setup.run
    return feed


def apply(pulse: Pulse, feed: Feed) -> None:
    """Bring a copy up to date; its followers are told of new lines last, when the state is there that they tell of."""
    if pulse.begin is not None:
        start = pulse.begin.start
        feed.begin(start, RingBuffer(round(KEPT_S * start.sample_rate)), live=pulse.begin.live)
    playing = feed.playing
    if playing is not None and pulse.sound is not None:
        _push(pulse.sound, playing.ring)
    if playing is not None and pulse.snapshot is not None:
        feed.snapshot = dataclasses.replace(pulse.snapshot, start=playing.start)  # compared by identity
    for event in pulse.judged:
        feed.judged(event)
    if isinstance(feed, SeveralFeed):
        for device in pulse.devices:
            apply(device.pulse, feed.part(device.name) or feed.add(device.name, device.subject))
    feed.repeat(pulse.lines)


def _push(sound: Sound, ring: RingBuffer) -> None:
    """Push sound; what was never sent before it counts as lost."""
    end = sound.start_sample + len(sound.waveform)
    ring.push_lost(max(0, sound.start_sample - ring.end_sample))
    for lost_from, lost_to in (*sound.lost, (end, end)):
        ring.push(sound.waveform[ring.end_sample - sound.start_sample : lost_from - sound.start_sample])
        ring.push_lost(lost_to - lost_from)

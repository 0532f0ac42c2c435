"""A copy of a feed, kept by pulses from the process that has the run. One thread applies them; any may follow."""

from __future__ import annotations

import dataclasses

from monitor.audio.ring_buffer import RingBuffer
from monitor.serve.feed import Feed, SeveralFeed
from monitor.serve.process.frames import PartPulse, Pulse, ServerSetup, Sound
from monitor.serve.process.relay import KEPT_S

__all__ = ["apply", "empty_copy"]


def empty_copy(setup: ServerSetup) -> Feed:
    """Return the copy of a feed of which nothing is known yet: its ids are those of the same run."""
    shared = setup.share_subject
    feed = SeveralFeed(share_subject=shared) if setup.several else Feed(share_subject=shared, subject=setup.subject)
    feed.run = setup.run
    return feed


def apply(pulse: Pulse, feed: Feed) -> None:
    """Bring a copy up to date; its followers are told of new lines last, when the state is there that they tell of."""
    for told in pulse.parts:
        part = feed.part(told.name)
        if part is None and isinstance(feed, SeveralFeed) and told.name is not None:
            part = feed.add(told.name, told.subject)
        if part is not None:
            _bring_up_to_date(part, told)
    for event, name in pulse.judged:
        if (part := feed.part(name)) is not None:
            part.judged(event)
    feed.repeat(pulse.lines)


def _bring_up_to_date(part: Feed, told: PartPulse) -> None:
    """Bring what has a state of its own up to date."""
    if told.begin is not None:
        start = told.begin.start
        part.begin(start, RingBuffer(round(KEPT_S * start.sample_rate)), live=told.begin.live)
    playing = part.playing
    if playing is not None and told.sound is not None:
        _push(told.sound, playing.ring)
    if playing is not None and told.snapshot is not None:
        part.snapshot = dataclasses.replace(told.snapshot, start=playing.start)  # compared by identity


def _push(sound: Sound, ring: RingBuffer) -> None:
    """Push sound; what was never sent before it counts as lost."""
    end = sound.start_sample + len(sound.waveform)
    ring.push_lost(max(0, sound.start_sample - ring.end_sample))
    for lost_from, lost_to in (*sound.lost, (end, end)):
        ring.push(sound.waveform[ring.end_sample - sound.start_sample : lost_from - sound.start_sample])
        ring.push_lost(lost_to - lost_from)

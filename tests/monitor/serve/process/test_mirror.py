"""A copy of a feed answers as the feed does."""

from __future__ import annotations

import dataclasses
import io
import json

import numpy as np
import pytest

from monitor.serve.feed import Feed
from monitor.serve.picture import picture
from monitor.serve.process.frames import ServerSetup, frame, read_frame
from monitor.serve.process.mirror import apply, empty_copy
from monitor.serve.process.relay import Relay
from monitor.serve.state import snapshot_values
from tests.monitor.serve.conftest import RATE, START, Run, device, snapshot, window


class Pair:
    """A feed, and its copy that is brought up to date over bytes."""

    def __init__(self, feed):
        self.feed, self.relay = feed, Relay(feed)
        setup = ServerSetup(-1, b"", True, None, feed.run, feed.share_subject, feed.subject, feed.several)
        self.copy = empty_copy(read_frame(io.BytesIO(frame(setup))))

    def pulse(self):
        """Bring it up to date."""
        if (pulse := self.relay.pulse(last=True)) is not None:
            apply(read_frame(io.BytesIO(frame(pulse))), self.copy)

    def lines(self):
        """Return numbers and texts of both."""
        return [[(line.number, line.text) for line in feed.after(0)] for feed in (self.feed, self.copy)]


@pytest.fixture(params=[False, True], ids=["shared", "withheld"])
def pair(request):
    """Return a feed and its copy."""
    return Pair(Feed(share_subject=request.param, subject="P7"))


def test_lines_state_and_picture_are_the_same(pair):
    """Over two sources, the second a file whose name may not leave."""
    run = Run(pair.feed)
    for number, (start, live) in enumerate(((START, True), (dataclasses.replace(START, source="eva.wav"), False))):
        run.begin(start, live=live, sound=np.sin(np.arange(6 * RATE) / 10).astype(np.float32))
        pair.feed.snapshot = snapshot(start, device=device() if live else None)
        pair.pulse()
        for index in range(3):
            run.judge(3 * number + index)
            run.ring.push(np.full(200, 0.1 * index, np.float32))
            run.ring.push_lost(20)
        pair.pulse()
        assert snapshot_values(pair.copy) == snapshot_values(pair.feed)
        assert picture(pair.copy) == picture(pair.feed)
        whole, copied = pair.lines()
        assert copied == whole
        assert [line.text for line in pair.copy.context()] == [line.text for line in pair.feed.context()]
    assert pair.copy.playing.number == 2
    newest = pair.feed.newest
    assert pair.copy.number_of(pair.feed.line_id(newest)) == newest
    texts = json.dumps(whole)
    assert ("eva" in texts) == pair.feed.share_subject


def test_lost_sound_is_lost_in_the_copy(pair):
    """At the same samples; what was never sent counts as lost."""
    run = Run(pair.feed)
    run.begin(sound=np.ones(100, np.float32))
    run.ring.push_lost(10)
    run.ring.push(np.ones(50, np.float32))
    pair.pulse()
    store = pair.copy.playing.ring.store
    assert store.end_sample == 160
    assert store.lost_between(0, 160) == [(100, 110)]
    np.testing.assert_array_equal(store.copy(0, 160), run.ring.store.copy(0, 160))
    run.ring.push(np.ones(25 * RATE, np.float32))
    pair.pulse()
    assert store.end_sample == run.ring.end_sample
    assert not store.lost_between(store.end_sample - 10 * RATE, store.end_sample)


def test_windows_are_counted_before_their_lines_are_told(pair):
    """A client that is woken by a line finds the numbers that belong to it."""
    seen = []
    counted = []
    pair.copy.follow(lambda: seen.append(len(counted)), counted.append)
    run = Run(pair.feed)
    run.begin()
    pair.pulse()
    run.judge(0)
    pair.pulse()
    assert [event.index for event in counted] == [0]
    assert seen == [0, 1]
    assert counted[0] == window(0)


class TestSeveralDevices:
    """The copy has the same devices."""

    def test_each_answers_as_it_does(self, several):
        """Lines with their devices, state, sound and picture; a device that is added later, too."""
        feed, runs = several
        pair = Pair(feed)
        pair.pulse()
        runs.append(Run(feed.add("bed 3", "P-3")))
        pair.pulse()
        assert [(part.name, part.subject) for part in pair.copy.parts] == [
            ("bed 1", None),
            ("bed 2", "P-2"),
            ("bed 3", "P-3"),
        ]
        assert pair.copy.part("bed 3").playing is None
        runs[2].begin(sound=np.ones(RATE, np.float32))
        for number, run in enumerate(runs):
            run.judge(number)
            run.ring.push(np.full(200, 0.1 * number, np.float32))
            run.feed.snapshot = snapshot(run.feed.playing.start, device=device(lost_s=float(number)))
        pair.pulse()
        assert snapshot_values(pair.copy) == snapshot_values(feed)
        whole, copied = pair.lines()
        assert copied == whole
        assert [line.stream for line in pair.copy.after(0)] == [line.stream for line in feed.after(0)]
        assert [line.text for line in pair.copy.context()] == [line.text for line in feed.context()]
        for part, copy in zip(feed.parts, pair.copy.parts, strict=True):
            assert picture(copy) == picture(part)

    def test_windows_are_counted_by_device(self, several):
        """As in the metrics of the feed itself."""
        feed, (_, second) = several
        pair, counted = Pair(feed), []
        pair.copy.follow(lambda: None, lambda event, device: counted.append((event.index, device)))
        second.judge(5)
        pair.pulse()
        assert counted == [(5, "bed 2")]

"""The feeds of a ward: whole sound, the right moment, and never a wait."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.audio.sources.array import ArraySource
from monitor.audio.sources.paced import PacedSource
from monitor.runtime.ward.feed import PacedFeed, RingFeed

SOUND = np.arange(1, 1001, dtype=np.float32) / 1000


class BrokenSource(PacedSource):
    """Yields 300 samples in blocks that share one buffer, as a decoder's do, and fails."""

    name, sample_rate, duration_s = "broken", 1000, 1.0

    def blocks(self, block_samples):
        """Yield, then fail."""
        buffer = np.empty(100, np.float32)
        for start in range(0, 300, 100):
            buffer[:] = SOUND[start : start + 100]
            yield buffer
        raise RuntimeError("scripted failure")


def feed_of(source, block_samples=64, now_s=0.0):
    """Return a feed that begins at 10 s."""
    feed = PacedFeed(source, block_samples, lambda: now_s)
    feed.start(10.0)
    return feed


@given(sizes=st.lists(st.integers(1, 400), min_size=1, max_size=30), block_samples=st.integers(1, 500))
def test_the_sound_is_whole_however_it_is_cut(sizes, block_samples):
    """The blocks are those samples in order, each due with its last sample; then comes the end."""
    feed = feed_of(ArraySource(SOUND, 1000, speed=2.0), block_samples)
    taken, end = [], 0
    for size in [*sizes, *[400] * 4]:
        feed.prepare(size)
        read = feed.take()
        if read is None:
            break
        assert read.start_sample == end
        end += len(read.waveform)
        assert feed.due_s == pytest.approx(10.0 + end / 2000)
        taken.append(read.waveform)
    np.testing.assert_array_equal(np.concatenate(taken), SOUND[:end])
    assert end == min(1000, sum(sizes) + 1600)


def test_samples_that_are_no_sound_are_lost():
    """NaN and infinity become zeros and an interval in samples of the source."""
    sound = SOUND.copy()
    sound[[150, 151, 180]] = np.nan, np.inf, -np.inf
    feed = feed_of(ArraySource(sound, 1000, speed=1.0))
    feed.prepare(100)
    feed.take()
    feed.prepare(100)
    read = feed.take()
    assert read.lost == ((150, 152), (180, 181))
    assert read.waveform[50] == read.waveform[51] == read.waveform[80] == 0.0


def test_an_error_comes_after_the_sound_before_it():
    """What a source gave before it failed is taken first."""
    feed = feed_of(BrokenSource())
    taken = []
    for _ in range(2):
        feed.prepare(250)
        taken.append(feed.take().waveform)
    np.testing.assert_array_equal(np.concatenate(taken), SOUND[:300])
    feed.prepare(250)
    with pytest.raises(RuntimeError, match="scripted failure"):
        feed.take()
    assert feed.due_s == pytest.approx(10.3)


def test_what_waits_is_what_sounded_since():
    """It is counted on the clock, and ends where the recording does."""
    feed = feed_of(ArraySource(SOUND, 1000, speed=1.0))
    feed.prepare(200)
    feed.take()
    assert feed.behind(10.1) == 0.0
    assert feed.behind(10.5) == pytest.approx(300.0)
    assert feed.behind(99.0) == pytest.approx(800.0)


def test_without_a_clock_of_its_own_it_is_always_due():
    """A lossless source is due at once, and nothing waits behind it."""
    feed = feed_of(ArraySource(SOUND, 1000))
    feed.prepare(200)
    assert (feed.due_s, feed.behind(99.0)) == (10.0, 0.0)


def test_a_pause_moves_the_schedule():
    """While the source is paused the block is withheld, and due a moment later."""
    source = ArraySource(SOUND, 1000, speed=1.0)
    feed = feed_of(source, now_s=20.0)
    feed.prepare(200)
    source.pause(paused=True)
    assert feed.held_up
    assert feed.due_s == pytest.approx(20.05)
    source.pause(paused=False)
    assert not feed.held_up


def test_a_closed_feed_closes_the_iterator():
    """The source's file is closed where it is read no further."""
    closed = []

    class Watched(BrokenSource):
        def blocks(self, block_samples):
            try:
                yield from super().blocks(block_samples)
            finally:
                closed.append(True)

    feed = feed_of(Watched())
    feed.prepare(50)
    feed.close()
    assert closed == [True]


class TestRing:
    """Sources that write into a ring buffer themselves."""

    @pytest.fixture
    def told(self):
        """Return the moments at which the scheduler was told."""
        return []

    @pytest.fixture
    def now_s(self):
        """Return the time, in a list to change."""
        return [5.0]

    @pytest.fixture
    def feed(self, scripted_source, told, now_s):
        """Return a feed of a live source, started."""
        feed = RingFeed(scripted_source, 1.0, lambda: now_s[0], lambda: told.append(now_s[0]))
        feed.start(0.0)
        return feed

    def test_it_tells_once_when_the_block_is_complete(self, feed, scripted_source, told, now_s):
        """Not before, and not again until the next block is asked for."""
        feed.prepare(1000)
        scripted_source.ring.push(np.zeros(999, np.float32))
        assert (told, feed.due_s) == ([], math.inf)
        now_s[0] = 6.0
        scripted_source.ring.push(np.zeros(1, np.float32))
        now_s[0] = 7.0
        scripted_source.ring.push(np.zeros(400, np.float32))
        assert (told, feed.due_s) == ([6.0], 6.0)
        assert len(feed.take().waveform) == 1000
        assert feed.behind(now_s[0]) == 400

    def test_what_waits_behind_a_block_says_when_it_was_complete(self, feed, scripted_source, now_s):
        """A block that was there before it was asked for is as old as the sound behind it."""
        scripted_source.ring.push(np.zeros(3000, np.float32))
        now_s[0] = 8.0
        feed.prepare(1000)
        feed.take()
        assert feed.complete_s() == pytest.approx(min(5.0, 8.0 - 2000 / 4000))

    def test_a_burst_is_what_the_clock_does_not_explain(self, feed, scripted_source, now_s):
        """Sound that came with the block, not since: it was held up on its way, and no reader was slow."""
        feed.prepare(1000)
        scripted_source.ring.push(np.zeros(1000 + 2000, np.float32))
        feed.take()
        assert feed.burst(now_s[0]) == 2000
        scripted_source.ring.push(np.zeros(800, np.float32))
        now_s[0] += 800 / 4000
        assert feed.burst(now_s[0]) == pytest.approx(2000)
        now_s[0] += 2.0
        assert feed.burst(now_s[0]) == 0.0

    def test_the_end_is_told(self, feed, scripted_source, told):
        """What is left comes first, then None."""
        feed.prepare(1000)
        scripted_source.ring.push(np.zeros(10, np.float32))
        scripted_source.stop()
        assert len(told) == 1
        assert len(feed.take().waveform) == 10
        assert feed.take() is None

    def test_an_error_is_raised_at_the_end(self, feed, scripted_source):
        """After the sound that came before it."""
        feed.prepare(1000)
        scripted_source.failure = RuntimeError("gone")
        scripted_source.ring.push(np.zeros(10, np.float32))
        scripted_source.stop()
        assert len(feed.take().waveform) == 10
        with pytest.raises(RuntimeError, match="gone"):
            feed.take()

    def test_an_overrun_is_counted(self, feed, scripted_source):
        """Sound that was overwritten unread is lost, and told with the block."""
        scripted_source.ring.push(np.zeros(5000, np.float32))
        feed.prepare(1000)
        assert feed.take().lost == ((0, 1000),)
        assert feed.overruns == 1

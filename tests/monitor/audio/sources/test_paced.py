"""The interface of every source, and the pacing of those that run a thread."""

import threading

import numpy as np
import pytest

from monitor.audio.ring_buffer import RingBuffer
from monitor.audio.sources.paced import BLOCK_S, PacedSource, check_speed, split


class FakeClock:
    """Seconds that pass only when a thread sleeps or works."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


class FakeStop(threading.Event):
    """A stop flag whose wait moves a fake clock instead of sleeping."""

    def __init__(self, clock):
        super().__init__()
        self._clock = clock

    def wait(self, timeout=None):
        self._clock.now += timeout
        return self.is_set()


class Tone(PacedSource):
    """A source of `samples` ones; `work` is called before each block."""

    name = "tone"

    def __init__(self, samples, sample_rate=1000, work=None, **settings):
        super().__init__(**settings)
        self.sample_rate = sample_rate
        self.samples = samples
        self.work = work or (lambda: None)
        self.ended = False

    def blocks(self, block_samples):
        try:
            for start in range(0, self.samples, block_samples):
                self.work()
                yield np.ones(min(block_samples, self.samples - start), np.float32)
        finally:
            self.ended = True


class NotingRing(RingBuffer):
    """A ring that records the time of each push."""

    def __init__(self, capacity, clock):
        super().__init__(capacity)
        self.clock = clock
        self.pushes = []

    def push(self, block):
        super().push(block)
        self.pushes.append((self.end_sample, self.clock.now))


def read_all(ring, cursor):
    """Read to the end; return how many samples came and how many were overwritten."""
    came = overwritten = 0
    while (read := cursor.read(100_000, 30.0)) is not None:
        came += len(read.waveform)
        overwritten += sum(end - start for start, end in read.lost)
    return came, overwritten


def paced(samples, speed=1.0, sample_rate=1000, work_s=lambda number: 0.0):
    """Run a source on a fake clock; return the ring and the start time."""
    clock, numbers = FakeClock(), iter(range(10**9))
    ring = NotingRing(16_384 * 4, clock)

    def work():
        clock.now += work_s(next(numbers))

    source = Tone(samples, sample_rate, work, speed=speed, clock=clock, stopping=FakeStop(clock))
    began, cursor = clock.now, ring.cursor()
    source.start(ring)
    read_all(ring, cursor)
    source.close()
    assert source.error is None
    return ring, began


@pytest.mark.parametrize(("speed", "sample_rate"), [(1.0, 4000), (0.25, 1000), (1.0, 11_025), (64.0, 192_000)])
def test_a_block_is_pushed_when_its_last_sample_is_due(speed, sample_rate):
    """Every push happens at its absolute time, to a microsecond."""
    ring, began = paced(5 * sample_rate, speed, sample_rate)
    for end_sample, at in ring.pushes:
        assert at - began == pytest.approx(end_sample / (sample_rate * speed), abs=1e-6)
    assert ring.end_sample == 5 * sample_rate


@pytest.mark.slow
def test_ten_minutes_never_drift():
    """With work of a third of a block before each push, the last block of 10 minutes is still on time."""
    ring, began = paced(600 * 1000, work_s=lambda number: BLOCK_S / 3)
    end_sample, at = ring.pushes[-1]
    assert len(ring.pushes) == 60_000
    assert end_sample == 600_000
    assert at - began == pytest.approx(600.0, abs=1e-6)


def test_a_stall_is_caught_up():
    """After a stall of a second, blocks come at once until the schedule is met again."""
    ring, began = paced(5000, work_s=lambda number: 1.0 if number == 100 else 0.0)
    late = [at - began - end_sample / 1000 for end_sample, at in ring.pushes]
    assert max(late) == pytest.approx(1.0 - BLOCK_S, abs=1e-6)
    assert late[-1] == pytest.approx(0.0, abs=1e-6)
    assert min(late) >= -1e-6


@pytest.mark.parametrize(("speed", "rate", "block"), [(1.0, 4000, 40), (0.25, 1000, 3), (64.0, 192_000, 16_384)])
def test_a_block_is_ten_milliseconds(speed, rate, block):
    """Blocks are short enough that no window is late, and far smaller than the ring."""
    ring, _ = paced(3 * block, speed, rate)
    assert ring.pushes[0][0] == block


def test_a_small_ring_gets_small_blocks():
    """A block is at most half the ring, so that a lossless source works with any ring."""
    ring = RingBuffer(100)
    cursor, source = ring.cursor(), Tone(1000, speed=None)
    source.start(ring)
    assert read_all(ring, cursor) == (1000, 0)
    source.close()
    assert source.error is None


def test_as_fast_as_possible_waits_for_the_reader():
    """Without a speed nothing is overwritten, even if the sound is much longer than the ring."""
    ring = RingBuffer(20_000)
    cursor, source = ring.cursor(), Tone(300_000, speed=None)
    assert source.lossless
    source.start(ring)
    assert read_all(ring, cursor) == (300_000, 0)
    assert ring.overruns == 0
    source.close()


def test_a_paced_source_never_waits_for_the_reader():
    """With a speed, unread samples are overwritten and the source continues to its end."""
    clock = FakeClock()
    ring = RingBuffer(1000)
    cursor, source = ring.cursor(), Tone(5000, speed=1.0, clock=clock, stopping=FakeStop(clock))
    assert not source.lossless
    source.start(ring)
    came, overwritten = read_all(ring, cursor)
    assert came + overwritten == 5000
    source.close()


def test_stop_ends_a_source_that_waits_for_room():
    """A lossless source without an active reader ends when stopped, and its iterator is closed."""
    ring = RingBuffer(100)
    ring.cursor()
    source = Tone(10**9, speed=None)
    source.start(ring)
    source.stop()
    source.stop()
    assert ring.closed
    assert source.ended
    assert source.error is None


def test_stop_ends_a_source_that_waits_for_its_time():
    """A stop takes effect inside the wait for the next block."""
    ring = RingBuffer(100_000)
    with Tone(10**9, sample_rate=1000, speed=0.25) as source:
        source.start(ring)
    assert ring.closed
    assert ring.end_sample < 10**6


def test_stop_before_start_is_safe():
    """A source that was never started can be stopped and closed; started afterwards it gives nothing."""
    source, ring = Tone(100), RingBuffer(100)
    source.stop()
    source.close()
    source.start(ring)
    assert read_all(ring, ring.cursor()) == (0, 0)
    source.stop()


def test_a_second_start_is_refused():
    """A source is played once; a second start raises and changes nothing."""
    source, ring = Tone(10, speed=None), RingBuffer(100)
    cursor = ring.cursor()
    source.start(ring)
    with pytest.raises(ValueError, match="once"):
        source.start(ring)
    assert read_all(ring, cursor) == (10, 0)
    source.close()


def test_an_error_is_stored_and_the_ring_closed():
    """An exception is in `error`; the samples before it are in the ring, which is closed."""
    clock, left = FakeClock(), iter([None, None])

    def work():
        if next(left, "nothing") == "nothing":
            raise OSError("cable pulled")

    ring = RingBuffer(1000)
    cursor, source = ring.cursor(), Tone(500, 1000, work, clock=clock, stopping=FakeStop(clock))
    source.start(ring)
    assert read_all(ring, cursor) == (20, 0)
    source.close()
    assert isinstance(source.error, OSError)
    assert source.ended


def test_an_iterator_that_is_no_generator_is_accepted():
    """Blocks may come from any iterator."""

    class Listed(Tone):
        def blocks(self, block_samples):
            return iter([np.ones(3, np.float32), np.ones(2, np.float32)])

    ring = RingBuffer(100)
    cursor, source = ring.cursor(), Listed(0, speed=None)
    source.start(ring)
    assert read_all(ring, cursor) == (5, 0)
    source.close()


def test_the_thread_has_a_name_and_is_no_daemon():
    """The source's thread can be identified, and the program waits for it."""
    ring, source = RingBuffer(100), Tone(10**9, speed=None)
    ring.cursor()
    source.start(ring)
    threads = [thread for thread in threading.enumerate() if thread.name == "auscult-source"]
    assert [thread.daemon for thread in threads] == [False]
    source.close()
    assert not threads[0].is_alive()


@pytest.mark.parametrize("speed", [None, 0.25, 1, 64.0])
def test_speeds_in_range_are_accepted(speed):
    """From a quarter to 64 times real time, or as fast as possible."""
    assert check_speed(speed) == speed


@pytest.mark.parametrize("speed", [0.0, 0.2, -1.0, 65.0, float("nan"), float("inf")])
def test_speeds_out_of_range_are_refused(speed):
    """Any other speed is a ValueError with its value."""
    with pytest.raises(ValueError, match=r"speed=.* must be from 0\.25 to 64"):
        Tone(1, speed=speed)


@pytest.mark.parametrize(("samples", "sizes"), [(0, []), (3, [3]), (4, [4]), (9, [4, 4, 1])])
def test_a_waveform_is_split_into_blocks(samples, sizes):
    """Every block but the last has the given size, and together they are the waveform."""
    waveform = np.arange(samples, dtype=np.float32)
    blocks = list(split(waveform, 4))
    assert [len(block) for block in blocks] == sizes
    assert np.array_equal(np.concatenate([waveform[:0], *blocks]), waveform)


class Count(PacedSource):
    """A source whose samples are their own indices and that can seek; `before_block` is called before each block."""

    name = "count"
    can_seek = True

    def __init__(self, samples, before_block, **settings):
        super().__init__(**settings)
        self.sample_rate = 1000
        self.duration_s = samples / 1000
        self.samples = samples
        self.before_block = before_block

    def blocks(self, block_samples):
        return self.blocks_from(0, block_samples)

    def blocks_from(self, start_sample, block_samples):
        for start in range(start_sample, self.samples, block_samples):
            self.before_block(self, start)
            yield np.arange(start, min(start + block_samples, self.samples), dtype=np.float32) / 1e5


def all_of(ring):
    """Return all samples of a ring as integers, and the lost intervals."""
    read = ring.cursor().read(ring.capacity, 0.0)
    return np.round(read.waveform * 1e5).astype(int).tolist(), read.lost


def test_a_seek_continues_elsewhere_and_is_a_gap():
    """The samples played before stay, one lost sample marks the jump, and the position shifts."""
    asked = []

    def before_block(source, start):
        if start == 200 and not asked:
            asked.append(start)
            source.seek(0.7)

    clock = FakeClock()
    source = Count(1000, before_block, clock=clock, stopping=FakeStop(clock))
    ring = RingBuffer(2000)
    source._run(ring)
    samples, lost = all_of(ring)
    assert samples == [*range(200), 0, *range(700, 1000)]
    assert lost == ((200, 201),)
    assert source.shift_s(0.1) == 0.0
    assert source.shift_s(0.3) == pytest.approx(0.499)


def test_a_seek_backwards_plays_again():
    """The same sound comes twice."""
    asked = []

    def before_block(source, start):
        if start == 500 and not asked:
            asked.append(start)
            source.seek(0.1)

    source = Count(600, before_block, speed=None)
    ring = RingBuffer(40_000)
    source._push_all(ring)
    samples, lost = all_of(ring)
    assert samples[-500:] == [*range(100, 600)]
    assert len(lost) == len(asked)


@pytest.mark.parametrize(("position_s", "place"), [(-5.0, 0), (99.0, 1000)])
def test_a_seek_is_clipped_to_the_sound(position_s, place):
    """Before the beginning means the beginning, after the end means the end."""
    source = Count(1000, lambda source, start: None)
    source.seek(position_s)
    ring = RingBuffer(3000)
    source._push_all(ring)
    samples, _ = all_of(ring)
    assert samples == [0, *range(place, 1000)]


def test_a_pause_stops_sound_and_schedule():
    """Nothing is pushed during the pause, and nothing is caught up afterwards."""
    clock = FakeClock()

    class Ending(FakeStop):
        """Ends the pause of the source after its tenth wait."""

        waits = 0

        def wait(self, timeout=None):
            if source._paused.is_set():
                self.waits += 1
                if self.waits == 10:
                    source.pause(paused=False)
            return super().wait(timeout)

    def before_block(source, start):
        if start == 500:
            source.pause(paused=True)

    stopping = Ending(clock)
    source = Count(1000, before_block, clock=clock, stopping=stopping)
    ring = NotingRing(2000, clock)
    source._run(ring)
    assert stopping.waits == 10
    assert ring.end_sample == 1000
    assert clock.now == pytest.approx(1000.0 + 1.0 + 10 * 0.05)


def test_a_source_that_cannot_seek_stays_where_it_is():
    """Seeking has no effect, and another start is refused."""
    source = Tone(100)
    source.seek(0.05)
    ring = RingBuffer(1000)
    source._push_all(ring)
    assert ring.end_sample == 100
    with pytest.raises(ValueError, match="cannot seek"):
        source.blocks_from(5, 10)
    assert source.can_pause
    assert not source.can_seek


def test_a_paced_source_says_whether_it_is_paused():
    """The player stays silent without counting that as an underrun."""
    tone = Tone(10)
    assert not tone.paused
    tone.pause(paused=True)
    assert tone.paused
    tone.pause(paused=False)
    assert not tone.paused
    assert tone.latency_s == 0.0


class CountingStop(FakeStop):
    """Counts how often the source sleeps."""

    sleeps = 0

    def wait(self, timeout=None):
        self.sleeps += 1
        return super().wait(timeout)


class HopRing(NotingRing):
    """A ring with one reader that waits for the next multiple of a hop, as a classifier does."""

    def __init__(self, capacity, clock, hop):
        super().__init__(capacity, clock)
        self.hop = hop
        self.reader = self.cursor()
        self.reader.awaits = hop

    def push(self, block):
        super().push(block)
        self.reader.next_sample = self.end_sample
        self.reader.awaits = (self.end_sample // self.hop + 1) * self.hop


class TestHeldBlocks:
    """Blocks that nobody waits for yet are held, and pushed with the first that somebody waits for."""

    def played(self, hop, samples=5000, sample_rate=1000):
        """Return the ring, the number of sleeps and the start time of a source with a reader that wakes at hops."""
        clock = FakeClock()
        ring, stopping = HopRing(100_000, clock, hop), CountingStop(clock)
        source, began = Tone(samples, sample_rate, clock=clock, stopping=stopping), clock.now
        source._push_all(ring)
        assert ring.end_sample == samples
        return ring, stopping.sleeps, began

    def test_the_source_wakes_once_a_hop(self):
        """For a reader of half seconds it sleeps ten times in 5 s; for one of any sample five hundred times."""
        assert self.played(hop=500)[1] == 10
        assert self.played(hop=1)[1] == 500

    def test_what_is_awaited_is_not_late(self):
        """The block with the sample that the reader waits for is pushed when its last sample is due, no earlier."""
        ring, _, began = self.played(hop=333)
        at = {end_sample: time - began for end_sample, time in ring.pushes}
        for hop in range(333, 5000, 333):
            block_end = -(-hop // 10) * 10
            assert at[block_end] == pytest.approx(block_end / 1000, abs=1e-6)

    def test_no_longer_than_half_a_second(self):
        """A reader that waits for two seconds still gives the others sound twice a second."""
        ring, sleeps, _ = self.played(hop=2000)
        assert sleeps == 10
        assert {round(time, 3) % 0.5 for _, time in ring.pushes} == {0.0}

    def test_another_reader_gets_every_block(self):
        """One that waits for any sample, a player or a recorder, gets blocks of 10 ms."""
        clock = FakeClock()
        ring, stopping = HopRing(100_000, clock, 500), CountingStop(clock)
        eager = ring.cursor()
        Tone(1000, clock=clock, stopping=stopping)._push_all(ring)
        assert stopping.sleeps == 100
        assert eager.behind == 1000

    def test_a_stop_ends_the_wait(self):
        """A source that is stopped while it holds blocks pushes none of them."""
        clock = FakeClock()
        ring, stopping = HopRing(100_000, clock, 500), CountingStop(clock)
        stopping.set()
        Tone(1000, clock=clock, stopping=stopping)._push_all(ring)
        assert ring.end_sample == 0


class TestLead:
    """The sound before the target of a seek is delivered at once."""

    def played(self, target_s, lead_s, capacity=4000):
        """Return what comes of a source that seeks after 200 samples, and the source and its clock."""
        asked = []

        def before_block(source, start):
            if start >= 200 and not asked:
                asked.append(start)
                source.seek(target_s)

        clock = FakeClock()
        source = Count(1000, before_block, clock=clock, stopping=FakeStop(clock))
        source.lead_s = lead_s
        ring = RingBuffer(capacity)
        source._run(ring)
        return all_of(ring), source, clock

    def test_the_sound_goes_on_behind_it_in_time(self):
        """It takes no time, and the position behind it is the target."""
        (samples, lost), source, clock = self.played(0.7, 0.3)
        assert samples == [*range(200), 0, *range(400, 1000)]
        assert lost == ((200, 201),)
        assert source.jumps == ((201, 501),)
        assert source.shift_s(0.501) + 0.501 == pytest.approx(0.7)
        assert clock() - 1000.0 == pytest.approx(0.5, abs=0.02)

    def test_there_is_no_more_than_the_recording_has(self):
        """Near the beginning it is shorter."""
        (samples, _), source, _ = self.played(0.1, 0.3)
        assert samples == [*range(200), 0, *range(1000)]
        assert source.jumps == ((201, 301),)

    def test_it_fills_at_most_half_of_the_ring(self):
        """Who reads keeps the rest."""
        _, source, _ = self.played(0.9, 0.8, capacity=1000)
        assert source.jumps == ((201, 701),)

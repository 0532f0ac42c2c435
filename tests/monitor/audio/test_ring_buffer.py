"""The ring buffer: one writer, several readers, absolute positions."""

import threading
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.audio import ring_buffer
from monitor.audio.ring_buffer import WAIT_S, Read, RingBuffer


def ramp(start, end):
    """Samples whose value is their own index."""
    return np.arange(start, end, dtype=np.float32)


def test_a_read_gives_what_was_pushed():
    """Samples come out once, at the positions where they were pushed."""
    ring = RingBuffer(100)
    cursor = ring.cursor()
    ring.push(ramp(0, 30))
    read = cursor.read(20, 0.0)
    assert (read.start_sample, read.end_sample, read.lost, read.overrun) == (0, 20, (), False)
    np.testing.assert_array_equal(read.waveform, ramp(0, 20))
    assert read.waveform.dtype == np.float32
    np.testing.assert_array_equal(cursor.read(20, 0.0).waveform, ramp(20, 30))


def test_a_read_is_a_copy():
    """A read does not change when the ring is overwritten."""
    ring = RingBuffer(10)
    cursor = ring.cursor()
    ring.push(ramp(0, 10))
    read = cursor.read(10, 0.0)
    ring.push(ramp(10, 20))
    np.testing.assert_array_equal(read.waveform, ramp(0, 10))


def test_nothing_in_time_is_an_empty_read():
    """A timeout gives no samples, no loss, and the position of the next sample."""
    ring = RingBuffer(10)
    cursor = ring.cursor()
    ring.push(ramp(0, 4))
    cursor.read(10, 0.0)
    read = cursor.read(10, 0.001)
    assert (read.start_sample, len(read.waveform), read.lost, read.overrun) == (4, 0, (), False)


def test_a_closed_ring_is_read_to_its_end():
    """After closing, the remaining samples are still read; then None, every time."""
    ring = RingBuffer(10)
    cursor = ring.cursor()
    ring.push(ramp(0, 4))
    ring.close()
    ring.close()
    assert ring.closed
    assert len(cursor.read(3, 0.0).waveform) == 3
    assert len(cursor.read(3, 0.0).waveform) == 1
    assert cursor.read(3, 3600.0) is None
    assert cursor.read(3, 3600.0) is None


def test_cursors_are_independent():
    """Each reader has its own position, and a new one starts at the oldest stored sample."""
    ring = RingBuffer(10)
    first = ring.cursor()
    ring.push(ramp(0, 8))
    first.read(8, 0.0)
    ring.push(ramp(8, 14))
    late = ring.cursor()
    assert (first.next_sample, first.behind) == (8, 6)
    assert (late.next_sample, late.behind) == (4, 10)
    np.testing.assert_array_equal(late.read(99, 0.0).waveform, ramp(4, 14))
    assert late.behind == 0


def test_an_overrun_is_reported():
    """A reader that was overtaken gets the oldest stored sample and the lost interval, and one overrun is counted."""
    ring = RingBuffer(10)
    cursor = ring.cursor()
    ring.push(ramp(0, 5))
    cursor.read(3, 0.0)
    ring.push(ramp(5, 25))
    assert cursor.behind == 22
    read = cursor.read(4, 0.0)
    assert (read.start_sample, read.lost, read.overrun) == (15, ((3, 15),), True)
    np.testing.assert_array_equal(read.waveform, ramp(15, 19))
    assert ring.overruns == 1
    assert not cursor.read(99, 0.0).overrun
    assert ring.overruns == 1


def test_overruns_of_all_readers_are_counted():
    """The ring counts the overruns of every reader, closed ones included."""
    ring = RingBuffer(4)
    cursors = [ring.cursor(), ring.cursor()]
    ring.push(ramp(0, 6))
    for cursor in cursors:
        cursor.read(9, 0.0)
        cursor.close()
    assert ring.overruns == 2


def test_lost_samples_are_reported_with_their_read():
    """A loss is split at the edges of the reads, so every lost sample is reported once."""
    ring = RingBuffer(100)
    cursor = ring.cursor()
    ring.push(ramp(0, 4))
    ring.push_lost(6)
    ring.push(np.array([np.nan, 1.0], np.float32))
    first, second = cursor.read(7, 0.0), cursor.read(99, 0.0)
    assert first.lost == ((4, 7),)
    assert second.lost == ((7, 11),)
    np.testing.assert_array_equal(second.waveform, [0, 0, 0, 0, 1])


def test_overwritten_and_lost_intervals_that_touch_are_merged():
    """A loss right after overwritten samples is part of the same interval."""
    ring = RingBuffer(10)
    cursor = ring.cursor()
    ring.push(ramp(0, 8))
    ring.push_lost(4)
    ring.push(ramp(12, 19))
    read = cursor.read(99, 0.0)
    assert read.start_sample == 9
    assert read.lost == ((0, 12),)
    assert read.overrun


def test_a_block_longer_than_the_ring_leaves_its_end():
    """Of a block larger than the ring, the newest samples are stored and the rest counts as overwritten."""
    ring = RingBuffer(10)
    cursor = ring.cursor()
    ring.push(ramp(0, 37))
    read = cursor.read(99, 0.0)
    assert (read.start_sample, read.lost) == (27, ((0, 27),))
    np.testing.assert_array_equal(read.waveform, ramp(27, 37))


def test_a_loss_of_no_samples():
    """A loss of no samples changes nothing."""
    ring = RingBuffer(10)
    ring.push_lost(0)
    assert ring.end_sample == 0
    assert ring.cursor().read(1, 0.0).lost == ()


def test_lost_samples_that_are_overwritten_are_no_overrun():
    """A loss longer than the ring is reported in full, and nothing was overwritten that anyone could have read."""
    ring = RingBuffer(10)
    cursor = ring.cursor()
    ring.push(ramp(0, 4))
    cursor.read(10, 0.0)
    ring.push_lost(1000)
    read = cursor.read(10, 0.0)
    assert (read.start_sample, read.end_sample, read.lost, read.overrun) == (994, 1004, ((4, 1004),), False)
    assert ring.overruns == 0


def test_the_first_unread_sample_is_that_of_the_slowest_open_cursor():
    """Without cursors it is the end."""
    ring = RingBuffer(10)
    ring.push(ramp(0, 6))
    assert ring.first_unread == 6
    slow, fast = ring.cursor(), ring.cursor()
    fast.read(4, 0.0)
    assert ring.first_unread == 0
    slow.close()
    assert ring.first_unread == 4


@given(st.data())
def test_every_position_is_reported_exactly_once(data):
    """In any order of pushes, losses and reads, each position comes once, as a sample or as overwritten."""
    ring = RingBuffer(data.draw(st.integers(1, 50)))
    cursor, position, lost_upstream, reads = ring.cursor(), 0, set(), []
    for _ in range(data.draw(st.integers(1, 25))):
        step, size = data.draw(st.sampled_from(["push", "lost", "read"])), data.draw(st.integers(0, 70))
        if step == "push":
            ring.push(ramp(ring.end_sample, ring.end_sample + size))
        elif step == "lost":
            lost_upstream.update(range(ring.end_sample, ring.end_sample + size))
            ring.push_lost(size)
        else:
            reads.append(cursor.read(size + 1, 0.0))
    ring.close()
    while (read := cursor.read(17, 0.0)) is not None:
        reads.append(read)
    for read in reads:
        reported = {sample for start, end in read.lost for sample in range(start, end)}
        inside = range(read.start_sample, read.end_sample)
        assert reported == set(range(position, read.start_sample)) | (lost_upstream & set(inside))
        overwritten = set(range(position, read.start_sample))
        assert overwritten if read.overrun else overwritten <= lost_upstream
        expected = [0.0 if sample in lost_upstream else sample for sample in inside]
        np.testing.assert_array_equal(read.waveform, expected)
        position = read.end_sample
    assert position == ring.end_sample
    assert ring.overruns == sum(read.overrun for read in reads)


@pytest.mark.parametrize(("pushed", "start"), [(6, 6), (9, 9), (3, 3)])
def test_samples_overwritten_during_the_copy_are_cut_off(monkeypatch, pushed, start):
    """Samples that the writer may have overwritten during the copy are reported as lost."""
    ring = RingBuffer(10)
    cursor = ring.cursor()
    ring.push(ramp(0, 10))
    copy = ring.store.copy

    def copy_while_the_writer_goes_on(first, last):
        monkeypatch.setattr(ring.store, "copy", copy)
        waveform = copy(first, last)
        ring.push(ramp(10, 10 + pushed))
        return waveform

    monkeypatch.setattr(ring.store, "copy", copy_while_the_writer_goes_on)
    read = cursor.read(99, 0.0)
    assert (read.start_sample, read.end_sample) == (start, 10)
    assert (read.lost, read.overrun, ring.overruns) == (((0, start),), True, 1)
    np.testing.assert_array_equal(read.waveform, ramp(start, 10))


def test_a_fully_overwritten_copy_is_repeated(monkeypatch):
    """When the whole copy was overwritten, the reader waits and reads the newer samples."""
    ring = RingBuffer(10)
    cursor = ring.cursor()
    ring.push(ramp(0, 10))
    copy = ring.store.copy

    def copy_while_the_writer_laps(first, last):
        monkeypatch.setattr(ring.store, "copy", copy)
        ring.push(ramp(10, 25))
        return copy(first, last)

    monkeypatch.setattr(ring.store, "copy", copy_while_the_writer_laps)
    read = cursor.read(99, 30.0)
    assert (read.start_sample, read.lost) == (15, ((0, 15),))
    np.testing.assert_array_equal(read.waveform, ramp(15, 25))


def test_a_fast_writer_never_gives_torn_samples():
    """With a writer that never waits and small blocks, every sample read is at its position."""
    ring = RingBuffer(2000)
    cursor = ring.cursor()

    def write():
        for start in range(0, 1_000_000, 500):
            ring.push(ramp(start, start + 500))
        ring.close()

    writer = threading.Thread(target=write)
    writer.start()
    position = 0
    while (read := cursor.read(1999, 30.0)) is not None:
        np.testing.assert_array_equal(read.waveform, ramp(read.start_sample, read.end_sample))
        assert read.lost == (((position, read.start_sample),) if read.overrun else ())
        position = read.end_sample
    writer.join(timeout=30.0)
    assert position == 1_000_000


def test_a_lossless_writer_loses_nothing():
    """A writer that waits for room is never ahead of the slowest reader by more than the ring."""
    ring, stopping = RingBuffer(64), threading.Event()
    cursors = [ring.cursor(), ring.cursor()]
    received = [[], []]

    def write():
        for start in range(0, 3000, 30):
            ring.wait_for_room(30, stopping)
            ring.push(ramp(start, start + 30))
        ring.close()

    def read_all(index):
        while (read := cursors[index].read(7 + 20 * index, 30.0)) is not None:
            received[index].append(read)

    threads = [threading.Thread(target=write), *(threading.Thread(target=read_all, args=(index,)) for index in (0, 1))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60.0)
    for reads in received:
        np.testing.assert_array_equal(np.concatenate([read.waveform for read in reads]), ramp(0, 3000))
    assert ring.overruns == 0


def test_room_depends_on_open_cursors_only():
    """A full ring has room again once the reader that held it back is closed; twice is safe."""
    ring, stopped = RingBuffer(10), threading.Event()
    cursor = ring.cursor()
    ring.push(ramp(0, 10))
    cursor.close()
    cursor.close()
    assert ring.wait_for_room(10, stopped)


def test_waiting_for_room_ends_when_stopped():
    """A stop ends the wait, whether there is room or not."""
    ring, stopped = RingBuffer(10), threading.Event()
    ring.cursor()
    ring.push(ramp(0, 10))
    stopped.set()
    assert not ring.wait_for_room(1, stopped)

    late = threading.Event()
    answers = []
    waiter = threading.Thread(target=lambda: answers.append(ring.wait_for_room(1, late)))
    waiter.start()
    late.set()
    waiter.join(timeout=30.0)
    assert answers == [False]


def test_more_than_the_capacity_is_refused():
    """Waiting for more room than the capacity is a ValueError, not an endless wait."""
    with pytest.raises(ValueError, match="samples=11 must be at most capacity=10"):
        RingBuffer(10).wait_for_room(11, threading.Event())


def test_a_waiting_reader_is_woken_by_a_push_and_by_the_close():
    """A reader that waits an hour gets the block when it is pushed, and the end when it is closed."""
    ring = RingBuffer(10)
    cursor, reads = ring.cursor(), []

    def read_all():
        while (read := cursor.read(10, 3600.0)) is not None:
            reads.append(read)

    reader = threading.Thread(target=read_all)
    reader.start()
    ring.push(ramp(0, 3))
    ring.close()
    reader.join(timeout=30.0)
    assert not reader.is_alive()
    np.testing.assert_array_equal(np.concatenate([read.waveform for read in reads]), ramp(0, 3))


def test_the_close_wakes_every_reader(monkeypatch):
    """A reader that sleeps is notified, and does not sleep until its wait is over."""
    ring = RingBuffer(10)
    cursors, notified = [ring.cursor(), ring.cursor()], []
    for cursor in cursors:
        monkeypatch.setattr(cursor, "wakeup", SimpleNamespace(notify=lambda cursor=cursor: notified.append(cursor)))
    ring.close()
    assert notified == cursors


def test_an_empty_push_ends_no_wait():
    """A block without samples does not end a read before the timeout."""
    ring = RingBuffer(10)
    cursor = ring.cursor()
    ring.push(ramp(0, 0))
    assert len(cursor.read(10, 0.001).waveform) == 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda ring: RingBuffer(0), "capacity=0"),
        (lambda ring: ring.push(np.zeros((3, 2), np.float32)), r"block.shape=\(3, 2\)"),
        (lambda ring: ring.push_lost(-1), "samples=-1"),
        (lambda ring: ring.cursor().read(0, 0.0), "max_samples=0"),
        (lambda ring: ring.cursor().read(1, -1.0), "timeout_s=-1"),
        (lambda ring: ring.cursor().read(1, float("inf")), "timeout_s=inf"),
        (lambda ring: ring.cursor().read(1, float("nan")), "timeout_s=nan"),
    ],
)
def test_arguments_out_of_range(call, message):
    """A wrong argument is a ValueError with its name and value."""
    with pytest.raises(ValueError, match=message):
        call(RingBuffer(10))


def test_writing_after_the_end_is_refused():
    """A closed ring accepts neither samples nor losses, so the end stays the end."""
    ring = RingBuffer(10)
    ring.close()
    with pytest.raises(ValueError, match="open"):
        ring.push(ramp(0, 1))
    with pytest.raises(ValueError, match="open"):
        ring.push_lost(1)
    assert ring.end_sample == 0


def test_a_read_is_frozen():
    """An object that crosses threads cannot be changed."""
    read = Read(3, ramp(0, 2))
    with pytest.raises(AttributeError):
        read.start_sample = 4
    assert read.end_sample == 5


def test_only_a_read_that_makes_room_wakes_the_writer():
    """A writer that waits for half the ring is woken by the read that makes the room, not by earlier ones."""
    ring = RingBuffer(100)
    cursor = ring.cursor()
    ring.push(np.zeros(100, np.float32))
    stopped = threading.Event()
    stopped.set()
    ring.wait_for_room(50, stopped)  # says what it needs, and gives up
    notified = []
    ring.room.notify = lambda: notified.append(cursor.next_sample)
    for _ in range(10):
        cursor.read(10, 0.0)
    assert notified == [50, 60, 70, 80, 90, 100]


class AsksTwice:
    """An event that is set the second time it is asked, for a wait that would not end by itself."""

    def __init__(self):
        self.asked = 0

    def is_set(self):
        """Return whether it was asked before."""
        self.asked += 1
        return self.asked > 1


@pytest.mark.parametrize(("read", "wanted", "room"), [(3, 3, True), (3, 4, False), (0, 0, True), (0, 1, False)])
def test_there_is_room_for_what_was_read(monkeypatch, read, wanted, room):
    """A full ring has room for as many samples as the slowest reader has read, and waits for one more."""
    ring, waits = RingBuffer(10), []
    slow, fast = ring.cursor(), ring.cursor()
    ring.push(ramp(0, 10))
    fast.read(10, 0.0)
    if read:
        slow.read(read, 0.0)
    monkeypatch.setattr(ring, "room", SimpleNamespace(wait=waits.append, notify=list))
    assert ring.wait_for_room(wanted, AsksTwice()) == room
    assert waits == ([] if room else [WAIT_S])


def test_without_readers_there_is_always_room():
    """Nothing holds the writer back."""
    ring = RingBuffer(10)
    ring.push(ramp(0, 25))
    assert ring.wait_for_room(10, AsksTwice())


def test_a_wait_ends_at_its_timeout_and_never_sleeps_long(monkeypatch):
    """Two and a half seconds are slept in pieces of a second at most, and then there is nothing."""
    now, sleeps = [100.0], []

    def sleep(seconds):
        sleeps.append(seconds)
        now[0] += seconds

    monkeypatch.setattr(ring_buffer, "time", SimpleNamespace(monotonic=lambda: now[0]))
    cursor = RingBuffer(10).cursor()
    monkeypatch.setattr(cursor, "wakeup", SimpleNamespace(wait=sleep))
    read = cursor.read(5, 2.5)
    assert sleeps == [1.0, 1.0, 0.5]
    assert (read.start_sample, read.end_sample, read.waveform.dtype) == (0, 0, np.float32)


def test_every_reader_is_woken_by_sound_and_by_its_loss(monkeypatch):
    """A loss of no samples wakes nobody."""
    ring, woken = RingBuffer(10), []
    for name in "ab":
        monkeypatch.setattr(ring.cursor(), "wakeup", SimpleNamespace(notify=lambda name=name: woken.append(name)))
    ring.push(ramp(0, 1))
    ring.push_lost(0)
    assert woken == ["a", "b"]
    ring.push_lost(1)
    assert woken == ["a", "b", "a", "b"]


def test_a_reader_that_is_closed_wakes_the_writer_and_is_not_woken(monkeypatch):
    """It may have been the one that held the writer back; the others stay."""
    ring, woken, notified = RingBuffer(10), [], []
    first, second = ring.cursor(), ring.cursor()
    for name, cursor in (("first", first), ("second", second)):
        monkeypatch.setattr(cursor, "wakeup", SimpleNamespace(notify=lambda name=name: woken.append(name)))
    monkeypatch.setattr(ring, "room", SimpleNamespace(notify=lambda: notified.append("room")))
    first.close()
    ring.push(ramp(0, 1))
    assert (woken, notified) == (["second"], ["room"])


def test_properties_of_a_new_ring():
    """Empty, open, nothing overrun."""
    ring = RingBuffer(10)
    assert (ring.capacity, ring.end_sample, ring.oldest_sample, ring.overruns) == (10, 0, 0, 0)
    assert ring.closed is False
    assert ring.room_from == 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda ring: ring.push(np.zeros((3, 2), np.float32)), r"^block\.shape=\(3, 2\) must be \(samples,\), mono$"),
        (lambda ring: ring.push_lost(-1), "^samples=-1 must not be negative$"),
        (lambda ring: ring.cursor().read(0, 0.0), "^max_samples=0 must be at least 1$"),
        (lambda ring: ring.cursor().read(1, -1.0), "^timeout_s=-1.0 must be finite and not negative$"),
        (lambda ring: (ring.close(), ring.push(ramp(0, 1))), "^ring must be open to be written$"),
    ],
)
def test_messages(call, message):
    """They name the value and the rule."""
    with pytest.raises(ValueError, match=message):
        call(RingBuffer(10))


def test_one_sample_can_be_read_at_a_time():
    """The smallest read."""
    ring = RingBuffer(10)
    cursor = ring.cursor()
    ring.push(ramp(0, 2))
    assert [cursor.read(1, 0.0).end_sample for _ in range(2)] == [1, 2]


def test_losses_that_touch_the_cut_are_cut_with_it(monkeypatch):
    """Of an interval that was lost upstream and partly overwritten during the copy, no sample is told twice."""
    ring = RingBuffer(10)
    cursor = ring.cursor()
    ring.push(ramp(0, 2))
    ring.push_lost(3)
    ring.push(ramp(5, 7))
    ring.push_lost(1)
    ring.push(ramp(8, 10))
    copy = ring.store.copy

    def copy_while_the_writer_goes_on(first, last):
        monkeypatch.setattr(ring.store, "copy", copy)
        waveform = copy(first, last)
        ring.push(ramp(10, 14))
        return waveform

    monkeypatch.setattr(ring.store, "copy", copy_while_the_writer_goes_on)
    read = cursor.read(99, 0.0)
    assert (read.start_sample, read.lost) == (4, ((0, 5), (7, 8)))


def test_a_cursor_that_follows_holds_back_no_writer():
    """No writer waits for it, and what it misses is no overrun; it still learns what it missed."""
    ring = RingBuffer(10)
    follower, reader = ring.cursor(follows=True), ring.cursor()
    ring.push(np.zeros(10, np.float32))
    reader.read(10, 0.0)
    assert ring.wait_for_room(10, threading.Event())
    ring.push(np.ones(10, np.float32))
    read = follower.read(20, 0.0)
    assert (read.start_sample, read.lost, read.overrun) == (10, ((0, 10),), True)
    assert ring.overruns == 0
    assert ring.first_unread == 10


class TestEnough:
    """A reader that waits for a number of samples sleeps until they are there."""

    def test_it_is_woken_once(self):
        """Of ten pushes only the one that completes what is waited for notifies; a reader of any sample hears each."""
        ring = RingBuffer(1000)
        patient, eager = ring.cursor(), ring.cursor()
        patient.read(100, 0.0, min_samples=95)
        notified = {"patient": [], "eager": []}
        patient.wakeup.notify = lambda: notified["patient"].append(ring.end_sample)
        eager.wakeup.notify = lambda: notified["eager"].append(ring.end_sample)
        for begin in range(0, 100, 10):
            ring.push(ramp(begin, begin + 10))
        assert notified == {"patient": [100], "eager": list(range(10, 101, 10))}

    def test_it_gets_them_together(self):
        """A thread that waits for 95 samples gets the hundred that are there when it wakes."""
        ring, reads = RingBuffer(1000), []
        cursor = ring.cursor()
        thread = threading.Thread(target=lambda: reads.append(cursor.read(1000, 30.0, min_samples=95)))
        thread.start()
        for begin in range(0, 100, 10):
            ring.push(ramp(begin, begin + 10))
        thread.join(timeout=30.0)
        assert len(reads[0].waveform) == 100

    def test_in_time_or_at_the_end_it_gets_fewer(self):
        """What is there when the time is over or the ring is closed, and None after that."""
        ring = RingBuffer(1000)
        cursor = ring.cursor()
        ring.push(ramp(0, 10))
        assert len(cursor.read(100, 0.0, min_samples=20).waveform) == 10
        ring.push(ramp(10, 15))
        ring.close()
        assert len(cursor.read(100, 30.0, min_samples=20).waveform) == 5
        assert cursor.read(100, 30.0, min_samples=20) is None

    def test_no_more_than_half_the_ring_is_waited_for(self):
        """A reader that asks for more than fits would wait until samples are overwritten."""
        ring = RingBuffer(100)
        cursor = ring.cursor()
        ring.push(ramp(0, 50))
        assert len(cursor.read(1000, 30.0, min_samples=1000).waveform) == 50

    def test_what_is_awaited(self):
        """The ring says at which sample the first of its readers is content; without readers it is the next."""
        ring = RingBuffer(1000)
        assert ring.awaited_sample == 1
        one, other = ring.cursor(), ring.cursor()
        assert ring.awaited_sample == 1
        one.read(100, 0.0, min_samples=30)
        other.read(100, 0.0, min_samples=20)
        assert ring.awaited_sample == 20
        other.close()
        assert ring.awaited_sample == 30

    @pytest.mark.parametrize("wanted", [0, 11])
    def test_refuses_what_no_read_could_give(self, wanted):
        """The least number is from 1 to the largest one."""
        with pytest.raises(ValueError, match=f"min_samples={wanted} must be from 1 to max_samples=10"):
            RingBuffer(100).cursor().read(10, 0.0, min_samples=wanted)

    def test_woken_it_waits_no_more(self):
        """After :meth:`Cursor.wake` every read returns at once, with what there is."""
        ring = RingBuffer(100)
        cursor = ring.cursor()
        cursor.wake()
        assert len(cursor.read(10, 3600.0).waveform) == 0
        ring.push(ramp(0, 5))
        assert len(cursor.read(10, 3600.0, min_samples=10).waveform) == 5

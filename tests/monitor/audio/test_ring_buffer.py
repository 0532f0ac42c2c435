"""The ring: one writer, several readers, absolute positions."""

import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.audio.ring_buffer import Read, RingBuffer


def ramp(start, end):
    """Samples whose value is their own position."""
    return np.arange(start, end, dtype=np.float32)


def test_a_read_gives_what_was_pushed():
    """Samples come out at the positions where they went in, once."""
    ring = RingBuffer(100)
    cursor = ring.cursor()
    ring.push(ramp(0, 30))
    read = cursor.read(20, 0.0)
    assert (read.start_sample, read.end_sample, read.lost, read.overrun) == (0, 20, (), False)
    np.testing.assert_array_equal(read.waveform, ramp(0, 20))
    assert read.waveform.dtype == np.float32
    np.testing.assert_array_equal(cursor.read(20, 0.0).waveform, ramp(20, 30))


def test_a_read_is_a_copy():
    """What was read does not change when the ring comes round."""
    ring = RingBuffer(10)
    cursor = ring.cursor()
    ring.push(ramp(0, 10))
    read = cursor.read(10, 0.0)
    ring.push(ramp(10, 20))
    np.testing.assert_array_equal(read.waveform, ramp(0, 10))


def test_nothing_in_time_is_an_empty_read():
    """A timeout gives no samples, no loss, and the position where the next will stand."""
    ring = RingBuffer(10)
    cursor = ring.cursor()
    ring.push(ramp(0, 4))
    cursor.read(10, 0.0)
    read = cursor.read(10, 0.001)
    assert (read.start_sample, len(read.waveform), read.lost, read.overrun) == (4, 0, (), False)


def test_a_closed_ring_is_read_to_its_end():
    """After closing, what was pushed is still given; then None, again and again."""
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


def test_cursors_are_apart():
    """Each reader has its own place, and a late one starts at the oldest sample held."""
    ring = RingBuffer(10)
    ectopic = ring.cursor()
    ring.push(ramp(0, 8))
    ectopic.read(8, 0.0)
    ring.push(ramp(8, 14))
    late = ring.cursor()
    assert (ectopic.next_sample, ectopic.behind) == (8, 6)
    assert (late.next_sample, late.behind) == (4, 10)
    np.testing.assert_array_equal(late.read(99, 0.0).waveform, ramp(4, 14))
    assert late.behind == 0


def test_an_overtaken_reader_is_told():
    """A reader that was overtaken gets the oldest sample held, the interval it lost, and one overrun is counted."""
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
    """The ring counts each reader's overruns, closed readers' too."""
    ring = RingBuffer(4)
    cursors = [ring.cursor(), ring.cursor()]
    ring.push(ramp(0, 6))
    for cursor in cursors:
        cursor.read(9, 0.0)
        cursor.close()
    assert ring.overruns == 2


def test_lost_samples_are_told_with_the_read_that_holds_them():
    """A loss is cut at the edges of the reads, so every lost sample is told once."""
    ring = RingBuffer(100)
    cursor = ring.cursor()
    ring.push(ramp(0, 4))
    ring.push_lost(6)
    ring.push(np.array([np.nan, 1.0], np.float32))
    first, second = cursor.read(7, 0.0), cursor.read(99, 0.0)
    assert first.lost == ((4, 7),)
    assert second.lost == ((7, 11),)
    np.testing.assert_array_equal(second.waveform, [0, 0, 0, 0, 1])


def test_overwritten_and_lost_that_touch_are_one_interval():
    """A loss right behind what was overwritten joins it."""
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
    """Of a block that does not fit, the newest samples are held and the rest counts as overwritten."""
    ring = RingBuffer(10)
    cursor = ring.cursor()
    ring.push(ramp(0, 37))
    read = cursor.read(99, 0.0)
    assert (read.start_sample, read.lost) == (27, ((0, 27),))
    np.testing.assert_array_equal(read.waveform, ramp(27, 37))


def test_nothing_lost_is_nothing():
    """A loss of no samples changes nothing."""
    ring = RingBuffer(10)
    ring.push_lost(0)
    assert ring.end_sample == 0
    assert ring.cursor().read(1, 0.0).lost == ()


@given(st.data())
def test_every_position_is_told_exactly_once(data):
    """Whatever is pushed, lost and read in any order, each position comes as a sample or as overwritten, in order."""
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
        told = {sample for start, end in read.lost for sample in range(start, end)}
        inside = range(read.start_sample, read.end_sample)
        assert told == set(range(position, read.start_sample)) | (lost_upstream & set(inside))
        assert read.overrun == (read.start_sample > position)
        expected = [0.0 if sample in lost_upstream else sample for sample in inside]
        np.testing.assert_array_equal(read.waveform, expected)
        position = read.end_sample
    assert position == ring.end_sample
    assert ring.overruns == sum(read.overrun for read in reads)


@pytest.mark.parametrize(("pushed", "start"), [(6, 6), (9, 9), (3, 3)])
def test_samples_overwritten_during_the_copy_are_cut_off(monkeypatch, pushed, start):
    """When the writer comes round while a reader copies, what may be torn is told as lost."""
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


def test_a_copy_that_was_wholly_overwritten_is_done_again(monkeypatch):
    """When nothing of the copy can be trusted, the reader waits for the bell and reads the newer samples."""
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
    """With a writer that never waits and small blocks, every sample that is read stands at its position."""
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
    """A writer that waits for room is never ahead of its slowest reader by more than the ring."""
    ring, stopping = RingBuffer(64), threading.Event()
    cursors = [ring.cursor(), ring.cursor()]
    heard = [[], []]

    def write():
        for start in range(0, 3000, 30):
            ring.wait_for_room(30, stopping)
            ring.push(ramp(start, start + 30))
        ring.close()

    def listen(number):
        while (read := cursors[number].read(7 + 20 * number, 30.0)) is not None:
            heard[number].append(read)

    threads = [threading.Thread(target=write), *(threading.Thread(target=listen, args=(number,)) for number in (0, 1))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60.0)
    for reads in heard:
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
    """A stop ends the wait, with and without room."""
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


def test_more_than_the_ring_holds_is_refused():
    """Room that can never be there is the caller's mistake, not a wait for ever."""
    with pytest.raises(ValueError, match="samples=11 must be at most capacity=10"):
        RingBuffer(10).wait_for_room(11, threading.Event())


def test_a_waiting_reader_is_woken_by_a_push_and_by_the_close():
    """A reader that waits an hour gets the block when it is pushed, and the end when it is closed."""
    ring = RingBuffer(10)
    cursor, reads = ring.cursor(), []

    def listen():
        while (read := cursor.read(10, 3600.0)) is not None:
            reads.append(read)

    reader = threading.Thread(target=listen)
    reader.start()
    ring.push(ramp(0, 3))
    ring.close()
    reader.join(timeout=30.0)
    assert not reader.is_alive()
    np.testing.assert_array_equal(np.concatenate([read.waveform for read in reads]), ramp(0, 3))


def test_an_empty_push_wakes_nobody_up_with_nothing():
    """A block without samples ends no wait: the read goes on to its timeout."""
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
def test_the_callers_mistakes_are_named(call, message):
    """A wrong argument is a ValueError with its name and value."""
    with pytest.raises(ValueError, match=message):
        call(RingBuffer(10))


def test_writing_behind_the_end_is_refused():
    """A closed ring takes neither samples nor losses, so a reader's end stays the end."""
    ring = RingBuffer(10)
    ring.close()
    with pytest.raises(ValueError, match="open"):
        ring.push(ramp(0, 1))
    with pytest.raises(ValueError, match="open"):
        ring.push_lost(1)
    assert ring.end_sample == 0


def test_a_read_is_frozen():
    """What crosses threads cannot be changed."""
    read = Read(3, ramp(0, 2))
    with pytest.raises(AttributeError):
        read.start_sample = 4
    assert read.end_sample == 5


def test_only_a_move_that_makes_room_wakes_the_writer():
    """A writer that waits for half the ring is woken by the small read that makes the room, not by those before."""
    ring = RingBuffer(100)
    cursor = ring.cursor()
    ring.push(np.zeros(100, np.float32))
    stopped = threading.Event()
    stopped.set()
    ring.wait_for_room(50, stopped)  # says what it needs, and gives up
    rung = []
    ring.room.notify = lambda: rung.append(cursor.next_sample)
    for _ in range(10):
        cursor.read(10, 0.0)
    assert rung == [50, 60, 70, 80, 90, 100]

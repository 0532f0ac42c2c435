"""A live input captured by a process: scripted processes that speak, fall silent and die."""

from __future__ import annotations

import queue
import threading

import numpy as np
import pytest

from monitor.audio.ring_buffer import RingBuffer
from monitor.audio.sources.capture_process import source as module
from monitor.audio.sources.capture_process.protocol import FAILED, LOST, SOUND, STATUS, CaptureReport, Frame
from monitor.audio.sources.capture_process.source import CaptureProcessSource
from monitor.errors import DeviceError
from monitor.messages import DeviceStatus

RATE = 1000


class Clock:
    """A clock that a test sets."""

    def __init__(self):
        self.now_s = 100.0

    def __call__(self):
        """Return the time."""
        return self.now_s


class Child:
    """A process whose frames a test gives; None is its death."""

    pid = 4711

    def __init__(self, setup):
        self.setup = setup
        self.frames = queue.Queue()
        self.asked = threading.Event()
        self.killed = False

    def read(self):
        """Return the next frames."""
        try:
            return self.frames.get(timeout=0.01)
        except queue.Empty:
            return None if self.asked.is_set() or self.killed else []

    def begin_end(self):
        """End after what has been given."""
        self.asked.set()

    def kill(self):
        """End."""
        self.killed = True
        return True

    def close(self):
        """Count as ended."""
        return -9 if self.killed else 0


class Children:
    """Starts processes, and hands them to the test."""

    def __init__(self):
        self.started = queue.Queue()
        self.failing = None

    def __call__(self, setup):
        """Start one."""
        if self.failing is not None:
            raise self.failing
        child = Child(setup)
        self.started.put(child)
        return child

    def next(self):
        """Return the one started next."""
        return self.started.get(timeout=10)


def wait_for(condition):
    """Wait for a condition; bounded."""
    pause = threading.Event()
    for _ in range(2000):
        if condition():
            return
        pause.wait(0.005)
    pytest.fail("it did not come about")


def sound(start, samples, time_s, value=0.5):
    """Return a frame of sound."""
    return Frame(SOUND, start, samples, time_s, np.full(samples, value, np.float32))


def status(state="open", **values):
    """Return a frame with the state of the device."""
    return Frame(STATUS, report=CaptureReport(DeviceStatus(state, "steth", "ALSA", 1, RATE, **values), 0.04))


@pytest.fixture
def children():
    """Return what starts processes."""
    return Children()


@pytest.fixture
def clock():
    """Return a clock to set."""
    return Clock()


@pytest.fixture
def started(backend, steth, children, clock, monkeypatch):
    """Return a function that starts a source and gives it with its ring and its first process."""
    monkeypatch.setattr(module, "PAUSES_S", (0.0,))
    monkeypatch.setattr(module, "POLL_S", 0.005)
    made = []

    def start(capacity=10_000, **options):
        source = CaptureProcessSource(steth, backend, start_child=children, clock=clock, **options)
        ring = RingBuffer(capacity)
        made.append(source)
        source.start(ring)
        return source, ring, children.next()

    yield start
    for source in made:
        source.close()


def all_of(ring):
    """Return all that the ring holds."""
    return ring.cursor().read(100_000, 0.0)


def test_sound_goes_into_the_ring_as_it_comes(started, backend):
    """Bit for bit; no stream is opened in this process."""
    source, ring, child = started()
    child.frames.put([status(), sound(0, 300, 100.3, 0.25), sound(300, 200, 100.5)])
    wait_for(lambda: ring.end_sample == 500)
    assert all_of(ring).waveform.tolist() == [0.25] * 300 + [0.5] * 200
    assert all_of(ring).lost == ()
    assert backend.opened == []
    assert (source.device_status.state, source.latency_s, source.pid) == ("open", 0.04, 4711)
    source.stop()
    source.stop()
    assert ring.closed
    assert source.error is None
    assert source.device_status.state == "closed"
    assert not source.stuck


def test_lost_sound_keeps_its_length(started):
    """What the process lost is lost here."""
    source, ring, child = started()
    child.frames.put([sound(0, 100, 100.1), Frame(LOST, 100, 50, 100.15), sound(150, 50, 100.2)])
    wait_for(lambda: ring.end_sample == 200)
    assert all_of(ring).lost == ((100, 150),)
    assert source.device_status.lost_s == 0.05


def test_a_process_that_dies_is_started_again_and_its_gap_is_as_long_as_it_was(started, children, clock):
    """Positions stay true to the clock; the state is `lost` until the new one opens; the counts go on."""
    source, ring, child = started()
    child.frames.put([status(overflows=2, reopened=1), sound(0, 500, 100.5)])
    wait_for(lambda: ring.end_sample == 500)
    clock.now_s = 100.5
    child.frames.put(None)
    second = children.next()
    assert source.device_status.state == "lost"
    assert source.device_status.message == "steth: its capture process ended: starting it again"
    clock.now_s = 102.0
    wait_for(lambda: ring.end_sample == 2000)  # filled at the pace of the clock, while the new one gives no sound
    second.frames.put([status("opening", finding="hum")])
    wait_for(lambda: source.device_status.finding == "hum")
    assert source.device_status.state == "lost"
    clock.now_s = 102.6
    second.frames.put([status(overflows=1), sound(0, 100, 102.6, 0.25)])
    wait_for(lambda: ring.end_sample >= 2600)
    read = all_of(ring)
    assert read.lost == ((500, ring.end_sample - 100),)
    assert abs(ring.end_sample - 2600) <= 101  # the block may have been filled already: by one block at most
    now = source.device_status
    assert (now.state, now.overflows, now.reopened) == ("open", 3, 2)
    assert source.restarts == 1
    assert now.lost_s == pytest.approx((ring.end_sample - 600) / RATE)


def test_a_process_that_is_started_again_waits_for_its_device(started, children):
    """It was there before: what was asked for at the beginning no longer counts."""
    _, _, child = started()
    assert not child.setup.waiting
    child.frames.put(None)
    assert children.next().setup.waiting


def test_nothing_is_lost_before_the_first_sound(started, children, clock):
    """A process that dies before it has heard anything leaves no gap."""
    _, ring, child = started()
    child.frames.put(None)
    second = children.next()
    clock.now_s = 110.0
    second.frames.put([sound(0, 100, 110.0)])
    wait_for(lambda: ring.end_sample == 100)
    assert all_of(ring).lost == ()


def test_a_process_that_says_nothing_is_killed(started, children, clock, monkeypatch):
    """And started again, with the reason; not while it speaks."""
    monkeypatch.setattr(module, "HANGS_S", 0.1)
    monkeypatch.setattr(Child, "read", silent_read)
    source, ring, child = started()
    child.frames.put([status(), sound(0, 100, 100.0)])
    wait_for(lambda: ring.end_sample == 100)

    def goes_on():
        clock.now_s += module.POLL_S
        return child.killed

    wait_for(goes_on)
    children.next()
    assert source.device_status.message == "steth: its capture process does not answer: starting it again"


def silent_read(self):
    """Return the next frames; wait for them as a pipe does."""
    while not (self.asked.is_set() or self.killed):
        try:
            return self.frames.get(timeout=0.01)
        except queue.Empty:
            continue
    return None


def test_a_new_process_may_take_longer(started, clock, monkeypatch):
    """The driver may be slow to open."""
    monkeypatch.setattr(module, "HANGS_S", 0.1)
    monkeypatch.setattr(Child, "read", silent_read)
    source, ring, child = started()
    for _ in range(100):
        clock.now_s += module.POLL_S
        source._check(child)
    child.frames.put([sound(0, 100, clock.now_s)])
    wait_for(lambda: ring.end_sample == 100)
    assert not child.killed


def test_a_program_that_was_suspended_kills_no_process(started, clock, monkeypatch):
    """It has not waited; what the process kept meanwhile is read."""
    monkeypatch.setattr(Child, "read", silent_read)
    source, ring, child = started()
    child.frames.put([status(), sound(0, 100, 100.0)])
    wait_for(lambda: ring.end_sample == 100)
    clock.now_s += 60
    source._check(child)
    assert not child.killed
    child.frames.put([sound(100, 100, 160.0)])
    wait_for(lambda: ring.end_sample == 200)
    assert all_of(ring).lost == ()


def test_what_the_process_says_of_the_device_ends_the_source(started):
    """An input that cannot be used: the error, with its next step, and the end of the sound."""
    source, ring, child = started()
    child.frames.put([Frame(FAILED, failure=("steth: gives no sound", "check its plug"))])
    child.frames.put(None)
    wait_for(lambda: ring.closed)
    assert isinstance(source.error, DeviceError)
    assert str(source.error) == "steth: gives no sound; check its plug"
    assert source.restarts == 0


def test_a_process_that_cannot_be_started_is_an_error(backend, steth, children):
    """Of one line."""
    children.failing = OSError(12, "Cannot allocate memory")
    source = CaptureProcessSource(steth, backend, start_child=children)
    ring = RingBuffer(100)
    source.start(ring)
    wait_for(lambda: ring.closed)
    source.close()
    assert str(source.error) == "steth: its capture process cannot be started: Cannot allocate memory; try again"


def test_a_burst_waits_for_the_readers(started):
    """What was held up on its way overwrites nothing unread, as long as it is read."""
    _, ring, child = started(capacity=1000)
    cursor = ring.cursor()
    child.frames.put([sound(start, 500, 100.0, start / 10_000) for start in range(0, 5000, 500)])
    heard = []
    while sum(map(len, heard)) < 5000:
        read = cursor.read(400, 5.0)
        heard.append(read.waveform)
    assert np.concatenate(heard)[::500].tolist() == pytest.approx([start / 10_000 for start in range(0, 5000, 500)])
    assert ring.overruns == 0


def test_a_reader_that_stands_still_is_waited_for_once(started, clock):
    """After two seconds the newest sound wins, as everywhere."""
    _, ring, child = started(capacity=1000)
    cursor = ring.cursor()
    child.frames.put([sound(start, 500, 100.0) for start in range(0, 5000, 500)])
    wait_for(lambda: ring.end_sample == 1000)
    clock.now_s += module.READERS_S
    wait_for(lambda: ring.end_sample == 5000)
    assert cursor.read(1000, 0.0).start_sample == 4000


def test_what_the_device_does_not_have_is_refused_before_anything_starts(backend, steth, children):
    """As with one device."""
    with pytest.raises(DeviceError, match="outside 1000 to 192000"):
        CaptureProcessSource(steth, backend, sample_rate=10, start_child=children)
    with pytest.raises(ValueError, match="channel"):
        CaptureProcessSource(steth, backend, channel=0, start_child=children)
    assert children.started.empty()
    assert backend.checked == []


def test_a_device_that_is_not_connected_is_waited_for_by_its_process(backend, children):
    """By what was typed, at the rate that was given; anything else is a mistake of the program."""
    source = CaptureProcessSource("my steth", backend, sample_rate=4000, wait_for_device=True, start_child=children)
    source.start(RingBuffer(100))
    child = children.next()
    assert (child.setup.wanted, child.setup.sample_rate, child.setup.waiting) == ("my steth", 4000, True)
    source.close()
    for options in ({"sample_rate": 4000}, {"wait_for_device": True}):
        with pytest.raises(ValueError, match="must be waited for, at a sample rate that is given"):
            CaptureProcessSource("my steth", backend, start_child=children, **options)


def test_it_is_started_once(started):
    """A second start is a mistake of the program."""
    source, ring, _ = started()
    with pytest.raises(ValueError, match="start must be called once"):
        source.start(ring)


def test_stopping_before_the_start_is_safe(backend, steth, children):
    """And nothing was started."""
    source = CaptureProcessSource(steth, backend, start_child=children)
    source.close()
    assert (source.error, source.pid, source.since_last_block_s) == (None, None, 0.0)


def test_a_process_that_does_not_end_is_killed(started, monkeypatch):
    """The stop waits for as long as it is told to, and no longer."""
    source, ring, child = started()
    monkeypatch.setattr(child, "begin_end", lambda: None)
    source.stop_timeout_s = 0.05
    source.stop()
    assert child.killed
    wait_for(lambda: ring.closed)

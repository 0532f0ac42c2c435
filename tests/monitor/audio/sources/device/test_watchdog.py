"""The watchdog, poll by poll, on a clock that the test moves: silence, reopening, drift, unusable inputs."""

from __future__ import annotations

import dataclasses
import threading

import numpy as np
import pytest

from monitor.audio.ring_buffer import RingBuffer
from monitor.audio.sources.device.capture import Capture
from monitor.audio.sources.device.watchdog import FIRST_BLOCK_S, PAUSES_S, POLL_S, Watchdog
from monitor.errors import DeviceError

RATE = 1000


class Scene:
    """A watchdog with a scripted backend and a clock."""

    def __init__(self, backend, steth, **options):
        self.now = 100.0
        self.backend = backend
        self.ring = RingBuffer(30 * RATE)
        self.capture = Capture(self.ring, RATE, 1, self.clock)
        self.watchdog = Watchdog(
            backend, steth, self.capture, self.ring,
            channel=1, sample_rate=RATE, latency_s=0.2, clock=self.clock, **options,
        )  # fmt: skip

    def clock(self):
        """Return the time."""
        return self.now

    def pass_time(self, seconds, *, sound=None, rate=RATE):
        """Let time pass, a poll every tenth of a second; with ``sound`` the newest stream delivers that value."""
        states = []
        for _ in range(round(seconds / POLL_S)):
            self.now += POLL_S
            if sound is not None:
                self.backend.streams[-1].deliver(round(rate * POLL_S), sound)
            self.watchdog.poll()
            states.append(self.watchdog.status.state)
        return states

    @property
    def status(self):
        """Return the status of the watchdog."""
        return self.watchdog.status


@pytest.fixture
def scene(backend, steth):
    """Return a scene whose device is open and delivers sound."""
    new_scene = Scene(backend, steth)
    new_scene.watchdog.open()
    new_scene.pass_time(1.0, sound=0.3)
    return new_scene


def test_it_opens_with_the_given_parameters(scene, backend, steth):
    """Device, channels, rate and latency reach the library; the state is open."""
    assert backend.opened == [(steth, 1, RATE, 0.2)]
    assert (scene.status.state, scene.status.message, scene.status.reopened) == ("open", None, 0)


def test_before_the_first_block_it_is_opening(backend, steth):
    """An open stream without a block is still opening, and so is a device that is not opened yet."""
    new_scene = Scene(backend, steth)
    assert new_scene.status.state == "opening"
    new_scene.watchdog.open()
    assert set(new_scene.pass_time(1.5)) == {"opening"}


def test_a_second_without_blocks_is_a_loss(scene, backend):
    """Not earlier, and the stream is closed then."""
    assert set(scene.pass_time(0.8)) == {"open"}
    assert "lost" in scene.pass_time(0.3)
    assert backend.streams[0].closed
    assert scene.status.message == "steth: no sound comes any more: looking for it"


def test_a_stream_that_has_failed_is_a_loss_at_once(scene, backend):
    """PortAudio reports a failure sooner than the clock."""
    backend.streams[0].active = False
    assert scene.pass_time(0.1) == ["lost"]


def test_a_suspended_program_has_not_lost_the_device(scene):
    """After a suspension the blocks come late, and so does the watchdog: the device is not silent."""
    scene.now += 60.0
    assert scene.pass_time(0.1) == ["open"]
    assert set(scene.pass_time(1.0, sound=0.3)) == {"open"}


def test_a_device_that_returns_is_opened_by_name(scene, backend, steth):
    """The library is restarted until it lists the device, at any index; there is one gap, and it is counted."""
    backend.plugged = []
    scene.pass_time(5.0)
    assert scene.status.message == "steth: is not connected: looking for it"
    backend.plugged = [dataclasses.replace(steth, index=9)]
    scene.pass_time(PAUSES_S[-1] + 2 * POLL_S)
    assert backend.opened[-1][0].index == 9
    scene.pass_time(1.0, sound=0.3)
    assert (scene.status.state, scene.status.reopened, scene.status.message) == ("open", 1, None)
    read = scene.ring.cursor().read(scene.ring.capacity, 0.0)
    assert len(read.lost) == 1
    assert scene.status.lost_s == pytest.approx(sum(end - start for start, end in read.lost) / RATE)


def test_pauses_between_attempts_grow(scene, backend):
    """The first attempts come quickly, the later ones at a constant rate, for as long as the program runs."""
    backend.plugged = []
    scene.pass_time(60.0)
    assert 60 / (PAUSES_S[-1] + POLL_S) - 5 <= backend.restarts <= 60 / PAUSES_S[-1] + 2
    before = backend.restarts
    scene.pass_time(600.0)
    assert backend.restarts - before >= 600 / (PAUSES_S[-1] + 2 * POLL_S) - 1


def test_lost_sound_is_written_while_the_device_is_away(scene, backend):
    """It is written at the pace of the clock, so windows come and are withheld."""
    before = scene.ring.end_sample
    backend.plugged = []
    scene.pass_time(10.0)
    assert scene.ring.end_sample - before == pytest.approx(10 * RATE, abs=1.5 * RATE * POLL_S)


def test_a_device_that_does_not_open_is_retried(scene, backend):
    """The status has the reason; once the device opens, the state is open."""
    backend.streams[0].active = False
    backend.failing = "steth: cannot be opened (busy)"
    scene.pass_time(3.0)
    assert scene.status.message == "steth: cannot be opened (busy): looking for it"
    backend.failing = None
    scene.pass_time(1.0)
    assert scene.pass_time(0.2, sound=0.1)[-1] == "open"


def test_a_device_that_opens_and_stays_silent_is_retried(scene, backend):
    """It stays lost until a block comes, and is reopened after the time allowed for a first block."""
    backend.streams[0].active = False
    scene.pass_time(1.0)
    assert len(backend.streams) == 2
    assert set(scene.pass_time(FIRST_BLOCK_S + 1.0)) == {"lost"}
    assert len(backend.streams) == 3
    assert scene.status.reopened == 0


class TestOnce:
    """With `--once`, and when no sound ever came."""

    def test_a_loss_is_an_error(self, backend, steth):
        """It names the device and the next step."""
        new_scene = Scene(backend, steth, once=True)
        new_scene.watchdog.open()
        new_scene.pass_time(1.0, sound=0.3)
        with pytest.raises(DeviceError, match=r"steth: no sound comes any more; check its plug"):
            new_scene.pass_time(2.0)

    def test_a_device_that_never_gives_sound_is_an_error(self, backend, steth):
        """It opened, but no block came."""
        new_scene = Scene(backend, steth)
        new_scene.watchdog.open()
        with pytest.raises(DeviceError, match="steth: opens, but gives no sound"):
            new_scene.pass_time(FIRST_BLOCK_S + 0.5)

    def test_a_stream_that_says_why_it_ended(self, backend, steth):
        """Its own reason is the error, with its own next step."""
        new_scene = Scene(backend, steth, once=True)
        new_scene.watchdog.open()
        new_scene.pass_time(1.0, sound=0.3)
        backend.streams[-1].failure = DeviceError("steth: the sender closed the connection", "switch it on again")
        backend.streams[-1].active = False
        with pytest.raises(DeviceError, match="closed the connection; switch it on again"):
            new_scene.pass_time(0.2)

    def test_before_the_first_sound_nothing_is_lost(self, backend, steth):
        """While a device is waited for, one that gives no sound ends nothing."""
        new_scene = Scene(backend, steth, once=True, wait_for_device=True)
        new_scene.watchdog.open()
        new_scene.pass_time(FIRST_BLOCK_S + 1.0)
        assert len(backend.streams) == 2

    def test_a_device_that_does_not_open_is_an_error(self, backend, steth):
        """The library's own reason is raised."""
        backend.failing = "steth: cannot be opened (busy)"
        with pytest.raises(DeviceError, match="busy"):
            Scene(backend, steth).watchdog.open()


class TestWaitForDevice:
    """With `--wait-for-device`."""

    def test_a_device_that_does_not_open_is_waited_for(self, backend, steth):
        """Nothing is lost before the first block, however long that takes."""
        backend.failing = "steth: cannot be opened (busy)"
        new_scene = Scene(backend, steth, wait_for_device=True)
        new_scene.watchdog.open()
        assert new_scene.status.message == "steth: cannot be opened (busy): waiting for it"
        new_scene.pass_time(30.0)
        assert new_scene.status.state == "lost"
        backend.failing = None
        new_scene.pass_time(1.0)
        new_scene.pass_time(0.5, sound=0.3)
        assert (new_scene.status.state, new_scene.status.reopened, new_scene.status.lost_s) == ("open", 0, 0.0)

    def test_a_device_that_gives_no_sound_is_waited_for(self, backend, steth):
        """It is reopened again and again."""
        new_scene = Scene(backend, steth, wait_for_device=True)
        new_scene.watchdog.open()
        new_scene.pass_time(3 * FIRST_BLOCK_S)
        assert len(backend.streams) >= 2


def test_a_longer_silence_may_be_allowed(backend, steth):
    """A network may stand still for longer than a cable."""
    new_scene = Scene(backend, steth, silent_s=3.0)
    new_scene.watchdog.open()
    new_scene.pass_time(1.0, sound=0.3)
    assert set(new_scene.pass_time(2.8)) == {"open"}
    assert new_scene.pass_time(0.5)[-1] == "lost"


def test_what_the_backend_has_to_tell_is_the_notice(backend, scene):
    """What was refused or repaired is shown as long as the backend says so."""
    assert scene.status.notice is None
    backend.notice = "another sender was refused"
    scene.pass_time(0.1, sound=0.3)
    assert scene.status.notice == "another sender was refused"


class TestRate:
    """The measured rate."""

    def test_an_accurate_clock(self, scene):
        """The rate is known after 20 s, and no drift is reported."""
        assert scene.status.measured_rate_hz is None
        scene.pass_time(25.0, sound=0.3)
        assert scene.status.measured_rate_hz == pytest.approx(RATE, rel=1e-6)
        assert scene.status.drift is None

    @pytest.mark.parametrize("rate", [980, 1010])
    def test_a_clock_that_is_off(self, scene, rate):
        """A deviation of more than half a percent is reported with its sign."""
        scene.pass_time(30.0, sound=0.3, rate=rate)
        scene.pass_time(130.0, sound=0.3, rate=rate)
        assert scene.status.drift == pytest.approx(rate / RATE - 1, rel=1e-3)

    def test_an_overflow_restarts_the_measurement(self, scene, backend):
        """Dropped samples would look like a slow clock."""
        scene.pass_time(25.0, sound=0.3)
        backend.streams[-1].deliver(100, 0.3, overflow=True)
        scene.pass_time(0.2, sound=0.3)
        assert scene.status.measured_rate_hz is None
        assert scene.status.overflows == 1


class TestHeldUp:
    """The program stands still; the sound system buffers a part of what comes meanwhile."""

    def hold_up(self, scene, seconds, buffered_s):
        """Let the time pass and deliver the buffered part in one burst, in blocks of 0.1 s."""
        scene.now += seconds
        for _ in range(round(buffered_s / POLL_S)):
            scene.backend.streams[-1].deliver(round(RATE * POLL_S), 0.3)

    @pytest.fixture
    def held_up(self, scene):
        """Return a scene whose rate was measured, and that then lost 16 s of 40."""
        scene.pass_time(30.0, sound=0.3)
        self.hold_up(scene, 40.0, 24.0)
        scene.pass_time(2.0, sound=0.3)
        return scene

    def test_it_is_told_once(self, held_up):
        """The status counts it and says for ten seconds how much was lost; the device is open all the time."""
        status = held_up.status
        assert (status.state, status.held_up, status.reopened, status.overflows) == ("open", 1, 0, 0)
        assert status.lost_s == pytest.approx(16.0, abs=0.2)
        assert status.notice == f"the program or the system was held up: {status.lost_s:.1f} s of sound are lost"
        held_up.pass_time(10.0, sound=0.3)
        assert (held_up.status.notice, held_up.status.held_up) == (None, 1)

    def test_on_a_network_it_is_the_sender_or_the_network(self, backend, steth):
        """The notice does not blame this computer for what a sender did not send."""
        new_scene = Scene(backend, steth, platform="network")
        new_scene.watchdog.open()
        new_scene.pass_time(30.0, sound=0.3)
        self.hold_up(new_scene, 4.0, 0.0)
        new_scene.pass_time(2.0, sound=0.3)
        assert new_scene.status.notice.startswith("the sender or the network was held up: ")

    def test_the_position_is_that_of_the_clock(self, held_up):
        """Within a block, although a third of the time brought no sound."""
        assert held_up.ring.end_sample == pytest.approx((held_up.now - 100.0) * RATE, abs=2 * RATE * POLL_S)

    @pytest.mark.parametrize("buffered_s", [0.0, 24.0, 40.0])
    def test_no_drift_is_ever_reported_after_it(self, scene, buffered_s):
        """Neither while it is settled nor in the minutes afterwards, whether sound was lost or came late."""
        scene.pass_time(30.0, sound=0.3)
        self.hold_up(scene, 40.0, buffered_s)
        for _ in range(200):
            scene.pass_time(1.0, sound=0.3)
            assert scene.status.drift is None
        assert scene.status.measured_rate_hz == pytest.approx(RATE, rel=1e-6)
        assert scene.status.lost_s == pytest.approx(40.0 - buffered_s, abs=0.2)

    def test_a_poll_in_the_middle_of_the_burst(self, scene):
        """What has come so far does not look like a slow clock, and nothing is told before it is settled."""
        scene.pass_time(30.0, sound=0.3)
        self.hold_up(scene, 20.0, 0.5)
        scene.watchdog.poll()
        assert (scene.status.drift, scene.status.notice, scene.status.state) == (None, None, "open")
        self.hold_up(scene, 0.0, 19.5)
        scene.pass_time(60.0, sound=0.3)
        assert (scene.status.drift, scene.status.held_up, scene.status.lost_s) == (None, 0, 0.0)

    def test_a_device_that_is_gone_after_a_sleep(self, scene, backend):
        """The sleep counts, is filled in full, and the device is opened again."""
        scene.pass_time(30.0, sound=0.3)
        scene.now += 3600.0
        backend.streams[-1].active = False
        scene.pass_time(2.0)
        scene.pass_time(5.0, sound=0.3)
        assert (scene.status.state, scene.status.reopened) == ("open", 1)
        assert scene.ring.end_sample == pytest.approx((scene.now - 100.0) * RATE, abs=2 * RATE * POLL_S)

    def test_it_is_logged(self, held_up, caplog):
        """Each loss with its length, once."""
        self.hold_up(held_up, 7.0, 2.0)
        held_up.pass_time(5.0, sound=0.3)
        told = [message for message in caplog.messages if "held up" in message]
        assert told == ["steth: the program or the system was held up: 5.0 s of sound are lost"]


class TestDiagnosis:
    """The diagnosis of the sound that comes."""

    def test_digital_silence_is_reported_within_two_seconds(self, backend, steth):
        """From the first block on."""
        new_scene = Scene(backend, steth)
        new_scene.watchdog.open()
        new_scene.pass_time(2.0, sound=0.0)
        assert "digital silence" in new_scene.status.finding

    def test_lost_sound_gives_no_finding(self, scene, backend):
        """The zeros of a gap are not diagnosed; a lost device is reported as lost."""
        noise = np.random.default_rng(0)
        backend.plugged = []
        scene.pass_time(5.0)
        assert scene.status.finding is None
        backend.plugged = backend.seen = [scene.backend.opened[0][0]]
        scene.pass_time(1.0)
        for _ in range(10):
            scene.now += POLL_S
            backend.streams[-1].on_block(noise.normal(0, 0.1, (100, 2)).astype(np.float32), False)
            scene.watchdog.poll()
        assert (scene.status.state, scene.status.finding) == ("open", None)


def test_decisions_are_logged(scene, backend, caplog):
    """A loss, the attempts to reopen, the return and overflows are logged, each once and not with every poll."""
    caplog.set_level("DEBUG", "monitor")
    scene.pass_time(5.0, sound=0.3)
    assert len(caplog.messages) == 1  # a constant is no sound
    assert "steady voltage" in caplog.messages[0]
    caplog.clear()
    backend.streams[-1].deliver(100, 0.3, overflow=True)
    scene.pass_time(1.0, sound=0.3)
    backend.streams[-1].active = False
    scene.pass_time(1.0)
    scene.pass_time(1.0, sound=0.3)
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING", "DEBUG", "INFO", "INFO"]
    assert caplog.messages[0] == "steth: input overflow, 1 so far"
    assert caplog.messages[3].startswith("steth, ALSA: opened at 1000 Hz")


def test_an_exception_of_the_callback_is_raised(scene):
    """The next poll raises it."""
    scene.capture.failure = MemoryError("scripted")
    with pytest.raises(MemoryError, match="scripted"):
        scene.watchdog.poll()


@pytest.mark.parametrize(("silence_s", "state"), [(0.9, "open"), (1.1, "lost")])
def test_a_device_is_lost_after_a_second(scene, silence_s, state):
    """Not at the poll before, and not at the poll after."""
    assert scene.pass_time(silence_s)[-1] == state


def test_a_block_starts_the_second_again(scene):
    """Sound that stutters is no loss."""
    for _ in range(3):
        assert set(scene.pass_time(0.9)) == {"open"}
        scene.pass_time(0.1, sound=0.3)


@pytest.mark.parametrize(("silence_s", "num_streams"), [(FIRST_BLOCK_S - 0.1, 1), (FIRST_BLOCK_S + 0.5, 2)])
def test_a_first_block_may_take_four_seconds(backend, steth, silence_s, num_streams):
    """A sound server that wakes up takes a while; then the device is opened again."""
    new_scene = Scene(backend, steth, wait_for_device=True)
    new_scene.watchdog.open()
    new_scene.pass_time(silence_s)
    assert len(backend.streams) == num_streams


def test_attempts_come_after_the_pauses(scene, backend):
    """0.2, 0.4, then 0.6 s after each failure; a device that gave sound begins with the shortest again."""
    backend.plugged, attempts = [], []
    for _ in range(40):
        before = backend.restarts
        scene.pass_time(POLL_S)
        if backend.restarts > before:
            attempts.append(scene.now)
    pauses = np.diff(attempts)
    assert pauses[0] == pytest.approx(PAUSES_S[1], abs=POLL_S + 1e-6)
    assert pauses[1:] == pytest.approx(PAUSES_S[2], abs=POLL_S + 1e-6)
    assert min(pauses[1:]) > PAUSES_S[1]
    backend.plugged = [backend.opened[0][0]]
    scene.pass_time(1.0)
    scene.pass_time(1.0, sound=0.3)
    assert scene.status.state == "open"
    backend.streams[-1].active = False
    scene.pass_time(POLL_S)
    lost_at = scene.now
    while len(backend.streams) < 3:
        scene.pass_time(POLL_S)
    assert scene.now - lost_at == pytest.approx(PAUSES_S[0], abs=POLL_S + 1e-6)


def test_a_suspension_counts_as_two_polls(scene):
    """However long it was; eight polls without sound later the device is lost."""
    scene.now += 3600.0
    scene.watchdog.poll()
    assert set(scene.pass_time(0.7)) == {"open"}
    assert scene.pass_time(0.2)[-1] == "lost"


def test_since_the_last_block(backend, steth):
    """0 before the first one, then the seconds that have passed, never less than 0."""
    new_scene = Scene(backend, steth)
    assert new_scene.watchdog.since_last_block_s == 0.0
    new_scene.watchdog.open()
    new_scene.pass_time(0.1, sound=0.3)
    new_scene.now += 2.5
    assert new_scene.watchdog.since_last_block_s == pytest.approx(2.5)
    new_scene.now -= 10.0
    assert new_scene.watchdog.since_last_block_s == 0.0


def test_what_the_status_says(scene, steth):
    """Name, library, channel and rate of the device; while it is open there is no message."""
    status = scene.status
    assert (status.name, status.host_api, status.channel, status.sample_rate) == ("steth", "ALSA", 1, RATE)
    assert (status.overflows, status.reopened, status.lost_s, status.message) == (0, 0, 0.0, None)


def test_the_reason_stays_until_sound_comes(scene, backend):
    """Also while the device is open again and gives its first block."""
    backend.streams[0].active = False
    scene.pass_time(0.5)
    assert len(backend.streams) == 2
    assert (scene.status.state, scene.status.message) == ("lost", "steth: no sound comes any more: looking for it")
    scene.pass_time(0.1, sound=0.3)
    assert (scene.status.state, scene.status.message) == ("open", None)


def test_a_device_that_never_opens_holds_no_reader(backend, steth):
    """The cursor of the diagnosis is closed, so it holds back nobody who waits for room."""
    backend.failing = "steth: cannot be opened (busy)"
    new_scene = Scene(backend, steth)
    with pytest.raises(DeviceError):
        new_scene.watchdog.open()
    new_scene.ring.push(np.zeros(new_scene.ring.capacity, np.float32))
    assert new_scene.ring.wait_for_room(new_scene.ring.capacity, threading.Event())


class TestThread:
    """The thread itself, on the real clock, stopped at once."""

    def test_it_ends_and_closes_everything(self, backend, steth):
        """Stream, ring and status are closed; stopping twice is safe."""
        new_scene = Scene(backend, steth)
        new_scene.watchdog.start()
        new_scene.watchdog.stop(5.0)
        new_scene.watchdog.stop(5.0)
        assert not new_scene.watchdog.stuck
        assert (backend.streams[0].closed, new_scene.ring.closed) == (1, True)
        assert (new_scene.status.state, new_scene.watchdog.error) == ("closed", None)

    def test_stopping_before_the_start(self, backend, steth):
        """There is no thread to wait for."""
        new_scene = Scene(backend, steth)
        new_scene.watchdog.stop(5.0)
        assert not new_scene.watchdog.stuck

    def test_an_exception_ends_it_and_is_kept(self, backend, steth):
        """For the main thread, which raises it again; the device is closed."""
        new_scene = Scene(backend, steth)
        new_scene.capture.failure = MemoryError("scripted")
        new_scene.watchdog.start()
        new_scene.watchdog._thread.join(timeout=30.0)
        assert isinstance(new_scene.watchdog.error, MemoryError)
        assert (new_scene.status.state, backend.streams[0].closed, new_scene.ring.closed) == ("closed", 1, True)


def test_changes_are_logged_with_what_they_are(scene, backend, caplog):
    """State, overflows and drift; the latter once."""
    caplog.set_level("INFO", "monitor")
    scene.pass_time(30.0, sound=0.3, rate=980)
    scene.pass_time(130.0, sound=0.3, rate=980)
    drifts = [message for message in caplog.messages if "instead of" in message]
    assert len(drifts) == 1
    assert drifts[0].startswith("steth: ")
    assert drifts[0].endswith(" Hz instead of 1000 Hz")
    caplog.clear()
    backend.streams[-1].active = False
    scene.pass_time(0.1)
    scene.pass_time(1.0)
    scene.pass_time(0.1, sound=0.3)
    assert caplog.messages[0].startswith(
        "steth: no sound comes any more after 0.1 s without a block, stream active: False"
    )
    assert caplog.messages[-1].startswith("steth: open after lost, ")

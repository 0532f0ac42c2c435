"""The player: it follows the ring buffer, keeps an output, and disturbs nobody."""

from __future__ import annotations

import numpy as np
import pytest

from monitor.audio.playback.options import PlaybackOptions
from monitor.audio.playback.player import RETRY_S, Player
from monitor.audio.playback.protocol import GAP, IDLE, SETTINGS, OutputReport
from monitor.audio.ring_buffer import RingBuffer
from monitor.messages import DeviceStatus


class Played:
    """A player that a test drives step by step, on a scripted process."""

    def __init__(self, source, processes, clock, **options):
        self.ring, self.clock, self.processes = RingBuffer(8000), clock, processes
        self.source = source
        self.player = Player(self.ring, source, PlaybackOptions(**options), processes, clock)
        self.cursor = self.ring.cursor(follows=True)

    def step(self, device="USB Headphones", state="open", **values):
        """Let the player look once; its output is in a state."""
        if self.processes and self.player._output is not None:
            self.processes[-1].report = OutputReport(state, device, **values)
        return self.player._pass_on(self.cursor)

    def push(self, samples, value=0.5):
        """Add sound."""
        self.ring.push(np.full(samples, value, np.float32))

    @property
    def settings(self):
        """Return the settings that were sent last."""
        return [read.settings for read in self.processes[-1].frames() if read.kind == SETTINGS][-1]


@pytest.fixture
def played(scripted_source, processes, clock):
    """Return a player of a live source."""
    played = Played(scripted_source, processes, clock)
    played.push(1)
    played.step()
    return played


def test_it_passes_the_sound_on(played):
    """What comes into the ring goes to the output, sample for sample."""
    played.push(100, 0.25)
    played.step()
    played.push(100, 0.75)
    played.step()
    assert np.array_equal(played.processes[0].sound(), np.repeat([0.25, 0.75], 100))
    assert played.processes[0].setup.input_rate == 4000
    assert played.player.status.state == "playing"


def test_lost_sound_is_sent_as_a_gap(played):
    """Gaps go out in their place."""
    played.push(40)
    played.ring.push_lost(20)
    played.push(40)
    played.step()
    gaps = [read[1:3] for read in played.processes[0].frames() if read.kind == GAP]
    assert gaps == [(41, 20)]
    assert np.array_equal(played.processes[0].sound() > 0, np.repeat([True, False, True], [40, 20, 40]))


def test_what_came_before_the_output_is_not_played(scripted_source, processes, clock):
    """Sound from before the output opened is not played late."""
    played = Played(scripted_source, processes, clock)
    for _ in range(5):
        played.push(100)
        played.step(state="opening")
    played.push(10, 0.25)
    played.step()
    assert np.array_equal(played.processes[0].sound(), np.full(10, np.float32(0.25)))


def test_the_beginning_of_a_recording_waits_for_the_output(scripted_source, processes, clock):
    """Until the output is open or has failed, whichever is first; also until the player has ended."""
    played = Played(scripted_source, processes, clock)
    played.push(1)
    played.step()
    played.step(state="opening")
    played.player.wait(0.0)
    assert not played.player._decided.is_set()
    played.push(1)
    played.step(state="open")
    played.player.wait()
    assert played.player._decided.is_set()
    ended = Played(scripted_source, processes, clock)
    ended.ring.close()
    ended.player._run()
    ended.player.wait()
    assert ended.player._decided.is_set()


def test_sound_that_waited_for_long_is_left_out(played):
    """After a hold-up only the newest sound is played, and the ring counts no overrun."""
    played.push(8000)
    played.push(4000)
    played.step()
    assert len(played.processes[0].sound()) <= 0.25 * 4000
    assert played.ring.overruns == 0


def test_no_writer_waits_for_it(played):
    """A player that hangs holds back no source that waits for its readers."""
    played.push(8000)
    assert played.ring.first_unread == played.ring.end_sample


def test_a_failed_output_is_told_and_looked_for_again(played):
    """The status says what failed; new attempts come after growing pauses; a new output plays on."""
    played.step(state="failed", message="the output USB Headphones does not play any more", underruns=2)
    status = played.player.status
    assert status.state == "failed"
    assert status.message == "the output USB Headphones does not play any more: looking for it"
    assert (played.processes[0].killed, played.processes[0].finished) == (1, 1)
    for attempt, pause_s in enumerate((*RETRY_S, RETRY_S[-1]), 1):
        played.clock.now += pause_s - 0.1
        played.push(1)
        played.step(state="opening")
        assert len(played.processes) == attempt
        played.clock.now += 0.2
        played.push(1)
        played.step(state="opening")
        assert len(played.processes) == attempt + 1
        played.push(1)
        played.step(state="failed", message="no output is connected")
    played.clock.now += 10
    played.step(state="opening")
    played.push(10)
    played.step()
    played.push(10)
    played.step()
    assert played.player.status.state == "playing"
    assert played.player.status.message is None
    assert played.player.status.underruns == 2


def test_an_output_that_dies_while_it_is_written_to(played):
    """A broken pipe ends nothing."""
    played.processes[0].broken = True
    played.push(100)
    assert played.step()


def test_a_process_that_cannot_be_started(scripted_source, clock):
    """That is told too, and tried again."""

    def refuse(setup):
        raise OSError(12, "Cannot allocate memory")

    played = Played(scripted_source, [], clock)
    played.player._launch = refuse
    played.push(1)
    assert played.step()
    assert "no process can be started for the output (Cannot allocate memory)" in played.player.status.message


@pytest.mark.parametrize("device", ["USB Headphones", "AirPods", "Jabra Headset (hw:1,0)", "WI-C100 Earbuds"])
def test_headphones_are_played_at_once(scripted_source, processes, clock, device):
    """An output that calls itself headphones needs no confirmation."""
    played = Played(scripted_source, processes, clock, microphone=True)
    played.step()
    played.push(10)
    played.step(device=device)
    assert played.player.status.state == "playing"
    assert played.settings["on"] is True


@pytest.mark.parametrize("device", ["default", "HDA Intel PCH: ALC257 Analog", "pulse", "Speakers"])
def test_a_microphone_is_never_fed_back(scripted_source, processes, clock, device):
    """Any other output stays silent, with a warning, until the key; the second press switches it off."""
    played = Played(scripted_source, processes, clock, microphone=True)
    played.step()
    played.push(10)
    played.step(device=device)
    assert played.player.status.state == "confirm"
    assert played.player.status.message.startswith(f"{device} may be a loudspeaker")
    assert played.settings["on"] is False
    assert played.player.heard_sample() is None
    for state, on in (("playing", True), ("off", False), ("playing", True)):
        played.player.toggle()
        played.push(10)
        played.step(device=device)
        assert played.player.status.state == state
        assert played.settings["on"] is on


def test_a_named_output_needs_no_confirmation(scripted_source, processes, clock):
    """Who names an output has chosen it."""
    played = Played(scripted_source, processes, clock, microphone=True, device="speakers")
    played.step()
    played.push(10)
    played.step(device="Speakers")
    assert played.player.status.state == "playing"


def test_a_recording_needs_no_confirmation(played):
    """No microphone hears a recording that is played."""
    played.push(10)
    played.step(device="Speakers")
    assert played.player.status.state == "playing"


def test_keys_reach_the_output(played):
    """Volume and sound are sent when they change, within their ranges."""
    played.push(1)
    played.step()
    sent = len([read for read in played.processes[0].frames() if read.kind == SETTINGS])
    played.push(1)
    played.step()
    assert len([read for read in played.processes[0].frames() if read.kind == SETTINGS]) == sent
    for _ in range(20):
        played.player.change_volume(3.0)
    played.player.next_sound()
    played.push(1)
    played.step()
    assert played.settings == {"sound": "bell", "volume_db": 40.0, "on": True}
    for _ in range(4):
        played.player.next_sound()
    assert played.player.status.sound == "wide"
    with pytest.raises(ValueError, match="must be one of"):
        played.player.choose("treble")


def test_a_pause_is_told_once(played):
    """An output that gets no sound during a pause counts no underrun."""
    played.push(10)
    played.step()
    type(played.source).paused = property(lambda source: True)
    try:
        played.step()
        played.step()
    finally:
        del type(played.source).paused
    assert [read.kind for read in played.processes[0].frames()].count(IDLE) == 1


def test_what_is_heard_now(played):
    """The position moves with the clock from the last report, and never beyond the newest sample."""
    played.push(8000)
    played.step(position=6000.0, at_s=100.05)
    assert played.player.heard_sample(100.05) == 6000.0
    assert played.player.heard_sample(100.15) == pytest.approx(6400.0)
    assert played.player.heard_sample(109.0) == 8001.0


def test_the_latency_counts_everything(played):
    """Input, waiting and output: the newest sample is 101 samples ahead of the ear, and came 20 ms after its sound."""
    played.push(8000)
    type(played.source).latency_s = 0.02
    try:
        played.step(position=7900.0, at_s=100.0)
        assert played.player.status.latency_ms == pytest.approx(1000 * (101 / 4000 + 0.02))
    finally:
        del type(played.source).latency_s


def test_the_end_of_the_ring_ends_it(played):
    """After the last sample it is told to stop."""
    played.ring.close()
    assert not played.step()


def test_the_thread_plays_and_ends(scripted_source, processes):
    """Started and stopped, the output is finished; stopping twice, or before the start, is safe."""
    ring = RingBuffer(4000)
    player = Player(ring, scripted_source, PlaybackOptions(), processes)
    player.stop()
    player = Player(ring, scripted_source, PlaybackOptions(), processes)
    player.start()
    ring.push(np.zeros(100, np.float32))
    ring.close()
    player.stop()
    player.stop(hurry=True)
    assert all(process.finished for process in processes)


@pytest.mark.parametrize("waiting", [0, 100])
def test_the_lead_of_a_seek_is_not_heard(played, waiting):
    """It is there for the verdict: the ear goes from the place before to the target, with faded edges."""
    played.push(waiting, 0.25)
    first = played.ring.end_sample + 1
    played.source.jumps = ((first, first + 4000),)
    played.ring.push_lost(1)
    played.push(4000, 0.75)
    played.push(50, 0.5)
    played.step()
    played.push(50, 0.5)
    played.step()
    sound = played.processes[0].sound()
    assert 0.75 not in sound
    assert np.count_nonzero(sound == 0.5) >= 50
    assert len([read for read in played.processes[0].frames() if read.kind == GAP]) == 1


def test_the_lead_of_a_seek_that_is_read_with_what_came_before(played):
    """The read ends where it begins."""
    played.push(100, 0.25)
    first = played.ring.end_sample + 1
    played.source.jumps = ((first, first + 400),)
    played.ring.push_lost(1)
    played.push(400, 0.75)
    for _ in range(2):
        played.push(50, 0.5)
        played.step()
    sound = played.processes[0].sound()
    assert np.array_equal(sound[sound > 0], np.repeat([0.25, 0.5], [100, 100]).astype(np.float32))
    assert len([read for read in played.processes[0].frames() if read.kind == GAP]) == 1


def test_a_lost_input_has_no_latency(played, monkeypatch):
    """While the device is gone nothing is heard: there is no latency to tell, and silence is no underrun."""
    played.push(400)
    played.step(position=100.0, at_s=100.0)
    assert played.player.status.latency_ms is not None
    lost = DeviceStatus("lost", "steth", "ALSA", 1, 4000)
    monkeypatch.setattr(type(played.source), "device_status", property(lambda source: lost))
    played.step(position=100.0, at_s=100.0)
    assert played.player.status.latency_ms is None
    assert [read.kind for read in played.processes[0].frames()][-1] == IDLE


def test_its_last_status_stays(played):
    """After the end it tells what was heard and how often it ran out, and not that an output is opening."""
    played.step(underruns=3, position=1.0)
    played.ring.close()
    played.player._run()
    status = played.player.status
    assert (status.state, status.device, status.underruns) == ("playing", "USB Headphones", 3)
    assert status.latency_ms is None

"""The process that captures one device, with a scripted library: what it hears, looks for and says."""

from __future__ import annotations

import io
import threading

import numpy as np
import pytest

from monitor.audio.ring_buffer import Read
from monitor.audio.sources.capture_process import program as module
from monitor.audio.sources.capture_process.program import CaptureProgram, parts
from monitor.audio.sources.capture_process.protocol import FAILED, LOST, SOUND, STATUS, CaptureSetup, read_frames
from monitor.audio.sources.device.selection import DeviceInfo

OTHER = DeviceInfo(0, "built-in", "ALSA", 2, 48_000)


class Output:
    """Takes what the program writes, and calls a function for each frame."""

    def __init__(self, on_frame=lambda frame: None):
        self.frames, self._on_frame = [], on_frame
        self.broken = False

    def __call__(self, data):
        """Take bytes."""
        if self.broken:
            raise BrokenPipeError
        for frame in read_frames(io.BytesIO(data))[0]:
            self.frames.append(frame)
            self._on_frame(frame)

    def of(self, kind):
        """Return the frames of a kind."""
        return [frame for frame in self.frames if frame.kind == kind]


@pytest.fixture
def captured(backend, steth, monkeypatch):
    """Return a function that runs the program until a condition on its output, and gives the output and its code."""
    monkeypatch.setattr(module, "RETRY_S", 0.01)

    def run(until, on_start=lambda: None, **setup):
        ended = threading.Event()
        output = Output(lambda frame: ended.set() if until(frame, output) else None)
        program = CaptureProgram(CaptureSetup(steth, 1000, **setup), backend, output, ended)
        on_start()
        return output, program.run()

    return run


def delivering(backend, *values):
    """Deliver blocks as soon as a stream is opened, without another thread."""
    opened = backend.open

    def open_and_deliver(*arguments):
        stream = opened(*arguments)
        for value in values:
            stream.deliver(50, value)
        return stream

    backend.open = open_and_deliver


def test_sound_is_passed_on_with_position_and_time(backend, captured):
    """Every sample of the channel, in order; the state of the device; then the end, with the device closed."""
    delivering(backend, 0.25, 0.5)
    output, code = captured(lambda frame, output: output.of(SOUND) and output.of(STATUS), channel=2)
    assert code == 0
    sound = output.of(SOUND)
    assert np.concatenate([frame.waveform for frame in sound]).tolist() == [0.25] * 50 + [0.5] * 50
    assert [frame.start_sample for frame in sound] == np.cumsum([0, *[frame.samples for frame in sound]])[:-1].tolist()
    assert output.of(STATUS)[-1].report.status.state == "closed"
    assert output.of(STATUS)[0].report.status.channel == 2
    assert backend.opened[0][:3] == (DeviceInfo(3, "steth", "ALSA", 2, 1000), 2, 1000)
    assert all(stream.closed for stream in backend.streams)


def test_a_device_with_another_number_is_found_by_its_name(backend, captured):
    """Numbers change from process to process; a device of the same number is not taken for it."""
    backend.seen = [DeviceInfo(3, "built-in", "ALSA", 2, 1000), DeviceInfo(5, "steth", "ALSA", 2, 1000)]
    delivering(backend, 0.5)
    captured(lambda frame, output: output.of(SOUND))
    assert backend.opened[0][0].index == 5


def test_a_device_that_is_not_there_is_a_failure(backend, captured):
    """It is said with the next step, and nothing is opened."""
    backend.seen = [OTHER]
    output, code = captured(lambda frame, output: False)
    assert code == 1
    assert [frame.failure for frame in output.frames] == [("steth: is not connected", "plug it in")]
    assert backend.opened == []


def test_a_device_that_is_waited_for_is_opened_when_it_comes(backend, steth, captured):
    """Until then its state is `lost`, with what it waits for; the library is restarted for each search."""
    backend.seen, backend.plugged = [OTHER], [OTHER]

    def until(frame, output):
        if len(output.of(STATUS)) == 2:
            backend.plugged = [OTHER, steth]
        return output.of(SOUND)

    delivering(backend, 0.5)
    output, code = captured(until, waiting=True)
    assert code == 0
    waiting = output.of(STATUS)[0].report.status
    assert (waiting.state, waiting.message) == ("lost", "steth: is not connected: waiting for it")
    assert backend.restarts >= 2


def test_a_device_that_was_never_listed_is_chosen_by_what_was_typed(backend, captured):
    """As on the command line: a part of its name will do."""
    backend.seen, backend.plugged = [OTHER], [OTHER, DeviceInfo(4, "My Steth", "ALSA", 2, 1000)]
    delivering(backend, 0.5)
    output, code = captured(lambda frame, output: output.of(SOUND), waiting=True, wanted="steth")
    assert code == 0
    assert output.of(STATUS)[0].report.status.message == "no input is called 'steth': waiting for it"
    assert output.of(STATUS)[-1].report.status.name == "My Steth"


def test_the_end_may_come_while_it_waits(backend, captured):
    """It does not wait any longer."""
    backend.seen = [OTHER]
    output, code = captured(lambda frame, output: True, waiting=True)
    assert code == 0
    assert output.of(FAILED) == []


def test_a_device_that_does_not_open_is_a_failure(backend, captured):
    """As with one device."""
    backend.failing = "steth: cannot be opened (busy)"
    output, code = captured(lambda frame, output: False)
    assert code == 1
    assert output.of(FAILED)[0].failure[0] == "steth: cannot be opened (busy)"


def test_a_reader_that_has_gone_ends_it(backend, captured):
    """Whoever started it was killed: the device is released."""
    delivering(backend, 0.5)

    def until(frame, output):
        output.broken = True

    _, code = captured(until)
    assert code == 0
    assert all(stream.closed for stream in backend.streams)


def test_a_broken_callback_is_a_failure_with_its_reason(backend, captured):
    """Whatever fails is told, not only what is expected."""
    opened = backend.open

    def open_and_fail(*arguments):
        stream = opened(*arguments)
        stream.on_block(None, False)
        return stream

    backend.open = open_and_fail
    output, code = captured(lambda frame, output: False)
    assert code == 1
    assert output.of(FAILED)[0].failure[0].startswith("steth: the capture failed (TypeError")


@pytest.mark.parametrize(
    ("read", "expected", "found"),
    [
        (Read(0, np.ones(4, np.float32)), 0, [(0, 4)]),
        (Read(0, np.zeros(0, np.float32)), 0, []),
        (Read(4, np.ones(6, np.float32), ((4, 6), (9, 10))), 4, [(4, 2), (6, 3), (9, 1)]),
        (Read(10, np.ones(4, np.float32), ((8, 11),), True), 8, [(8, 2), (10, 1), (11, 3)]),
        (Read(10, np.ones(4, np.float32), (), True), 8, [(8, 2), (10, 4)]),
    ],
)
def test_sound_and_lost_sound_in_order(read, expected, found):
    """Together they are all samples since those read before, whatever was lost or overwritten."""
    assert [(start, part if isinstance(part, int) else len(part)) for start, part in parts(read, expected)] == found


def test_lost_sound_is_passed_on_as_such(backend, captured):
    """An overflow is at least one lost sample."""
    opened = backend.open

    def open_and_overflow(*arguments):
        stream = opened(*arguments)
        stream.deliver(50, 0.5)
        stream.deliver(50, 0.5, overflow=True)
        return stream

    backend.open = open_and_overflow
    output, _ = captured(lambda frame, output: sum(frame.samples for frame in output.of(SOUND)) == 100)
    assert output.of(LOST)
    ends = [(frame.start_sample, frame.start_sample + frame.samples) for frame in output.of(SOUND) + output.of(LOST)]
    ends.sort()
    assert [start for start, _ in ends[1:]] == [end for _, end in ends[:-1]]

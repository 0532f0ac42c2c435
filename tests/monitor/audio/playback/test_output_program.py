"""The process that owns the output, run in this process on scripted devices."""

from __future__ import annotations

import io
import json
import sys

import numpy as np
import pytest

from monitor.audio.playback import output_program
from monitor.audio.playback.output_program import FILL_S, SILENT_S, START_S, OutputProgram, output_rate
from monitor.audio.playback.protocol import GAP, IDLE, SETTINGS, SOUND, Frame, OutputSetup, frame
from monitor.audio.sources.device.selection import DeviceInfo
from monitor.errors import DeviceError

ON = {"sound": "wide", "volume_db": 0.0, "on": True}
SETUP = OutputSetup(4000, reserve_s=0.01)


class Input:
    """Standard input: some bytes, nothing for as long as it is open, then its end."""

    def __init__(self, *frames):
        self.data, self.open = b"".join(frames), True

    def read(self, size):
        """Return the next bytes."""
        part, self.data = self.data[:size], self.data[size:]
        return part or (None if self.open else b"")


def run(outputs, *frames, steps=(), setup=SETUP, clock=None):
    """Run the program on some input, with a step of the test between two reports; return exit code and reports."""
    lines, stream, todo = [], Input(*frames), list(steps)

    def wait(seconds):
        if todo:
            todo.pop(0)()
            return False
        stream.open = False
        if outputs.pull is not None:
            outputs.pull(1, 0.03, False)
        return True

    clocks = {} if clock is None else {"clock": clock}
    program = OutputProgram(setup, outputs, lines.append, wait=wait, **clocks)
    code = program.run(stream)
    return code, [json.loads(line) for line in lines]


def test_what_is_sent_is_played(outputs):
    """A tone comes out of the device's callback at the device's rate."""
    sound = (0.5 * np.sin(2 * np.pi * 100 * np.arange(2000) / 4000)).astype(np.float32)
    heard = []
    pull = lambda: heard.append(np.concatenate([outputs.pull(480, 0.03, False) for _ in range(40)]))  # noqa: E731
    code, _ = run(outputs, frame(SETTINGS, settings=ON), frame(SOUND, 0, waveform=sound), frame(IDLE), steps=[pull])
    assert code == 0
    assert outputs.opened == [("USB Headphones", 48_000, 0.1)]
    expected = 0.5 * np.sin(2 * np.pi * 100 * np.arange(19_200) / 48_000)
    assert np.abs(heard[0][2000:] - expected[2000:]).max() < 0.001
    assert outputs.closed == 1


def test_gaps_are_silence(outputs):
    """Lost sound is silence of its length in the output."""
    ones = np.full(400, 0.5, np.float32)
    heard = []
    pull = lambda: heard.append(outputs.pull(13_000, 0.03, False))  # noqa: E731
    frames = (frame(SOUND, 0, waveform=ones), frame(GAP, 400, 400), frame(SOUND, 800, waveform=ones))
    setup = OutputSetup(4000, reserve_s=0.1)
    run(outputs, frame(SETTINGS, settings=ON), *frames, frame(IDLE), steps=[pull], setup=setup)
    assert not heard[0][5300:9300].any()
    assert heard[0][4000] == pytest.approx(0.5, abs=0.01)
    assert heard[0][11_000] == pytest.approx(0.5, abs=0.01)


def test_it_reports_what_is_heard_when(outputs, clock):
    """The report names a sample of the ring buffer and the moment at which it reaches the ear."""

    def pull():
        outputs.pull(480, 0.03, False)
        clock.now += 0.01
        outputs.pull(480, 0.03, True)

    silence = frame(SOUND, 8000, waveform=np.zeros(4000, np.float32))
    _, reports = run(outputs, frame(SETTINGS, settings=ON), silence, frame(IDLE), steps=[pull], clock=clock)
    told = next(told for told in reports if told["position"] is not None)
    assert (told["state"], told["device"]) == ("open", "USB Headphones")
    assert told["at_s"] == pytest.approx(100.01 + 0.03)
    assert told["position"] == pytest.approx(8000 + 480 / 12)
    assert told["held_s"] == pytest.approx(0.03 + (47_808 - 960) / 48_000, abs=0.001)
    assert told["underruns"] == 1


@pytest.mark.parametrize("failure", ["missing", "busy"])
def test_an_output_that_does_not_open_is_reported(outputs, failure):
    """No device, or one that refuses: one report with the reason, exit code 1, no traceback."""
    if failure == "missing":
        outputs.found = []
    else:
        outputs.failing = "USB Headphones: cannot be opened as output (busy)"
    code, reports = run(outputs)
    assert code == 1
    assert [told["state"] for told in reports] == ["failed"]
    assert ("no output" if failure == "missing" else "busy") in reports[0]["message"]


def test_a_named_output_that_is_missing_lists_the_others(outputs):
    """The message says what there is."""
    code, reports = run(outputs, setup=OutputSetup(4000, device="earphones"))
    assert code == 1
    message = reports[0]["message"]
    assert message.startswith("no output is called 'earphones'")
    assert "choose another output: [2] USB Headphones" in message


def test_a_device_that_goes_silent_is_lost(outputs, clock):
    """When the device has not asked for samples for a while, that is the last report."""

    def play():
        outputs.pull(480, 0.03, False)
        clock.now += 2 * FILL_S
        outputs.pull(480, 0.03, False)

    def unplug():
        clock.now += SILENT_S + 0.1

    code, reports = run(outputs, steps=[play, unplug], clock=clock)
    assert (code, outputs.closed) == (1, 1)
    assert [told["message"] for told in reports] == [None, "the output USB Headphones does not play any more"]


def test_a_device_is_open_once_it_plays(outputs, clock):
    """What it got before would be heard late: filling its buffers is no sign; one that does no more is a failure."""

    def wait():
        clock.now += (START_S - 0.1) / 3

    def fill():
        for _ in range(5):
            outputs.pull(480, 0.03, False)

    steps = [fill, wait, wait, wait, fill]
    _, reports = run(outputs, steps=steps, clock=clock)
    assert [told["state"] for told in reports] == ["open"]
    for first in (wait, fill):
        code, reports = run(outputs, steps=[first, wait, wait, wait, wait], clock=clock)
        assert code == 1
        assert [told["message"] for told in reports] == ["the output USB Headphones does not begin to play"]


def test_input_that_is_no_frame_is_a_failure(outputs):
    """What goes wrong in the device's callback is silence there and a report, not a traceback."""
    heard = []
    code, reports = run(outputs, b"hello", steps=[lambda: heard.append(outputs.pull(480, 0.03, False))])
    assert code == 1
    assert (reports[-1]["state"], "must be a frame" in reports[-1]["message"]) == ("failed", True)
    assert not heard[0].any()


def test_the_last_samples_are_played(outputs):
    """At the end of the input what waits is still given to the device, before it is closed."""
    heard = []

    class Device(type(outputs)):
        def close(self):
            heard.append(self.pull(480, 0.03, False))
            super().close()

    outputs.__class__ = Device
    ones = frame(SOUND, 0, waveform=np.full(4000, 0.5, np.float32))
    run(outputs, frame(SETTINGS, settings=ON), ones, steps=[lambda: outputs.pull(9600, 0.03, False)])
    assert heard[0] == pytest.approx(np.full(480, 0.5), abs=0.01)


def test_settings_change_what_is_heard(outputs):
    """Off is silence; a sound changes the filter."""
    program = OutputProgram(SETUP, outputs, lambda line: None, wait=lambda seconds: True)
    program.run(Input())
    program.take(Frame(SETTINGS, settings=ON))
    program.take(Frame(SETTINGS, settings={**ON, "sound": "diaphragm", "on": False}))
    assert program._ear._filter.sound == "diaphragm"
    assert not program._ear.push(0, np.ones(400, np.float32))[2000:].any()


@pytest.mark.parametrize(
    ("sound", "own", "supported", "chosen"),
    [
        (4000, 48_000, {48_000, 44_100}, 48_000),
        (4000, 44_100, {48_000, 44_100}, 48_000),
        (4000, 44_100, {44_100}, 44_100),
        (44_100, 48_000, {48_000, 44_100}, 44_100),
        (44_100, 48_000, {48_000}, 48_000),
        (96_000, 48_000, {48_000}, 48_000),
        (11_025, 44_100, {44_100}, 44_100),
    ],
)
def test_the_rate_of_the_output(outputs, sound, own, supported, chosen):
    """The sound's own rate or a multiple of it where the device has one, else the device's own."""
    outputs.rates = supported
    assert output_rate(sound, DeviceInfo(0, "out", "ALSA", 2, own), outputs) == chosen


def test_main_reports_a_missing_library(monkeypatch, capfdbinary):
    """Without PortAudio the report says how to install it."""

    def missing(self):
        raise DeviceError("the PortAudio library is not installed", "sudo apt-get install libportaudio2")

    monkeypatch.setattr("monitor.audio.sources.device.portaudio.PortAudio.__init__", missing)
    monkeypatch.setattr(sys, "argv", ["output", '{"input_rate": 4000}'])
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(out := io.BytesIO()))
    assert output_program.main() == 1
    assert "sudo apt-get install libportaudio2" in json.loads(out.getvalue())["message"]

"""A scripted sound card with a cable from its output to its input."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from monitor.audio.sources.device.selection import DeviceInfo
from monitor.commands.setup.doctor.loop_back import (
    check_level,
    check_loop,
    check_pace,
    check_samples,
    play_and_capture,
)
from monitor.commands.setup.doctor.loop_measurement import Loop
from monitor.errors import DeviceError

RATE, BLOCK = 4000, 200
LINE_OUT = DeviceInfo(1, "Line Out", "ALSA", 2, RATE)
LINE_IN = DeviceInfo(2, "Line In", "ALSA", 2, RATE)
LOOP = Loop(0.0, 0.0, 0.0, 0.5, exact=True, snr_db=math.inf, heart=np.zeros(0, np.float32))


class Wire:
    """Moves the clock a block at a time: the output is asked, and the input gets what was asked some blocks ago.

    Attributes
    ----------
    delay : int
        Blocks in the buffers of the two devices.
    """

    def __init__(self, delay=3):
        self.now, self.delay = 100.0, delay
        self.take = self.give = None
        self.on_the_way = [np.zeros(BLOCK, np.float32)] * delay
        self.closed = []
        self.dies_at = math.inf
        self.change = lambda block: block
        self.lossy = False

    def plays(self, device, sample_rate):
        """Return whether the output has the rate."""
        return sample_rate == RATE

    def open(self, device, channels, sample_rate, latency_s, on_block):
        """Open the input."""
        self.take, self.channels = on_block, channels
        return Open(self, device)

    def open_output(self, device, sample_rate, latency_s, on_pull):
        """Open the output."""
        self.give = on_pull
        return Open(self, device)

    def clock(self):
        """Return the time."""
        return self.now

    def wait(self, seconds):
        """Let a block pass."""
        self.now += BLOCK / RATE
        self.on_the_way.append(self.give(BLOCK, 0.1, self.lossy))
        block = np.zeros((BLOCK, self.channels), np.float32)
        block[:, -1] = self.change(self.on_the_way.pop(0))
        if self.take is not None:
            self.take(block, False)


@dataclasses.dataclass
class Open:
    """An open end."""

    wire: Wire
    device: DeviceInfo

    @property
    def active(self):
        """Whether it still works."""
        return self.wire.now < self.wire.dies_at

    def close(self):
        """Close it."""
        self.wire.closed.append(self.device.name)


@pytest.fixture
def wire(monkeypatch):
    """Return a wire on whose clock the checks run."""
    wire = Wire()

    def on_its_clock(*arguments, **named):
        return play_and_capture(*arguments, **named, clock=wire.clock, wait=wire.wait)

    monkeypatch.setattr("monitor.commands.setup.doctor.loop_back.play_and_capture", on_its_clock)
    return wire


def checked(wire, **changes):
    """Return the checks by name."""
    values = {"channel": 2, "latency_s": 0.2, **changes}
    checks = check_loop(wire, LINE_OUT, LINE_IN, RATE, "heart-sounds", **values)
    return {check.name: check for check in checks}


def test_a_cable_passes_everything_on(wire):
    """Bit-exact, at the delay of the buffers, and the heart is the one that was played."""
    checks = checked(wire)
    assert list(checks) == ["loop level", "loop latency", "loop rate", "loop samples", "loop heart"]
    assert {check.state for check in checks.values()} == {"passed"}
    assert checks["loop samples"].facts["bit_exact"] is True
    assert checks["loop latency"].facts["latency_ms"] == pytest.approx(1000 * wire.delay * BLOCK / RATE)
    assert checks["loop rate"].facts["rate_error_ppm"] == 0.0
    assert checks["loop heart"].facts["label"] == "normal"
    assert wire.closed == ["Line Out", "Line In"]


def test_no_cable(wire):
    """One line with the next step, and no more."""
    wire.change = np.zeros_like
    (check,) = checked(wire).values()
    assert (check.state, check.facts) == ("failed", {"returned": False})
    assert "what Line Out plays does not come back through Line In" in check.finding
    assert "connect the output to the input by a cable" in check.next_step


def test_a_noise_gate_is_found(wire):
    """What is faint is cut away: not bit-exact, and the next step names what does such a thing."""
    wire.change = lambda block: np.where(np.abs(block) < 0.1, 0, block)
    checks = checked(wire)
    assert checks["loop samples"].state in ("warning", "failed")
    assert "noise suppression" in checks["loop samples"].next_step


def test_a_clipped_input_is_found(wire):
    """It reaches full scale."""
    wire.change = lambda block: np.clip(4 * block, -1, 1)
    assert checked(wire)["loop level"].state == "failed"


def test_an_output_that_runs_dry(wire):
    """What was lost is told, and no rate is measured from it."""
    wire.lossy = True
    checks = checked(wire)
    assert checks["loop rate"].state == "skipped"
    assert checks["loop samples"].facts["lost"] is True


def test_a_device_that_stops(wire):
    """It is named, and both are closed."""
    wire.dies_at = 103.0
    with pytest.raises(DeviceError, match="stopped in the middle of the sound"):
        checked(wire)
    assert wire.closed == ["Line Out", "Line In"]


def test_an_input_that_delivers_nothing(wire):
    """The wait ends; nothing has come back."""
    wire.open = lambda *arguments: Open(wire, LINE_IN)
    wire.channels = 1
    assert [check.state for check in checked(wire).values()] == ["failed"]


def test_a_rate_that_the_output_does_not_have(wire):
    """One line."""
    with pytest.raises(DeviceError, match="Line Out: does not play 8000 Hz"):
        list(check_loop(wire, LINE_OUT, LINE_IN, 8000, "heart-sounds", channel=1, latency_s=0.2))


@pytest.mark.parametrize(
    ("changes", "state"), [({}, "passed"), ({"peak": 1.0}, "failed"), ({"peak": 0.001, "gain_db": -54.0}, "warning")]
)
def test_levels(changes, state):
    """Usable, clipped, faint."""
    check = check_level(LOOP._replace(**changes))
    assert check.state == state
    assert bool(check.next_step) == (state != "passed")


@pytest.mark.parametrize(("ppm", "state"), [(-99.0, "passed"), (300.0, "warning"), (-9000.0, "failed")])
def test_rates(ppm, state):
    """Those of quartz clocks, of a converter, of another rate."""
    check = check_pace(LOOP._replace(rate_error_ppm=ppm), lost=False)
    assert (check.state, check.facts) == (state, {"rate_error_ppm": ppm})


@pytest.mark.parametrize(("snr_db", "state"), [(60.0, "passed"), (20.0, "warning"), (3.0, "failed")])
def test_likeness(snr_db, state):
    """A cable, a codec, something else."""
    check = check_samples(LOOP._replace(exact=False, snr_db=snr_db), lost=False)
    assert check.state == state
    assert check.facts == {"bit_exact": False, "snr_db": snr_db, "lost": False}


def test_a_long_way(wire):
    """More than half a second is no live sound any more."""
    wire.delay, wire.on_the_way = 20, [np.zeros(BLOCK, np.float32)] * 20
    check = checked(wire)["loop latency"]
    assert (check.state, check.facts["latency_ms"]) == ("warning", pytest.approx(1000.0))

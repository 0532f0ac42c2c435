"""A synthetic heart out through an output and back in through an input: the way of the sound through a sound card.

Two callbacks of the audio library and the main thread, which waits for them.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from monitor.audio.sources.device.portaudio import BlockCallback, PullCallback, Stream
from monitor.audio.sources.device.selection import DeviceInfo
from monitor.commands.setup.doctor.check import Check
from monitor.commands.setup.doctor.heart import check_heard, heart_sound
from monitor.commands.setup.doctor.loop_measurement import Loop, Sent, measured, sent_sound
from monitor.errors import DeviceError

__all__ = ["LATENCY_S", "LoopDevices", "Played", "check_loop", "play_and_capture"]

LATENCY_S = 0.1
"""What the output may buffer."""
PATIENCE_S = 10.0
"""Longest wait beyond the length of the sound."""
POLL_S = 0.05
BACK_S = 1.0
"""Seconds that are captured after the last sample has been handed to the output."""

MAX_LATENCY_S = 0.5
MAX_PPM, BROKEN_PPM = 200.0, 5000.0
"""Two quartz clocks are within 100 millionths of each other; half a percent is another sample rate."""
FAINT_DBFS, CLIPPED = -46.0, 0.99
GOOD_SNR_DB, LEAST_SNR_DB = 30.0, 10.0

NOTHING_STEP = "connect the output to the input by a cable, or name its monitor as --device; turn both up"
LATENCY_STEP = "leave out what the sound passes on its way (effects, Bluetooth), or allow less: --latency 0.05"
RATE_STEP = "choose the device's own --rate: a program between the two leaves samples out or adds them"
CLIPPED_STEP = "turn the output or the input down"
FAINT_STEP = "turn the output or the input up"
CHANGED_STEP = "switch echo cancelling, noise suppression and effects off, of the output too; use a cable, not the air"
LOST_STEP = "end other programs, or allow more time: --latency 0.5"


class LoopDevices(Protocol):
    """Opens both ends, as :class:`~monitor.audio.sources.device.portaudio.PortAudio` does."""

    def plays(self, device: DeviceInfo, sample_rate: int) -> bool:
        """Return whether an output supports a rate."""

    def open(
        self, device: DeviceInfo, channels: int, sample_rate: int, latency_s: float, on_block: BlockCallback
    ) -> Stream:
        """Open an input and start it."""

    def open_output(self, device: DeviceInfo, sample_rate: int, latency_s: float, on_pull: PullCallback) -> Stream:
        """Open an output and start it."""


class Played(NamedTuple):
    """What was captured while a sound was played.

    Attributes
    ----------
    captured : ndarray, shape (samples,), float32
    arrived : tuple of (int, float)
        Samples captured after each block, and when it came, seconds of a clock.
    handed : tuple of (int, float)
        Samples of the sound handed to the output before each block, and when, by the same clock.
    lost : bool
        Whether samples were lost on the way in or out.
    """

    captured: NDArray[np.float32]
    arrived: tuple[tuple[int, float], ...]
    handed: tuple[tuple[int, float], ...]
    lost: bool


class _Ends:
    """What the two callbacks write; each is called on a thread of the library."""

    def __init__(self, waveform: NDArray[np.float32], channel: int, clock: Callable[[], float]) -> None:
        self._waveform, self._channel, self._clock = waveform, channel, clock
        self.blocks: list[NDArray[np.float32]] = []
        self.arrived: list[tuple[int, float]] = []
        self.handed: list[tuple[int, float]] = []
        self.lost = False
        self._captured = self._next = 0

    @property
    def all_handed(self) -> bool:
        """Whether the output has had the whole sound."""
        return self._next >= len(self._waveform)

    def on_block(self, block: NDArray[np.float32] | int, lost: bool) -> None:
        """Keep what the input delivers."""
        now = self._clock()
        if isinstance(block, int):
            self.lost = True
            kept = np.zeros(block, np.float32)
        else:
            kept = block[:, self._channel].copy()
        self.lost = self.lost or lost
        self.blocks.append(kept)
        self._captured += len(kept)
        self.arrived.append((self._captured, now))

    def on_pull(self, samples: int, latency_s: float, dry: bool) -> NDArray[np.float32]:
        """Hand the next samples to the output, then silence."""
        self.handed.append((self._next, self._clock()))
        part = self._waveform[self._next : self._next + samples]
        self.lost = self.lost or (dry and 0 < self._next < len(self._waveform))
        self._next += len(part)
        return np.pad(part, (0, samples - len(part)))


def play_and_capture(
    waveform: NDArray[np.float32],
    sample_rate: int,
    library: LoopDevices,
    output: DeviceInfo,
    device: DeviceInfo,
    *,
    channel: int = 1,
    latency_s: float,
    clock: Callable[[], float] = time.monotonic,
    wait: Callable[[float], object] | None = None,
) -> Played:
    """Play a sound through an output and capture an input meanwhile.

    Parameters
    ----------
    waveform : ndarray, shape (samples,), float32
    sample_rate : int
        Hz, of both.
    library : LoopDevices
    output, device : DeviceInfo
        The output, and the input.
    channel : int
        Of the input, from 1.
    latency_s : float
        Seconds that the input may buffer.
    clock, wait : callable
        Seconds of a monotonic clock, and what waits for some; a test passes its own.

    Raises
    ------
    DeviceError
        If one of them does not open at the rate, or does not take or deliver samples.
    """
    if not library.plays(output, sample_rate):
        raise DeviceError(f"{output.name}: does not play {sample_rate} Hz", "choose a --rate that both devices have")
    ends = _Ends(waveform, channel - 1, clock)
    wait = wait or threading.Event().wait
    heard = library.open(device, channel, sample_rate, latency_s, ends.on_block)
    try:
        played = library.open_output(output, sample_rate, LATENCY_S, ends.on_pull)
        try:
            deadline = clock() + len(waveform) / sample_rate + PATIENCE_S
            while not ends.all_handed and clock() < deadline and heard.active and played.active:
                wait(POLL_S)
            if not ends.all_handed:
                stopped = output if heard.active else device
                raise DeviceError(f"{stopped.name}: stopped in the middle of the sound", "plug it in again")
            enough = ends.arrived[-1][0] + round(BACK_S * sample_rate) if ends.arrived else 1
            deadline = clock() + PATIENCE_S
            while (not ends.arrived or ends.arrived[-1][0] < enough) and clock() < deadline and heard.active:
                wait(POLL_S)
        finally:
            played.close()
    finally:
        heard.close()
    captured = np.concatenate(ends.blocks) if ends.blocks else np.zeros(0, np.float32)
    return Played(captured, tuple(ends.arrived), tuple(ends.handed), ends.lost)


def check_loop(
    library: LoopDevices,
    output: DeviceInfo,
    device: DeviceInfo,
    sample_rate: int,
    model: str,
    *,
    channel: int,
    latency_s: float,
) -> Iterator[Check]:
    """Yield the checks of the way through the sound card: level, latency, sample rate, samples, and the verdict on it.

    Parameters
    ----------
    library, output, device, channel, latency_s
        As of :func:`play_and_capture`.
    sample_rate : int
        Hz, of both.
    model : str
        Name or folder of the bundle.

    Raises
    ------
    DeviceError
        As :func:`play_and_capture`.
    """
    heart = heart_sound()
    sent = sent_sound(heart.waveform, heart.sample_rate, sample_rate)
    played = play_and_capture(sent.waveform, sample_rate, library, output, device, channel=channel, latency_s=latency_s)
    loop = measured(sent, played.captured)
    if loop is None:
        finding = f"what {output.name} plays does not come back through {device.name}"
        yield Check("loop level", "failed", finding, NOTHING_STEP, {"returned": False})
        return
    yield check_level(loop)
    yield check_latency(loop, sent, played)
    yield check_pace(loop, lost=played.lost)
    yield check_samples(loop, lost=played.lost)
    yield check_heard(loop.heart, sample_rate, model, "loop heart")


def check_level(loop: Loop) -> Check:
    """Return whether the sound comes back loud enough, and unclipped."""
    peak_dbfs = 20.0 * float(np.log10(max(loop.peak, 1e-6)))
    facts = {"returned": True, "gain_db": round(loop.gain_db, 2), "peak_dbfs": round(peak_dbfs, 1)}
    finding = f"{loop.gain_db:+.1f} dB from output to input, peak {peak_dbfs:.1f} dBFS"
    if loop.peak >= CLIPPED:
        return Check("loop level", "failed", f"{finding}: clipped", CLIPPED_STEP, facts)
    if peak_dbfs < FAINT_DBFS:
        return Check("loop level", "warning", f"{finding}: faint", FAINT_STEP, facts)
    return Check("loop level", "passed", finding, facts=facts)


def check_latency(loop: Loop, sent: Sent, played: Played) -> Check:
    """Return how long the sound is on its way, from a program's block for the output to its block from the input."""
    first_out, first_in = sent.sweeps[0], loop.first_sample
    handed_s = max((at, sample) for sample, at in played.handed if sample <= first_out)[0]
    arrived_s = next(at for samples, at in played.arrived if samples > first_in)
    latency_ms = 1000.0 * (arrived_s - handed_s)
    facts = {"latency_ms": round(latency_ms, 1)}
    finding = f"{latency_ms:.0f} ms from the program through output and input back to it"
    if latency_ms > 1000.0 * MAX_LATENCY_S:
        return Check("loop latency", "warning", finding, LATENCY_STEP, facts)
    return Check("loop latency", "passed", finding, facts=facts)


def check_pace(loop: Loop, *, lost: bool) -> Check:
    """Return how far the sample rates of input and output are apart."""
    if lost:
        return Check("loop rate", "skipped", "not measured, because samples were lost", facts={"rate_error_ppm": None})
    facts = {"rate_error_ppm": round(loop.rate_error_ppm, 1)}
    finding = f"the input's clock is {loop.rate_error_ppm:+.1f} millionths (ppm) from the output's"
    if abs(loop.rate_error_ppm) > BROKEN_PPM:
        return Check("loop rate", "failed", finding, RATE_STEP, facts)
    if abs(loop.rate_error_ppm) > MAX_PPM:
        return Check("loop rate", "warning", finding, RATE_STEP, facts)
    return Check("loop rate", "passed", finding, facts=facts)


def check_samples(loop: Loop, *, lost: bool) -> Check:
    """Return whether the samples that come back are those that were played, or how like them they are."""
    snr_db = None if loop.exact else round(loop.snr_db, 1)
    facts = {"bit_exact": loop.exact, "snr_db": snr_db, "lost": lost}
    if loop.exact:
        return Check("loop samples", "passed", "bit-exact: every sample is the one that was played", facts=facts)
    finding = f"{loop.snr_db:.1f} dB above all that was added or changed on the way"
    if lost:
        return Check("loop samples", "failed", f"samples were lost; {finding}", LOST_STEP, facts)
    if loop.snr_db < LEAST_SNR_DB:
        return Check("loop samples", "failed", finding, CHANGED_STEP, facts)
    if loop.snr_db < GOOD_SNR_DB:
        return Check("loop samples", "warning", finding, CHANGED_STEP, facts)
    return Check("loop samples", "passed", finding, facts=facts)

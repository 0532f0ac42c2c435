"""The process that owns the output device.

A process of its own, since the watchdog of a live input restarts PortAudio in the monitor's, which kills every stream
there. It reads sound and settings from its standard input, filters, and plays; five times a second it reports what
reaches the ear when. It ends with its standard input, or when the device fails; a new process sees the devices that
are there then.

Threads: PortAudio's callback reads what has come, filters it and plays it: a thread of its own for that would have to
be woken for every block, which costs more than the filters. The main thread reports.
"""

from __future__ import annotations

import dataclasses
import json
import sys
import threading
import time
from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from monitor.audio.framing import ByteStream
from monitor.audio.playback.ear import Ear
from monitor.audio.playback.playout import Playout
from monitor.audio.playback.protocol import (
    GAP,
    IDLE,
    SETTINGS,
    SOUND,
    Frame,
    FrameReader,
    OutputReport,
    OutputSetup,
)
from monitor.audio.playback.standard_input import standard_input
from monitor.audio.sources.device.backend import OutputBackend
from monitor.audio.sources.device.selection import DeviceInfo, choose
from monitor.errors import DeviceError

__all__ = ["OutputProgram", "main"]

REPORT_S = 0.2
SILENT_S, START_S = 1.5, 3.0
"""Seconds without a call after which a device that plays counts as lost, and one that was opened as broken.

A sound server that was idle has prepared up to two seconds of silence, and headphones may have to wake up.
"""
FILL_S = 0.01
"""Seconds within which a device fills its buffers when it is opened: calls within them do not say that it plays."""
POLL_S = 0.01
DRAIN_S = 2.5
"""Longest time that the last samples are played after the end: more than ever wait."""
LATENCY_S = 0.5
"""Longest wait for the last samples to leave the device."""
LOST, MUTE = "the output {device} does not play any more", "the output {device} does not begin to play"
BROKEN = "the output failed ({error!r})"
USUAL_RATE = 48_000


class _Heard(NamedTuple):
    """A sample of the output, the time at which it reaches the ear, and the device's latency."""

    output_sample: int
    at_s: float
    latency_s: float


class OutputProgram:
    """Plays what it reads until it ends.

    Parameters
    ----------
    setup : OutputSetup
    backend : OutputBackend
    write : callable
        Takes a line of JSON.
    clock : callable
        Returns monotonic seconds; the same in all processes.
    wait : callable or None
        Waits some seconds and returns whether the input has ended; a test passes its own.
    """

    def __init__(
        self,
        setup: OutputSetup,
        backend: OutputBackend,
        write: Callable[[bytes], None],
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], bool] | None = None,
    ) -> None:
        self._setup, self._backend, self._write, self._clock = setup, backend, write, clock
        self._ended = threading.Event()
        self._wait = wait or self._ended.wait
        self._failure: BaseException | None = None
        self._heard: _Heard | None = None
        self._called_s, self._begun = clock(), False
        self._first_call_s: float | None = None
        self._device = ""
        self._underflows = 0

    def run(self, stream: ByteStream) -> int:
        """Open the output, play what the stream holds, and return an exit code."""
        self._frames = FrameReader(stream)
        try:
            device = choose(self._backend.outputs(), self._setup.device, direction="output")
            self._device = device.name
            rate = output_rate(self._setup.input_rate, device, self._backend)
            self._ear = Ear(self._setup.input_rate, rate, self._setup.sound, self._setup.speed)
            self._playout = Playout(rate, self._setup.reserve_s, live=self._setup.live)
            output = self._backend.open_output(device, rate, self._setup.latency_s, self._pull)
        except DeviceError as error:
            self._report("failed", str(error))
            return 1
        self._called_s = self._clock()
        try:
            return self._watch()
        finally:
            output.close()

    def take(self, read: Frame) -> None:
        """Carry out a frame."""
        if read.kind == SOUND:
            self._playout.push(self._ear.push(read.start_sample, read.waveform))
        elif read.kind == GAP:
            self._playout.push(self._ear.gap(read.start_sample, read.samples))
        elif read.kind == IDLE:
            self._playout.idle()
        elif read.kind == SETTINGS:
            self._ear.choose(read.settings["sound"])
            self._ear.set_volume(read.settings["volume_db"], on=read.settings["on"])

    def _pull(self, samples: int, latency_s: float, underflow: bool) -> NDArray[np.float32]:
        """Return the next samples to the device; its own thread."""
        self._called_s = self._clock()
        if self._first_call_s is None:
            self._first_call_s = self._called_s
        self._begun = self._begun or self._called_s - self._first_call_s > FILL_S
        try:
            if not self._ended.is_set():
                self._read()
            return self._next(samples, latency_s, underflow)
        except Exception as error:  # noqa: BLE001  # a thread's top: kept, and reported by the main thread
            self._failure = error
            return np.zeros(samples, np.float32)

    def _read(self) -> None:
        """Carry out what has come."""
        for read in self._frames.available():
            self.take(read)
        if self._frames.ended:
            self._playout.idle()
            self._ended.set()

    def _next(self, samples: int, latency_s: float, underflow: bool) -> NDArray[np.float32]:
        """Return the next samples, and keep when they reach the ear."""
        self._underflows += underflow
        before, skipped = self._playout.taken, self._playout.skipped
        block = self._playout.pull(samples)
        if self._playout.taken - before == samples + self._playout.skipped - skipped:  # no silence in it
            self._heard = _Heard(before, self._called_s + latency_s, latency_s)
        return block

    def _watch(self) -> int:
        """Report until the input ends and the last samples are played, or the device fails; return an exit code.

        A device that is open may take a while to begin, also after its buffers are filled; what it got meanwhile would
        be heard late.
        """
        while not self._wait(REPORT_S if self._begun else POLL_S):
            if self._failure is not None:
                self._report("failed", BROKEN.format(error=self._failure))
                return 1
            if self._clock() - self._called_s > (SILENT_S if self._begun else START_S):
                self._report("failed", (LOST if self._begun else MUTE).format(device=self._device))
                return 1
            if self._begun:
                self._report("open")
        self._drain()
        return 0

    def _report(self, state: Literal["open", "failed"], message: str | None = None) -> None:
        """Write a report."""
        heard, values = self._heard, OutputReport(state, self._device, message)
        if heard is not None:
            playout = self._playout
            values = dataclasses.replace(
                values,
                position=self._ear.position(heard.output_sample),
                at_s=heard.at_s,
                held_s=playout.waiting / playout.sample_rate + heard.latency_s,
                underruns=playout.underruns + self._underflows,
                skipped_ms=round(1000 * playout.skipped / playout.sample_rate),
            )
        self._write(json.dumps(dataclasses.asdict(values), allow_nan=False).encode() + b"\n")

    def _drain(self) -> None:
        """Play what waits."""
        pause = threading.Event()
        for _ in range(round(DRAIN_S / POLL_S)):
            if not self._playout.waiting:
                break
            pause.wait(POLL_S)
        pause.wait(min(LATENCY_S, 0.0 if self._heard is None else self._heard.latency_s))


def output_rate(input_rate: int, device: DeviceInfo, backend: OutputBackend) -> int:
    """Return the rate at which an output is opened, Hz.

    The sound's own rate where that is one of sound cards, else a multiple of it, which costs least; else the device's.
    """
    usual = [rate for rate in (device.default_rate, USUAL_RATE) if rate % input_rate == 0]
    own = [input_rate] if input_rate >= 22_050 else []
    for rate in (*own, *usual):
        if backend.plays(device, rate):
            return rate
    return device.default_rate


def main() -> int:
    """Run the process; the setup is its last argument, as JSON."""
    setup = OutputSetup(**json.loads(sys.argv[-1]))

    def write(line: bytes) -> None:
        try:
            sys.stdout.buffer.write(line)
            sys.stdout.buffer.flush()
        except OSError:
            return  # the monitor has gone: our input ends

    try:
        from monitor.audio.sources.device.portaudio import PortAudio

        return OutputProgram(setup, PortAudio(), write).run(standard_input())
    except DeviceError as error:
        write(json.dumps({"state": "failed", "message": str(error)}).encode() + b"\n")
        return 1

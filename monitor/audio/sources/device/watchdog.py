"""The thread that keeps a device open: it notices that no sound comes, and opens the device again until it does.

Ten times a second it looks whether blocks have come. After a second without one (or as soon as PortAudio gives up) the
state is told, the stream closed, and the ring filled with lost sound at the pace of the clock; PortAudio is started
anew, for only so does it see what was plugged in, and the device is looked for by name, with growing pauses up to a
second, for as long as the program runs. It also measures the rate and listens for an input that is dead. The audio
callback is :mod:`monitor.audio.sources.device.capture`; nothing here runs on its thread.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Literal

from monitor.audio.ring_buffer import RingBuffer
from monitor.audio.sources.device.backend import AudioBackend, StreamLike
from monitor.audio.sources.device.capture import Capture
from monitor.audio.sources.device.clock_drift import DRIFT_SHARE, ClockDrift
from monitor.audio.sources.device.input_diagnosis import InputDiagnosis
from monitor.audio.sources.device.selection import DeviceInfo, find_again
from monitor.errors import DeviceError
from monitor.messages import DeviceStatus

__all__ = ["Watchdog"]

TICK_S = 0.1
STOP_TIMEOUT_S = 5.0
"""Seconds that a driver has to let go of its device."""
SILENT_S = 1.0
"""Seconds without a block after which a device counts as gone."""
FIRST_BLOCK_S = 4.0
"""Seconds that a device may take for its first block: a sound server that wakes up takes 1 to 2."""
PAUSES_S = (0.2, 0.4, 0.6)
"""Seconds between two attempts to open; the last for all that follow, so a device is heard within 3 s of its return."""


class Watchdog:
    """Opens a device, keeps it open, and says how it is doing.

    Parameters
    ----------
    system : AudioBackend
        Used by this thread alone once it runs.
    device : DeviceInfo
    capture : Capture
    ring : RingBuffer
        Closed at the end.
    channel, sample_rate : int
        The channel heard, from 1; Hz.
    latency_s : float
    once : bool
        Whether a device that is gone is an error instead of being looked for.
    wait_for_device : bool
        Whether a device that never opened is waited for as well.
    clock : callable
        Seconds that only go forward.

    Attributes
    ----------
    status : DeviceStatus
    error : BaseException or None
        What ended it early.

    Notes
    -----
    Everything is written by the thread ``auscult-watchdog``, before it starts by the one that calls :meth:`start`.
    """

    def __init__(
        self,
        system: AudioBackend,
        device: DeviceInfo,
        capture: Capture,
        ring: RingBuffer,
        *,
        channel: int,
        sample_rate: int,
        latency_s: float,
        once: bool = False,
        wait_for_device: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._system, self._device, self._capture, self._ring = system, device, capture, ring
        self._channel, self._sample_rate, self._latency_s = channel, sample_rate, latency_s
        self._once, self._wait_for_device, self._clock = once, wait_for_device, clock
        self._stream: StreamLike | None = None
        self._cursor = ring.cursor()
        self._dead_input = InputDiagnosis(sample_rate)
        self._meter = ClockDrift()
        self._heard = (0, 0, 0)  # streams, overflows and samples at the last tick
        self._silent_s = 0.0
        self._ticked_s = clock()
        self._attempts = 0
        self._next_attempt_s = self._ticked_s
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="auscult-watchdog")
        self.status = self._status("opening")
        self.error: BaseException | None = None

    @property
    def since_last_block_s(self) -> float:
        """Seconds since the newest block came; 0 before the first. Any thread may ask."""
        last_block = self._capture.last_block
        return 0.0 if last_block is None else max(0.0, self._clock() - last_block.time_s)

    def start(self) -> None:
        """Open the device and start the thread.

        Raises
        ------
        DeviceError
            If the device does not open and is not waited for.
        """
        self.open()
        self._thread.start()

    def open(self) -> None:
        """Open the device.

        Raises
        ------
        DeviceError
            If the device does not open and is not waited for.
        """
        try:
            self._open(self._device)
        except DeviceError as error:
            if not self._wait_for_device:
                self._cursor.close()
                raise
            self._look_later(f"{error.message}: waiting for it")

    def stop(self, timeout_s: float = STOP_TIMEOUT_S) -> None:
        """Ask the thread to close the device and end, and wait for it, once. Twice is safe."""
        waited = self._stopping.is_set()
        self._stopping.set()
        if self._thread.ident is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout=0.0 if waited else timeout_s)

    @property
    def stuck(self) -> bool:
        """Whether the driver keeps the thread from ending."""
        return self._stopping.is_set() and self._thread.is_alive()

    def _run(self) -> None:
        """Look after the device until stopped; always leave it and the ring closed."""
        try:
            while not self._stopping.wait(TICK_S):
                self.look()
        except Exception as error:  # noqa: BLE001  # a thread's top: kept, and raised again on the main thread
            self.error = error
        finally:
            self._close()
            self._cursor.close()
            self._ring.close()
            self.status = self._status("closed")

    def look(self) -> None:
        """Look after the device once; the thread does ten times a second.

        Raises
        ------
        DeviceError
            If the device is gone and is not looked for.
        Exception
            Whatever went wrong in the audio callback.
        """
        if self._capture.failure is not None:
            raise self._capture.failure
        # never more than two ticks at once: a program that was itself held up has not waited for the device
        now = self._clock()
        passed_s, self._ticked_s = min(now - self._ticked_s, 2 * TICK_S), now
        caught_up = self._capture.fill()
        if self._stream is None:
            if caught_up and now >= self._next_attempt_s:
                self._try_again()
        elif self._has_come():
            self._silent_s, self._attempts = 0.0, 0
        else:
            self._silent_s += passed_s
            self._check_silence(self._stream.active)
        self._listen()
        self.status = self._status(self._state())

    def _has_come(self) -> bool:
        """Return whether blocks came since the last tick; measure their rate."""
        capture = self._capture
        before, last_block = self._heard, capture.last_block
        self._heard = (capture.streams, capture.overflows, last_block.samples if last_block else 0)
        if self._heard[:2] != before[:2]:
            self._meter.clear()
        if last_block is None or self._heard == before:
            return False
        self._meter.push(last_block.time_s, last_block.samples)
        return True

    def _check_silence(self, active: bool) -> None:
        """Give the device up when it has been silent for too long, or PortAudio has given it up."""
        begun = self._state() == "open"
        if active and self._silent_s < (SILENT_S if begun else FIRST_BLOCK_S):
            return
        name = self._device.name
        why = f"{name}: no sound comes any more" if begun else f"{name}: opens, but gives no sound"
        never = self._capture.last_block is None and not self._wait_for_device
        if self._once or never:
            raise DeviceError(why, "check its plug and power, or choose another: auscult devices")
        self._look_later(f"{why}: looking for it")

    def _look_later(self, message: str) -> None:
        """Tell that there is no sound, close the stream, and plan the next attempt to open it."""
        self.status = self._status("lost", message)  # before closing, which may take the driver long
        self._close()
        pause_s = PAUSES_S[min(self._attempts, len(PAUSES_S) - 1)]
        self._attempts += 1
        self._next_attempt_s = self._clock() + pause_s

    def _try_again(self) -> None:
        """Look for the device under its name and open it; plan another attempt if that fails."""
        try:
            self._system.restart()
            found = find_again(self._system.devices(), self._device)
            if found is None:
                raise DeviceError(f"{self._device.name}: is not connected")
            self._open(found)
        except DeviceError as error:
            self._look_later(f"{error.message}: looking for it")

    def _open(self, device: DeviceInfo) -> None:
        """Open the device."""
        self._silent_s = 0.0
        self._capture.begin()
        self._stream = self._system.open(device, self._channel, self._sample_rate, self._latency_s, self._capture.take)
        self._device = device

    def _close(self) -> None:
        """Close the stream, if there is one. The capture takes nothing from then on."""
        self._capture.end()
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()

    def _listen(self) -> None:
        """Let the look for a dead input hear what came; lost sound tells nothing of the input."""
        while (read := self._cursor.read(self._sample_rate, 0.0)) is not None and len(read.waveform):
            if read.lost:
                self._dead_input.clear()
            else:
                self._dead_input.push(read.waveform)

    def _state(self) -> Literal["opening", "open", "lost"]:
        """Return the state: open from the first block of the present stream on."""
        if self._stream is None:
            return "lost"
        if self._capture.waiting:
            return "opening" if self._capture.last_block is None else "lost"
        return "open"

    def _status(self, state: Literal["opening", "open", "lost", "closed"], message: str | None = None) -> DeviceStatus:
        """Return how the device is doing."""
        rate, capture = self._meter.rate_hz, self._capture
        drift = None if rate is None else rate / self._sample_rate - 1.0
        return DeviceStatus(
            state=state,
            name=self._device.name,
            host_api=self._device.host_api,
            channel=self._channel,
            sample_rate=self._sample_rate,
            message=message or (self.status.message if state == "lost" else None),
            finding=self._dead_input.finding if state == "open" else None,
            measured_rate_hz=rate,
            drift=drift if drift is not None and abs(drift) > DRIFT_SHARE else None,
            overflows=capture.overflows,
            reopened=max(0, capture.streams - 1),
            lost_s=capture.lost_samples / self._sample_rate,
        )

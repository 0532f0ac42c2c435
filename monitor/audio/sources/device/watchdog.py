"""The thread that keeps a device open: it detects that no sound arrives and reopens the device until it does.

Ten times a second it checks whether blocks have arrived. After a second without one (or as soon as PortAudio gives up)
the state changes, the stream is closed, and the ring is filled with lost sound at the pace of the clock; PortAudio is
restarted, because only then does it see what was plugged in, and the device is looked up by name, with growing pauses,
for as long as the program runs. The thread also measures the sample rate and diagnoses an unusable input. The audio
callback is :mod:`monitor.audio.sources.device.capture`; nothing here runs on its thread.
"""

from __future__ import annotations

import math
import sys
import threading
from collections.abc import Callable
from typing import Literal

from monitor.audio.ring_buffer import RingBuffer
from monitor.audio.sources.device.backend import AudioBackend, StreamLike
from monitor.audio.sources.device.capture import Capture, LastBlock
from monitor.audio.sources.device.clock_drift import MAX_DRIFT, ClockDrift
from monitor.audio.sources.device.elapsed_time import elapsed_s
from monitor.audio.sources.device.input_diagnosis import InputDiagnosis
from monitor.audio.sources.device.selection import DeviceInfo, find_again
from monitor.errors import DeviceError
from monitor.log import get_logger
from monitor.messages import DeviceStatus

__all__ = ["SILENT_S", "Watchdog"]

logger = get_logger(__name__)

POLL_S = 0.1
SILENT_S = 1.0
"""Seconds without a block after which a device counts as lost."""
FIRST_BLOCK_S = 4.0
"""Seconds that a device may take for its first block: a sound server that wakes up takes 1 to 2."""
NOTICE_S = 10.0
"""Seconds for which a loss that is over is told."""
HELD_UP = "{} was held up: {:.1f} s of sound are lost"
PAUSES_S = (0.2, 0.4, 0.6)
"""Seconds between two attempts to open; the last one repeats, so a device is open within 3 s of its return."""


class Watchdog:
    """Opens a device, keeps it open, and reports its state.

    Parameters
    ----------
    backend : AudioBackend
        Used by this thread alone once it runs.
    device : DeviceInfo
    capture : Capture
    ring : RingBuffer
        Closed at the end.
    channel, sample_rate : int
        The channel to record, from 1; Hz.
    latency_s : float
    once : bool
        Whether a lost device is an error instead of being reopened.
    wait_for_device : bool
        Whether to keep trying when the device does not open at first, or gives no sound.
    clock : callable
        Returns monotonic seconds, with those during which the computer slept.
    channels : int
        How many channels to open at least: those of the capture.
    silent_s : float
        Seconds without a block after which the device counts as lost.
    platform : str
        As ``sys.platform``, or ``"network"``: whose settings the advice names.

    Attributes
    ----------
    status : DeviceStatus
    error : BaseException or None
        The exception that ended the thread.

    Notes
    -----
    Written by the thread ``auscult-watchdog``; before it starts, by the thread that calls :meth:`start`.
    """

    def __init__(
        self,
        backend: AudioBackend,
        device: DeviceInfo,
        capture: Capture,
        ring: RingBuffer,
        *,
        channel: int,
        sample_rate: int,
        latency_s: float,
        once: bool = False,
        wait_for_device: bool = False,
        clock: Callable[[], float] = elapsed_s,
        channels: int = 1,
        silent_s: float = SILENT_S,
        platform: str = sys.platform,
    ) -> None:
        self._channels, self._silence_limit_s = max(channel, channels), silent_s
        self._backend, self._device, self._capture, self._ring = backend, device, capture, ring
        self._channel, self._sample_rate, self._latency_s = channel, sample_rate, latency_s
        self._once, self._wait_for_device, self._clock = once, wait_for_device, clock
        self._stream: StreamLike | None = None
        self._cursor = ring.cursor()
        self._diagnosis = InputDiagnosis(sample_rate, platform)
        self._clock_drift = ClockDrift()
        self._newest: LastBlock | None = None  # at the last poll
        self._held_up, self._held_up_at_s = 0, -math.inf
        self._held_up_party = "the sender or the network" if platform == "network" else "the program or the system"
        self._silent_s = 0.0
        self._polled_s = clock()
        self._attempts = 0
        self._next_attempt_s = self._polled_s
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="auscult-watchdog")
        self.status = self._status("opening")
        self.error: BaseException | None = None

    @property
    def since_last_block_s(self) -> float:
        """Seconds since the newest block came; 0 before the first. Safe on any thread."""
        last_block = self._capture.last_block
        return 0.0 if last_block is None else max(0.0, self._clock() - last_block.time_s)

    @property
    def stream_latency_s(self) -> float:
        """Seconds that the library states for the way through it; 0 while it is closed. Safe on any thread."""
        stream = self._stream
        return 0.0 if stream is None else stream.latency_s

    def start(self) -> None:
        """Open the device and start the thread.

        Raises
        ------
        DeviceError
            If the device does not open, unless ``wait_for_device``.
        """
        self.open()
        self._thread.start()

    def open(self) -> None:
        """Open the device.

        Raises
        ------
        DeviceError
            If the device does not open, unless ``wait_for_device``.
        """
        try:
            self._open(self._device)
        except DeviceError as error:
            if not self._wait_for_device:
                self._cursor.close()
                raise
            self._schedule_retry(f"{error.message}: waiting for it")

    def stop(self, timeout_s: float) -> None:
        """Ask the thread to close the device and end; the first call waits for it. Twice is safe.

        Parameters
        ----------
        timeout_s : float
            Seconds that the driver has to release the device.
        """
        waited = self._stopping.is_set()
        self._stopping.set()
        if self._thread.ident is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout=0.0 if waited else timeout_s)

    @property
    def stuck(self) -> bool:
        """Whether the driver keeps the thread from ending."""
        return self._stopping.is_set() and self._thread.is_alive()

    def _run(self) -> None:
        """Poll until stopped; always leave the device and the ring closed."""
        try:
            while not self._stopping.wait(POLL_S):
                self.poll()
        except Exception as error:  # a thread's top: stored, and raised again on the main thread
            logger.info("%s: watchdog ends", self._device.name, exc_info=True)
            self.error = error
        finally:
            self._close()
            self._cursor.close()
            self._flush()
            self._ring.close()
            self.status = self._status("closed")

    def poll(self) -> None:
        """Check the device once; the thread does so ten times a second.

        Raises
        ------
        DeviceError
            If the device is lost and is not to be reopened.
        Exception
            Any exception of the audio callback.
        """
        if self._capture.failure is not None:
            raise self._capture.failure
        # at most two intervals: a program that was itself suspended has not waited for the device
        now = self._clock()
        passed_s, self._polled_s = min(now - self._polled_s, 2 * POLL_S), now
        caught_up = self._capture.fill()
        if self._stream is None:
            if caught_up and now >= self._next_attempt_s:
                self._reopen()
        elif self._has_new_blocks():
            self._silent_s, self._attempts = 0.0, 0
        else:
            self._silent_s += passed_s
            self._check_silence(self._stream.active)
        if self._capture.held_up != self._held_up:
            self._held_up, self._held_up_at_s = self._capture.held_up, now
        self._diagnose()
        before, self.status = self.status, self._status(self._state())
        _log_changes(before, self.status)

    def _has_new_blocks(self) -> bool:
        """Return whether blocks came since the last poll; measure their rate."""
        before, self._newest = self._newest, self._capture.last_block
        newest = self._newest
        if newest is None or newest == before:
            return False
        if before is None or newest.interruptions != before.interruptions:
            self._clock_drift.clear()
        if newest.in_time:
            self._clock_drift.push(newest.time_s, newest.samples)
        if (rate_hz := self._clock_drift.rate_hz) is not None:
            self._capture.set_rate(rate_hz)
        return True

    def _check_silence(self, active: bool) -> None:
        """Give the device up when it has been silent for too long, or PortAudio has given it up."""
        opened = self._state() == "open"
        if active and self._silent_s < (self._silence_limit_s if opened else FIRST_BLOCK_S):
            return
        name = self._device.name
        why = f"{name}: no sound comes any more" if opened else f"{name}: opens, but gives no sound"
        step = "check its plug and power, or choose another: auscult devices"
        if (failure := getattr(self._stream, "failure", None)) is not None:  # a sound library says nothing of it
            why, step = failure.message, failure.next_step
        never = self._capture.last_block is None
        if (never and not self._wait_for_device) or (self._once and not never):
            raise DeviceError(why, step)
        logger.warning("%s after %.1f s without a block, stream active: %s", why, self._silent_s, active)
        self._schedule_retry(f"{why}: looking for it")

    def _schedule_retry(self, message: str) -> None:
        """Report that there is no sound, close the stream, and schedule the next attempt to open it."""
        self.status = self._status("lost", message)  # before closing, which may take the driver long
        self._close()
        pause_s = PAUSES_S[min(self._attempts, len(PAUSES_S) - 1)]
        self._attempts += 1
        self._next_attempt_s = self._clock() + pause_s
        logger.debug("%s; attempt %d in %.1f s", message, self._attempts, pause_s)

    def _reopen(self) -> None:
        """Look the device up by name and open it; schedule another attempt if that fails."""
        try:
            self._backend.restart()
            device = find_again(self._backend.devices(), self._device)
            if device is None:
                raise DeviceError(f"{self._device.name}: is not connected")
            self._open(device)
        except DeviceError as error:
            verb = "waiting" if self._capture.last_block is None else "looking"
            self._schedule_retry(f"{error.message}: {verb} for it")

    def _open(self, device: DeviceInfo) -> None:
        """Open the device."""
        self._silent_s = 0.0
        self._capture.begin()
        self._stream = self._backend.open(
            device, self._channels, self._sample_rate, self._latency_s, self._capture.on_block
        )
        self._device = device
        logger.info("%s: opened at %d Hz as device %d", device.full_name, self._sample_rate, device.index)

    def _close(self) -> None:
        """Close the stream, if there is one. The capture takes nothing from then on."""
        self._capture.end()
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()

    def _flush(self) -> None:
        """Write what waits for the readers of the ring, as long as they read."""
        pause = threading.Event()
        while not self._capture.flush():
            pause.wait(POLL_S)

    def _diagnose(self) -> None:
        """Pass the new samples to the diagnosis, which restarts after lost sound."""
        while (read := self._cursor.read(self._sample_rate, 0.0)) is not None and len(read.waveform):
            if read.lost:
                self._diagnosis.clear()
            else:
                self._diagnosis.push(read.waveform)

    def _state(self) -> Literal["opening", "open", "lost"]:
        """Return the state: open from the first block of the current stream on."""
        if self._stream is None:
            return "lost"
        if self._capture.waiting:
            return "opening" if self._capture.last_block is None else "lost"
        return "open"

    def _status(self, state: Literal["opening", "open", "lost", "closed"], message: str | None = None) -> DeviceStatus:
        """Return the status to publish."""
        rate, capture = self._clock_drift.rate_hz, self._capture
        drift = None if rate is None else rate / self._sample_rate - 1.0
        return DeviceStatus(
            state=state,
            name=self._device.name,
            host_api=self._device.host_api,
            channel=self._channel,
            sample_rate=self._sample_rate,
            message=message or (self.status.message if state == "lost" else None),
            finding=self._diagnosis.finding if state == "open" else None,
            measured_rate_hz=rate,
            drift=drift if drift is not None and abs(drift) > MAX_DRIFT else None,
            overflows=capture.overflows,
            reopened=max(0, capture.streams - 1),
            lost_s=capture.lost_samples / self._sample_rate,
            held_up=self._held_up,
            notice=self._notice(),
        )

    def _notice(self) -> str | None:
        """Return what was lost in a hold-up, or what the backend has to tell, for a while after it."""
        if self._clock() - self._held_up_at_s > NOTICE_S:
            return getattr(self._backend, "notice", None)  # of what comes from elsewhere alone
        return HELD_UP.format(self._held_up_party, self._capture.held_up_samples / self._sample_rate)


def _log_changes(before: DeviceStatus, now: DeviceStatus) -> None:
    """Log what has changed from one poll to the next."""
    if now.state != before.state:
        logger.info("%s: %s after %s, %.1f s lost so far", now.name, now.state, before.state, now.lost_s)
    if now.held_up != before.held_up:
        logger.warning("%s: %s", now.name, now.notice)
    if now.overflows != before.overflows:
        logger.warning("%s: input overflow, %d so far", now.name, now.overflows)
    if now.finding is not None and now.finding != before.finding:
        logger.info("%s: %s", now.name, now.finding)
    if now.drift is not None and before.drift is None:
        logger.info("%s: %.1f Hz instead of %d Hz", now.name, now.measured_rate_hz, now.sample_rate)

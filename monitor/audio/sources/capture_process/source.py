"""A live input that is captured by a process of its own, so that several of them disturb one another in nothing.

PortAudio sees what was plugged in only after a restart, which kills every stream of its process: with a process for
each device, the search for one that is lost costs the others no sample. A process that dies or hangs is started again,
with growing pauses; what is missing meanwhile is lost sound of the same length, so that positions stay true to time.

Threads: ``auscult-captured`` reads what one process writes and pushes it into the ring; ``auscult-capture`` starts the
processes, watches them, and fills the ring while none of them gives sound. A lock keeps the two apart, so the ring has
one writer at a time.
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable
from typing import Protocol

from monitor.audio.limits import LATENCY_S
from monitor.audio.ring_buffer import RingBuffer
from monitor.audio.sources.base import Source
from monitor.audio.sources.capture_process.child import CaptureChild
from monitor.audio.sources.capture_process.protocol import FAILED, LOST, SOUND, CaptureReport, CaptureSetup, Frame
from monitor.audio.sources.device.backend import AudioBackend
from monitor.audio.sources.device.elapsed_time import elapsed_s
from monitor.audio.sources.device.selection import DeviceInfo
from monitor.audio.sources.microphone import MicrophoneSource
from monitor.errors import DeviceError
from monitor.log import get_logger
from monitor.messages import DeviceStatus

__all__ = ["CaptureProcessSource"]

logger = get_logger(__name__)

POLL_S = 0.1
HANGS_S, START_S = 5.0, 15.0
"""Seconds without a word from a process after which it hangs; and from a new one, whose driver may be slow."""
PAUSES_S = (0.1, 0.5, 1.0, 2.0, 5.0)
"""Seconds before a process is started again; the last one repeats."""
SOUND_S = 10.0
"""Seconds of life of a process after which the pauses begin with the shortest again."""
READERS_S = 2.0
"""Seconds without progress for which a burst waits for the readers of the ring, as in the capture itself."""
ENDED = "{name}: its capture process ended: starting it again"
HANGS = "{name}: its capture process does not answer: starting it again"


class Child(Protocol):
    """A process that captures; :class:`~monitor.audio.sources.capture_process.child.CaptureChild` is one."""

    pid: int

    def read(self) -> list[Frame] | None:
        """Wait for frames; None at the end."""

    def begin_end(self) -> None:
        """Ask it to end."""

    def kill(self) -> bool:
        """End it at once."""

    def close(self) -> int | None:
        """Release what it held."""


class CaptureProcessSource(Source):
    """Records a device in a process of its own until it is stopped.

    Parameters
    ----------
    device : DeviceInfo or str
        From :func:`monitor.audio.sources.device.selection.choose`; or what a person typed, of a device that is not
        connected yet and is waited for. It needs a sample rate.
    backend : AudioBackend
        Checks that a device has the channel and the rate; no stream is opened in this process.
    channel : int or None
        The channel to record, from 1; None for the first.
    sample_rate : int or None
        Hz, 1000 to 192000; None for the device's own.
    latency_s : float
        Seconds that the library may buffer, above 0, at most 5.
    once : bool
        Whether to end with an error when the device is lost, instead of reopening it when it is back.
    wait_for_device : bool
        Whether to keep trying when the device does not open at first.
    start_child : callable
        Starts a process; a test passes its own.
    clock : callable
        Returns monotonic seconds; the same in all processes.

    Raises
    ------
    ValueError
        If channel or latency are out of range, or a device that is not connected has no rate or is not waited for.
    DeviceError
        If the device has no such channel or rate.

    Attributes
    ----------
    restarts : int
        How often the process was started again.
    """

    live = True

    def __init__(
        self,
        device: DeviceInfo | str,
        backend: AudioBackend,
        *,
        channel: int | None = None,
        sample_rate: int | None = None,
        latency_s: float = LATENCY_S,
        once: bool = False,
        wait_for_device: bool = False,
        start_child: Callable[[CaptureSetup], Child] = CaptureChild,
        clock: Callable[[], float] = elapsed_s,
    ) -> None:
        wanted = device if isinstance(device, str) else None
        if isinstance(device, str):
            if not wait_for_device or sample_rate is None:
                raise ValueError(f"device={device!r} must be waited for, at a sample rate that is given")
            device = DeviceInfo(-1, device, "", channel or 1, sample_rate)
        else:
            # refuses what it refuses where it captures; it is not started here
            MicrophoneSource(device, backend, channel=channel, sample_rate=sample_rate, latency_s=latency_s)
        self.name, self.sample_rate = device.name, sample_rate or device.default_rate
        self._setup = CaptureSetup(
            device, self.sample_rate, channel or 1, latency_s, once=once, waiting=wait_for_device, wanted=wanted
        )
        self._start_child, self._clock = start_child, clock
        self._ring: RingBuffer | None = None
        self._child: Child | None = None
        self._stopping = threading.Event()
        self._writing = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="auscult-capture")
        self._status = DeviceStatus("opening", device.name, device.host_api, channel or 1, self.sample_rate)
        self._before = self._status  # of the processes that have ended: their counts
        self._latency_s = 0.0
        self._came: tuple[int, float] | None = None  # the end of the last sound told, in the ring, and its time
        self._heard = False  # whether the process has said something since the last check
        self._silent_s, self._checked_s = 0.0, clock()
        self._first = True  # frame of sound of this process
        self._hung = False
        self._failure: BaseException | None = None
        self._lost_samples = 0
        self._given_up = -1  # where the slowest reader stood still for too long
        self.restarts = 0

    @property
    def device_status(self) -> DeviceStatus:
        """State of the device, frozen; its counts are those of all processes so far."""
        return dataclasses.replace(self._status, lost_s=self._lost_samples / self.sample_rate)

    @property
    def since_last_block_s(self) -> float:
        """Seconds since the newest block came."""
        return 0.0 if self._came is None else max(0.0, self._clock() - self._came[1])

    @property
    def latency_s(self) -> float:
        """Seconds from a sound at the input to its sample in the process that captures it, as PortAudio states them."""
        return self._latency_s

    @property
    def error(self) -> BaseException | None:
        """The exception that ended the source early, or None."""
        return self._failure

    @property
    def stuck(self) -> bool:
        """Whether a driver keeps the process, and the thread that reads it, from ending."""
        return self._stopping.is_set() and self._thread.is_alive()

    @property
    def pid(self) -> int | None:
        """The number of the process that captures; None while there is none."""
        child = self._child
        return None if child is None else child.pid

    def start(self, ring: RingBuffer) -> None:
        """Start the process; its sound goes into ``ring``. Returns at once; what fails is told by :attr:`error`.

        Raises
        ------
        ValueError
            If it was started before.
        """
        if self._ring is not None:
            raise ValueError("start must be called once; create a new source to record the device again")
        self._ring = ring
        self._thread.start()

    def begin_stop(self) -> None:
        """Ask the process to end, and wait for nothing. Twice is safe."""
        self._stopping.set()
        child = self._child
        if child is not None:
            child.begin_end()

    def stop(self) -> None:
        """End the process and wait for it; one that does not end in time is killed. Twice is safe."""
        self.begin_stop()
        if self._thread.ident is None or self._thread is threading.current_thread():
            return
        self._thread.join(timeout=self.stop_timeout_s)
        child = self._child
        if self._thread.is_alive() and child is not None:
            child.kill()
            self._thread.join(timeout=2 * POLL_S)

    def _run(self) -> None:
        """Start processes until stopped, or until one says that the device cannot be used; then close the ring."""
        attempts = 0
        try:
            while not (self._stopping.is_set() or self._failure):
                began_s = self._clock()
                self._capture()
                if self._stopping.is_set() or self._failure:
                    break
                attempts = 0 if self._clock() - began_s > SOUND_S else attempts
                self._pause(PAUSES_S[min(attempts, len(PAUSES_S) - 1)])
                attempts += 1
                self.restarts += 1
                # the device was there: it is looked for from now on, whatever was asked for at the beginning
                self._setup = dataclasses.replace(self._setup, waiting=True)
        except Exception as error:  # a thread's top: stored, and raised again by who reads the ring
            logger.warning("%s: the capture ended early", self.name, exc_info=True)
            self._failure = error
        finally:
            if self._ring is not None:
                self._ring.close()
            self._status = dataclasses.replace(self._status, state="closed", message=None, finding=None)

    def _capture(self) -> None:
        """Start a process, and return when it has ended."""
        try:
            child = self._child = self._start_child(self._setup)
        except OSError as error:
            reason = error.strerror or str(error)
            raise DeviceError(f"{self.name}: its capture process cannot be started: {reason}", "try again") from error
        if self._stopping.is_set():
            child.begin_end()
        self._first, self._hung = True, False
        self._heard, self._silent_s, self._checked_s = False, 0.0, self._clock()
        ended = threading.Event()
        reader = threading.Thread(target=self._read, args=(child, ended), name="auscult-captured")
        reader.start()
        while not ended.wait(POLL_S):
            self._check(child)
            with self._writing:
                if self._first:  # it is starting, or looks for the device, and gives no sound yet
                    self._fill()
        reader.join()
        code = child.close()
        self._child = None
        if not (self._stopping.is_set() or self._failure):
            logger.warning("%s: the capture process %d ended with %s", self.name, child.pid, code)
            self._lose((HANGS if self._hung else ENDED).format(name=self.name))

    def _check(self, child: Child) -> None:
        """Kill a process that has said nothing for too long.

        At most two intervals count for each check: a program that was itself suspended has not waited.
        """
        now_s = self._clock()
        passed_s, self._checked_s = min(now_s - self._checked_s, 2 * POLL_S), now_s
        self._silent_s = 0.0 if self._heard else self._silent_s + passed_s
        self._heard = False
        if not self._hung and self._silent_s > (START_S if self._first else HANGS_S) and not self._stopping.is_set():
            logger.warning("%s: the capture process %d does not answer", self.name, child.pid)
            self._hung = True
            child.kill()

    def _lose(self, message: str) -> None:
        """Publish that there is no sound, and keep the counts of the process that has ended."""
        self._before = dataclasses.replace(self._status, reopened=self._status.reopened + 1)
        self._status = dataclasses.replace(self._status, state="lost", message=message, finding=None, notice=None)

    def _pause(self, pause_s: float) -> None:
        """Wait, and write lost sound meanwhile."""
        until_s = self._clock() + pause_s
        while not self._stopping.wait(min(POLL_S, max(0.0, until_s - self._clock()))) and self._clock() < until_s:
            self._fill()
        self._fill()

    def _fill(self) -> None:
        """Write lost sound up to the present; never before the first sound."""
        if self._came is not None:
            self._push_lost(self._missing(self._clock()))

    def _missing(self, time_s: float) -> int:
        """Return how many samples the ring is behind a time."""
        if self._came is None or self._ring is None:
            return 0
        end, came_s = self._came
        return max(0, end + round((time_s - came_s) * self.sample_rate) - self._ring.end_sample)

    def _read(self, child: Child, ended: threading.Event) -> None:
        """Take what a process writes until it ends."""
        try:
            while (frames := child.read()) is not None:
                self._heard = True
                for frame in frames:
                    with self._writing:
                        self._take(frame)
        except Exception as error:  # noqa: BLE001  # a thread's top: stored, and raised again by who reads the ring
            self._failure = error
            child.kill()
        finally:
            ended.set()

    def _take(self, frame: Frame) -> None:
        """Take one frame."""
        if frame.kind == FAILED:
            self._failure = DeviceError(*frame.failure)
        elif frame.report is not None:
            self._publish(frame.report)
        elif frame.kind in (SOUND, LOST) and self._ring is not None:
            if self._first:  # what is missing since the process before
                lost = self._missing(frame.time_s) - frame.samples
                self._push_lost(max(1, lost) if self._came is not None else 0)
            self._first = False
            if frame.kind == LOST:
                self._push_lost(frame.samples)
            else:
                self._wait_for_readers(frame.samples)
                self._ring.push(frame.waveform)
            self._came = self._ring.end_sample, frame.time_s

    def _push_lost(self, samples: int) -> None:
        """Write lost sound, in parts that the readers can take."""
        ring = self._ring
        while ring is not None and samples > 0:
            part = min(samples, ring.capacity // 2)
            self._wait_for_readers(part)
            ring.push_lost(part)
            self._lost_samples += part
            samples -= part

    def _wait_for_readers(self, samples: int) -> None:
        """Wait until the readers have read what is about to be overwritten, while they make progress.

        Sound held up on its way comes in a burst; the process keeps what is not read meanwhile.
        """
        ring = self._ring
        if ring is None:
            return
        needed = ring.room_from = ring.end_sample + samples - ring.capacity
        unread, progress_s = ring.first_unread, self._clock()
        while unread < needed and unread != self._given_up and not self._stopping.is_set():
            ring.room.wait(POLL_S)
            self._heard, now_s = True, self._clock()
            if ring.first_unread != unread:
                unread, progress_s = ring.first_unread, now_s
            elif now_s - progress_s >= READERS_S:
                self._given_up = unread

    def _publish(self, report: CaptureReport) -> None:
        """Publish what the process says of the device, with the counts of those before it."""
        before, status = self._before, report.status
        if self.restarts and status.state == "opening":  # it was open before
            status = dataclasses.replace(status, state="lost", message=self._status.message)
        self._latency_s = report.latency_s
        self._status = dataclasses.replace(
            status,
            overflows=before.overflows + status.overflows,
            reopened=before.reopened + status.reopened,
            held_up=before.held_up + status.held_up,
        )

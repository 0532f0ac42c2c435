"""The process that captures one device.

A process of its own, since the watchdog of a live input restarts PortAudio, which kills every stream of its process. It
opens the device as ``auscult listen`` with one device does, with the same watchdog and the same ring buffer, and
writes what it hears to its standard output: sound, lost sound, and five times a second the state of the device. It
ends with its standard input, which whoever started it holds open, or when the device fails for good.

While no one reads, the ring buffer holds the sound: half a minute of it.

Threads: those of the source, one that waits for the end of standard input, and the main thread, which writes.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from monitor.audio.ring_buffer import Cursor, Read, RingBuffer
from monitor.audio.sources.capture_process.protocol import (
    CaptureReport,
    CaptureSetup,
    failed_frame,
    lost_frame,
    setup_from,
    sound_frame,
    status_frame,
)
from monitor.audio.sources.device.backend import AudioBackend
from monitor.audio.sources.device.elapsed_time import elapsed_s
from monitor.audio.sources.device.selection import DeviceInfo, choose, find_again
from monitor.audio.sources.microphone import MicrophoneSource
from monitor.errors import AuscultError, DeviceError, NoSuchDeviceError
from monitor.messages import DeviceStatus

__all__ = ["CaptureProgram", "main"]

RING_S = 30.0
REPORT_S = 0.2
RETRY_S = 1.0
"""Seconds between two searches for a device that is waited for."""
MAX_SAMPLES = 2**16


class CaptureProgram:
    """Captures a device until it is told to end.

    Parameters
    ----------
    setup : CaptureSetup
    backend : AudioBackend
    write : callable
        Takes bytes; waits for whoever reads them, and raises an OSError where no one does any more.
    ended : Event
        Set when standard input has ended.
    clock : callable
        Returns monotonic seconds; the same in all processes.
    """

    def __init__(
        self,
        setup: CaptureSetup,
        backend: AudioBackend,
        write: Callable[[bytes], None],
        ended: threading.Event,
        clock: Callable[[], float] = elapsed_s,
    ) -> None:
        self._setup, self._backend, self._write, self._ended, self._clock = setup, backend, write, ended, clock
        self._reported: DeviceStatus | None = None
        self._report_due_s = clock()
        self.source: MicrophoneSource | None = None

    def run(self) -> int:
        """Capture until the end, and return an exit code."""
        ring = RingBuffer(round(RING_S * self._setup.sample_rate))
        cursor = ring.cursor()
        try:
            source = self.source = self._started(ring)
            if source is None:
                return 0
            self._pass_on(source, cursor)
            source.stop()
            if source.error is not None:
                raise source.error
        except AuscultError as error:
            self._write(failed_frame(error.message, error.next_step))
            return 1
        except OSError:
            return 0  # no one reads any more
        except Exception as error:  # noqa: BLE001  # the top of the process: told to whoever started it
            self._write(failed_frame(f"{self._setup.device.name}: the capture failed ({error!r})"))
            return 1
        finally:
            if self.source is not None:
                self.source.close()
        return 0

    def _started(self, ring: RingBuffer) -> MicrophoneSource | None:
        """Return the source, as soon as its device is there; None where the end came first."""
        setup = self._setup
        while not self._ended.is_set():
            try:
                source = MicrophoneSource(
                    self._found(),
                    self._backend,
                    channel=setup.channel,
                    sample_rate=setup.sample_rate,
                    latency_s=setup.latency_s,
                    once=setup.once,
                    wait_for_device=setup.waiting,
                )
                source.start(ring)
                return source
            except DeviceError as error:
                if not setup.waiting:
                    raise
                self._report(self._absent(f"{error.message}: waiting for it"))
            self._ended.wait(RETRY_S)
            self._backend.restart()
        return None

    def _found(self) -> DeviceInfo:
        """Return the device as this process lists it."""
        setup, devices = self._setup, self._backend.devices()
        if setup.wanted is not None:
            return choose(devices, setup.wanted)
        device = find_again(devices, setup.device)
        if device is None:
            raise NoSuchDeviceError(f"{setup.device.name}: is not connected", "plug it in")
        return device

    def _absent(self, message: str) -> CaptureReport:
        """Return the report of a device that is waited for."""
        setup = self._setup
        status = DeviceStatus(
            "lost", setup.device.name, setup.device.host_api, setup.channel, setup.sample_rate, message=message
        )
        return CaptureReport(status)

    def _pass_on(self, source: MicrophoneSource, cursor: Cursor) -> None:
        """Write what comes until the end; then what is left."""
        expected = 0
        stopping = False
        while True:
            if self._ended.is_set() and not stopping:
                stopping = True
                source.stop()
            read = cursor.read(MAX_SAMPLES, REPORT_S / 2)
            if read is None:
                break
            time_s = self._clock() - source.since_last_block_s - cursor.behind / source.sample_rate
            for start, part in parts(read, expected):
                if isinstance(part, int):
                    self._write(lost_frame(start, part, time_s - (read.end_sample - start - part) / source.sample_rate))
                else:
                    end = start + len(part)
                    self._write(sound_frame(start, part, time_s - (read.end_sample - end) / source.sample_rate))
            expected = read.end_sample
            status = source.device_status
            if status != self._reported or self._clock() >= self._report_due_s:
                self._report(CaptureReport(status, source.latency_s))
        self._report(CaptureReport(source.device_status))

    def _report(self, report: CaptureReport) -> None:
        """Write a report."""
        self._reported, self._report_due_s = report.status, self._clock() + REPORT_S
        self._write(status_frame(report))


def parts(read: Read, expected: int) -> Iterator[tuple[int, NDArray[np.float32] | int]]:
    """Yield sound, and numbers of lost samples, in order, each with its first sample.

    Parameters
    ----------
    read : Read
    expected : int
        The sample after those read before.

    Examples
    --------
    >>> read = Read(10, np.ones(6, np.float32), ((8, 10), (12, 14)))
    >>> [(start, part if isinstance(part, int) else len(part)) for start, part in parts(read, 8)]
    [(8, 2), (10, 2), (12, 2), (14, 2)]
    """
    at = expected
    for lost_start, lost_end in ((expected, read.start_sample), *read.lost, (read.end_sample, read.end_sample)):
        start, end = max(at, lost_start), max(at, lost_end)
        if start > at:
            yield at, read.waveform[at - read.start_sample : start - read.start_sample]
        if end > start:
            yield start, end - start
        at = end


def main() -> int:
    """Run the process; the setup is its last argument, as JSON."""
    if hasattr(signal, "SIGTSTP"):  # Ctrl+Z stops the program; what is heard meanwhile is kept here
        signal.signal(signal.SIGTSTP, signal.SIG_IGN)
    setup = setup_from(sys.argv[-1])
    out = sys.stdout.buffer
    ended = threading.Event()

    def write(data: bytes) -> None:
        out.write(data)
        out.flush()

    def wait_for_end() -> None:
        while os.read(0, 4096):
            pass
        ended.set()

    threading.Thread(target=wait_for_end, name="auscult-capture-end").start()
    try:
        from monitor.audio.sources.device.portaudio import PortAudio

        program = CaptureProgram(setup, PortAudio(), write, ended)
        code = program.run()
    except DeviceError as error:
        write(failed_frame(error.message, error.next_step))
        code = 1
    except OSError:
        code = 0
    os._exit(code)  # a driver may hold a thread, and standard input the other: there is nothing left to wait for

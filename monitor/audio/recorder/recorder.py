"""The untouched input, written to a file beside the judging.

A thread of its own reads the ring through a cursor of its own, twice a second, so neither a slow disk nor a
full one is felt by the capture or the classifier. What was lost (upstream, or overwritten in the ring while
the disk could not follow) stands in the file as zeros of the same length, so its time axis stays right, and is
counted. Every write leaves a valid file (:mod:`monitor.audio.recorder.append_file`): whoever kills the program loses half a
second. A power cut may cost more, as much as the system had not handed to the disk.

When a write fails (full disk, stick pulled out) the recorder keeps the sound and tries again: the ring holds
the next half minute, after that zeros stand for what was overwritten. Ending there would lose more, and the
judging goes on anyway. The file that is there stays valid all the while.
"""

from __future__ import annotations

import errno
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np

from monitor.audio.recorder.append_file import SoundWriter, new_file
from monitor.audio.recorder.flac_writer import FlacWriter
from monitor.audio.recorder.wav_writer import WavWriter
from monitor.audio.ring_buffer import Cursor, RingBuffer
from monitor.errors import AuscultError
from monitor.messages import RecordingStatus

__all__ = ["Recorder"]

WRITE_EVERY_S = 0.5
"""Seconds between two writes, so the most that a killed program loses; "up to the last second" with room to spare."""
LARGEST_WRITE = 2**16
"""Samples in one write."""
SLOW_SHARE = 0.25
"""Share of the ring that waits to be written from which the disk is called slow."""
STOP_TIMEOUT_S = 10.0
"""Seconds that a disk has for the last half minute of sound."""

WRITERS: dict[str, Callable[..., SoundWriter]] = {".wav": WavWriter, ".flac": FlacWriter}

DISK_FULL = "the disk is full: free some space, and the recording goes on"
LARGEST_FILE = "the file is as large as its disk allows: stop and start another recording"
SLOW = "the disk is slow: sound waits to be written"


class Recorder:
    """Records a ring into a file.

    Parameters
    ----------
    path : Path
        A new file: ``.wav`` (float32, bit for bit) or ``.flac`` (24 bits; see :mod:`monitor.audio.recorder.flac_writer`).
    ring : RingBuffer
        Read from the oldest sample that it holds when the recorder starts.
    sample_rate : int
        Hz.

    Raises
    ------
    AuscultError
        If the name has another ending, or the file is there already or cannot be made.

    Notes
    -----
    Everything that changes is written by the thread ``auscult-recorder``; :attr:`status` may be read by any.
    """

    def __init__(self, path: Path, ring: RingBuffer, sample_rate: int) -> None:
        self._path, self._ring, self._sample_rate = path, ring, sample_rate
        self._writer = _writer(path, sample_rate)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="auscult-recorder")
        self._cursor: Cursor | None = None
        self._zeros = 0  # to be written before what was read
        self._waveform = np.zeros(0, np.float32)  # read, and not yet written
        self._written = 0
        self._lost = 0
        self._missing = 0  # at the end: what could not be written
        self._error: str | None = None
        self._ended = False

    def start(self, *, from_now: bool = False) -> None:
        """Begin to record, before the source starts, or later.

        Parameters
        ----------
        from_now : bool
            Whether to leave out what the ring already holds.

        Raises
        ------
        ValueError
            If it was started or stopped before.
        """
        if self._cursor is not None or self._ended:
            raise ValueError("start must be called once; make a new recorder for another file")
        self._cursor = self._ring.cursor()
        if from_now:
            self._cursor.next_sample = self._ring.end_sample
        self._thread.start()

    def stop(self) -> None:
        """Write what the ring holds, and close the file. Twice is safe, and so is before the start.

        A file without a sample is taken away: it would only stand in the way of the next recording.
        """
        self._stopping.set()
        if self._thread.ident is None:
            self._finish()
        elif self._thread is not threading.current_thread():
            self._thread.join(timeout=STOP_TIMEOUT_S)

    @property
    def status(self) -> RecordingStatus:
        """What the recording has come to; frozen, cheap, from any thread."""
        behind = 0 if self._ended or self._cursor is None else self._cursor.behind
        error = self._error
        if error is None and behind > SLOW_SHARE * self._ring.capacity:
            error = SLOW
        lost = self._lost + self._missing + max(0, behind - self._ring.capacity)
        return RecordingStatus(self._path, self._written / self._sample_rate, lost, error)

    def _run(self) -> None:
        """Write twice a second until stopped or the ring has ended; always close the file."""
        every_s = min(WRITE_EVERY_S, self._ring.capacity / self._sample_rate / 4)
        try:
            while not self._stopping.wait(every_s) and not self._ring.closed:
                self._write_waiting()
            self._write_waiting()
        except Exception as error:  # noqa: BLE001  # a thread's top: kept, and told with the status
            self._error = f"the recording ended early: {error!r}"
        finally:
            self._finish()

    def _write_waiting(self) -> None:
        """Write all that the ring held at the call, or as much as the disk takes."""
        cursor, end = self._cursor, self._ring.end_sample
        while self._write_pending() and cursor is not None and cursor.next_sample < end:
            expected = cursor.next_sample
            read = cursor.read(LARGEST_WRITE, 0.0)
            if read is None:
                return
            self._zeros = read.start_sample - expected  # overwritten unread
            self._waveform = read.waveform
            self._lost += sum(stop - start for start, stop in read.lost)

    def _write_pending(self) -> bool:
        """Write what was kept; return whether the disk took all of it."""
        try:
            while self._zeros:
                count = min(self._zeros, LARGEST_WRITE)
                self._write(np.zeros(count, np.float32))
                self._zeros -= count
            if len(self._waveform):
                self._write(self._waveform)
                self._waveform = self._waveform[:0]
        except OSError as error:
            self._error = _advice(error)
            return False
        self._error = None
        return True

    def _write(self, waveform: np.ndarray[tuple[int], np.dtype[np.float32]]) -> None:
        """Write samples and count them."""
        self._writer.write(waveform)
        self._written += len(waveform)

    def _finish(self) -> None:
        """Close the file, let go of the ring, and count what could not be written. Twice is safe."""
        if self._ended:
            return
        if self._cursor is not None:
            self._missing = len(self._waveform) + self._cursor.behind
            self._cursor.close()
        self._ended = True
        try:
            self._writer.close()
            if not self._written:
                self._path.unlink(missing_ok=True)
        except OSError as error:
            self._error = _advice(error)
        if self._missing:
            self._error = f"the last {self._missing / self._sample_rate:.1f} s could not be written to {self._path}"


def _writer(path: Path, sample_rate: int) -> SoundWriter:
    """Return what writes a file of this name."""
    make = WRITERS.get(path.suffix.lower())
    if make is None:
        raise AuscultError(f"{path} cannot be recorded: its ending says no known format", "end it in .wav or .flac")
    file = new_file(path)
    try:
        return make(file, sample_rate)
    except OSError as error:
        file.close()
        path.unlink(missing_ok=True)
        raise AuscultError(f"{path} cannot be written: {_advice(error)}", "give another place") from error


def _advice(error: OSError) -> str:
    """Return what is wrong with the disk, and what helps."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DISK_FULL
    if error.errno == errno.EFBIG:
        return LARGEST_FILE
    return f"the disk does not take the sound ({error.strerror or error}): look whether it is still there"

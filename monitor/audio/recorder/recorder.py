"""Records the unprocessed input to a file while it is classified.

A separate thread reads the ring with a separate cursor, twice a second, so that a slow or full disk affects neither the
capture nor the classifier. Lost sound (upstream, or overwritten in the ring while the disk could not follow) is written
as zeros of the same length, so that the time axis of the file stays right, and counted. Every write leaves a valid file
(:mod:`monitor.audio.recorder.append_file`): a killed program loses half a second. A power cut may cost more: everything
that the operating system had not yet written to the disk.

When a write fails (full disk, drive unplugged) the recorder keeps the sound and tries again: the ring buffers the next
half minute, after that zeros stand for overwritten samples. Stopping would lose more, and the classification continues
anyway. The file stays valid all the time.

Marks go to a labels file beside the recording (:mod:`monitor.audio.recorder.labels_file`), written by the thread that
marks: a disk that refuses them affects no sound.
"""

from __future__ import annotations

import dataclasses
import errno
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from monitor.audio.recorder.append_file import SoundWriter, new_file
from monitor.audio.recorder.flac_writer import FlacWriter
from monitor.audio.recorder.labels_file import LabelsFile, labels_path
from monitor.audio.recorder.wav_writer import WavWriter
from monitor.audio.ring_buffer import Cursor, RingBuffer
from monitor.errors import AuscultError
from monitor.log import get_logger
from monitor.messages import RecordingStatus

__all__ = ["Recorder"]

logger = get_logger(__name__)

WRITE_EVERY_S = 0.5
"""Seconds between two writes, and the most that a killed program loses."""
MAX_WRITE_SAMPLES = 2**16
SLOW_BACKLOG = 0.25
SLOW_S = 2.0
"""Fraction of the ring waiting to be written, and seconds that a write takes, above which the disk is reported as slow:
what was held up on its way comes in a burst, and waits for the next write only."""
STOP_TIMEOUT_S = 10.0
"""Seconds that a disk has to write the last half minute of sound."""

WRITERS: dict[str, Callable[..., SoundWriter]] = {".wav": WavWriter, ".flac": FlacWriter}

DISK_FULL = "the disk is full: free some space, and the recording goes on"
LARGEST_FILE = "the file is as large as its disk allows: stop and start another recording"
GONE = "the file was moved or deleted: put it back, or start another recording"
NO_ANSWER = "the disk does not answer: the last {seconds:.1f} s may be missing"
SLOW = "the disk is slow: sound waits to be written"


class Recorder:
    """Records a ring buffer to a file.

    Parameters
    ----------
    path : Path
        A new file: ``.wav`` (float32, bit for bit) or ``.flac`` (24 bits, see
        :mod:`monitor.audio.recorder.flac_writer`).
    ring : RingBuffer
        Read from the oldest sample stored when the recorder starts.
    sample_rate : int
        Hz.
    clock : callable
        Returns monotonic seconds.
    in_session : bool
        Whether it is part of a session, which only its owner may read and which keeps the marks elsewhere.

    Raises
    ------
    AuscultError
        If the name has another suffix, or the file exists or cannot be created, or the file for its labels exists.

    Notes
    -----
    State is written by the thread ``auscult-recorder``, marks by the thread that starts, marks and stops;
    :attr:`status` may be read by any thread.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     ring = RingBuffer(capacity=8000)
    ...     recorder = Recorder(Path(folder, "heart.wav"), ring, sample_rate=4000)
    ...     recorder.start()
    ...     ring.push(np.zeros(6000, np.float32))
    ...     recorder.stop()
    ...     recorder.status.written_s, recorder.status.lost_samples, recorder.status.error
    (1.5, 0, None)
    """

    def __init__(
        self,
        path: Path,
        ring: RingBuffer,
        sample_rate: int,
        clock: Callable[[], float] = time.monotonic,
        *,
        in_session: bool = False,
    ) -> None:
        self._path, self._ring, self._sample_rate, self._clock = path, ring, sample_rate, clock
        self._labels = None if in_session else LabelsFile(labels_path(path))
        self._began_s: float | None = None  # the write under way
        self._slow = False  # whether the last one took long
        self._writer = _writer(path, sample_rate, private=in_session)
        self._first_sample = 0  # of the ring, at the beginning of the file
        self._file_id = _file_id(path)
        self._gone = False  # moved or deleted, so that the path does not hold what was written
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="auscult-recorder")
        self._cursor: Cursor | None = None
        self._zeros = 0  # to be written before the waveform
        self._waveform = np.zeros(0, np.float32)  # read, and not yet written
        self._written = 0
        self._lost = 0
        self._missing = 0  # samples that could not be written up to the end
        self._error: str | None = None
        self._ended = False

    def start(self, *, from_now: bool = False) -> None:
        """Begin to record, before the source starts, or later.

        Parameters
        ----------
        from_now : bool
            Whether to skip the samples that are already in the ring.

        Raises
        ------
        ValueError
            If it was started or stopped before.
        """
        if self._cursor is not None or self._ended:
            raise ValueError("start must be called once; create a new recorder for another file")
        self._cursor = self._ring.cursor()
        if from_now:
            self._cursor.next_sample = self._ring.end_sample
        self._first_sample = self._cursor.next_sample
        self._thread.start()

    def mark(self, sample: int, text: str) -> float:
        """Write a mark into the labels file; where that fails the status says why, and it is tried again.

        Parameters
        ----------
        sample : int
            Absolute index in the ring.
        text : str
            One line without tabs.

        Returns
        -------
        float
            Position in the recording, seconds.
        """
        at_s = max(0, sample - self._first_sample) / self._sample_rate
        if self._labels is not None:
            self._labels.add(at_s, text)
        return at_s

    @property
    def path(self) -> Path:
        """The sound file."""
        return self._path

    @property
    def labels_path(self) -> Path | None:
        """Where marks go; None in a session."""
        return None if self._labels is None else self._labels.path

    def write_marks(self) -> None:
        """Try again to write marks that could not be written, if there are any."""
        if self._labels is not None:
            self._labels.write_waiting()

    def stop(self, timeout_s: float = STOP_TIMEOUT_S) -> None:
        """Write the rest of the ring and close the file. Twice is safe, and so is before the start.

        A file without samples is deleted (but no other that took the name), so that the name can be used again.

        Parameters
        ----------
        timeout_s : float
            Longest wait for the disk; what it has not taken then is reported as lost by :attr:`status`.
        """
        self._stopping.set()
        if self._thread.ident is None:
            self._finish()
        elif self._thread is not threading.current_thread():
            self._thread.join(timeout=timeout_s)
        if self._labels is not None:
            self._labels.close()

    @property
    def status(self) -> RecordingStatus:
        """State of the recording; frozen, cheap, from any thread."""
        behind = 0 if self._ended or self._cursor is None else self._cursor.behind
        error, began_s = self._error, self._began_s
        slow = self._slow or (began_s is not None and self._clock() - began_s > SLOW_S)
        if self._stopping.is_set() and not self._ended:
            error = NO_ANSWER.format(seconds=(behind + len(self._waveform)) / self._sample_rate)
        elif error is None and slow and behind > SLOW_BACKLOG * self._ring.capacity:
            error = SLOW
        lost = self._lost + self._missing + max(0, behind - self._ring.capacity)
        status = RecordingStatus(self._path, self._written / self._sample_rate, lost, error)
        if self._gone:
            status = dataclasses.replace(status, written_s=0.0, lost_samples=lost + self._written, error=GONE)
        return status if self._labels is None else _with_marks(status, self._labels)

    def _run(self) -> None:
        """Write twice a second until stopped or the ring has ended; always close the file."""
        every_s = min(WRITE_EVERY_S, self._ring.capacity / self._sample_rate / 4)
        try:
            while not self._stopping.wait(every_s) and not self._ring.closed:
                self._began_s = began_s = self._clock()
                self._write_waiting()
                self._slow, self._began_s = self._clock() - began_s > SLOW_S, None
            self._write_waiting()
        except Exception as error:  # a thread's top: stored, and shown with the status
            logger.warning("%s: the recording ended early", self._path, exc_info=True)
            self._error = f"the recording ended early: {error!r}"
        finally:
            self._finish()

    def _write_waiting(self) -> None:
        """Write everything in the ring at the time of the call, or as much as the disk accepts."""
        self._gone = _file_id(self._path) != self._file_id
        cursor, end = self._cursor, self._ring.end_sample
        while self._write_pending() and cursor is not None and cursor.next_sample < end:
            expected = cursor.next_sample
            read = cursor.read(MAX_WRITE_SAMPLES, 0.0)
            if read is None:
                return
            self._zeros = read.start_sample - expected  # overwritten unread
            self._waveform = read.waveform
            self._lost += sum(stop - start for start, stop in read.lost)
            if read.overrun:
                logger.warning("%s: %d samples overwritten before they were recorded", self._path, self._zeros)

    def _write_pending(self) -> bool:
        """Write the samples read so far; return whether the disk accepted all of them."""
        try:
            while self._zeros:
                count = min(self._zeros, MAX_WRITE_SAMPLES)
                self._write(np.zeros(count, np.float32))
                self._zeros -= count
            if len(self._waveform):
                self._write(self._waveform)
                self._waveform = self._waveform[:0]
        except OSError as error:
            if self._error is None:
                logger.warning("%s: a write failed (%s); trying again", self._path, error)
            self._error = _advice(error)
            return False
        if self._error is not None:
            logger.info("%s: writing again", self._path)
        self._error = None
        return True

    def _write(self, waveform: np.ndarray[tuple[int], np.dtype[np.float32]]) -> None:
        """Write samples and count them."""
        self._writer.write(waveform)
        self._written += len(waveform)

    def _finish(self) -> None:
        """Close the file and the cursor, and count the samples that could not be written. Twice is safe."""
        if self._ended:
            return
        if self._cursor is not None:
            self._missing = len(self._waveform) + self._cursor.behind
            self._cursor.close()
        self._ended = True
        try:
            self._writer.close()
            self._gone = _file_id(self._path) != self._file_id
            if not self._written and not self._gone:
                self._path.unlink(missing_ok=True)
        except OSError as error:
            self._error = _advice(error)
        if self._missing:
            self._error = f"the last {self._missing / self._sample_rate:.1f} s could not be written to {self._path}"


def _with_marks(status: RecordingStatus, labels: LabelsFile) -> RecordingStatus:
    """Return the status with what is known of the marks."""
    return dataclasses.replace(
        status,
        labels=labels.path if labels.written else None,
        marks=labels.written,
        waiting_marks=labels.waiting,
        marks_error=labels.error,
    )


def _writer(path: Path, sample_rate: int, *, private: bool = False) -> SoundWriter:
    """Return a writer for the format of the suffix."""
    writer = WRITERS.get(path.suffix.lower())
    if writer is None:
        raise AuscultError(f"{path} cannot be recorded: its suffix is not a known format", "end it in .wav or .flac")
    file = new_file(path, private=private)
    try:
        return writer(file, sample_rate)
    except OSError as error:
        file.close()
        path.unlink(missing_ok=True)
        raise AuscultError(f"{path} cannot be written: {_advice(error)}", "choose another folder") from error


def _file_id(path: Path) -> tuple[int, int] | None:
    """Return what tells a file from every other, None where there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _advice(error: OSError) -> str:
    """Return what is wrong with the disk, and the remedy."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DISK_FULL
    if error.errno == errno.EFBIG:
        return LARGEST_FILE
    return f"the disk does not accept the sound ({error.strerror or error}): check that it is connected"

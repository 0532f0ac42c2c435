"""The electrocardiogram beside the sound: its R peaks, in step with the windows, and its recording.

R peaks are searched for up to the end of each window and go with it, so the result does not depend on when it is
asked for. A gap ends the search, and another one begins behind it. The recording has a thread of its own
(:mod:`monitor.audio.recorder.recorder`); everything else runs on the pipeline's own thread.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

from monitor.audio.ecg_ring_buffer import EcgRingBuffer
from monitor.audio.ring_buffer import RingBuffer
from monitor.messages import RecordingStatus, RPeak, Summary, WindowEvent

if TYPE_CHECKING:
    from monitor.analysis.electrocardiogram.r_peak_detector import RPeakDetector
    from monitor.audio.recorder.recorder import Recorder

__all__ = ["EcgTrack"]


class EcgTrack:
    """Follows the electrocardiogram of a sound; does nothing for a sound that has none.

    Parameters
    ----------
    ring : RingBuffer
        Of the sound; an EcgRingBuffer where there is an electrocardiogram.
    sample_rate : int
        Hz.
    path : Path or None
        A new file of a session for the electrocardiogram; None for no recording.

    Raises
    ------
    AuscultError
        If the file cannot be made.
    """

    def __init__(self, ring: RingBuffer, sample_rate: int, path: Path | None = None) -> None:
        self._ring = ring.ecg if isinstance(ring, EcgRingBuffer) else None
        self._sample_rate = sample_rate
        self._cursor = None if self._ring is None else self._ring.cursor()
        self._detector = None if self._ring is None else _new_detector(sample_rate)
        self._first_sample = 0  # of the stretch that is searched
        self._finished = False
        self._found: list[int] = []
        self._last: tuple[RPeak, ...] = ()
        self._recorder: Recorder | None = None
        if path is not None and self._ring is not None:
            from monitor.audio.recorder.recorder import Recorder

            self._recorder = Recorder(path, self._ring, sample_rate, in_session=True)

    def start(self) -> None:
        """Begin to record."""
        if self._recorder is not None:
            self._recorder.start()

    def stop(self, **limit: Any) -> None:
        """Stop recording; see :meth:`monitor.audio.recorder.recorder.Recorder.stop`."""
        if self._recorder is not None:
            self._recorder.stop(**limit)

    def with_r_peaks(self, event: WindowEvent) -> WindowEvent:
        """Return a window with the R peaks found up to its end, and not yet given with another."""
        if self._ring is None:
            return event
        self._search(round(event.end_s * self._sample_rate))
        return dataclasses.replace(event, r_peaks=self._take())

    def with_last_r_peaks(self, summary: Summary) -> Summary:
        """Return the summary of all windows with the R peaks behind the last of them."""
        if self._ring is None:
            return summary
        if not self._finished:
            self._search(self._ring.end_sample)
            self._end_stretch()
            self._finished, self._last = True, self._take()
        return dataclasses.replace(summary, r_peaks=self._last)

    def merged(self, status: RecordingStatus | None) -> RecordingStatus | None:
        """Return the status of the sound's recording, with what is wrong with that of the electrocardiogram."""
        if status is None or self._recorder is None or status.error is not None:
            return status
        error = self._recorder.status.error
        return status if error is None else dataclasses.replace(status, error=f"electrocardiogram: {error}")

    def _take(self) -> tuple[RPeak, ...]:
        """Return the R peaks found and not yet taken."""
        found, self._found = self._found, []
        return tuple(RPeak(sample / self._sample_rate, sample) for sample in found)

    def _search(self, end: int) -> None:
        """Search for R peaks up to a sample."""
        cursor = self._cursor
        while cursor is not None and (wanted := end - cursor.next_sample) > 0 and not self._finished:
            read = cursor.read(min(wanted, self._sample_rate), 0.0)
            if read is None or not len(read.waveform):
                return
            position = read.start_sample
            for start, stop in (*read.lost, (read.end_sample, read.end_sample)):
                self._push(read.waveform[max(0, position - read.start_sample) : max(0, start - read.start_sample)])
                position = stop
                if stop > start:
                    self._end_stretch()
                    self._first_sample = stop

    def _push(self, waveform: Any) -> None:
        """Search the next samples."""
        if self._detector is not None:
            self._found += [self._first_sample + sample for sample in self._detector.push(waveform)]

    def _end_stretch(self) -> None:
        """Take the last R peaks of a stretch, and begin again."""
        if self._detector is not None:
            self._found += [self._first_sample + sample for sample in self._detector.finish()]
            self._detector = _new_detector(self._sample_rate)


def _new_detector(sample_rate: int) -> RPeakDetector:
    """Return a detector; imported only where there is an electrocardiogram."""
    from monitor.analysis.electrocardiogram.r_peak_detector import RPeakDetector

    return RPeakDetector(sample_rate)

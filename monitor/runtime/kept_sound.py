"""What is kept of a sound while it is judged: its recording, the sound of its session, marks and changes of site.

Part of a :class:`monitor.runtime.pipeline.Pipeline` and of a :class:`monitor.runtime.ward.live_stream.LiveStream`;
belongs to the thread that made it.
"""

from __future__ import annotations

import abc
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.audio.ring_buffer import RingBuffer
from monitor.messages import Mark, SiteChange
from monitor.runtime.entries import Entries

if TYPE_CHECKING:
    from monitor.audio.recorder.recorder import Recorder
    from monitor.messages import RecordingStatus

__all__ = ["KeptSound"]


class KeptSound(abc.ABC):
    """Records a ring buffer, and holds what a person enters.

    Parameters
    ----------
    ring : RingBuffer
    sample_rate : int
        Hz.
    record : Path or None
        A new .wav or .flac file for the samples, unchanged; None for no recording.
    session_sound : Path or None
        A second such file, the sound of a session: only its owner may read it.
    site : str or None
        The auscultation site at the beginning, one of :data:`monitor.labels.SITES`.

    Raises
    ------
    AuscultError
        If a recording file cannot be created.
    """

    def __init__(
        self,
        ring: RingBuffer,
        sample_rate: int,
        *,
        record: Path | None = None,
        session_sound: Path | None = None,
        site: str | None = None,
    ) -> None:
        self._kept_ring, self._kept_rate = ring, sample_rate
        self._started = False
        self._entries = Entries(sample_rate, site)
        self._recorder: Recorder | None = None
        self._session: Recorder | None = None
        self._recorder = None if record is None else _recorder(record, ring, sample_rate)
        try:
            self._session = (
                None if session_sound is None else _recorder(session_sound, ring, sample_rate, in_session=True)
            )
        except BaseException:
            if self._recorder is not None:
                self._recorder.stop()
            raise

    @property
    @abc.abstractmethod
    def newest_sample(self) -> int:
        """The newest sample."""

    @abc.abstractmethod
    def _begin_anew(self, change: SiteChange) -> None:
        """Begin the rolling verdict again from a change of site on."""

    def record(self, path: Path) -> None:
        """Start recording from now on.

        Parameters
        ----------
        path : Path
            A new .wav or .flac file.

        Raises
        ------
        ValueError
            If it is recording already, or has not started.
        AuscultError
            If the file cannot be created.
        """
        if self._recorder is not None or not self._started:
            raise ValueError("record must be called while the pipeline runs and does not record")
        self._recorder = _recorder(path, self._kept_ring, self._kept_rate)
        self._recorder.start(from_now=True)

    def stop_recording(self) -> RecordingStatus | None:
        """Stop recording and return the final status, or None."""
        recorder, self._recorder = self._recorder, None
        if recorder is None:
            return None
        recorder.stop()
        return recorder.status

    def mark(self, text: str | None = None, sample: int | None = None) -> Mark:
        """Mark a moment, in the labels file of the recording if there is one.

        Parameters
        ----------
        text : str or None
            A note to it, one line.
        sample : int or None
            The moment; None for :attr:`newest_sample`.

        Returns
        -------
        Mark
            Where it is, and where it is kept.
        """
        sample = self.newest_sample if sample is None else sample
        return self._entries.mark(sample, text, recorder=self._recorder, session=self._session)

    def change_site(self, site: str) -> SiteChange | None:
        """Begin the rolling verdict again, because another site is heard from now on.

        Windows that span the change count for neither site, and the beats heard before it for no rhythm.

        Parameters
        ----------
        site : str
            One of :data:`monitor.labels.SITES`.

        Returns
        -------
        SiteChange or None
            None where it is the same site as before.

        Raises
        ------
        ValueError
            If there is no such site.
        """
        change = self._entries.change_site(site, self.newest_sample)
        if change is not None:
            self._begin_anew(change)
        return change

    def take_entries(self) -> list[Mark | SiteChange]:
        """Return what a person has entered since the last call, the oldest first; the newest thousand are kept."""
        return self._entries.take()

    def entry_reader(self) -> Callable[[], list[Mark | SiteChange]]:
        """Return one more function like :meth:`take_entries`, for who needs every entry too."""
        return self._entries.reader()

    def write_marks(self) -> None:
        """Try again to write marks that could not be written, if there are any; as :meth:`mark`."""
        if self._recorder is not None:
            self._recorder.write_marks()


def _recorder(path: Path, ring: RingBuffer, sample_rate: int, *, in_session: bool = False) -> Recorder:
    """Return a recorder of a ring buffer; imported only when needed."""
    from monitor.audio.recorder.recorder import Recorder

    return Recorder(path, ring, sample_rate, in_session=in_session)

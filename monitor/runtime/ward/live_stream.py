"""A stream of a ward that somebody may look into: its ring buffer, its recording and session, marks and sites.

It has what a view asks of a :class:`monitor.runtime.pipeline.Pipeline`; the ward judges and stops it. Belongs to the
thread that made it.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.audio.ring_buffer import RingBuffer
from monitor.audio.sources.base import Source
from monitor.messages import SiteChange, Snapshot, Start, Summary
from monitor.runtime.kept_sound import KeptSound
from monitor.runtime.ward.feed import RingFeed
from monitor.runtime.ward.stream import WardStream

if TYPE_CHECKING:
    from monitor.audio.playback.player import Player
    from monitor.messages import RecordingStatus

__all__ = ["HURRY_S", "LiveStream"]

HURRY_S = 0.5
"""Seconds that device and disk get each when the program must end soon, as those of a pipeline."""


class LiveStream(KeptSound):
    """Keeps the sound of a stream, and what is entered while it is heard.

    Parameters
    ----------
    stream : WardStream
        Of a source that writes into a ring buffer; not started.
    record, session_sound, site
        As of :class:`~monitor.runtime.kept_sound.KeptSound`.

    Raises
    ------
    ValueError
        If the stream has no ring buffer.
    AuscultError
        If a recording file cannot be created.

    Attributes
    ----------
    stream : WardStream
    player : Player or None
        Plays it to the ear; set by whoever plays one of the streams.

    Examples
    --------
    >>> from monitor.audio.sources.generator import GeneratorSource
    >>> from monitor.inference.bundle import load_bundle
    >>> from monitor.runtime.ward.ward import Ward
    >>> import numpy as np
    >>> with Ward(load_bundle()) as ward:
    ...     source = GeneratorSource(iter([np.zeros(24_000, np.float32)]), 4000, name="bed 1")
    ...     live = LiveStream(ward.add(source), site="MV")
    ...     live.start()
    ...     _ = list(ward.windows())
    ...     live.snapshot().site.site, live.summary().windows
    ('MV', 3)
    """

    player: Player | None = None

    def __init__(
        self,
        stream: WardStream,
        *,
        record: Path | None = None,
        session_sound: Path | None = None,
        site: str | None = None,
    ) -> None:
        if not isinstance(stream.feed, RingFeed):
            raise ValueError(f"stream={stream.name} must be one of a source with a ring buffer")
        self.stream, self._ring = stream, stream.feed.ring
        self._limit: dict[str, float] = {}
        super().__init__(self._ring, stream.source.sample_rate, record=record, session_sound=session_sound, site=site)

    def start(self) -> None:
        """Begin to record; before the ward starts the source. Twice is safe."""
        if not self._started:
            self._started = True
            for recorder in (self._recorder, self._session):
                if recorder is not None:
                    recorder.start()

    def hurry(self) -> None:
        """Let the source and each file have half a second to end, where a slow disk gets ten seconds otherwise."""
        self._limit = {"timeout_s": HURRY_S}
        self.source.stop_timeout_s = HURRY_S

    def stop(self) -> None:
        """Write the rest of what is recorded, once the source has stopped. Twice is safe."""
        for recorder in (self._recorder, self._session):
            if recorder is not None:
                recorder.stop(**self._limit)

    @property
    def source(self) -> Source:
        """The source; the ward starts and stops it."""
        return self.stream.source

    @property
    def ring(self) -> RingBuffer:
        """The ring buffer with the last half minute of sound; read only."""
        return self._ring

    @property
    def start_message(self) -> Start:
        """What is known of the source."""
        return self.stream.start_message

    @property
    def session_sound(self) -> RecordingStatus | None:
        """The status of the session's sound; None without a session."""
        return None if self._session is None else self._session.status

    @property
    def newest_sample(self) -> int:
        """The newest sample."""
        return self._ring.end_sample

    def snapshot(self) -> Snapshot:
        """Return the newest state, frozen; it follows the sound between two windows."""
        return dataclasses.replace(
            self.stream.snapshot,
            elapsed_s=self._ring.end_sample / self.source.sample_rate,
            device=self.source.device_status,
            recording=None if self._recorder is None else self._recorder.status,
            session=self.session_sound,
            site=self._entries.site,
            playback=None if self.player is None else self.player.status,
        )

    def summary(self) -> Summary:
        """Return the result so far; of the whole sound once the stream has ended."""
        return self.stream.summary()

    def _begin_anew(self, change: SiteChange) -> None:
        """Begin the rolling verdict again from a change of site on."""
        self.stream.begin_anew(change)

"""The sound for a page, which draws its trace and its spectrogram from it and may play it.

One reader for all clients copies from the ring buffer's memory, without a cursor, so that no source ever waits for it.
Belongs to the server's thread.
"""

from __future__ import annotations

import collections
import struct

import numpy as np

from monitor.features.resample import StreamingResampler
from monitor.serve.feed import Feed, Playing

__all__ = ["HEADER", "PART_S", "RATE_HZ", "SoundPart", "SoundParts"]

RATE_HZ = 4000
"""What the analysis hears: 0 to 1.8 kHz."""
PART_S = 0.1
KEPT_PARTS = 50
MAX_BEHIND_S = 2.0
HEADER = struct.Struct("<dIII")
"""Little-endian: seconds of the source of the first sample, rate in Hz, lost samples in it, number of the source."""

SoundPart = tuple[int, bytes]
"""A number, from 1, and what is sent: :data:`HEADER`, then 16-bit samples."""


class SoundParts:
    """Cuts the sound of a run into parts of about a tenth of a second.

    Parameters
    ----------
    feed : Feed

    Attributes
    ----------
    newest : int
        Number of the newest part.
    """

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._parts: collections.deque[SoundPart] = collections.deque(maxlen=KEPT_PARTS)
        self.newest = 0
        self._playing: Playing | None = None
        self._next_sample = 0
        self._first_s = 0.0
        self._given = 0
        self._resampler: StreamingResampler | None = None

    def look(self) -> bool:
        """Cut what has arrived since the last call; return whether there is a new part."""
        playing = self._feed.playing
        if playing is None:
            return False
        rate, end = playing.start.sample_rate, playing.ring.end_sample
        if playing is not self._playing or end - self._next_sample > MAX_BEHIND_S * rate:
            self._begin(playing, max(playing.ring.oldest_sample, end - round(PART_S * rate)))
        if end <= self._next_sample or self._resampler is None:
            return False
        start, self._next_sample = self._next_sample, end
        lost = sum(stop - begin for begin, stop in playing.ring.store.lost_between(start, end))
        waveform = self._resampler.push(playing.ring.store.copy(start, end))
        if not len(waveform):
            return False
        at_s = self._first_s + self._given / RATE_HZ
        self._given += len(waveform)
        samples = np.clip(np.rint(waveform * 32_767.0), -32_768, 32_767).astype("<i2")
        head = HEADER.pack(at_s, RATE_HZ, round(lost * RATE_HZ / rate), playing.number)
        self.newest += 1
        self._parts.append((self.newest, head + samples.tobytes()))
        return True

    def _begin(self, playing: Playing, first_sample: int) -> None:
        """Begin at a sample of a source."""
        self._playing, self._next_sample, self._given = playing, first_sample, 0
        self._first_s = first_sample / playing.start.sample_rate
        self._resampler = StreamingResampler(playing.start.sample_rate, RATE_HZ)

    def after(self, number: int) -> list[SoundPart]:
        """Return the parts that are kept with a larger number."""
        return [part for part in self._parts if part[0] > number]

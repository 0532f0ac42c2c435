"""Playing from a place of a recording, once or again and again: the sound goes to the ear through the usual player.

The source is paused while a person looks; it is opened with the first key, and nothing else depends on it. Main thread,
with the threads of source and player.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from monitor.archive.timeline import Sound
from monitor.audio.playback.options import SOUNDS, PlaybackOptions
from monitor.audio.playback.player import OPEN_S, Player
from monitor.audio.ring_buffer import RingBuffer
from monitor.audio.sources.file import RecordingSource
from monitor.messages import PlaybackStatus

__all__ = ["Listening", "StretchSource"]

RING_S = 5.0
SPEEDS = (1.0, 0.5)


class StretchSource(RecordingSource):
    """A recording that stops and waits at its end, and repeats a stretch of it where one is given.

    Attributes
    ----------
    stretch : tuple of (int, int), or None
        Samples; written by the thread that seeks, read by the source's.
    ended : bool
        Whether it waits at its end.
    """

    stretch: tuple[int, int] | None = None
    ended = False

    def blocks_from(self, start_sample: int, block_samples: int) -> Iterator[NDArray[np.float32]]:
        """Yield the sound from a sample on; at the end of the stretch go back to its beginning, at the end wait."""
        nothing = np.zeros(0, np.float32)
        self.ended, position = False, start_sample
        for block in super().blocks_from(start_sample, block_samples):
            end = position + len(block)
            if self.stretch is not None and position < self.stretch[1] <= end:
                yield block[: self.stretch[1] - position]
                if self._target_s is None:  # no one wants to be elsewhere
                    self.seek(self.stretch[0] / self.sample_rate)
                return  # so that the last block is pushed before the jump
            yield block
            position = end
        self.ended = True
        while True:
            self.pause(paused=True)
            yield nothing


class Listening:
    """Plays a sound from where a person wants it.

    Parameters
    ----------
    sound : Sound or None
        None where there is none.
    options : PlaybackOptions
        The output, sound and volume to begin with.
    speed : float
        1, 0.5 or 0.25; the pitch is kept.
    launch : callable
        Returns a player of a ring buffer; a test passes its own.
    clock : callable
        Monotonic seconds.
    """

    def __init__(
        self,
        sound: Sound | None,
        options: PlaybackOptions,
        speed: float = 1.0,
        launch: Callable[[RingBuffer, RecordingSource, PlaybackOptions], Player] = Player,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sound, self._options, self._launch = sound, options, launch
        self.speed = speed
        self._source: StretchSource | None = None
        self._ring: RingBuffer | None = None
        self._player: Player | None = None
        self._target_s = 0.0
        self._jumps = 0  # before the last seek
        self._begun = False  # whether the sound from there is heard, or would be
        self._clock = clock
        self._begins_s: float | None = None  # latest time at which the sound begins, while its output opens

    @property
    def playing(self) -> bool:
        """Whether the sound goes on."""
        source = self._source
        waits = self._begins_s is not None
        return source is not None and (waits or not source.paused) and source.error is None

    @property
    def status(self) -> PlaybackStatus | None:
        """The state of the output; None before the first sound."""
        return None if self._player is None else self._player.status

    def play(self, at_s: float, stretch: tuple[float, float] | None = None) -> None:
        """Play from a place on; a stretch again and again.

        Raises
        ------
        RecordingError
            If there is no sound, or it cannot be read.
        """
        source = self._opened()
        rate = source.sample_rate
        source.stretch = None if stretch is None else (round(stretch[0] * rate), round(stretch[1] * rate))
        self._jumps, self._target_s, self._begun = len(source.jumps), at_s, False
        source.seek(at_s)
        self._begins_s = self._clock() + OPEN_S
        self.tick()

    def tick(self) -> None:
        """Let the sound begin once its output is open, or is known not to open."""
        if self._begins_s is None or self._source is None or self._player is None:
            return
        if self._player.status.state != "opening" or self._clock() >= self._begins_s:
            self._begins_s = None
            self._source.pause(paused=False)

    def pause(self) -> None:
        """Hold the sound."""
        self._begins_s = None
        if self._source is not None:
            self._source.pause(paused=True)

    def position_s(self) -> float:
        """Return the place that is heard now, or that is played where no one hears it."""
        source, ring = self._source, self._ring
        if source is None or ring is None or len(source.jumps) <= self._jumps:
            return self._target_s
        heard = None if self._player is None else self._player.heard_sample()
        is_awaited = self._begins_s is not None or (self.status is not None and self.status.state == "playing")
        if heard is None and not self._begun and is_awaited:
            return self._target_s  # nothing has reached the ear yet
        sample = float(ring.end_sample) if heard is None else heard
        if sample < source.jumps[self._jumps][0]:
            return self._target_s
        self._begun = True
        elapsed_s = sample / source.sample_rate
        return elapsed_s + source.shift_s(elapsed_s)

    @property
    def ended(self) -> bool:
        """Whether the end of the recording was played."""
        source = self._source
        return source is not None and (source.error is not None or (source.ended and source.paused))

    def toggle(self) -> None:
        """Switch the sound on or off."""
        if self._player is not None:
            self._player.toggle()

    def change_volume(self, by_db: float) -> None:
        """Make it louder or softer; also before the first sound."""
        self._options = dataclasses.replace(self._options, volume_db=self._options.volume_db + by_db)
        if self._player is not None:
            self._player.change_volume(by_db)

    def next_sound(self) -> str:
        """Change to the next sound, also before the first one is heard; return its name."""
        name = SOUNDS[(SOUNDS.index(self._options.sound) + 1) % len(SOUNDS)]
        self._options = dataclasses.replace(self._options, sound=name)
        if self._player is not None:
            self._player.choose(name)
        return name

    def change_speed(self) -> float:
        """Change between full and half speed; the sound stops, and :meth:`play` goes on with it."""
        self.close()
        self.speed = SPEEDS[1] if self.speed == SPEEDS[0] else SPEEDS[0]
        return self.speed

    def _opened(self) -> StretchSource:
        """Return the source, opened and paused where it was not yet."""
        from monitor.errors import RecordingError

        if self._source is not None and self._source.error is not None:
            self.close()
        if self._source is not None:
            return self._source
        if self._sound is None:
            raise RecordingError("its sound is gone", "look at what was judged")
        source = StretchSource(self._sound.path, speed=self.speed, channel=self._sound.channel)
        ring = RingBuffer(round(RING_S * source.sample_rate))
        player = self._launch(ring, source, self._options)
        source.pause(paused=True)
        player.start()
        source.start(ring)
        self._source, self._ring, self._player = source, ring, player
        return source

    def close(self) -> None:
        """Stop the sound and its threads. Twice is safe."""
        source, player = self._source, self._player
        self._source = self._ring = self._player = None
        self._jumps, self._begins_s = 0, None
        if source is not None:
            source.close()
        if player is not None:
            player.stop(hurry=True)

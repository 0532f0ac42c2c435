"""Plays one of several inputs to the ear, and another one when asked to: each change opens the output again.

Belongs to one thread; the players have their own.
"""

from __future__ import annotations

from collections.abc import Callable

from monitor.audio.playback.options import PlaybackOptions
from monitor.audio.playback.player import Player
from monitor.audio.ring_buffer import RingBuffer
from monitor.audio.sources.base import Source

__all__ = ["SharedEar"]


class SharedEar:
    """Plays what is listened to.

    Parameters
    ----------
    options : PlaybackOptions
    make : callable
        Makes a player of a ring buffer and its source; a test passes its own.

    Attributes
    ----------
    player : Player or None
        Plays now; None before the first :meth:`hear`.
    """

    def __init__(
        self,
        options: PlaybackOptions,
        make: Callable[[RingBuffer, Source, PlaybackOptions], Player] = Player,
    ) -> None:
        self._options, self._make = options, make
        self._ring: RingBuffer | None = None
        self.player: Player | None = None

    def hear(self, ring: RingBuffer, source: Source) -> Player:
        """Play an input from now on, with the sound, volume and switch of the one before; return its player."""
        before = self.player
        if before is not None and ring is self._ring:
            return before
        player = self._make(ring, source, self._options)
        if before is not None:
            before.stop(hurry=True)  # an output may be open once only
            player.adopt(before)
        self._ring, self.player = ring, player
        player.start()
        return player

    def stop(self, *, hurry: bool = False) -> None:
        """Stop. Twice is safe."""
        if self.player is not None:
            self.player.stop(hurry=hurry)

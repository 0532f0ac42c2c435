"""The bytes of one connection, into the capture of a device: decoded, counted against the clock, in blocks.

Used by the thread of the connection alone.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from monitor.audio.sources.decoding.pcm import RawFormat
from monitor.audio.sources.device.elapsed_time import elapsed_s
from monitor.audio.sources.device.portaudio import BlockCallback
from monitor.audio.sources.network.decoder import SoundDecoder
from monitor.audio.sources.network.pace import Pace
from monitor.audio.sources.network.troubles import Troubles

__all__ = ["PaceError", "Receiver"]

FIRST_S = 0.1
"""Seconds of sound with which a connection begins to be heard: a few bytes from somewhere are never sound."""


class PaceError(ValueError):
    """A sender is far too fast or too slow; the message says how much."""


class Receiver:
    """Passes on what comes over one connection.

    Parameters
    ----------
    raw : RawFormat
    on_block : callable
        Takes each block; see :data:`monitor.audio.sources.device.portaudio.BlockCallback`.
    troubles : Troubles
        Counts what is repaired.
    messages : bool
        Whether the bytes come in messages, so that a sample never spans two.
    clock : callable
        Monotonic seconds.
    """

    def __init__(
        self,
        raw: RawFormat,
        on_block: BlockCallback,
        troubles: Troubles,
        *,
        messages: bool = False,
        clock: Callable[[], float] = elapsed_s,
    ) -> None:
        self._on_block, self._troubles, self._clock = on_block, troubles, clock
        self._decoder = SoundDecoder(raw, messages=messages)
        self._pace = Pace(raw.sample_rate, clock())
        self._first_samples = round(FIRST_S * raw.sample_rate)
        self._held: list[tuple[NDArray[np.float32] | int, bool]] = []
        self._heard = False

    def push(self, data: bytes) -> None:
        """Take the next bytes, or a message.

        Raises
        ------
        MalformedError
            If they are no sound in the form that was agreed on.
        PaceError
            If too much or too little comes.
        """
        samples = 0
        before = self._decoder.repeated
        for block, interrupted in self._decoder.push(data):
            samples += 0 if isinstance(block, int) else len(block)
            self._pass_on(block, interrupted)
        repeated = self._decoder.repeated - before
        if repeated:
            self._troubles.add("repeated", count=repeated)
        if (why := self._pace.push(self._clock(), samples + repeated)) is not None:
            raise PaceError(why)

    def _pass_on(self, block: NDArray[np.float32] | int, interrupted: bool) -> None:
        """Pass a block on, or keep it until there is enough to begin with."""
        if self._heard:
            self._on_block(block, interrupted)
            return
        self._held.append((block, interrupted))
        if sum(len(held) for held, _ in self._held if not isinstance(held, int)) < self._first_samples:
            return
        self._heard = True
        held, self._held = self._held, []
        for item in held:
            self._on_block(*item)

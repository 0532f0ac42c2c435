"""What a network input refused or repaired: counted, told for some seconds, and summed up at the end.

Written by the thread of the connection, or the one that opens it; read by any.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from typing import Literal

from monitor.audio.sources.device.elapsed_time import elapsed_s
from monitor.log import get_logger

__all__ = ["Troubles"]

logger = get_logger(__name__)

NOTICE_S = 10.0
Kind = Literal["refused", "malformed", "pace", "text", "repeated"]
WORDS: dict[Kind, str] = {
    "refused": "connections refused while another was heard",
    "malformed": "connections ended because what came was no sound",
    "pace": "connections ended because of their pace",
    "text": "text messages left out",
    "repeated": "samples that came twice or too late left out",
}


class Troubles:
    """Counts what happened.

    Parameters
    ----------
    name : str
        The input.
    clock : callable
        Monotonic seconds.

    Examples
    --------
    >>> troubles = Troubles("tcp://127.0.0.1:5000", clock=lambda: 0.0)
    >>> troubles.add("refused", "192.168.1.7 was refused: another sender is heard")
    >>> troubles.notice
    '192.168.1.7 was refused: another sender is heard'
    >>> troubles.summary
    'tcp://127.0.0.1:5000: connections refused while another was heard: 1'
    """

    def __init__(self, name: str, clock: Callable[[], float] = elapsed_s) -> None:
        self._name, self._clock = name, clock
        self._counts: Counter[Kind] = Counter()
        self._newest: tuple[float, str] = (-math.inf, "")

    def add(self, kind: Kind, sentence: str = "", count: int = 1) -> None:
        """Count something; the first of its kind is logged.

        Parameters
        ----------
        kind : str
        sentence : str
            Told for some seconds; empty for what is not worth it.
        count : int
            How many.
        """
        if not self._counts[kind]:
            logger.warning("%s: %s", self._name, sentence or WORDS[kind])
        self._counts[kind] += count
        if sentence:
            self._newest = (self._clock(), sentence)

    def count(self, kind: Kind) -> int:
        """Return how many there were."""
        return self._counts[kind]

    @property
    def notice(self) -> str | None:
        """The newest sentence, for ten seconds."""
        at_s, sentence = self._newest
        return sentence if self._clock() - at_s <= NOTICE_S else None

    @property
    def summary(self) -> str | None:
        """Everything that was counted, in one line; None where there is nothing."""
        counts = dict(self._counts)
        parts = [f"{words}: {counts[kind]}" for kind, words in WORDS.items() if counts.get(kind)]
        return f"{self._name}: {', '.join(parts)}" if parts else None

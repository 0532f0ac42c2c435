"""Messages that wait to be sent: so many at most, and the newest win. Belongs to one thread."""

from __future__ import annotations

import collections
import dataclasses

__all__ = ["Message", "Outbox"]


@dataclasses.dataclass(frozen=True, slots=True)
class Message:
    """What is sent.

    Attributes
    ----------
    name : str
        Tells it from the others of the run.
    text : str
        A JSON object.
    stream : str or None
        Which of several devices it is of.
    """

    name: str
    text: str
    stream: str | None = None


class Outbox:
    """A bounded queue.

    Parameters
    ----------
    limit : int
        Messages that wait at most, at least 1.

    Attributes
    ----------
    dropped : int
        Messages that were never sent, because newer ones came.

    Examples
    --------
    >>> box = Outbox(2)
    >>> for number in "123":
    ...     box.put(Message(number, "{}"))
    >>> box.take().name, len(box), box.dropped
    ('2', 1, 1)
    """

    def __init__(self, limit: int) -> None:
        self.dropped = 0
        self._limit = limit
        self._messages: collections.deque[Message] = collections.deque()

    def put(self, message: Message) -> None:
        """Add the newest."""
        self._messages.append(message)
        self._shorten()

    def put_back(self, messages: list[Message]) -> None:
        """Put messages back, ascending, that were taken and did not arrive."""
        self._messages.extendleft(reversed(messages))
        self._shorten()

    def take(self) -> Message | None:
        """Take the oldest; None where there is none."""
        return self._messages.popleft() if self._messages else None

    def first(self) -> Message | None:
        """Return the oldest and leave it; None where there is none."""
        return self._messages[0] if self._messages else None

    def __len__(self) -> int:
        """Return how many wait."""
        return len(self._messages)

    def _shorten(self) -> None:
        """Drop the oldest beyond the limit."""
        while len(self._messages) > self._limit:
            self._messages.popleft()
            self.dropped += 1

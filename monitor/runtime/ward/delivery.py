"""The windows of a ward on their way to the program that reads them: in batches, bounded, and every end arrives.

Written by the scheduler's thread; the queue is read by one other.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from monitor.messages import WindowEvent
from monitor.runtime.ward.stream import WardStream
from monitor.runtime.window_queue import WindowQueue

__all__ = ["Delivered", "Delivery"]

Delivered = tuple[WardStream, WindowEvent | None]
"""A window and its stream; None after the last window of a stream: it has ended."""

BATCH_S = 0.005
"""Longest time that results are collected before delivery: waking the reader costs a tenth of a hop."""
STREAM_WINDOWS = 64
"""Results queued for each stream, half a minute of them, if the reader does not take them."""
MAX_STEP_WINDOWS = 16
"""More windows than one block of a lossless stream completes."""


class Delivery:
    """Collects windows and ends, and moves them into a queue.

    Parameters
    ----------
    queue_windows : int
        Most results that wait for the reader, or more where there are many streams.

    Attributes
    ----------
    queue : WindowQueue of (WardStream, WindowEvent or None)
    num_ended : int
        Streams whose end is in the queue, or was taken from it.
    """

    def __init__(self, queue_windows: int) -> None:
        self.queue = WindowQueue[Delivered](queue_windows)
        self.num_ended = 0
        self._queue_windows = queue_windows
        self._batch: deque[Delivered] = deque()
        self._due_s = 0.0

    def make_room(self, num_streams: int) -> None:
        """Enlarge the queue for so many streams."""
        self.queue.capacity = max(self._queue_windows, STREAM_WINDOWS * num_streams)

    @property
    def has_room(self) -> bool:
        """Whether the windows of one more block would drop none."""
        return len(self.queue) + len(self._batch) + MAX_STEP_WINDOWS <= self.queue.capacity

    def add(self, stream: WardStream, windows: Iterable[WindowEvent | None], now_s: float) -> None:
        """Collect windows of a stream; None for its end."""
        if not self._batch:
            self._due_s = now_s + BATCH_S
        self._batch.extend((stream, window) for window in windows)

    def is_due(self, now_s: float) -> bool:
        """Return whether what is collected has waited long enough."""
        return bool(self._batch) and now_s >= self._due_s

    def deliver(self) -> None:
        """Move the batch into the queue; without room the oldest windows are dropped and counted, ends never."""
        if not self._batch:
            return
        ended = sum(window is None for _, window in self._batch)
        dropped = self.queue.put(self._batch)
        while dropped:
            for stream, window in dropped:
                stream.undelivered += window is not None
            dropped = self.queue.put(deque(item for item in dropped if item[1] is None))
        self.num_ended += ended

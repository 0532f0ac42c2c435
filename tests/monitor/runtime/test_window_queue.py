"""The queue between classifier and reader: order, bounds, and an end that nobody waits for."""

from __future__ import annotations

import threading
from collections import deque

import pytest

from monitor.runtime.window_queue import WindowQueue

HOUR_S = 3600.0
"""A time-out that never comes in a test: what waits so long must be woken."""


def taken(queue):
    """Return everything that waits."""
    windows = []
    while (window := queue.take(0.0)) is not None:
        windows.append(window)
    return windows


def in_thread(function, *arguments):
    """Start a function on a thread; return a function that returns its result once it has ended."""
    results = []
    thread = threading.Thread(target=lambda: results.append(function(*arguments)))
    thread.start()

    def result():
        thread.join(timeout=30.0)
        assert not thread.is_alive()
        return results[0]

    return result


def test_windows_come_in_order():
    """All that was put is taken in the order of putting, and then there is none."""
    queue, windows = WindowQueue(10), deque("abc")
    assert queue.put(windows) == []
    assert not windows
    queue.put_all(deque("de"))
    assert taken(queue) == list("abcde")


def test_the_oldest_are_dropped_and_counted():
    """Without room the newest stay, and the others are given back."""
    queue = WindowQueue(3)
    assert (queue.put(deque("ab")), queue.put(deque("cdefg"))) == ([], list("abcd"))
    assert taken(queue) == list("efg")


def test_the_writer_waits_for_room():
    """Of more windows than there is room for, none is lost."""
    queue, windows = WindowQueue(2), deque("abcdefg")
    ended = in_thread(queue.put_all, windows)
    assert [queue.take(HOUR_S) for _ in range(7)] == list("abcdefg")
    ended()
    assert not windows


def test_a_released_writer_keeps_what_there_is_no_room_for():
    """It ends its wait, and says what the reader did not get."""
    queue, windows = WindowQueue(2), deque("abcd")
    ended = in_thread(queue.put_all, windows)
    queue.release()
    ended()
    assert (taken(queue), list(windows)) == (list("ab"), list("cd"))


def test_the_end_wakes_the_reader():
    """A reader that waits for an hour gets the answer at the end, and so does every later one."""
    queue = WindowQueue(2)
    answer = in_thread(queue.take, HOUR_S)
    queue.end()
    assert answer() is None
    assert queue.take(HOUR_S) is None


def test_what_waits_is_taken_after_the_end():
    """Ended means that no more come, exhausted that none is left."""
    queue = WindowQueue(2)
    queue.put(deque("a"))
    queue.end()
    queue.end()
    assert (queue.ended, queue.exhausted) == (True, False)
    assert queue.take(HOUR_S) == "a"
    assert queue.exhausted


def test_a_time_out_is_no_end():
    """Nothing in time is not the end."""
    queue = WindowQueue(1)
    assert queue.take(0.0) is None
    assert queue.take(0.001) is None
    assert not queue.exhausted


def test_refuses_no_room():
    """A queue without room would never deliver anything."""
    with pytest.raises(ValueError, match="capacity=0 must be at least 1"):
        WindowQueue(0)

"""Waiting in an event loop: on threads, cancelled only between whole steps, and woken by the thread that writes."""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections import deque

import pytest

from monitor.runtime.event_loop import off_the_loop, windows_as_they_come
from monitor.runtime.window_queue import WindowQueue


def test_a_function_runs_on_another_thread():
    """Its result and its exception are those of the call."""
    assert asyncio.run(off_the_loop(threading.get_ident)) != threading.get_ident()
    with pytest.raises(ZeroDivisionError):
        asyncio.run(off_the_loop(lambda: 1 / 0))


@pytest.mark.parametrize("fails", [False, True])
def test_a_cancellation_waits_until_the_function_has_returned(fails):
    """What was begun is done when the task is cancelled, and whether it failed does not hide the cancellation."""
    began, may_end, done = threading.Event(), threading.Event(), []

    def function():
        began.set()
        assert may_end.wait(30.0)
        done.append(True)
        if fails:
            raise OSError("no device")

    async def program():
        loop = asyncio.get_running_loop()
        task = asyncio.create_task(off_the_loop(function))
        await loop.run_in_executor(None, began.wait, 30.0)
        task.cancel()
        await asyncio.sleep(0)
        assert not task.done()
        may_end.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert done == [True]

    asyncio.run(program())


def test_windows_of_another_thread_wake_the_loop():
    """Each is yielded, in order, also the last before the end; other tasks run while none is there."""
    queue, others = WindowQueue(10), []

    async def program():
        asks = threading.Semaphore(0)

        def write():
            for window in "abc":
                assert asks.acquire(timeout=30.0)
                queue.put(deque([window]))
            queue.end()

        writer = threading.Thread(target=write)

        async def other():
            for _ in range(3):
                await asyncio.sleep(0)
                others.append(True)
                asks.release()

        task = asyncio.create_task(other())
        found = [window async for window in windows_as_they_come(queue, writer.start)]
        await task
        writer.join(30.0)
        return found

    assert asyncio.run(program()) == ["a", "b", "c"]
    assert len(others) == 3
    assert queue.on_change is None


def test_a_loop_that_has_windows_lets_others_run():
    """Between two windows that wait already, every other task has its turn."""
    queue, turns = WindowQueue(100), []
    queue.put(deque(range(50)))
    queue.end()

    async def program():
        async def other():
            while True:
                turns.append(True)
                await asyncio.sleep(0)

        task = asyncio.create_task(other())
        found = [(window, len(turns)) async for window in windows_as_they_come(queue, lambda: None)]
        task.cancel()
        return found

    found = asyncio.run(program())
    assert [window for window, _ in found] == list(range(50))
    assert all(later > earlier for (_, earlier), (_, later) in itertools.pairwise(found))


def test_a_closed_loop_does_not_disturb_the_writer():
    """The thread that writes goes on after the program's loop has been closed in the middle of an iteration."""
    queue = WindowQueue(10)
    windows = windows_as_they_come(queue, lambda: None)
    queue.put(deque("a"))
    loop = asyncio.new_event_loop()
    try:
        assert loop.run_until_complete(anext(windows)) == "a"
        assert queue.on_change is not None
        loop.run_until_complete(loop.shutdown_default_executor())
        tell = queue.on_change
    finally:
        loop.run_until_complete(windows.aclose())
        loop.close()
    assert queue.on_change is None
    queue.on_change = tell
    queue.put(deque("b"))
    queue.end()
    assert queue.take(0.0) == "b"

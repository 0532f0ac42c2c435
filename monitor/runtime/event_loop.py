"""Windows and waits for a program that runs an event loop of asyncio, which nothing here blocks.

The classifier's thread wakes the loop; a start or a close, which may wait for a device, runs on a thread of the loop's.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable
from typing import TypeVar

from monitor.runtime.window_queue import Item, WindowQueue

__all__ = ["off_the_loop", "windows_as_they_come"]

Result = TypeVar("Result")


async def off_the_loop(function: Callable[[], Result]) -> Result:
    """Return what a function that may wait returns, run on a thread; a cancellation takes effect once it has returned.

    So what was begun is never left half done: a device that is being opened is open when the cancellation closes it.
    """
    running = asyncio.get_running_loop().run_in_executor(None, function)
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait([running])
        with contextlib.suppress(Exception):  # the cancellation is what the program asked for
            running.result()
        raise


async def windows_as_they_come(queue: WindowQueue[Item], start: Callable[[], object]) -> AsyncGenerator[Item, None]:
    """Call ``start`` on a thread, then yield the windows of a queue until it ends; other tasks run after each.

    Parameters
    ----------
    queue : WindowQueue
        With no other reader.
    start : callable
        Lets the windows come.
    """
    loop, changed = asyncio.get_running_loop(), asyncio.Event()

    def tell() -> None:  # on the classifier's thread
        with contextlib.suppress(RuntimeError):  # a loop that has been closed reads no more
            loop.call_soon_threadsafe(changed.set)

    queue.on_change = tell
    try:
        await off_the_loop(start)
        while not queue.exhausted:
            changed.clear()
            window = queue.take(0.0)
            if window is not None:
                yield window
                await asyncio.sleep(0)
            elif not queue.ended:
                await changed.wait()
    finally:
        queue.on_change = None

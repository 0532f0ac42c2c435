"""The endless answers: lines as server-sent events, and lines and sound over a WebSocket.

Every client reads from the feed at its own pace, and nothing is kept for it besides its place. One that takes no data
for five seconds, or stays behind for thirty, is cut off and counted. Belongs to the server's thread.
"""

from __future__ import annotations

import asyncio
import collections
import contextlib
import functools
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from http import HTTPStatus
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from monitor.serve.connections import Connections
from monitor.serve.feed import KEEP_S, FedLine, Feed
from monitor.serve.sound import PART_S, SoundParts

__all__ = ["BEHIND_S", "SEND_S", "Streams", "no_such_device"]

SEND_S = 5.0
"""Seconds in which a client must take what is sent."""
BEHIND_S = 30.0
"""Seconds for which a client may stay behind."""
BEAT_S = 10.0
"""Seconds after which a client hears something even if there is no line, so that it knows the connection lives."""
BATCH = 64
TICK_S = 0.25
GOODBYE_S = 1.0
"""Longest wait for the goodbye of a client that said what is not expected."""
GOING_AWAY, NOTHING_EXPECTED = 1001, 1008


def no_such_device(feed: Feed) -> PlainTextResponse:
    """Return the answer to a request for a device that is none."""
    names = ", ".join(part.name for part in feed.parts if part.name is not None)
    step = f"there are: {names}" if names else "leave out device=: there is one alone"
    return PlainTextResponse(f"no such device; {step}\n", HTTPStatus.NOT_FOUND)


class CutOffError(Exception):
    """The client does not read."""


class Streams:
    """Serves the followers of a feed.

    Parameters
    ----------
    feed : Feed
    connections : Connections
        Cuts clients off, and counts them.
    send_s, behind_s : float
        Patience with clients; a test passes less.
    """

    def __init__(
        self, feed: Feed, connections: Connections, *, send_s: float = SEND_S, behind_s: float = BEHIND_S
    ) -> None:
        self._feed, self._connections, self._send_s, self._behind_s = feed, connections, send_s, behind_s
        self._sounds: dict[str | None, SoundParts] = {}
        self._listeners: collections.Counter[str | None] = collections.Counter()
        self._changed = self._heard = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._woken = self._stopping = False

    def told(self) -> None:
        """Wake the followers; on the thread that publishes, which it does not hold up."""
        if not self._woken and self._loop is not None:
            self._woken = True
            with contextlib.suppress(RuntimeError):  # the server has ended
                self._loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        """Let every follower look for lines."""
        self._woken = False
        event, self._changed = self._changed, asyncio.Event()
        event.set()
        self._wake_listeners()

    def _wake_listeners(self) -> None:
        """Let those who want sound look for it; the others, often many more, sleep on."""
        event, self._heard = self._heard, asyncio.Event()
        event.set()

    async def run(self, looks: Iterable[Callable[[], object]]) -> None:
        """Look after the clock until cancelled: the sound, and what else is to be looked at four times a second."""
        self._loop = asyncio.get_running_loop()
        watched, due = tuple(looks), 0.0
        while True:
            listening = [name for name, count in self._listeners.items() if count]
            new = [name for name in listening if self._sounds[name].look()]
            if new:
                self._wake_listeners()
            if self._loop.time() >= due:
                due = self._loop.time() + TICK_S
                for look in watched:
                    look()
            await asyncio.sleep(PART_S if listening else TICK_S)

    def stop(self) -> None:
        """End every stream; on the server's thread."""
        self._stopping = True
        self._wake()

    async def events(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer ``GET /events``."""
        if scope["method"] != "GET":
            await PlainTextResponse("GET only\n", HTTPStatus.METHOD_NOT_ALLOWED)(scope, receive, send)
            return
        query = parse_qs(scope["query_string"].decode("latin-1"))
        known = Headers(scope=scope).get("last-event-id")
        device = query.get("device", [None])[0]
        if device is not None and self._feed.part(device) is None:
            await no_such_device(self._feed)(scope, receive, send)
            return
        context, number, missing = self._place(known, query)
        headers = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"x-accel-buffering", b"no")]

        async def write(text: bytes, *, more: bool = True) -> None:
            await send({"type": "http.response.body", "body": text, "more_body": more})

        async with self._client(scope, receive, "http.disconnect") as gone:
            await self._sent(send({"type": "http.response.start", "status": 200, "headers": headers}))
            opening = f": {missing} lines are no longer kept\n\n" if missing else ": auscult\n\n"
            context = [line for line in context if device in (None, line.stream)]
            place = f"retry: 1000\nid: {self._feed.line_id(number)}\n\n"
            await self._sent(write(b"".join((opening.encode(), *map(self._event, context), place.encode()))))
            async for lines, _ in self._follow(number, gone, device, sound=False):
                await self._sent(write(b"".join(map(self._event, lines)) or b": \n\n"))
            await self._sent(write(b"", more=False))

    async def websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer ``/ws``: a text message for each line and, with ``?sound=1``, binary ones of sound."""
        query = parse_qs(scope["query_string"].decode("latin-1"))
        sound = query.get("sound") == ["1"]
        device = query.get("device", [None])[0]
        if device is not None and self._feed.part(device) is None:
            await receive()
            await send({"type": "websocket.close", "code": NOTHING_EXPECTED})
            return
        context, number, _ = self._place(query.get("after", [None])[0], query)
        if query.get("lines") == ["0"]:
            context, number = [], -1
        await receive()

        async def write(lines: Iterable[FedLine], parts: Iterable[bytes] = ()) -> None:
            for line in lines:
                await send({"type": "websocket.send", "text": line.text})
            for part in parts:
                await send({"type": "websocket.send", "bytes": part})

        async with self._client(scope, receive, "websocket.disconnect") as gone:
            await self._sent(send({"type": "websocket.accept"}))
            await self._sent(write(line for line in context if device in (None, line.stream)))
            async for lines, parts in self._follow(number, gone, device, sound=sound):
                await self._sent(write(lines, parts))  # one wait for all: each costs turns of a loop that may be slow
            code = GOING_AWAY if self._stopping else NOTHING_EXPECTED
            await self._sent(send({"type": "websocket.close", "code": code}))

    def _event(self, line: FedLine) -> bytes:
        """Return a line as an event, which is made once for all followers."""
        return _event(self._feed.line_id(line.number), line.text)

    def _place(self, known: str | None, query: dict[str, list[str]]) -> tuple[list[FedLine], int, int]:
        """Return what a client needs to know first, after which line it goes on, and how many lines it has missed."""
        if known:
            number = self._feed.number_of(known)
            if number is not None:
                kept = self._feed.after(number, 1)
                return [], number, kept[0].number - number - 1 if kept else 0
            return [], self._feed.since(KEEP_S), 0  # another run: all that is kept of this one
        try:
            seconds = float(query.get("last", ["0"])[0])
        except ValueError:
            seconds = 0.0
        if math.isfinite(seconds) and seconds > 0:
            context = [line for line in self._feed.context() if line.kind == "start"]
            number = self._feed.since(min(seconds, KEEP_S))
            return [line for line in context if line.number <= number], number, 0
        context = self._feed.context()
        return context, max(self._feed.newest, *(line.number for line in context), 0), 0

    async def _follow(
        self, number: int, gone: asyncio.Task[None], device: str | None, *, sound: bool
    ) -> AsyncIterator[tuple[list[FedLine], list[bytes]]]:
        """Yield lines and sound as they come, nothing from time to time, until the client has gone.

        At the end of the run, once the last line is sent. The lines are those of all devices, unless one is named; the
        sound is that of one, the first by itself.
        """
        heard = self._feed.part(device)
        name = None if heard is None else heard.name
        sounds = self._sounds.setdefault(name, SoundParts(self._feed if heard is None else heard))
        part = sounds.newest
        wants_lines, caught_up_at = number >= 0, asyncio.get_running_loop().time()
        said_at = caught_up_at
        self._listeners[name] += sound
        try:
            while not gone.done():
                changed = self._heard if sound else self._changed
                now = asyncio.get_running_loop().time()
                lines = self._feed.after(number, BATCH) if wants_lines else []
                parts = sounds.after(part) if sound else []
                if lines or parts:
                    number = lines[-1].number if lines else number
                    part = parts[-1][0] if parts else part
                    wanted = [line for line in lines if device in (None, line.stream)]
                    if wanted or parts or now - said_at > BEAT_S:
                        said_at = now
                        yield wanted, [data for _, data in parts]
                if len(lines) < BATCH:
                    if self._stopping:
                        return
                    caught_up_at = now
                elif now - caught_up_at > self._behind_s:
                    raise CutOffError
                else:
                    continue
                try:
                    await asyncio.wait_for(changed.wait(), BEAT_S)
                except TimeoutError:
                    said_at = asyncio.get_running_loop().time()
                    yield [], []
        finally:
            self._listeners[name] -= sound

    async def _sent(self, sending: Awaitable[None]) -> None:
        """Wait until something is sent, but not for a client that does not read."""
        try:
            await asyncio.wait_for(sending, self._send_s)
        except TimeoutError as error:
            raise CutOffError from error

    @contextlib.asynccontextmanager
    async def _client(self, scope: Scope, receive: Receive, goodbye: str) -> AsyncIterator[asyncio.Task[None]]:
        """Count a client, notice when it goes, and cut it off where it does not read."""
        counts = self._connections.counts

        async def wait_for_end() -> None:
            while (message := await receive())["type"] != goodbye:
                if message["type"] == "websocket.receive":  # nothing is to be said
                    counts.refused += 1
                    asyncio.get_running_loop().call_later(GOODBYE_S, self._connections.abort, scope["client"])
                    return

        gone = asyncio.get_running_loop().create_task(wait_for_end())
        gone.add_done_callback(lambda _: self._wake())
        counts.clients += 1
        counts.served += 1
        try:
            yield gone
        except CutOffError:
            counts.dropped += 1
            self._connections.abort(scope["client"])
        except OSError:  # the client has gone in between
            pass
        finally:
            counts.clients -= 1
            gone.cancel()


@functools.lru_cache(maxsize=4 * BATCH)
def _event(line_id: str, text: str) -> bytes:
    """Return a line as an event."""
    return f"id: {line_id}\ndata: {text}\n\n".encode("ascii")

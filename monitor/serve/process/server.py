"""The server: a thread with an event loop of its own, which the run never waits for."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

import uvicorn

from monitor.errors import AuscultError
from monitor.log import get_logger
from monitor.serve.app import make_app
from monitor.serve.connections import REQUEST_S, Connections
from monitor.serve.counts import Counts
from monitor.serve.feed import Feed
from monitor.serve.metrics import Metrics
from monitor.serve.state import health_of
from monitor.serve.streams import SEND_S, Streams

__all__ = ["Server"]

logger = get_logger(__name__)

START_S = 10.0
STOP_S = 5.0
GRACE_S = 1
MAX_HEAD_BYTES = 16_384
MAX_FRAME_BYTES = 4096
"""Of a WebSocket; clients have nothing to say."""
KEEP_ALIVE_S = 5


class _TellingServer(uvicorn.Server):
    """A server that tells when it answers."""

    def __init__(self, config: uvicorn.Config, answers: threading.Event) -> None:
        super().__init__(config)
        self._answers = answers

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer."""
        await super().startup(sockets)
        self._answers.set()


class Server:
    """Serves a feed.

    Parameters
    ----------
    feed : Feed
    listening : socket
        Closed at the end.
    loopback : bool
        Whether only this computer can reach the socket.
    token : str or None
        What every request must bring; None for none.
    send_s, request_s : float
        Seconds in which a client must take what is sent, and send the head of a request.

    Attributes
    ----------
    counts : Counts
        To be read when it has stopped.
    error : BaseException or None
        What ended it early.
    """

    def __init__(
        self,
        feed: Feed,
        listening: socket.socket,
        *,
        loopback: bool,
        token: str | None = None,
        send_s: float = SEND_S,
        request_s: float = REQUEST_S,
    ) -> None:
        self.counts = Counts()
        self.error: BaseException | None = None
        self._feed, self._listening, self._loopback, self._token = feed, listening, loopback, token
        self._send_s, self._request_s = send_s, request_s
        self._started = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._uvicorn: uvicorn.Server | None = None
        self._streams: Streams | None = None
        self._connections: Connections | None = None
        self._thread = threading.Thread(target=self._run, name="auscult-serve")
        for name in ("uvicorn", "asyncio"):  # whose warnings would go to the terminal; counted here instead
            logging.getLogger(name).addHandler(logging.NullHandler())

    def start(self) -> None:
        """Begin to answer.

        Raises
        ------
        AuscultError
            If it cannot.
        """
        self._thread.start()
        self._started.wait(START_S)
        if self.error is not None:
            raise AuscultError(f"the server cannot start: {self.error}", "leave out --serve") from self.error

    def soon(self, call: Callable[[], object]) -> None:
        """Call something on the server's thread, at the next turn of its loop; never where it has ended."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # it has ended
                self._loop.call_soon_threadsafe(call)

    def stop(self) -> None:
        """End every connection, and the thread. Twice is safe."""
        streams, connections = self._streams, self._connections
        if self._uvicorn is not None:
            self._uvicorn.should_exit = True
        if streams is not None:
            self.soon(streams.stop)
        if self._thread.ident is not None:
            self._thread.join(STOP_S)
            if self._thread.is_alive() and connections is not None:
                self.soon(connections.abort_all)
                self._thread.join(STOP_S)
        self._listening.close()

    def _run(self) -> None:
        """Run the event loop until the server is stopped."""
        try:
            asyncio.run(self._serve())
        except BaseException as error:  # noqa: BLE001  # told on the main thread
            self.error = error
        finally:
            self._started.set()

    async def _serve(self) -> None:
        """Serve until told to stop."""
        self._loop = asyncio.get_running_loop()
        self._loop.set_exception_handler(lambda _, context: logger.debug("a connection failed: %s", context))
        health = health_of(self._feed)
        metrics = Metrics(self._feed, health, self.counts)
        connections = self._connections = Connections(self.counts, request_s=self._request_s)
        streams = self._streams = Streams(self._feed, connections, send_s=self._send_s)
        app = make_app(self._feed, streams, health, metrics, self.counts, loopback=self._loopback, token=self._token)
        config = uvicorn.Config(
            app,
            loop="asyncio",
            http=connections.http,
            ws=connections.websocket,
            ws_max_size=MAX_FRAME_BYTES,
            ws_per_message_deflate=False,
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=GRACE_S,
            h11_max_incomplete_event_size=MAX_HEAD_BYTES,
        )
        self._uvicorn = _TellingServer(config, self._started)
        self._feed.follow(streams.told, metrics.window)
        looking = self._loop.create_task(streams.run((health.look, metrics.look)))
        try:
            await self._uvicorn.serve(sockets=[self._listening])
        finally:
            looking.cancel()

    def __enter__(self) -> Self:
        """Begin to answer."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End."""
        self.stop()

"""The routes of a server. Belongs to the server's thread."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from importlib.resources import files

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from monitor.features.colormap import INFERNO
from monitor.serve.access import Access
from monitor.serve.counts import Counts
from monitor.serve.feed import Feed
from monitor.serve.metrics import CONTENT_TYPE_LATEST, Metrics
from monitor.serve.picture import picture
from monitor.serve.state import Health, SeveralHealth, snapshot_values
from monitor.serve.streams import Streams, no_such_device
from monitor.text.json_lines import json_line
from monitor.text.text_lines import DISCLAIMER

__all__ = ["make_app", "page", "page_policy"]

JSON_TYPE = "application/json"


class _Endless:
    """An application of its own inside the routes: Starlette passes it the request untouched."""

    def __init__(self, answer: Callable[[Scope, Receive, Send], Awaitable[None]]) -> None:
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        await self._answer(scope, receive, send)


def make_app(
    feed: Feed,
    streams: Streams,
    health: Health | SeveralHealth,
    metrics: Metrics,
    counts: Counts,
    *,
    loopback: bool,
    token: str | None,
) -> ASGIApp:
    """Return the application: the page, the streams, and the answers on the state of a run, for who may ask.

    Parameters
    ----------
    feed : Feed
    streams : Streams
    health : Health or SeveralHealth
    metrics : Metrics
    counts : Counts
    loopback, token
        As of :class:`~monitor.serve.access.Access`.
    """
    whole_page = page()

    async def show_page(request: Request) -> Response:
        return HTMLResponse(whole_page)

    async def show_snapshot(request: Request) -> Response:
        asked = request.query_params.get("device")
        part = feed if asked is None else feed.part(asked)
        if part is None:
            return no_such_device(feed)
        return Response(json_line(snapshot_values(part)), media_type=JSON_TYPE)

    async def show_health(request: Request) -> Response:
        status = HTTPStatus.OK if health.up else HTTPStatus.SERVICE_UNAVAILABLE
        return Response(json_line(health.values()), status, media_type=JSON_TYPE)

    async def show_metrics(request: Request) -> Response:
        return Response(metrics.text(), media_type=CONTENT_TYPE_LATEST)

    async def show_picture(request: Request) -> Response:
        part = feed.part(request.query_params.get("device"))
        return no_such_device(feed) if part is None else Response(picture(part), media_type="image/png")

    routes = [
        Route("/", show_page),
        Route("/events", _Endless(streams.events)),
        WebSocketRoute("/ws", _Endless(streams.websocket)),
        Route("/health", show_health),
        Route("/metrics", show_metrics),
        Route("/api/snapshot", show_snapshot),
        Route("/picture.png", show_picture),
    ]
    app = Starlette(routes=routes)
    return Access(app, counts, loopback=loopback, token=token, policy=page_policy(whole_page))


def page() -> str:
    """Return the page: one file that asks for nothing from elsewhere."""
    text = files("monitor.serve").joinpath("page.html").read_text(encoding="utf-8")
    return text.replace("%INFERNO%", base64.b64encode(INFERNO.tobytes()).decode()).replace("%DISCLAIMER%", DISCLAIMER)


def page_policy(text: str) -> str:
    """Return the parts of a content security policy that allow the page's own script and style, by their digests."""
    parts = []
    for element, directive in (("script", "script-src"), ("style", "style-src")):
        digests = (
            hashlib.sha256(body.encode()).digest() for body in re.findall(rf"<{element}>(.*?)</{element}>", text, re.S)
        )
        allowed = " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
        parts.append(f"; {directive} {allowed}")
    return "".join(parts)

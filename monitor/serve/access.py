"""Who may ask: host, origin and token of every request, HTTP and WebSocket alike, before anything else sees it.

A page of another site can let a browser send requests here, and with a name that it points to this computer (DNS
rebinding) even read the answers; and no rule of the browser keeps it from opening a WebSocket. So a request must name
this server by an address or a name that is its own, and whatever a browser says of where it comes from must be this
server's page. Belongs to the server's thread.
"""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import socket
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from monitor.serve.counts import Counts

__all__ = ["COOKIE", "Access"]

COOKIE = "auscult_token"
MAX_FORM_BYTES = 4096
FORM_S = 5.0
FOREIGN = ("cross-site", "same-site")
"""Values of ``Sec-Fetch-Site``, with which a browser says that another page asks."""
POLICY = (
    "default-src 'none'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
LOGIN = """<!doctype html><html lang="en"><meta charset="utf-8"><title>auscult</title>
<meta name="viewport" content="width=device-width,initial-scale=1"><h1>auscult</h1>
<form method="post" action="/login"><label>Token, as the monitor printed it or its file holds it:
<input name="token" type="password" autocomplete="off" autofocus></label> <button>Enter</button></form>
<p>HTTP is clear text: everyone who can read along on this network can read the token and all that is shown.</p></html>
"""


class Access:
    """Passes on what may be answered, and refuses everything else.

    Parameters
    ----------
    app : ASGI application
    counts : Counts
        Of what is refused.
    loopback : bool
        Whether only this computer can reach the server; then it has only the names of a loopback.
    token : str or None
        What every request must bring; None for none.
    policy : str
        Further parts of the content security policy, of the page's script and style.
    """

    def __init__(self, app: ASGIApp, counts: Counts, *, loopback: bool, token: str | None, policy: str = "") -> None:
        self._app, self._counts, self._loopback, self._policy = app, counts, loopback, f"{POLICY}{policy}"
        self._token = None if token is None else token.encode()
        own = socket.gethostname().lower()
        self._names = {"localhost"} if loopback else {"localhost", own, f"{own}.local", own.partition(".")[0]}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] not in ("http", "websocket"):
            return
        headers = Headers(scope=scope)
        is_form = scope["type"] == "http" and scope["path"] == "/login" and scope.get("method") == "POST"
        refusal = self._refusal(scope, headers, with_token=not is_form)
        if refusal is not None:
            self._counts.refused += 1
            await self._refuse(refusal, scope, receive, send)
        elif is_form:
            await self._secured(await self._login(receive))(scope, receive, send)
        else:
            await self._app(scope, receive, self._with_headers(send))

    def _refusal(self, scope: Scope, headers: Headers, *, with_token: bool) -> Response | None:
        """Return the answer to a request that is not allowed."""
        hosts, origins = headers.getlist("host"), headers.getlist("origin")
        if len(hosts) != 1 or not self._is_own(hosts[0]):
            step = "open the address that the monitor printed"
            return PlainTextResponse(f"this server has no such name; {step}\n", HTTPStatus.MISDIRECTED_REQUEST)
        if any(
            origin.lower() not in (f"http://{hosts[0]}".lower(), f"https://{hosts[0]}".lower()) for origin in origins
        ):
            return PlainTextResponse("another site's page may not ask this\n", HTTPStatus.FORBIDDEN)
        followed_link = scope["path"] == "/" and headers.get("sec-fetch-dest") == "document"
        if headers.get("sec-fetch-site") in FOREIGN and not followed_link:
            return PlainTextResponse("another site's page may not ask this\n", HTTPStatus.FORBIDDEN)
        if with_token and not self._has_token(headers):
            if scope["path"] == "/":
                return HTMLResponse(LOGIN, HTTPStatus.UNAUTHORIZED)
            step = "send it as the header Authorization: Bearer TOKEN, or open / in a browser"
            bearer = {"www-authenticate": "Bearer"}
            return PlainTextResponse(f"a token is needed; {step}\n", HTTPStatus.UNAUTHORIZED, bearer)
        return None

    def _is_own(self, host: str) -> bool:
        """Whether a ``Host`` header names this server: by an address, which no one can point elsewhere, or its name."""
        name, colon, port = host.rpartition(":")
        if not colon or host.endswith("]"):
            name, port = host, ""
        if port and not (port.isascii() and port.isdigit()):
            return False
        try:
            address = ipaddress.ip_address(name.removeprefix("[").removesuffix("]"))
        except ValueError:
            return name.lower() in self._names
        return address.is_loopback or not self._loopback

    def _has_token(self, headers: Headers) -> bool:
        """Whether a request brings the token, by header or cookie."""
        if self._token is None:
            return True
        kind, _, given = headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer":
            try:
                cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
            except CookieError:
                cookie = None
            given = "" if cookie is None else cookie.value
        return hmac.compare_digest(given.strip().encode(), self._token)

    async def _login(self, receive: Receive) -> Response:
        """Return a cookie for the token of a form."""
        body = b""
        try:
            async with asyncio.timeout(FORM_S):
                more = True
                while more and len(body) <= MAX_FORM_BYTES:
                    message = await receive()
                    body += message.get("body", b"")
                    more = message.get("more_body", False)
        except TimeoutError:
            self._counts.refused += 1
            return PlainTextResponse("the form came too slowly\n", HTTPStatus.REQUEST_TIMEOUT, {"connection": "close"})
        given = parse_qs(body[:MAX_FORM_BYTES].decode("latin-1")).get("token", [""])[0]
        if self._token is None or not hmac.compare_digest(given.strip().encode(), self._token):
            self._counts.refused += 1
            return HTMLResponse(LOGIN.replace("<form", "<p>This is not the token.</p><form"), HTTPStatus.UNAUTHORIZED)
        answer = RedirectResponse("/", HTTPStatus.SEE_OTHER)
        answer.set_cookie(COOKIE, given.strip(), httponly=True, samesite="strict")
        return answer

    async def _refuse(self, answer: Response, scope: Scope, receive: Receive, send: Send) -> None:
        """Send a refusal; a WebSocket is not accepted."""
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
        else:
            await self._secured(answer)(scope, receive, send)

    def _secured(self, answer: Response) -> Response:
        """Return an answer with the headers that every one has."""
        answer.headers.update({**HEADERS, "content-security-policy": self._policy})
        return answer

    def _with_headers(self, send: Send) -> Send:
        """Return a send that adds the headers that every answer has."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update({**HEADERS, "content-security-policy": self._policy})
            await send(message)

        return send_with_headers

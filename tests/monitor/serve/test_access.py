"""Who may ask: hosts, origins and tokens, on every route."""

from __future__ import annotations

import http.client

import pytest
import websocket

from monitor.serve.access import COOKIE

TOKEN = "abcdefghijklmnop-0123"
ROUTES = ("/", "/events", "/health", "/metrics", "/api/snapshot", "/picture.png", "/nothing")
EVIL = "http://evil.test"
FOREIGN = ("evil.test", "127.0.0.1.evil.test", "10.0.0.7", "", "localhost@evil.test", "localhost:x")


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize(
    "host", ["evil.test", "127.0.0.1.evil.test", "10.0.0.7", "", "localhost@evil.test", "localhost:x"]
)
def test_a_name_that_is_not_ours_is_refused(run, served, path, host):
    """DNS rebinding: a name of an attacker that points to this computer."""
    assert served().ask(path, Host=host)[0] == 421


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize("headers", [{"Origin": EVIL}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}])
def test_another_page_may_not_ask(run, served, path, headers):
    """Whether the browser says so by an origin or by the site that fetches."""
    status, answered, _ = served().ask(path, **headers)
    assert status == 403
    assert "access-control-allow-origin" not in answered


@pytest.mark.parametrize("host", ["localhost:{port}", "127.0.0.1:{port}", "[::1]:9000", "LOCALHOST", "127.0.0.2:80"])
def test_our_own_names(run, served, host):
    """Any port, for a tunnel; and the page itself as origin."""
    client = served()
    name = host.format(port=client.port)
    assert client.ask("/api/snapshot", Host=name, Origin=f"http://{name}")[0] == 200


def test_a_link_may_be_followed_to_the_page(run, served):
    """A person who clicks it on another page gets the page, and nothing else."""
    client = served()
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "document"}
    assert client.ask("/", **link)[0] == 200
    assert client.ask("/api/snapshot", **link)[0] == 403


def handshake(client, **options):
    """Return the status of a WebSocket's handshake."""
    try:
        client.websocket(**options).close()
    except websocket.WebSocketBadStatusException as error:
        return error.status_code
    return 101


def test_a_websocket_is_checked_alike(run, served):
    """No rule of a browser keeps another page from opening one."""
    client = served()
    assert handshake(client) == 101
    assert handshake(client, origin=EVIL, suppress_origin=False) == 403
    assert handshake(client, host="evil.test") == 403
    assert handshake(client, origin=f"http://127.0.0.1:{client.port}", suppress_origin=False) == 101
    assert client.server.counts.refused == 2


@pytest.mark.parametrize("path", ROUTES)
def test_without_the_token_nothing_is_answered(run, served, path):
    """Nor with a wrong one, nor with one in the address."""
    client = served(token=TOKEN)
    wrong = {"Authorization": f"Bearer {TOKEN}x"}, {"Cookie": f"{COOKIE}=x"}, {"Cookie": ";;=,"}, {}
    for headers in wrong:
        status, _, body = client.ask(f"{path}?token={TOKEN}&{COOKIE}={TOKEN}", **headers)
        assert status == 401
        assert b"steth" not in body
        assert TOKEN.encode() not in body


def test_the_token_by_header_and_by_cookie(run, served):
    """On HTTP and on a WebSocket."""
    client = served(token=TOKEN)
    for headers in ({"Authorization": f"Bearer {TOKEN}"}, {"Cookie": f"a=b; {COOKIE}={TOKEN}"}):
        assert client.ask("/api/snapshot", **headers)[0] == 200
        assert handshake(client, header=headers) == 101
    assert handshake(client) == 403


def test_a_browser_gets_the_cookie_for_the_token(run, served):
    """It is out of reach of scripts and of other sites."""
    client = served(token=TOKEN)
    assert b"<form" in client.ask("/")[2]
    form = {"Content_Type": "application/x-www-form-urlencoded"}
    assert client.ask("/login", "POST", "token=wrong", **form)[0] == 401
    status, headers, _ = client.ask("/login", "POST", f"token={TOKEN}", **form)
    assert (status, headers["location"]) == (303, "/")
    cookie = headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert client.ask("/", Cookie=cookie.partition(";")[0])[0] == 200


def test_the_form_of_another_page_is_refused(run, served):
    """Even with the right token."""
    client = served(token=TOKEN)
    assert client.ask("/login", "POST", f"token={TOKEN}", Origin=EVIL)[0] == 403


def test_beyond_loopback_an_address_and_the_own_name_are_enough(run, served):
    """Nobody can point an address elsewhere; any other name stays refused."""
    client = served(loopback=False, token=TOKEN)
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    assert client.ask("/health", Host="192.0.2.7:8765", **bearer)[0] == 200
    assert client.ask("/health", Host="evil.test", **bearer)[0] == 421


@pytest.mark.parametrize("path", ROUTES)
def test_every_answer_has_the_headers_that_protect_it(run, served, path):
    """A policy, no frame, no guessing of types, nothing kept."""
    client = served()
    connection = http.client.HTTPConnection("127.0.0.1", client.port, timeout=10)
    connection.request("GET", path)
    headers = connection.getresponse().headers
    connection.close()
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert (headers["x-content-type-options"], headers["cache-control"]) == ("nosniff", "no-store")
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers.get_all("server") is None

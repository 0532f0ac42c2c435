"""WebSocket with a real server on the loopback: sound, certificates, and servers that misbehave."""

from __future__ import annotations

import contextlib
import inspect
import socket
import ssl
import subprocess
import sys
import threading

import numpy as np
import pytest

from monitor.audio.sources.device.backend import AudioBackend, StreamLike
from monitor.audio.sources.network import websocket as module
from monitor.audio.sources.network.address import parse_address
from monitor.audio.sources.network.frame import FrameHeader
from monitor.audio.sources.network.websocket import MAX_TEXTS, WebSocketBackend, WebSocketStream
from monitor.errors import DeviceError, MissingExtraError
from tests.monitor.audio.sources.network.conftest import TIMEOUT_S, eventually

serve = pytest.importorskip("websockets.sync.server").serve

SOUND = (np.sin(np.arange(2000) / 10) * 10_000).astype("<i2")


@contextlib.contextmanager
def serving(handler, **options):
    """Run a server on a free port, and yield the port."""
    with serve(handler, "127.0.0.1", 0, close_timeout=0.2, **options) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.socket.getsockname()[1]
        finally:
            server.shutdown()
            thread.join(timeout=TIMEOUT_S)


@contextlib.contextmanager
def listening(backend, taken):
    """Open a backend, and close its stream at the end."""
    stream = backend.open(backend.device, 1, 4000, 0.2, taken)
    try:
        yield stream
    finally:
        stream.close()


def sending(*messages, stay=True):
    """Return a handler that sends messages, and then waits until the client has gone."""

    def handler(connection):
        for message in messages:
            connection.send(message)
        if stay:
            with contextlib.suppress(Exception):
                connection.recv(timeout=TIMEOUT_S)

    return handler


def backend_at(port, scheme="ws", path="/sound", host="127.0.0.1"):
    """Return a backend for a port of this computer."""
    return WebSocketBackend(parse_address(f"{scheme}://{host}:{port}{path}"))


@pytest.mark.parametrize("name", ["devices", "check", "open", "restart"])
def test_it_is_a_backend(name):
    """It takes the arguments of every backend, and its stream those of every stream."""
    expected = list(inspect.signature(getattr(AudioBackend, name)).parameters)
    assert list(inspect.signature(getattr(WebSocketBackend, name)).parameters) == expected
    closing = inspect.signature(StreamLike.close).parameters
    assert list(inspect.signature(WebSocketStream.close).parameters) == list(closing)


def test_the_samples_are_those_that_were_sent(taken):
    """Binary messages, headerless, with a greeting as text before them that is left out."""
    messages = ["hello", *(SOUND[at : at + 200].tobytes() for at in range(0, 2000, 200))]
    with serving(sending(*messages)) as port:
        backend = backend_at(port)
        with listening(backend, taken) as stream:
            np.testing.assert_array_equal(taken.wait_for(2000), SOUND.astype(np.float32) / 32768)
            assert stream.active
        assert backend.troubles.count("text") == 1


def test_frames_with_numbers(taken):
    """A lost message is a gap of its length."""
    frames = [FrameHeader("s16le", 1, 4000, 1000, at).packed() + SOUND[:500].tobytes() for at in (0, 500, 1500)]
    with serving(sending(*frames)) as port, listening(backend_at(port), taken):
        taken.wait_for(1500)
    assert [block for block in taken.blocks if isinstance(block, int)] == [500]


def test_the_server_is_asked_as_written(taken):
    """Path and parameters arrive, and user and password as a header."""
    asked = []

    def handler(connection):
        asked.append((connection.request.path, connection.request.headers.get("Authorization")))

    with serving(handler) as port:
        backend = WebSocketBackend(parse_address(f"ws://me:pw@127.0.0.1:{port}/a?site=MV&rate=4000"))
        with listening(backend, taken) as stream:
            eventually(lambda: not stream.active)
    assert asked == [("/a?site=MV&rate=4000", "Basic bWU6cHc=")]
    assert "pw" not in str(stream.failure)


@pytest.mark.parametrize(
    ("messages", "line"),
    [
        ([b"abc"], "ends within a sample"),
        ([b"RIFF1234"], "WAV header"),
        ([bytes(65_536 + 26)], "too large"),
        ([FrameHeader("s16le", 1, 8000, 2, 0).packed() + b"ab"], "8000 Hz, not 4000"),
        (["x"] * (MAX_TEXTS + 1), "only text"),
        ([bytes(60_000)] * 20, "not 4000"),
    ],
)
def test_what_is_no_sound_ends_the_connection(taken, messages, line):
    """Each with a reason, a next step, and counted."""
    with serving(sending(*messages)) as port:
        backend = backend_at(port)
        with listening(backend, taken) as stream:
            eventually(lambda: not stream.active)
    assert line in str(stream.failure)
    assert stream.failure.next_step
    assert backend.troubles.count("malformed") + backend.troubles.count("pace") == 1
    assert backend.notice


def raw_server(answer):
    """Return a listening socket that gives the first client an answer after its request, and a thread that does."""
    listener = socket.create_server(("127.0.0.1", 0))

    def run():
        with contextlib.suppress(OSError):
            client, _ = listener.accept()
            with client:
                client.recv(4096)
                client.sendall(answer)
                client.recv(4096)

    thread = threading.Thread(target=run)
    thread.start()
    return listener, thread


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "does not answer as a WebSocket"),
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "HTTP status 404"),
        (b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n", "a user and a password"),
        (b"HTTP/1.1 101 X\r\n" + b"a: b\r\n" * 5000, "does not answer as a WebSocket"),
        (b"", "does not answer within"),
    ],
)
def test_a_server_that_is_none(taken, monkeypatch, answer, line):
    """Junk, an error, endless headers, or nothing at all before the handshake is one line."""
    monkeypatch.setattr(module, "OPEN_S", 0.5)
    listener, thread = raw_server(answer)
    backend = backend_at(listener.getsockname()[1])
    with listener, pytest.raises(DeviceError, match=line) as caught:
        backend.open(backend.device, 1, 4000, 0.2, taken)
    thread.join(timeout=TIMEOUT_S)
    assert "\n" not in str(caught.value)


def test_without_a_server_at_the_address(taken):
    """The line says how to wait for it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    backend = backend_at(port)
    with pytest.raises(DeviceError, match=r"cannot be reached .*--wait-for-device"):
        backend.open(backend.device, 1, 4000, 0.2, taken)


def test_without_the_package(monkeypatch):
    """One line with the extra to install."""
    monkeypatch.setitem(sys.modules, "websockets", None)
    with pytest.raises(MissingExtraError, match="network"):
        backend_at(1)


@pytest.fixture
def certificate(tmp_path):
    """Return a certificate for localhost, made here, and its key."""
    files = tmp_path / "certificate.pem", tmp_path / "key.pem"
    words = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    words += ["-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    try:
        subprocess.run([*words, "-out", files[0], "-keyout", files[1]], check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("openssl is not installed")
    return files


@pytest.mark.parametrize(
    ("trusted", "host", "line"),
    [(True, "localhost", None), (False, "localhost", "not trusted"), (True, "127.0.0.1", "not trusted")],
)
def test_certificates_are_verified(taken, certificate, monkeypatch, trusted, host, line):
    """One that is trusted is; one of an unknown authority, or for another name, is refused."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    with serving(sending(SOUND.tobytes()), ssl=context) as port:
        backend = backend_at(port, scheme="wss", host=host)
        if line is None:
            with listening(backend, taken):
                taken.wait_for(2000)
        else:
            with pytest.raises(DeviceError, match=line):
                backend.open(backend.device, 1, 4000, 0.2, taken)

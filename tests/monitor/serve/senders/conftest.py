"""A real MQTT broker with its client, a real HTTP server that takes POST requests, and what was told to a person."""

from __future__ import annotations

import getpass
import http.server
import shutil
import socket
import subprocess
import threading
import time

import pytest

TIMEOUT_S = 10.0
USER, PASSWORD = "ward", "geheim"


def free_port():
    """Return a port of the loopback that nobody uses."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


def needed(program):
    """Skip the test where a program is not installed."""
    found = shutil.which(program, path="/usr/bin:/usr/sbin:/usr/local/bin:/usr/local/sbin:/opt/homebrew/sbin")
    if found is None:
        pytest.skip(f"{program} is not installed")
    return found


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    """Return a folder with certificates and keys: ours and somebody else's for localhost, one for another host."""
    folder = tmp_path_factory.mktemp("certificates")
    here = "DNS:localhost,IP:127.0.0.1"
    for name, hosts in (("ours", here), ("theirs", here), ("other", "DNS:other.example")):
        kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
        names = ["-subj", f"/CN={name}", "-addext", f"subjectAltName={hosts}"]
        files = ["-keyout", f"{folder}/{name}.key", "-out", f"{folder}/{name}.pem"]
        subprocess.run([needed("openssl"), "req", *kind, *names, *files], check=True, capture_output=True)
    return folder


class Broker:
    """Mosquitto on a port of the loopback, which can be stopped and started again."""

    def __init__(self, folder, lines):
        self.port = free_port()
        self._config = folder / "mosquitto.conf"
        listener = f"listener {self.port} 127.0.0.1"
        self._config.write_text("\n".join([f"user {getpass.getuser()}", listener, *lines, ""]))
        self._program = None
        self.start()

    def start(self):
        """Start it, and wait until it takes connections."""
        self._program = subprocess.Popen([needed("mosquitto"), "-c", self._config], stderr=subprocess.DEVNULL)
        end = time.monotonic() + TIMEOUT_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1.0).close()
                return
            except OSError:
                assert self._program.poll() is None, "mosquitto ended"
                assert time.monotonic() < end, "mosquitto does not listen"

    def stop(self):
        """Stop it."""
        self._program.terminate()
        self._program.wait(TIMEOUT_S)


class Listener:
    """A client of the broker that hears everything."""

    def __init__(self, broker, wait_until, **credentials):
        import paho.mqtt.client as paho
        from paho.mqtt.enums import CallbackAPIVersion

        self.heard = []
        self._wait_until = wait_until
        self.client = paho.Client(CallbackAPIVersion.VERSION2)
        if "user" in credentials:
            self.client.username_pw_set(credentials["user"], credentials["password"])
        if "authority" in credentials:
            self.client.tls_set(credentials["authority"])
        subscribed = threading.Event()
        self.client.on_connect = lambda client, *_: client.subscribe("#", 1)
        self.client.on_subscribe = lambda *_: subscribed.set()
        self.client.on_message = lambda _, __, message: self.heard.append((message.topic, message.payload.decode()))
        self.client.connect("127.0.0.1", broker.port)
        self.client.loop_start()
        assert subscribed.wait(TIMEOUT_S)

    def on(self, topic):
        """Return what was heard on a topic."""
        return [text for heard, text in self.heard if heard == topic]

    def wait(self, topic, condition=bool):
        """Wait until something was heard on a topic, and return it."""
        self._wait_until(lambda: condition(self.on(topic)))
        return self.on(topic)

    def close(self):
        """Disconnect."""
        self.client.disconnect()
        self.client.loop_stop()


@pytest.fixture
def broker(tmp_path):
    """Return a function that starts a broker; all end with the test."""
    started = []

    def start(*lines):
        started.append(Broker(tmp_path, lines or ["allow_anonymous true"]))
        return started[-1]

    yield start
    for one in started:
        one.stop()


@pytest.fixture
def guarded(broker, certificates, tmp_path):
    """Return a broker with TLS and a password."""
    passwords = tmp_path / "passwords"
    subprocess.run([needed("mosquitto_passwd"), "-c", "-b", passwords, USER, PASSWORD], check=True, capture_output=True)
    passwords.chmod(0o600)
    return broker(
        "allow_anonymous false",
        f"password_file {passwords}",
        f"certfile {certificates}/ours.pem",
        f"keyfile {certificates}/ours.key",
    )


@pytest.fixture
def listener(wait_until):
    """Return a function that connects a client; all end with the test."""
    connected = []

    def connect(broker, **credentials):
        connected.append(Listener(broker, wait_until, **credentials))
        return connected[-1]

    yield connect
    for one in connected:
        one.close()


class Told:
    """What a sender told a person."""

    def __init__(self):
        self.lines, self.over = [], []

    def __call__(self, title, text, *, over=False):
        self.lines.append(f"{title}: {text}")
        self.over.append(over)


@pytest.fixture
def told():
    """Return what takes the lines for a person."""
    return Told()


class Receiver(http.server.ThreadingHTTPServer):
    """Takes POST requests, and answers as it is told to."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), self._Handler)
        self.requests, self.answers = [], []
        self.port = self.server_address[1]

    class _Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            """Keep the request."""
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.server.requests.append((self.path, dict(self.headers), body))
            self.send_response(self.server.answers.pop(0) if self.server.answers else 204)
            self.send_header("Location", "http://127.0.0.1:1/")
            self.end_headers()

        def log_message(self, *_):
            """Say nothing."""


@pytest.fixture
def receiver():
    """Return a server that runs until the test ends."""
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()

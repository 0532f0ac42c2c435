"""What a ward has around a monitor: stethoscopes, a broker, a webhook, clients of its server. All of it is real.

The stethoscopes are null sinks of PulseAudio, whose monitors ``auscult listen`` hears through ALSA and PortAudio; a
player each plays recordings into them. Needs Linux with PulseAudio, ALSA's pulse plug-in, PortAudio and mosquitto.
"""

from __future__ import annotations

import contextlib
import getpass
import http.server
import json
import os
import re
import selectors
import shutil
import socket
import subprocess
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import paho.mqtt.client as paho
import soundfile
from numpy.typing import NDArray
from paho.mqtt.enums import CallbackAPIVersion

from monitor.features.resample import resampled

__all__ = ["RATE_HZ", "Broker", "Followers", "Receiver", "Subscriber", "Ward", "free_port", "sound_of"]

RATE_HZ = 4000
START_S = 30.0
READ_BYTES = 2**18
STUCK_BYTES = 4096
STUCK_S = 60.0
"""After which the clients that never read come back: they were cut off meanwhile."""
SHORT_HEAD, LONG, LONGER, PING, PONG = 2, 126, 127, 9, 10
"""Of a WebSocket frame, RFC 6455."""
WHOLE, ONE, SOCKET = "all events", "the events of one device", "a WebSocket"
EVENTS = "GET /events{} HTTP/1.1\r\nHost: localhost\r\n\r\n"
WEBSOCKET = (
    "GET /ws{} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
EVENT_ID = re.compile(rb"^id: ([0-9a-f]+)-(\d+)\r?\ndata: ", re.MULTILINE)


def free_port() -> int:
    """Return a port of the loopback that is free."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def program(name: str) -> str:
    """Return the path of a program; Debian's servers are not on everybody's path.

    Raises
    ------
    OSError
        If it is not installed.
    """
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if found is None:
        raise OSError(f"{name} is not installed")
    return found


def sound_of(paths: list[Path], seconds: float) -> NDArray[np.int16]:
    """Return recordings one after the other, again and again, as 16-bit samples at 4 kHz."""
    parts = []
    for path in paths:
        waveform, sample_rate = soundfile.read(path, dtype="float32")
        parts.append(resampled(waveform, sample_rate, RATE_HZ))
    once = np.concatenate(parts)
    whole = np.resize(once, round(seconds * RATE_HZ))
    return np.clip(np.rint(whole * 32_768.0), -32_768, 32_767).astype(np.int16)


class Ward:
    """Stethoscopes on two sound servers: the last one is alone on its own, and can be unplugged.

    A server moves what hears a lost input to another one by itself.

    Parameters
    ----------
    folder : Path
    names : list of str
    """

    def __init__(self, folder: Path, names: list[str]) -> None:
        self.folder, self.names = folder, names
        self._servers: list[subprocess.Popen[bytes]] = []
        self._players: dict[str, subprocess.Popen[bytes]] = {}
        self._modules: dict[str, str] = {}
        lines = ["</usr/share/alsa/alsa.conf>", f'pcm.!default {{ type pulse server "{self._server_of(names[0])}" }}']
        lines += [
            f'pcm.{name} {{ type pulse server "{self._server_of(name)}" device "{name}.monitor" }}' for name in names
        ]
        (folder / "asoundrc").write_text("\n".join([*lines, ""]), encoding="utf-8")
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("AUSCULT", "PULSE", "XDG"))}
        self.environment = {
            **kept,
            "HOME": str(folder),
            "XDG_RUNTIME_DIR": str(folder),
            "ALSA_CONFIG_PATH": str(folder / "asoundrc"),
            "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
        }

    def _server_of(self, name: str) -> str:
        """Return the address of the sound server of a stethoscope."""
        return f"unix:{self.folder}/{'alone' if name == self.names[-1] else 'ward'}"

    def start(self) -> None:
        """Start both servers and plug all stethoscopes in."""
        for name in (self.names[0], self.names[-1]):
            address = self._server_of(name).removeprefix("unix:")
            load = f"--load=module-native-protocol-unix socket={address} auth-anonymous=1"
            plain = ["-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no", "--disable-shm=yes"]
            with (self.folder / "pulseaudio.log").open("ab") as log:
                self._servers.append(
                    subprocess.Popen(["pulseaudio", *plain, load], env=self.environment, stdout=log, stderr=log)
                )
            end = time.monotonic() + START_S
            while self._control(name, "info").returncode:
                if time.monotonic() > end:
                    raise OSError("PulseAudio does not start")
                time.sleep(0.1)
        for name in self.names:
            self.plug_in(name)

    def plug_in(self, name: str) -> None:
        """Add a stethoscope."""
        form = f"rate={RATE_HZ} channels=1 channel_map=mono format=s16le"
        loaded = self._control(name, "load-module", "module-null-sink", f"sink_name={name}", *form.split())
        self._modules[name] = loaded.stdout.strip()

    def unplug(self, name: str) -> None:
        """Remove a stethoscope, and its player with it."""
        self._control(name, "unload-module", self._modules[name])
        self._end(self._players.pop(name))

    def play(self, name: str, sound: Path) -> None:
        """Play raw samples into a stethoscope."""
        form = ["--raw", "--format=s16le", "--channels=1", f"--rate={RATE_HZ}", f"--device={name}"]
        command = ["pacat", "--playback", "--latency-msec=500", *form, str(sound)]
        environment = {**self.environment, "PULSE_SERVER": self._server_of(name)}
        self._players[name] = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)

    @property
    def playing(self) -> list[str]:
        """The stethoscopes whose player runs."""
        return [name for name, player in self._players.items() if player.poll() is None]

    def close(self) -> None:
        """End everything."""
        for running in [*self._players.values(), *self._servers]:
            self._end(running)

    @staticmethod
    def _end(running: subprocess.Popen[bytes]) -> None:
        running.kill()
        running.wait(timeout=10)

    def _control(self, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run ``pactl`` on the server of a stethoscope."""
        environment = {**self.environment, "PULSE_SERVER": self._server_of(name)}
        return subprocess.run(
            ["pactl", *arguments], env=environment, capture_output=True, text=True, timeout=60, check=False
        )


class Broker:
    """Mosquitto on a port of the loopback."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._config = folder / "mosquitto.conf"
        lines = (f"user {getpass.getuser()}", f"listener {self.port} 127.0.0.1", "allow_anonymous true", "")
        self._config.write_text("\n".join(lines), encoding="utf-8")
        self._running: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it takes connections."""
        self._running = subprocess.Popen([program("mosquitto"), "-c", str(self._config)], stderr=subprocess.DEVNULL)
        end = time.monotonic() + START_S
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1.0):
                return
            if time.monotonic() > end:
                raise OSError("mosquitto does not start")
            time.sleep(0.05)

    def stop(self) -> None:
        """End it. Twice is safe."""
        if self._running is not None:
            self._running.terminate()
            self._running.wait(timeout=10)
            self._running = None


class Subscriber:
    """A client of the broker that hears everything, and comes back by itself.

    Attributes
    ----------
    counts : Counter
        Messages by topic.
    connected : int
        Connections so far.
    availability : list of str
        In order.
    """

    def __init__(self, port: int) -> None:
        self.counts: Counter[str] = Counter()
        self.connected = 0
        self.availability: list[str] = []
        self._client = paho.Client(CallbackAPIVersion.VERSION2)
        self._client.reconnect_delay_set(1, 2)
        self._client.on_connect = self._on_connect
        self._client.on_message = self._on_message
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def _on_connect(self, client: paho.Client, *_: object) -> None:
        self.connected += 1
        client.subscribe("#", 1)

    def _on_message(self, _: object, __: object, message: paho.MQTTMessage) -> None:
        self.counts[message.topic] += 1
        if message.topic.endswith("/availability"):
            self.availability.append(message.payload.decode())

    def close(self) -> None:
        """Disconnect."""
        self._client.disconnect()
        self._client.loop_stop()


class Receiver:
    """A server that takes POST requests while it is up.

    Attributes
    ----------
    kinds : Counter
        Requests by type of event.
    ids : set of str
        Of all requests; one that came twice is in it once.
    """

    def __init__(self) -> None:
        self.port = free_port()
        self.kinds: Counter[str] = Counter()
        self.ids: set[str] = set()
        self._server: http.server.ThreadingHTTPServer | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Take requests."""
        kinds, ids = self.kinds, self.ids

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                kinds[body["type"]] += 1
                ids.add(self.headers["Webhook-Id"])
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        http.server.ThreadingHTTPServer.allow_reuse_address = True
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, name="lab-webhook")
        self._thread.start()

    def stop(self) -> None:
        """Take no more; the port is closed. Twice is safe."""
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()
            self._server = None


class Followers:
    """Clients of the server, read by a thread of their own; the stuck ones never read, and come back when cut off.

    Three quarters of the others follow ``/events``, one of them those of a single device; a quarter ``/ws``, every
    second with the sound.

    Parameters
    ----------
    port : int
    count, stuck : int
    device : str
        Whose sound and lines are asked for.
    """

    def __init__(self, port: int, count: int, stuck: int, device: str) -> None:
        self._port = port
        self._waiting = selectors.DefaultSelector()
        self._ended = threading.Event()
        self._stuck = [self._connected(WEBSOCKET.format("?sound=1"), STUCK_BYTES) for _ in range(stuck)]
        self.windows: dict[int, int] = {}
        self.missing: Counter[int] = Counter()
        self.lost: list[tuple[float, str]] = []  # seconds after the beginning, and of which kind
        self.stuck, self._device, self._began_s = stuck, device, time.monotonic()
        self._last: dict[int, int | None] = {}
        self._run_id = ""
        self._rest: dict[int, bytes] = {}
        for index in range(count - stuck):
            self.windows[index], self._last[index] = 0, None
            self._follow(index)
        self._thread = threading.Thread(target=self._run, name="lab-followers")
        self._thread.start()

    def _connected(self, request: str, buffer: int | None = None) -> socket.socket:
        client = socket.socket()
        if buffer is not None:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        client.connect(("127.0.0.1", self._port))
        client.sendall(request.encode())
        return client

    def _follow(self, index: int) -> None:
        """Connect a client that reads; one that follows all events goes on after its last."""
        query = f"?device={self._device}" if index == 1 else ("?sound=1" if index % 8 == 4 else "")
        request = (WEBSOCKET if index % 4 == 0 else EVENTS).format(query)
        if self._last[index] is not None:
            request = request.replace("\r\n\r\n", f"\r\nLast-Event-ID: {self._run_id}-{self._last[index]}\r\n\r\n")
        try:
            reader = self._connected(request)
        except OSError:  # the program has ended
            return
        reader.setblocking(False)
        self._rest[index] = b""
        kind = SOCKET if index % 4 == 0 else ONE if index == 1 else WHOLE
        self._waiting.register(reader, selectors.EVENT_READ, (index, kind))

    def _run(self) -> None:
        due = time.monotonic() + STUCK_S
        while not self._ended.is_set():
            for key, _ in self._waiting.select(0.5):
                self._read(key)
            if time.monotonic() > due:
                due += STUCK_S
                self._reconnect_stuck()

    def _read(self, key: selectors.SelectorKey) -> None:
        index, kind = key.data
        assert isinstance(key.fileobj, socket.socket)
        try:
            data = key.fileobj.recv(READ_BYTES)
        except OSError:
            data = b""
        if not data:
            self._waiting.unregister(key.fileobj)
            key.fileobj.close()
            if not self._ended.is_set():
                self.lost.append((round(time.monotonic() - self._began_s, 1), kind))
                self._follow(index)
            return
        data = self._rest[index] + data
        if kind == SOCKET:
            self._rest[index] = self._pong(index, key.fileobj, data)
            return
        end = data.rfind(b"\n\n") + 2
        data, self._rest[index] = data[:end], data[end:]
        self.windows[index] += data.count(b'"type":"window"')
        if kind == WHOLE:
            found = EVENT_ID.findall(data)
            self._run_id = found[-1][0].decode() if found else self._run_id
            self._check(index, [int(number) for _, number in found])

    def _check(self, index: int, numbers: list[int]) -> None:
        """Count the events that a client that follows all of them should have got."""
        for number in numbers:
            last = self._last[index]
            if last is not None and self.windows[index] > 20:  # what comes first is no sequence
                self.missing[index] += max(0, number - last - 1)
            self._last[index] = number

    def _reconnect_stuck(self) -> None:
        """Connect again: those that do not read never learn that they were cut off."""
        for at, client in enumerate(self._stuck):
            client.close()
            with contextlib.suppress(OSError):
                self._stuck[at] = self._connected(WEBSOCKET.format("?sound=1"), STUCK_BYTES)
                self.stuck += 1

    def _pong(self, index: int, client: socket.socket, data: bytes) -> bytes:
        """Answer the pings in what a WebSocket has sent; return the rest, which is no whole frame."""
        at = 0
        if data.startswith(b"HTTP/"):
            at = data.find(b"\r\n\r\n") + 4
        while len(data) - at >= SHORT_HEAD:
            kind, length, head = data[at] & 15, data[at + 1] & 127, SHORT_HEAD
            if length == LONG:
                length, head = int.from_bytes(data[at + 2 : at + 4], "big"), SHORT_HEAD + 2
            elif length == LONGER:
                length, head = int.from_bytes(data[at + 2 : at + 10], "big"), SHORT_HEAD + 8
            if len(data) < at + head + length:
                break
            payload = data[at + head : at + head + length]
            if kind == PING:
                client.send(bytes([0x80 | PONG, 0x80 | len(payload), 0, 0, 0, 0]) + payload)  # masked with zeros
            self.windows[index] += payload.startswith(b'{"type":"window"')
            at += head + length
        return data[at:]

    def values(self) -> dict[str, Any]:
        """Return what they received."""
        every = [count for index, count in self.windows.items() if index != 1]
        return {
            "connections_lost": len(self.lost),
            "lost_after_s": self.lost[:20],
            "events_missing": sum(self.missing.values()),
            "windows_least": min(every),
            "windows_most": max(every),
            "windows_of_one_device": self.windows.get(1),
            "stuck": self.stuck,
        }

    def close(self) -> None:
        """Disconnect all."""
        self._ended.set()
        self._thread.join()
        for key in list(self._waiting.get_map().values()):
            assert isinstance(key.fileobj, socket.socket)
            key.fileobj.close()
        for client in self._stuck:
            client.close()
        self._waiting.close()

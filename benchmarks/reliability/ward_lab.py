"""What a ward has around a monitor: stethoscopes, a broker, a webhook. All of it is real.

The stethoscopes are null sinks of PulseAudio, whose monitors ``auscult listen`` hears through ALSA and PortAudio; a
player each plays recordings into them. Needs Linux with PulseAudio, ALSA's pulse plug-in, PortAudio and mosquitto.
"""

from __future__ import annotations

import contextlib
import getpass
import http.server
import json
import os
import shutil
import socket
import subprocess
import threading
import time
from collections import Counter
from pathlib import Path

import numpy as np
import paho.mqtt.client as paho
import soundfile
from numpy.typing import NDArray
from paho.mqtt.enums import CallbackAPIVersion

from monitor.features.resample import resampled

__all__ = ["RATE_HZ", "Broker", "Receiver", "Subscriber", "Ward", "free_port", "sound_of"]

RATE_HZ = 4000
START_S = 30.0


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

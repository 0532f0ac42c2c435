"""`auscult listen` with more than one device: scripted sources in place of the processes."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import urllib.request

import numpy as np
import pytest
import soundfile

from monitor.audio.sources.base import Source
from monitor.cli import main
from monitor.commands.options import several_inputs
from monitor.errors import DeviceError
from monitor.messages import DeviceStatus
from monitor.synthesis.parameters import HeartParameters
from monitor.synthesis.phonocardiogram import phonocardiogram

HEART = phonocardiogram(12.0, HeartParameters(), np.random.default_rng(5)).waveform


class Device(Source):
    """A live input that delivers a heart faster than real time from a thread of its own, then what a test scripted."""

    live = True

    def __init__(self, name, seconds=8.0, error=None):
        self.name, self.sample_rate, self._seconds, self._error = name, 4000, seconds, error
        self.failure = None
        self.state = "open"
        self._stopping = threading.Event()
        self._thread = None
        self.begun_to_stop = 0

    def start(self, ring):
        """Start the thread."""
        self._ring = ring
        self._thread = threading.Thread(target=self._run, name="scripted-device")
        self._thread.start()

    def _run(self):
        for start in range(0, round(self._seconds * 4000), 400):
            if self._stopping.wait(0.005):
                break
            self._ring.push(HEART[start : start + 400])
        if self._error is None:
            self._stopping.wait(30)
        self.failure = self._error
        self._ring.close()
        self.state = "closed"

    def begin_stop(self):
        """Count."""
        self.begun_to_stop += 1
        self._stopping.set()

    def stop(self):
        """End the thread."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout=10)

    @property
    def error(self):
        """What the test scripted."""
        return self.failure

    @property
    def device_status(self):
        """Open until it has ended."""
        return DeviceStatus(self.state, self.name, "ALSA", 1, 4000)


@pytest.fixture
def devices(library, monkeypatch, tmp_path):
    """Put scripted inputs in place of the real ones; return them by what was typed, with the options they got."""
    made, asked = {}, []

    def make(wanted, options, system):
        if wanted not in made:
            raise DeviceError(f"no input is called {wanted!r}", "choose one with --device")
        asked.append((wanted, options))
        return made[wanted]

    monkeypatch.setattr(several_inputs, "separate_input", make)
    monkeypatch.chdir(tmp_path)
    made["a"], made["b"] = Device("Device A"), Device("Device B")
    made["asked"] = asked
    return made


def listen(*arguments, names=("a", "b")):
    """Run `auscult listen` with several devices for 6 s of sound; return the exit code."""
    given = [word for name in names for word in ("--device", name)]
    return main(["listen", *given, "--for", "6", *arguments])


def by_stream(lines):
    """Return the lines of each stream."""
    return {name: [line for line in lines if line["stream"] == name] for name in {line["stream"] for line in lines}}


def test_every_json_line_says_which_device(devices, json_lines):
    """Each has its start, its device lines, its windows and its summary; the keys are those of one device."""
    assert listen("--json") == 0
    streams = by_stream(json_lines())
    assert set(streams) == {"Device A", "Device B"}
    for name, lines in streams.items():
        kinds = [line["type"] for line in lines]
        assert kinds[0] == "start"
        assert kinds[-1] == "summary"
        assert next(line["state"] for line in lines if line["type"] == "device") == "open"
        assert [line["end_s"] for line in lines if line["type"] == "window"][:3] == [5.0, 5.5, 6.0]
        assert lines[0]["source"] == name


def test_they_stop_together(devices, json_lines):
    """All are asked to end before one is waited for."""
    assert listen("--json") == 0
    assert devices["a"].begun_to_stop
    assert devices["b"].begun_to_stop


def test_each_is_recorded_by_its_name(devices, tmp_path, capsys):
    """Bit for bit, in a file of its own."""
    assert listen("--plain", "--record", "visit.wav") == 0
    for name in ("A", "B"):
        recorded = soundfile.read(tmp_path / f"visit-Device-{name}.wav", dtype="float32")[0]
        assert len(recorded) >= 6 * 4000
        assert np.array_equal(recorded, HEART[: len(recorded)])
    said = capsys.readouterr().err.splitlines()
    assert [line.partition(": ")[2] for line in said] == ["visit-Device-A.wav", "visit-Device-B.wav"]


def test_a_recording_that_is_there_is_not_overwritten(devices, tmp_path, capsys):
    """Nothing is heard then, and no other file is left."""
    (tmp_path / "visit-Device-B.wav").write_bytes(b"dear")
    assert listen("--plain", "--record", "visit.wav", "--session", "--session-dir", "kept") == 1
    assert (tmp_path / "visit-Device-B.wav").read_bytes() == b"dear"
    assert not (tmp_path / "visit-Device-A.wav").exists()
    assert list((tmp_path / "kept").iterdir()) == []
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_each_has_a_session_of_its_own(devices, tmp_path, monkeypatch):
    """With its subject and its site, its lines without the name, which the description has."""
    (tmp_path / "config.toml").write_text(
        '[[devices]]\nname = "bed 1"\ndevice = "a"\nsite = "MV"\nsubject = "P-1"\n'
        '[[devices]]\nname = "bed 2"\ndevice = "b"\n'
    )
    monkeypatch.setenv("AUSCULT_CONFIG", str(tmp_path / "config.toml"))
    assert listen("--json", "--session", "--session-dir", "kept", names=()) == 0
    folders = list((tmp_path / "kept").iterdir())
    described = {}
    for folder in folders:
        values = json.loads((folder / "session.json").read_text())
        described[values["source"]["stream"]] = values
        lines = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
        assert lines[0]["type"] == "start"
        assert lines[-1]["type"] == "summary"
        assert not any("stream" in line for line in lines)
        assert len(soundfile.read(folder / "sound.flac")[0]) == values["samples"] >= 6 * 4000
    assert set(described) == {"bed 1", "bed 2"}
    assert described["bed 1"]["subject"] == "P-1"
    assert described["bed 1"]["sites"] == [{"site": "MV", "start_s": 0.0}]
    assert described["bed 2"]["subject"] is None
    assert described["bed 2"]["device"] == "Device B"
    assert all(values["ended"] is not None for values in described.values())


def test_one_that_fails_ends_alone(devices, capsys):
    """The other is heard to its end; the error is one line, the exit code 1."""
    devices["a"] = Device("Device A", seconds=5.5, error=DeviceError("Device A: no sound comes any more", "plug it in"))
    assert listen("--plain") == 1
    captured = capsys.readouterr()
    assert captured.err.splitlines() == ["auscult: Device A: no sound comes any more; plug it in"]
    assert re.search(r"Device B +6\.0 s", captured.out)
    assert captured.out.count("summary") == 2


def test_an_input_that_is_not_there_starts_none(devices, capsys):
    """Before anything is heard: one line, exit code 1."""
    assert listen(names=("a", "nothing")) == 1
    assert capsys.readouterr().err == "auscult: no input is called 'nothing'; choose one with --device\n"
    assert devices["a"]._thread is None


def test_the_options_reach_every_input(devices):
    """Rate, latency, once and waiting."""
    assert listen("--json", "--rate", "4000", "--latency", "0.1", "--once", "--wait-for-device") == 0
    for _, options in devices["asked"]:
        assert (options.rate, options.latency_s, options.once, options.waiting) == (4000, 0.1, True, True)


@pytest.mark.parametrize("flags", [("--ecg-channel", "2")])
def test_what_is_for_one_device_is_refused(devices, capsys, flags):
    """A usage error."""
    with pytest.raises(SystemExit) as ended:
        listen(*flags)
    assert ended.value.code == 2
    assert "is for one device at a time" in capsys.readouterr().err


def test_the_same_input_twice_is_refused(devices, capsys):
    """One line, exit code 1."""
    assert listen(names=("a", "a")) == 1
    assert "a, channel 1: named twice" in capsys.readouterr().err


def sent_to(number):
    """Return the six seconds that a sender sends, as 16-bit samples."""
    return np.clip(HEART[: 6 * 4000] * number / 4 * 32768, -32768, 32767).astype("<i2")


def send_to(ports, ended):
    """Send each port a heart of another loudness, and an HTTP request meanwhile; stay connected until told to end."""
    senders = []
    for number, port in enumerate(ports, 1):
        while not ended.is_set():
            try:
                senders.append(socket.create_connection(("127.0.0.1", port), timeout=5))
                break
            except OSError:
                ended.wait(0.02)
        else:
            return
        senders[-1].sendall(sent_to(number).tobytes())
    for port in ports:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5) as other:
            other.sendall(b"GET / HTTP/1.1\r\n\r\n")
            other.recv(1)  # until it is refused
    ended.wait(30)
    for sender in senders:
        sender.close()


@pytest.fixture
def two_senders(library, tmp_path, monkeypatch):
    """Send to two free ports; return these."""
    monkeypatch.chdir(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as first, socket.create_server(("127.0.0.1", 0)) as second:
        ports = [listener.getsockname()[1] for listener in (first, second)]
    ended = threading.Event()
    thread = threading.Thread(target=send_to, args=(ports, ended), name="two-senders")
    thread.start()
    yield ports
    ended.set()
    thread.join(timeout=10)


def test_two_senders_on_the_network_are_heard_together(two_senders, json_lines, tmp_path):
    """Each has its lines, a recording and a session of its own, bit for bit what its sender sent."""
    addresses = [f"tcp://127.0.0.1:{port}" for port in two_senders]
    assert listen("--json", "--record", "visit.wav", "--session", "--session-dir", "kept", names=addresses) == 0
    streams = by_stream(json_lines())
    assert set(streams) == set(addresses)
    sessions = [json.loads(path.read_text()) for path in tmp_path.glob("kept/*/session.json")]
    assert sorted(values["source"]["stream"] for values in sessions) == sorted(addresses)
    for number, (port, address) in enumerate(zip(two_senders, addresses, strict=True), 1):
        lines = streams[address]
        assert (lines[0]["type"], lines[0]["source"], lines[-1]["type"]) == ("start", address, "summary")
        assert [line["end_s"] for line in lines if line["type"] == "window"][-1] == 6.0
        assert lines[-1]["windows"] + lines[-1]["skipped"] == 3  # all of it was sent at once
        last = [line for line in lines if line["type"] == "device"][-1]
        assert (last["state"], last["host_api"], last["lost_s"]) == ("closed", "TCP", 0.0)
        heard = soundfile.read(tmp_path / f"visit-tcp-127.0.0.1-{port}.wav", dtype="float32")[0]
        assert np.array_equal(heard * 32768, sent_to(number))


def test_what_a_network_input_refused_is_told_at_the_end(two_senders, capsys):
    """A line for each, as with one device."""
    assert listen("--plain", names=[f"tcp://:{port}" for port in two_senders]) == 0
    said = capsys.readouterr().err.splitlines()
    for port in two_senders:
        assert f"auscult: tcp://127.0.0.1:{port}: connections refused while another was heard: 1" in said


def test_a_sound_shorter_than_a_window_is_judged(devices, json_lines):
    """With several devices as with one: the last is told of what was heard up to the end."""
    assert main(["listen", "--device", "a", "--device", "b", "--for", "3", "--json"]) == 0
    for lines in by_stream(json_lines()).values():
        assert [line["short"] for line in lines if line["type"] == "window"] == [True]
        assert lines[-1]["windows"] == 1


def asked_while(arguments, ask):
    """Listen with some arguments; return the exit code and what ``ask`` gave meanwhile on another thread."""
    given = []
    asking = threading.Thread(target=lambda: given.append(ask()))
    asking.start()
    code = listen(*arguments)
    asking.join(timeout=30)
    return code, given[0]


def polled(ask, wanted):
    """Return the first answer that is wanted."""
    pause = threading.Event()
    for _ in range(600):
        with contextlib.suppress(OSError):
            if wanted(answer := ask()):
                return answer
        pause.wait(0.02)
    return None


@pytest.mark.subprocess
def test_several_devices_are_served(devices, json_lines):
    """An entry for each, with its windows."""
    pytest.importorskip("uvicorn", reason="serving needs its extra")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    def ask():
        found = polled(
            lambda: json.loads(urllib.request.urlopen(f"http://127.0.0.1:{port}/api/snapshot", timeout=5).read()),
            lambda values: len(values["devices"]) == 2 and all(one.get("window") for one in values["devices"]),
        )
        os.kill(os.getpid(), signal.SIGINT)
        return found

    code, values = asked_while(["--json", "--serve", f"127.0.0.1:{port}", "--for", "600"], ask)
    assert code == 128 + signal.SIGINT
    assert [one["stream"] for one in values["devices"]] == ["Device A", "Device B"]
    assert all(one["device"]["state"] == "open" for one in values["devices"])
    assert {line["stream"] for line in json_lines()} == {"Device A", "Device B"}


def test_a_port_in_use_is_told_before_anything_is_heard(devices, capsys, tmp_path):
    """A usage error; no session is left behind."""
    pytest.importorskip("uvicorn", reason="serving needs its extra")
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(SystemExit) as ended:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        listen("--json", "--serve", address, "--session", "--session-dir", "kept")
    assert ended.value.code == 2
    assert "the port is in use" in capsys.readouterr().err
    assert devices["a"]._thread is None
    assert not (tmp_path / "kept").exists()


@pytest.mark.subprocess
def test_every_device_has_outlets_of_its_own(devices, pylsl, capsys):
    """Another program finds sound and verdicts of both, and they are announced."""
    words = [sys.executable, "-c", "import pylsl\nfor info in pylsl.resolve_streams(2.0): print(info.name())"]
    wanted = {f"auscult Device {name}{kind}" for name in "AB" for kind in ("", " verdicts")}

    def ask():
        found = polled(
            lambda: set(subprocess.check_output(words, text=True).splitlines()), lambda names: names >= wanted
        )
        os.kill(os.getpid(), signal.SIGINT)
        return found

    code, names = asked_while(["--json", "--lsl", "--for", "600"], ask)
    assert code == 128 + signal.SIGINT
    assert names >= wanted
    assert "'auscult Device A' and 'auscult Device A verdicts' and 'auscult Device B'" in capsys.readouterr().err


def test_the_first_is_heard_without_a_dashboard(devices, monkeypatch, capsys):
    """With a short latency of every input, for each may be heard; the ear is closed at the end."""
    ears = []

    class Ear:
        """Notes what it is asked."""

        def __init__(self, options):
            self.heard, self.stopped = [], False
            ears.append(self)

        def hear(self, ring, source):
            """Note it."""
            self.heard.append(source.name)

        def stop(self, *, hurry):
            """Note it."""
            self.stopped = True

    monkeypatch.setattr("monitor.audio.playback.shared_ear.SharedEar", Ear)
    assert listen("--plain", "--monitor") == 0
    assert [(ear.heard, ear.stopped) for ear in ears] == [(["Device A"], True)]
    assert "auscult: Device A is heard\n" in capsys.readouterr().err
    assert [options.latency_s for _, options in devices["asked"]] == [0.04, 0.04]


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="no Unix sockets here")
def test_a_service_manager_gets_signs_of_life(devices, monkeypatch):
    """That the program is ready, and that its inputs live."""
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(f"{folder}/notify")
        manager.settimeout(10)
        monkeypatch.setenv("NOTIFY_SOCKET", f"{folder}/notify")
        monkeypatch.setenv("WATCHDOG_USEC", "1000000")
        assert listen("--json") == 0
        told = [manager.recv(4096).decode() for _ in range(4)]
    assert told[:2] == ["READY=1\nSTATUS=judging"] * 2
    assert "WATCHDOG=1" in told[2:]

"""`auscult doctor` with a scripted audio library."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import socket
import threading

import numpy as np
import pytest

from monitor.audio.sources.device.selection import DeviceInfo
from monitor.cli import main
from monitor.commands.setup.doctor import command
from monitor.commands.setup.doctor.capture import Captured
from monitor.commands.setup.doctor.check import Check

NAMES = [
    *("versions", "terminal", "disk", "synthetic heart", "inputs"),
    *("signal", "drop-outs", "rate", "voice processing"),
]


@pytest.fixture
def usable(library, monkeypatch, heart_waveform):
    """Let the stethoscope deliver five seconds of a heart."""
    taken = Captured(heart_waveform[:20_000], 4000, 0, 20_000, 5.0)
    monkeypatch.setattr(command, "capture", lambda source: taken)
    return library


def test_all_is_well(usable, capsys):
    """A line per check, each passed; the terminal is none under test."""
    assert main(["doctor", "--device", "stethoscope"]) == 0
    captured = capsys.readouterr()
    lines = captured.out.splitlines()
    found = [line for line in lines if not line.startswith(" ")]
    assert [line[9:27].strip() for line in found] == NAMES
    assert [line.split()[0] for line in found] == ["passed", "skipped", *["passed"] * 7]
    assert captured.err == "listening to My Stethoscope, ALSA for 5 s ...\n"


def test_json_names_no_person(usable, capsys, monkeypatch, tmp_path):
    """One object per check; no name of a device, a folder or a person."""
    usable.plugged = [dataclasses.replace(usable.plugged[0], name="Anna's Stethoscope")]
    monkeypatch.setenv("USER", "anna")
    assert main(["doctor", "--device", "stethoscope", "--json"]) == 0
    captured = capsys.readouterr()
    rows = [json.loads(line) for line in captured.out.splitlines()]
    assert [row["check"] for row in rows] == NAMES
    assert {row["state"] for row in rows} == {"passed", "skipped"}
    assert "anna" not in captured.out.lower()
    assert str(tmp_path) not in captured.out
    assert captured.err == ""


def test_what_really_comes(library, capsys):
    """The input is opened: this one delivers noise many times too fast, which is told, and is exit code 1."""
    assert main(["doctor", "--device", "stethoscope"]) == 1
    lines = {line[9:27].strip(): line for line in capsys.readouterr().out.splitlines()}
    assert lines["signal"].startswith("passed")
    assert lines["rate"].startswith(("failed", "skipped"))
    assert library.opened[0][0] == "My Stethoscope"


def test_without_a_capture(library, capsys):
    """The input stays closed."""
    assert main(["doctor", "--device", "stethoscope", "--no-capture"]) == 0
    assert "there was no sound to judge" in capsys.readouterr().out
    assert library.opened == []


def test_no_input(library, capsys):
    """Everything else is still checked; the last line says what to do."""
    library.plugged = []
    assert main(["doctor"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[-2].startswith("failed   inputs")
    assert "no input is connected" in lines[-2]
    assert "next: plug the stethoscope in" in "".join(lines[-2:])


def test_an_input_that_does_not_open(library, capsys):
    """Its own error is the last line."""
    library.failing = "busy"
    assert main(["doctor", "--device", "stethoscope"]) == 1
    assert [line[27:] for line in capsys.readouterr().out.splitlines()[-2:]] == ["busy", "next: plug it in"]


def send(port, ended):
    """Send noise to a port, faster than real time, until told."""
    while not ended.is_set():
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5) as sender:
            sender.sendall(np.random.default_rng(1).integers(-3000, 3000, 24_000, "<i2").tobytes())
            ended.wait(10)
        ended.wait(0.02)


def test_an_address_is_heard(library, capsys):
    """A sender on the network is judged as a device is; no sound system is asked."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    ended = threading.Event()
    thread = threading.Thread(target=send, args=(port, ended))
    thread.start()
    try:
        main(["doctor", "--device", f"tcp://:{port}"])
    finally:
        ended.set()
        thread.join()
    lines = {line[9:27].strip(): line for line in capsys.readouterr().out.splitlines()}
    assert lines["inputs"] == f"passed   inputs            tcp://127.0.0.1:{port}, 4000 Hz"
    assert lines["signal"].startswith("passed")
    assert lines["drop-outs"].startswith("passed")
    assert library.opened == []


def test_an_address_without_a_sender(library, monkeypatch, capsys):
    """The next step speaks of the sender, not of a microphone; the JSON lines do not name the address."""
    nothing = Captured(np.zeros(0, np.float32), 4000, 0, 0, 0.0)
    monkeypatch.setattr(command, "capture", lambda source: nothing)
    assert main(["doctor", "--device", "tcp://:0"]) == 1
    assert "next: let the stethoscope send to this address" in capsys.readouterr().out
    assert main(["doctor", "--device", "tcp://:0", "--json"]) == 1
    rows = {row["check"]: row for row in map(json.loads, capsys.readouterr().out.splitlines())}
    assert rows["inputs"] == {"check": "inputs", "state": "passed", "kind": "TCP", "rate_hz": 4000}


def test_a_server_that_cannot_be_reached(library, capsys):
    """Its input has not passed: one check of it, failed."""
    pytest.importorskip("websockets", reason="ws:// needs the network extra")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert main(["doctor", "--device", f"ws://127.0.0.1:{port}/sound"]) == 1
    found = [line for line in capsys.readouterr().out.splitlines() if line[9:16] == "inputs "]
    assert [line.split()[0] for line in found] == ["failed"]


def test_the_inputs_of_the_config_file(library, monkeypatch, tmp_path, capsys):
    """Each is checked, as listen would hear it; one that is not there does not keep the others from it."""
    path = tmp_path / "config.toml"
    path.write_text(
        '[[devices]]\ndevice = "no such"\n[[devices]]\ndevice = "tcp://:0"\n[[devices]]\ndevice = "stethoscope"\n'
    )
    monkeypatch.setenv("AUSCULT_CONFIG", str(path))
    assert main(["doctor", "--no-capture"]) == 1
    found = [line for line in capsys.readouterr().out.splitlines() if line[9:16] == "inputs "]
    assert [line.split()[0] for line in found] == ["failed", "passed", "passed"]
    assert "tcp://127.0.0.1:0" in found[1]
    assert "My Stethoscope" in found[2]


def test_a_name_with_control_characters_is_escaped(usable, capsys):
    """It cannot add lines or move the cursor."""
    usable.plugged = [DeviceInfo(1, "steth\x1b[2J\npassed", "ALSA", 1, 4000, default=True)]
    assert main(["doctor"]) == 0
    assert all(line.isprintable() for line in capsys.readouterr().out.splitlines())


def test_a_loop_is_judged_instead_of_the_input(library, monkeypatch, capsys):
    """The checks of the way through the sound card; the silence at the other end of a cable is no fault."""
    asked = []

    def looped(*arguments, **named):
        asked.append((arguments, named))
        yield Check("loop level", "passed", "+0.0 dB", facts={"gain_db": 0.0})

    monkeypatch.setattr(command, "check_loop", looped)
    library.outputs = lambda: [DeviceInfo(7, "Line Out", "ALSA", 2, 48_000, default=True)]
    for output in ([], ["Line"]):
        assert main(["doctor", "--device", "stethoscope", "--rate", "44100", "--loop", *output]) == 0
    captured = capsys.readouterr()
    names = [line[9:27].strip() for line in captured.out.splitlines() if not line.startswith(" ")]
    assert names == 2 * [*NAMES[:5], "voice processing", "loop level"]
    assert captured.err == 2 * "playing a synthetic heart on Line Out, ALSA: take headphones off ...\n"
    (_, output, device, rate, _), named = asked[0]
    assert (output.name, device.name, rate, named["channel"]) == ("Line Out", "My Stethoscope", 44_100, 1)
    assert library.opened == []


@pytest.mark.parametrize("inputs", [0, 2])
def test_a_loop_without_its_input(library, capsys, inputs):
    """The next step speaks of the cable, or of a monitor, and not of a stethoscope."""
    library.plugged = library.plugged[:inputs]
    assert main(["doctor", "--device", "Monitor of Line Out", "--loop"]) == 1
    text = " ".join(capsys.readouterr().out.partition("failed   inputs")[2].split())
    assert text.startswith("no input is called 'Monitor of Line Out'")
    assert text.endswith(
        "next: name the input to which a cable leads, or the monitor of the output, as --device: auscult devices"
    )


def test_the_input_of_a_loop_may_be_the_monitor_of_its_output(library, monkeypatch, capsys):
    """It records what this computer plays, which is what is wanted here."""
    library.plugged = [DeviceInfo(4, "Monitor of Line Out", "PulseAudio", 2, 48_000)]
    library.outputs = lambda: [DeviceInfo(7, "Line Out", "PulseAudio", 2, 48_000, default=True)]
    monkeypatch.setattr(command, "check_loop", lambda *arguments, **named: iter(()))
    for arguments, state in ((["--loop"], "passed"), (["--no-capture"], "warning")):
        assert main(["doctor", "--device", "Monitor", *arguments]) == 0
        found = [line for line in capsys.readouterr().out.splitlines() if line[9:16] == "inputs "]
        assert found[0].split()[0] == state


def test_a_loop_without_its_output(library, capsys):
    """One failed line."""
    library.outputs = list
    assert main(["doctor", "--device", "stethoscope", "--loop", "Line Out"]) == 1
    assert capsys.readouterr().out.splitlines()[-2].startswith("failed   loop level        no output")


@pytest.mark.parametrize(
    ("arguments", "wrong"),
    [
        (["--no-capture"], "--loop captures the input: leave out --no-capture"),
        (["--device", "tcp://:0"], "--loop needs one input of this computer: name it with --device"),
    ],
)
def test_a_loop_needs_an_input(library, capsys, arguments, wrong):
    """Usage errors."""
    with pytest.raises(SystemExit) as end:
        main(["doctor", *arguments, "--loop"])
    assert end.value.code == 2
    assert wrong in capsys.readouterr().err

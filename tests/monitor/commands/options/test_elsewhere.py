"""A --device that is an address: what is said, what is imported, and listening as typed."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading

import pytest

from monitor.cli import main
from monitor.commands.options.elsewhere import is_elsewhere, report_troubles, source_elsewhere
from monitor.commands.options.settings import settings
from monitor.errors import DeviceError, NoSuchDeviceError


class Options:
    """What source_elsewhere reads of the command line."""

    once = wait_for_device = False
    ecg_channel = None


def source_of(device, **flags):
    """Return the source of a --device."""
    return source_elsewhere(settings({"device": device, **flags}, {}), Options())


@pytest.fixture(autouse=True)
def no_settings(monkeypatch, tmp_path):
    """No settings of this machine."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))


def free_port():
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@pytest.mark.parametrize("device", ["tcp://:5000", "ws://a", " WSS://a/b", "htp://x", "lsl:steth"])
def test_addresses(device):
    """Whatever has a scheme is an address, also one that is mistyped."""
    assert is_elsewhere(device)


@pytest.mark.parametrize("device", [None, "3", "USB Audio (hw:1,0)", "tcp", "Microphone: front"])
def test_names(device):
    """A device's name is none."""
    assert not is_elsewhere(device)


def test_only_this_computer_is_listened_to_unless_written(capsys):
    """The line at the start says which, and what sound is expected."""
    source_of("tcp://:0").close()
    assert capsys.readouterr().err == (
        "auscult: listening on tcp://127.0.0.1:0 for s16le, 4000 Hz, 1 channel; "
        "only programs of this computer reach it\n"
    )
    source_of("tcp://0.0.0.0:0?channels=2&format=s24le", rate=8000).close()
    assert capsys.readouterr().err == (
        "auscult: listening on tcp://0.0.0.0:0 for s24le, 8000 Hz, 2 channels: "
        "everyone in the same network can send, and nothing is encrypted\n"
    )


def test_a_password_on_the_command_line(capsys):
    """It is warned of there, never shown, and taken silently from a variable."""
    pytest.importorskip("websockets")
    source_of("ws://me:secret@host/a").close()
    said = capsys.readouterr().err
    assert "stands in the list of processes" in said
    assert "secret" not in said
    source_elsewhere(settings({}, {"AUSCULT_DEVICE": "ws://me:secret@host/a"}), Options()).close()
    assert capsys.readouterr().err == "auscult: connecting to ws://host:80/a for s16le, 4000 Hz, 1 channel\n"


def test_what_was_refused_is_said_at_the_end(capsys):
    """One line; none where nothing was."""
    source = source_of("tcp://:0")
    source.close()
    capsys.readouterr()
    report_troubles(source)
    assert not capsys.readouterr().err
    source.backend.troubles.add("refused", count=3)
    report_troubles(source)
    assert capsys.readouterr().err.endswith("while another was heard: 3\n")


def test_an_lsl_stream_that_is_not_there(pylsl):
    """One line; and one for a name that is none."""
    with pytest.raises(NoSuchDeviceError, match="there is no such stream"):
        source_of("lsl:nobody sends this")
    with pytest.raises(DeviceError, match="names no stream"):
        source_of("lsl:")


def test_a_mistyped_scheme():
    """One line."""
    with pytest.raises(DeviceError, match="did you mean tcp"):
        source_of("tcpp://:5000")


def test_nothing_of_it_is_imported_for_a_device():
    """Neither sockets of ours nor websockets on the plain path of listen."""
    code = (
        "import sys, monitor.commands.listen, monitor.commands.exam.command;"
        "print([n for n in sys.modules if n.startswith(('monitor.audio.sources.network', 'websockets', 'pylsl'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_listen_records_and_keeps_what_a_sender_sends(tmp_path, capsys):
    """JSON lines, a recording and a session, as of a device."""
    port, path = free_port(), tmp_path / "heard.wav"
    ended = threading.Event()

    def send():
        while not ended.is_set():
            try:
                with socket.create_connection(("127.0.0.1", port), timeout=5) as sender:
                    for _ in range(6):
                        sender.sendall(b"\x00\x10\x00\xf0" * 2000)
                    ended.wait(10)
            except OSError:
                ended.wait(0.05)

    thread = threading.Thread(target=send)
    thread.start()
    words = ["listen", "--json", "--device", f"tcp://:{port}", "--for", "5.5", "--record", str(path), "--session"]
    try:
        assert main([*words, "--session-dir", str(tmp_path / "kept")]) == 0
    finally:
        ended.set()
        thread.join()
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines[0]["source"] == f"tcp://127.0.0.1:{port}"
    assert [line for line in lines if line["type"] == "window"]
    devices = [line for line in lines if line["type"] == "device"]
    assert (devices[-1]["state"], devices[-1]["host_api"]) == ("closed", "TCP")
    assert path.stat().st_size >= 5.5 * 8000
    assert len(list((tmp_path / "kept").iterdir())) == 1

"""``auscult listen`` and ``auscult devices`` with a scripted library: what they ask of it, and every way they end."""

from __future__ import annotations

import dataclasses
import json
import os
import threading

import numpy as np
import pytest

from monitor.audio.sources.device.selection import DeviceInfo
from monitor.cli import main
from monitor.errors import DeviceError

STETH = DeviceInfo(3, "My Stethoscope", "ALSA", 1, 4000)
OTHER = DeviceInfo(5, "pulse", "ALSA", 32, 44_100, default=True)


class LiveStream:
    """Delivers noise from a thread of its own, faster than real time, until it is closed."""

    def __init__(self, take, channels):
        self.active = True
        self._channels = channels
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(take,), name="scripted-audio")
        self._thread.start()

    def _run(self, take):
        rng = np.random.default_rng(0)
        while not self._ended.wait(0.002):
            take(rng.normal(0, 0.1, (200, self._channels)).astype(np.float32), False)

    def close(self):
        """End the thread."""
        self.active = False
        self._ended.set()
        self._thread.join(timeout=5)


class Library:
    """A scripted PortAudio."""

    def __init__(self):
        self.plugged = [STETH, OTHER]
        self.opened = []
        self.restarts = 0
        self.after_restarts = {}
        self.failing = None

    def devices(self):
        """Return what is there."""
        return self.plugged

    def tested_rates(self, device):
        """Return what every device takes."""
        return (4000, 44_100)

    def check(self, device, channels, sample_rate):
        """Refuse one rate."""
        if sample_rate == 12_345:
            raise DeviceError(f"{device.name}: does not do 12345 Hz", "choose --rate 4000, 44100")

    def open(self, device, channels, sample_rate, latency_s, take):
        """Open, or fail as scripted."""
        if self.failing is not None:
            raise DeviceError(self.failing, "plug it in")
        self.opened.append((device.name, channels, sample_rate, latency_s))
        return LiveStream(take, channels)

    def restart(self):
        """See what is plugged in by now."""
        self.restarts += 1
        self.plugged = self.after_restarts.get(self.restarts, self.plugged)


@pytest.fixture
def library(monkeypatch, tmp_path):
    """Put the scripted library in place, without settings of this machine."""
    for name in [name for name in os.environ if name.startswith("AUSCULT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    made = Library()
    for module in ("listen", "devices"):
        monkeypatch.setattr(f"monitor.commands.{module}.PortAudio", lambda: made)
    return made


def listen(*arguments):
    """Run ``auscult listen`` for a little sound; return the exit code."""
    return main(["listen", "--for", "5.2", "--device", "steth", *arguments])


def lines(capsys):
    """Return the JSON lines that were written."""
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


class TestListen:
    """The command itself."""

    def test_json(self, library, capsys):
        """Start, device, windows, device, summary, in order; exit code 0."""
        assert listen("--json") == 0
        kinds = [line["type"] for line in lines(capsys)]
        assert kinds[:2] == ["start", "device"]
        assert "window" in kinds
        assert kinds[-2:] == ["device", "summary"]
        assert library.opened == [("My Stethoscope", 1, 4000, 0.2)]

    def test_plain(self, library, capsys):
        """A header, a line per window, a summary; no escape."""
        assert listen("--plain") == 0
        out = capsys.readouterr().out
        assert out.startswith("auscult  My Stethoscope (4000 Hz)")
        assert "summary" in out.splitlines()[-1]
        assert "\x1b" not in out

    def test_flags_reach_the_library(self, library):
        """Device, channel, rate and latency."""
        assert listen("--device", "5", "--channel", "2", "--rate", "8000", "--latency", "0.4", "--json") == 0
        assert library.opened == [("pulse", 2, 8000, 0.4)]

    def test_variables_hold_and_flags_win(self, library, monkeypatch, capsys):
        """`AUSCULT_*` where no flag says otherwise."""
        monkeypatch.setenv("AUSCULT_RATE", "8000")
        monkeypatch.setenv("AUSCULT_LATENCY", "0.3")
        monkeypatch.setenv("AUSCULT_HOP", "1.0")
        assert listen("--latency", "0.1", "--json") == 0
        assert library.opened == [("My Stethoscope", 1, 8000, 0.1)]
        assert lines(capsys)[0]["hop_s"] == 1.0

    def test_record(self, library, capsys, tmp_path):
        """The file is there, and its lines tell how long it is."""
        path = tmp_path / "heard.wav"
        assert listen("--json", "--record", str(path)) == 0
        recordings = [line for line in lines(capsys) if line["type"] == "recording"]
        assert recordings[-1]["path"] == str(path)
        assert recordings[-1]["written_s"] >= 5.2
        assert path.stat().st_size > 5.2 * 4000 * 4

    def test_says_where_the_recording_is(self, library, capsys, tmp_path):
        """At the end one line on standard error says how much was recorded, and where."""
        path = tmp_path / "heard.wav"
        assert listen("--json", "--record", str(path)) == 0
        said = [line for line in capsys.readouterr().err.splitlines() if line.startswith("recorded ")]
        assert len(said) == 1
        assert said[0].endswith(f": {path}")
        assert float(said[0].split()[1]) > 0

    def test_a_recording_that_is_there_already_is_kept(self, library, capsys, tmp_path):
        """Nothing is opened and nothing overwritten."""
        path = tmp_path / "heard.wav"
        path.write_bytes(b"dear")
        assert listen("--record", str(path)) == 1
        assert path.read_bytes() == b"dear"
        assert library.opened == []
        assert len(capsys.readouterr().err.splitlines()) == 1

    @pytest.mark.parametrize(
        ("arguments", "code", "words"),
        [
            (["--device", "no such"], 1, "My Stethoscope, ALSA"),
            (["--device", "alsa"], 1, "could be"),
            (["--rate", "12345"], 1, "choose --rate 4000"),
            (["--hop", "0.33"], 2, "multiple"),
            (["--channel", "0"], 2, "channel"),
            (["--rate", "fast"], 2, "--rate"),
            (["--for", "0"], 2, "--for"),
            (["--model", "no-such-model"], 1, "no-such-model"),
        ],
    )
    def test_what_is_wrong_is_one_line(self, library, capsys, arguments, code, words):
        """The world is exit code 1, usage 2; nothing goes to standard output and nothing is opened."""
        try:
            ended = listen(*arguments)
        except SystemExit as end:
            ended = end.code
        captured = capsys.readouterr()
        assert ended == code
        assert captured.out == ""
        assert len(captured.err.splitlines()) == 1
        assert words in captured.err
        assert library.opened == []

    def test_a_device_that_does_not_open(self, library, capsys):
        """One line with the reason and the nearest fix; nothing was shown yet."""
        library.failing = "My Stethoscope: cannot be opened (busy)"
        assert listen("--json") == 1
        captured = capsys.readouterr()
        assert captured.out == ""
        assert captured.err == "auscult: My Stethoscope: cannot be opened (busy); plug it in\n"

    def test_waiting_for_a_device_that_is_not_there(self, library, capsys, monkeypatch):
        """It is told once, looked for again and again, and heard when it comes."""
        monkeypatch.setattr("monitor.commands.listen.LOOK_EVERY_S", 0.01)
        library.plugged = [OTHER]
        library.after_restarts = {3: [OTHER, STETH]}
        assert listen("--wait-for-device", "--json") == 0
        captured = capsys.readouterr()
        assert captured.err == "auscult: no input is called 'steth': waiting for it\n"
        assert library.restarts == 3
        assert len(library.opened) == 1

    def test_several_are_not_waited_for(self, library, capsys):
        """Waiting would not make the choice."""
        assert main(["listen", "--device", "alsa", "--wait-for-device"]) == 1
        assert library.restarts == 0

    def test_a_driver_that_does_not_let_go(self, library, capsys, monkeypatch):
        """The program ends all the same, with its exit code, and says so."""
        ended = []
        monkeypatch.setattr("monitor.audio.sources.microphone.MicrophoneSource.stuck", True)
        monkeypatch.setattr(os, "_exit", ended.append)
        listen("--json")
        assert ended == [0]
        assert "does not let go" in capsys.readouterr().err

    def test_the_config_file_chooses_the_device(self, library, capsys):
        """What `auscult config --set` kept is heard; the listed origin is the file."""
        assert main(["config", "--set", "device=My Stethoscope"]) == 0
        assert main(["listen", "--for", "0.1", "--json"]) == 0
        assert library.opened[0][0] == "My Stethoscope"


class TestDevices:
    """``auscult devices``."""

    def test_a_paragraph_each(self, library, capsys):
        """Number, name, host API, channels, rates; which is the default and what it looks like."""
        assert main(["devices"]) == 0
        out = capsys.readouterr().out
        assert "[3] My Stethoscope, ALSA  (looks like a stethoscope)\n    1 channel, 4000 Hz by default" in out
        assert "[5] pulse, ALSA  (the default)" in out
        assert "takes 4000 44100" in out

    def test_json(self, library, capsys):
        """One object to the line."""
        assert main(["devices", "--json"]) == 0
        first = lines(capsys)[0]
        wanted = dataclasses.asdict(STETH) | {"rates": [4000, 44_100], "looks_like": "stethoscope"}
        assert first == wanted

    def test_none(self, library, capsys):
        """Without an input: exit code 1 and the nearest fix."""
        library.plugged = []
        assert main(["devices"]) == 1
        captured = capsys.readouterr()
        assert captured.out == ""
        assert "no input is connected" in captured.err

    def test_an_input_that_takes_no_rate(self, library, capsys, monkeypatch):
        """It is listed all the same, with what may be the reason."""
        monkeypatch.setattr(library, "tested_rates", lambda device: ())
        assert main(["devices"]) == 0
        assert "another program may hold it" in capsys.readouterr().out


def test_help_stays_fast():
    """Naming the commands imports none of them; a second would be noticed."""
    import subprocess
    import sys

    code = (
        "import sys\nfrom monitor.cli import main\ntry:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "print(sorted({'sounddevice', 'platformdirs', 'numpy'} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"

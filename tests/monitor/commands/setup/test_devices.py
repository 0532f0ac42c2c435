"""`auscult devices` with a scripted audio library."""

from __future__ import annotations

import dataclasses

from monitor.audio.sources.device.selection import DeviceInfo
from monitor.cli import main


def test_each_input_has_a_paragraph(library, capsys):
    """Index, name, host API, channels, rates; whether it is the default or looks like a stethoscope."""
    assert main(["devices"]) == 0
    out = capsys.readouterr().out
    assert "[3] My Stethoscope, ALSA  (looks like a stethoscope)\n    1 channel, 4000 Hz by default" in out
    assert "[5] pulse, ALSA  (the default)" in out
    assert "takes 4000 44100" in out


def test_json_lines(library, json_lines):
    """An object per input, with all that is known of it."""
    assert main(["devices", "--json"]) == 0
    first = json_lines()[0]
    assert first == dataclasses.asdict(library.plugged[0]) | {"rates": [4000, 44_100], "looks_like": "stethoscope"}


def test_without_an_input_the_exit_code_is_1(library, capsys):
    """One line says what to do."""
    library.plugged = []
    assert main(["devices"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "no input is connected" in captured.err


def test_an_input_that_takes_no_rate(library, capsys, monkeypatch):
    """It is still listed, with the probable reason."""
    monkeypatch.setattr(library, "tested_rates", lambda device: ())
    assert main(["devices"]) == 0
    assert "another program may hold it" in capsys.readouterr().out


def test_a_name_with_control_characters_is_escaped(library, capsys, json_lines):
    """It cannot add lines or move the cursor; JSON has the very name."""
    name = "USB\x1b[2J\n[9] fake\u202e"
    library.plugged = [dataclasses.replace(library.plugged[0], name=name)]
    assert main(["devices"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert all(line.isprintable() for line in lines)
    assert main(["devices", "--json"]) == 0
    assert json_lines()[0]["name"] == name


def test_a_name_that_is_not_utf8_is_shown_escaped(library, capsys, json_lines):
    """The invalid bytes are escapes, in lines and in JSON."""
    library.plugged = [dataclasses.replace(library.plugged[0], name="St\udce9th"), *library.plugged[1:]]
    assert main(["devices"]) == 0
    assert r"St\udce9th, ALSA" in capsys.readouterr().out
    assert main(["devices", "--json"]) == 0
    assert json_lines()[0]["name"] == "St\udce9th"


def test_the_outputs(library, capsys, json_lines):
    """On request, in place of the inputs; which one is the default, and which are headphones."""
    speaker = DeviceInfo(0, "Speaker", "ALSA", 2, 48_000, default=True)
    library.outputs = lambda: [speaker, DeviceInfo(6, "USB Headphones", "PulseAudio", 2, 44_100, source="usb-2")]
    library.played_rates = lambda device: (44_100, 48_000)
    assert main(["devices", "--outputs"]) == 0
    assert capsys.readouterr().out.splitlines()[::2] == [
        "[0] Speaker, ALSA  (the default)",
        "[6] USB Headphones, PulseAudio  (headphones)",
    ]
    assert main(["devices", "--outputs", "--json"]) == 0
    assert json_lines()[0] == dataclasses.asdict(speaker) | {"rates": [44_100, 48_000], "headphones": False}
    library.outputs = list
    assert main(["devices", "--outputs"]) == 1
    assert capsys.readouterr().err == "auscult: no output is connected; plug headphones in\n"

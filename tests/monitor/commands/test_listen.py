"""`auscult listen` with a scripted audio library: what it asks of it, and every way it ends."""

from __future__ import annotations

import itertools
import json
import os
import re

import pytest

from monitor.audio.recorder import recorder
from monitor.cli import main
from monitor.commands import listen as listen_command
from monitor.dashboard.keyboard import Keyboard
from monitor.errors import OutputError
from monitor.messages import PlaybackStatus
from monitor.runtime import pipeline


def listen(*arguments):
    """Run `auscult listen` for 5.2 s of sound; return the exit code."""
    device = [] if "--device" in arguments else ["--device", "steth"]
    return main(["listen", "--for", "5.2", *device, *arguments])


def test_json_lines_in_order(library, json_lines):
    """Start, device, windows, device, summary, in order; exit code 0."""
    assert listen("--json") == 0
    kinds = [line["type"] for line in json_lines()]
    assert kinds[:2] == ["start", "device"]
    assert "window" in kinds
    assert [kind for kind in kinds if kind != "beat"][-2:] == ["device", "summary"]
    assert library.opened == [("My Stethoscope", 1, 4000, 0.2)]


def test_plain_text(library, capsys):
    """A header, a line per window, a summary; no escape sequence."""
    assert listen("--plain") == 0
    out = capsys.readouterr().out
    assert out.startswith("auscult  My Stethoscope (4000 Hz)")
    assert "summary" in out.splitlines()[-1]
    assert "\x1b" not in out


def test_an_older_bundle_is_told(library, older_bundle, capsys):
    """One line on standard error says what is not told, and the windows are judged; with the shipped one, no line."""
    assert listen("--json", "--model", str(older_bundle("segmentation", "loudness", "murmur_timing"))) == 0
    captured = capsys.readouterr()
    told = "the model older does not tell S1 and S2, the loudness of a murmur, the timing of a murmur"
    assert captured.err == f"{told}: auscult models lists what each has\n"
    assert json.loads(captured.out.splitlines()[0])["model"] == "older"
    assert listen("--json") == 0
    assert "does not tell" not in capsys.readouterr().err


def test_flags_are_passed_to_the_device(library):
    """Device, channel, rate and latency."""
    assert listen("--device", "5", "--channel", "2", "--rate", "8000", "--latency", "0.4", "--json") == 0
    assert library.opened == [("pulse", 2, 8000, 0.4)]


@pytest.mark.parametrize(("flags", "once"), [((), False), (("--once",), True)])
def test_once_is_passed_to_the_source(library, monkeypatch, flags, once):
    """With `--once` the source ends when its device is lost; without, it does not."""
    passed = []
    real = listen_command.MicrophoneSource
    monkeypatch.setattr(
        listen_command,
        "MicrophoneSource",
        lambda *values, **named: passed.append(named["once"]) or real(*values, **named),
    )
    assert listen("--json", *flags) == 0
    assert passed == [once]


def test_flags_win_over_variables(library, monkeypatch, json_lines):
    """`AUSCULT_*` counts where no flag is given."""
    monkeypatch.setenv("AUSCULT_RATE", "8000")
    monkeypatch.setenv("AUSCULT_LATENCY", "0.3")
    monkeypatch.setenv("AUSCULT_HOP", "1.0")
    assert listen("--latency", "0.1", "--json") == 0
    assert library.opened == [("My Stethoscope", 1, 8000, 0.1)]
    assert json_lines()[0]["hop_s"] == 1.0


def test_the_engine_of_the_settings(library, monkeypatch, json_lines):
    """A variable or the config file chooses the engine, and a flag wins; an unknown one is an error."""
    monkeypatch.setenv("AUSCULT_ENGINE", "litert-int8")
    assert listen("--json") == 0
    assert json_lines()[0]["engine"] == "litert-int8"
    assert listen("--json", "--engine", "litert") == 0
    assert json_lines()[0]["engine"] == "litert"
    monkeypatch.setenv("AUSCULT_ENGINE", "int8")
    assert listen("--json") == 1


def test_a_recording_that_was_removed_is_not_reported_as_recorded(library, tmp_path, monkeypatch, capsys):
    """The last line says that nothing is there, why, and what helps."""
    ids = itertools.count()
    monkeypatch.setattr(recorder, "_file_id", lambda _: next(ids))
    assert listen("--plain", "--record", str(tmp_path / "a.wav")) == 0
    last = capsys.readouterr().err.splitlines()[-1]
    assert re.fullmatch(r"recorded 0\.0 s, \d+ samples of it lost: .*a\.wav; the file was moved or deleted: .*", last)


def test_the_input_is_recorded(library, json_lines, tmp_path):
    """The file exists, and the JSON lines give its duration."""
    path = tmp_path / "input.wav"
    assert listen("--json", "--record", str(path)) == 0
    recordings = [line for line in json_lines() if line["type"] == "recording"]
    assert recordings[-1]["path"] == str(path)
    assert recordings[-1]["written_s"] >= 5.2
    assert path.stat().st_size > 5.2 * 4000 * 4


def test_the_path_of_the_recording_is_printed(library, capsys, tmp_path):
    """At the end, one line on standard error with the duration."""
    path = tmp_path / "input.wav"
    assert listen("--json", "--record", str(path)) == 0
    printed = [line for line in capsys.readouterr().err.splitlines() if line.startswith("recorded ")]
    assert len(printed) == 1
    assert printed[0].endswith(f": {path}")
    assert float(printed[0].split()[1]) > 0


def test_an_existing_file_is_not_overwritten(library, capsys, tmp_path):
    """No device is opened either."""
    path = tmp_path / "input.wav"
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
        (["--hop", "5.5"], 2, "--hop"),
        (["--latency", "5.1"], 2, "--latency"),
        (["--channel", "0"], 2, "channel"),
        (["--rate", "fast"], 2, "--rate"),
        (["--for", "0"], 2, "--for"),
        (["--model", "no-such-model"], 1, "no-such-model"),
    ],
)
def test_an_error_is_one_line(library, capsys, arguments, code, words):
    """Exit code 1 for a device or model, 2 for usage; standard output stays empty and no device is opened."""
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


def test_a_device_that_does_not_open(library, capsys):
    """One line with the reason and the next step; standard output stays empty."""
    library.failing = "My Stethoscope: cannot be opened (busy)"
    assert listen("--json") == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "auscult: My Stethoscope: cannot be opened (busy); plug it in\n"


def test_waiting_for_a_device_that_is_not_connected(library, capsys, monkeypatch):
    """It is announced once, searched for repeatedly, and opened when it is connected."""
    monkeypatch.setattr("monitor.commands.options.inputs.RETRY_S", 0.01)
    stethoscope, other = library.plugged
    library.plugged = [other]
    library.after_restarts = {3: [other, stethoscope]}
    assert listen("--wait-for-device", "--json") == 0
    captured = capsys.readouterr()
    assert captured.err == "auscult: no input is called 'steth': waiting for it\n"
    assert library.restarts == 3
    assert len(library.opened) == 1


def test_an_ambiguous_name_is_not_waited_for(library):
    """Waiting would not resolve it."""
    assert main(["listen", "--device", "alsa", "--wait-for-device"]) == 1
    assert library.restarts == 0


def test_a_driver_that_does_not_release_the_device(library, capsys, monkeypatch):
    """The program still ends with its exit code, and says so."""
    ended = []
    monkeypatch.setattr("monitor.audio.sources.microphone.MicrophoneSource.stuck", True)
    monkeypatch.setattr(os, "_exit", ended.append)
    listen("--json")
    assert ended == [0]
    assert "does not release" in capsys.readouterr().err


def test_the_config_file_chooses_the_device(library):
    """What `auscult config --set` wrote is used."""
    assert main(["config", "--set", "device=My Stethoscope"]) == 0
    assert main(["listen", "--for", "0.1", "--json"]) == 0
    assert library.opened[0][0] == "My Stethoscope"


@pytest.mark.parametrize("error", [OutputError("standard output cannot be written (full)"), BrokenPipeError()])
def test_a_recording_goes_on_when_the_output_fails(library, monkeypatch, capsys, tmp_path, error):
    """The failure is told once, the lost lines are counted, the recording is whole; the exit code is 1."""

    def fail(line, stopping):
        raise error

    monkeypatch.setattr("monitor.views.lines.put", fail)
    path = tmp_path / "input.wav"
    assert listen("--json", "--record", str(path)) == 1
    err = capsys.readouterr().err.splitlines()
    assert [line.endswith("; the recording goes on") for line in err] == [True, False, False]
    assert err[1].endswith(" lines could not be written to standard output")
    assert int(err[1].split()[1]) > 3
    assert err[2].startswith("recorded ")
    assert path.stat().st_size > 5.2 * 4000 * 4


def test_without_a_recording_a_failing_output_ends_the_command(library, monkeypatch, capsys):
    """One line, exit code 1."""

    def fail(line, stopping):
        raise OutputError("standard output is closed")

    monkeypatch.setattr("monitor.views.lines.put", fail)
    assert listen("--json") == 1
    assert capsys.readouterr().err == "auscult: standard output is closed\n"


class TestMarks:
    """Marks on the keyboard while a recording runs."""

    @pytest.fixture
    def keys(self, monkeypatch):
        """Let the keyboard mark once."""
        pressed = [["m"]]
        monkeypatch.setattr("monitor.views.view.free_keyboard", Keyboard)
        monkeypatch.setattr(Keyboard, "pressed", lambda keyboard: pressed.pop() if pressed else [])

    def test_they_are_in_lines_and_file(self, library, capsys, tmp_path, keys):
        """The line, the last recording line and the message at the end name the labels file."""
        assert listen("--json", "--record", str(tmp_path / "input.flac")) == 0
        captured = capsys.readouterr()
        lines = [json.loads(line) for line in captured.out.splitlines()]
        mark = next(line for line in lines if line["type"] == "mark")
        last = [line for line in lines if line["type"] == "recording"][-1]
        path = tmp_path / "input.labels.txt"
        assert (mark["path"], mark["error"], mark["recorded_s"]) == (str(path), None, mark["at_s"])
        assert (last["labels"], last["marks"], last["waiting_marks"]) == (str(path), 1, [])
        assert path.read_text() == "{0:.6f}\t{0:.6f}\tmark 1\n".format(mark["at_s"])
        assert captured.err.splitlines()[-1] == f"marks saved: 1: {path}"

    def test_the_times_of_marks_that_are_not_saved_are_told(self, library, capsys, tmp_path, keys, monkeypatch):
        """So that a person can write them down; the exit code is 1, the recording is whole."""

        def refused(labels):
            labels.error = "the disk is full"

        monkeypatch.setattr("monitor.audio.recorder.labels_file.LabelsFile._write", refused)
        path = tmp_path / "input.wav"
        assert listen("--json", "--record", str(path)) == 1
        captured = capsys.readouterr()
        at_s = next(line["at_s"] for line in map(json.loads, captured.out.splitlines()) if line["type"] == "mark")
        told = f"auscult: marks not saved (the disk is full), seconds of the recording: {at_s:.3f}"
        assert captured.err.splitlines()[-1] == told
        assert path.stat().st_size > 5.2 * 4000 * 4


def test_an_existing_labels_file_is_no_place_for_marks(library, capsys, tmp_path):
    """The command does not begin: marks of one recording never lie beside another."""
    (tmp_path / "input.labels.txt").write_text("old")
    assert listen("--json", "--record", str(tmp_path / "input.wav")) == 1
    assert "input.labels.txt exists and is not overwritten; choose another name" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["input.labels.txt"]


class SilentPlayer:
    """A player that is asked to play, and does not."""

    def __init__(self, ring, source, options):
        self.options, self.status = options, PlaybackStatus("opening")
        self.started = self.stopped = 0

    def start(self):
        """Count."""
        self.started += 1

    def stop(self, *, hurry=False):
        """Count."""
        self.stopped += 1


@pytest.mark.parametrize(
    ("flags", "latency_s"),
    [(("--monitor",), 0.04), (("--monitor-device", "phones"), 0.04), (("--monitor", "--latency", "0.3"), 0.3)],
)
def test_an_input_that_is_heard_has_a_short_latency(library, monkeypatch, flags, latency_s):
    """`--monitor` asks the input for 0.04 s, unless a latency was chosen; the player starts and stops."""
    players = []
    monkeypatch.setattr(pipeline, "_player", lambda *values: players.append(SilentPlayer(*values)) or players[-1])
    assert listen("--json", *flags) == 0
    assert library.opened == [("My Stethoscope", 1, 4000, latency_s)]
    assert [(player.started, player.options.microphone) for player in players] == [(1, True)]
    assert players[0].stopped

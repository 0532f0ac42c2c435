"""The devices of a sound server: what its program prints, and how one of them is chosen."""

from __future__ import annotations

import json
import os
import subprocess

import pytest

from monitor.audio.sources.device.sound_server import ServerDevice, chosen, server_devices

USB = {"name": "usb-1", "description": "Littmann CORE", "sample_specification": "s16le 1ch 4000Hz", "balance": 0.0}
SHORT = (
    "0\tusb-1\tmodule-alsa-card.c\ts16le 1ch 4000Hz\tIDLE\n1\tout.monitor\tPipeWire\tfloat32le 2ch 48000Hz\tRUNNING\n"
)


def test_names_descriptions_and_forms():
    """Of each source; PipeWire's form is another word with the same numbers."""
    other = {"name": "in", "description": "Mikrofon", "sample_specification": "float32le 2ch 48000Hz"}
    assert server_devices("input", lambda arguments: json.dumps([USB, other])) == [
        ServerDevice("usb-1", "Littmann CORE", 1, 4000),
        ServerDevice("in", "Mikrofon", 2, 48_000),
    ]


@pytest.mark.parametrize(
    "entry",
    [{}, {"name": "a"}, {"name": "a", "sample_specification": "n/a"}, {"sample_specification": "s16le 1ch 8000Hz"}],
)
def test_a_source_that_cannot_be_understood_is_left_out(entry):
    """The others are listed."""
    assert [source.name for source in server_devices("input", lambda arguments: json.dumps([entry, USB]))] == ["usb-1"]


def test_a_source_without_a_description_has_its_name():
    """Both are by what it can be chosen."""
    bare = {**USB, "description": None}
    assert server_devices("input", lambda arguments: json.dumps([bare])) == [ServerDevice("usb-1", "usb-1", 1, 4000)]


@pytest.mark.parametrize("printed", [None, "", "[{]", '[{"balance": 0,00}]', "3", "null", "[1]"])
def test_an_old_program_prints_a_short_list(printed):
    """Where JSON is refused, or is none, the list of before PulseAudio 16 is read."""

    def ask(arguments):
        if "short" in arguments:
            return SHORT
        if printed is None:
            raise subprocess.CalledProcessError(1, "pactl")
        return printed

    assert server_devices("input", ask) == [
        ServerDevice("usb-1", "usb-1", 1, 4000),
        ServerDevice("out.monitor", "out.monitor", 2, 48_000),
    ]


@pytest.mark.parametrize("error", [FileNotFoundError(), PermissionError(), subprocess.TimeoutExpired("pactl", 2)])
def test_without_a_server_there_is_no_source(error):
    """No program, one that may not be run, and a server that does not answer."""

    def ask(arguments):
        raise error

    assert server_devices("input", ask) == []


@pytest.mark.subprocess
@pytest.mark.skipif(os.name == "nt", reason="the program is a script")
def test_the_program_itself(tmp_path, monkeypatch):
    """It is found on the path, asked for JSON, and in a language whose numbers JSON can hold."""
    program = tmp_path / "pactl"
    asked = "C.UTF-8 --format=json list sources"
    program.write_text(f"#!/bin/sh\n[ \"$LC_ALL $*\" = '{asked}' ] && echo '{json.dumps([USB])}'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    assert [source.name for source in server_devices("input")] == ["usb-1"]


@pytest.mark.parametrize("before", [None, "other"])
def test_the_variable_is_as_it_was_afterwards(monkeypatch, before):
    """Inside the block it names the source, whatever happens there."""
    monkeypatch.delenv("PULSE_SOURCE", raising=False)
    if before is not None:
        monkeypatch.setenv("PULSE_SOURCE", before)
    with chosen("input", None):
        assert os.environ.get("PULSE_SOURCE") == before
    with pytest.raises(ZeroDivisionError), chosen("input", "usb-1"):
        assert os.environ["PULSE_SOURCE"] == "usb-1"
        _ = 1 / 0
    assert os.environ.get("PULSE_SOURCE") == before


def test_an_output_has_a_list_and_a_variable_of_its_own(monkeypatch):
    """Sinks."""
    monkeypatch.delenv("PULSE_SINK", raising=False)
    monkeypatch.delenv("PULSE_SOURCE", raising=False)
    asked = []

    def ask(arguments):
        asked.append(arguments)
        return json.dumps([USB])

    assert server_devices("output", ask) == [ServerDevice("usb-1", "Littmann CORE", 1, 4000)]
    assert asked == [["--format=json", "list", "sinks"]]
    with chosen("output", "usb-1"):
        assert (os.environ["PULSE_SINK"], os.environ.get("PULSE_SOURCE")) == ("usb-1", None)
    assert "PULSE_SINK" not in os.environ

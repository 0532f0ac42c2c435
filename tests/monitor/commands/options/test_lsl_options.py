"""--lsl of listen, replay and demo: what is said, what is refused, and what another program receives."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from unittest.mock import Mock

import numpy as np
import pytest
import soundfile

from monitor.audio.sources.array import ArraySource
from monitor.cli import main
from monitor.commands.options.lsl_options import RECORDING, announce_lsl, over_lsl
from monitor.synthesis.parameters import HeartParameters
from monitor.synthesis.phonocardiogram import phonocardiogram

HEART = phonocardiogram(9.0, HeartParameters(), np.random.default_rng(5)).waveform

RECEIVER = """
import json, sys, pylsl, pylsl.util
sound, verdicts = (
    pylsl.StreamInlet(pylsl.resolve_byprop("name", name, timeout=60)[0], recover=False)
    for name in (sys.argv[1], sys.argv[1] + " verdicts")
)
source_id, samples, stamps, lines = sound.info().source_id(), [], [], []
try:
    while True:
        more, times = sound.pull_chunk(timeout=0.2)
        samples += [value for (value,) in more]
        stamps += times
        while (found := verdicts.pull_sample(timeout=0.0))[0] is not None:
            lines.append((found[0][0], found[1]))
except pylsl.util.LostError:
    pass
print(json.dumps({"samples": samples, "stamps": stamps, "lines": lines, "source_id": source_id}))
"""


@pytest.fixture
def heart(tmp_path):
    """Return a recording of nine seconds whose name is a person's."""
    path = tmp_path / "eva.wav"
    soundfile.write(path, HEART, 4000, "FLOAT")
    return str(path)


def received(name, *arguments):
    """Run a command in this process; return what another one receives of its streams."""
    with subprocess.Popen([sys.executable, "-c", RECEIVER, name], stdout=subprocess.PIPE, text=True) as process:
        assert main([*arguments, "--lsl"]) == 0
        return json.loads(process.communicate(timeout=60)[0])


def refused(capsys, *arguments):
    """Return the last line of a usage error."""
    with pytest.raises(SystemExit) as end:
        main([*arguments])
    assert end.value.code == 2
    return capsys.readouterr().err.splitlines()[-1]


@pytest.mark.subprocess
def test_another_program_receives_a_replay(pylsl, heart, capsys):
    """Sample for sample from where it is connected, at the pace of the recording; nothing names the file."""
    got = received("auscult replay", "replay", heart, "--json")
    samples, stamps = np.asarray(got["samples"], np.float32), np.asarray(got["stamps"])
    assert len(samples) > 2 * 4000
    starts = np.flatnonzero(samples[0] == HEART).tolist()
    (begin,) = [start for start in starts if np.array_equal(samples, HEART[start : start + len(samples)])]
    assert stamps[-1] - stamps[0] == pytest.approx(len(samples) / 4000, abs=0.5)
    (line, at), *_ = got["lines"]
    heard_s = stamps[0] + json.loads(line)["end_s"] - begin / 4000
    assert at == pytest.approx(heard_s, abs=0.5)
    assert "eva" not in json.dumps(got)
    said = capsys.readouterr().err
    assert said.startswith("auscult: announced on the local network as the LSL streams 'auscult replay'")
    assert "eva" not in said


@pytest.mark.subprocess
def test_a_demo_is_sent(pylsl, capsys):
    """Under a name of its own."""
    words = [sys.executable, "-m", "monitor", "demo", "--json", "--lsl"]
    find = "import sys, pylsl; print([found.source_id() for found in pylsl.resolve_byprop('name', sys.argv[1], 1, 60)])"
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as demo:
        found = subprocess.check_output([sys.executable, "-c", find, "auscult demo verdicts"], text=True, timeout=90)
        demo.terminate()
    assert "/synthetic/demo/verdicts" in found


@pytest.mark.parametrize("arguments", [["--speed", "2"], ["--speed", "max"], ["--slow", "0.5"]])
@pytest.mark.parametrize("command", [["demo"], ["replay", "a.wav"]])
def test_only_at_the_rate_of_the_recording(command, arguments, heart, capsys):
    """A stream has a rate, and the sound would come at another."""
    command = [heart if word == "a.wav" else word for word in command]
    assert "leave out --speed and --slow" in refused(capsys, *command, "--lsl", *arguments)


def test_several_streams_are_not_sent(heart, capsys):
    """One recording at a time."""
    assert "--lsl is for one file at a time" in refused(capsys, "replay", heart, heart, "--together", "--lsl")


def test_who_can_receive_it_is_said(pylsl, capsys):
    """The line names both streams; without --lsl there is none."""
    announce_lsl(argparse.Namespace(lsl=False), "USB Audio")
    assert capsys.readouterr().err == ""
    announce_lsl(argparse.Namespace(lsl=True), "USB Audio")
    said = capsys.readouterr().err
    assert "'auscult USB Audio' and 'auscult USB Audio verdicts'" in said
    assert "everyone in it can receive them" in said


def test_without_it_the_view_is_the_one_that_was_given():
    """Nothing is announced."""
    view = Mock()
    with over_lsl(view, ArraySource(HEART, 4000), argparse.Namespace(lsl=False), RECORDING) as sending:
        assert sending is view


def test_the_streams_end_with_the_source(pylsl):
    """The view behind stays open, for the next recording."""
    view = Mock()
    with over_lsl(view, ArraySource(HEART, 4000), argparse.Namespace(lsl=True), RECORDING) as sending:
        outlets = sending._outlets
        assert outlets._sound is not None
    assert outlets._sound is None
    view.close.assert_not_called()

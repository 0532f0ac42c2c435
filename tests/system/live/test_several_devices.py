"""Two virtual stethoscopes in one ``auscult listen``: one unplugged, a capture process killed, the other undisturbed.

Each has a sound server of its own: a server moves what reads a lost input to another one by itself.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import time

import numpy as np
import psutil
import pytest
import soundfile

from monitor.synthesis.parameters import HeartParameters
from monitor.synthesis.phonocardiogram import phonocardiogram
from tests.system.live.conftest import LEAD_S, Listening, wait_until
from tests.system.live.lab import SINK
from tests.system.live.test_device_loss import seconds_of

HEART_S = 60
RATE = 4000
CONFIG = """
</usr/share/alsa/alsa.conf>
pcm.!default {{ type pulse }}
pcm.one {{ type pulse device "{sink}.monitor" }}
pcm.two {{ type pulse server "unix:{socket}" device "{sink}.monitor" }}
"""
STOPPED_S = 5.0
SCORES = 1e-4
"""As close as a live window and one of a replay are, whose resampling began elsewhere."""


@pytest.fixture(scope="module")
def other(stethoscope, tmp_path_factory):
    """Return a second stethoscope on a server of its own; ``one`` and ``two`` name the two inputs."""
    second = type(stethoscope)(tmp_path_factory.mktemp("other"))
    config = stethoscope.folder / "asoundrc"
    before = config.read_text()
    config.write_text(CONFIG.format(sink=SINK, socket=second.socket))
    try:
        second.start()
        yield second
    finally:
        second.close()
        config.write_text(before)


@pytest.fixture(scope="module")
def hearts(tmp_path_factory):
    """Return two files, each with a heart of its own."""
    paths = []
    for seed in (5, 6):
        waveform = phonocardiogram(HEART_S, HeartParameters(), np.random.default_rng(seed), RATE).waveform
        waveform[: round(LEAD_S * RATE)] = 0.0
        paths.append(tmp_path_factory.mktemp("hearts") / f"heart-{seed}.wav")
        soundfile.write(paths[-1], waveform, RATE, "PCM_16")
    return paths


def listen(stethoscope, *arguments):
    """Start ``auscult listen --json`` on both."""
    both = ["--device", "one", "--device", "two", "--rate", RATE, "--json"]
    command = [sys.executable, "-m", "monitor", "listen", *map(str, both), *map(str, arguments)]
    return Listening(command, stethoscope.environment)


def state(listening, stream, wanted, after=0):
    """Return the first line after some lines with the device of a stream in a state."""
    return listening.until(
        lambda line: (
            (line["type"], line["stream"], line.get("state")) == ("device", stream, wanted)
            and line in listening.lines[after:]
        )
    )


def capture_processes(listening):
    """Return the processes that capture, by the name of their device."""
    children = psutil.Process(listening.process.pid).children()
    return {json.loads(child.cmdline()[-1])["device"]["name"]: child for child in children}


class Run:
    """One run: two is unplugged and comes back, then the process that captures one is killed."""

    def __init__(self, stethoscope, other, hearts, folder):
        self.folder = folder
        self.played = dict(
            zip(("one", "two"), (soundfile.read(path, dtype="float32")[0] for path in hearts), strict=True)
        )
        stethoscope.plug_in(RATE)
        other.plug_in(RATE)
        kept = ("--session", "--session-dir", folder / "kept", "--record", folder / "visit.wav")
        listening = listen(stethoscope, *kept)
        try:
            for name in ("one", "two"):
                state(listening, name, "open")
            stethoscope.play(hearts[0])
            other.play(hearts[1])
            listening.until_window(9.0)
            other.unplug()
            self.unplugged = state(listening, "two", "lost")
            self.alone_from_s = self.unplugged["at_s"]
            listening.until_window(self.alone_from_s + 2.0)
            seen = len(listening.lines)
            self.returned_s = other.plug_in(RATE)
            self.reopened = state(listening, "two", "open", seen)
            other.play(hearts[1])
            first = capture_processes(listening)["one"]
            seen = len(listening.lines)
            os.kill(first.pid, signal.SIGKILL)
            self.killed = state(listening, "one", "lost", seen)
            self.restarted = state(listening, "one", "open", seen)
            listening.until_window(self.restarted["at_s"] + 7.0)
            self.children = [child.pid for child in capture_processes(listening).values()]
            began_s = time.monotonic()
            self.code, self.errors = listening.end(signal.SIGINT)
            self.ended_in_s = time.monotonic() - began_s
        finally:
            listening.close()
            stethoscope.unplug()
            other.unplug()
        self.lines = listening.lines
        self.recorded = {name: soundfile.read(folder / f"visit-{name}.wav", dtype="float32")[0] for name in self.played}

    def of(self, stream, kind):
        """Return the lines of one type of one stream."""
        return [line for line in self.lines if line["stream"] == stream and line["type"] == kind]


@pytest.fixture(scope="module")
def run(stethoscope, other, hearts, tmp_path_factory):
    """Listen to both."""
    return Run(stethoscope, other, hearts, tmp_path_factory.mktemp("run"))


def matching(recorded, played, heads_s=(1,)):
    """Return where in a recording the played sound begins, and from where to where in it there is no difference.

    Parameters
    ----------
    recorded, played : ndarray
    heads_s : sequence of int
        Seconds of the played sound by which it is looked for. Where a player was late, the sound behind is a stretch of
        its own; the longest of all is returned.
    """
    found = []
    for head in (RATE * head_s for head_s in heads_s):
        wanted = played[head : head + RATE]
        loudest = int(np.abs(wanted).argmax())
        places = (np.flatnonzero(recorded == wanted[loudest]) - loudest).tolist()
        places = [at for at in places if at >= head and np.array_equal(recorded[at : at + RATE], wanted)]
        if places:
            start = places[0] - head  # it may be played again later
            length = min(len(recorded) - start, len(played))
            differing = np.flatnonzero(recorded[start : start + length] != played[:length])
            first, last = differing[differing < head], differing[differing > head]
            found.append((start, int(first[-1]) + 1 if len(first) else 0, int(last[0]) if len(last) else length))
    return max(found, key=lambda one: one[2] - one[1])


@pytest.mark.parametrize("name", ["one", "two"])
def test_each_hears_its_own_heart_with_the_scores_of_a_replay(run, stethoscope, hearts, name):
    """Sample for sample between losses; every window inside has the scores of a replay of what was played."""
    start, first, last = matching(run.recorded[name], run.played[name], heads_s=(1, 3, 5, 7, 9))
    assert last - first >= 5.5 * RATE
    windows = [
        line
        for line in run.of(name, "window")
        if start + first <= line["start_s"] * RATE and line["end_s"] * RATE <= start + last
    ]
    assert windows  # 5.5 s hold one at least
    begin_s = windows[0]["start_s"] - start / RATE
    path = hearts[("one", "two").index(name)]
    code, out, errors = stethoscope.auscult("replay", path, "--json", "--speed", "max", "--start", repr(begin_s))
    assert (code, errors) == (0, "")
    again = [line for line in map(json.loads, out.splitlines()) if line["type"] == "window"]
    for live in windows:
        line = again[live["index"] - windows[0]["index"]]  # a busy computer may have skipped some
        assert live["label"] == line["label"]
        for label, score in line["scores"].items():
            assert live["scores"][label] == pytest.approx(score, abs=SCORES)


def test_one_that_is_unplugged_disturbs_no_other(run):
    """While two is away and looked for, one loses no sample, and none of its windows is withheld."""
    during = [line for line in run.of("one", "window") if run.alone_from_s < line["end_s"] < run.killed["at_s"] - 0.5]
    assert len(during) >= 4
    assert not any(line["gap"] for line in during)
    lost = [line["lost_s"] for line in run.of("one", "device") if line["at_s"] < run.killed["at_s"] - 0.5]
    assert set(lost) == {0.0}


def test_it_is_open_again_within_three_seconds(run):
    """By its name, with the gap told; its windows that touch the gap are withheld."""
    assert run.reopened["reopened"] == 1
    gaps = [line for line in run.of("two", "window") if line["gap"]]
    assert gaps
    assert all(line["scores"] is None for line in gaps)
    assert run.unplugged["message"].startswith("two: no sound comes any more")


def test_a_process_that_is_killed_is_started_again_and_disturbs_no_other(run):
    """Its gap is told and as long as it was; the other loses no sample, and none of its windows."""
    assert run.killed["message"] == "one: its capture process ended: starting it again"
    last = run.of("one", "device")[-1]
    assert 0.0 < last["lost_s"] < 10.0
    assert last["reopened"] == 1
    lost_of_two = {line["lost_s"] for line in run.of("two", "device") if line["at_s"] > run.reopened["at_s"] + 0.3}
    assert lost_of_two == {run.of("two", "device")[-1]["lost_s"]}
    after = [line for line in run.of("two", "window") if line["start_s"] > run.reopened["at_s"] + 0.5]
    assert after
    assert not any(line["gap"] for line in after)


@pytest.mark.parametrize("name", ["one", "two"])
def test_positions_stay_true_to_the_clock(run, name):
    """Through both losses; a window that is missing was skipped, and counted; no sample was overwritten unread."""
    device = run.of(name, "device")
    first = next(line for line in device if line["state"] == "open")
    passed_s = seconds_of(device[-1]) - seconds_of(first)
    assert device[-1]["at_s"] - first["at_s"] == pytest.approx(passed_s, abs=0.7)
    windows, (summary,) = run.of(name, "window"), run.of(name, "summary")
    assert [line["end_s"] for line in windows] == [5.0 + 0.5 * line["index"] for line in windows]
    assert windows[-1]["index"] + 1 - len(windows) == summary["skipped"]
    assert summary["overruns"] == 0


@pytest.mark.parametrize("name", ["one", "two"])
def test_recording_and_session_are_whole(run, name):
    """A folder and a file each, as long as what was heard, with zeros for what was lost, counted."""
    recording = next(
        line for line in reversed(run.of(name, "recording")) if line["path"].endswith("visit-" + name + ".wav")
    )
    assert len(run.recorded[name]) == round(recording["written_s"] * RATE)
    assert recording["lost_samples"] == round(run.of(name, "device")[-1]["lost_s"] * RATE)
    (folder,) = [
        folder
        for folder in (run.folder / "kept").iterdir()
        if json.loads((folder / "session.json").read_text())["source"]["stream"] == name
    ]
    described = json.loads((folder / "session.json").read_text())
    assert described["ended"] is not None
    assert described["samples"] == len(run.recorded[name]) == soundfile.info(folder / "sound.flac").frames
    kept = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
    assert [line["end_s"] for line in kept if line["type"] == "window"] == [
        line["end_s"] for line in run.of(name, "window")
    ]
    assert kept[-1]["type"] == "summary"


def test_ctrl_c_ends_all_of_it(run):
    """The exit code of an interrupt, no process left, and only the paths on standard error."""
    assert run.code == 130
    assert len(run.children) == 2
    assert not any(psutil.pid_exists(pid) for pid in run.children)
    lines = run.errors.splitlines()
    assert len(lines) == 4
    assert all(re.match(r"(session of|recorded) [\d.]+ s, \d+ samples of it lost: ", line) for line in lines)
    assert run.ended_in_s < 2.0, run.ended_in_s  # a second, and what a busy computer adds


def test_a_program_that_is_stopped_loses_no_sound(stethoscope, other, hearts, tmp_path):
    """The capture processes go on, and keep what comes meanwhile: the recording has it sample for sample."""
    stethoscope.plug_in(RATE)
    other.plug_in(RATE)
    listening = listen(stethoscope, "--record", tmp_path / "visit.wav")
    try:
        for name in ("one", "two"):
            state(listening, name, "open")
        stethoscope.play(hearts[0])
        listening.until_window(6.0)
        listening.process.send_signal(signal.SIGSTOP)
        began_s = time.monotonic()
        wait_until(lambda: time.monotonic() - began_s > STOPPED_S, STOPPED_S + 5, "the end of the stop")
        listening.process.send_signal(signal.SIGCONT)
        listening.until_window(6.0 + STOPPED_S + 3.0)
        code, _ = listening.end()
    finally:
        listening.close()
        stethoscope.unplug()
        other.unplug()
    recorded, played = (soundfile.read(path, dtype="float32")[0] for path in (tmp_path / "visit-one.wav", hearts[0]))
    start, first, last = matching(recorded, played)
    assert (code, first) == (130, 0)
    assert start + last >= (6.0 + STOPPED_S) * RATE
    closed = [line for line in listening.lines if line["type"] == "device" and line["state"] == "closed"]
    assert [line["lost_s"] for line in closed] == [0.0, 0.0]


def test_nothing_is_left_of_a_program_that_is_killed(stethoscope, other):
    """Its capture processes end with it, whatever they are doing."""
    stethoscope.plug_in(RATE)
    other.plug_in(RATE)
    listening = listen(stethoscope)
    try:
        state(listening, "two", "open")
        children = capture_processes(listening).values()
        listening.process.kill()
        wait_until(lambda: not any(child.is_running() for child in children), 10, "the end of the capture processes")
        assert len(children) == 2
    finally:
        listening.close()
        stethoscope.unplug()
        other.unplug()

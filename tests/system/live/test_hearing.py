"""What comes out of the headphones is what was played into the stethoscope, in time, and nothing else suffers.

Stethoscope and headphones are the two channels of one null sink, so that one recording of its monitor has both on one
time axis: their distance is the latency from input to output.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys

import numpy as np
import pytest
import soundfile

from tests.monitor.sessions.conftest import check_folder
from tests.system.live.lab import RATE

HUMPS = 16


def humps(path):
    """Write short tones of 80 Hz at irregular times."""
    rng = np.random.default_rng(0)
    sound = np.zeros(RATE * (HUMPS // 2 + 2))
    hump = 0.5 * np.hanning(RATE // 20) * np.sin(2 * np.pi * 80 * np.arange(RATE // 20) / RATE)
    for index in range(HUMPS):
        start = round((0.5 + index / 2 + rng.uniform(0, 0.2)) * RATE)
        sound[start : start + len(hump)] += hump
    soundfile.write(path, sound, RATE, "PCM_16")
    return path


def latencies_ms(played, heard):
    """Return the distance of each tone in the headphones from the same in the stethoscope."""
    loud = np.flatnonzero(np.abs(played) > 0.1)
    starts = loud[np.concatenate(([True], np.diff(loud) > RATE // 10))]
    found = []
    for start in starts:
        tone, after = played[start - 1200 : start + 2400], heard[start - 1200 : start + RATE // 4]
        if np.abs(after).max() > 0.1 and len(after) > RATE // 4:
            found.append(np.correlate(after, tone, "valid").argmax() / RATE * 1000)
    return np.array(found)


def is_playing(line):
    """Return whether a line says that the latency is known."""
    return line["type"] == "playback" and line["state"] == "playing" and line["latency_ms"] is not None


def test_what_is_heard_is_what_was_played(lab, record_testsuite_property):
    """Every tone reaches the headphones, unchanged but for the filter, and the stated latency is within 60 ms."""
    recording = lab.record()
    listening = lab.stethoscope.listen("--rate", 4000, "--monitor-device", "earphones", "--sound", "extended")
    told = listening.until(is_playing)
    assert lab.stethoscope.play(humps(lab.folder / "humps.wav")).wait(timeout=60) == 0
    listening.until_window(listening.lines[-1].get("end_s", 0.0) + 0.5)
    code, errors = listening.end()
    played, heard = recording.end()
    found = latencies_ms(played, heard)
    p50, p95 = np.percentile(found, [50, 95])
    last = [line for line in listening.of("playback") if line["latency_ms"] is not None][-1]
    record_testsuite_property("latency_ms", f"p50 {p50:.1f}, p95 {p95:.1f}, stated {last['latency_ms']}")
    print(f"latency p50 {p50:.1f} ms, p95 {p95:.1f} ms, stated {last['latency_ms']} ms, {last['underruns']} underruns")
    assert (code, errors) == (130, "")
    assert told["device"] == "earphones"
    assert len(found) >= HUMPS - 2
    assert abs(p50 - last["latency_ms"]) < 60
    assert np.abs(heard).max() == pytest.approx(np.abs(played).max(), rel=0.1)


def test_the_first_of_several_devices_is_heard(lab):
    """Unchanged but for the filter; the second, whose sender never comes, disturbs nothing."""
    recording = lab.record()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
    devices = ("--device", "stethoscope", "--device", address, "--rate", 4000)
    listening = lab.stethoscope.listen(*devices, "--monitor-device", "earphones", "--sound", "extended")
    told = listening.until(is_playing)
    assert lab.stethoscope.play(humps(lab.folder / "humps.wav")).wait(timeout=60) == 0
    listening.until_window(listening.lines[-1].get("end_s", 0.0) + 0.5)
    code, errors = listening.end()
    played, heard = recording.end()
    assert code == 130
    assert "auscult: stethoscope is heard\n" in errors
    assert (told["stream"], told["device"]) == ("stethoscope", "earphones")
    assert {line["stream"] for line in listening.of("playback")} == {"stethoscope"}
    assert len(latencies_ms(played, heard)) >= HUMPS - 2
    assert np.abs(heard).max() == pytest.approx(np.abs(played).max(), rel=0.1)


def test_headphones_that_are_unplugged_disturb_nothing(lab):
    """The loss is told, windows and input go on without a gap, and the sound returns with the headphones."""
    lab.connect_wireless()
    listening = lab.stethoscope.listen("--rate", 4000, "--monitor-device", "wireless")
    listening.until(is_playing)
    lab.wireless.kill()
    lost = listening.until(lambda line: line["type"] == "playback" and line["state"] == "failed")
    assert lost["message"].endswith("looking for it")
    listening.until_window(6.0)
    lab.connect_wireless()
    listening.until(is_playing, 30)
    code, errors = listening.end()
    assert (code, errors) == (130, "")
    assert not any(line["gap"] for line in listening.of("window"))
    summary, device = listening.lines[-1], listening.of("device")[-1]
    assert (summary["skipped"], summary["overruns"]) == (0, 0)
    assert (device["reopened"], device["overflows"], device["lost_s"]) == (0, 0, 0.0)


def test_a_session_loses_nothing_when_the_output_is_unplugged(lab, heart_files, tmp_path):
    """A null sink that is unloaded in mid-run is told and found again; session and recording have every sample."""
    lab.connect_wireless()
    session = ("--session", "--session-dir", tmp_path / "sessions", "--record", tmp_path / "heard.wav")
    listening = lab.stethoscope.listen("--rate", 4000, "--monitor-device", "wireless", *session)
    listening.until(is_playing)
    player = lab.stethoscope.play(heart_files(8))
    listening.until_window(5.0)
    lab.wireless.unplug()
    listening.until(lambda line: line["type"] == "playback" and line["state"] == "failed")
    lab.wireless.plug_in(RATE)
    listening.until(is_playing, 30)
    assert player.wait(timeout=30) == 0
    listening.until_window(listening.of("window")[-1]["end_s"] + 1.0)
    code, _ = listening.end()
    assert code == 130
    (folder,) = (tmp_path / "sessions").iterdir()
    values, events = check_folder(folder)
    states = [line["state"] for line in events if line["type"] == "playback"]
    assert states.index("failed") < len(states) - 1 - states[::-1].index("playing")
    assert (values["lost_samples"], listening.lines[-1]["skipped"], listening.lines[-1]["overruns"]) == (0, 0, 0)
    assert not any(line["gap"] for line in listening.of("window"))
    kept, recorded = (
        soundfile.read(path, dtype="float32")[0] for path in (folder / "sound.flac", tmp_path / "heard.wav")
    )
    assert len(kept) == len(recorded)
    assert np.abs(kept - recorded).max() <= 2.0**-24  # 24 bits against floating point
    assert values["samples"] == len(kept)


def test_an_unnamed_output_is_never_fed_back(lab):
    """Without a name the output waits for a key, and stays silent."""
    recording = lab.record()
    listening = lab.stethoscope.listen("--rate", 4000, "--monitor")
    told = listening.until(lambda line: line["type"] == "playback" and line["state"] == "confirm")
    assert "may be a loudspeaker" in told["message"]
    assert lab.stethoscope.play(humps(lab.folder / "humps.wav")).wait(timeout=60) == 0
    assert listening.end() == (130, "")
    _, heard = recording.end()
    loud = np.flatnonzero(heard)
    assert not len(loud), (len(loud), loud[:5], loud[-5:], len(heard), np.abs(heard).max())


def test_a_recording_is_heard_at_half_speed(lab, heart_files):
    """`replay --slow 0.5`: the headphones get the sound at twice its length, and the verdicts are those in silence."""
    recording = lab.record()
    path = heart_files(8)
    code, out, errors = lab.stethoscope.auscult("replay", path, "--json", "--slow", 0.5, "--play-device", "earphones")
    _, heard = recording.end()
    _, silent, _ = lab.stethoscope.auscult("replay", path, "--json", "--speed", "max")

    def scores(text):
        lines = [json.loads(line) for line in text.splitlines()]
        return [line["scores"] for line in lines if line["type"] == "window"]

    assert (code, errors) == (0, "")
    assert scores(out) == scores(silent)
    loud = np.flatnonzero(np.abs(heard) > 0.02)
    assert 12.5 < (loud[-1] - loud[0]) / RATE < 16.5


def test_it_is_a_process_of_its_own(lab):
    """When the input is lost and PortAudio restarts, the output goes on; killing the output harms no window."""
    psutil = pytest.importorskip("psutil")
    listening = lab.stethoscope.listen("--rate", 4000, "--monitor-device", "earphones")
    listening.until(is_playing)
    (child,) = psutil.Process(listening.process.pid).children()
    child.kill()
    listening.until(lambda line: line["type"] == "playback" and line["state"] == "failed")
    listening.until(is_playing, 30)
    code, errors = listening.end()
    assert (code, errors) == (130, "")
    assert not any(line["gap"] for line in listening.of("window"))
    assert not psutil.pid_exists(child.pid)


DRAWN = """
import os, sys, threading, time
from pathlib import Path
from rich.console import Console
from monitor.audio.playback.options import PlaybackOptions
from monitor.audio.sources.microphone import MicrophoneSource
from monitor.dashboard.controller import DashboardController
from monitor.dashboard.terminal import Screen
from monitor.dashboard.trace import BIN_S
from monitor.inference.bundle import DEFAULT_BUNDLE, load_bundle
from monitor.runtime.pipeline import Pipeline

class Told(Screen):
    def _draw(self, canvas):
        super()._draw(canvas)
        trace = self._waiting[1].trace
        if trace is not None and self._waiting[0].playback.latency_ms is not None:
            print(time.monotonic(), (trace.first_bin + len(trace.high)) * BIN_S, flush=True)

source = MicrophoneSource.named("stethoscope", sample_rate=4000, latency_s=0.04)
options = PlaybackOptions("earphones", "wide", 0.0, True)
console = Console(file=open(os.devnull, "w"), force_terminal=True, color_system="truecolor", width=100, height=30)
with Pipeline(source, load_bundle(DEFAULT_BUNDLE), record=Path(sys.argv[1]), playback=options) as pipeline:
    pipeline.drain(0.0)
    pipeline.start()
    controller, ended = DashboardController(pipeline), threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), name="auscult-test-stdin").start()
    with Told(console) as screen:
        while not ended.is_set():
            pipeline.drain(screen.wait_s or 0.1)
            screen.show(*controller.compose(pipeline.snapshot()))
"""
"""Draws a dashboard as the program does, and prints the clock and the end of each trace that is drawn, seconds."""


def middles_s(sound, sample_rate):
    """Return the middle of each tone, seconds."""
    envelope = np.convolve(np.abs(sound), np.hanning(sample_rate // 20), "same")
    loud = np.flatnonzero(envelope > 0.3 * envelope.max())
    return np.array([part.mean() for part in np.split(loud, np.flatnonzero(np.diff(loud) > sample_rate // 10) + 1)]) / (
        sample_rate
    )


def test_what_is_drawn_is_heard(lab, tmp_path, record_testsuite_property):
    """The trace on the screen ends at the sample in the headphones, within 50 ms, at nine of ten moments or more."""
    recording = lab.record()
    program = subprocess.Popen(
        [sys.executable, "-c", DRAWN, str(tmp_path / "heard.wav")],
        env=lab.stethoscope.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        first = program.stdout.readline()
        assert lab.stethoscope.play(humps(tmp_path / "humps.wav")).wait(timeout=60) == 0
        drawn = np.array([line.split() for line in [first, *program.communicate(timeout=30)[0].splitlines()]], float)
    finally:
        program.kill()
        _, heard = recording.end()
    in_ears_s = recording.began_s + middles_s(heard, RATE)
    recorded_s = middles_s(soundfile.read(tmp_path / "heard.wav")[0], 4000)
    count = min(len(in_ears_s), len(recorded_s))
    assert count >= HUMPS - 4
    moments_s = in_ears_s[-count:, None] + np.arange(-0.1, 0.1, 0.005)  # around each tone, so that all phases occur
    shown_s = drawn[np.searchsorted(drawn[:, 0], moments_s) - 1, 1]  # a trace stays until the next one
    heard_s = recorded_s[-count:, None] + moments_s - in_ears_s[-count:, None]
    earliest, early, median, late, latest = np.percentile(1000 * (shown_s - heard_s), [2.5, 5, 50, 95, 97.5])
    per_second = (len(drawn) - 1) / (drawn[-1, 0] - drawn[0, 0])
    told = f"p2.5 {earliest:.0f}, p50 {median:.0f}, p97.5 {latest:.0f} ms, {per_second:.1f} traces a second"
    record_testsuite_property("drawn_minus_heard", told)
    print(f"drawn minus heard: {told}")
    assert max(-early, late) < 50

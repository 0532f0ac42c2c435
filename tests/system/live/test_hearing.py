"""What the virtual stethoscope plays is heard, sample for sample, and judged as a replay of the file judges it."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import numpy as np
import pytest
import soundfile

HEART_S = 8


class Heard:
    """One run of ``auscult listen`` over a heart: its lines, its recording, and where the file lies in it."""

    def __init__(self, stethoscope, played, sample_rate, record, find_in, tolerance):
        stethoscope.plug_in(sample_rate)
        listening = stethoscope.listen("--rate", sample_rate, "--record", record)
        try:
            self.finding = listening.until(lambda line: line["type"] == "device" and line["finding"] is not None)
            player = stethoscope.play(played)
            assert player.wait(timeout=30) == 0
            # the file's end has been played when the player ends; the newest window may lie a moment behind that
            heard_s = listening.lines[-1].get("end_s", self.finding["at_s"])
            listening.until_window(heard_s + HEART_S + 1.5)
            self.code, self.errors = listening.end()
        finally:
            stethoscope.unplug()
        self.lines, self.windows = listening.lines, listening.of("window")
        self.recorded, self.record_rate = soundfile.read(record, dtype="float32")
        self.played, _ = soundfile.read(played, dtype="float32")
        self.sample_rate = sample_rate
        self.start = find_in(self.recorded, self.played, tolerance)

    def scores(self):
        """Return the scores of the windows inside the file: position in the file in seconds, and scores."""
        start_s, end_s = self.start / self.sample_rate, (self.start + len(self.played)) / self.sample_rate
        inside = [line for line in self.windows if line["start_s"] >= start_s and line["end_s"] <= end_s]
        return [(line["start_s"] - start_s, list(line["scores"].values())) for line in inside]


def replayed(stethoscope, path, start_s):
    """Return the scores of a replay's windows, from a place in the file on."""
    code, out, errors = stethoscope.auscult("replay", path, "--json", "--speed", "max", "--start", repr(start_s))
    assert (code, errors) == (0, "")
    lines = [json.loads(line) for line in out.splitlines()]
    return [list(line["scores"].values()) for line in lines if line["type"] == "window"]


@pytest.fixture(scope="module")
def heard(stethoscope, heart_files, find_in, tmp_path_factory):
    """Listen to a heart at the stethoscope's own rate."""
    record = tmp_path_factory.mktemp("record") / "heard.wav"
    return Heard(stethoscope, heart_files(HEART_S), 4000, record, find_in, 0.0)


def test_the_recording_holds_the_files_samples_exactly(heard):
    """What `--record` keeps is the played file bit for bit, with silence around it."""
    end = heard.start + len(heard.played)
    assert heard.record_rate == 4000
    assert np.array_equal(heard.recorded[heard.start : end], heard.played)
    assert not heard.recorded[: heard.start].any()
    assert not heard.recorded[end:].any()


def test_live_is_replay(heard, stethoscope, heart_files):
    """Every window inside the file has the scores of the replay that begins where the window begins, within 1e-4."""
    live = heard.scores()
    again = replayed(stethoscope, heart_files(HEART_S), live[0][0])
    assert len(live) >= 5
    assert np.abs(np.array([scores for _, scores in live]) - again[: len(live)]).max() <= 1e-4


def test_nothing_was_lost(heard):
    """No window was skipped, no sample overwritten, no gap, nothing thrown away by the device."""
    summary, device = heard.lines[-1], [line for line in heard.lines if line["type"] == "device"][-1]
    assert (summary["type"], summary["skipped"], summary["overruns"]) == ("summary", 0, 0)
    assert (device["state"], device["overflows"], device["reopened"], device["lost_s"]) == ("closed", 0, 0, 0.0)
    assert not any(line["gap"] for line in heard.windows)


def test_a_muted_input_is_told_within_two_seconds(heard):
    """Digital silence is named, with what to do, within 2 s of sound after the first block."""
    assert heard.finding["at_s"] <= 2.0
    assert "digital silence" in heard.finding["finding"]


def test_the_finding_goes_when_sound_comes(heard):
    """Once the heart is heard nothing is wrong any more."""
    later = heard.lines[heard.lines.index(heard.finding) + 1 :]
    assert any(line["type"] == "device" and line["finding"] is None and line["state"] == "open" for line in later)


def test_sigterm_ends_cleanly(heard):
    """The signal's exit code, where the recording is and nothing else on standard error, summary last of the lines."""
    assert heard.code == 130
    assert re.fullmatch(r"recorded [\d.]+ s: .*heard\.wav\n", heard.errors)
    assert [heard.lines[0]["type"], heard.lines[-2]["type"], heard.lines[-1]["type"]] == [
        "start",
        "recording",
        "summary",
    ]
    assert heard.lines[0]["source"] == "stethoscope"
    assert heard.lines[-2]["lost_samples"] == 0


def test_through_44100_hz_the_scores_stay(stethoscope, heart_files, find_in, tmp_path):
    """Played and heard at 44.1 kHz, the heart has the scores of its file at 4 kHz within 0.02."""
    played = heart_files(HEART_S, 44_100)
    heard = Heard(stethoscope, played, 44_100, tmp_path / "heard.flac", find_in, 2.0**-24)
    live = heard.scores()
    again = replayed(stethoscope, heart_files(HEART_S), round(live[0][0] * 4000) / 4000)
    assert len(live) >= 5
    assert np.abs(np.array([scores for _, scores in live]) - again[: len(live)]).max() <= 0.02


def test_a_full_disk_does_not_disturb_the_judging(stethoscope, heart_files, tmp_path):
    """The recording stops and says so, every window is judged all the same, and `--for` ends with exit code 0."""
    stethoscope.plug_in()
    small = "import resource, sys\nresource.setrlimit(resource.RLIMIT_FSIZE, (32768, 32768))\n"
    program = ["-c", small + "from monitor.cli import main\nsys.exit(main())"]
    record = tmp_path / "heard.wav"
    listening = stethoscope.listen("--rate", 4000, "--for", 6.1, "--record", record, program=program)
    listening.until_state("open")
    stethoscope.play(heart_files(HEART_S))
    code, errors = listening.ended()
    stethoscope.unplug()
    assert code == 0
    assert re.fullmatch(r"recorded [12]\.\d s, \d+ samples of it lost: .*heard\.wav\n", errors)
    assert [line["index"] for line in listening.of("window")] == [0, 1, 2]
    assert 6.1 <= listening.of("device")[-1]["at_s"] < 7.1
    assert listening.of("recording")[-1]["error"] is not None
    assert listening.of("recording")[-1]["lost_samples"] > 0
    assert 1.0 < len(soundfile.read(record)[0]) / 4000 <= 2.1


def test_devices_are_listed(stethoscope):
    """`auscult devices` knows the stethoscope by its looks, the rates it takes, and which input is the default."""
    stethoscope.plug_in()
    code, out, errors = stethoscope.auscult("devices", "--json")
    stethoscope.unplug()
    found = {device["name"]: device for device in map(json.loads, out.splitlines())}
    assert (code, errors) == (0, "")
    assert found["stethoscope"]["looks_like"] == "stethoscope"
    assert {4000, 44_100} <= set(found["stethoscope"]["rates"])
    assert [device["name"] for device in found.values() if device["default"]] == ["default"]


def test_replay_leaves_sounddevice_alone(stethoscope, heart_files):
    """Who judges files needs no PortAudio: neither the package nor the library is touched."""
    code = (
        "import sys\nfrom monitor.cli import main\nmain(['replay', sys.argv[1], '--json', '--speed', 'max'])\n"
        "print(sorted({'sounddevice', 'platformdirs'} & set(sys.modules)), file=sys.stderr)"
    )
    command = [sys.executable, "-c", code, str(heart_files(HEART_S))]
    done = subprocess.run(command, env=stethoscope.environment, capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"

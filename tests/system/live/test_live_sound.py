"""Live sound equals a replay: the recording has the samples that were played, the windows have the same scores."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import numpy as np
import pytest
import soundfile

HEART_S = 8


class LiveRun:
    """One run of ``auscult listen`` on a heart: lines, recording, and the index at which the file begins in it."""

    def __init__(self, stethoscope, played, sample_rate, record, find_in, tolerance):
        stethoscope.plug_in(sample_rate)
        listening = stethoscope.listen("--rate", sample_rate, "--record", record)
        try:
            self.finding = listening.until(lambda line: line["type"] == "device" and line["finding"] is not None)
            player = stethoscope.play(played)
            assert player.wait(timeout=30) == 0
            # the file's end has been played when the player ends; the newest window may lie a moment behind that
            position_s = listening.lines[-1].get("end_s", self.finding["at_s"])
            listening.until_window(position_s + HEART_S + 1.5)
            self.code, self.errors = listening.end()
        finally:
            stethoscope.unplug()
        self.lines, self.windows = listening.lines, listening.of("window")
        self.recorded, self.record_rate = soundfile.read(record, dtype="float32")
        self.played, _ = soundfile.read(played, dtype="float32")
        self.sample_rate = sample_rate
        self.start = find_in(self.recorded, self.played, tolerance)

    def scores(self):
        """Return position in the file, in seconds, and scores of the windows inside the file."""
        start_s, end_s = self.start / self.sample_rate, (self.start + len(self.played)) / self.sample_rate
        inside = [line for line in self.windows if line["start_s"] >= start_s and line["end_s"] <= end_s]
        return [(line["start_s"] - start_s, list(line["scores"].values())) for line in inside]


def replayed(stethoscope, path, start_s):
    """Return the scores of the windows of a replay that begins at ``start_s``."""
    code, out, errors = stethoscope.auscult("replay", path, "--json", "--speed", "max", "--start", repr(start_s))
    assert (code, errors) == (0, "")
    lines = [json.loads(line) for line in out.splitlines()]
    return [list(line["scores"].values()) for line in lines if line["type"] == "window"]


@pytest.fixture(scope="module")
def live_run(stethoscope, heart_files, find_in, tmp_path_factory):
    """Listen to a heart at the stethoscope's own sample rate."""
    record = tmp_path_factory.mktemp("record") / "live.wav"
    return LiveRun(stethoscope, heart_files(HEART_S), 4000, record, find_in, 0.0)


def test_the_recording_holds_the_files_samples_exactly(live_run):
    """`--record` writes the played file bit for bit, with silence around it."""
    end = live_run.start + len(live_run.played)
    assert live_run.record_rate == 4000
    assert np.array_equal(live_run.recorded[live_run.start : end], live_run.played)
    assert not live_run.recorded[: live_run.start].any()
    assert not live_run.recorded[end:].any()


def test_live_equals_replay(live_run, stethoscope, heart_files):
    """Every window inside the file has the scores of the replay that begins where the window begins, within 1e-4."""
    live = live_run.scores()
    again = replayed(stethoscope, heart_files(HEART_S), live[0][0])
    assert len(live) >= 5
    assert np.abs(np.array([scores for _, scores in live]) - again[: len(live)]).max() <= 1e-4


def test_nothing_was_lost(live_run):
    """No window was skipped, no sample overwritten, no gap, nothing thrown away by the device."""
    summary, device = live_run.lines[-1], [line for line in live_run.lines if line["type"] == "device"][-1]
    assert (summary["type"], summary["skipped"], summary["overruns"]) == ("summary", 0, 0)
    assert (device["state"], device["overflows"], device["reopened"], device["lost_s"]) == ("closed", 0, 0, 0.0)
    assert not any(line["gap"] for line in live_run.windows)


def test_a_muted_input_is_reported_within_two_seconds(live_run):
    """Digital silence is reported, with what to do, within 2 s of sound after the first block."""
    assert live_run.finding["at_s"] <= 2.0
    assert "digital silence" in live_run.finding["finding"]


def test_the_finding_disappears_when_sound_arrives(live_run):
    """Once the heart is played there is no finding."""
    later = live_run.lines[live_run.lines.index(live_run.finding) + 1 :]
    assert any(line["type"] == "device" and line["finding"] is None and line["state"] == "open" for line in later)


def test_sigterm_ends_cleanly(live_run):
    """SIGTERM gives exit code 130, only the recording's path on standard error, and a summary as the last line."""
    assert live_run.code == 130
    assert re.fullmatch(r"recorded [\d.]+ s: .*live\.wav\n", live_run.errors)
    assert [live_run.lines[0]["type"], live_run.lines[-2]["type"], live_run.lines[-1]["type"]] == [
        "start",
        "recording",
        "summary",
    ]
    assert live_run.lines[0]["source"] == "stethoscope"
    assert live_run.lines[-2]["lost_samples"] == 0


def test_through_44100_hz_the_scores_stay(stethoscope, heart_files, find_in, tmp_path):
    """Played and recorded at 44.1 kHz, the heart has the scores of its file at 4 kHz within 0.02."""
    played = heart_files(HEART_S, 44_100)
    live_run = LiveRun(stethoscope, played, 44_100, tmp_path / "live.flac", find_in, 2.0**-24)
    live = live_run.scores()
    again = replayed(stethoscope, heart_files(HEART_S), round(live[0][0] * 4000) / 4000)
    assert len(live) >= 5
    assert np.abs(np.array([scores for _, scores in live]) - again[: len(live)]).max() <= 0.02


def test_a_full_disk_does_not_disturb_the_analysis(stethoscope, heart_files, tmp_path):
    """The recording stops with a message, every window is still classified, and `--for` ends with exit code 0."""
    stethoscope.plug_in()
    small = "import resource, sys\nresource.setrlimit(resource.RLIMIT_FSIZE, (32768, 32768))\n"
    program = ["-c", small + "from monitor.cli import main\nsys.exit(main())"]
    record = tmp_path / "live.wav"
    listening = stethoscope.listen("--rate", 4000, "--for", 6.1, "--record", record, program=program)
    listening.until_state("open")
    stethoscope.play(heart_files(HEART_S))
    code, errors = listening.ended()
    stethoscope.unplug()
    assert code == 0
    assert re.fullmatch(r"recorded [12]\.\d s, \d+ samples of it lost: .*live\.wav\n", errors)
    assert [line["index"] for line in listening.of("window")] == [0, 1, 2]
    assert 6.1 <= listening.of("device")[-1]["at_s"] < 7.1
    assert listening.of("recording")[-1]["error"] is not None
    assert listening.of("recording")[-1]["lost_samples"] > 0
    assert 1.0 < len(soundfile.read(record)[0]) / 4000 <= 2.1


def test_devices_are_listed(stethoscope):
    """`auscult devices` recognises the stethoscope, its sample rates, and the default input."""
    stethoscope.plug_in()
    code, out, errors = stethoscope.auscult("devices", "--json")
    stethoscope.unplug()
    devices = {device["name"]: device for device in map(json.loads, out.splitlines())}
    assert (code, errors) == (0, "")
    assert devices["stethoscope"]["looks_like"] == "stethoscope"
    assert {4000, 44_100} <= set(devices["stethoscope"]["rates"])
    assert [device["name"] for device in devices.values() if device["default"]] == ["default"]


def test_replay_does_not_import_sounddevice(stethoscope, heart_files):
    """Replaying files needs no PortAudio: neither sounddevice nor platformdirs is imported."""
    code = (
        "import sys\nfrom monitor.cli import main\nmain(['replay', sys.argv[1], '--json', '--speed', 'max'])\n"
        "print(sorted({'sounddevice', 'platformdirs'} & set(sys.modules)), file=sys.stderr)"
    )
    command = [sys.executable, "-c", code, str(heart_files(HEART_S))]
    done = subprocess.run(command, env=stethoscope.environment, capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


def test_a_source_of_the_sound_server_is_listed_and_heard_by_its_own_name(stethoscope, heart_files):
    """The null sink's monitor has its description in the list, and is what is heard among several."""
    stethoscope.plug_in()
    try:
        code, out, _ = stethoscope.auscult("devices", "--json")
        sources = [device for device in map(json.loads, out.splitlines()) if device["host_api"] == "PulseAudio"]
        assert (code, [device["source"] for device in sources]) == (0, ["steth.monitor"])
        assert (sources[0]["channels"], sources[0]["default_rate"]) == (1, 4000)
        listening = stethoscope.listen("--device", sources[0]["name"])
        listening.until(lambda line: line["type"] == "device" and line["state"] == "open")
        player = stethoscope.play(heart_files(HEART_S))
        heard = listening.until(lambda line: line["type"] == "window" and line["state"] in ("verdict", "uncertain"))
        assert player.wait(timeout=30) == 0
        assert listening.end()[0] in (0, 130)
        assert heard["heart_rate_bpm"] is None or 30 <= heard["heart_rate_bpm"] <= 240
        assert listening.of("start")[0]["source"] == sources[0]["name"]
    finally:
        stethoscope.unplug()

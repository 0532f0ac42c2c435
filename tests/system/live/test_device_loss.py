"""A device that disappears and returns, a server that dies, a program that is killed, a computer that is too slow."""

from __future__ import annotations

import datetime
import re
import signal

import numpy as np
import pytest
import soundfile

HEART_S = 40
LISTENING = ("--rate", 4000)

SLOW = """
import sys, time
from monitor import cli
from monitor.analysis.analyzer import Analyzer
judge = Analyzer.judge
def slow(self, index):
    began = time.perf_counter()
    judged = judge(self, index)
    until = began + max(20 * (time.perf_counter() - began), 3 * self.hop_s)
    while time.perf_counter() < until:
        pass
    return judged
Analyzer.judge = slow
sys.exit(cli.main())
"""
"""``auscult`` with a classifier that takes twenty times as long, and on a fast computer three hops at least."""


def seconds_of(line):
    """Return the wall clock of a device line, seconds since 1970."""
    return datetime.datetime.fromisoformat(line["time"]).timestamp()


class InterruptedRun:
    """One run that loses the sound twice: the sink is removed, then the server is killed."""

    def __init__(self, stethoscope, played, record):
        stethoscope.plug_in()
        listening = stethoscope.listen(*LISTENING, "--record", record)
        listening.until_state("open")
        stethoscope.play(played)
        listening.until_window(6.5)
        stethoscope.unplug()
        self.unplugged = listening.until_state("lost")
        listening.until_window(self.unplugged["at_s"] + 1.0)
        self.returned_s = [stethoscope.plug_in()]
        self.reopened = [listening.until_state("open")]
        stethoscope.play(played)
        self.classified = [listening.until_window(self.reopened[0]["at_s"] + 6.0)]
        stethoscope.kill()
        self.killed = listening.until_state("lost")
        stethoscope.start()
        self.returned_s.append(stethoscope.plug_in())
        self.reopened.append(listening.until_state("open"))
        stethoscope.play(played)
        self.classified.append(listening.until_window(self.reopened[1]["at_s"] + 6.0))
        self.code, self.errors = listening.end(signal.SIGINT)
        stethoscope.unplug()
        self.lines, self.windows = listening.lines, listening.of("window")
        self.recorded, _ = soundfile.read(record, dtype="float32")
        self.played, _ = soundfile.read(played, dtype="float32")

    @property
    def gaps(self):
        """Return the index of the first and the last window of every run of withheld windows."""
        gap = np.array([False, *(line["gap"] for line in self.windows), False])
        edges = np.flatnonzero(np.diff(gap))
        return [(self.windows[first], self.windows[last - 1]) for first, last in edges.reshape(-1, 2)]


@pytest.fixture(scope="module")
def interrupted(stethoscope, heart_files, tmp_path_factory):
    """Listen while the sound is lost twice and returns."""
    return InterruptedRun(stethoscope, heart_files(HEART_S), tmp_path_factory.mktemp("record") / "lost.wav")


def test_a_loss_is_reported_with_its_reason(interrupted):
    """The state is `lost`, and the message says that the device is looked for."""
    for line in (interrupted.unplugged, interrupted.killed):
        assert line["state"] == "lost"
        assert line["message"].startswith("stethoscope: ")
        assert "looking for it" in line["message"]


@pytest.mark.parametrize("which", [0, 1], ids=["output removed", "server killed"])
def test_it_is_reopened_within_three_seconds_of_its_return(interrupted, which):
    """The device is found by name and reopened as soon as it is back."""
    assert seconds_of(interrupted.reopened[which]) - interrupted.returned_s[which] < 3.0
    assert interrupted.reopened[which]["reopened"] == which + 1


@pytest.mark.parametrize("which", [0, 1], ids=["output removed", "server killed"])
def test_scores_return_with_the_first_whole_window(interrupted, which):
    """The first window without a gap begins within half a second of the sound's return, and gets its scores."""
    back_s = interrupted.reopened[which]["at_s"]
    whole = next(line for line in interrupted.windows if line["end_s"] > back_s and not line["gap"])
    assert whole["start_s"] <= back_s + 0.5
    assert interrupted.classified[which]["scores"] is not None


def test_each_loss_is_one_gap(interrupted):
    """There are two runs of withheld windows, one for each loss; no window that spans a loss has scores."""
    assert len(interrupted.gaps) == 2
    assert all(line["scores"] is None for line in interrupted.windows if line["gap"])


def test_no_window_spans_a_gap(interrupted):
    """Every window that overlaps the zeros of a loss is withheld."""
    device = [line for line in interrupted.lines if line["type"] == "device"][-1]
    for first, last in interrupted.gaps:
        begin_s, end_s = first["end_s"] - 0.5, last["start_s"] + 0.5  # where the loss lies, within a hop
        touching = [
            line for line in interrupted.windows if line["start_s"] < end_s - 0.5 and line["end_s"] > begin_s + 0.5
        ]
        assert touching
        assert all(line["gap"] for line in touching)
    assert device["lost_s"] > 2.0


def test_the_position_stays_true_to_the_clock(interrupted):
    """Windows come at the pace of the clock through both losses."""
    device = [line for line in interrupted.lines if line["type"] == "device"]
    first = next(line for line in device if line["state"] == "open")
    passed_s = seconds_of(device[-1]) - seconds_of(first)
    assert device[-1]["at_s"] - first["at_s"] == pytest.approx(passed_s, abs=0.7)


def test_the_recording_is_intact(interrupted):
    """It is as long as the sound and its losses, has the sound around the losses, and counts the lost samples."""
    recording = [line for line in interrupted.lines if line["type"] == "recording"][-1]
    device = [line for line in interrupted.lines if line["type"] == "device"][-1]
    assert recording["error"] is None
    assert len(interrupted.recorded) == round(recording["written_s"] * 4000)
    assert recording["lost_samples"] == round(device["lost_s"] * 4000)
    assert recording["written_s"] == pytest.approx(device["at_s"], abs=0.3)
    beat = interrupted.played[4000:20_000]  # played before, between and after
    starts = np.flatnonzero(interrupted.recorded == beat[np.abs(beat).argmax()]) - np.abs(beat).argmax()
    inside = starts[(starts >= 0) & (starts + len(beat) <= len(interrupted.recorded))]
    assert sum(np.array_equal(interrupted.recorded[at : at + len(beat)], beat) for at in inside.tolist()) == 3


def test_no_exception_and_a_clean_end(interrupted):
    """Only the recording's path on standard error, the exit code of Ctrl+C, a summary as the last line."""
    assert interrupted.code == 130
    assert re.fullmatch(r"recorded [\d.]+ s, \d+ samples of it lost: .*lost\.wav\n", interrupted.errors)
    assert interrupted.lines[-1]["type"] == "summary"
    assert interrupted.lines[-1]["overruns"] == 0


def test_once_ends_with_an_error(stethoscope):
    """With `--once` a device that disappears gives the summary, one line with what to do, and exit code 1."""
    stethoscope.plug_in()
    listening = stethoscope.listen(*LISTENING, "--once")
    listening.until_state("open")
    stethoscope.unplug()
    code, errors = listening.ended()
    assert code == 1
    assert errors == (
        "auscult: stethoscope: no sound comes any more; check its plug and power, or choose another: auscult devices\n"
    )
    assert listening.lines[-1]["type"] == "summary"


def test_a_device_that_never_opens_is_an_error(stethoscope):
    """Without the sink the input is listed but does not open: exit code 1, one line, nothing on standard output."""
    code, out, errors = stethoscope.auscult("listen", "--device", "stethoscope", "--rate", "4000", "--json")
    assert (code, out) == (1, "")
    assert errors.startswith("auscult: stethoscope: cannot be opened")
    assert len(errors.splitlines()) == 1


def test_a_name_that_matches_none_or_several_lists_the_candidates(stethoscope):
    """Nothing is guessed: exit code 1, and the names to choose from."""
    code, _, errors = stethoscope.auscult("listen", "--device", "no such thing")
    assert code == 1
    assert "no input is called 'no such thing'" in errors
    assert "stethoscope, ALSA" in errors
    code, _, errors = stethoscope.auscult("listen", "--device", "ALSA")
    assert code == 1
    assert "could be" in errors
    assert "stethoscope, ALSA" in errors


def test_waiting_for_the_device_and_a_kill_while_recording(stethoscope, heart_files, tmp_path):
    """A missing device is opened when it appears; `kill -9` leaves the recording up to the last second."""
    record = tmp_path / "killed.wav"
    listening = stethoscope.listen(*LISTENING, "--wait-for-device", "--record", record)
    waiting = listening.until_state("lost")
    assert "waiting for it" in waiting["message"]
    stethoscope.plug_in()
    opened = listening.until_state("open")
    assert opened["reopened"] == 0
    stethoscope.play(heart_files(HEART_S))
    window = listening.until_window(5.0)
    listening.end(signal.SIGKILL)
    stethoscope.unplug()
    recorded, sample_rate = soundfile.read(record)
    assert len(recorded) / sample_rate >= window["end_s"] - 1.0
    assert np.abs(recorded).max() > 0.0


def test_a_classifier_twenty_times_slower_follows_the_newest_window(stethoscope, heart_files):
    """It skips windows and reports it; the classified window is the newest; no sample is overwritten unread."""
    stethoscope.plug_in()
    listening = stethoscope.listen(*LISTENING, "--hop", 0.025, program=["-c", SLOW])
    listening.until_state("open")
    stethoscope.play(heart_files(HEART_S))
    listening.until_window(7.0)
    code, errors = listening.end()
    stethoscope.unplug()
    assert (code, errors) == (130, "")
    assert listening.of("overload")[0]["overloaded"] is True
    assert listening.lines[-1]["skipped"] > 0
    assert listening.lines[-1]["overruns"] == 0
    newest, end = listening.of("window")[-1], listening.of("device")[-1]
    assert newest["end_s"] > end["at_s"] - 1.0

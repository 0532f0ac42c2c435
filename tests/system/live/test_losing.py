"""A device that goes and comes back, a server that dies, a program that is killed, a computer that is too slow."""

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


class Lost:
    """One run in which the sound was lost twice: the output was taken away, then the server was killed."""

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
        self.judged = [listening.until_window(self.reopened[0]["at_s"] + 6.0)]
        stethoscope.kill()
        self.killed = listening.until_state("lost")
        stethoscope.start()
        self.returned_s.append(stethoscope.plug_in())
        self.reopened.append(listening.until_state("open"))
        stethoscope.play(played)
        self.judged.append(listening.until_window(self.reopened[1]["at_s"] + 6.0))
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
def lost(stethoscope, heart_files, tmp_path_factory):
    """Listen while the sound is lost twice."""
    return Lost(stethoscope, heart_files(HEART_S), tmp_path_factory.mktemp("record") / "lost.wav")


def test_a_loss_is_told_at_once_with_its_reason(lost):
    """The state is lost, and a sentence says that the device is looked for."""
    for line in (lost.unplugged, lost.killed):
        assert line["state"] == "lost"
        assert line["message"].startswith("stethoscope: ")
        assert "looking for it" in line["message"]


@pytest.mark.parametrize("which", [0, 1], ids=["output removed", "server killed"])
def test_it_is_heard_again_within_three_seconds_of_its_return(lost, which):
    """The device is found by name and opened anew as soon as it is there."""
    assert seconds_of(lost.reopened[which]) - lost.returned_s[which] < 3.0
    assert lost.reopened[which]["reopened"] == which + 1


@pytest.mark.parametrize("which", [0, 1], ids=["output removed", "server killed"])
def test_it_is_judged_again_as_soon_as_a_window_is_whole(lost, which):
    """The first window without a gap begins within half a second of the sound's return, and gets its scores."""
    back_s = lost.reopened[which]["at_s"]
    whole = next(line for line in lost.windows if line["end_s"] > back_s and not line["gap"])
    assert whole["start_s"] <= back_s + 0.5
    assert lost.judged[which]["scores"] is not None


def test_each_loss_is_one_gap(lost):
    """Two runs of withheld windows, one for each loss; no window that spans a loss has scores."""
    assert len(lost.gaps) == 2
    assert all(line["scores"] is None for line in lost.windows if line["gap"])


def test_no_window_spans_a_gap(lost):
    """Where the recording has the zeros of a loss, every window that touches them is withheld."""
    device = [line for line in lost.lines if line["type"] == "device"][-1]
    for first, last in lost.gaps:
        begin_s, end_s = first["end_s"] - 0.5, last["start_s"] + 0.5  # where the loss lies, within a hop
        touching = [line for line in lost.windows if line["start_s"] < end_s - 0.5 and line["end_s"] > begin_s + 0.5]
        assert touching
        assert all(line["gap"] for line in touching)
    assert device["lost_s"] > 2.0


def test_the_position_stays_true_to_the_clock(lost):
    """Windows come at the pace of the clock through both losses."""
    device = [line for line in lost.lines if line["type"] == "device"]
    first = next(line for line in device if line["state"] == "open")
    passed_s = seconds_of(device[-1]) - seconds_of(first)
    assert device[-1]["at_s"] - first["at_s"] == pytest.approx(passed_s, abs=0.7)


def test_the_recording_is_intact(lost):
    """It is as long as what was heard and lost, holds the sound around the losses, and counts what was lost."""
    recording = [line for line in lost.lines if line["type"] == "recording"][-1]
    device = [line for line in lost.lines if line["type"] == "device"][-1]
    assert recording["error"] is None
    assert len(lost.recorded) == round(recording["written_s"] * 4000)
    assert recording["lost_samples"] == round(device["lost_s"] * 4000)
    assert recording["written_s"] == pytest.approx(device["at_s"], abs=0.3)
    beat = lost.played[4000:20_000]  # heard before, between and after
    places = np.flatnonzero(lost.recorded == beat[np.abs(beat).argmax()]) - np.abs(beat).argmax()
    inside = places[(places >= 0) & (places + len(beat) <= len(lost.recorded))]
    assert sum(np.array_equal(lost.recorded[at : at + len(beat)], beat) for at in inside.tolist()) == 3


def test_no_exception_and_a_clean_end(lost):
    """No more on standard error than where the recording is, the exit code of Ctrl+C, a summary at the end."""
    assert lost.code == 130
    assert re.fullmatch(r"recorded [\d.]+ s, \d+ samples of it lost: .*lost\.wav\n", lost.errors)
    assert lost.lines[-1]["type"] == "summary"
    assert lost.lines[-1]["overruns"] == 0


def test_once_ends_with_an_error(stethoscope):
    """With `--once` a device that goes is exit code 1, one line with what to do; the summary comes first."""
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
    """Without the output the input is listed but does not open: exit code 1, one line, nothing on standard output."""
    code, out, errors = stethoscope.auscult("listen", "--device", "stethoscope", "--rate", "4000", "--json")
    assert (code, out) == (1, "")
    assert errors.startswith("auscult: stethoscope: cannot be opened")
    assert len(errors.splitlines()) == 1


def test_a_name_that_fits_none_or_several_lists_the_candidates(stethoscope):
    """Never a guess: exit code 1, and the names to choose from."""
    code, _, errors = stethoscope.auscult("listen", "--device", "no such thing")
    assert code == 1
    assert "no input is called 'no such thing'" in errors
    assert "stethoscope, ALSA" in errors
    code, _, errors = stethoscope.auscult("listen", "--device", "ALSA")
    assert code == 1
    assert "could be" in errors
    assert "stethoscope, ALSA" in errors


def test_waiting_for_the_device_and_a_kill_while_recording(stethoscope, heart_files, tmp_path):
    """A device that was not there is heard when it comes; `kill -9` leaves the recording up to the last second."""
    record = tmp_path / "killed.wav"
    listening = stethoscope.listen(*LISTENING, "--wait-for-device", "--record", record)
    waiting = listening.until_state("lost")
    assert "waiting for it" in waiting["message"]
    stethoscope.plug_in()
    heard = listening.until_state("open")
    assert heard["reopened"] == 0
    stethoscope.play(heart_files(HEART_S))
    window = listening.until_window(5.0)
    listening.end(signal.SIGKILL)
    stethoscope.unplug()
    recorded, sample_rate = soundfile.read(record)
    assert len(recorded) / sample_rate >= window["end_s"] - 1.0
    assert np.abs(recorded).max() > 0.0


def test_a_classifier_twenty_times_slower_follows_the_newest_window(stethoscope, heart_files):
    """It skips, counts and tells; what it judges is what was just heard; no sample is overwritten unread."""
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

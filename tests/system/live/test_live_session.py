"""A session of a virtual stethoscope: the sound that was played, what was entered, files that match their schema."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import threading
import time

import pytest
import soundfile

from tests.monitor.sessions.conftest import check_folder

HEART_S = 8


class Typing:
    """``auscult listen --json`` with a keyboard: a terminal is its input, a file its output.

    Parameters
    ----------
    stethoscope : VirtualStethoscope
    lines : Path
        What it writes.
    """

    def __init__(self, stethoscope, lines, *arguments):
        self._lines = lines
        self._control, terminal = pty.openpty()
        listen = [sys.executable, "-m", "monitor", "listen", "--device", "stethoscope", "--json", *map(str, arguments)]
        command = ["setsid", "--ctty", *listen]  # keys are read from a program's own terminal only
        with lines.open("wb") as file:
            self.process = subprocess.Popen(command, env=stethoscope.environment, stdin=terminal, stdout=file)
        os.close(terminal)

    def type(self, keys):
        """Press keys."""
        os.write(self._control, keys.encode())

    def lines(self):
        """Return the lines so far."""
        return [json.loads(line) for line in self._lines.read_text().splitlines(keepends=True) if line.endswith("\n")]

    def until(self, wanted, timeout_s=30.0):
        """Wait for a line; bounded."""
        pause, deadline = threading.Event(), time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            if any(wanted(line) for line in self.lines()):
                return
            pause.wait(0.05)
        pytest.fail(f"the line did not come; the last were {self.lines()[-3:]}")

    def end(self):
        """End it; return the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=10)

    def close(self):
        """Kill it, if it still runs."""
        self.process.kill()
        self.process.wait(timeout=10)
        os.close(self._control)


@pytest.fixture(scope="module")
def kept(stethoscope, heart_files, tmp_path_factory):
    """Listen to a heart with a session, mark, note and change the site; return the folder and what was written."""
    folder = tmp_path_factory.mktemp("kept")
    stethoscope.plug_in()
    words = ("--rate", 4000, "--session", "--session-dir", folder / "sessions", "--subject", "P-017", "--site", "AV")
    listening = Typing(stethoscope, folder / "lines.jsonl", *words)
    try:
        listening.until(lambda line: line["type"] == "device" and line["state"] == "open")
        player = stethoscope.play(heart_files(HEART_S))
        listening.until(lambda line: line["type"] == "window")
        listening.type("m")
        listening.until(lambda line: line["type"] == "mark")
        listening.type("nsoft at the apex\r")
        listening.until(lambda line: line["type"] == "note")
        listening.type("4")
        listening.until(lambda line: line["type"] == "site")
        assert player.wait(timeout=30) == 0
        last_s = max(line["end_s"] for line in listening.lines() if line["type"] == "window")
        listening.until(lambda line: line["type"] == "window" and line["end_s"] >= last_s + 1.5)
        code = listening.end()
    finally:
        listening.close()
        stethoscope.unplug()
    (session,) = (folder / "sessions").iterdir()
    return session, listening.lines(), code


def test_the_sound_is_what_was_played(kept, heart_files, find_in):
    """`sound.flac` holds the samples of the file bit for bit, with silence around them."""
    folder, _, code = kept
    recorded, rate = soundfile.read(folder / "sound.flac", dtype="float32")
    played, _ = soundfile.read(heart_files(HEART_S), dtype="float32")
    start = find_in(recorded, played)
    assert (code, rate) == (130, 4000)
    assert not recorded[:start].any()
    assert not recorded[start + len(played) :].any()


def test_its_files_match_their_schema(kept):
    """Session and lines are valid, whole and ended; nothing was lost."""
    folder, _, _ = kept
    values, events = check_folder(folder)
    assert (values["subject"], values["site"], values["lost_samples"]) == ("P-017", "AV", 0)
    assert values["samples"] == soundfile.info(folder / "sound.flac").frames
    assert values["ended"] >= values["started"]
    assert [events[0]["type"], events[-1]["type"]] == ["start", "summary"]


def test_it_holds_what_was_entered_and_all_lines(kept):
    """Mark, note and site stand in it with their samples, every line is that of `--json` but for the time of day."""
    folder, lines, _ = kept
    events = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]

    def of(kind, among):
        return [
            {name: value for name, value in line.items() if name != "time"} for line in among if line["type"] == kind
        ]

    (mark,), (note,), (site,) = (of(kind, events) for kind in ("mark", "note", "site"))
    assert mark["sample"] < note["sample"] < site["sample"]
    assert mark["at_s"] == pytest.approx(mark["sample"] / 4000)
    assert (note["text"], site["site"]) == ("soft at the apex", "MV")
    for kind in ("window", "mark", "note", "site", "summary"):
        assert of(kind, events) == of(kind, lines)

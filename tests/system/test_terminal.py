"""The dashboard on a pseudo-terminal: the terminal is restored however the program ends."""

from __future__ import annotations

import os
import re
import runpy
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from monitor.synthesis.parameters import HeartParameters
from monitor.synthesis.phonocardiogram import phonocardiogram

if os.name == "nt":
    pytest.skip("Windows has no pseudo-terminals of this kind", allow_module_level=True)

import fcntl
import pty
import select
import struct
import termios

ENTER, LEAVE, SHOW_CURSOR = b"\x1b[?1049h", b"\x1b[?1049l", b"\x1b[?25h"


STAND_IN = runpy.run_path(str(Path(__file__).resolve().parents[2] / "benchmarks" / "speed" / "sigterm.py"))
LISTENING = STAND_IN["DEVICE"].replace("HANGS_S", "0") + STAND_IN["PROGRAM"]
"""The program, with a stand-in for a device that delivers noise."""


class Terminal:
    """A program on a pseudo-terminal of a given size."""

    def __init__(self, arguments, columns, lines, stdin=None, program=None, **environment):
        self._ours, theirs = pty.openpty()
        self.resize(columns, lines)
        env = {**os.environ, "TERM": "xterm-256color", **environment}
        for name in {"COLUMNS", "LINES"} - set(environment):  # they would count instead of the terminal's size
            env.pop(name, None)
        command = [sys.executable, *(["-m", "monitor"] if program is None else ["-c", program]), *arguments]
        self.process = subprocess.Popen(
            command,
            stdin=theirs if stdin is None else stdin,
            stdout=theirs,
            stderr=theirs,
            env=env,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(1, termios.TIOCSCTTY, 0),
        )
        os.close(theirs)
        self.seen = b""

    def resize(self, columns, lines):
        """Give the terminal another size."""
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def mode(self):
        """Return the mode of the terminal: echo, line buffering."""
        return termios.tcgetattr(self._ours)[3]

    def type(self, keys):
        """Press some keys."""
        os.write(self._ours, keys)

    def read_until(self, wanted, timeout_s=60.0):
        """Read the output until it contains some bytes."""
        for _ in range(int(timeout_s / 0.1)):
            if wanted in self.seen:
                return
            self._read()
        pytest.fail(f"{wanted!r} was not drawn")

    def read_to_end(self):
        """Read until the program has ended; return the exit code."""
        while self._read():
            pass
        return self.process.wait(timeout=60)

    def _read(self):
        """Read what is available; return whether more may come."""
        if not select.select([self._ours], [], [], 0.1)[0]:
            return self.process.poll() is None
        try:
            part = os.read(self._ours, 65536)
        except OSError:  # Linux says so when the other end is closed
            return False
        self.seen += part
        return bool(part)

    def close(self):
        """End the program and the terminal."""
        self.process.kill()
        self.process.wait()
        os.close(self._ours)


@pytest.fixture
def terminal():
    """Return a function that starts the program on a pseudo-terminal."""
    opened = []

    def start(*arguments, columns=80, lines=24, **environment):
        opened.append(Terminal(arguments, columns, lines, **environment))
        return opened[-1]

    yield start
    for one in opened:
        one.close()


@pytest.mark.parametrize(("columns", "lines"), [(80, 24), (160, 50), (40, 12)])
def test_the_demo_is_drawn_and_the_terminal_restored(terminal, columns, lines):
    """At any size: alternate screen, labels of the network, then the summary on the main screen."""
    program = terminal("demo", "--speed", "64", columns=columns, lines=lines)
    assert program.read_to_end() == 0
    drawn, after = program.seen.split(LEAVE)
    assert ENTER in drawn
    assert b"ormal" in drawn
    assert b"summary" in after


def test_no_line_is_drawn_below_the_terminal(terminal):
    """Every row written is on the screen."""
    program = terminal("demo", "--speed", "64", columns=80, lines=24)
    program.read_to_end()
    rows = [int(row) for row in re.findall(rb"\x1b\[(\d+);1H", program.seen)]
    assert rows
    assert 1 <= min(rows) <= max(rows) <= 24


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_restores_the_terminal(terminal, number):
    """Ctrl+C and SIGTERM: main screen, cursor shown, exit code 130, no traceback."""
    program = terminal("demo")
    program.read_until(b"not for diagnosis")
    program.process.send_signal(number)
    assert program.read_to_end() == 130
    assert program.seen.count(ENTER) == program.seen.count(LEAVE) == 1
    assert program.seen.rindex(SHOW_CURSOR) > program.seen.rindex(ENTER)
    assert b"Traceback" not in program.seen


def test_no_color_is_respected(terminal):
    """With NO_COLOR no colour is set."""
    program = terminal("demo", "--speed", "64", NO_COLOR="1")
    program.read_to_end()
    assert not re.search(rb"\x1b\[[0-9;]*[34]8;", program.seen)
    assert not re.search(rb"\x1b\[(?:\d+;)*[349][0-7]m", program.seen)


class TestKeys:
    """Keys on a real terminal."""

    def test_q_ends_as_if_the_sound_had_ended(self, terminal):
        """The terminal is restored, the summary printed, and the exit code 0."""
        program = terminal("demo")
        before = program.mode()
        program.read_until(b"quit")
        program.type(b"q")
        assert program.read_to_end() == 0
        assert b"summary" in program.seen.split(LEAVE)[1]
        assert program.mode() == before

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_a_signal_restores_the_mode(self, terminal, number):
        """After Ctrl+C and SIGTERM the mode is that of before."""
        program = terminal("demo")
        before = program.mode()
        program.read_until(b"quit")
        assert program.mode() != before
        program.process.send_signal(number)
        assert program.read_to_end() == 130
        assert program.mode() == before

    def test_keys_have_an_effect(self, terminal):
        """Mark, pause and help have a visible effect."""
        program = terminal("demo", columns=120, lines=40)
        program.read_until(b"quit")
        program.type(b"m")
        program.read_until(b"mark 1")
        program.type(b" ")
        program.read_until(b"PAUSED")
        program.type(b"?")
        program.read_until(b"press any key")
        program.type(b"xq")
        assert program.read_to_end() == 0

    def test_a_stop_restores_the_terminal_until_the_program_continues(self, terminal):
        """Ctrl+Z restores screen and mode; when the program continues it redraws everything."""
        program = terminal("demo")
        before = program.mode()
        program.read_until(b"quit")
        program.process.send_signal(signal.SIGTSTP)
        program.read_until(LEAVE)
        os.waitid(os.P_PID, program.process.pid, os.WSTOPPED | os.WNOWAIT)
        assert program.mode() == before
        program.seen = b""
        program.process.send_signal(signal.SIGCONT)
        program.read_until(b"not for diagnosis")
        assert program.mode() != before
        program.type(b"q")
        assert program.read_to_end() == 0
        assert program.mode() == before

    def test_sound_on_standard_input_leaves_no_keys(self, tmp_path, terminal):
        """`replay -` draws the dashboard without a row of keys."""
        samples = (b"\x00\x10" * 2000 + b"\x00\xf0" * 2000) * 12
        (tmp_path / "sound.raw").write_bytes(samples)
        with (tmp_path / "sound.raw").open("rb") as sound:
            program = terminal("replay", "-", "--raw", "s16le", "--speed", "64", stdin=sound)
            assert program.read_to_end() == 0
        assert ENTER in program.seen
        assert b"pause" not in program.seen
        assert b"summary" in program.seen


class TestTheEndOfARecording:
    """The dashboard stays at the end until `q`."""

    @pytest.fixture
    def recording(self, tmp_path):
        """Return a function that writes seconds of a synthetic heart."""

        def write(seconds, name="heart.wav"):
            heart = phonocardiogram(seconds, HeartParameters(), np.random.default_rng(5)).waveform
            soundfile.write(tmp_path / name, heart, 4000)
            return str(tmp_path / name)

        return write

    def test_it_is_played_again_from_where_a_person_goes_back_to(self, terminal, recording):
        """`q` leaves with one summary, that of the whole recording."""
        program = terminal("replay", recording(12.0), "--speed", "16", columns=120, lines=40)
        program.read_until(b"ended")
        program.read_until(b"again")
        program.type(b"\x1b[D")
        program.read_until(b"again from 0:07.0")
        program.seen = b""
        program.read_until(b"ended")
        program.type(b"q")
        assert program.read_to_end() == 0
        after = program.seen.split(LEAVE)[1]
        assert after.count(b"summary") == 1
        assert b"15 windows" in after

    def test_a_short_clip_shows_its_verdict_and_stays(self, terminal, recording):
        """It is looped to fill the window."""
        program = terminal("replay", recording(2.0), "--speed", "8", columns=120, lines=40)
        program.read_until(b"short clip, looped")
        program.read_until(b"ended")
        assert program.process.poll() is None
        program.type(b"q")
        assert program.read_to_end() == 0

    def test_exit_leaves_at_the_end(self, terminal, recording):
        """As a program that nobody watches."""
        program = terminal("replay", recording(6.0), "--speed", "16", "--exit")
        assert program.read_to_end() == 0
        assert b"summary" in program.seen.split(LEAVE)[1]

    def test_of_several_files_the_last_stays(self, terminal, recording):
        """The others make room for the next."""
        paths = [recording(6.0, "a.wav"), recording(7.0, "b.wav")]
        program = terminal("replay", *paths, "--speed", "16", columns=120, lines=40)
        program.read_until(b"file 2 of 2")
        program.seen = b""
        program.read_until(b"ended")
        program.type(b"q")
        assert program.read_to_end() == 0
        after = program.seen.split(LEAVE)[1]
        assert [after.count(name) for name in (b"a.wav", b"b.wav", b"verdict")] == [1, 1, 1]  # one table


def test_a_resize_redraws_every_line(terminal):
    """After a change of size every row of the new size is written, and no other."""
    program = terminal("demo", columns=120, lines=40)
    program.read_until(b"not for diagnosis")
    program.resize(columns=80, lines=24)
    program.seen = b""
    program.read_until(b"\x1b[2J")
    program.read_until(b"\x1b[24;1H")
    rows = [int(row) for row in re.findall(rb"\x1b\[(\d+);1H", program.seen.split(b"\x1b[2J")[1])]
    assert sorted(set(rows)) == list(range(1, 25))
    program.type(b"q")
    assert program.read_to_end() == 0


class TestMarks:
    """`m` while a stand-in for a device is recorded."""

    @pytest.mark.parametrize("view", [(), ("--plain",), ("--json",)])
    @pytest.mark.parametrize("suffix", ["wav", "flac"])
    def test_a_mark_is_on_the_screen_and_in_the_labels_file(self, tmp_path, terminal, suffix, view):
        """At once, within the recording, on the time axis of the recording; `q` ends, and says where the marks are."""
        path, labels = tmp_path / f"heart.{suffix}", tmp_path / "heart.labels.txt"
        program = terminal("listen", *view, "--record", str(path), columns=120, lines=40, program=LISTENING)
        program.read_until({(): b"REC 0:01", ("--plain",): b"5.0 s", ("--json",): b'"end_s":5.0'}[view])
        assert not labels.exists()
        for number in (1, 2):
            program.type(b"m")
            program.read_until(f'"number":{number}'.encode() if view == ("--json",) else f"mark {number} at ".encode())
            assert labels.read_bytes().count(b"\n") == number
        program.type(b"q")
        assert program.read_to_end() == 0
        assert b"marks saved: 2: " in program.seen
        lines = [line.split("\t") for line in labels.read_text().splitlines()]
        assert [line[2] for line in lines] == ["mark 1", "mark 2"]
        first, second = (float(line[0]) for line in lines)
        assert 0 < first <= second <= soundfile.info(str(path)).duration

    def test_a_mark_survives_a_kill(self, tmp_path, terminal):
        """After kill -9 every mark that the screen has shown is in the file, and the recording can be read."""
        path = tmp_path / "heart.wav"
        program = terminal("listen", "--record", str(path), columns=120, lines=40, program=LISTENING)
        program.read_until(b"REC 0:01")
        for number in (1, 2, 3):
            program.type(b"m")
            program.read_until(f"mark {number} at ".encode())
        program.process.kill()
        program.process.wait()
        texts = [line.split("\t")[2] for line in (tmp_path / "heart.labels.txt").read_text().splitlines()]
        assert texts == ["mark 1", "mark 2", "mark 3"]
        assert soundfile.info(str(path)).samplerate == 4000

    def test_a_mark_without_a_recording_says_so(self, terminal):
        """Nobody believes it kept, and nothing is written beside what is played."""
        program = terminal("demo", columns=120, lines=40)
        program.read_until(b"quit")
        program.type(b"m")
        program.read_until(b"mark 1, only on this screen")

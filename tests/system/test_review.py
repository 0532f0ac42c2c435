"""`auscult review` on a pseudo-terminal: keys in, screens out, and what is kept afterwards."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal

import pytest
import soundfile

if os.name == "nt":
    pytest.skip("Windows has no pseudo-terminals of this kind", allow_module_level=True)

from tests.monitor.commands.review.conftest import HEART, RATE, folder
from tests.system.test_terminal import ENTER, LEAVE, terminal

__all__ = ["folder", "terminal"]  # fixtures


@pytest.fixture
def recording(tmp_path):
    """Return a recording of half a minute."""
    path = tmp_path / "heart.wav"
    soundfile.write(path, HEART[: 30 * RATE], RATE)
    return path


def added(folder):
    """Return the lines that were added to a session."""
    return [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()[175:]]


@pytest.mark.parametrize(("columns", "lines"), [(80, 24), (40, 10), (200, 60)])
def test_a_session_is_shown_at_every_size(terminal, folder, columns, lines):
    """Its verdict at once; `>` goes to the next one; `q` restores the terminal."""
    program = terminal("review", str(folder), columns=columns, lines=lines)
    before = program.mode()
    program.read_until(b"not for diagnosis")
    program.type(b">")
    program.read_until(b"0:40.0")
    program.type(b"q")
    assert program.read_to_end() == 0
    assert program.seen.count(ENTER) == program.seen.count(LEAVE) == 1
    assert program.mode() == before
    rows = [int(row) for row in re.findall(rb"\x1b\[(\d+);1H", program.seen)]
    assert 1 <= min(rows) <= max(rows) <= lines
    assert added(folder) == []


def test_no_color_is_respected(terminal, folder):
    """With NO_COLOR no colour is set."""
    program = terminal("review", str(folder), NO_COLOR="1")
    program.read_until(b"not for diagnosis")
    program.type(b"q")
    program.read_to_end()
    assert not re.search(rb"\x1b\[[0-9;]*[34]8;", program.seen)
    assert not re.search(rb"\x1b\[(?:\d+;)*[349][0-7]m", program.seen)


def test_a_person_marks_notes_and_labels(terminal, folder):
    """As typed: the session has it before the program ends, also after `kill -9`."""
    program = terminal("review", str(folder), columns=120, lines=40)
    program.read_until(b"not for diagnosis")
    program.type(b"g30\n")
    program.read_until(b"0:30.0")
    program.type(b"nloud at the apex\n")
    program.read_until(b"loud at the apex")
    program.type(b"[\x1b[C\x1b[C]l2")
    program.read_until(b"[murmur")
    program.process.kill()
    program.process.wait()
    note, label = added(folder)
    assert (note["type"], note["at_s"], note["text"]) == ("note", 30.0, "loud at the apex")
    assert (label["start_s"], label["end_s"], label["label"], label["source"]) == (30.0, 40.0, "murmur", "manual")


def test_an_edit_and_a_deletion(terminal, folder):
    """`.` goes to what was set; `e` and `d` change it."""
    program = terminal("review", str(folder), columns=120, lines=40)
    program.read_until(b"not for diagnosis")
    program.type(b"..")
    program.read_until(b"0:20.0")
    program.type(b"e!\n")
    program.read_until(b"coughs!")
    program.type(b",d")
    program.read_until(b"delete 'mark 1'")
    program.type(b"yq")
    assert program.read_to_end() == 0
    assert [(line["type"], line["target"]) for line in added(folder)] == [
        ("edit", {"number": 2}),
        ("delete", {"number": 1}),
    ]


def test_playing_without_an_output_is_told_and_goes_on(terminal, folder, tmp_path):
    """In one line; the cursor moves all the same."""
    program = terminal("review", str(folder), "--play", "--play-device", "no such output", columns=120, lines=40)
    program.read_until(b"PLAYING")
    program.read_until(b"no such output")
    program.read_until(b"0:01.")
    program.type(b" ")
    program.read_until(b"REVIEW")
    program.type(b"q")
    assert program.read_to_end() == 0
    assert b"Traceback" not in program.seen


def test_a_recording_is_judged_and_its_marks_go_into_the_labels_file(terminal, recording):
    """Never into the sound."""
    before = recording.read_bytes()
    program = terminal("review", str(recording), columns=120, lines=40)
    program.read_until(b"not for diagnosis")
    program.type(b"\x1b[Cm")
    program.read_until(b"mark 1")
    program.type(b"q")
    assert program.read_to_end() == 0
    assert recording.with_name("heart.labels.txt").read_text() == "5.000000\t5.000000\tmark 1\n"
    assert recording.read_bytes() == before


def test_what_could_not_be_kept_is_said_at_the_end(terminal, folder):
    """With the lines themselves, and exit code 1."""
    program = terminal("review", str(folder), columns=120, lines=40)
    program.read_until(b"not for diagnosis")
    shutil.rmtree(folder)
    program.type(b"m")
    program.read_until(b"not kept yet")
    program.type(b"q")
    assert program.read_to_end() == 1
    after = program.seen.split(LEAVE)[1]
    assert b"auscult: not kept: " in after
    assert b'"type":"mark"' in after


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_restores_the_terminal(terminal, folder, number):
    """Main screen, mode, exit code 130."""
    program = terminal("review", str(folder))
    before = program.mode()
    program.read_until(b"not for diagnosis")
    program.process.send_signal(number)
    assert program.read_to_end() == 130
    assert program.mode() == before
    assert b"Traceback" not in program.seen

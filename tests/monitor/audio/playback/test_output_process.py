"""The monitor's end of the output process: frames, reports, an end in every case."""

from __future__ import annotations

import sys
import threading

import pytest

from monitor.audio.playback.output_process import ENDED, OutputProcess
from monitor.audio.playback.protocol import IDLE, OutputSetup, frame

SETUP = OutputSetup(4000)
pytestmark = pytest.mark.subprocess

ECHO = """
import json, sys
setup = json.loads(sys.argv[-1])
say = lambda **values: (sys.stdout.write(json.dumps(values) + "\\n"), sys.stdout.flush())
say(state="open", device=f"rate {setup['input_rate']}")
count = len(sys.stdin.buffer.read())
say(state="failed", message=f"read {count} bytes")
"""
DEAF = 'import sys, time\nprint(\'{"state": "open"}\', flush=True)\ntime.sleep(60)'


def started(program):
    """Start a program in place of the real one."""
    return OutputProcess(SETUP, [sys.executable, "-c", program])


def wait_for(condition):
    """Wait for a condition; bounded."""
    pause = threading.Event()
    for _ in range(1000):
        if condition():
            return
        pause.wait(0.01)
    pytest.fail("it did not come about")


def test_frames_arrive_and_reports_come_back():
    """The process gets its setup and every byte; its last report stays."""
    output = started(ECHO)
    wait_for(lambda: output.report.state == "open")
    assert output.report.device == "rate 4000"
    for _ in range(3):
        output.send(frame(IDLE))
    output.finish()
    assert output.report.message == "read 15 bytes"
    output.finish()


def test_a_process_that_dies_has_failed():
    """A crash is a failure with a message, and writing to it raises an OSError."""
    output = started("raise SystemExit(3)")
    wait_for(lambda: output.report.state == "failed")
    assert output.report.message == ENDED
    with pytest.raises(BrokenPipeError):
        output.send(b"x" * 2**17)
    output.finish()


def test_a_write_that_waits_ends_when_the_process_is_killed():
    """A process that does not read holds the thread that writes, until it is killed."""
    output = started(DEAF)
    wait_for(lambda: output.report.state == "open")
    failed = []

    def write():
        try:
            output.send(bytes(2**20))
        except OSError as error:
            failed.append(error)

    writer = threading.Thread(target=write, name="auscult-test-writer")
    writer.start()
    writer.join(0.1)
    assert writer.is_alive()
    output.kill()
    writer.join(5)
    output.finish()
    assert failed


def test_lines_that_are_no_report_end_it():
    """A process that writes something else has failed."""
    output = started("print('hello')\nimport sys; sys.stdin.read()")
    wait_for(lambda: output.report.state == "failed")
    output.finish()


def test_it_imports_this_program_wherever_it_runs(tmp_path, monkeypatch):
    """A package `monitor` in the current folder is not taken for ours: the failure is that of a missing output."""
    (tmp_path / "monitor").mkdir()
    (tmp_path / "monitor" / "__init__.py").write_text("raise RuntimeError('the wrong one')")
    monkeypatch.chdir(tmp_path)
    output = OutputProcess(OutputSetup(4000, device="no such output"))
    wait_for(lambda: output.report.state == "failed")
    assert output.report.message != ENDED
    output.finish()

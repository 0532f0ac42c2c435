"""The program's end of a process that captures: frames, an end in every case."""

from __future__ import annotations

import sys

import pytest

from monitor.audio.sources.capture_process.child import CaptureChild
from monitor.audio.sources.capture_process.protocol import FAILED, LOST, CaptureSetup
from monitor.audio.sources.device.selection import DeviceInfo

SETUP = CaptureSetup(DeviceInfo(3, "steth", "ALSA", 1, 4000), 4000)
pytestmark = pytest.mark.subprocess

WAITS = """
import json, sys
from monitor.audio.sources.capture_process.protocol import lost_frame, failed_frame
rate = json.loads(sys.argv[-1])["sample_rate"]
sys.stdout.buffer.write(lost_frame(0, rate, 1.0)); sys.stdout.buffer.flush()
sys.stdin.buffer.read()
sys.stdout.buffer.write(failed_frame("the end")); sys.stdout.buffer.flush()
sys.exit(7)
"""
DEAF = "import time\ntime.sleep(60)"


def started(program):
    """Start a program in place of the real one."""
    return CaptureChild(SETUP, [sys.executable, "-c", program])


def all_of(child):
    """Return every frame until the end."""
    frames = []
    while (new := child.read()) is not None:
        frames += new
    return frames


def test_it_gets_its_setup_and_ends_when_it_is_asked_to():
    """Its frames come back, those of its end too; then its exit code."""
    child = started(WAITS)
    first = child.read()
    while not first:
        first = child.read()
    assert first[0][:3] == (LOST, 0, 4000)
    child.begin_end()
    child.begin_end()
    assert [frame.kind for frame in all_of(child)] == [FAILED]
    assert child.close() == 7


def test_one_that_does_not_end_is_killed():
    """Its frames end then."""
    child = started(DEAF)
    assert child.pid > 0
    assert child.kill()
    assert all_of(child) == []
    assert child.close() == -9
    assert child.kill()


def test_one_that_writes_something_else_has_ended():
    """What is no frame is the end of the frames; it is killed where it does not end by itself."""
    child = started("print('hello, I am no frame', flush=True)\nimport time\ntime.sleep(60)")
    assert all_of(child) == []
    assert child.close() == -9


def test_a_missing_program_is_an_error():
    """It cannot be started."""
    with pytest.raises(OSError, match="No such file"):
        CaptureChild(SETUP, ["/no/such/program"])


def test_the_real_program_says_why_the_device_cannot_be_used(monkeypatch):
    """There is no device of that name: a failure with the next step, exit code 1."""
    child = CaptureChild(CaptureSetup(DeviceInfo(3, "no such steth", "ALSA", 1, 4000), 4000))
    frames = all_of(child)
    assert [frame.kind for frame in frames] == [FAILED]
    assert frames[0].failure[0]
    assert child.close() == 1

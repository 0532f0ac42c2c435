"""The process of a worker: started ahead, taken once, and ended where it is not needed."""

from __future__ import annotations

import subprocess
import sys

import pytest

from monitor.commands.scan.process import SpareWorker, end_process, start_process

pytestmark = pytest.mark.subprocess

WAITS = [sys.executable, "-S", "-c", "import sys; sys.stdin.buffer.read()"]


def test_a_spare_worker_that_is_not_needed_is_ended():
    """It is waited for, and its pipes are closed."""
    with SpareWorker(WAITS) as spare:
        process = spare._process
    assert process.returncode is not None
    assert process.stdin.closed
    assert process.stdout.closed


def test_a_spare_worker_that_was_taken_runs_on():
    """It is taken once, and ended by whoever took it; twice is safe."""
    with SpareWorker(WAITS) as spare:
        process = spare.take()
        assert spare.take() is None
    assert process.poll() is None
    end_process(process)
    end_process(process)
    assert process.returncode is not None


def test_a_spare_worker_that_cannot_be_started():
    """There is none; who needs one tries again, and is told why."""
    with SpareWorker(["/no/such/program"]) as spare:
        assert spare.take() is None
    with pytest.raises(OSError, match="No such file"):
        start_process(["/no/such/program"])


def test_the_command_imports_no_numpy():
    """The first worker is started before the scan imports what takes long, so both import at the same time."""
    program = "import sys, monitor.commands.scan.command; print('numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.stdout == "False\n", done.stderr

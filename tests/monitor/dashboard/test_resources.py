"""CPU and memory of the process, updated every two seconds."""

from __future__ import annotations

import types

import numpy as np
import pytest

from monitor.dashboard.resources import ResourceMonitor, resident_bytes


class ScriptedProcess:
    """A process whose CPU and memory a test sets."""

    def __init__(self):
        self.cpu, self.rss = 0.0, 50 * 2**20

    def cpu_percent(self):
        """Return the CPU use since the last call."""
        return self.cpu

    def memory_info(self):
        """Return the memory."""
        return types.SimpleNamespace(rss=self.rss)


def test_numbers_are_updated_every_two_seconds():
    """Before two seconds have passed nothing changes; the first CPU figure needs a whole interval."""
    process, now = ScriptedProcess(), [100.0]
    monitor = ResourceMonitor(process, lambda: now[0])
    assert (monitor.cpu_percent, monitor.memory_mb) == (None, 50.0)
    process.cpu, process.rss = 25.0, 60 * 2**20
    now[0] = 101.9
    monitor.update()
    assert (monitor.cpu_percent, monitor.memory_mb) == (None, 50.0)
    now[0] = 102.0
    monitor.update()
    assert (monitor.cpu_percent, monitor.memory_mb) == (25.0, 60.0)
    process.cpu, now[0] = 75.0, 103.0
    monitor.update()
    assert monitor.cpu_percent == 25.0


def test_this_process_is_measured():
    """A busy process uses CPU, and its memory is that of a Python with NumPy."""
    now = [0.0]
    monitor = ResourceMonitor(clock=lambda: now[0])
    sum(range(3_000_000))
    now[0] = 2.0
    monitor.update()
    assert monitor.cpu_percent > 0.0
    assert 5 < monitor.memory_mb < 50_000


def test_memory_follows_an_allocation():
    """100 MB more are seen within 20 %."""
    before = resident_bytes()
    block = np.ones(100_000_000, np.uint8)
    assert resident_bytes() - before == pytest.approx(block.nbytes, rel=0.2)

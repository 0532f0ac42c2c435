"""The clock counts the time that the computer sleeps, where the system has such a clock."""

from __future__ import annotations

import sys
import time

import pytest

from monitor.audio.sources.device.elapsed_time import elapsed_s, suspend_aware_clock


@pytest.mark.parametrize(("platform", "name"), [("linux", "CLOCK_BOOTTIME"), ("darwin", "CLOCK_MONOTONIC")])
def test_the_clock_of_the_system_that_counts_sleep(monkeypatch, platform, name):
    """It is read at every call."""
    asked = []
    monkeypatch.setattr(time, name, 77, raising=False)
    monkeypatch.setattr(time, "clock_gettime", lambda number: asked.append(number) or 10.0 + len(asked), raising=False)
    clock = suspend_aware_clock(platform)
    assert (clock(), clock()) == (12.0, 13.0)
    assert asked == [77, 77, 77]


def test_without_such_a_clock_it_is_the_monotonic_one(monkeypatch):
    """On Windows it counts sleep anyway; an old Python or kernel has no other."""
    assert suspend_aware_clock("win32") is time.monotonic
    monkeypatch.delattr(time, "CLOCK_BOOTTIME", raising=False)
    assert suspend_aware_clock("linux") is time.monotonic

    def unknown(number):
        raise OSError(22, "Invalid argument")

    monkeypatch.setattr(time, "CLOCK_BOOTTIME", 7, raising=False)
    monkeypatch.setattr(time, "clock_gettime", unknown, raising=False)
    assert suspend_aware_clock("linux") is time.monotonic


@pytest.mark.skipif(sys.platform != "linux", reason="CLOCK_BOOTTIME is a clock of Linux")
def test_on_linux_it_is_the_time_since_boot():
    """Two readings of the system's clock enclose it."""
    before = time.clock_gettime(time.CLOCK_BOOTTIME)
    assert before <= elapsed_s() <= time.clock_gettime(time.CLOCK_BOOTTIME)

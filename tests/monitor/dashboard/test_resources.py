"""What the program takes, as far as the system tells."""

from __future__ import annotations

import pytest

from monitor.dashboard.resources import ResourceMonitor, resident_mb


def test_processor_time_is_counted_between_looks():
    """Half a second of work in two is 25 %; a look too early changes nothing."""
    times = {"clock": 100.0, "cpu": 7.0}
    meter = ResourceMonitor(lambda: times["clock"], lambda: times["cpu"])
    meter.look()
    assert meter.cpu_percent is None
    times.update(clock=102.0, cpu=7.5)
    meter.look()
    assert meter.cpu_percent == pytest.approx(25.0)
    times.update(clock=103.0, cpu=8.5)
    meter.look()
    assert meter.cpu_percent == pytest.approx(25.0)
    times.update(clock=106.0, cpu=8.5)
    meter.look()
    assert meter.cpu_percent == pytest.approx(25.0)


def test_memory_is_that_of_a_python_with_numpy():
    """More than 5 MB and less than 50 GB, where the system tells it at all."""
    memory = resident_mb()
    assert memory is None or 5 < memory < 50_000


def test_where_there_is_no_proc_the_peak_is_told(tmp_path):
    """Another system's answer is in the same unit, or there is none."""
    memory = resident_mb(tmp_path / "statm")
    assert memory is None or 5 < memory < 50_000


def test_a_statm_that_says_nothing_is_no_error(tmp_path):
    """Something else in the file than figures."""
    (tmp_path / "statm").write_text("none")
    memory = resident_mb(tmp_path / "statm")
    assert memory is None or memory > 5

"""The speed of an archive: recordings are written, programs run by turns, and speeds are of the fastest runs."""

from __future__ import annotations

import itertools
import os

import numpy as np
import pytest
import soundfile

from monitor.commands.bench import archive_speed
from monitor.commands.bench.archive_speed import fastest_by_turns, measure_archive, write_recordings
from monitor.errors import AuscultError
from monitor.inference.bundle import Bundle, load_bundle


@pytest.fixture
def bundle(bundle_dir) -> Bundle:
    """Return a bundle."""
    return load_bundle(bundle_dir)


@pytest.fixture
def sound() -> np.ndarray:
    """Return 40 s of noise at 1 kHz."""
    return np.random.default_rng(0).uniform(-0.5, 0.5, 40_000).astype(np.float32)


def test_recordings(tmp_path, sound) -> None:
    """So many FLAC files of 27 s; the first few differ, and the others are copies of them."""
    write_recordings(tmp_path, sound, 1000, 10)
    paths = sorted(tmp_path.iterdir())
    assert len(paths) == 10
    contents = [soundfile.read(path)[0] for path in paths]
    assert all(len(content) == 27_000 for content in contents)
    assert len({content.tobytes() for content in contents[:8]}) == 8
    np.testing.assert_array_equal(contents[9], contents[1])
    np.testing.assert_allclose(contents[0], sound[:27_000], atol=1e-4)


def test_programs_run_by_turns(tmp_path, monkeypatch) -> None:
    """Each runs as often as asked, in turn; the fastest run of each counts."""
    ran: list[str] = []
    clock = itertools.accumulate([0, 5, 0, 9, 0, 3, 0, 11]).__next__
    monkeypatch.setattr(archive_speed, "run_program", lambda arguments, folder: ran.append(arguments[0]))
    monkeypatch.setattr(archive_speed.time, "perf_counter", clock)
    best = fastest_by_turns({"one": ["a"], "two": ["b"]}, tmp_path, 2)
    assert ran == ["a", "b", "a", "b"]
    assert {name: clock_s for name, (clock_s, _) in best.items()} == {"one": 3, "two": 9}


@pytest.mark.parametrize("int8", [True, False])
def test_speeds(bundle, tmp_path, sound, monkeypatch, int8: bool) -> None:
    """Times real time, by the clock and the processor; two processes over one; nothing of int8 without that network."""
    seconds = {"float": (2.0, 1.5), "int8": (1.0, 0.5), "two": (1.25, 2.0)}
    commands: dict[str, list[str]] = {}

    def run(given, folder, repeats):
        commands.update(given)
        return {name: seconds[name] for name in given}

    monkeypatch.setattr(archive_speed, "fastest_by_turns", run)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    speed = measure_archive(bundle, sound, 1000, tmp_path, files=2, repeats=3, int8=int8)
    assert (speed.archive_x, speed.archive_cpu_x, speed.archive_two_to_one) == (27.0, 36.0, 1.6)
    assert (speed.archive_int8_x, speed.archive_int8_cpu_x) == ((54.0, 108.0) if int8 else (None, None))
    assert commands["two"][-4:] == ["--jobs", "2", "--engine", "litert"]


def test_one_processor(bundle, tmp_path, sound, monkeypatch) -> None:
    """Two processes are not compared with one where there is one processor; Windows does not tell processor time."""
    monkeypatch.setattr(archive_speed, "fastest_by_turns", lambda given, *more: dict.fromkeys(given, (2.0, 0.0)))
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    speed = measure_archive(bundle, sound, 1000, tmp_path, files=2, repeats=3, int8=False)
    assert speed.archive_two_to_one is speed.archive_cpu_x is None


@pytest.mark.subprocess
def test_a_real_scan(bundle, tmp_path, sound) -> None:
    """Three scans of two recordings give speeds above real time, and take processor time."""
    speed = measure_archive(bundle, sound, 1000, tmp_path, files=2, repeats=1, int8=True)
    assert speed.archive_x > 1.0
    assert speed.archive_int8_x is not None
    assert speed.archive_int8_x > 1.0


@pytest.mark.subprocess
def test_a_program_that_fails(tmp_path) -> None:
    """It is an error, not a fast run."""
    with pytest.raises(AuscultError, match="auscult scan: ended with code 2"):
        fastest_by_turns({"scan": ["scan", "--no-such-flag"]}, tmp_path, 1)

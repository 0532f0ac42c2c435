"""Screenshots and sound are saved in new files, and nothing is overwritten."""

from __future__ import annotations

import datetime
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from monitor.audio.ring_buffer import RingBuffer
from monitor.dashboard.drawing.render import render
from monitor.dashboard.drawing.svg import svg_of
from monitor.dashboard.screenshot import save_screenshot, save_sound, unused_path
from monitor.errors import AuscultError

GOLDENS: dict[str, Any] = runpy.run_path(str(Path(__file__).parent / "golden" / "make_golden.py"))
CANVAS = render(GOLDENS["SCENES"]["murmur"], 120, 40, state=GOLDENS["LIVELY"])
NOW = datetime.datetime(2026, 1, 2, 3, 4, 5)
NOISE = np.random.default_rng(4).uniform(-1, 1, 6000).astype(np.float32)


def test_names_have_date_and_time_and_are_unused(tmp_path):
    """Further files of the same second are numbered."""
    names = []
    for _ in range(3):
        path = unused_path(tmp_path, ".wav", NOW)
        path.touch()
        names.append(path.name)
    assert names == ["auscult-20260102-030405.wav", "auscult-20260102-030405-2.wav", "auscult-20260102-030405-3.wav"]


def test_the_sound_is_unchanged(tmp_path):
    """The content of the ring buffer is saved bit by bit, lost samples as zeros."""
    ring = RingBuffer(120_000)
    ring.push(NOISE)
    ring.push_lost(1000)
    ring.push(NOISE)
    assert save_sound(ring, 4000, tmp_path / "a.wav") == 13_000 / 4000
    sound, rate = soundfile.read(tmp_path / "a.wav", dtype="float32")
    assert rate == 4000
    np.testing.assert_array_equal(sound, np.concatenate((NOISE, np.zeros(1000, np.float32), NOISE)))


def test_the_sound_is_the_last_half_minute(tmp_path):
    """Of a longer ring buffer the last 30 s are saved."""
    ring = RingBuffer(100_000)
    for _ in range(10):
        ring.push(NOISE)
    assert save_sound(ring, 1000, tmp_path / "a.wav") == 30.0
    sound, _ = soundfile.read(tmp_path / "a.wav", dtype="float32")
    np.testing.assert_array_equal(sound, np.tile(NOISE, 5))


def test_before_the_first_sample_there_is_an_empty_file(tmp_path):
    """An empty ring buffer gives an empty file."""
    assert save_sound(RingBuffer(100), 4000, tmp_path / "a.wav") == 0.0


def test_nothing_is_overwritten(tmp_path):
    """An existing file stays unchanged, and an error is raised."""
    path = tmp_path / "a"
    path.write_text("before")
    with pytest.raises(AuscultError, match="exists and is not overwritten"):
        save_screenshot(CANVAS, path)
    with pytest.raises(AuscultError, match="exists and is not overwritten"):
        save_sound(RingBuffer(100), 4000, path)
    assert path.read_text() == "before"


def test_a_screenshot_is_the_svg_of_the_canvas(tmp_path):
    """The file has exactly the SVG document."""
    save_screenshot(CANVAS, tmp_path / "a.svg")
    assert (tmp_path / "a.svg").read_text(encoding="utf-8") == svg_of(CANVAS)


def test_an_unwritable_folder_is_an_error(tmp_path):
    """A missing folder raises AuscultError, for both kinds of file."""
    for save in (lambda path: save_screenshot(CANVAS, path), lambda path: save_sound(RingBuffer(100), 4000, path)):
        with pytest.raises(AuscultError):
            save(tmp_path / "missing" / "a")

"""What keys keep: new names, the sound as it was, a picture that is valid XML."""

from __future__ import annotations

import datetime
import runpy
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
import soundfile

from monitor.audio.ring_buffer import RingBuffer
from monitor.dashboard.drawing.render import render
from monitor.dashboard.drawing.svg import svg_of
from monitor.dashboard.screenshot import new_path, save_picture, save_sound
from monitor.errors import AuscultError

MADE: dict[str, Any] = runpy.run_path(str(Path(__file__).parent / "golden" / "make_golden.py"))
FRAME = render(MADE["SCENES"]["murmur"], 120, 40, display=MADE["LIVELY"])
NOW = datetime.datetime(2026, 1, 2, 3, 4, 5)
NOISE = np.random.default_rng(4).uniform(-1, 1, 6000).astype(np.float32)


def test_names_have_date_and_time_and_are_never_taken(tmp_path):
    """A second file of the same second has a number."""
    names = []
    for _ in range(3):
        path = new_path(tmp_path, ".wav", NOW)
        path.touch()
        names.append(path.name)
    assert names == ["auscult-20260102-030405.wav", "auscult-20260102-030405-2.wav", "auscult-20260102-030405-3.wav"]


def test_the_sound_is_what_was_heard(tmp_path):
    """All that the ring holds, bit for bit, lost sound as zeros."""
    ring = RingBuffer(120_000)
    ring.push(NOISE)
    ring.push_lost(1000)
    ring.push(NOISE)
    assert save_sound(ring, 4000, tmp_path / "a.wav") == 13_000 / 4000
    sound, rate = soundfile.read(tmp_path / "a.wav", dtype="float32")
    assert rate == 4000
    np.testing.assert_array_equal(sound, np.concatenate((NOISE, np.zeros(1000, np.float32), NOISE)))


def test_the_sound_is_the_last_half_minute(tmp_path):
    """A ring that holds more gives its end, and is read by nobody afterwards."""
    ring = RingBuffer(100_000)
    for _ in range(10):
        ring.push(NOISE)
    assert save_sound(ring, 1000, tmp_path / "a.wav") == 30.0
    sound, _ = soundfile.read(tmp_path / "a.wav", dtype="float32")
    np.testing.assert_array_equal(sound, np.tile(NOISE, 5))


def test_before_the_first_sample_there_is_an_empty_file(tmp_path):
    """No sound is no error."""
    assert save_sound(RingBuffer(100), 4000, tmp_path / "a.wav") == 0.0


def test_nothing_is_overwritten(tmp_path):
    """A file of that name stays as it is."""
    path = tmp_path / "a"
    path.write_text("kept")
    with pytest.raises(AuscultError, match="is there already"):
        save_picture(FRAME, path)
    with pytest.raises(AuscultError, match="is there already"):
        save_sound(RingBuffer(100), 4000, path)
    assert path.read_text() == "kept"


def test_a_picture_is_valid_and_asks_nobody(tmp_path):
    """XML with every word of the screen; no address is fetched."""
    save_picture(FRAME, tmp_path / "a.svg")
    text = (tmp_path / "a.svg").read_text(encoding="utf-8")
    root = ElementTree.fromstring(text)
    words = "".join(root.itertext())
    assert "not for diagnosis" in words
    assert "sound was lost" in words
    assert text.count("http") == 1  # the namespace
    assert "url(" not in text


def test_every_dot_of_a_braille_cell_is_drawn():
    """As many small shapes as there are dots."""
    dots = sum(
        bin(ord(sign) - 0x2800).count("1") for sign in FRAME.text if 0x2800 <= ord(sign) < 0x2900
    )  # fmt: skip
    assert dots > 500
    paths = [line for line in svg_of(FRAME).splitlines() if line.startswith("<path")]
    assert sum(line.count("z") for line in paths) == dots

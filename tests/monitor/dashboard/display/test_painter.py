"""Pictures are renewed seldom, cover their place, and go again."""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pytest

from monitor.dashboard.display.painter import PICTURE_S, SLOW_S, Painter
from monitor.dashboard.display.raster import Paper
from monitor.dashboard.drawing.canvas import Canvas, Picture, TerminalStyle
from monitor.dashboard.drawing.spectrogram import SpectrogramPicture
from monitor.dashboard.drawing.waveform import TracePicture, axis_until
from monitor.dashboard.trace import Trace

AXIS = axis_until(5.0, 50, TerminalStyle())


def trace(row=4):
    """Return a picture of new sound."""
    silence = np.zeros(1000, np.float32)
    return Picture(row, 9, 3, 50, TracePicture(Trace(0, silence, silence), AXIS, 0.0))


TENSOR = np.zeros((64, 64, 3), np.float32)


def spectrogram(end_s=5.0):
    """Return a picture of a window."""
    return Picture(7, 9, 5, 50, SpectrogramPicture(TENSOR, "heart", (end_s - 5.0, end_s), 5.0, AXIS))


def canvas(*pictures):
    """Return a canvas that has pictures."""
    return Canvas(80, ((),) * 24, pictures=pictures)


def painter(form="sixel", **options):
    """Return a painter of cells of 8x16 pixels."""
    return Painter(form, Paper(), lambda: (8, 16), **options)


def renew(painter, shown, now_s):
    """Paint what is due; return how many pictures that are."""
    due = painter.choose(shown, now_s)
    for picture in due:
        painter.paint(picture, now_s)
    return len(due)


def test_at_most_four_renewals_a_second():
    """However often the screen is drawn, and an unchanged spectrogram is not sent again."""
    drawn = painter()
    counts = [renew(drawn, canvas(trace(), spectrogram()), now / 100) for now in range(0, 1000, 5)]
    assert counts[0] == 2
    assert sum(count > 0 for count in counts) <= 10 / PICTURE_S
    assert set(counts[1:]) == {0, 1}
    assert renew(drawn, canvas(spectrogram(5.5)), 20.0) == 1


def test_slow_writing_makes_them_rarer_and_then_ends_them():
    """Writing takes at most a quarter of the time; a second for one renewal is too slow a line."""
    drawn = painter()
    assert renew(drawn, canvas(trace()), 0.0)
    drawn.took(0.2, 0.2)
    assert not renew(drawn, canvas(trace()), 0.79)
    assert renew(drawn, canvas(trace()), 0.81)
    drawn.took(SLOW_S, 2.0)
    assert not drawn.works
    assert not renew(drawn, canvas(trace()), 100.0)
    assert drawn.gone(canvas(trace())) == drawn.places != frozenset()


@pytest.mark.parametrize("form", ["sixel", "kitty"])
def test_what_is_gone_is_removed(form):
    """A page of help takes both away; kitty keeps pictures until they are deleted, Sixel is written over."""
    drawn = painter(form)
    renew(drawn, canvas(trace(), spectrogram()), 0.0)
    assert drawn.gone(canvas(trace(), spectrogram())) == frozenset()
    gone = drawn.gone(canvas())
    assert gone == drawn.places == {(4, 9, 3, 50), (7, 9, 5, 50)}
    assert drawn.remove(gone).count("a=d") == (2 if form == "kitty" else 0)
    assert not drawn.places


def test_a_picture_is_cut_into_parts_that_the_terminal_takes():
    """Whole cells each, at their own place, together the whole."""
    drawn = painter(largest=(100, 40))
    text = drawn.paint(spectrogram(), 0.0)
    parts = re.findall(r'\x1b\[(\d+);(\d+)H\x1bP0;1q"1;1;(\d+);(\d+)', text)
    assert all(int(width) <= 100 and int(height) <= 40 for _, _, width, height in parts)
    assert sum(int(width) * int(height) for _, _, width, height in parts) == 50 * 8 * 5 * 16
    assert {(int(row), int(column)) for row, column, _, _ in parts} == {
        (row, 10 + 12 * part) for row in (8, 10, 12) for part in range(5)
    }


def test_the_size_follows_the_font():
    """A cell that has grown gives more pixels."""
    cell = [(8, 16)]
    drawn = Painter("sixel", Paper(), lambda: cell[0])
    assert '"1;1;400;48' in drawn.paint(trace(), 0.0)
    cell[0] = (10, 20)
    assert '"1;1;500;60' in drawn.paint(trace(), 1.0)


def test_a_moved_picture_is_another_one():
    """Its old place is given back."""
    drawn = painter()
    renew(drawn, canvas(trace(4)), 0.0)
    moved = canvas(dataclasses.replace(trace(4), row=5))
    assert drawn.gone(moved) == {(4, 9, 3, 50)}

"""The moving picture of the README: what a program writes on a terminal becomes frames."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]

pytest.importorskip("pyte", reason="the moving picture needs pyte")
Image = pytest.importorskip("PIL.Image", reason="the moving picture needs Pillow")


@pytest.fixture(scope="module")
def maker():
    """Return the program that makes the picture."""
    path = ROOT / "docs" / "make" / "make_moving_picture.py"
    spec = importlib.util.spec_from_file_location("make_moving_picture", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def cell(picture, maker, column, line):
    """Return the pixels of a cell, (height, width, 3)."""
    width, height = maker.CELL
    return np.asarray(picture)[line * height : (line + 1) * height, column * width : (column + 1) * width]


def test_a_frame_shows_what_was_written_by_then(maker):
    """Colours, half blocks and Braille dots are in their cells; what is written later is not there yet."""
    first = "\x1b[38;2;250;10;20m▄\x1b[0m⡀\x1b[48;2;1;2;3m \x1b[0m"
    written = [maker.Written(0.0, first.encode()), maker.Written(maker.FROM_S + maker.FRAME_S / 2, "█".encode())]
    before, after = [maker.drawn(screen) for screen, _ in zip(maker.screens(written), range(2), strict=False)]
    block = cell(before, maker, 0, 0)
    assert (block[10:] == (250, 10, 20)).all()
    assert not (block[:8] == (250, 10, 20)).all(axis=-1).any()
    dots = (cell(before, maker, 1, 0) != cell(before, maker, 5, 5)).any(axis=-1)
    assert dots[12:, :4].any()
    assert not dots[:12].any()
    assert not dots[:, 4:].any()
    assert (cell(before, maker, 2, 0) == (1, 2, 3)).all()
    assert (cell(before, maker, 3, 0) == cell(before, maker, 5, 5)).all()
    assert (cell(after, maker, 3, 0) == cell(after, maker, 3, 0)[0, 0]).all()
    assert (cell(after, maker, 3, 0) != cell(before, maker, 3, 0)).all()


def test_the_picture_of_the_readme_moves_and_is_small(maker):
    """It is shown there, and holds every frame."""
    assert "docs/demo.webp" in (ROOT / "README.md").read_text(encoding="utf-8")
    path = ROOT / "docs" / "demo.webp"
    assert path.stat().st_size < 400_000
    with Image.open(path) as picture:
        assert picture.n_frames > 0.5 * (maker.TO_S - maker.FROM_S) / maker.FRAME_S
        assert picture.size == (maker.COLUMNS * maker.CELL[0], maker.LINES * maker.CELL[1])

"""The trace and the spectrogram in pixels."""

from __future__ import annotations

import numpy as np
import pytest

from monitor.dashboard.display.raster import MAX_COLOURS, Paper, raster
from monitor.dashboard.drawing.canvas import RED, TerminalStyle
from monitor.dashboard.drawing.spectrogram import SpectrogramPicture
from monitor.dashboard.drawing.waveform import TracePicture, axis_until
from monitor.dashboard.trace import BIN_S, Trace

AXIS = axis_until(5.0, 50, TerminalStyle())
BINS = AXIS.width * AXIS.bins


def trace_picture(low, high, gain_db=0.0, first_bin=0, lost_s=()):
    """Return a picture of constant extremes."""
    shape = (BINS,)
    return TracePicture(
        Trace(first_bin, np.full(shape, low, np.float32), np.full(shape, high, np.float32), lost_s), AXIS, gain_db
    )


def spectrogram_picture(tensor=None, span=(0.0, 5.0)):
    """Return a picture of a window of five seconds."""
    tensor = np.zeros((64, 64, 3), np.float32) if tensor is None else tensor
    return SpectrogramPicture(tensor, "heart", span, 5.0, AXIS)


@pytest.mark.parametrize("width", [50, 400, 1000, 1700])
def test_a_trace_fills_from_its_lowest_to_its_highest_sample(width):
    """Half of the scale is half of the height; a gain of 6 dB doubles it."""
    image, _ = raster(trace_picture(-0.5, 0.5), width, 80, Paper())
    assert image.shape == (80, width)
    assert (image[20:60] == image.max()).all()
    assert not image[:20].any()
    assert not image[60:].any()
    louder, _ = raster(trace_picture(-0.25, 0.25, gain_db=20 * np.log10(2)), width, 80, Paper())
    np.testing.assert_array_equal(louder, image)


def test_silence_is_a_line_and_nothing_before_the_sound():
    """A line one pixel thick in the middle; background where no sample is known."""
    image, _ = raster(trace_picture(0.0, 0.0), 500, 80, Paper())
    assert (image.sum(axis=0) == image.max()).all()
    assert image[40].all()
    later, _ = raster(trace_picture(0.0, 0.0, first_bin=BINS // 2), 500, 80, Paper())
    assert not later[:, :245].any()
    assert later[40, 255:].all()


def test_lost_sound_is_hatched():
    """In red, and nothing else stands there."""
    image, palette = raster(trace_picture(-1.0, 1.0, lost_s=((1.0, 2.0),)), 500, 40, Paper())
    hatched = image[:, 110:190]
    assert set(np.unique(hatched)) == {0, len(palette) - 1}
    red = tuple(int(RED[begin : begin + 2], 16) for begin in (1, 3, 5))
    assert tuple(palette[-1].tolist()) == red


def test_a_bright_pixel_is_where_its_frequency_and_time_are():
    """Low frequencies are at the bottom, and a column is as wide as its share of the window."""
    tensor = np.full((64, 64, 3), -1.0, np.float32)
    tensor[0, 32, 0] = 2.0
    image, _ = raster(spectrogram_picture(tensor), 640, 320, Paper())
    row, column = np.unravel_index(image.argmax(), image.shape)
    assert row >= 315
    assert 320 <= column < 330


@pytest.mark.parametrize(("light", "quiet"), [(False, (0, 0, 3)), (True, (252, 254, 164))])
def test_outside_of_the_window_is_background(light, quiet):
    """The last colour is the terminal's own; the quietest one is the darkest, on a light background the lightest."""
    tensor = np.full((64, 64, 3), -1.0, np.float32)
    paper = Paper((1, 2, 3), light)
    image, palette = raster(spectrogram_picture(tensor, (2.5, 7.5)), 500, 100, paper)
    assert (image[:, :249] == len(palette) - 1).all()
    assert not image[:, 251:].any()
    assert tuple(palette[-1].tolist()) == (1, 2, 3)
    assert tuple(palette[0].tolist()) == quiet


@pytest.mark.parametrize("colours", [8, 16, 1024])
def test_no_more_colours_than_the_terminal_has(colours):
    """As few as it says, and never more than are told apart."""
    tensor = np.random.default_rng(0).uniform(-2, 3, (64, 64, 3)).astype(np.float32)
    tensor[0, 0] = np.nan
    for content in (trace_picture(-1.0, 1.0), spectrogram_picture(tensor)):
        image, palette = raster(content, 100, 100, Paper(colours=colours))
        assert image.max() < len(palette) <= min(colours, MAX_COLOURS)


def test_another_content_is_refused():
    """It says which."""
    with pytest.raises(TypeError, match="content=str must be"):
        raster("text", 1, 1, Paper())


def test_an_axis_cell_is_as_wide_as_in_characters():
    """A column of pixels shows the moment that the characters show there."""
    assert AXIS.cell_s == AXIS.bins * BIN_S

"""The network's input image is drawn the right way up, in inferno, at the available size."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.color import Color

from monitor.dashboard.drawing.canvas import Line, TerminalStyle
from monitor.dashboard.drawing.layout import Layout, RowPlan
from monitor.dashboard.drawing.spectrogram import (
    COLOUR_STEPS,
    SPECTROGRAM,
    axis_labels,
    image_lines,
    image_rows,
    on_axis,
)
from monitor.dashboard.drawing.state import DashboardState
from monitor.dashboard.drawing.waveform import axis_until
from monitor.features.colormap import INFERNO
from monitor.features.spec import HEART
from monitor.features.spectrogram import input_image
from monitor.messages import Level, Quality, Snapshot, Start, Verdict, WindowEvent

TENSOR = np.random.default_rng(3).normal(size=(64, 64, 3)).astype(np.float32)


def layout_of(tensor: np.ndarray | None, shift_s: float = 0.0) -> Layout:
    """Return a screen of 80x24 with a window from 2.5 to 7.5 s, or before it."""
    start = Start("a.wav", 4000, "heart-sounds", "", ("normal", "murmur"), 5.0, 0.5, 30.0, 1.0)
    verdict = Verdict("uncertain")
    window = WindowEvent(5, 2.5, 7.5, verdict, verdict, Quality(0.9), None, False, False, 1.0)
    shown = None if tensor is None else window
    snapshot = Snapshot(start, 7.6, shown, tensor, (), Level(-30.0, -20.0, False), 1.0, 2.0, 0, 0, 0, False)
    return Layout(snapshot, 80, 24, TerminalStyle(), DashboardState(shift_s=shift_s))


def blank(value: float = -10.0) -> np.ndarray:
    """Return an image of one value."""
    return np.full((64, 64, 3), value, np.float32)


def text_of(line: Line) -> str:
    """Return the characters of a line."""
    return "".join(segment.text for segment in line)


def rgb(color: Color | None) -> tuple[int, int, int]:
    """Return a colour's three bytes."""
    assert color is not None
    return tuple(color.get_truecolor())  # type: ignore[return-value]


def lightness(color: Color | None) -> float:
    """Return the lightness of a colour."""
    return float(np.dot(rgb(color), (0.2126, 0.7152, 0.0722)))


def halves(line: Line, column: int) -> tuple[float, float]:
    """Return the lightness of the upper and the lower pixel of a cell."""
    style = line[column].style
    assert style is not None
    return lightness(style.color), lightness(style.bgcolor)


class TestColours:
    """Half blocks in inferno."""

    def test_low_frequencies_are_at_the_bottom(self) -> None:
        """Energy in row 0 lights the lowest pixel, energy in row 63 the highest."""
        tensor = blank()
        tensor[0, :, 0] = tensor[63, :, 0] = 10
        lines = image_lines(tensor, SPECTROGRAM, 32, 64, TerminalStyle())
        upper, lower = halves(lines[-1], 5)
        assert lower > 200 > 50 > upper
        upper, lower = halves(lines[0], 5)
        assert upper > 200 > 50 > lower

    def test_time_runs_to_the_right(self) -> None:
        """Column 0 is the oldest, at the left."""
        tensor = blank()
        tensor[:, 0, 0] = 10
        line = image_lines(tensor, SPECTROGRAM, 32, 64, TerminalStyle())[7]
        assert halves(line, 0)[0] > 200
        assert halves(line, 1)[0] < 50

    def test_the_range_covers_all_of_inferno(self) -> None:
        """The lowest value gets the first colour of inferno, the highest the last."""
        for value, row in ((-10.0, 0), (10.0, 255)):
            style = image_lines(blank(value), SPECTROGRAM, 10, 64, TerminalStyle())[3][9].style
            assert style is not None
            assert rgb(style.color) == rgb(style.bgcolor) == tuple(INFERNO[row])

    @pytest.mark.parametrize(("lines", "columns"), [(32, 64), (10, 64), (4, 44), (1, 1), (13, 63)])
    def test_has_the_requested_size(self, lines: int, columns: int) -> None:
        """The image has the requested lines and columns."""
        drawn = image_lines(blank(), SPECTROGRAM, lines, columns, TerminalStyle())
        assert len(drawn) == lines
        assert {len(text_of(line)) for line in drawn} == {columns}

    def test_is_never_enlarged(self) -> None:
        """With more room, the image still has 32 lines of 64 cells."""
        drawn = image_lines(blank(), SPECTROGRAM, 50, 200, TerminalStyle())
        assert len(drawn) == 32
        assert len(text_of(drawn[0])) == 64

    @given(st.integers(0, 63), st.integers(0, 63), st.integers(1, 32))
    def test_a_single_bright_pixel_is_visible_at_every_size(self, row: int, column: int, lines: int) -> None:
        """Max pooling keeps a single bright pixel."""
        tensor = blank()
        tensor[row, column, 0] = 10
        drawn = image_lines(tensor, SPECTROGRAM, lines, 64, TerminalStyle())
        lit = [(at, x) for at, line in enumerate(drawn) for x in range(64) if max(halves(line, x)) > 200]
        assert len(lit) == 1
        assert lit[0][1] == column

    def test_nan_is_dark(self) -> None:
        """An image of NaN is dark."""
        assert halves(image_lines(blank(np.nan), SPECTROGRAM, 8, 64, TerminalStyle())[0], 0)[0] < 50

    def test_without_blocks_the_background_is_coloured(self) -> None:
        """A terminal with colours but without block characters gets coloured spaces."""
        drawn = image_lines(blank(10.0), SPECTROGRAM, 8, 64, TerminalStyle(unicode=False))
        assert len(drawn) == 8
        assert text_of(drawn[0]) == " " * 64
        assert drawn[0][0].style is not None
        assert lightness(drawn[0][0].style.bgcolor) > 200


class TestShades:
    """Images without colours."""

    def test_shades_have_no_colour(self) -> None:
        """Without gradients the image consists of shade characters."""
        tensor = blank()
        tensor[:32, :, 0] = 10
        drawn = image_lines(tensor, SPECTROGRAM, 8, 64, TerminalStyle(colour=False, gradient=False))
        assert [text_of(line)[0] for line in drawn] == [" "] * 4 + ["█"] * 4
        assert all(segment.style is None or segment.style.color is None for line in drawn for segment in line)

    def test_ascii_stays_ascii(self) -> None:
        """Without Unicode the shades are ASCII."""
        rng = np.random.default_rng(0)
        tensor = rng.normal(size=(64, 64, 3)).astype(np.float32)
        drawn = image_lines(tensor, SPECTROGRAM, 10, 64, TerminalStyle(False, False, False))
        assert all(text_of(line).isascii() for line in drawn)
        assert len({*"".join(map(text_of, drawn))}) > 5


class TestArticle:
    """Input images in the inferno colormap."""

    @pytest.mark.parametrize("step", [0, 40, 128, 200, 255])
    def test_the_colours_are_restored(self, step: int) -> None:
        """An image of one colour is drawn in that colour, or its neighbour."""
        tensor = np.broadcast_to(INFERNO[step].astype(np.float32) / 255, (64, 64, 3))
        style = image_lines(np.ascontiguousarray(tensor), SPECTROGRAM, 8, 64, TerminalStyle(), "article")[0][0].style
        assert style is not None
        near = INFERNO[max(0, step - 4) : step + 5].astype(int)
        assert np.abs(near - np.array(rgb(style.color))).sum(axis=1).min() <= 4

    def test_the_top_row_is_at_the_top(self) -> None:
        """Row 0 of the article's image is drawn first."""
        tensor = np.zeros((64, 64, 3), np.float32)
        tensor[0] = INFERNO[255] / np.float32(255)
        drawn = image_lines(tensor, SPECTROGRAM, 32, 64, TerminalStyle(), "article")
        assert halves(drawn[0], 0)[0] > 200
        assert halves(drawn[-1], 0)[1] < 50


class TestAxisLabels:
    """Frequencies and rates beside the rows."""

    def test_the_ends_are_always_labelled(self) -> None:
        """However few lines, the outer rows are labelled."""
        for lines in range(2, 33):
            labels = axis_labels(SPECTROGRAM, lines)
            assert labels[0] == "1 kHz"
            assert labels[lines - 1] == "16 Hz"

    def test_a_tone_is_drawn_at_its_frequency(self) -> None:
        """A tone of 500 Hz is brightest on the line labelled 500 Hz, at every height."""
        time = np.arange(HEART.window_samples) / HEART.sample_rate
        tensor = input_image(np.sin(2 * np.pi * 500 * time).astype(np.float32), HEART)
        for lines in (8, 10, 20, 32):
            drawn = image_lines(tensor, SPECTROGRAM, lines, 64, TerminalStyle())
            light = [max(halves(line, 30)) for line in drawn]
            labelled = next(line for line, text in axis_labels(SPECTROGRAM, lines).items() if text == "500 Hz")
            assert light[labelled] == max(light)

    def test_inner_labels_need_room(self) -> None:
        """An image of a few lines is labelled at its ends only."""
        assert len(axis_labels(SPECTROGRAM, 4)) == 2
        assert len(axis_labels(SPECTROGRAM, 10)) == 4


def test_cells_are_cached() -> None:
    """Cells of equal pixels are the same segment, from image to image."""
    first = image_lines(blank(0.5), SPECTROGRAM, 8, 64, TerminalStyle())
    second = image_lines(blank(0.5), SPECTROGRAM, 8, 64, TerminalStyle())
    assert first[0][0] is second[3][7]
    assert COLOUR_STEPS <= 256


class TestOnAxis:
    """The picture stands on the time axis of the sound."""

    @pytest.mark.parametrize("width", [44, 64, 104, 184])
    @pytest.mark.parametrize("column", [0, 20, 63])
    def test_a_click_is_at_its_moment(self, width: int, column: int) -> None:
        """The brightest cell of a column holds the column's middle, or is beside it."""
        steps = np.zeros((64, 64), np.intp)
        steps[:, column] = 63
        axis = axis_until(10.0, width, TerminalStyle())
        drawn = on_axis(steps, (5.0, 10.0), 5.0, axis)
        middle = axis.cell(5.0 + (column + 0.5) * 5.0 / 64)
        assert abs(int(np.argmax(drawn[0])) - middle) <= 1
        assert drawn.max() > 31

    @pytest.mark.parametrize("width", [44, 64, 104, 184])
    def test_outside_of_the_window_it_is_empty(self, width: int) -> None:
        """Before its start and behind its end, where newer sound waits for the next window."""
        axis = axis_until(10.5, width, TerminalStyle())
        drawn = on_axis(np.ones((64, 64), np.intp), (5.0, 10.0), 5.0, axis)[0]
        starts = axis.start_s + axis.cell_s * np.arange(width)
        inside = (starts + axis.cell_s > 5.0 + 1e-6) & (starts < 10.0 - 1e-6)
        np.testing.assert_array_equal(drawn == 1, inside)
        assert 0 < inside.sum() < width

    def test_the_same_window_is_not_drawn_again(self) -> None:
        """The cells are the same objects until the array or the axis changes."""
        first, second = (image_rows(layout_of(TENSOR), RowPlan(image=4)) for _ in range(2))
        assert all(one[3] is other[3] for one, other in zip(first, second, strict=True))
        changed = image_rows(layout_of(TENSOR + np.float32(0.5)), RowPlan(image=4))
        assert [text_of(line) for line in changed] == [text_of(line) for line in first]
        assert changed != first

    def test_without_a_picture_it_says_why(self) -> None:
        """Before the first window."""
        rows = image_rows(layout_of(None), RowPlan(image=5, axis=1))
        assert "no picture: it shows the last 5 s once they are heard" in text_of(rows[2])

    def test_whole_seconds_stand_below_their_cells(self) -> None:
        """Of the recording, also after a seek."""
        layout = layout_of(TENSOR, shift_s=20.0)
        axis = text_of(image_rows(layout, RowPlan(image=4, axis=1))[-1])
        for second in (3, 5, 7):
            assert axis.index(f"{second + 20} s") == 9 + layout.axis.cell(second + 1e-6)

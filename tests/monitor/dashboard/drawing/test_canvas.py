"""Rows keep columns and width, whatever is put into them."""

from __future__ import annotations

import io
import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.color import Color
from rich.console import Console
from rich.segment import Segment

from monitor.dashboard.drawing.canvas import (
    AMBER,
    BLUE,
    GREEN,
    GREY,
    PLAIN,
    RED,
    ROSE,
    SIXTEEN,
    TEAL,
    VIOLET,
    YELLOW,
    Canvas,
    Row,
    TerminalStyle,
    ink,
)

PRINTABLE = st.text(st.characters(exclude_categories=["C", "Z", "M"]), max_size=12)


def text_of(row: Row) -> str:
    """Return the characters of a row."""
    return "".join(segment.text for segment in row.line())


class TestRow:
    """One line, filled from left to right."""

    def test_texts_are_at_their_columns(self) -> None:
        """Spaces fill the gaps between texts."""
        assert text_of(Row(12).put(1, "ab").put(6, "cd")) == " ab   cd    "

    def test_text_is_cut_at_the_edge(self) -> None:
        """Nothing reaches beyond the width."""
        assert text_of(Row(5).put(2, "abcdef").put(9, "x")) == "  abc"

    def test_texts_do_not_overlap(self) -> None:
        """A text at an occupied column is moved behind the text there."""
        assert text_of(Row(8).put(0, "abcd").put(2, "ef")) == "abcdef  "

    def test_right_ends_before_the_margin(self) -> None:
        """A text at the right leaves one cell free by default."""
        assert text_of(Row(6).right("ab")) == "   ab "
        assert text_of(Row(6).right("ab", margin=0)) == "    ab"

    def test_right_text_that_is_too_long_keeps_its_beginning(self) -> None:
        """A text wider than the row is cut at its end."""
        assert text_of(Row(3).right("abcdef")) == "abc"

    def test_drawn_cells_are_taken_whole(self) -> None:
        """Segments are added if all fit, and omitted otherwise."""
        segments = [Segment("xx"), Segment("yy")]
        assert text_of(Row(6).draw(1, segments, 4)) == " xxyy "
        assert text_of(Row(4).draw(1, segments, 4)) == "    "

    @given(st.integers(1, 30), st.lists(st.tuples(st.integers(-3, 40), PRINTABLE), max_size=6))
    def test_has_always_the_requested_width(self, width: int, texts: list[tuple[int, str]]) -> None:
        """With wide characters and columns off the screen too, the line has the requested width."""
        row = Row(width)
        for column, text in texts:
            row.put(column, text)
        assert cell_len(text_of(row)) == width


class TestCanvas:
    """The finished screen."""

    def test_prints_as_a_rich_renderable(self) -> None:
        """Rich writes each line once, in order."""
        file = io.StringIO()
        canvas = Canvas(3, (Row(3).put(0, "ab").line(), Row(3).put(0, "cd").line()))
        Console(file=file, width=3).print(canvas, end="")
        assert [line.rstrip() for line in file.getvalue().splitlines()] == ["ab", "cd"]

    def test_text_has_no_trailing_spaces(self) -> None:
        """Each line of the text ends at its last character."""
        canvas = Canvas(4, (Row(4).put(0, "ab").line(), Row(4).line()))
        assert canvas.text == "ab\n\n"


class TestTerminalStyle:
    """What a terminal can show."""

    @pytest.mark.parametrize(
        ("system", "no_color", "style"),
        [
            ("truecolor", False, TerminalStyle(True, True, True)),
            ("256", False, TerminalStyle(True, True, True)),
            ("standard", False, TerminalStyle(True, False, True)),
            ("truecolor", True, TerminalStyle(False, False, True)),
            (None, False, TerminalStyle(False, False, True)),
        ],
    )
    def test_follows_the_console(self, system: str | None, no_color: bool, style: TerminalStyle) -> None:
        """Colours, gradients and NO_COLOR are taken from the console."""
        console = Console(file=io.StringIO(), force_terminal=True, color_system=system, no_color=no_color, _environ={})  # type: ignore[arg-type]
        assert TerminalStyle.from_console(console) == style

    def test_no_color_in_the_environment_counts(self) -> None:
        """NO_COLOR turns colours off as the argument does."""
        console = Console(file=io.StringIO(), force_terminal=True, color_system="truecolor", _environ={"NO_COLOR": "1"})
        assert not TerminalStyle.from_console(console).colour

    @pytest.mark.parametrize(("encoding", "unicode"), [("utf-8", True), ("ascii", False), ("cp1252", False)])
    def test_follows_the_encoding(self, encoding: str, unicode: bool) -> None:
        """Block characters are used with UTF encodings only."""
        file = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
        assert TerminalStyle.from_console(Console(file=file, _environ={})).unicode is unicode

    def test_without_colour_only_weight_is_left(self) -> None:
        """Without colours a style still distinguishes bold from dim."""
        style = TerminalStyle(colour=False).ink("#ff0000", on="#00ff00", bold=True)
        assert style.color is None
        assert style.bgcolor is None
        assert style.bold

    def test_styles_are_cached(self) -> None:
        """Equal arguments give the same object."""
        assert ink("#123456", "", True, False) is ink("#123456", "", True, False)
        assert TerminalStyle().ink() == PLAIN


COLOUR_VISION = {
    "normal": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
WHITE = np.array([0.9505, 1.0, 1.089])
LABELS = (GREEN, AMBER, VIOLET)
STATES = (YELLOW, BLUE, GREY, RED)


def lab(colour, vision):
    """Return a colour in CIE L*a*b* for a kind of colour vision."""
    value = np.array(Color.parse(colour).get_truecolor(), float) / 255
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    xyz = TO_XYZ @ np.clip(np.asarray(COLOUR_VISION[vision]) @ linear, 0, 1) / WHITE
    x, y, z = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("vision", COLOUR_VISION)
def test_labels_and_states_are_distinguishable(vision):
    """Labels are at least 30 apart in L*a*b*, labels and states 15; 2 is just noticeable."""
    seen = {colour: lab(colour, vision) for colour in (*LABELS, *STATES)}

    def min_distance(colours):
        return min(float(np.linalg.norm(seen[a] - seen[b])) for a, b in itertools.combinations(colours, 2))

    assert min_distance(LABELS) > 30
    assert min_distance((*LABELS, *STATES)) > 15


def test_every_colour_is_readable_on_black():
    """Each has a lightness above 40."""
    assert all(lab(colour, "normal")[0] > 40 for colour in SIXTEEN)


def test_the_16_colours_are_all_different():
    """No two colours coincide on a terminal with 16 colours."""
    assert set(SIXTEEN) == {*LABELS, *STATES, TEAL, ROSE}
    assert len(set(SIXTEEN.values())) == len(SIXTEEN)
    assert all(Color.parse(name).number is not None and Color.parse(name).number < 16 for name in SIXTEEN.values())

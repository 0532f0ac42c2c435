"""Rows keep columns and width, whatever is put into them."""

from __future__ import annotations

import io
import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.color import Color, ColorSystem
from rich.console import Console
from rich.segment import Segment

from monitor.dashboard.drawing.canvas import (
    AMBER,
    BLUE,
    GREEN,
    GREY,
    LIGHT,
    PLAIN,
    RED,
    ROSE,
    SIXTEEN,
    SIXTEEN_LIGHT,
    TEAL,
    TRACK,
    VIOLET,
    YELLOW,
    Canvas,
    Row,
    TerminalStyle,
    cut,
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


INKS = {GREEN, AMBER, VIOLET, TEAL, ROSE, YELLOW, BLUE, GREY, RED}
MIN_CONTRAST = 4.5
"""Of text to its background. Source: WCAG 2.2, success criterion 1.4.3."""
MIN_LARGE_CONTRAST = 3.0
"""Of large letters, and of what is no text. Source: WCAG 2.2, success criteria 1.4.3 and 1.4.11."""
GROUNDS = {False: ("#000000", "#1e1e1e", "#002b36", TRACK), True: ("#ffffff", "#fdf6e3", LIGHT[TRACK])}
"""Black and white, the grounds of common themes (Visual Studio Code, Solarized), and that of the history."""
SIXTEEN_NAMES = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
PALETTES = {
    ("xterm", False): ("#000000", "#cd0000", "#00cd00", "#cdcd00", "#0000ee", "#cd00cd", "#00cdcd", "#e5e5e5"),
    ("xterm", True): ("#7f7f7f", "#ff0000", "#00ff00", "#ffff00", "#5c5cff", "#ff00ff", "#00ffff", "#ffffff"),
    ("vga", False): ("#000000", "#aa0000", "#00aa00", "#aa5500", "#0000aa", "#aa00aa", "#00aaaa", "#aaaaaa"),
    ("vga", True): ("#555555", "#ff5555", "#55ff55", "#ffff55", "#5555ff", "#ff55ff", "#55ffff", "#ffffff"),
}
"""By terminal, and whether they are the bright ones. Source: XTerm-col.ad; console_codes(4)."""


def luminance(colour: str) -> float:
    """Return the relative luminance of ``#rrggbb``. Source: WCAG 2.2."""
    parts = [int(colour[begin : begin + 2], 16) / 255 for begin in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("vision", COLOUR_VISION)
def test_labels_are_distinguishable_on_a_light_background(vision):
    """As on a dark one; dark colours lie closer together, and states, which have letters too, are 10 apart."""
    seen = {colour: lab(LIGHT[colour], vision) for colour in (*LABELS, *STATES)}
    apart = {pair: float(np.linalg.norm(seen[pair[0]] - seen[pair[1]])) for pair in itertools.combinations(seen, 2)}
    assert min(apart[pair] for pair in itertools.combinations(LABELS, 2)) > 30
    assert min(apart.values()) > 10


class TestContrast:
    """Text is legible on light and on dark backgrounds."""

    def test_black_on_white_is_the_most(self) -> None:
        """The measure itself."""
        assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
        assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)

    @pytest.mark.parametrize("light", [False, True])
    @pytest.mark.parametrize("system", [ColorSystem.TRUECOLOR, ColorSystem.EIGHT_BIT])
    @pytest.mark.parametrize("colour", sorted(INKS))
    def test_every_colour(self, colour: str, system: ColorSystem, light: bool) -> None:
        """As it is, and as the nearest of 256; what is dim has a colour too."""
        style = TerminalStyle(light=light)
        for drawn in (style.ink(colour), style.ink(dim=True)):
            assert drawn.color is not None
            assert not drawn.dim
            shown = drawn.color.downgrade(system).get_truecolor().hex
            assert contrast(shown, GROUNDS[light][0]) >= MIN_CONTRAST
            assert min(contrast(shown, ground) for ground in GROUNDS[light]) >= MIN_LARGE_CONTRAST

    @pytest.mark.parametrize("light", [False, True])
    @pytest.mark.parametrize("terminal", ["xterm", "vga"])
    def test_every_colour_of_sixteen(self, terminal: str, light: bool) -> None:
        """With the palettes of xterm and of the VGA, also where bold is shown as the lighter colour."""
        style, ground = TerminalStyle(gradient=False, light=light), "#ffffff" if light else "#000000"
        for colour, bold in itertools.product(INKS, (False, True)):
            name = (SIXTEEN_LIGHT if light else SIXTEEN)[colour]
            drawn = style.ink(colour, bold=bold)
            assert (drawn.color.name if drawn.color else "") == name
            if not name:
                continue  # the terminal's own
            palette = PALETTES[terminal, name.startswith("bright_") or bool(drawn.bold)]
            shown = palette[SIXTEEN_NAMES.index(name.removeprefix("bright_"))]
            assert contrast(shown, ground) >= MIN_CONTRAST, (colour, name)

    def test_there_is_a_light_colour_for_each(self) -> None:
        """None is left out."""
        assert set(LIGHT) >= INKS
        assert set(SIXTEEN) == set(SIXTEEN_LIGHT) == INKS


@given(st.lists(PRINTABLE, max_size=4), st.integers(0, 40), st.integers(0, 40))
def test_cut_keeps_the_cells_between(texts: list[str], first: int, after: int) -> None:
    """As many cells as asked for, as far as the line has them."""
    line = tuple(Segment(text, PLAIN) for text in texts)
    cells = sum(cell_len(text) for text in texts)
    kept = cut(line, first, after)
    assert sum(segment.cell_length for segment in kept) == max(0, min(after, cells) - min(first, cells))
    if all(cell_len(sign) == 1 for text in texts for sign in text):
        assert "".join(segment.text for segment in kept) == "".join(texts)[first : max(first, after)]

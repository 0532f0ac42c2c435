"""Numbers become characters of exactly the requested width."""

from __future__ import annotations

import math
import string

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from monitor.dashboard.drawing.glyphs import (
    bar,
    big_letters,
    clock,
    db_fraction,
    fit,
    fit_path,
    fit_words,
    pixels,
    pool,
    shade_rows,
    sparkline,
)

WILD_FLOATS = st.floats(allow_nan=True, allow_infinity=True)


class TestBar:
    """Bars of block characters."""

    @pytest.mark.parametrize(
        ("fraction", "text"),
        [(0.0, ""), (1.0, "████"), (0.5, "██"), (0.25 + 1 / 32, "█▏"), (0.5 + 7 / 32, "██▉"), (0.125, "▌")],
    )
    def test_fills_eighths_of_a_cell(self, fraction: float, text: str) -> None:
        """A bar of four cells has a resolution of 32 eighths."""
        assert bar(fraction, 4) == text

    def test_ascii_fills_whole_cells(self) -> None:
        """Without block characters a bar consists of number signs."""
        assert bar(0.5, 10, unicode=False) == "#####"

    @given(WILD_FLOATS, st.integers(0, 200), st.booleans())
    def test_never_exceeds_the_width(self, fraction: float, width: int, unicode: bool) -> None:
        """Any number gives a bar of at most the width."""
        text = bar(fraction, width, unicode=unicode)
        assert len(text) <= width
        assert unicode or text.isascii()

    @given(st.floats(0, 1), st.floats(0, 1), st.integers(1, 80))
    def test_is_monotonic(self, one: float, other: float, width: int) -> None:
        """A larger fraction never gives a shorter bar."""
        low, high = sorted((one, other))
        assert len(bar(low, width)) <= len(bar(high, width))

    @pytest.mark.parametrize("fraction", [math.nan, math.inf, -math.inf])
    def test_not_finite_is_empty(self, fraction: float) -> None:
        """NaN and the infinities give an empty bar."""
        assert bar(fraction, 8) == ""


class TestLevel:
    """Levels as fractions of the bar."""

    @pytest.mark.parametrize(("db", "fraction"), [(-60, 0), (-120, 0), (-30, 0.5), (0, 1), (6, 1), (-math.inf, 0)])
    def test_runs_from_minus_sixty_to_full_scale(self, db: float, fraction: float) -> None:
        """The bar begins at -60 dB and ends at full scale."""
        assert db_fraction(db) == pytest.approx(fraction)

    @given(WILD_FLOATS)
    def test_is_always_a_fraction(self, db: float) -> None:
        """Any level, NaN included, is between 0 and 1."""
        assert 0 <= db_fraction(db) <= 1


class TestClock:
    """Positions in minutes and seconds."""

    @pytest.mark.parametrize(
        ("seconds", "text"),
        [
            (0, "0:00.0"),
            (7.5, "0:07.5"),
            (59.95, "0:59.9"),
            (60, "1:00.0"),
            (0.3, "0:00.3"),
            (3599.9, "59:59.9"),
            (3600, "1:00:00.0"),
            (36_061.2, "10:01:01.2"),
            (-1, "0:00.0"),
            (math.nan, "0:00.0"),
        ],
    )
    def test_known_times(self, seconds: float, text: str) -> None:
        """Tenths are truncated, never rounded up."""
        assert clock(seconds) == text

    @given(st.integers(0, 360_000))
    def test_tenths_are_exact(self, tenths: int) -> None:
        """A whole number of tenths is shown exactly."""
        *front, rest = clock(tenths / 10).split(":")
        minutes = sum(int(part) * 60**power for power, part in enumerate(reversed(front)))
        assert minutes * 600 + round(float(rest) * 10) == tenths


class TestFit:
    """Texts cut and padded to a width."""

    @pytest.mark.parametrize(
        ("text", "width", "fitted"),
        [("abc", 5, "abc  "), ("abcdef", 5, "abcd…"), ("abc", 3, "abc"), ("abc", 1, "…"), ("abc", 0, "")],
    )
    def test_pads_and_cuts(self, text: str, width: int, fitted: str) -> None:
        """Short texts are padded, long ones end in an ellipsis."""
        assert fit(text, width) == fitted

    def test_ascii_has_its_own_ellipsis(self) -> None:
        """Without Unicode text and ellipsis are ASCII."""
        assert fit("Töne lang", 6, unicode=False) == "T?ne ~"

    def test_wide_characters_count_twice(self) -> None:
        """Wide characters take two cells each."""
        assert cell_len(fit("心音心音", 5)) == 5

    @given(st.text(), st.integers(0, 40), st.booleans())
    def test_has_exactly_the_width(self, text: str, width: int, unicode: bool) -> None:
        """Any text gets the requested width and contains no control characters."""
        fitted = fit(text, width, unicode=unicode)
        assert cell_len(fitted) == width
        assert fitted.isprintable()
        assert unicode or fitted.isascii()


class TestBigLetters:
    """Letters three lines high."""

    def test_draws_a_word(self) -> None:
        """Two letters in half blocks."""
        assert big_letters("LT") == ("█   ▀█▀", "█    █ ", "▀▀▀  ▀ ")

    def test_case_does_not_matter(self) -> None:
        """Upper and lower case look the same."""
        assert big_letters("murmur") == big_letters("MURMUR")

    @pytest.mark.parametrize("text", ["", "naïve", "a/b", "心"])
    def test_unknown_characters_have_no_big_form(self, text: str) -> None:
        """A text with an unknown character gives None."""
        assert big_letters(text) is None

    @given(st.text(string.ascii_letters + string.digits + " -", min_size=1, max_size=20))
    def test_lines_are_equally_wide(self, text: str) -> None:
        """Three lines, all of one width, at most six cells to the character."""
        lines = big_letters(text)
        assert lines is not None
        assert len({len(line) for line in lines}) == 1
        assert len(text) <= len(lines[0]) <= 6 * len(text)
        assert set("".join(lines)) <= set(" ▀▄█")

    def test_no_two_characters_look_alike(self) -> None:
        """Every letter and digit has its own form, except the letter O and zero, and S and 5."""
        signs = string.ascii_uppercase + string.digits
        assert len({big_letters(sign) for sign in signs}) >= len(signs) - 2

    @pytest.mark.parametrize("text", ["normal", "murmur", "extrastole", "no signal", "poor signal", "uncertain"])
    def test_every_verdict_fits(self, text: str) -> None:
        """The known labels and states fit the 43 columns that a small screen has for them."""
        lines = big_letters(text)
        assert lines is not None
        assert len(lines[0]) <= 43


class TestPool:
    """Max pooling."""

    def test_keeps_the_largest(self) -> None:
        """Each pixel is the largest of its block."""
        image = np.arange(16, dtype=np.float32).reshape(4, 4)
        np.testing.assert_array_equal(pool(image, 2, 2), [[5, 7], [13, 15]])

    def test_is_never_enlarged(self) -> None:
        """A size beyond the image leaves it as it is."""
        image = np.arange(16, dtype=np.float32).reshape(4, 4)
        np.testing.assert_array_equal(pool(image, 9, 4), image)

    @given(st.integers(1, 70), st.integers(1, 70), st.integers(0, 63), st.integers(0, 63))
    def test_a_single_bright_pixel_is_never_lost(self, height: int, width: int, row: int, column: int) -> None:
        """At any size one bright pixel appears once, at its position."""
        image = np.zeros((64, 64), np.float32)
        image[row, column] = 1
        small = pool(image, height, width)
        assert small.shape == (min(height, 64), min(width, 64))
        assert small.sum() == 1
        at_row, at_column = np.argwhere(small)[0]
        assert abs(at_row / small.shape[0] - row / 64) <= 1 / small.shape[0]
        assert abs(at_column / small.shape[1] - column / 64) <= 1 / small.shape[1]


class TestPixels:
    """Values to colour indices."""

    def test_low_row_is_at_the_bottom(self) -> None:
        """Row 0 of an image becomes the last row."""
        image = np.array([[0.0, 0.0], [1.0, 1.0]], np.float32)
        np.testing.assert_array_equal(pixels(image, 0, 1, 10), [[9, 9], [0, 0]])

    def test_values_are_clipped(self) -> None:
        """Values outside the range get the nearest step."""
        image = np.array([[-5.0, 0.5, 5.0]], np.float32)
        np.testing.assert_array_equal(pixels(image, 0, 1, 4), [[0, 2, 3]])

    def test_not_finite_values(self) -> None:
        """NaN and minus infinity give the first step, infinity the last, without a warning."""
        image = np.array([[np.nan, -np.inf, np.inf]], np.float32)
        with np.errstate(all="raise"):
            np.testing.assert_array_equal(pixels(image, -1, 1, 64), [[0, 0, 63]])

    @given(st.lists(st.floats(-10, 10, width=32), min_size=1, max_size=20), st.integers(2, 256))
    def test_is_monotonic_in_the_value(self, values: list[float], steps: int) -> None:
        """A larger value never gets a lower step."""
        row = np.array([sorted(values)], np.float32)
        result = pixels(row, -3, 3, steps)[0]
        assert np.all(np.diff(result) >= 0)
        assert 0 <= result.min() <= result.max() < steps


class TestShades:
    """Images without colours."""

    def test_unicode_shades(self) -> None:
        """Five shades from nothing to a full block."""
        assert shade_rows(np.array([[0, 13, 26, 39, 63]]), 64) == [" ░▒▓█"]

    def test_ascii_shades(self) -> None:
        """Ten characters of increasing density."""
        assert shade_rows(np.arange(10)[None], 10, unicode=False) == [" .:-=+*#%@"]

    def test_one_line_per_row(self) -> None:
        """Rows keep count, order and width."""
        rows = shade_rows(np.array([[0, 0, 0], [9, 9, 9]]), 10)
        assert rows == ["   ", "███"]


class TestPaths:
    """The folder of a path is cut, not its name."""

    @given(st.text(max_size=60), st.text(string.ascii_letters, min_size=1, max_size=20), st.integers(1, 90))
    def test_has_the_requested_width_and_keeps_the_name(self, folder: str, name: str, width: int) -> None:
        """Any folder; the name stays whole where it and a cut folder fit."""
        shown = fit_path(f"{folder}/{name}", width)
        assert cell_len(shown) == width
        if width >= len(name) + 2:
            assert shown.rstrip().endswith(name)

    def test_a_short_path_is_whole(self) -> None:
        """And a text without a folder is cut at its end."""
        assert fit_path("a/b.wav", 9) == "a/b.wav  "
        assert fit_path("a long name", 6) == "a lon…"


@given(st.text(string.ascii_letters + " ", max_size=200), st.integers(3, 60), st.integers(1, 4))
def test_words_are_never_cut_where_they_fit_a_line(text: str, width: int, lines: int) -> None:
    """Every word shown is a word of the text, and what is left out is marked."""
    shown = fit_words(text, width, lines)
    assert len(shown) <= lines
    assert all(cell_len(line) <= width for line in shown)
    words = text.split()
    if max(map(len, words), default=0) <= width - 2:
        said = " ".join(shown).split()
        whole = said[:-1] if said and said[-1] == "…" else said
        assert whole == words[: len(whole)]
        assert said == words or said[-1:] == ["…"]


class TestSparkline:
    """A curve of one character per value."""

    def test_low_and_high(self) -> None:
        """The lowest and the highest sign at the limits, and beyond them."""
        assert sparkline([0, 100, 200, -5], 0, 100) == "▁██▁"
        assert sparkline([0.0, None, 1.0], 0, 1, unicode=False) == "_ ^"

    def test_equal_limits(self) -> None:
        """Nothing is divided by zero."""
        assert sparkline([5, 5], 5, 5) == "▁▁"

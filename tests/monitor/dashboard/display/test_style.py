"""What the environment tells of a terminal."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from monitor.dashboard.display.options import DisplayOptions
from monitor.dashboard.display.style import has_console_font, light_by_environment, style_of


class Utf8(io.StringIO):
    """A file of UTF-8."""

    encoding = "utf-8"


@pytest.fixture
def console():
    """Return a console of 256 colours."""
    return Console(file=Utf8(), force_terminal=True, color_system="256", legacy_windows=False, _environ={})


@pytest.mark.parametrize(
    ("value", "light"),
    [("0;15", True), ("0;default;7", True), ("15;0", False), ("7;8", False), ("15;default", None), ("", None)],
)
def test_the_background_of_colorfgbg(value, light):
    """White and the bright colours are light, the others and bright black dark."""
    assert light_by_environment({"COLORFGBG": value}) is light


@pytest.mark.parametrize(
    ("environment", "unicode"),
    [
        ({"LANG": "C", "LC_CTYPE": "C.UTF-8"}, False),
        ({"LC_ALL": "POSIX", "LANG": "de_DE.UTF-8"}, False),
        ({"LANG": "C", "LC_CTYPE": "de_DE.UTF-8"}, True),
        ({"LC_CTYPE": "C.UTF-8"}, True),
        ({"LANG": "en_GB.UTF-8"}, True),
        ({}, True),
    ],
)
def test_a_plain_locale_has_ascii_only(console, environment, unicode):
    """A chosen C locale is ASCII, though Python sets LC_CTYPE to UTF-8 there; no locale at all says nothing."""
    assert style_of(console, environment=environment).unicode is unicode


def test_what_a_person_asks_wins(console):
    """ASCII, no colours, and a theme against what the environment says."""
    style = style_of(console, DisplayOptions(ascii=True, no_color=True, theme="dark"), {"COLORFGBG": "0;15"})
    assert not (style.unicode)
    assert not (style.colour)
    assert not (style.gradient)
    assert not (style.light)
    assert style_of(console, DisplayOptions(), {"COLORFGBG": "0;15"}).light


def test_the_console_of_linux():
    """It is known by its name."""
    assert has_console_font({"TERM": "linux"})
    assert not has_console_font({"TERM": "xterm"})
    assert not has_console_font({})

"""What is asked of the display: flags, variables and the config file, read only where there is a screen."""

from __future__ import annotations

import argparse
import io
import sys
from unittest import mock

import pytest

from monitor.commands.options.display_options import add_display_arguments, display_options
from monitor.dashboard.display.options import AUTOMATIC, DisplayOptions
from monitor.errors import AuscultError


class Screen(io.StringIO):
    """Standard output that is a terminal."""

    def isatty(self):
        """Return True."""
        return True


@pytest.fixture(autouse=True)
def file(tmp_path, monkeypatch):
    """Return the path of the config file."""
    path = tmp_path / "config.toml"
    path.write_text("")
    monkeypatch.setenv("AUSCULT_CONFIG", str(path))
    return path


def asked(*words, stdout=None, **others):
    """Return what a command line asks."""
    parser = argparse.ArgumentParser()
    add_display_arguments(parser)
    options = parser.parse_args(words)
    for name, value in others.items():
        setattr(options, name, value)
    with mock.patch.object(sys, "stdout", stdout or Screen()):
        return display_options(options)


def test_nothing_asked_is_automatic():
    """The terminal decides."""
    assert asked() == AUTOMATIC


def test_flags():
    """Each has its own."""
    words = ("--ascii", "--no-color", "--theme", "light", "--graphics", "sixel")
    assert asked(*words) == DisplayOptions(True, True, "light", "sixel")


def test_the_file_is_overridden_by_a_variable_and_by_a_flag(file, monkeypatch):
    """A setting may also be switched off again by its flag."""
    file.write_text('ascii = true\ntheme = "light"\ngraphics = "off"\n')
    assert asked() == DisplayOptions(ascii=True, theme="light", graphics="off")
    monkeypatch.setenv("AUSCULT_THEME", "dark")
    assert asked("--no-ascii", "--graphics", "kitty") == DisplayOptions(theme="dark", graphics="kitty")


def test_an_impossible_setting_is_told(file):
    """With what it may be."""
    file.write_text('theme = "pink"\n')
    with pytest.raises(AuscultError, match="pink"):
        asked()


@pytest.mark.parametrize("others", [{"json": True}, {"plain": True}])
def test_without_a_screen_no_setting_is_read(file, others):
    """A file that cannot be used harms no lines."""
    file.write_text("theme = 3\n")
    assert asked(**others) == AUTOMATIC
    assert asked(stdout=io.StringIO()) == AUTOMATIC

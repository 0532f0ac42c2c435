"""Loading pylsl: one line where it, or liblsl, is missing."""

from __future__ import annotations

import builtins
import sys

import pytest

from monitor.audio.sources.lsl.library import load_pylsl
from monitor.errors import AuscultError, MissingExtraError


def test_it_is_the_module(pylsl):
    """The one that is installed."""
    assert load_pylsl("--lsl") is pylsl


def test_without_the_package(monkeypatch):
    """The line names the extra."""
    monkeypatch.setitem(sys.modules, "pylsl", None)
    with pytest.raises(MissingExtraError, match=r"--lsl needs pylsl.*\[lsl\]"):
        load_pylsl("--lsl")


def test_without_the_library(monkeypatch):
    """It raises RuntimeError where it finds no liblsl."""
    real = builtins.__import__

    def no_liblsl(name, *rest):
        if name == "pylsl":
            raise RuntimeError("LSL binary library file was not found.")
        return real(name, *rest)

    monkeypatch.setattr("monitor.audio.sources.lsl.library.check_installed", lambda *_: None)
    monkeypatch.setattr(builtins, "__import__", no_liblsl)
    with pytest.raises(AuscultError, match="liblsl is not installed"):
        load_pylsl("--lsl")

"""Versions, disk and terminal: passed, or with the next step."""

from __future__ import annotations

import collections
import io
import os
import shutil
from importlib import metadata

import pytest
from rich.console import Console

from monitor._version import __version__
from monitor.commands.setup.doctor.computer import check_disk, check_terminal, check_versions
from monitor.features.compiled.library import unused_reason, without_library


def console(encoding="utf-8", **options):
    """Return a console of a certain kind."""
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    options = {"force_terminal": True, "color_system": "truecolor", "legacy_windows": False} | options
    return Console(file=file, width=100, height=30, **options)


def test_versions():
    """Ours, Python's and those of the packages that matter."""
    check = check_versions()
    assert check.state == "passed"
    assert check.facts["auscult"] == __version__
    assert check.facts["numpy"] == metadata.version("numpy")
    assert f"numpy {metadata.version('numpy')}" in check.finding


def test_a_package_that_is_missing(monkeypatch):
    """It is named."""
    real = metadata.version

    def version(name):
        if name == "soxr":
            raise metadata.PackageNotFoundError(name)
        return real(name)

    monkeypatch.setattr(metadata, "version", version)
    check = check_versions()
    assert (check.state, check.finding) == ("failed", "soxr not installed")
    assert "soxr" not in check.facts


@pytest.mark.parametrize(("free", "state"), [(2e9, "passed"), (1e9, "warning"), (0, "warning")])
def test_room_for_sessions(tmp_path, monkeypatch, free, state):
    """Three hours of the largest sound, of a folder that need not exist yet; the facts name no folder."""
    usage = collections.namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**12, 0, free) if path == tmp_path else None)
    check = check_disk(tmp_path / "data" / "sessions")
    assert check.state == state
    assert bool(check.next_step) == (state != "passed")
    assert check.facts == {"free_gb": free / 1e9, "writable": True}
    assert f"{free / 345.6e6:.0f} hours" in check.finding


def test_a_folder_that_is_not_ours(tmp_path, monkeypatch):
    """It is said, because a session could not be kept."""
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    check = check_disk(tmp_path)
    assert check.state == "warning"
    assert "not yours to write to" in check.finding
    assert check.next_step == "auscult config --set session_dir=DIR"


def test_a_folder_in_one_that_must_not_be_searched(tmp_path, monkeypatch):
    """The nearest folder that can be seen is judged; the check does not end the others."""
    stat = os.stat

    def refuse(path, **flags):
        if str(path).startswith(str(tmp_path / "closed")):
            raise PermissionError(13, "Permission denied", str(path))
        return stat(path, **flags)

    monkeypatch.setattr(os, "stat", refuse)
    assert check_disk(tmp_path / "closed" / "sessions").state == "passed"


def test_a_disk_that_does_not_answer(tmp_path, monkeypatch):
    """One line, with the reason."""

    def fail(path):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(shutil, "disk_usage", fail)
    assert "Input/output error" in check_disk(tmp_path).finding


def test_a_good_terminal():
    """Size, colours and encoding."""
    check = check_terminal(console())
    assert (check.state, check.finding) == ("passed", "100 x 30, truecolor colours, utf-8")


def test_terminals_that_show_less(monkeypatch):
    """No terminal is skipped, one without block characters warned of, one without a cursor fails."""
    assert check_terminal(console(force_terminal=False)).state == "skipped"
    latin = check_terminal(console("latin-1"))
    assert latin.state == "warning"
    assert "UTF-8" in latin.next_step
    monkeypatch.setenv("TERM", "dumb")
    dumb = check_terminal(console())
    assert dumb.state == "failed"
    assert "--plain" in dumb.next_step


def test_whether_the_compiled_front_end_is_used():
    """Said in the same line, with the reason where it is not: neither is a fault."""
    used = check_versions()
    assert used.facts["compiled"] is (unused_reason() is None)
    with without_library():
        check = check_versions()
    assert check.state == "passed"
    assert check.facts["compiled"] is False
    assert check.finding.endswith("; NumPy front end (it is switched off here)")

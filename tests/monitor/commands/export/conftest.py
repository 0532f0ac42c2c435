"""A session folder with every kind of line, and a call of the command."""

from __future__ import annotations

import pytest

from monitor.cli import main
from tests.monitor.archive.conftest import (  # noqa: F401 - fixtures
    anonymous_dir,
    crashed,
    lines,
    session_dir,
    session_writer,
    timeline,
    window_maker,
)


@pytest.fixture
def export(capsys, tmp_path, monkeypatch):
    """Return a call of `auscult export` in an empty folder that gives exit code and standard error."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)

    def call(*arguments):
        try:
            code = main(["export", *map(str, arguments)])
        except SystemExit as end:
            code = end.code
        captured = capsys.readouterr()
        assert captured.out == ""
        return code, captured.err

    return call


@pytest.fixture
def write_content(tmp_path):
    """Return a function that writes what a format renders, and gives the paths by ending."""
    from monitor.atomic_write import write_atomic

    def write(contents, name):
        paths = {ending: tmp_path / f"{name}{ending}" for ending in contents}
        for ending, content in contents.items():
            write_atomic(paths[ending], content)
        return paths

    return write

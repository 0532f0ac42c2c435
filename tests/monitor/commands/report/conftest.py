"""Session folders, and a call of the command."""

from __future__ import annotations

import pytest

from monitor.archive.session_timeline import session_timeline
from monitor.cli import main
from monitor.commands.report.contents import chapter
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
def report(capsys, tmp_path, monkeypatch):
    """Return a call of `auscult report` in an empty folder that gives exit code, standard output and standard error."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)

    def call(*arguments):
        try:
            code = main(["report", *map(str, arguments)])
        except SystemExit as end:
            code = end.code
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


@pytest.fixture
def contents(session_dir):  # noqa: F811
    """Return the contents of the session with every kind of line."""
    return chapter(*session_timeline(session_dir))


@pytest.fixture
def of_lines(session_writer, tmp_path):  # noqa: F811
    """Return a function that gives the timeline of a session with some lines."""

    def make(some_lines, **changes):
        return session_timeline(session_writer(tmp_path / "made", some_lines, **changes))[0]

    return make

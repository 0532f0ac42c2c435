"""The limits of what is heard: those that their words name, and the same wherever they are checked."""

from __future__ import annotations

import ast
import io
from pathlib import Path

import numpy as np
import pytest
import soundfile

from monitor.audio import limits
from monitor.cli import main


def test_importing_it_imports_nothing():
    """A number can be checked before any library is loaded."""
    tree = ast.parse(Path(limits.__file__).read_text(encoding="utf-8"))
    imported = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    assert [getattr(node, "module", None) for node in imported] == ["__future__"]


def test_no_file_has_more_channels():
    """Libsndfile writes as many, and refuses one more."""
    for channels, fits in ((limits.MAX_CHANNELS, True), (limits.MAX_CHANNELS + 1, False)):
        file = io.BytesIO()
        try:
            soundfile.write(file, np.zeros((2, channels), np.float32), 4000, format="WAV")
        except soundfile.LibsndfileError:
            assert not fits
        else:
            assert fits


@pytest.mark.parametrize(
    ("flag", "value", "limit"),
    [
        ("--rate", limits.MIN_RATE_HZ - 1, limits.MIN_RATE_HZ),
        ("--rate", limits.MAX_RATE_HZ + 1, limits.MAX_RATE_HZ),
        ("--channel", limits.MAX_CHANNELS + 1, limits.MAX_CHANNELS),
        ("--latency", limits.MAX_LATENCY_S + 0.1, limits.MAX_LATENCY_S),
    ],
)
def test_a_number_beyond_is_a_mistake_of_usage(flag, value, limit, capsys):
    """One line with the flag and the limit, before any device is looked for."""
    try:
        code = main(["listen", flag, str(value)])
    except SystemExit as end:
        code = end.code
    assert code in (1, 2)  # 1 where a config file may be what is wrong
    (line,) = capsys.readouterr().err.splitlines()
    assert flag in line
    assert f"{limit:g}" in line


def test_the_default_latency_lies_within():
    """Above 0, for a late callback needs a reserve."""
    assert 0.0 < limits.LATENCY_S <= limits.MAX_LATENCY_S

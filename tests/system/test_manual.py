"""The manual page is that of the present arguments."""

from __future__ import annotations

import re
import runpy
import shutil
import subprocess
from pathlib import Path

import pytest

from monitor.cli import COMMANDS

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "auscult.1"


def test_the_page_is_written_from_the_parsers() -> None:
    """After a change of an argument: python docs/make/make_manual.py."""
    made = runpy.run_path(str(ROOT / "docs" / "make" / "make_manual.py"))["manual"]()
    assert PAGE.read_text(encoding="utf-8") == made


def test_every_command_is_there() -> None:
    """In the order of the help."""
    text = PAGE.read_text(encoding="utf-8")
    assert re.findall(r"^\.SS auscult (.+)$", text, re.MULTILINE) == list(COMMANDS)


@pytest.mark.skipif(shutil.which("groff") is None, reason="needs groff")
def test_man_reads_it_without_a_warning() -> None:
    """Every request and escape is one that man knows."""
    done = subprocess.run(
        ["groff", "-man", "-Tutf8", "-ww", "-P-cbou", str(PAGE)], capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    assert "auscult replay" in done.stdout

"""Parts of the suite: a test is marked by what it uses; a fast one neither starts a process nor uses TensorFlow."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).with_name("conftest.py")
SUITE = {
    "test_marked": """
import subprocess
import pytest

def run():
    return subprocess.run(["true"])

@pytest.fixture
def ran():
    return run()

def test_direct(): subprocess.run(["true"])
def test_helper(): run()
def test_fixture(ran): pass
def test_skips(): pytest.importorskip("tensorflow")
def test_network(tiny_network): pass
@pytest.mark.slow
def test_explicit(): pass
""",
    "test_left_out": """
import pytest
pytest.importorskip("tensorflow", reason="not collected by the fast run")
def test_anything(): pass
""",
    "test_caught": """
import contextlib
import importlib
import os
import sys

def test_fine(): pass
def test_system(): getattr(os, "system")("true")
def test_swallowed():
    with contextlib.suppress(AssertionError):
        getattr(os, "system")("true")
def test_import():
    sys.modules.pop("tensorflow", None)
    importlib.import_module("tensorflow")
""",
}


@pytest.fixture(scope="module")
def fast_run(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return what the fast run of a small suite with our conftest prints."""
    folder = tmp_path_factory.mktemp("suite")
    (folder / "pytest.ini").write_text("[pytest]\naddopts = --strict-markers --import-mode=importlib\n")
    (folder / "conftest.py").write_text(CONFTEST.read_text(encoding="utf-8"), encoding="utf-8")
    for name, text in SUITE.items():
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-m", "fast", "-rA", "-q", "-p", "no:cacheprovider", "."]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True).stdout


def test_what_uses_something_slow_is_left_out(fast_run: str) -> None:
    """Processes, TensorFlow and the explicit marker keep a test, or a whole file, out of the fast run."""
    assert "test_marked.py" not in fast_run
    assert "test_left_out.py" not in fast_run
    assert "6 deselected" in fast_run


@pytest.mark.parametrize("name", ["test_system", "test_import"])
def test_what_was_missed_fails(fast_run: str, name: str) -> None:
    """A process or TensorFlow that could not be seen in the code fails the test."""
    assert f"FAILED test_caught.py::{name}" in fast_run


def test_an_exception_that_is_swallowed_fails_all_the_same(fast_run: str) -> None:
    """The guard remembers what it refused."""
    assert "ERROR test_caught.py::test_swallowed" in fast_run


def test_the_others_pass(fast_run: str) -> None:
    """A test that uses nothing slow runs."""
    assert "PASSED test_caught.py::test_fine" in fast_run

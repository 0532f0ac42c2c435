"""The examples in the docstrings run and print what they show."""

from __future__ import annotations

import doctest
import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
HAVE_EXAMPLES = sorted(
    path.relative_to(ROOT).with_suffix("").as_posix()
    for package in ("monitor", "training")
    for path in (ROOT / package).rglob("*.py")
    if ">>> " in path.read_text(encoding="utf-8")
)
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
KERAS_IMPORT = re.compile(r"^(?:import|from) (?:keras|tensorflow)\b", re.MULTILINE)


def module_of(path: str) -> str:
    """Return the dotted name of a module, of its path below the root without the suffix."""
    return path.removesuffix("/__init__").replace("/", ".")


def check(path: str) -> None:
    """Run the examples of one module."""
    module = importlib.import_module(module_of(path))
    failed, attempted = doctest.testmod(module, optionflags=OPTIONS)
    assert attempted
    assert not failed, f"{failed} of {attempted} examples of {module.__name__} failed; see the captured output"


def needs_tensorflow(path: str) -> bool:
    """Return whether importing a module, or its examples, takes TensorFlow."""
    return bool(KERAS_IMPORT.search((ROOT / f"{path}.py").read_text(encoding="utf-8")))


@pytest.mark.parametrize("path", [path for path in HAVE_EXAMPLES if not needs_tensorflow(path)])
def test_the_examples_run(path: str) -> None:
    """Every example of a module prints what its docstring shows."""
    check(path)


@pytest.mark.parametrize("path", [path for path in HAVE_EXAMPLES if needs_tensorflow(path)])
def test_the_examples_with_tensorflow_run(path: str) -> None:
    """The same for modules that import TensorFlow."""
    pytest.importorskip("tensorflow", reason="the module needs the training extra")
    check(path)

"""The examples in the docstrings run and print what they show."""

from __future__ import annotations

import ast
import doctest
import functools
import importlib
import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
FILES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for package in ("monitor", "training")
    for path in sorted((ROOT / package).rglob("*.py"))
}
WITH_EXAMPLES = [name for name, path in FILES.items() if ">>> " in path.read_text(encoding="utf-8")]
TENSORFLOW = [
    pytest.mark.training,
    pytest.mark.skipif(importlib.util.find_spec("tensorflow") is None, reason="the module needs the training extra"),
]


def imported(name: str) -> Iterator[str]:
    """Yield what importing a module of ours imports; of ``from a import b`` both ``a`` and ``a.b``."""
    for statement in ast.parse(FILES[name].read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.Import):
            yield from (alias.name for alias in statement.names)
        elif isinstance(statement, ast.ImportFrom):
            yield from (statement.module or "", *(f"{statement.module}.{alias.name}" for alias in statement.names))


@functools.cache
def needs_tensorflow(name: str) -> bool:
    """Return whether importing a module imports TensorFlow, without importing it."""
    names = set(imported(name))
    return bool(names & {"tensorflow", "keras"}) or any(needs_tensorflow(other) for other in names & FILES.keys())


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=TENSORFLOW if needs_tensorflow(name) else []) for name in WITH_EXAMPLES]
)
def test_the_examples_run(name: str) -> None:
    """Every example of a module prints what its docstring shows."""
    failed, attempted = doctest.testmod(importlib.import_module(name), optionflags=OPTIONS)
    assert attempted
    assert not failed, f"{failed} of {attempted} examples failed; the captured output shows which"

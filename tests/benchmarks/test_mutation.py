"""How the mutation run counts: what is killed, what is equivalent, what was not run."""

from __future__ import annotations

import doctest
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "benchmarks" / "mutation" / "run.py"
REASONS = {"f: `a` -> `b`": "Equivalent: the same", "g: `a` -> `b`": "Text: nobody reads it"}


@pytest.fixture(scope="module")
def mutation() -> ModuleType:
    """Return the program as a module."""
    spec = importlib.util.spec_from_file_location("mutation_run", PROGRAM)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def test_every_group_has_its_modules_and_tests(mutation: ModuleType) -> None:
    """Modules and test files exist, and no module is in two groups."""
    modules = [module for group in mutation.GROUPS.values() for module in group.modules]
    assert len(modules) == len(set(modules))
    for name in [f"{module}.py" for module in modules]:
        assert (ROOT / name).is_file(), name
    for name in [name for group in mutation.GROUPS.values() for name in group.test_files()]:
        assert (ROOT / name).is_file(), name


@pytest.mark.parametrize(
    ("killed", "equivalent", "survived", "not_run", "enough"),
    [(9, 0, 1, 0, True), (8, 0, 1, 0, False), (9, 5, 1, 0, True), (9, 0, 1, 50, True), (0, 0, 0, 3, False)],
)
def test_nine_in_ten_must_be_killed(
    mutation: ModuleType, killed: int, equivalent: int, survived: int, not_run: int, enough: bool
) -> None:
    """Of those that were run and are not equivalent; a group of which none was run is not enough."""
    statuses = ["killed"] * killed + ["survived"] * (equivalent + survived) + ["not checked"] * not_run
    changes = ["f: `a` -> `b`"] * equivalent + ["g: `a` -> `b`"] * survived
    report = mutation.Report("verdict", {str(k): status for k, status in enumerate(statuses)}, changes)
    assert mutation.is_enough(report, REASONS) == enough


def test_a_mutant_that_no_test_calls_counts_as_survived(mutation: ModuleType) -> None:
    """One that never ends is killed; one that no test reaches is not."""
    report = mutation.Report("verdict", {"a": "timeout", "b": "no tests"}, ["f: `x` -> `y`"])
    assert mutation.fraction_killed(report, REASONS) == 0.5


def test_the_row_of_a_group(mutation: ModuleType) -> None:
    """Mutants, run, killed, timeouts, equivalent, survived, and the percentage without the equivalent ones."""
    statuses = {"a": "killed", "b": "timeout", "c": "survived", "d": "survived", "e": "not checked"}
    report = mutation.Report("ring", statuses, [*REASONS])
    assert mutation.row(report, REASONS).split() == ["ring", "5", "4", "2", "1", "1", "1", "66.7"]


def test_survivors_without_a_reason_are_marked(mutation: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    """A star before those that the document does not list."""
    mutation.print_survivors(mutation.Report("ring", {}, ["g: `a` -> `b`", "h: `a` -> `b`"]), REASONS)
    assert capsys.readouterr().out.splitlines()[1:] == ["ring: 2 survivors", "  g: `a` -> `b`", "* h: `a` -> `b`"]


def test_methods_are_named_with_their_class(mutation: ModuleType) -> None:
    """The mangled name becomes module, class and function; a change of several lines is joined."""
    diff = "--- a.py\n+++ a.py\n@@ -1,2 +1,2 @@\n context\n-    a\n-    b\n+    c\n"
    assert (
        mutation.change_in("m.ring_buffer.xǁRingBufferǁpush__mutmut_12", diff)
        == "ring_buffer.RingBuffer.push: `a b` -> `c`"
    )


def test_the_examples_in_its_docstrings(mutation: ModuleType) -> None:
    """They give what they say."""
    assert doctest.testmod(mutation) == (0, 2)


def test_every_listed_survivor_has_a_reason(mutation: ModuleType) -> None:
    """The document lists survivors below headings that say why."""
    reasons = mutation.reasons_in(mutation.SURVIVORS.read_text(encoding="utf-8"))
    assert reasons
    assert all(reason for reason in reasons.values())


def test_an_unknown_group_is_refused(mutation: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    """Before anything is copied; the message lists the groups."""
    with pytest.raises(SystemExit):
        mutation.main(["verdicts"])
    assert "no group verdicts; there are verdict, rolling," in capsys.readouterr().err


def program(folder: Path, *lines: str) -> str:
    """Write a program that stands for Python with mutmut; return its path."""
    path = folder / "python"
    path.write_text("\n".join(("#!/bin/sh", *lines)) + "\n", encoding="utf-8")
    path.chmod(0o755)
    return str(path)


@pytest.mark.subprocess
def test_what_takes_too_long_is_stopped(mutation: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With all that it started, and what it has written to its files stays."""
    monkeypatch.setattr(sys, "executable", program(tmp_path, "echo begun >begun.txt", "sleep 3600 & wait"))
    assert mutation.mutmut(tmp_path, "run", time_limit_s=1.0) == ""
    assert (tmp_path / "begun.txt").read_text(encoding="utf-8") == "begun\n"


@pytest.mark.subprocess
def test_a_failure_shows_what_was_printed(
    mutation: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where a test fails without a mutant; the caller may say that a failure is expected."""
    monkeypatch.setattr(sys, "executable", program(tmp_path, "echo a test fails", "exit 3"))
    with pytest.raises(RuntimeError, match="mutmut run failed:\na test fails"):
        mutation.mutmut(tmp_path, "run")
    assert mutation.mutmut(tmp_path, "run", check=False) == "a test fails\n"

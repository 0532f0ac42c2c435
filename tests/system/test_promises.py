"""Every promise in docs/promises.md names tests that exist; and those of its promises that concern the whole code."""

from __future__ import annotations

import ast
import functools
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "promises.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py::\w+)`", PAGE)))
ROWS = [line for line in PAGE.split("## What is not promised")[0].splitlines() if line.startswith("| ")]


@functools.cache
def functions(path: str) -> set[str]:
    """Return the names of all functions of a file."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("name", NAMED)
def test_a_named_test_exists(name: str) -> None:
    """The file has a function of that name."""
    path, _, function = name.partition("::")
    assert function in functions(path)


def test_every_promise_names_a_test() -> None:
    """Each row of the tables, but for their heads."""
    heads = [row for row in ROWS if row.endswith("| test |")]
    promises = [row for row in ROWS if row not in heads]
    assert len(promises) > 20
    assert [row for row in promises if not re.search(r"`tests/[\w/]+\.py::\w+`", row)] == []


def test_what_is_named_is_well_formed() -> None:
    """Nothing in the page looks like a test and is none: a name that is cut or misspelt."""
    assert len(re.findall(r"tests/[^`|\s]*", PAGE)) == len(re.findall(r"`tests/[\w/]+\.py::\w+`", PAGE))


def test_the_clock_of_the_day_is_only_printed() -> None:
    """Times of day are read where they are printed or name a file, so a clock that is set back moves no position."""
    uses = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "monitor").rglob("*.py")
        if re.search(
            r"\btime\.time\b|datetime\.now\b|\.utcnow\b|\btime\.(localtime|ctime|gmtime)\b", path.read_text("utf-8")
        )
    }
    assert uses == {
        "monitor/commands/options/session_options.py",  # a session's name, and which are older than a limit
        "monitor/commands/report/command.py",  # the day on which a report was made
        "monitor/commands/report/scans/written.py",
        "monitor/commands/review/controller.py",  # the name of a screenshot
        "monitor/dashboard/controller.py",
        "monitor/serve/senders/webhook.py",  # the time that a signed request bears
        "monitor/sessions/session.py",
        "monitor/text/event_lines.py",
    }

"""The comparison of two golden runs: what counts as a difference, and what is left out."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

PROGRAM = Path(__file__).resolve().parents[2] / "benchmarks" / "golden_run.py"


@pytest.fixture(scope="module")
def golden_run() -> ModuleType:
    """Return the program as a module."""
    spec = importlib.util.spec_from_file_location("golden_run", PROGRAM)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_what_differs_from_run_to_run_is_left_out(golden_run: ModuleType) -> None:
    """Latencies, paths and the version go, at every depth; all else stays."""
    line = {"type": "window", "latency_ms": 3.1, "inner": [{"path": "/tmp/a.wav", "scores": [0.25, 0.75]}]}
    assert golden_run.comparable(line) == {"type": "window", "inner": [{"scores": [0.25, 0.75]}]}


def test_json_lines_are_parsed_and_reduced(golden_run: ModuleType) -> None:
    """One value for each line."""
    text = "\n".join(json.dumps({"index": index, "latency_ms": index}) for index in range(2))
    assert golden_run.json_lines(text) == [{"index": 0}, {"index": 1}]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"a": [1, 2.5, "x"]}, {"a": [1, 2.5, "x"]}, []),
        ({"a": 1}, {"a": 1, "b": 2}, []),
        ({"a": 1, "b": 2}, {"a": 1}, ["/b: missing"]),
        ({"a": [0.5, 0.25]}, {"a": [0.5, 0.75]}, ["/a[1]: 0.25 before, 0.75 after"]),
        ([1, 2], [1], [": 2 items before, 1 after"]),
        ({"a": 1}, [1], [": {'a': 1} before, [1] after"]),
        (1e-9, 2e-9, [": 1e-09 before, 2e-09 after"]),
    ],
)
def test_differences_name_the_position(golden_run: ModuleType, before: Any, after: Any, expected: list[str]) -> None:
    """Equal runs give no line, an added key none, everything else one line with its position and both values."""
    assert golden_run.differences(before, after) == expected


def test_recordings_are_spread_over_the_folder(golden_run: ModuleType, tmp_path: Path) -> None:
    """Every second of four files, sorted by path; files of other kinds are ignored."""
    for name in ("a.wav", "b.flac", "c.wav", "d.wav", "notes.txt"):
        (tmp_path / name).touch()
    assert [path.name for path in golden_run.recordings_of(tmp_path, 2)] == ["a.wav", "c.wav"]


def test_too_few_recordings_end_the_program(golden_run: ModuleType, tmp_path: Path) -> None:
    """The message says how many there are and how many are needed."""
    with pytest.raises(SystemExit, match="holds 0 recordings, 40 are needed"):
        golden_run.recordings_of(tmp_path)


def test_numbers_of_a_page(golden_run: ModuleType, tmp_path: Path) -> None:
    """Signs, decimals and thousands stay in one piece."""
    page = tmp_path / "page.md"
    page.write_text("0.818 (0.773 to 0.857), 1,024 windows at -3 dB\n", encoding="utf-8")
    assert golden_run.numbers_of(page) == ["0.818", "0.773", "0.857", "1,024", "-3"]

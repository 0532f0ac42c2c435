"""The outputs of the program as one JSON file: run it before and after a refactoring, and compare.

    python benchmarks/golden_run.py DATA --out before.json
    python benchmarks/golden_run.py DATA --out after.json --against before.json

DATA is the folder with the data sets. The file holds the JSON lines of 40 recordings, spread evenly over the sorted
paths of DATA, and of the demo, all at full speed; the metrics of ``auscult evaluate`` on one data set, named by
``--evaluate``; and every number on the model card and in docs/EVIDENCE.md, in the order of the text. Latencies,
times of day and paths are left out, because they differ between any two runs. The exit code is 1 if the runs differ.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

NUM_RECORDINGS = 40
SUFFIXES = (".wav", ".flac")
NOT_COMPARED = {"latency_ms", "version", "elapsed_s", "wall_s", "lateness_ms", "path", "took_s", "started"}
"""Keys whose values differ between any two runs."""
NUMBER = re.compile(r"-?\d+(?:[.,]\d+)*")
PAGES = ("models/heart-sounds/CARD.md", "docs/EVIDENCE.md")


def recordings_of(data: Path, count: int = NUM_RECORDINGS) -> list[Path]:
    """Return ``count`` recordings below a folder, evenly spread over their sorted paths."""
    paths = sorted(path for path in data.rglob("*") if path.suffix in SUFFIXES)
    if len(paths) < count:
        raise SystemExit(f"golden_run: {data} holds {len(paths)} recordings, {count} are needed")
    return [paths[index * len(paths) // count] for index in range(count)]


def auscult(*arguments: str) -> str:
    """Return what ``auscult`` with these arguments prints on standard output."""
    command = [sys.executable, "-m", "monitor", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def comparable(value: Any) -> Any:
    """Return a JSON value without the keys in ``NOT_COMPARED``, at every depth."""
    if isinstance(value, dict):
        return {key: comparable(item) for key, item in value.items() if key not in NOT_COMPARED}
    if isinstance(value, list):
        return [comparable(item) for item in value]
    return value


def json_lines(text: str) -> list[Any]:
    """Return one comparable value per line."""
    return [comparable(json.loads(line)) for line in text.splitlines()]


def numbers_of(page: Path) -> list[str]:
    """Return the numbers in a text, in order."""
    return NUMBER.findall(page.read_text(encoding="utf-8"))


def golden_run(data: Path, evaluated: str, root: Path) -> dict[str, Any]:
    """Return the outputs of the installed program and the numbers on the pages of the checkout."""
    result: dict[str, Any] = {}
    for path in recordings_of(data):
        name = path.relative_to(data).as_posix()
        result[f"replay {name}"] = json_lines(auscult("replay", str(path), "--speed", "max", "--json"))
        print(name, file=sys.stderr)
    result["demo"] = json_lines(auscult("demo", "--speed", "max", "--json"))
    metrics = auscult("evaluate", "heart-sounds", str(data / evaluated), "--json")
    result["evaluate"] = comparable(json.loads(metrics))
    for page in PAGES:
        result[page] = numbers_of(root / page)
    return result


def differences(before: Any, after: Any, where: str = "") -> list[str]:
    """Return a line for each position at which two JSON values differ; an added key is no difference."""
    if isinstance(before, dict) and isinstance(after, dict):
        missing = [f"{where}/{key}: missing" for key in before if key not in after]
        return missing + [
            line for key in before if key in after for line in differences(before[key], after[key], f"{where}/{key}")
        ]
    if isinstance(before, list) and isinstance(after, list):
        if len(before) != len(after):
            return [f"{where}: {len(before)} items before, {len(after)} after"]
        return [
            line
            for index, (one, other) in enumerate(zip(before, after, strict=True))
            for line in differences(one, other, f"{where}[{index}]")
        ]
    return [] if before == after else [f"{where}: {before!r} before, {after!r} after"]


def main() -> int:
    """Run, write, compare; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("data", type=Path, help="the folder with the data sets")
    parser.add_argument("--evaluate", default="pascal/set_b", help="the data set to evaluate on, a folder in DATA")
    parser.add_argument("--out", type=Path, required=True, help="the file to write")
    parser.add_argument("--against", type=Path, help="the file of an earlier run")
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parents[1], help="the checkout")
    arguments = parser.parse_args()
    result = golden_run(arguments.data, arguments.evaluate, arguments.root)
    arguments.out.write_text(json.dumps(result, indent=1, allow_nan=False), encoding="utf-8")
    if arguments.against is None:
        return 0
    lines = differences(json.loads(arguments.against.read_text(encoding="utf-8")), result)
    print("\n".join(lines) or "no difference")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())

"""Runs inputs in a process of their own, with limits of time and memory; a crash or a hang costs one input.

The process writes a line of JSON for each input. Where no line comes in time it is killed, the input is noted, and the
next process goes on behind it; so it is after a crash.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import resource
import select
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from monitor.dashboard.resources import resident_bytes

__all__ = ["Results", "run_inputs", "serve"]

TIMEOUT_S = 20.0
"""For one input; the longest takes well below a second."""
START_S = 120.0
MEMORY_BYTES = 512 * 2**20
"""What the process may allocate beyond what it has at its start."""
WARM_UP = 200
"""Inputs before the growth of memory is measured."""


@dataclasses.dataclass
class Results:
    """What became of the inputs.

    Attributes
    ----------
    tried : int
    results : Counter
        Inputs by result, and by original, kind of damage and result.
    faults : list of dict
        Inputs that did what they must not, with their seeds.
    untold : list of dict
        Inputs whose loss was not told.
    memory_mb : list of tuple of (int, float)
        Number of the input in its process, and resident memory after it.
    """

    tried: int = 0
    results: Counter[str] = dataclasses.field(default_factory=Counter)
    by_kind: Counter[str] = dataclasses.field(default_factory=Counter)
    faults: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    untold: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    memory_mb: list[tuple[int, float]] = dataclasses.field(default_factory=list)
    longest_s: float = 0.0

    def add(self, line: dict[str, Any]) -> None:
        """Count one input."""
        self.tried += 1
        self.results[line["result"]] += 1
        self.by_kind[f"{line['kind']}: {line['result']}"] += 1
        self.longest_s = max(self.longest_s, line["seconds"])
        self.memory_mb.append((line["number"], line["memory_mb"]))
        if line["faults"]:
            self.faults.append(line)
        if line["untold"]:
            self.untold.append(line)

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        warm = [(number, memory) for number, memory in self.memory_mb if number >= WARM_UP]
        slope = float(np.polyfit(*np.array(warm).T, 1)[0]) * 1000.0 if len(warm) > WARM_UP else None
        return {
            "tried": self.tried,
            **dict(sorted(self.results.items())),
            "longest_input_s": round(self.longest_s, 3),
            "memory_mb_max": round(max((memory for _, memory in self.memory_mb), default=0.0), 1),
            "memory_mb_per_1000_inputs": None if slope is None else round(slope, 3),
            "by_kind": dict(sorted(self.by_kind.items())),
            "untold": self.untold,
            "faults": self.faults,
        }


def run_inputs(command: list[str], first_seed: int, seconds: float, max_inputs: int | None = None) -> Results:
    """Run inputs from a seed on, for a time or a number; ``command`` starts the process, the seed is added to it."""
    found, seed = Results(), first_seed
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and (max_inputs is None or found.tried < max_inputs):
        for line in _lines([sys.executable, *command, str(seed)], deadline):
            if line is None:
                break
            seed = line["seed"] + 1
            found.add(line)
            if max_inputs is not None and found.tried >= max_inputs:
                break
        else:
            continue
        if time.monotonic() < deadline and (max_inputs is None or found.tried < max_inputs):
            fault = {"input": "", "kind": "", "seed": seed, "result": "crash or hang", "untold": False}
            fault |= {"faults": ["the process crashed, or gave no result in time"], "number": 0, "memory_mb": 0.0}
            found.add(fault | {"seconds": TIMEOUT_S})
            seed += 1
    return found


def _lines(command: list[str], deadline: float) -> Iterator[dict[str, Any] | None]:
    """Yield the lines of a process until the deadline; None where it crashed or hangs."""
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, bufsize=0)
        assert process.stdout is not None
        rest, timeout_s = b"", START_S
        try:
            while time.monotonic() < deadline:
                if not select.select([process.stdout], [], [], timeout_s)[0]:
                    yield None
                    return
                data = os.read(process.stdout.fileno(), 65_536)
                if not data:
                    yield None
                    return
                timeout_s = TIMEOUT_S
                *whole, rest = (rest + data).split(b"\n")
                yield from map(json.loads, whole)
        finally:
            process.kill()
            process.wait()
            process.stdout.close()


def serve(run_one: Callable[[int], dict[str, Any]], first_seed: int) -> None:
    """Run inputs from a seed on, without end; one line of JSON each. For the process that is watched."""
    out = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    with contextlib.suppress(ValueError, OSError):
        size = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (size + MEMORY_BYTES,) * 2)
    number = 0
    while True:
        began = time.perf_counter()
        line = run_one(first_seed + number)
        line |= {"seed": first_seed + number, "seconds": round(time.perf_counter() - began, 4), "number": number}
        line["memory_mb"] = round(resident_bytes() / 2**20, 2)
        out.write(json.dumps(line, allow_nan=False) + "\n")
        number += 1

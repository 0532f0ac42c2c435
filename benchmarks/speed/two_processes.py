"""How much faster two processes are than one on this machine: plain work that shares nothing, then ``auscult scan``.

    python benchmarks/speed/two_processes.py FOLDER [--files 120 480] [--repeats 3]

A product of matrices in the second cache, FLAC decoding from memory, and a loop of Python say what the machine has to
give: two of them at the same time, by the clock, over one. ``two_to_one`` of a scan, from the start of the program to
its end, is to be read beside that: with few recordings the start, which two processes do not shorten, counts for more.
All run by turns; of the plain work the best counts, of the scans the fastest. On a machine with other work only
``two_to_one_by_cpu`` says something: what two processes do in a second of the processor each. One JSON object goes to
standard output.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from monitor.archive.recordings import find_recordings
from monitor.commands.bench.archive_speed import fastest_by_turns

WORK = """
import io, os, sys, time
os.environ["OPENBLAS_NUM_THREADS"] = "1"
import numpy as np
import soundfile

content = open(sys.argv[2], "rb").read()
one = np.ones((128, 128), np.float32)
out = one.copy()


def product():
    for _ in range(200):
        np.matmul(one, one, out=out)


def flac():
    soundfile.read(io.BytesIO(content), dtype="float32")


def python():
    total = 0
    for number in range(100_000):
        total += number


work = {"product": product, "flac": flac, "python": python}[sys.argv[1]]
work()
print("ready", flush=True)
sys.stdin.readline()
began, cpu_began, count = time.perf_counter(), time.process_time(), 0
while time.perf_counter() - began < 2.0:
    work()
    count += 1
print(count / (time.perf_counter() - began), count / (time.process_time() - cpu_began))
"""
KINDS = ("product", "flac", "python")


def speed(kind: str, recording: str, processes: int) -> tuple[float, float]:
    """Return how much work all processes do in a second: of the clock, and of the processor of each."""
    command = [sys.executable, "-c", WORK, kind, recording]
    started = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(processes)
    ]
    for process in started:
        assert process.stdout is not None
        process.stdout.readline()
    for process in started:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    answers = [process.communicate()[0].split() for process in started]
    return sum(float(answer[0]) for answer in answers), sum(float(answer[1]) for answer in answers)


def ceiling(recording: str, repeats: int) -> dict[str, dict[str, float]]:
    """Return two processes over one, for each kind of work."""
    best = {(kind, count): (0.0, 0.0) for kind in KINDS for count in (1, 2)}
    for _ in range(repeats):
        for kind, count in best:
            clock, cpu = speed(kind, recording, count)
            best[kind, count] = max(best[kind, count][0], clock), max(best[kind, count][1], cpu)
    return {
        kind: {
            "two_to_one": round(best[kind, 2][0] / best[kind, 1][0], 2),
            "two_to_one_by_cpu": round(best[kind, 2][1] / best[kind, 1][1], 2),
        }
        for kind in KINDS
    }


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("--files", type=int, nargs="+", default=[120, 480])
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    found = [os.path.abspath(recording.source) for recording in find_recordings([options.folder]).recordings]
    scans = {}
    with tempfile.TemporaryDirectory() as folder:
        for files in options.files:
            chosen = Path(folder) / str(files)
            chosen.mkdir()
            for index in range(files):
                source = found[index % len(found)]
                os.symlink(source, chosen / f"{index:06}{Path(source).suffix}")
            common = ["scan", str(chosen), "-o", str(Path(folder) / "rows.jsonl"), "--force", "--jobs"]
            best = fastest_by_turns({jobs: [*common, jobs] for jobs in ("1", "2")}, Path.cwd(), options.repeats)
            scans[files] = {
                "one_s": round(best["1"][0], 2),
                "two_to_one": round(best["1"][0] / best["2"][0], 2),
                "two_to_one_by_cpu": round(2 * best["1"][1] / best["2"][1], 2),
            }
    figures = {"plain": ceiling(found[0], options.repeats), "scan": scans, "load_after": os.getloadavg()[0]}
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()

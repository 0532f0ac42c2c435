"""Whether the memory of ``auscult scan`` grows with the number of recordings.

    python benchmarks/speed/many_rows.py FOLDER [--rows 100000] [--jobs 2]

The recordings of the folder are linked again and again under other names, a thousand to a folder. Every second the
memory of the scan and of its workers is read; one JSON object goes to standard output: rows, seconds, and the memory of
the scan itself and of its largest worker after a tenth of the rows and at the end, MB.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from monitor.archive.recordings import find_recordings

PER_FOLDER = 1000
TENTH, LAST = 0.1, 0.98


def link_all(source: str, folder: Path, rows: int) -> None:
    """Link the recordings of a folder again and again."""
    files = itertools.cycle(recording.path for recording in find_recordings([source]).recordings)
    for index in range(rows):
        target = folder / f"{index // PER_FOLDER:04}"
        target.mkdir(exist_ok=True)
        path = next(files)
        os.symlink(path, target / f"{index:07}{Path(path).suffix}")


def memory_mb(process: psutil.Process) -> float:
    """Return the resident memory of a process; 0 where it has ended."""
    try:
        return float(process.memory_info().rss / 1e6)
    except psutil.Error:
        return 0.0


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    samples: list[tuple[float, float, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        link_all(options.folder, Path(folder) / "", options.rows)
        out = Path(folder) / "out.csv"
        command = [sys.executable, "-m", "monitor", "scan", folder, "-o", str(out), "--jobs", str(options.jobs)]
        began = time.perf_counter()
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
            scan = psutil.Process(process.pid)
            while process.poll() is None:
                try:
                    workers = [memory_mb(child) for child in scan.children()]
                except psutil.Error:
                    break
                samples.append((time.perf_counter() - began, memory_mb(scan), max(workers, default=0.0)))
                time.sleep(1.0)
        seconds = time.perf_counter() - began
        with open(out, encoding="utf-8") as file:
            rows = sum(1 for _ in file) - 1
        size_mb = out.stat().st_size / 1e6
    early, late = (samples[int(part * (len(samples) - 1))] for part in (TENTH, LAST))
    figures = {
        "rows": rows,
        "seconds": round(seconds, 1),
        "csv_mb": round(size_mb, 1),
        "scan_mb": [round(early[1], 1), round(late[1], 1), round(max(sample[1] for sample in samples), 1)],
        "worker_mb": [round(early[2], 1), round(max(sample[2] for sample in samples), 1)],
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()

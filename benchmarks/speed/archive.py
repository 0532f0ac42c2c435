"""How fast recordings are judged: ``auscult scan`` with one process and two, beside ``auscult replay --speed max``.

    python benchmarks/speed/archive.py FOLDER... [--files 200] [--repeats 3] [--jobs 1 2]

Times are by the clock, from the start of each program to its end, so starting counts; the programs run by turns, and
the fastest run of each counts. The figures are times real time; those that matter are the ratios, on a machine with
nothing else to do. One JSON object goes to standard output.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from pathlib import Path

from monitor.archive.recordings import find_recordings
from monitor.commands.bench.archive_speed import fastest_by_turns


def sound_in(rows: Path) -> float:
    """Return the seconds of sound of a scan."""
    return sum(json.loads(line)["duration_s"] or 0.0 for line in rows.read_text().splitlines()[1:])


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+")
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--jobs", type=int, nargs="+", default=[1, 2])
    options = parser.parse_args()
    files = [recording.source for recording in find_recordings(options.folders).recordings][: options.files]
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "rows.jsonl"
        commands = {"replay": ["replay", "--json", "--speed", "max", "--", *files]}
        for jobs in options.jobs:
            scan = ["scan", "-o", str(out), "--force", "--jobs", str(jobs), "--", *files]
            commands[f"scan_{jobs}"] = scan
        best = fastest_by_turns(commands, Path.cwd(), options.repeats)
        sound_s = sound_in(out)
    clock = {name: seconds for name, (seconds, _) in best.items()}
    figures = {
        "files": len(files),
        "sound_s": round(sound_s, 1),
        "times_real_time": {name: round(sound_s / seconds) for name, seconds in clock.items()},
        "times_real_time_by_cpu": {name: round(sound_s / cpu) for name, (_, cpu) in best.items()},
        "faster_than_replay": {name: round(clock["replay"] / seconds, 2) for name, seconds in clock.items()},
        "load_before": os.getloadavg()[0],
    }
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()

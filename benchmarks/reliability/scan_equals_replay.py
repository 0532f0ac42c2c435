"""Whether ``auscult scan`` gives what ``auscult replay --json --speed max`` gives: every key of every summary.

Left out are those that S1 and S2 give, which a scan does not look for.

    python benchmarks/reliability/scan_equals_replay.py FOLDER... [--every N] [--jobs N]

Both read all recordings below the folders, or every Nth. Files that replay cannot read must be rows with an error, and
those that it reads must be rows with its summary. Prints each difference, and the number of files compared.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from monitor.archive.recordings import find_recordings

BATCH = 200
AUSCULT = (sys.executable, "-m", "monitor")
OF_BEATS = ("heart_rate_bpm", "heart_rate_variability", "murmur_timing")


def replayed(files: list[str]) -> dict[str, dict[str, Any]]:
    """Return the summary line of each file that replay can read."""
    summaries = {}
    for start in range(0, len(files), BATCH):
        command = [*AUSCULT, "replay", "--json", "--speed", "max", "--", *files[start : start + BATCH]]
        output = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False).stdout
        for line in map(json.loads, output.splitlines()):
            if line["type"] == "summary":
                summaries[line["source"]] = line
    return summaries


def scanned(files: list[str], jobs: int) -> dict[str, dict[str, Any]]:
    """Return the row of each file."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "rows.jsonl"
        command = [*AUSCULT, "scan", "-o", str(out), "--jobs", str(jobs), "--", *files]
        subprocess.run(command, stderr=subprocess.DEVNULL, check=False)
        rows = [json.loads(line) for line in out.read_text().splitlines()[1:]]
    return {row["source"]: row for row in rows}


def differences(summaries: dict[str, dict[str, Any]], rows: dict[str, dict[str, Any]]) -> list[str]:
    """Return a line for each file whose row is not its summary."""
    found = [f"{source}: no row" for source in summaries if source not in rows]
    for source, row in rows.items():
        summary = summaries.get(source)
        if summary is None:
            if row["state"] is not None or not row["error"]:
                found.append(f"{source}: replay cannot read it, and its row has no error")
            continue
        keys = [key for key, value in summary.items() if key not in OF_BEATS and (key not in row or row[key] != value)]
        found += [f"{source}: {key} is {row.get(key)}, and {summary[key]} of replay" for key in keys]
    return found


def main() -> int:
    """Compare; 1 where there is a difference."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+")
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    files = [recording.source for recording in find_recordings(options.folders).recordings][:: options.every]
    summaries = replayed(files)
    rows = scanned(files, options.jobs)
    found = differences(summaries, rows)
    print("\n".join([*found, f"{len(rows)} rows, {len(summaries)} summaries, {len(found)} differences"]))
    return 1 if found or len(rows) != len(files) else 0


if __name__ == "__main__":
    sys.exit(main())

"""How long the report of a scan with many rows takes, and how large it is.

    python benchmarks/speed/scan_report.py OUT.jsonl [--rows 100000]

The rows of a scan are repeated under other names, a thousand to a folder and six to a subject, and written in every
form. One JSON object goes to standard output: for each form the seconds of the command, starting included, and the size
of the page, MB.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from monitor.archive.scans.journal_lines import head_of, lines_of
from monitor.archive.scans.rows import ENDINGS
from monitor.commands.scan.tables import write_tables

PER_FOLDER, PER_SUBJECT = 1000, 6


def repeat(source: Path, target: Path, rows: int) -> None:
    """Write a scan with the rows of another again and again."""
    known = list(lines_of(source, "summary"))
    with open(target, "w", encoding="utf-8") as file:
        file.write(json.dumps(head_of(source), separators=(",", ":")) + "\n")
        for index in range(rows):
            name = f"{index // PER_FOLDER:04}/{index:07}.wav"
            changes = {"source": name, "path": f"/{name}", "subject": f"{index // PER_SUBJECT:06}"}
            file.write(json.dumps({**known[index % len(known)], **changes}, separators=(",", ":")) + "\n")


def measure(table: Path, page: Path) -> dict[str, float]:
    """Make the report in a process of its own."""
    command = [sys.executable, "-m", "monitor", "report", str(table), "-o", str(page), "--force"]
    began = time.perf_counter()
    subprocess.run(command, check=False, stderr=subprocess.DEVNULL)  # 1: rows with errors
    seconds = time.perf_counter() - began
    return {"seconds": round(seconds, 2), "page_mb": round(page.stat().st_size / 1e6, 2)}


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scan", type=Path)
    parser.add_argument("--rows", type=int, default=100_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        journal = Path(folder) / "out.jsonl"
        repeat(options.scan, journal, options.rows)
        result = {}
        for ending in ENDINGS:
            write_tables(journal, journal.with_suffix(ending), windows=False)
            result[ending] = measure(journal.with_suffix(ending), Path(folder) / "page.html")
    sys.stdout.write(json.dumps({"rows": options.rows, **result}, indent=2) + "\n")


if __name__ == "__main__":
    main()

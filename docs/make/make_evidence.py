"""Writes docs/EVIDENCE.md from docs/evidence/*.json; a test does the same and compares.

python docs/make/make_evidence.py [FOLDER [FILE]]
"""

from __future__ import annotations

import sys
from pathlib import Path

from monitor.errors import AuscultError
from training.study.report.page import evidence_text, read_evidence

DOCS = Path(__file__).resolve().parents[1]


def main(arguments: list[str]) -> int:
    """Write the page; return the exit code."""
    if len(arguments) > 2 or any(word.startswith("-") for word in arguments):
        print(__doc__, file=sys.stderr)
        return 2
    folder, page = [*map(Path, arguments), *(DOCS / "evidence", DOCS / "EVIDENCE.md")[len(arguments) :]]
    try:
        page.write_text(evidence_text(read_evidence(folder)), encoding="utf-8")
    except AuscultError as error:
        print(f"make_evidence: {error}", file=sys.stderr)
        return error.exit_code
    print(f"wrote {page}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

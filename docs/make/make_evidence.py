"""Writes docs/EVIDENCE.md from docs/evidence/*.json, and the figures that README and docs quote from there.

python docs/make/make_evidence.py [--check] [FOLDER [FILE]]

A figure in a hand-written page stands between comments that name its source; training/study/report/figures.py says how.
With FOLDER, only the page of that folder is written. With --check nothing is written: what differs is named, and the
exit code is 1.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from monitor.errors import AuscultError
from monitor.labels import DEFAULT_BUNDLE
from training.study.report.figures import filled
from training.study.report.page import evidence_text, read_evidence, read_sources

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGE = DOCS / "EVIDENCE.md"


def quoting_pages() -> list[Path]:
    """Return the hand-written pages whose figures are filled in."""
    front = [ROOT / "README.md", ROOT / "benchmarks" / "README.md"]
    return front + [path for path in sorted(DOCS.rglob("*.md")) if path != PAGE]


def texts(arguments: list[str]) -> Iterator[tuple[Path, str]]:
    """Yield each page with the text that it should have."""
    folder, page = [*map(Path, arguments), *(DOCS / "evidence", PAGE)[len(arguments) :]]
    studies = read_evidence(folder)
    if arguments:
        yield page, evidence_text(studies)
    else:
        sources = read_sources(studies, ROOT / "models")
        shipped = sources.get(DEFAULT_BUNDLE, {})
        yield page, evidence_text(studies, shipped.get("segmentation"), shipped.get("loudness"))
        for path in quoting_pages():
            yield path, filled(path.read_text(encoding="utf-8"), sources, path.relative_to(ROOT).as_posix())


def main(arguments: list[str]) -> int:
    """Write or check the pages; return the exit code."""
    check, places = "--check" in arguments, [word for word in arguments if word != "--check"]
    if len(places) > 2 or any(word.startswith("-") for word in places):
        print(__doc__, file=sys.stderr)
        return 2
    try:
        wanted = dict(texts(places))
    except AuscultError as error:
        print(f"make_evidence: {error}", file=sys.stderr)
        return error.exit_code
    stale = [path for path, text in wanted.items() if not path.is_file() or path.read_text(encoding="utf-8") != text]
    for path in stale:
        if check:
            print(f"make_evidence: {path}: does not say what its sources say", file=sys.stderr)
        else:
            path.write_text(wanted[path], encoding="utf-8")
            print(f"wrote {path}")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Measures the recipe, the article's recipe and every ablation on the same folds and seeds: docs/evidence/*.json.

    python benchmarks/accuracy/ablations.py set_b circor not_heart                      # all that is not done
    python benchmarks/accuracy/ablations.py set_b circor not_heart --only ours,article
    python benchmarks/accuracy/ablations.py set_b circor not_heart --only zero_padding --again
    python docs/make/make_evidence.py                                              # then: docs/EVIDENCE.md

The recipe and the article's recipe run 5 folds with 3 seeds, every ablation 5 folds with the first two. Each is
saved when it is done, and finished folds are stored until then, so it may be stopped (Ctrl+C) and started again; after
the code of the recipe has changed, start over with --again. Differences from the recipe are computed again at the end,
from the scores stored beside the metrics. Needs the training extra.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rich.console import Console

from monitor.errors import AuscultError
from monitor.process.native_stderr import discard_native_stderr

ROOT = Path(__file__).resolve().parents[2]


def main(arguments: list[str]) -> int:
    """Run the requested variants; return the exit code."""
    options = _parser().parse_args(arguments)
    try:
        with discard_native_stderr():
            from training.study.runner import run_variants
        return run_variants(options, Console(stderr=True))
    except AuscultError as error:
        print(f"evidence: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("evidence: stopped; the same command resumes", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    """Return the parser of the arguments."""
    parser = argparse.ArgumentParser(
        prog="python benchmarks/accuracy/ablations.py", description=__doc__.splitlines()[0]
    )
    parser.add_argument("data", nargs="+", type=Path, metavar="DATA", help="set B, CirCor, non-cardiac sounds")
    parser.add_argument("--only", default="", metavar="NAME,...", help="these variants (default: all)")
    parser.add_argument("--repeats", type=int, metavar="R", help="seeds (default: 3 for ours and article, else 2)")
    parser.add_argument("--steps", type=int, metavar="N", help="batches of each stage, for a short trial")
    parser.add_argument("--again", action="store_true", help="run also what is done, and delete stored folds")
    parser.add_argument(
        "--checkpoints",
        type=Path,
        metavar="DIR",
        help="folds that auscult train --keep-folds left: the recipe's networks there are scored, not fitted again",
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="the first seed (default: 0)")
    parser.add_argument("--draws", type=int, default=1000, metavar="N", help="of the bootstrap (default: 1000)")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "evidence", metavar="DIR")
    parser.add_argument("--work", type=Path, default=ROOT / "runs" / "evidence", metavar="DIR", help="for stored folds")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

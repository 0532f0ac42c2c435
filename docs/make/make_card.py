"""Writes the card of a bundle again from its bundle.json, in the words of training/reports/model_card.py.

python docs/make/make_card.py [BUNDLE...]

Without a bundle, every one in models/. Needs the training extra. Only CARD.md, its digest in bundle.json and the
figures of several sites together (docs/evidence/sites/pooling.json) change.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from monitor.errors import AuscultError
from training.export.release import rewrite_card

ROOT = Path(__file__).resolve().parents[2]
MODELS, POOLING = ROOT / "models", ROOT / "docs" / "evidence" / "sites" / "pooling.json"


def main(arguments: list[str]) -> int:
    """Write the cards; return the exit code."""
    if any(word.startswith("-") for word in arguments):
        print(__doc__, file=sys.stderr)
        return 2
    pooling = json.loads(POOLING.read_text(encoding="utf-8")) if POOLING.is_file() else None
    for folder in map(Path, arguments) if arguments else sorted(path.parent for path in MODELS.glob("*/bundle.json")):
        try:
            rewrite_card(folder, pooling)
        except AuscultError as error:
            print(f"make_card: {error}", file=sys.stderr)
            return error.exit_code
        print(f"wrote {folder / 'CARD.md'}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

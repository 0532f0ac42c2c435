"""What every variant of a study differs by from what it is compared with: paired, patient by patient.

Pure NumPy, but for files. The result says of which scores it was made, so that a stale one is found out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from monitor.errors import DataError
from training.evaluation.bootstrap import Bootstrap
from training.study.figures import differences
from training.study.scores import load_scores
from training.study.variants import OURS, VARIANTS

__all__ = ["COMPARISONS", "compare_all"]

COMPARISONS = "comparisons.json"


def compare_all(folder: Path, draws: int, note: Callable[[str], None] = lambda text: None) -> dict[str, Any]:
    """Return the differences of every variant in a folder from what it is to be compared with, as JSON values.

    Parameters
    ----------
    folder : Path
        With ``NAME.npz`` of the recipe and of the variants.
    draws : int
        Of the bootstrap over patients.
    note : callable
        Told each variant that cannot be compared.
    """
    found: dict[str, Any] = {"type": "comparisons", "schema": 2, "draws": draws, "variants": {}}
    for path in sorted(folder.glob("*.npz")):
        against = VARIANTS[path.stem].against if path.stem in VARIANTS else OURS
        reference = folder / f"{against}.npz"
        if path == reference or path.name.startswith(".") or not reference.is_file():
            continue
        try:
            changed, usual = load_scores(path), load_scores(reference)
        except DataError as error:
            note(str(error))
            continue
        found["variants"][path.stem] = {
            "against": against,
            "scores_sha256": [_digest(path), _digest(reference)],
            "seeds": min(changed.repeats, usual.repeats),
            "differences": differences(changed, usual, Bootstrap(0, draws)),
        }
    return found


def _digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()

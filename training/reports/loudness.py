"""How well a bundle tells loud murmurs from soft ones, in words, for its card."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from training.reports.table import Table, estimate_of

__all__ = ["loudness_blocks"]

TITLES = {
    "auc_recordings": "loud against soft murmurs, AUC, a recording",
    "auc_patients": "the same, a patient",
    "uar_recordings": "absent, soft and loud, unweighted average recall, a recording",
    "uar_patients": "the same, a patient",
    "recall_absent": "recall of absent, a recording",
    "recall_soft": "recall of soft",
    "recall_loud": "recall of loud",
}


def loudness_blocks(values: Mapping[str, Any] | None) -> list[str]:
    """Return the section of a card; nothing for a bundle that does not say how loud a murmur is.

    Parameters
    ----------
    values : mapping or None
        ``loudness`` of ``bundle.json``.

    Examples
    --------
    >>> loudness_blocks(None)
    []
    """
    if values is None:
        return []
    counts = values["counts"]

    def number(kind: str) -> str:
        return ", ".join(f"{counts[f'{kind}_{grade}']} {grade}" for grade in ("absent", "soft", "loud"))

    table = Table(
        ("loudness on held-out patients", "value"),
        [(title, estimate_of(values["metrics"][name])) for name, title in TITLES.items() if name in values["metrics"]],
    )
    return [
        "## How loud a murmur is",
        "A murmur that is given or possible is called soft or loud: soft is grade I or II of CirCor's scale, loud is "
        f"III. Recordings of held-out patients: {number('recordings')}; patients: {number('patients')}. Where the "
        "three are told apart, a murmur counts as absent below the threshold that is chosen for a specificity of 0.95, "
        "and each fold is judged by what is fitted on the others. The grade is a child's, so all its recordings with "
        "an audible murmur share it; on adults it was not measured.",
        "\n".join(table.markdown()),
    ]

"""The figures of several sites of a person together, as blocks of Markdown for the card and for docs/EVIDENCE.md.

Pure; reads the JSON that benchmarks/constants/site_pooling.py writes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from training.reports.table import Cell, Table, cell_text, estimate_of

__all__ = ["pooling_blocks"]

MEAN, CONTROL, CHOSEN = "mean", "number of sites", "chosen"
TITLES = {
    MEAN: "mean score (used)",
    CHOSEN: "the candidate that the other children choose",
    CONTROL: "control: the number of sites alone",
}
KINDS = ("murmur", "uncertain", "normal", "extrastole")


def pooling_blocks(pooling: Mapping[str, Any]) -> list[str]:
    """Return a paragraph and three tables: candidates, single sites, and what the finding says.

    Parameters
    ----------
    pooling : mapping
        The content of ``docs/evidence/sites/pooling.json``.
    """
    count, seeds = pooling["visits_with_murmur"], pooling["seeds"]
    mean = "of one seed" if seeds == 1 else f"the mean over {seeds} seeds"
    return [
        "`auscult exam` pools the sites of a person. "
        f"{pooling['visits']} examinations of {pooling['patients']} held-out "
        f"children of CirCor at two sites or more, {count} of them with a murmur; among them are "
        f"{pooling['silent_sites']} sites at which a child's murmur is not heard, which no training has. AUC of a "
        f"murmur, {mean}; in brackets the 95 % interval by bootstrap over patients; "
        "differences are paired.",
        _text(_candidates(pooling["auc"])),
        f"{_better(pooling['auc'])} One site alone, and the mean over all sites of the same examinations:",
        _text(_single_sites(pooling["single_sites"])),
        "What the finding says, as a share of these examinations. It is `uncertain` also where one site is labelled "
        "otherwise than all together. **A normal finding does not rule out a murmur.**",
        _text(_findings(pooling["findings"])),
    ]


def _better(areas: Mapping[str, Any]) -> str:
    """Return which candidates are better than the mean score beyond their interval."""
    end = f" - {MEAN}"
    differences = {name.removesuffix(end): values for name, values in areas.items() if name.endswith(end)}
    better = [TITLES.get(name, name) for name, values in differences.items() if (values["low"] or 0.0) > 0.0]
    if not better:
        return "No candidate is significantly better than the mean score, the simplest."
    return f"Significantly better than the mean score: {', '.join(better)}."


def _text(table: Table) -> str:
    """Return a table as one block."""
    return "\n".join(table.markdown())


def _candidates(areas: Mapping[str, Any]) -> Table:
    """Return every candidate with its difference from the mean."""
    rows: list[tuple[Cell, ...]] = []
    for name in (name for name in areas if not name.endswith(f" - {MEAN}")):
        difference = areas.get(f"{name} - {MEAN}")
        shown = "" if difference is None else cell_text(estimate_of(difference), signed=True)
        rows.append((TITLES.get(name, name), estimate_of(areas[name]), shown))
    return Table(("pool of the scores of all sites", "murmur AUC", "difference from the mean"), rows)


def _single_sites(sites: Mapping[str, Any]) -> Table:
    """Return each site alone beside the mean of all."""
    rows: list[tuple[Cell, ...]] = [
        (
            site,
            figures["visits"],
            estimate_of(figures["site"]),
            estimate_of(figures["mean"]),
            cell_text(estimate_of(figures["mean - site"]), signed=True),
        )
        for site, figures in sites.items()
    ]
    return Table(("site", "examinations", "alone", "mean of all sites", "difference"), rows)


def _findings(findings: Mapping[str, Any]) -> Table:
    """Return how often each finding is given."""
    rows: list[tuple[Cell, ...]] = [
        (f"children {group}", shares["visits"], *(estimate_of(shares[kind]) for kind in KINDS))
        for group, shares in (
            ("with a murmur", findings["with a murmur"]),
            ("without a murmur", findings["without"]),
        )
    ]
    return Table(("", "examinations", *KINDS), rows)

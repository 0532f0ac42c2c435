"""What several sites say together: pooled scores and a finding for the subject. Pure functions, any thread.

Source: docs/decisions/0014; benchmarks/constants/site_pooling.py measures the pool on held-out patients.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence

from monitor.analysis.verdict import labelled, largest
from monitor.inference.thresholds import DecisionThresholds
from monitor.labels import NORMAL
from monitor.messages import Finding, SiteResult, Verdict

__all__ = ["finding", "pool_sites"]


def pool_sites(scores: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Return the mean scores of several sites.

    Parameters
    ----------
    scores : sequence of mapping of label to float
        Calibrated scores of each judged site, at least one, with the same labels in the same order; each sums to 1.

    Returns
    -------
    dict of str to float
        Sums to 1.

    Raises
    ------
    ValueError
        If there is no site, or the labels differ.

    Examples
    --------
    >>> pool_sites([{"normal": 1.0, "murmur": 0.0}, {"normal": 0.5, "murmur": 0.5}])
    {'normal': 0.75, 'murmur': 0.25}
    """
    if not scores:
        raise ValueError("scores must be given for at least one site")
    labels = tuple(scores[0])
    if any(tuple(of_site) != labels for of_site in scores):
        raise ValueError("scores must have the same labels at every site")
    return {label: sum(of_site[label] for of_site in scores) / len(scores) for label in labels}


def finding(results: Sequence[SiteResult], decision: DecisionThresholds) -> Finding:
    """Return what the judged sites say together.

    The pooled scores get a label as those of a window do, from the bundle's threshold on. It is withheld, as
    ``"uncertain"``, where a site alone is given a label other than the pooled one that is not the normal one: what is
    heard at one site only must not be averaged away.

    Parameters
    ----------
    results : sequence of SiteResult
    decision : DecisionThresholds
        Of the bundle.

    Examples
    --------
    >>> heard = Verdict("verdict", "murmur", 0.9, {"normal": 0.1, "murmur": 0.9})
    >>> site = SiteResult("PV", heard, 10.0, 11, 78.0, 12.5, 23.0)
    >>> found = finding([site, SiteResult("MV", None, 0.0, 0, None, None, None, "skipped")], DecisionThresholds())
    >>> found.verdict.label, found.labels, found.not_judged
    ('murmur', {'PV': 'murmur'}, ('MV',))
    """
    judged = {result.site: result.verdict for result in results if result.verdict is not None}
    labels = {site: verdict.label or "uncertain" for site, verdict in judged.items()}
    not_judged = tuple(result.site for result in results if result.verdict is None)
    if not judged:
        return Finding(None, labels, not_judged)
    scores = pool_sites([verdict.scores for verdict in judged.values() if verdict.scores])
    acoustic = [verdict.acoustic_scores for verdict in judged.values() if verdict.acoustic_scores]
    pooled = labelled(scores, largest(scores), decision)
    pooled = dataclasses.replace(pooled, acoustic_scores=pool_sites(acoustic) if acoustic else None)
    return Finding(_unless_a_site_differs(pooled, judged.values()), labels, not_judged)


def _unless_a_site_differs(pooled: Verdict, sites: Iterable[Verdict]) -> Verdict:
    """Return the pooled verdict, uncertain where a site has another label than that and than the normal one."""
    others = {verdict.label for verdict in sites} - {None, NORMAL, pooled.label}
    if pooled.label is None or not others:
        return pooled
    return dataclasses.replace(pooled, state="uncertain", label=None)

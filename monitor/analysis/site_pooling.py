"""What the windows of a site, and several sites, say together: mean scores and a finding. Pure functions, any thread.

Source: docs/decisions/0014; benchmarks/constants/site_pooling.py measures the pool on held-out patients.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence

from monitor.analysis.verdict import labelled, largest
from monitor.inference.thresholds import DecisionThresholds
from monitor.labels import NORMAL
from monitor.messages import Finding, LoudnessWord, SiteResult, Verdict

__all__ = ["finding", "mean_scores", "pooled_verdict"]


def mean_scores(scores: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Return the mean scores of several windows or sites, each with the same weight.

    Parameters
    ----------
    scores : sequence of mapping of label to float
        Calibrated scores of each, at least one, with the same labels in the same order; each sums to 1.

    Returns
    -------
    dict of str to float
        Sums to 1.

    Raises
    ------
    ValueError
        If there are none, or the labels differ.

    Examples
    --------
    >>> mean_scores([{"normal": 1.0, "murmur": 0.0}, {"normal": 0.5, "murmur": 0.5}])
    {'normal': 0.75, 'murmur': 0.25}
    """
    if not scores:
        raise ValueError("scores must be given for at least one window or site")
    labels = tuple(scores[0])
    if any(tuple(of_site) != labels for of_site in scores):
        raise ValueError("scores must all have the same labels")
    return {label: sum(of_site[label] for of_site in scores) / len(scores) for label in labels}


def pooled_verdict(verdicts: Sequence[Verdict], decision: DecisionThresholds) -> Verdict:
    """Return the verdict on the windows that count for a site, or on several sites, from their mean scores.

    Unlike that on a recording (:class:`monitor.analysis.verdict.Summarizer`) it does not ask what the rolling verdict
    showed: that begins again wherever the signal was lost, and only windows that were judged count here.

    Parameters
    ----------
    verdicts : sequence of Verdict
        Of the windows or sites, at least one, each with scores.
    decision : DecisionThresholds
        Of the bundle.
    """
    scores = mean_scores([verdict.scores for verdict in verdicts if verdict.scores])
    acoustic = [verdict.acoustic_scores for verdict in verdicts if verdict.acoustic_scores]
    verdict = labelled(scores, largest(scores), decision)
    return dataclasses.replace(verdict, acoustic_scores=mean_scores(acoustic) if acoustic else None)


def finding(results: Sequence[SiteResult], decision: DecisionThresholds) -> Finding:
    """Return what the judged sites say together.

    The pooled scores get a label as those of a window do, from the bundle's threshold on. It is withheld, as
    ``"uncertain"``, where a site alone is given a label other than the pooled one that is not the normal one: what is
    heard at one site only must not be averaged away. A murmur that is given or possible is as loud as at the site where
    it is loudest, as CirCor grades a patient's murmur where it is most audible; it lies where the sites that say so
    agree that it does.

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
    pooled = _unless_a_site_differs(pooled_verdict(tuple(judged.values()), decision), judged.values())
    return Finding(_with_murmur(pooled, judged.values()), labels, not_judged)


def _unless_a_site_differs(pooled: Verdict, sites: Iterable[Verdict]) -> Verdict:
    """Return the pooled verdict, uncertain where a site has another label than that and than the normal one."""
    others = {verdict.label for verdict in sites} - {None, NORMAL, pooled.label}
    if pooled.label is None or not others:
        return pooled
    return dataclasses.replace(pooled, state="uncertain", label=None)


def _with_murmur(pooled: Verdict, sites: Iterable[Verdict]) -> Verdict:
    """Return the pooled verdict with what the sites that name a murmur say of it; as it is where it names none."""
    if not pooled.names_murmur:
        return pooled
    naming = [verdict for verdict in sites if verdict.names_murmur]
    timings = {verdict.murmur_timing for verdict in naming} - {None}
    words = {verdict.loudness for verdict in naming} - {None}
    loudness: LoudnessWord | None = "loud" if "loud" in words else "soft" if words else None
    return dataclasses.replace(pooled, loudness=loudness, murmur_timing=timings.pop() if len(timings) == 1 else None)

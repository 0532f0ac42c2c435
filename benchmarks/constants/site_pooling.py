"""How the scores of several sites are pooled to those of a subject: candidates on held-out children, with intervals.

    python benchmarks/constants/site_pooling.py [docs/evidence/sites/scores.npz]

Reads what benchmarks/accuracy/silent_sites.py wrote: scores of every site of a child by networks that never heard that
child, also where its murmur is not heard. A row is one examination (a child's visit) with two sites or more; two
recordings of one site count as their mean. Printed and written beside the scores (pooling.json): the murmur AUC of
every candidate, of each single site, and of the candidate that the other children would have chosen (5 folds by
patient); the differences from the mean, paired; and what monitor.analysis.site_pooling.finding says of these children.
Intervals are by bootstrap over patients, each resampled with all visits and seeds.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.analysis.site_pooling import finding
from monitor.atomic_write import write_atomic
from monitor.inference.bundle import load_bundle
from monitor.inference.thresholds import DecisionThresholds
from monitor.labels import SITES
from monitor.messages import SiteResult, Verdict
from training.evaluation.bootstrap import Bootstrap

SCORES = Path(__file__).resolve().parents[2] / "docs" / "evidence" / "sites" / "scores.npz"
EDGE = 1e-4
"""Scores are kept so far from 0 and 1 before their logarithm is taken."""
FOLDS, RESAMPLES, SEED = 5, 1000, 0
STEPS, PENALTY = 60, 1e-3
"""Newton steps and ridge of the logistic candidate."""

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]


@dataclasses.dataclass(frozen=True)
class Visits:
    """Examinations of children.

    Attributes
    ----------
    patients : list of str
    murmur : ndarray of bool, shape (visits,)
        Whether a murmur is heard at any site.
    sites : list of dict
        For each visit, the scores ``(seeds, labels)`` by site.
    heard : list of set of str
        For each visit, the sites at which the murmur is heard.
    """

    patients: list[str]
    murmur: NDArray[np.bool_]
    sites: list[dict[str, Floats]]
    heard: list[set[str]]

    def scores(self, label: int) -> list[Floats]:
        """Return the scores of a label, ``(sites, seeds)`` for each visit."""
        return [np.stack([of_site[:, label] for of_site in visit.values()]) for visit in self.sites]


def read_visits(path: Path, fewest: int = 2) -> tuple[Visits, list[str]]:
    """Return the visits with enough sites, and the labels."""
    with np.load(path, allow_pickle=False) as stored:
        names, patients, heard = stored["names"].tolist(), stored["patients"].tolist(), stored["heard"].tolist()
        scores, labels = stored["scores"].astype(np.float64), stored["labels"].tolist()
    rows: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for row, name in enumerate(names):
        number, site, *_ = name.split("_")
        if site in SITES:
            rows[number][site].append(row)
    kept = [visit for visit in rows.values() if len(visit) >= fewest]
    audible = [{site for site, of_site in visit.items() if any(heard[row] for row in of_site)} for visit in kept]
    return Visits(
        patients=[patients[next(iter(visit.values()))[0]] for visit in kept],
        murmur=np.array([bool(sites) for sites in audible]),
        sites=[{site: scores[:, of_site].mean(axis=1) for site, of_site in visit.items()} for visit in kept],
        heard=audible,
    ), labels


def log_odds(score: Floats) -> Floats:
    """Return the natural log-odds of a score."""
    clipped = np.clip(score, EDGE, 1.0 - EDGE)
    return np.log(clipped / (1.0 - clipped))


POOLS: dict[str, Callable[[Floats], Floats]] = {
    "mean": lambda scores: scores.mean(axis=0),
    "mean log-odds": lambda scores: log_odds(scores).mean(axis=0),
    "maximum": lambda scores: scores.max(axis=0),
    "mean of mean and maximum": lambda scores: (scores.mean(axis=0) + scores.max(axis=0)) / 2,
    "noisy-or": lambda scores: 1.0 - np.prod(1.0 - scores, axis=0),
    "noisy-or, root of the number of sites": lambda scores: 1.0 - np.prod(1.0 - scores, axis=0) ** (1.0 / len(scores)),
    "number of sites": lambda scores: np.full(scores.shape[1], float(len(scores))),
}
"""From the scores ``(sites, seeds)`` of a visit to a value that ranks it; the last one is a control, no pool."""
LOGISTIC = "logistic in mean and maximum"


def auc(value: Floats, positive: NDArray[np.bool_]) -> float:
    """Return the area under the ROC curve; NaN without both classes."""
    if positive.all() or not positive.any():
        return float("nan")
    order = np.argsort(value, kind="stable")
    ranks = np.empty(len(value))
    ranks[order] = np.arange(1, len(value) + 1)
    _, inverse, counts = np.unique(value, return_inverse=True, return_counts=True)
    ranks = (np.bincount(inverse, ranks) / counts)[inverse]  # ties share their mean rank
    count = positive.sum()
    return float((ranks[positive].sum() - count * (count + 1) / 2) / (count * (len(value) - count)))


def fit_logistic(features: Floats, positive: NDArray[np.bool_]) -> Floats:
    """Return the weights of a logistic regression, the constant last, by Newton's method with a small ridge."""
    design = np.column_stack([features, np.ones(len(features))])
    weights = np.zeros(design.shape[1])
    for _ in range(STEPS):
        given = 1.0 / (1.0 + np.exp(-design @ weights))
        gradient = design.T @ (positive - given) - PENALTY * weights
        curvature = (design * (given * (1.0 - given))[:, None]).T @ design + PENALTY * np.eye(len(weights))
        weights = weights + np.linalg.solve(curvature, gradient)
    return weights


def logit_of(features: Floats, weights: Floats) -> Floats:
    """Return the fitted log-odds."""
    result: Floats = np.column_stack([features, np.ones(len(features))]) @ weights
    return result


def fold_of_patients(patients: Sequence[str]) -> Rows:
    """Return a fold for each visit; a patient's visits share one."""
    names = sorted(set(patients))
    fold = dict(
        zip(np.random.default_rng(SEED).permutation(names).tolist(), np.arange(len(names)) % FOLDS, strict=True)
    )
    return np.array([fold[name] for name in patients])


def values_of(visits: Visits, label: int) -> dict[str, Floats]:
    """Return what every candidate gives, ``(visits, seeds)``; what must be fitted, fitted on the other folds."""
    scores = visits.scores(label)
    values = {name: np.stack([pool(of_visit) for of_visit in scores]) for name, pool in POOLS.items()}
    folds, seeds = fold_of_patients(visits.patients), scores[0].shape[1]
    values[LOGISTIC], values["chosen"] = np.zeros((2, len(scores), seeds))
    for seed in range(seeds):
        both = np.column_stack([log_odds(values[name][:, seed]) for name in ("mean", "maximum")])
        for fold in range(FOLDS):
            held_out, others = folds == fold, folds != fold
            weights = fit_logistic(both[others], visits.murmur[others])
            values[LOGISTIC][held_out, seed] = logit_of(both[held_out], weights)
            inside = {name: auc(values[name][others, seed], visits.murmur[others]) for name in list(POOLS)[:-1]}
            inside[LOGISTIC] = auc(logit_of(both[others], weights), visits.murmur[others])
            best = max(inside, key=inside.__getitem__)
            chosen = both if best == LOGISTIC else values[best][:, seed, None]
            weights = fit_logistic(chosen[others], visits.murmur[others])  # puts the folds on one scale
            values["chosen"][held_out, seed] = logit_of(chosen[held_out], weights)
    return values


def areas(visits: Visits, values: Mapping[str, Floats]) -> dict[str, Any]:
    """Return the AUC of every candidate, the mean over the seeds, and its difference from that of the mean."""

    def statistic(rows: Rows) -> dict[str, float]:
        of_rows = {
            name: float(np.mean([auc(value[rows, seed], visits.murmur[rows]) for seed in range(value.shape[1])]))
            for name, value in values.items()
        }
        return of_rows | {f"{name} - mean": area - of_rows["mean"] for name, area in of_rows.items() if name != "mean"}

    estimates = Bootstrap(SEED, RESAMPLES).estimate(statistic, visits.patients)
    return {name: estimate.to_json() for name, estimate in estimates.items()}


def single_sites(visits: Visits, label: int) -> dict[str, Any]:
    """Return, for each site, its AUC, that of the mean of all sites of the same visits, and the difference."""
    result = {}
    for site in SITES:
        rows = [index for index, visit in enumerate(visits.sites) if site in visit]
        some = Visits(
            [visits.patients[row] for row in rows],
            visits.murmur[rows],
            [visits.sites[row] for row in rows],
            [visits.heard[row] for row in rows],
        )
        alone = np.stack([visit[site][:, label] for visit in some.sites])
        together = np.stack([scores.mean(axis=0) for scores in some.scores(label)])
        figures = areas(some, {"mean": together, "site": alone})
        result[site] = {"visits": len(rows), "site": figures["site"], "mean": figures["mean"],
                        "mean - site": negated(figures["site - mean"])}  # fmt: skip
    return result


def negated(estimate: Mapping[str, float | None]) -> dict[str, float | None]:
    """Return an interval with the other sign."""
    return {key: None if estimate[of] is None else -float(estimate[of] or 0.0) for key, of in
            (("value", "value"), ("low", "high"), ("high", "low"))}  # fmt: skip


def findings(visits: Visits, labels: Sequence[str], decision: DecisionThresholds) -> dict[str, Any]:
    """Return how often each finding is given, with intervals, for children with a murmur and without."""
    seeds = len(next(iter(visits.sites[0].values())))
    kinds = ("murmur", "uncertain", "normal", "extrastole")
    given = np.zeros((len(visits.sites), len(kinds)))
    for index, visit in enumerate(visits.sites):
        for seed in range(seeds):
            results = [site_result(site, dict(zip(labels, of_site[seed].tolist(), strict=True)), decision)
                       for site, of_site in visit.items()]  # fmt: skip
            verdict = finding(results, decision).verdict
            given[index, kinds.index((verdict.label or "uncertain") if verdict else "uncertain")] += 1 / seeds
    result = {}
    for name, of_group in (("with a murmur", visits.murmur), ("without", ~visits.murmur)):
        rows = np.flatnonzero(of_group)

        def shares(chosen: Rows, rows: Rows = rows) -> dict[str, float]:
            return dict(zip(kinds, given[rows[chosen]].mean(axis=0).tolist(), strict=True))

        estimates = Bootstrap(SEED, RESAMPLES).estimate(shares, [visits.patients[row] for row in rows])
        result[name] = {"visits": len(rows), **{kind: estimate.to_json() for kind, estimate in estimates.items()}}
    return result


def site_result(site: str, scores: dict[str, float], decision: DecisionThresholds) -> SiteResult:
    """Return a site with these scores, judged for long enough."""
    label = max(scores, key=scores.__getitem__)
    sure = scores[label] >= decision.uncertain_below
    verdict = Verdict("verdict" if sure else "uncertain", label if sure else None, scores[label], scores)
    return SiteResult(site, verdict, 10.0, 11, None, 0.0, 10.0)


def main(arguments: list[str]) -> int:
    """Print and write the figures; return the exit code."""
    if len(arguments) > 1 or any(word.startswith("-") for word in arguments):
        print(__doc__, file=sys.stderr)
        return 2
    path = Path(arguments[0]) if arguments else SCORES
    visits, labels = read_visits(path)
    murmur = labels.index("murmur")
    silent = sum(len(visit) - len(heard) for visit, heard in zip(visits.sites, visits.heard, strict=True) if heard)
    report = {
        "type": "site pooling",
        "schema": 1,
        "scores_sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "seeds": len(next(iter(visits.sites[0].values()))),
        "visits": len(visits.sites),
        "visits_with_murmur": int(visits.murmur.sum()),
        "patients": len(set(visits.patients)),
        "silent_sites": silent,
        "auc": areas(visits, values_of(visits, murmur)),
        "single_sites": single_sites(visits, murmur),
        "findings": findings(visits, labels, load_bundle().decision),
    }
    text = json.dumps(report, indent=1, allow_nan=False)
    write_atomic(path.with_name("pooling.json"), text + "\n")
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

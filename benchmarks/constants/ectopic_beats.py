"""Fit the constants of ectopic beat detection again, and measure the detector against the network.

    python benchmarks/constants/ectopic_beats.py ../shared/data [FOLDS]

prints the constants fitted, beside those of monitor/analysis/rhythm/{ectopic,evidence}.py, then the tables of
docs/decisions/0008. Recordings are synthetic (different seeds for fitting and for measuring), real with one beat moved
(spliced), and real with annotations of S1. Every metric of a real recording comes from constants fitted without its
patient. FOLDS is the folder with a study's outputs on held-out patients; without it their columns are left out.
Synthetic and spliced sounds are scored by the default bundle; it was trained on the patients of the spliced ones. Needs
NumPy and the default bundle; takes about two minutes.
"""

from __future__ import annotations

import dataclasses
import math
import sys
import timeit
import zlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
from ectopic_cases import KINDS, LEVELS_DB, Case, Network, real_cases, set_a_cases, spliced_cases, synthetic_cases
from numpy.typing import NDArray

from monitor.analysis.rhythm.ectopic import FEATURES, INTERCEPT, MIN_LOG_ODDS, WEIGHTS
from monitor.analysis.rhythm.evidence import EVIDENCE_WEIGHT, fuse_score
from monitor.analysis.rhythm.tracker import HORIZON_S, REGULAR_EVIDENCE, BeatTracker
from monitor.features.heart_rate import heart_rate
from monitor.features.spec import HEART
from monitor.labels import EXTRASTOLE, NORMAL
from monitor.messages import EctopicBeats
from training.data.discovery import discover
from training.data.folds import with_patients
from training.evaluation.bootstrap import Bootstrap, Estimate
from training.evaluation.metrics import Ranking

FOLDS = 5
RIDGE = 1.0
NEAR_S = 0.3
"""A candidate within this of a true ectopic beat is correct."""

EDGE_S = 5.0
"""Nearer to either end of a recording there are too few beats before or behind an ectopic one to detect it."""

Score = Callable[[Case], float]


@dataclasses.dataclass(frozen=True)
class Constants:
    """Fitted constants: of the log-odds of a candidate, and the weight of the evidence in a score."""

    weights: NDArray[np.float64]
    intercept: float
    evidence_weight: float

    def odds(self, case: Case) -> list[float]:
        """Return the log-odds of every candidate."""
        return [self.intercept + float(self.weights @ np.array(candidate.features)) for candidate in case.candidates]

    def evidence(self, case: Case) -> float:
        """Return the evidence of a whole recording, as the monitor would sum it up."""
        if not case.trackable:
            return 0.0
        none = REGULAR_EVIDENCE * min(1.0, case.covered_s / HORIZON_S)
        return max([*self.odds(case), none])

    def fuse_score(self, case: Case) -> float:
        """Return the score of network and evidence together."""
        score = 1.0 / (1.0 + math.exp(-case.network))
        return fuse_score(score, EctopicBeats(evidence=self.evidence(case)), self.evidence_weight)


def logistic(inputs: NDArray[np.float64], positive: NDArray[np.bool_]) -> tuple[NDArray[np.float64], float]:
    """Return weights and intercept of a ridge-penalised logistic model, by Newton's method."""
    mean, spread = inputs.mean(axis=0), inputs.std(axis=0) + 1e-9
    rows = np.column_stack(((inputs - mean) / spread, np.ones(len(inputs))))
    penalty = np.diag([RIDGE] * inputs.shape[1] + [0.0])
    solution = np.zeros(rows.shape[1])
    for _ in range(30):
        probability = 1.0 / (1.0 + np.exp(-rows @ solution))
        slope = rows.T @ (probability - positive) + penalty @ solution
        solution -= np.linalg.solve((rows.T * (probability * (1.0 - probability))) @ rows + penalty, slope)
    weights = solution[:-1] / spread
    return weights, float(solution[-1] - weights @ mean)


def fitted(cases: Sequence[Case]) -> Constants:
    """Return constants from cases of known ground truth: synthetic, spliced, controls, and regular annotations."""
    rows, ground_truth = [], []
    for case in cases:
        for candidate in case.candidates:
            at_s = candidate.position * HEART.frame_hop_s
            ectopic = any(abs(at_s - true_s) < NEAR_S for true_s in case.ectopic_s)
            if ectopic or case.regular_at(at_s):
                rows.append(candidate.features)
                ground_truth.append(ectopic)
    weights, intercept = logistic(np.array(rows), np.array(ground_truth))
    first = Constants(weights, intercept, 1.0)
    scored = [case for case in cases if np.isfinite(case.network) and case.set_name in (*KINDS, "spliced", "control")]
    inputs = np.array([(case.network, first.evidence(case)) for case in scored])
    fused, _ = logistic(inputs, np.array([bool(case.ectopic_s) for case in scored]))
    return dataclasses.replace(first, evidence_weight=float(fused[1]))


def fold_of(patient: str) -> int:
    """Return the fold of a patient."""
    return zlib.crc32(patient.encode()) % FOLDS


def auc(cases: Sequence[Case], positive: Iterable[bool], score: Score) -> Estimate:
    """Return the area under the ROC curve, its interval over patients."""
    ranking = Ranking(np.fromiter(positive, bool), np.array([score(case) for case in cases]))
    return Bootstrap().estimate(lambda rows: {"auc": ranking.auc(rows)}, [case.patient for case in cases])["auc"]


def contrast(title: str, cases: Sequence[Case], positive: Callable[[Case], bool], by: dict[str, Score]) -> None:
    """Print how well each score separates positives from the others."""
    ground_truth = [positive(case) for case in cases]
    if not any(ground_truth) or all(ground_truth):
        return
    cells = []
    for name, score in by.items():
        estimate = auc(cases, ground_truth, score)
        cells.append(f"{name} {estimate.value:.3f} ({estimate.low:.2f}-{estimate.high:.2f})")
    print(f"| {title} | {sum(ground_truth)} of {len(cases)} | {' | '.join(cells)} |")


def false_alarms(title: str, cases: Sequence[Case], of: Callable[[Case], Constants]) -> None:
    """Print detections per hour."""
    hours = sum(case.duration_s for case in cases) / 3600.0
    counts = [sum(odds > MIN_LOG_ODDS for odds in of(case).odds(case)) for case in cases if case.trackable]
    tracked = sum(case.trackable for case in cases)
    detected = sum(count > 0 for count in counts)
    per_hour = sum(counts) / hours
    print(f"| {title} | {len(cases)} | {hours:.2f} | {tracked / len(cases):.2f} | {per_hour:.1f} | {detected} |")


def recall(cases: Sequence[Case], of: Callable[[Case], Constants]) -> float:
    """Return the fraction of true ectopic beats that are detected, of those with five seconds on either side."""
    hits = total = 0
    for case in cases:
        candidates = zip(case.candidates, of(case).odds(case), strict=True)
        at_s = [one.position * HEART.frame_hop_s for one, odds in candidates if odds > MIN_LOG_ODDS and case.trackable]
        reachable = [true_s for true_s in case.ectopic_s if EDGE_S < true_s < case.duration_s - EDGE_S]
        hits += sum(any(abs(true_s - one_s) < NEAR_S for one_s in at_s) for true_s in reachable)
        total += len(reachable)
    return hits / total


def cost(cases: Sequence[Case]) -> None:
    """Print the time of a hop, relative to a heart rate: a tight loop over the same windows."""
    windows = [(case.envelope[start : start + HEART.num_frames], start * HEART.frame_hop_s, index)
               for index, case in enumerate(cases[:: max(1, len(cases) // 12)])
               for start in range(0, len(case.envelope) - HEART.num_frames + 1, 20)]  # fmt: skip
    rates = [heart_rate(envelope, HEART.frame_hop_s).bpm for envelope, _, _ in windows]

    def track() -> None:
        last = -1
        for (envelope, start_s, index), bpm in zip(windows, rates, strict=True):
            if index != last:
                beats, last = BeatTracker(), index
            beats.push(envelope, start_s, bpm)

    def rate() -> None:
        for envelope, _, _ in windows:
            heart_rate(envelope, HEART.frame_hop_s)

    taken = [(timeit.timeit(track, number=1), timeit.timeit(rate, number=1)) for _ in range(25)]
    both = [min(times) / len(windows) * 1e6 for times in zip(*taken, strict=True)]
    print(f"\nOne hop of 0.5 s: {both[0]:.1f} us, one heart rate: {both[1]:.1f} us, ratio {both[0] / both[1]:.2f}")


def main(arguments: Sequence[str]) -> int:
    """Print the constants and the tables; return the exit code."""
    if not 1 <= len(arguments) <= 2:
        print("usage: python benchmarks/constants/ectopic_beats.py DATA [FOLDS]", file=sys.stderr)
        return 2
    data = Path(arguments[0])
    network = Network(Path(arguments[1]) if len(arguments) > 1 else None)
    folders = [data / "pascal" / "set_b", data / "circor", data / "not_heart"]
    recordings = with_patients(discover(folders), "auto")
    learning, measured = synthetic_cases(network, stream=0, count=16), synthetic_cases(network, stream=2, count=24)
    spliced = spliced_cases(recordings, network)
    real = real_cases(recordings, network)
    annotated = [case for case in real if case.annotated]
    known = [*learning, *spliced, *annotated]
    by_fold = [fitted([case for case in known if fold_of(case.patient) != fold]) for fold in range(FOLDS)]
    whole = fitted(known)
    names = [*FEATURES, "intercept", "weight of evidence"]
    new, old = [*whole.weights, whole.intercept, whole.evidence_weight], [*WEIGHTS, INTERCEPT, EVIDENCE_WEIGHT]
    pairs = zip(names, new, old, strict=True)
    print(
        "Fitted (in use): "
        + ", ".join(f"{name} {fitted_value:.2f} ({in_use:g})" for name, fitted_value, in_use in pairs)
    )

    def of(case: Case) -> Constants:
        return by_fold[fold_of(case.patient)]

    by: dict[str, Score] = {
        "network": lambda case: case.network,
        "detector": lambda case: of(case).evidence(case),
        "fused": lambda case: of(case).fuse_score(case),
    }
    alone = {"detector": by["detector"]}
    print("\n| ectopic beats against none | recordings | AUC |\n|---|---|---|")
    for level in LEVELS_DB:
        contrast(
            f"synthetic, noise {level:g} dB",
            [c for c in measured if c.noise_db == level],
            lambda c: bool(c.ectopic_s),
            by,
        )
    for kind in KINDS[1:]:
        some = [case for case in measured if case.ectopic_s or case.set_name == kind]
        contrast(f"synthetic, against {kind}", some, lambda c: bool(c.ectopic_s), by)
    contrast("synthetic, all", measured, lambda c: bool(c.ectopic_s), by)
    contrast("real beats spliced, against controls", spliced, lambda c: bool(c.ectopic_s), by)
    scores = by if network.has_folds else alone
    contrast("CirCor, by annotations of S1", annotated, lambda c: bool(c.ectopic_s), scores)
    windows = [window for case in annotated for window in case.windows()]
    for repeat in range(3 if network.has_folds else 1):
        some = [dataclasses.replace(window, network=window.network_of(repeat)) for window in windows]
        contrast(f"CirCor, windows of 5 s, repeat {repeat}", some, lambda c: bool(c.ectopic_s), scores)
    labelled = [case for case in real if case.label in (EXTRASTOLE, NORMAL)]
    contrast("set B, label extrastole against normal", labelled, lambda c: c.label == EXTRASTOLE, scores)
    recalls = [recall([c for c in measured if c.noise_db == level], of) for level in LEVELS_DB]
    text = ", ".join(f"{value:.2f} at {level:g} dB" for value, level in zip(recalls, LEVELS_DB, strict=True))
    print(f"\nTrue ectopic beats detected: synthetic {text}; spliced {recall(spliced, of):.2f}")
    print("\n| no ectopic beat | recordings | hours | tracked | detections per hour | recordings with one |")
    print("|---|---|---|---|---|---|")
    for kind in KINDS[1:]:
        false_alarms(f"synthetic, {kind}", [case for case in measured if case.set_name == kind], of)
    false_alarms("CirCor, none annotated", [case for case in annotated if not case.ectopic_s], of)
    false_alarms("spliced controls", [case for case in spliced if not case.ectopic_s], of)
    false_alarms("set B normals", [case for case in labelled if case.label == NORMAL], of)
    false_alarms("set B extrastole", [case for case in labelled if case.label == EXTRASTOLE], of)
    for name, cases in set_a_cases(data / "pascal" / "set_a").items():
        false_alarms(f"set A {name}", cases, of)
    cost(measured)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Finds the constants of the early beats again, and measures what following intervals is worth.

    python benchmarks/constants/ectopic_beats.py ../shared/data [FOLDS]

prints the constants as they stand in monitor/analysis/rhythm/ectopic.py and monitor/analysis/rhythm/evidence.py, then the figures of
docs/decisions/0008. Hearts are made (seeds of their own for fitting and for measuring), real with one beat moved
(spliced), and real with marks of their S1. Every figure of a real recording comes from constants fitted without its
patient. FOLDS is the folder in which a study kept what its networks put out for held-out patients; without it their
columns are left out. Made and spliced sounds are shown to the default bundle; it was trained on the patients of the
spliced ones. NumPy and the shipped network; about two minutes.
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
from ectopic_cases import KINDS, LEVELS_DB, Case, Network, made_cases, real_cases, set_a_cases, spliced_cases
from numpy.typing import NDArray

from monitor.analysis.rhythm.ectopic import CONSTANT, FEATURES, PREMATURE_FROM, WEIGHTS
from monitor.analysis.rhythm.evidence import WEIGHT, fuse_score
from monitor.analysis.rhythm.tracker import HORIZON_S, NONE_HEARD, BeatTracker
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
"""A candidate so near to a true early beat is one."""

EDGE_S = 5.0
"""Nearer to either end of a recording there is too little before a beat, or behind it, to tell."""

Score = Callable[[Case], float]


@dataclasses.dataclass(frozen=True)
class Constants:
    """What was fitted: log-odds of a candidate, and how much evidence changes a score."""

    weights: NDArray[np.float64]
    constant: float
    join: float

    def odds(self, case: Case) -> list[float]:
        """Return the log-odds of every candidate."""
        return [self.constant + float(self.weights @ np.array(its.features)) for its in case.candidates]

    def evidence(self, case: Case) -> float:
        """Return the evidence of a whole recording, as the monitor would have it."""
        if not case.followable:
            return 0.0
        none = NONE_HEARD * min(1.0, case.covered_s / HORIZON_S)
        return max([*self.odds(case), none])

    def fuse_score(self, case: Case) -> float:
        """Return the score of network and evidence together."""
        score = 1.0 / (1.0 + math.exp(-case.network))
        return fuse_score(score, EctopicBeats(evidence=self.evidence(case)), self.join)


def logistic(inputs: NDArray[np.float64], truth: NDArray[np.bool_]) -> tuple[NDArray[np.float64], float]:
    """Return weights and constant of a ridge-penalised logistic model, by Newton's method."""
    mean, spread = inputs.mean(axis=0), inputs.std(axis=0) + 1e-9
    rows = np.column_stack(((inputs - mean) / spread, np.ones(len(inputs))))
    penalty = np.diag([RIDGE] * inputs.shape[1] + [0.0])
    found = np.zeros(rows.shape[1])
    for _ in range(30):
        chance = 1.0 / (1.0 + np.exp(-rows @ found))
        slope = rows.T @ (chance - truth) + penalty @ found
        found -= np.linalg.solve((rows.T * (chance * (1.0 - chance))) @ rows + penalty, slope)
    weights = found[:-1] / spread
    return weights, float(found[-1] - weights @ mean)


def fitted(cases: Sequence[Case]) -> Constants:
    """Return constants from cases with a known truth: made, spliced, controls, and where marks are regular."""
    rows, truth = [], []
    for case in cases:
        for its in case.candidates:
            at_s = its.position * HEART.frame_hop_s
            ectopic = any(abs(at_s - true_s) < NEAR_S for true_s in case.early_s)
            if ectopic or case.regular_at(at_s):
                rows.append(its.features)
                truth.append(ectopic)
    weights, constant = logistic(np.array(rows), np.array(truth))
    first = Constants(weights, constant, 1.0)
    told = [case for case in cases if np.isfinite(case.network) and case.set_name in (*KINDS, "spliced", "control")]
    inputs = np.array([(case.network, first.evidence(case)) for case in told])
    join, _ = logistic(inputs, np.array([bool(case.early_s) for case in told]))
    return dataclasses.replace(first, join=float(join[1]))


def fold_of(patient: str) -> int:
    """Return the fold of a patient."""
    return zlib.crc32(patient.encode()) % FOLDS


def auc(cases: Sequence[Case], positive: Iterable[bool], score: Score) -> Estimate:
    """Return the area under the ROC curve, its interval over patients."""
    ranking = Ranking(np.fromiter(positive, bool), np.array([score(case) for case in cases]))
    of = Bootstrap().figures(lambda rows: {"auc": ranking.figures(rows, 0.9)[0]}, [case.patient for case in cases])
    return of["auc"]


def contrast(title: str, cases: Sequence[Case], positive: Callable[[Case], bool], by: dict[str, Score]) -> None:
    """Print how well each score tells positives from the others."""
    truth = [positive(case) for case in cases]
    if not any(truth) or all(truth):
        return
    cells = []
    for name, score in by.items():
        its = auc(cases, truth, score)
        cells.append(f"{name} {its.value:.3f} ({its.low:.2f}-{its.high:.2f})")
    print(f"| {title} | {sum(truth)} of {len(cases)} | {' | '.join(cells)} |")


def false_alarms(title: str, cases: Sequence[Case], of: Callable[[Case], Constants]) -> None:
    """Print early beats per hour, those that are told."""
    hours = sum(case.duration_s for case in cases) / 3600.0
    counts = [sum(odds > PREMATURE_FROM for odds in of(case).odds(case)) for case in cases if case.followable]
    followed = sum(case.followable for case in cases)
    heard = sum(count > 0 for count in counts)
    print(
        f"| {title} | {len(cases)} | {hours:.2f} | {followed / len(cases):.2f} | {sum(counts) / hours:.1f} | {heard} |"
    )


def found_share(cases: Sequence[Case], of: Callable[[Case], Constants]) -> float:
    """Return the share of true early beats that are told, of those that have five seconds on either side."""
    hits = total = 0
    for case in cases:
        told = zip(case.candidates, of(case).odds(case), strict=True)
        at_s = [its.position * HEART.frame_hop_s for its, odds in told if odds > PREMATURE_FROM and case.followable]
        reachable = [true_s for true_s in case.early_s if EDGE_S < true_s < case.duration_s - EDGE_S]
        hits += sum(any(abs(true_s - its) < NEAR_S for its in at_s) for true_s in reachable)
        total += len(reachable)
    return hits / total


def cost(cases: Sequence[Case]) -> None:
    """Print what a hop costs, in heart rates: a tight loop over the same windows."""
    windows = [(case.envelope[start : start + HEART.num_frames], start * HEART.frame_hop_s, number)
               for number, case in enumerate(cases[:: max(1, len(cases) // 12)])
               for start in range(0, len(case.envelope) - HEART.num_frames + 1, 20)]  # fmt: skip
    rates = [heart_rate(envelope, HEART.frame_hop_s).bpm for envelope, _, _ in windows]

    def follow() -> None:
        last = -1
        for (envelope, start_s, number), bpm in zip(windows, rates, strict=True):
            if number != last:
                beats, last = BeatTracker(), number
            beats.push(envelope, start_s, bpm)

    def rate() -> None:
        for envelope, _, _ in windows:
            heart_rate(envelope, HEART.frame_hop_s)

    taken = [(timeit.timeit(follow, number=1), timeit.timeit(rate, number=1)) for _ in range(25)]
    both = [min(its) / len(windows) * 1e6 for its in zip(*taken, strict=True)]
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
    learning, measured = made_cases(network, stream=0, count=16), made_cases(network, stream=2, count=24)
    spliced = spliced_cases(recordings, network)
    real = real_cases(recordings, network)
    marked = [case for case in real if case.marked]
    known = [*learning, *spliced, *marked]
    apart = [fitted([case for case in known if fold_of(case.patient) != fold]) for fold in range(FOLDS)]
    whole = fitted(known)
    names = [*FEATURES, "constant", "weight of evidence"]
    pairs = zip(names, [*whole.weights, whole.constant, whole.join], [*WEIGHTS, CONSTANT, WEIGHT], strict=True)
    print("Fitted (in use): " + ", ".join(f"{name} {new:.2f} ({old:g})" for name, new, old in pairs))

    def of(case: Case) -> Constants:
        return apart[fold_of(case.patient)]

    by: dict[str, Score] = {
        "network": lambda case: case.network,
        "intervals": lambda case: of(case).evidence(case),
        "joined": lambda case: of(case).fuse_score(case),
    }
    alone = {"intervals": by["intervals"]}
    print("\n| early beats against none | recordings | AUC |\n|---|---|---|")
    for level in LEVELS_DB:
        contrast(
            f"made, noise {level:g} dB", [c for c in measured if c.noise_db == level], lambda c: bool(c.early_s), by
        )
    for kind in KINDS[1:]:
        some = [case for case in measured if case.early_s or case.set_name == kind]
        contrast(f"made, against {kind}", some, lambda c: bool(c.early_s), by)
    contrast("made, all", measured, lambda c: bool(c.early_s), by)
    contrast("real beats spliced, against controls", spliced, lambda c: bool(c.early_s), by)
    scores = by if network.has_folds else alone
    contrast("CirCor, by marks of S1", marked, lambda c: bool(c.early_s), scores)
    windows = [window for case in marked for window in case.windows()]
    for repeat in range(3 if network.has_folds else 1):
        some = [dataclasses.replace(its, network=its.network_of(repeat)) for its in windows]
        contrast(f"CirCor, windows of 5 s, repeat {repeat}", some, lambda c: bool(c.early_s), scores)
    labelled = [case for case in real if case.label in (EXTRASTOLE, NORMAL)]
    contrast("set B, label extrastole against normal", labelled, lambda c: c.label == EXTRASTOLE, scores)
    shares = [found_share([c for c in measured if c.noise_db == level], of) for level in LEVELS_DB]
    told = ", ".join(f"{share:.2f} at {level:g} dB" for share, level in zip(shares, LEVELS_DB, strict=True))
    print(f"\nTrue early beats told: made {told}; spliced {found_share(spliced, of):.2f}")
    print("\n| no early beat | recordings | hours | followed | told per hour | recordings with one |")
    print("|---|---|---|---|---|---|")
    for kind in KINDS[1:]:
        false_alarms(f"made, {kind}", [case for case in measured if case.set_name == kind], of)
    false_alarms("CirCor, none by marks", [case for case in marked if not case.early_s], of)
    false_alarms("spliced controls", [case for case in spliced if not case.early_s], of)
    false_alarms("set B normals", [case for case in labelled if case.label == NORMAL], of)
    false_alarms("set B extrastole", [case for case in labelled if case.label == EXTRASTOLE], of)
    for name, cases in set_a_cases(data / "pascal" / "set_a").items():
        false_alarms(f"set A {name}", cases, of)
    cost(measured)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

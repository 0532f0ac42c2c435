"""The calibration error of held-out scores on set B, beside that of scores that are exactly right.

    python benchmarks/accuracy/ablations.py set_b circor not_heart everyday --only ours
    python benchmarks/accuracy/calibration_error.py
    python docs/make/make_evidence.py

Reads the scores of the study in docs/evidence/ours.npz. Labels are drawn from the scores, so that these are the
probabilities, and the error is measured with the same bins: what is left is chance. The recordings of a patient share
one random number in a second row, since their labels go together. Seconds; needs no network.
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.evaluation.bootstrap import Bootstrap, mean_statistic
from training.evaluation.metrics import calibration_error
from training.study.runner import write_json
from training.study.scores import load_scores

ROOT = Path(__file__).resolve().parents[2]
WANTED = 0.02
SET_B = "PASCAL set B"

Scores = NDArray[np.float64]


def drawn_errors(scores: Scores, groups: Sequence[str], draws: int) -> NDArray[np.float64]:
    """Return the mean error over the seeds for labels that are drawn from the mean scores, ``(draws,)``.

    Parameters
    ----------
    scores : ndarray, shape (seeds, recordings, labels)
    groups : sequence of str
        Recordings of one group share a random number.
    draws : int
    """
    rng = np.random.default_rng(0)
    names, of_group = np.unique(np.asarray(groups), return_inverse=True)
    upper = scores.mean(axis=0).cumsum(axis=1)  # (recordings, labels)
    errors = []
    for _ in range(draws):
        number = rng.random(len(names))[of_group, None]
        labels = np.minimum((number > upper).sum(axis=1), scores.shape[2] - 1)
        errors.append(np.mean([calibration_error(labels, of_seed) for of_seed in scores]))
    return np.array(errors)


def estimate(errors: NDArray[np.float64]) -> dict[str, float]:
    """Return the mean and the range of 95 % of the draws."""
    low, high = np.quantile(errors, (0.025, 0.975))
    return {key: round(float(value), 4) for key, value in (("value", errors.mean()), ("low", low), ("high", high))}


def main() -> None:
    """Measure, print, and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--evidence", type=Path, default=ROOT / "docs" / "evidence", metavar="DIR")
    parser.add_argument("--draws", type=int, default=2000, metavar="N", help="of labels (default: 2000)")
    arguments = parser.parse_args()
    path = arguments.evidence / "ours.npz"
    study = load_scores(path)
    rows = study.of_set(SET_B)
    scores, patients = study.scores[:, rows].astype(np.float64), study.patients[rows].tolist()
    truth = np.array([study.labels.index(label) for label in study.may_be[rows].tolist()])
    statistic = mean_statistic(
        [lambda which, of=of_seed: {"error": calibration_error(truth[which], of[which])} for of_seed in scores]
    )
    measured = Bootstrap().estimate(statistic, patients)["error"]
    single = [str(index) for index in range(len(patients))]
    alone, together = (drawn_errors(scores, groups, arguments.draws) for groups in (single, patients))
    result = {
        "type": "calibration_error",
        "schema": 1,
        "command": "python benchmarks/accuracy/calibration_error.py",
        "scores_sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "recordings": len(patients),
        "patients": len(set(patients)),
        "draws": arguments.draws,
        "measured": measured.to_json(),
        "drawn": estimate(alone),
        "drawn_below": round(float((alone <= WANTED).mean()), 4),
        "drawn_by_patient": estimate(together),
        "by_patient_below": round(float((together <= WANTED).mean()), 4),
    }
    for name in ("measured", "drawn", "drawn_below", "drawn_by_patient", "by_patient_below"):
        print(f"{name:18s} {result[name]}")
    write_json(result, arguments.evidence / "calibration_error.json")


if __name__ == "__main__":
    main()

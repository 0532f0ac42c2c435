"""Metrics of a study as JSON values: every table of an evaluation, rhythm against both ground truths, robustness.

A metric of several seeds is the mean over them, with an interval over patients, each of whom is resampled with all
seeds; counts are of one seed, but for the confusion and the reliability, which sum over the seeds. Pure.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.evaluation.bootstrap import Bootstrap, Estimate
from training.evaluation.ectopic import AnnotatedWindows, rhythm_json, rhythm_metrics
from training.evaluation.evaluation import EvaluationInfo, evaluate
from training.evaluation.ground_truth import finding_label, patients_of
from training.evaluation.metrics import Ranking
from training.evaluation.scoring import ScoredRecording
from training.reports.evaluation_json import to_json

__all__ = ["OverSeeds", "rhythm_of_seeds", "robustness_json", "tables_json"]

Rows = NDArray[np.intp]

OF_ONE_SEED = frozenset(
    {"recordings", "patients", "windows", "hours", "positives", "negatives", "data", "regular", "definitions"}
)
LEFT_OUT = (
    "type", "schema", "model", "model_sha256", "hop_s", "seen_in_training", "seen_sets", "left_out", "notes",
    "per_patient", "no_heart", "rhythm", "sensitivity", "specificity", "precision", "auc",
    "sensitivity_at_specificity_0.90",
)  # fmt: skip
"""Keys of an evaluation that have no meaning here, or repeat others. A patient's scores are of one seed each, and
non-cardiac sounds have no scores."""


class OverSeeds(Bootstrap):
    """A bootstrap of means over seeds whose rows follow one another, all with the same patients.

    Parameters
    ----------
    seeds : int
    seed, repeats : int
        Of the bootstrap.
    """

    def __init__(self, seeds: int, seed: int = 0, repeats: int = 1000) -> None:
        super().__init__(seed, repeats)
        self._seeds = seeds

    def estimate(
        self, statistic: Callable[[Rows], Mapping[str, float]], patients: Sequence[str]
    ) -> dict[str, Estimate]:
        """Return metrics, each with its interval; rows that do not repeat are taken as they are."""
        count = len(patients) // self._seeds
        of_seed = list(patients[:count])
        if of_seed * self._seeds != list(patients):
            return super().estimate(statistic, patients)

        def mean(rows: Rows) -> dict[str, float]:
            by_seed = [statistic(rows + seed * count) for seed in range(self._seeds)]
            return {name: sum(values[name] for values in by_seed) / self._seeds for name in by_seed[0]}

        return super().estimate(mean, of_seed)


def tables_json(
    scored: Sequence[Sequence[ScoredRecording]], labels: tuple[str, ...], bootstrap: OverSeeds
) -> dict[str, Any]:
    """Return every table of some recordings.

    Parameters
    ----------
    scored : sequence of sequence of ScoredRecording
        The same recordings for each seed.
    labels : tuple of str
    bootstrap : OverSeeds
    """
    pooled = [recording for of_seed in scored for recording in of_seed]
    tables = to_json(evaluate(pooled, _info(labels, bootstrap), bootstrap))
    of_one_seed = to_json(evaluate(scored[0], _info(labels, bootstrap), Bootstrap(0, 1)))
    for name in LEFT_OUT:
        del tables[name]
    counted: dict[str, Any] = _counted_once(tables, of_one_seed)
    return counted


def _info(labels: tuple[str, ...], bootstrap: Bootstrap) -> EvaluationInfo:
    """Return what an evaluation is about, as far as tables need it."""
    return EvaluationInfo("", "", labels, 1.0, bootstrap.seed, bootstrap.repeats, [], {}, [], 0)


def _counted_once(pooled: Any, once: Any) -> Any:
    """Return JSON values of all seeds with the counts of one seed."""
    if not isinstance(pooled, dict):
        return pooled
    return {
        name: once[name] if name in OF_ONE_SEED and not isinstance(value, dict) else _counted_once(value, once[name])
        for name, value in pooled.items()
    }


def rhythm_of_seeds(
    scored: Sequence[Sequence[ScoredRecording]],
    annotated: Sequence[AnnotatedWindows],
    labels: Sequence[str],
    bootstrap: OverSeeds,
) -> dict[str, Any] | None:
    """Return metrics of the score of an extrasystole against label and annotations; None for labels without one.

    Parameters
    ----------
    scored : sequence of sequence of ScoredRecording
        Recordings of the fully labelled sets, for each seed.
    annotated : sequence of AnnotatedWindows
        The same windows for each seed.
    labels : sequence of str
    bootstrap : OverSeeds
    """
    windows = AnnotatedWindows(
        np.concatenate([of_seed.score for of_seed in annotated]),
        [kinds for of_seed in annotated for kinds in of_seed.kinds],
        [patient for of_seed in annotated for patient in of_seed.patients],
        [name for of_seed in annotated for name in of_seed.recordings],
    )
    pooled = rhythm_metrics([recording for of_seed in scored for recording in of_seed], windows, labels, bootstrap)
    once = rhythm_metrics(scored[0], annotated[0], labels, Bootstrap(0, 1))
    if pooled is None or once is None:
        return None
    counted: dict[str, Any] = _counted_once(rhythm_json(pooled), rhythm_json(once))
    return counted


def robustness_json(
    perturbed: Mapping[str, Sequence[Sequence[ScoredRecording]]], labels: Sequence[str], bootstrap: OverSeeds
) -> dict[str, Any]:
    """Return, by perturbation, the finding's AUC, the accuracy, and the share of windows withheld.

    Parameters
    ----------
    perturbed : mapping of str to sequence of sequence of ScoredRecording
        By name, for each seed, the same recordings.
    labels : sequence of str
    bootstrap : OverSeeds
    """
    return {name: _of_perturbation(scored, labels, bootstrap) for name, scored in perturbed.items()}


def _of_perturbation(
    scored: Sequence[Sequence[ScoredRecording]], labels: Sequence[str], bootstrap: OverSeeds
) -> dict[str, dict[str, float | None]]:
    """Return the metrics of recordings with one perturbation."""
    pooled = [recording for of_seed in scored for recording in of_seed]
    finding = finding_label(labels)
    index = list(labels).index(finding)
    scores = np.array([one.scores for one in pooled])  # (recordings, labels)
    ground_truth = np.array([labels.index(str(one.recording.label)) for one in pooled])
    correct = scores.argmax(axis=1) == ground_truth
    ranking = Ranking(ground_truth == index, scores[:, index])
    withheld, windows = np.array([(one.num_withheld, one.num_windows) for one in pooled]).T

    def statistic(rows: Rows) -> dict[str, float]:
        return {
            f"{finding}_auc": ranking.auc(rows),
            "accuracy": float(correct[rows].mean()) if len(rows) else math.nan,
            "windows_withheld": float(withheld[rows].sum() / windows[rows].sum()) if len(rows) else math.nan,
        }

    estimates = bootstrap.estimate(statistic, patients_of([one.recording for one in pooled]))
    return {name: estimate.to_json() for name, estimate in estimates.items()}

"""What a study's scores say, as JSON values: every table of an evaluation, rhythm by both truths, disturbances.

A figure of several seeds is the mean of theirs, with an interval over patients, each of whom is drawn with all seeds;
counts are of one seed, but for the confusion and the reliability, which sum over the seeds. Pure.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.evaluation.bootstrap import Bootstrap, Estimate
from training.evaluation.ectopic import AnnotatedWindows, rhythm_json, rhythm_of
from training.evaluation.evaluation import About, evaluate
from training.evaluation.ground_truth import finding_of, patients_of
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
"""Of an evaluation: what says nothing here, or is said twice. A patient's scores are of one seed each, and sounds that
are no heart are never held out."""


class OverSeeds(Bootstrap):
    """Takes the mean of a figure over seeds whose rows stand one after another, all with the same patients.

    Parameters
    ----------
    seeds : int
    seed, repeats : int
        Of the bootstrap.
    """

    def __init__(self, seeds: int, seed: int = 0, repeats: int = 1000) -> None:
        super().__init__(seed, repeats)
        self._seeds = seeds

    def figures(self, of: Callable[[Rows], Mapping[str, float]], patients: Sequence[str]) -> dict[str, Estimate]:
        """Return figures, each with its interval; rows that do not repeat are taken as they are."""
        count = len(patients) // self._seeds
        own = list(patients[:count])
        if own * self._seeds != list(patients):
            return super().figures(of, patients)

        def mean(rows: Rows) -> dict[str, float]:
            found = [of(rows + number * count) for number in range(self._seeds)]
            return {name: sum(its[name] for its in found) / self._seeds for name in found[0]}

        return super().figures(mean, own)


def tables_json(
    judged: Sequence[Sequence[ScoredRecording]], labels: tuple[str, ...], bootstrap: OverSeeds
) -> dict[str, Any]:
    """Return every table of some recordings.

    Parameters
    ----------
    judged : sequence of sequence of ScoredRecording
        The same recordings for each seed.
    labels : tuple of str
    bootstrap : OverSeeds
    """
    together = [its for of_seed in judged for its in of_seed]
    found = to_json(evaluate(together, _about(labels, bootstrap), bootstrap))
    once = to_json(evaluate(judged[0], _about(labels, bootstrap), Bootstrap(0, 1)))
    for name in LEFT_OUT:
        del found[name]
    counted: dict[str, Any] = _counted_once(found, once)
    return counted


def _about(labels: tuple[str, ...], bootstrap: Bootstrap) -> About:
    """Return what is measured, as far as tables need it."""
    return About("", "", labels, 1.0, bootstrap.seed, bootstrap.repeats, [], {}, [], 0)


def _counted_once(found: Any, once: Any) -> Any:
    """Return JSON values with the counts of one seed."""
    if not isinstance(found, dict):
        return found
    return {
        name: once[name] if name in OF_ONE_SEED and not isinstance(value, dict) else _counted_once(value, once[name])
        for name, value in found.items()
    }


def rhythm_of_seeds(
    judged: Sequence[Sequence[ScoredRecording]],
    marked: Sequence[AnnotatedWindows],
    labels: Sequence[str],
    bootstrap: OverSeeds,
) -> dict[str, Any] | None:
    """Return the score of an extrasystole against both truths; None for labels without one.

    Parameters
    ----------
    judged : sequence of sequence of ScoredRecording
        Recordings of the sets that tell all, for each seed.
    marked : sequence of AnnotatedWindows
        The same windows for each seed.
    labels : sequence of str
    bootstrap : OverSeeds
    """
    windows = AnnotatedWindows(
        np.concatenate([its.score for its in marked]),
        [kinds for its in marked for kinds in its.kinds],
        [patient for its in marked for patient in its.patients],
        [name for its in marked for name in its.recordings],
    )
    found = rhythm_of([its for of_seed in judged for its in of_seed], windows, labels, bootstrap)
    once = rhythm_of(judged[0], marked[0], labels, Bootstrap(0, 1))
    if found is None or once is None:
        return None
    counted: dict[str, Any] = _counted_once(rhythm_json(found), rhythm_json(once))
    return counted


def robustness_json(
    disturbed: Mapping[str, Sequence[Sequence[ScoredRecording]]], labels: Sequence[str], bootstrap: OverSeeds
) -> dict[str, Any]:
    """Return, by disturbance, the finding's AUC, the accuracy, and the share of windows withheld.

    Parameters
    ----------
    disturbed : mapping of str to sequence of sequence of ScoredRecording
        By name, for each seed, the same recordings.
    labels : sequence of str
    bootstrap : OverSeeds
    """
    return {name: _of_disturbance(judged, labels, bootstrap) for name, judged in disturbed.items()}


def _of_disturbance(
    judged: Sequence[Sequence[ScoredRecording]], labels: Sequence[str], bootstrap: OverSeeds
) -> dict[str, dict[str, float | None]]:
    """Return the figures of recordings that were all disturbed in one way."""
    together = [its for of_seed in judged for its in of_seed]
    finding = finding_of(labels)
    scores = np.array([its.scores for its in together])
    truth = np.array([labels.index(str(its.recording.label)) for its in together])
    right = scores.argmax(axis=1) == truth
    place = list(labels).index(finding)
    ranking = Ranking(truth == place, scores[:, place])
    withheld, windows = (np.array([getattr(its, name) for its in together]) for name in ("num_withheld", "num_windows"))

    def of(rows: Rows) -> dict[str, float]:
        return {
            f"{finding}_auc": ranking.figures(rows, 0.9)[0],
            "accuracy": float(right[rows].mean()) if len(rows) else math.nan,
            "windows_withheld": float(withheld[rows].sum() / windows[rows].sum()) if len(rows) else math.nan,
        }

    figures = bootstrap.figures(of, patients_of([its.recording for its in together]))
    return {name: figure.to_json() for name, figure in figures.items()}

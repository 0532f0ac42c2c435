"""The outputs of a variant's folds to its scores and metrics. Pure; must not fit a network or run one."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.features.spec import HEART
from monitor.inference.calibration import Calibration, mask_extrasystole
from monitor.labels import NON_CARDIAC
from training.data.annotations import RHYTHM_HOP_S, RhythmWindow, annotations_beside, read_annotations, rhythm_windows
from training.data.corpus import Corpus
from training.data.recording import Recording, count_by_set
from training.evaluation.ectopic import AnnotatedWindows
from training.evaluation.ground_truth import patients_of
from training.evaluation.scoring import ScoredRecording
from training.fitting.cross_validation import FoldPlan
from training.study.calibration import (
    FoldCalibration,
    Repeat,
    duration_s,
    fit_fold_calibrations,
    score_annotated_windows,
    score_recordings,
    without_inaudible,
)
from training.study.fold_outputs import FoldOutputs, hop_of
from training.study.headline import headline, per_seed
from training.study.perturbations import AS_RECORDED
from training.study.scores import StudyScores, make_scores
from training.study.tables import OverSeeds, rhythm_of_seeds, robustness_json, tables_json
from training.study.variants import Variant

__all__ = ["Result", "result_of"]

Scored = list[list[ScoredRecording]]
"""For each seed, the same recordings."""


@dataclasses.dataclass(frozen=True)
class Result:
    """What a variant gave.

    Attributes
    ----------
    metrics : dict
        Plain JSON values.
    scores : StudyScores
        From which the metrics follow.
    """

    metrics: dict[str, Any]
    scores: StudyScores


def result_of(
    variant: Variant,
    corpus: Corpus,
    plans: Sequence[FoldPlan],
    folds: Sequence[FoldOutputs],
    priors: Sequence[float],
    *,
    prior_exponent: float,
    resamples: int,
) -> Result:
    """Return a variant's scores and metrics.

    Parameters
    ----------
    variant : Variant
    corpus : Corpus
    plans, folds : sequence
        One after another, seed by seed.
    priors : sequence of float
        How often training drew each label.
    prior_exponent : float
        See :class:`training.fitting.options.HeartOptions`.
    resamples : int
        Of the bootstrap.
    """
    seeds = sorted({plan.repeat for plan in plans})
    repeats = [_repeat(variant, corpus, plans, folds, repeat) for repeat in seeds]
    rows = sorted(set.intersection(*(set(repeat.outputs) for repeat in repeats)))
    primary = sorted(set(rows) & set(corpus.heart_rows(fully_labelled=True)))
    rhythms = _rhythms(corpus, rows)
    scored: Scored = []
    audible: Scored = []
    annotated: list[AnnotatedWindows] = []
    perturbed: dict[str, Scored] = {}
    for repeat in repeats:
        calibrations = _calibrations(variant, repeat, primary, corpus, priors, prior_exponent)
        scored.append(score_recordings(repeat.outputs, rows, corpus, repeat.fold_of, calibrations))
        without = without_inaudible(calibrations)
        audible.append(score_recordings(repeat.outputs, rows, corpus, repeat.fold_of, without))
        annotated.append(score_annotated_windows(repeat, rhythms, corpus, calibrations))
        for name, outputs in {AS_RECORDED: repeat.outputs, **repeat.perturbed}.items() if variant.is_perturbed else ():
            of_seed = score_recordings(outputs, primary, corpus, repeat.fold_of, calibrations)
            perturbed.setdefault(name, []).append(of_seed)
    scores = make_scores(corpus, rows, _arrays(scored), _arrays(audible), annotated)
    bootstrap = OverSeeds(len(repeats), 0, resamples)
    return Result(_metrics(scores, corpus, scored, audible, annotated, perturbed, bootstrap), scores)


def _arrays(scored: Scored) -> list[NDArray[np.float64]]:
    """Return the scores of each seed, ``(recordings, labels)``."""
    return [np.array([recording.scores for recording in of_seed]) for of_seed in scored]


def _repeat(
    variant: Variant, corpus: Corpus, plans: Sequence[FoldPlan], folds: Sequence[FoldOutputs], number: int
) -> Repeat:
    """Return the outputs of one seed for hearts, those of annotated windows apart."""
    repeat = Repeat({}, {}, {}, {})
    for plan, fold in zip(plans, folds, strict=True):
        if plan.repeat != number:
            continue
        for row, outputs in zip(fold.held_out.tolist(), fold.outputs, strict=True):
            if corpus.recordings[row].label == NON_CARDIAC:
                continue
            is_annotated = hop_of(corpus.recordings[row]) == RHYTHM_HOP_S
            repeat.fold_of[row] = plan.fold
            if variant.is_article:
                repeat.outputs[row], windows = outputs[:1], outputs[1:]
            else:
                every_second = outputs[::2] if is_annotated else outputs
                repeat.outputs[row], windows = _without_looped_rhythm(corpus, row, every_second), outputs
            if is_annotated:
                repeat.windows[row] = windows
        for name, by_row in fold.perturbed.items():
            masked = {row: _without_looped_rhythm(corpus, row, outputs) for row, outputs in by_row.items()}
            repeat.perturbed.setdefault(name, {}).update(masked)
    return repeat


def _without_looped_rhythm(corpus: Corpus, row: int, outputs: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the outputs for a recording, without the extrasystole where it was looped."""
    return mask_extrasystole(outputs, corpus.labels) if corpus.sounds[row].is_looped(HEART) else outputs


def _rhythms(corpus: Corpus, rows: Sequence[int]) -> dict[int, list[RhythmWindow]]:
    """Return the windows whose rhythm the annotations give, by row."""
    beside = [(row, path) for row in rows if (path := annotations_beside(corpus.recordings[row])) is not None]
    return {row: rhythm_windows(read_annotations(path), duration_s(corpus, row)) for row, path in beside}


def _calibrations(
    variant: Variant,
    repeat: Repeat,
    primary: Sequence[int],
    corpus: Corpus,
    priors: Sequence[float],
    prior_exponent: float,
) -> Mapping[int, FoldCalibration]:
    """Return the calibration of every fold; the article's recipe has none to fit."""
    if variant.is_article:
        return dict.fromkeys(repeat.fold_of.values(), FoldCalibration(Calibration("share"), None))
    return fit_fold_calibrations(repeat, primary, corpus, priors, prior_exponent)


def _metrics(
    scores: StudyScores,
    corpus: Corpus,
    scored: Scored,
    audible: Scored,
    annotated: Sequence[AnnotatedWindows],
    perturbed: Mapping[str, Scored],
    bootstrap: OverSeeds,
) -> dict[str, Any]:
    """Return every metric as JSON values."""
    held_out = [one.recording for one in scored[0]]

    def of_sets(sources: set[str], by_seed: Scored) -> Scored:
        return [[one for one in of_seed if one.recording.source in sources] for of_seed in by_seed]

    return {
        "labels": list(corpus.labels),
        "data": described(corpus.recordings),
        "held_out": described(held_out),
        "draws": bootstrap.repeats,
        "headline": headline(scores, OverSeeds(1, bootstrap.seed, bootstrap.repeats)),
        "per_seed": per_seed(scores),
        "telling": sorted(corpus.fully_labelled),
        "tables": tables_json(of_sets(corpus.fully_labelled, scored), corpus.labels, bootstrap),
        "other_sets": {
            source: tables_json(of_sets({source}, scored), corpus.labels, bootstrap) for source in scores.other_sets()
        },
        "rhythm": rhythm_of_seeds(of_sets(corpus.fully_labelled, audible), annotated, corpus.labels, bootstrap),
        "robustness": robustness_json(perturbed, corpus.labels, bootstrap) if perturbed else None,
    }


def described(recordings: Sequence[Recording]) -> list[dict[str, Any]]:
    """Return the data sets with counts per label and patients; an unknown patient counts as one of its own."""
    hearts = [
        "" if recording.label == NON_CARDIAC else patient
        for recording, patient in zip(recordings, patients_of(recordings), strict=True)
    ]
    return count_by_set(recordings, hearts)

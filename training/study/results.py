"""The outputs of a variant's folds to its scores and figures. Pure; must not fit or judge."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.features.spec import HEART
from monitor.inference.calibration import Calibration, without_rhythm
from training.data.annotations import RHYTHM_HOP_S, RhythmWindow, annotations_beside, read_annotations, rhythm_windows
from training.data.audio import Sound
from training.data.recording import NON_CARDIAC, Recording
from training.evaluation.ectopic import AnnotatedWindows
from training.evaluation.ground_truth import patients_of
from training.evaluation.scoring import ScoredRecording
from training.fitting.cross_validation import FoldPlan
from training.study.calibration import (
    FoldCalibration,
    Repeat,
    calibrations_of,
    duration_s,
    judged_of,
    marked_of,
    without_unshown,
)
from training.study.figures import headline, per_seed
from training.study.fold_outputs import FoldOutputs, hop_of
from training.study.perturbations import AS_RECORDED
from training.study.scores import StudyScores, make_scores
from training.study.tables import OverSeeds, rhythm_of_seeds, robustness_json, tables_json
from training.study.variants import Variant

__all__ = ["Result", "result_of"]


@dataclasses.dataclass(frozen=True)
class Result:
    """What a variant gave.

    Attributes
    ----------
    figures : dict
        Plain JSON values.
    scores : StudyScores
        That the figures are made of.
    """

    figures: dict[str, Any]
    scores: StudyScores


def result_of(
    variant: Variant,
    recordings: Sequence[Recording],
    sounds: Sequence[Sound],
    labels: tuple[str, ...],
    telling: set[str],
    plans: Sequence[FoldPlan],
    folds: Sequence[FoldOutputs],
    drawn: Sequence[float],
    *,
    prior_exponent: float,
    draws: int,
) -> Result:
    """Return a variant's scores and figures.

    Parameters
    ----------
    variant : Variant
    recordings : sequence of Recording
    sounds : sequence of Sound
    labels : tuple of str
    telling : set of str
        Names of the sets that tell all labels.
    plans, folds : sequence
        One after another, seed by seed.
    drawn : sequence of float
        How often training drew each label.
    prior_exponent : float
    draws : int
        Of the bootstrap.
    """
    repeats = [_repeat(variant, recordings, plans, folds, number) for number in sorted({its.repeat for its in plans})]
    if variant.recipe == "heart":
        repeats = [_without_looped_rhythm(its, sounds, labels) for its in repeats]
    rows = sorted(set.intersection(*(set(its.outputs) for its in repeats)))
    primary = [row for row in rows if recordings[row].source in telling and recordings[row].label in labels]
    truth = np.array([labels.index(str(recordings[row].label)) for row in primary], np.intp)
    durations = [duration_s(its.num_samples) for its in sounds]
    rhythms = _rhythms(recordings, durations, rows)
    judged: list[list[ScoredRecording]] = []
    shown: list[list[ScoredRecording]] = []
    marked: list[AnnotatedWindows] = []
    disturbed: dict[str, list[list[ScoredRecording]]] = {}
    for repeat in repeats:
        chosen = _calibrations(variant, repeat, primary, truth, labels, drawn, prior_exponent)
        told = (recordings, durations, repeat.fold_of, chosen, len(labels))
        judged.append(judged_of(repeat.outputs, rows, *told))
        plain = without_unshown(chosen)
        shown.append(judged_of(repeat.outputs, rows, recordings, durations, repeat.fold_of, plain, len(labels)))
        marked.append(marked_of(repeat, rhythms, recordings, chosen, labels))
        for name, outputs in {AS_RECORDED: repeat.outputs, **repeat.disturbed}.items() if variant.probed else ():
            disturbed.setdefault(name, []).append(judged_of(outputs, primary, *told))
    held = [recordings[row] for row in rows]
    as_arrays = [[np.array([its.scores for its in of]) for of in kind] for kind in (judged, shown)]
    scores = make_scores(held, labels, telling, as_arrays[0], as_arrays[1], marked)
    bootstrap = OverSeeds(len(repeats), 0, draws)
    figures = _figures(scores, recordings, held, judged, shown, marked, disturbed, telling, labels, bootstrap)
    return Result(figures, scores)


def _repeat(
    variant: Variant,
    recordings: Sequence[Recording],
    plans: Sequence[FoldPlan],
    folds: Sequence[FoldOutputs],
    number: int,
) -> Repeat:
    """Return the outputs of one seed for hearts, the recordings' and their windows' apart."""
    found = Repeat({}, {}, {}, {})
    for plan, fold in zip(plans, folds, strict=True):
        if plan.repeat != number:
            continue
        for row, outputs in zip(fold.held.tolist(), fold.outputs, strict=True):
            if recordings[row].label == NON_CARDIAC:
                continue
            is_marked = hop_of(recordings[row]) == RHYTHM_HOP_S
            found.fold_of[row] = plan.fold
            if variant.recipe == "article":
                found.outputs[row], windows = outputs[:1], outputs[1:]
            else:
                found.outputs[row], windows = (outputs[::2] if is_marked else outputs), outputs
            if is_marked:
                found.windows[row] = windows
        for name, its in fold.disturbed.items():
            found.disturbed.setdefault(name, {}).update(its)
    return found


def _without_looped_rhythm(repeat: Repeat, sounds: Sequence[Sound], labels: Sequence[str]) -> Repeat:
    """Return outputs in which clips that were looped say nothing of rhythm."""

    def told(outputs: Mapping[int, NDArray[np.float32]]) -> dict[int, NDArray[np.float32]]:
        return {r: without_rhythm(o, labels) if sounds[r].is_looped(HEART) else o for r, o in outputs.items()}

    disturbed = {name: told(outputs) for name, outputs in repeat.disturbed.items()}
    return dataclasses.replace(repeat, outputs=told(repeat.outputs), disturbed=disturbed)


def _rhythms(
    recordings: Sequence[Recording], durations_s: Sequence[float], rows: Sequence[int]
) -> dict[int, list[RhythmWindow]]:
    """Return the windows whose rhythm marks tell, by row."""
    beside = [(row, marks) for row in rows if (marks := annotations_beside(recordings[row])) is not None]
    return {row: rhythm_windows(read_annotations(marks), durations_s[row]) for row, marks in beside}


def _calibrations(
    variant: Variant,
    repeat: Repeat,
    primary: Sequence[int],
    truth: NDArray[np.intp],
    labels: Sequence[str],
    drawn: Sequence[float],
    prior_exponent: float,
) -> Mapping[int, FoldCalibration]:
    """Return the calibration of every fold; the article's recipe has none to choose."""
    if variant.recipe == "article":
        return dict.fromkeys(repeat.fold_of.values(), FoldCalibration(Calibration("share"), None))
    return calibrations_of(repeat, primary, truth, labels, drawn, prior_exponent)


def _figures(
    scores: StudyScores,
    recordings: Sequence[Recording],
    held: Sequence[Recording],
    judged: Sequence[Sequence[ScoredRecording]],
    shown: Sequence[Sequence[ScoredRecording]],
    marked: Sequence[AnnotatedWindows],
    disturbed: Mapping[str, Sequence[Sequence[ScoredRecording]]],
    telling: set[str],
    labels: tuple[str, ...],
    bootstrap: OverSeeds,
) -> dict[str, Any]:
    """Return every figure as JSON values."""
    places = {source: [at for at, its in enumerate(held) if its.source == source] for source in scores.other_sets()}
    tells_all = [at for at, its in enumerate(held) if its.source in telling]
    primary = [[of_seed[at] for at in tells_all] for of_seed in judged]
    return {
        "labels": list(labels),
        "data": described(recordings),
        "held_out": described(held),
        "draws": bootstrap.repeats,
        "headline": headline(scores, bootstrap_of(bootstrap)),
        "per_seed": per_seed(scores),
        "telling": sorted(telling),
        "tables": tables_json(primary, labels, bootstrap),
        "other_sets": {
            source: tables_json([[of_seed[at] for at in its] for of_seed in judged], labels, bootstrap)
            for source, its in places.items()
        },
        "rhythm": rhythm_of_seeds([[of[at] for at in tells_all] for of in shown], marked, labels, bootstrap),
        "robustness": robustness_json(disturbed, labels, bootstrap) if disturbed else None,
    }


def bootstrap_of(bootstrap: OverSeeds) -> OverSeeds:
    """Return a bootstrap of the same draws for rows that are already those of one seed."""
    return OverSeeds(1, bootstrap.seed, bootstrap.repeats)


def described(recordings: Sequence[Recording]) -> list[dict[str, Any]]:
    """Return the data sets with counts per label and patients."""
    found = []
    for source in dict.fromkeys(its.source for its in recordings):
        of_source = [its for its in recordings if its.source == source]
        counts = Counter(" or ".join(its.labels) for its in of_source)
        hearts = [its for its in of_source if its.label != NON_CARDIAC]
        patients = len(set(patients_of(hearts)))
        found.append({"set": source, "recordings": len(of_source), "patients": patients, "labels": dict(counts)})
    return found

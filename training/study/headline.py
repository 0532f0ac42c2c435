"""The headline metrics of a study, for any choice of rows and any seed: what is reported, and what is compared.

Each family is a function from rows to metrics by name, as :class:`training.evaluation.bootstrap.Bootstrap` takes it. A
metric of several seeds is the mean over them, never that of averaged scores, which would be an ensemble. Pure.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.errors import DataError
from monitor.labels import EXTRASTOLE, NORMAL
from training.data.annotations import REGULAR
from training.evaluation.bootstrap import Bootstrap, mean_statistic
from training.evaluation.classification import AT_SPECIFICITY, SPECIFICITY, overall_statistic
from training.evaluation.ground_truth import UNKNOWN, finding_label
from training.evaluation.metrics import Ranking
from training.study.scores import JOINT, StudyScores, load_scores
from training.study.variants import OURS, VARIANTS

__all__ = ["COMPARISONS", "compare_all", "differences", "headline", "per_seed"]

Rows = NDArray[np.intp]
Family = Callable[[Rows], dict[str, float]]
Key = tuple[str, str, int]

COMPARISONS = "comparisons.json"


def families(scores: StudyScores, repeat: int) -> list[tuple[str, list[str], Family]]:
    """Return the families of metrics of one seed: what their rows are, a patient per row, and the function."""
    primary = scores.fully_labelled_rows()
    result = [("recordings", scores.patients[primary].tolist(), _fully_labelled(scores, primary, repeat))]
    finding = finding_label(scores.labels)
    for source in scores.other_sets():
        rows = scores.of_set(source)
        statistic = _partially_labelled(scores, rows, repeat, finding, source)
        result.append((source, scores.patients[rows].tolist(), statistic))
    if scores.window_scores.shape[1]:
        result.append(("windows", scores.window_patients.tolist(), _windows(scores, repeat)))
    return result


def _fully_labelled(scores: StudyScores, rows: Rows, repeat: int) -> Family:
    """Return the metrics of recordings of fully labelled sets."""
    labels = list(scores.labels)
    names, of_rows = scores.may_be[rows].tolist(), scores.scores[repeat, rows].astype(np.float64)
    ground_truth = np.array([labels.index(name) if name in labels else UNKNOWN for name in names], np.intp)
    finding = finding_label(labels)
    overall = overall_statistic(ground_truth, of_rows)
    rankings = _rankings(labels, finding, ground_truth, of_rows, scores.audible[repeat, rows], scores.noisy[rows])

    def metrics_of(chosen: Rows) -> dict[str, float]:
        values = dict(overall(chosen))
        for name, (ranking, counts) in rankings.items():
            area, sensitivity = ranking.metrics(chosen[counts[chosen]], SPECIFICITY)
            values[name] = area
            if name == f"{finding}_auc":
                values[f"{finding}_{AT_SPECIFICITY}"] = sensitivity
        return values

    return metrics_of


def _rankings(
    labels: Sequence[str],
    finding: str,
    ground_truth: Rows,
    scores: NDArray[np.float64],
    audible: NDArray[np.float32],
    noisy: NDArray[np.int8],
) -> dict[str, tuple[Ranking, NDArray[np.bool_]]]:
    """Return the rankings, and which rows count: the finding among all, noisy, clean; extrasystoles by normals."""
    index, known = labels.index(finding), ground_truth != UNKNOWN
    ranking = Ranking(ground_truth == index, scores[:, index])
    result = {
        f"{finding}_auc": (ranking, known),
        f"{finding}_auc_noisy": (ranking, known & (noisy == 1)),
        f"{finding}_auc_clean": (ranking, known & (noisy == 0)),
    }
    if EXTRASTOLE in labels and NORMAL in labels:
        ectopic, normal = ground_truth == labels.index(EXTRASTOLE), ground_truth == labels.index(NORMAL)
        ranking = Ranking(ectopic, audible)
        for name, value in (("clean", 0), ("noisy", 1)):
            result[f"{EXTRASTOLE}_auc_{name}_normals"] = (ranking, ectopic | (normal & (noisy == value)))
    return result


def _partially_labelled(scores: StudyScores, rows: Rows, repeat: int, finding: str, source: str) -> Family:
    """Return how well the finding is separated in a set that labels nothing else."""
    may_be = [set(names.split(JOINT)) for names in scores.may_be[rows].tolist()]
    positive = np.array([labels == {finding} for labels in may_be], bool)
    known = positive | np.array([finding not in labels for labels in may_be], bool)
    ranking = Ranking(positive, scores.scores[repeat, rows, scores.labels.index(finding)])
    name = f"{finding}_auc in {source}"
    return lambda chosen: {name: ranking.auc(chosen[known[chosen]])}


def _windows(scores: StudyScores, repeat: int) -> Family:
    """Return how well ectopic beats are found in annotated windows."""
    annotated = scores.annotated(repeat)
    positive, regular = annotated.of_kind("premature"), annotated.of_kind(REGULAR)
    ranking = Ranking(positive, np.asarray(annotated.score))
    return lambda chosen: {
        "premature_auc_regular": ranking.auc(chosen[(positive | regular)[chosen]]),
        "premature_auc_all": ranking.auc(chosen),
    }


def headline(scores: StudyScores, bootstrap: Bootstrap) -> dict[str, dict[str, float | None]]:
    """Return the metrics, means over the seeds, as JSON values with their 95 % intervals over patients."""
    result: dict[str, dict[str, float | None]] = {}
    for patients, statistic in _mean_families(scores):
        estimates = bootstrap.estimate(statistic, patients)
        result |= {name: estimate.to_json() for name, estimate in estimates.items()}
    return result


def per_seed(scores: StudyScores) -> dict[str, list[float | None]]:
    """Return the metrics of each seed."""
    values: dict[str, list[float | None]] = {}
    for repeat in range(scores.repeats):
        for _, patients, statistic in families(scores, repeat):
            for name, value in statistic(np.arange(len(patients))).items():
                values.setdefault(name, []).append(round(value, 4) if math.isfinite(value) else None)
    return values


def differences(changed: StudyScores, ours: StudyScores, bootstrap: Bootstrap) -> dict[str, dict[str, float | None]]:
    """Return what a change adds to each metric, with its interval: a paired bootstrap over patients, the same seeds.

    Recordings and windows that only one of them has do not count.
    """
    repeats = min(changed.repeats, ours.repeats)
    changed, ours = _aligned(changed.first(repeats), ours.first(repeats))
    result: dict[str, dict[str, float | None]] = {}
    for (patients, of_changed), (_, of_ours) in zip(_mean_families(changed), _mean_families(ours), strict=True):

        def difference(rows: Rows, of_changed: Family = of_changed, of_ours: Family = of_ours) -> Mapping[str, float]:
            reference = of_ours(rows)
            return {name: value - reference[name] for name, value in of_changed(rows).items()}

        estimates = bootstrap.estimate(difference, patients)
        result |= {name: estimate.to_json() for name, estimate in estimates.items()}
    return result


def _mean_families(scores: StudyScores) -> list[tuple[list[str], Family]]:
    """Return the families with the mean over the seeds."""
    by_seed = [families(scores, repeat) for repeat in range(scores.repeats)]
    return [
        (family[0][1], mean_statistic([statistic for _, _, statistic in family]))
        for family in zip(*by_seed, strict=True)
    ]


def _aligned(first: StudyScores, second: StudyScores) -> tuple[StudyScores, StudyScores]:
    """Return both with the recordings and windows that both have, in the same order."""
    recordings = [_recording_keys(scores) for scores in (first, second)]
    windows = [_window_keys(scores) for scores in (first, second)]
    rows = [_rows_of_common(recordings, which) for which in (0, 1)]
    window_rows = [_rows_of_common(windows, which) for which in (0, 1)]
    return first.only(rows[0], window_rows[0]), second.only(rows[1], window_rows[1])


def _rows_of_common(keys: Sequence[Mapping[Key, int]], which: int) -> Rows:
    """Return the rows in one of two tables of the keys that both have."""
    return np.array([keys[which][key] for key in sorted(keys[0].keys() & keys[1].keys())], np.intp)


def _recording_keys(scores: StudyScores) -> dict[Key, int]:
    """Return the row of every recording, by its set, name, and count among those of that name."""
    return _numbered(list(zip(scores.sources.tolist(), scores.names.tolist(), strict=True)))


def _window_keys(scores: StudyScores) -> dict[Key, int]:
    """Return the row of every window, by its recording and count."""
    return _numbered([(name, "") for name in scores.window_names.tolist()])


def _numbered(names: Sequence[tuple[str, str]]) -> dict[Key, int]:
    """Return the index of each of some names, with a count of those that repeat."""
    seen: dict[tuple[str, str], int] = {}
    numbered = {}
    for index, name in enumerate(names):
        seen[name] = seen.get(name, -1) + 1
        numbered[(*name, seen[name])] = index
    return numbered


def compare_all(folder: Path, resamples: int, note: Callable[[str], None] = lambda text: None) -> dict[str, Any]:
    """Return the differences of every variant in a folder from its reference, as JSON values.

    Parameters
    ----------
    folder : Path
        With ``NAME.npz`` of the recipe and of the variants.
    resamples : int
        Of the bootstrap over patients.
    note : callable
        Called with a line for each variant that cannot be compared.
    """
    compared: dict[str, Any] = {}
    for path in sorted(folder.glob("*.npz")):
        against = VARIANTS[path.stem].against if path.stem in VARIANTS else OURS
        reference = folder / f"{against}.npz"
        if path == reference or path.name.startswith(".") or not reference.is_file():
            continue
        try:
            changed, unchanged = load_scores(path), load_scores(reference)
        except DataError as error:
            note(str(error))
            continue
        compared[path.stem] = {
            "against": against,
            "scores_sha256": [_digest(path), _digest(reference)],
            "seeds": min(changed.repeats, unchanged.repeats),
            "differences": differences(changed, unchanged, Bootstrap(0, resamples)),
        }
    return {"type": "comparisons", "schema": 2, "draws": resamples, "variants": compared}


def _digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()

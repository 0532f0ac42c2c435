"""The figures that a study is about, for any choice of rows and any seed: what is reported, and what is compared.

Each family is a function from row numbers to figures by name, as :class:`training.evaluation.bootstrap.Bootstrap` asks for; a
figure of several seeds is the mean of theirs, never that of averaged scores, which would be another network. Pure.
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
from training.data.annotations import REGULAR
from training.data.recording import EXTRASTOLE
from training.evaluation.bootstrap import Bootstrap, mean_statistic
from training.evaluation.classification import AT_SPECIFICITY, SPECIFICITY, overall_statistic
from training.evaluation.ground_truth import NORMAL, UNKNOWN, finding_label
from training.evaluation.metrics import Ranking
from training.study.scores import JOINT, StudyScores, load_scores
from training.study.variants import OURS, VARIANTS

__all__ = ["COMPARISONS", "compare_all", "differences", "headline", "per_seed"]

Rows = NDArray[np.intp]
Family = Callable[[Rows], dict[str, float]]


def families(scores: StudyScores, repeat: int) -> list[tuple[str, list[str], Family]]:
    """Return the families of metrics of one seed: what their rows are, a patient per row, and the function."""
    primary = scores.telling_rows()
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
    rankings = _rankings(labels, finding, ground_truth, of_rows, scores.shown[repeat, rows], scores.noisy[rows])

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
    shown: NDArray[np.float32],
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
        ranking = Ranking(ectopic, shown)
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
    annotated = scores.marked(repeat)
    positive, regular = annotated.of_kind("premature"), annotated.of_kind(REGULAR)
    ranking = Ranking(positive, np.asarray(annotated.score))
    return lambda chosen: {
        "premature_auc_regular": ranking.auc(chosen[(positive | regular)[chosen]]),
        "premature_auc_all": ranking.auc(chosen),
    }


def headline(scores: StudyScores, bootstrap: Bootstrap) -> dict[str, dict[str, float | None]]:
    """Return the figures, means over the seeds, as JSON values with their 95 % intervals over patients."""
    found: dict[str, dict[str, float | None]] = {}
    for patients, of in _mean_families(scores):
        figures = bootstrap.estimate(of, patients)
        found |= {name: figure.to_json() for name, figure in figures.items()}
    return found


def per_seed(scores: StudyScores) -> dict[str, list[float | None]]:
    """Return the figures of every seed by itself."""
    values: dict[str, list[float | None]] = {}
    for repeat in range(scores.repeats):
        for _, patients, of in families(scores, repeat):
            for name, value in of(np.arange(len(patients))).items():
                values.setdefault(name, []).append(round(value, 4) if math.isfinite(value) else None)
    return values


def differences(changed: StudyScores, ours: StudyScores, bootstrap: Bootstrap) -> dict[str, dict[str, float | None]]:
    """Return what a change adds to each figure, with its interval: the same patients drawn for both, the same seeds.

    Recordings and windows that only one of them has do not count.
    """
    repeats = min(changed.repeats, ours.repeats)
    changed, ours = _aligned(changed.first(repeats), ours.first(repeats))
    found: dict[str, dict[str, float | None]] = {}
    for (patients, of), (_, of_ours) in zip(_mean_families(changed), _mean_families(ours), strict=True):

        def difference(rows: Rows, of: Family = of, of_ours: Family = of_ours) -> Mapping[str, float]:
            theirs = of_ours(rows)
            return {name: value - theirs[name] for name, value in of(rows).items()}

        figures = bootstrap.estimate(difference, patients)
        found |= {name: figure.to_json() for name, figure in figures.items()}
    return found


def _mean_families(scores: StudyScores) -> list[tuple[list[str], Family]]:
    """Return the families with the mean over the seeds."""
    by_seed = [families(scores, repeat) for repeat in range(scores.repeats)]
    return [(its[0][1], mean_statistic([of for _, _, of in its])) for its in zip(*by_seed, strict=True)]


def _aligned(first: StudyScores, second: StudyScores) -> tuple[StudyScores, StudyScores]:
    """Return both with the recordings and windows that both have, in the same order."""
    keys = [_keys(its) for its in (first, second)]
    windows = [_window_keys(its) for its in (first, second)]
    rows = sorted(keys[0].keys() & keys[1].keys())
    held = sorted(windows[0].keys() & windows[1].keys())
    chosen = [
        its.only(np.array([key[row] for row in rows], np.intp), np.array([window[it] for it in held], np.intp))
        for its, key, window in zip((first, second), keys, windows, strict=True)
    ]
    return chosen[0], chosen[1]


def _keys(scores: StudyScores) -> dict[tuple[str, str, int], int]:
    """Return the row of every recording, by its set, name, and number among those of that name."""
    return _numbered(list(zip(scores.sources.tolist(), scores.names.tolist(), strict=True)))


def _window_keys(scores: StudyScores) -> dict[tuple[str, str, int], int]:
    """Return the place of every window, by its recording and number."""
    return _numbered([(name, "") for name in scores.window_names.tolist()])


def _numbered(names: Sequence[tuple[str, str]]) -> dict[tuple[str, str, int], int]:
    """Return the place of each of some names, counting those that come again."""
    seen: dict[tuple[str, str], int] = {}
    found = {}
    for place, name in enumerate(names):
        seen[name] = seen.get(name, -1) + 1
        found[(*name, seen[name])] = place
    return found


COMPARISONS = "comparisons.json"


def compare_all(folder: Path, draws: int, note: Callable[[str], None] = lambda text: None) -> dict[str, Any]:
    """Return the differences of every variant in a folder from what it is to be compared with, as JSON values.

    Parameters
    ----------
    folder : Path
        With ``NAME.npz`` of the recipe and of the variants.
    draws : int
        Of the bootstrap over patients.
    note : callable
        Told each variant that cannot be compared.
    """
    found: dict[str, Any] = {"type": "comparisons", "schema": 2, "draws": draws, "variants": {}}
    for path in sorted(folder.glob("*.npz")):
        against = VARIANTS[path.stem].against if path.stem in VARIANTS else OURS
        reference = folder / f"{against}.npz"
        if path == reference or path.name.startswith(".") or not reference.is_file():
            continue
        try:
            changed, usual = load_scores(path), load_scores(reference)
        except DataError as error:
            note(str(error))
            continue
        found["variants"][path.stem] = {
            "against": against,
            "scores_sha256": [_digest(path), _digest(reference)],
            "seeds": min(changed.repeats, usual.repeats),
            "differences": differences(changed, usual, Bootstrap(0, draws)),
        }
    return found


def _digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()

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
from training.evaluation import metrics
from training.evaluation.bootstrap import Bootstrap
from training.evaluation.curves import accuracy_at_coverage
from training.evaluation.ground_truth import NORMAL, finding_of
from training.evaluation.metrics import Ranking
from training.study.scores import JOINT, StudyScores, load_scores
from training.study.variants import OURS, VARIANTS

__all__ = ["COMPARISONS", "compare_all", "differences", "headline", "per_seed"]

Rows = NDArray[np.intp]
Family = Callable[[Rows], dict[str, float]]
SPECIFICITY, SUREST = 0.90, 0.8


def families(scores: StudyScores, repeat: int) -> list[tuple[str, list[str], Family]]:
    """Return the families of figures of one seed: what their rows are, a patient per row, and the function."""
    primary = scores.telling_rows()
    found = [("recordings", scores.patients[primary].tolist(), _telling_all(scores, primary, repeat))]
    finding = finding_of(scores.labels)
    for source in scores.other_sets():
        rows = scores.of_set(source)
        of = _telling_part(scores, rows, repeat, finding, source)
        found.append((source, scores.patients[rows].tolist(), of))
    if scores.window_scores.shape[1]:
        found.append(("windows", scores.window_patients.tolist(), _windows(scores, repeat)))
    return found


def _telling_all(scores: StudyScores, rows: Rows, repeat: int) -> Family:
    """Return the figures of recordings whose set tells all labels."""
    labels = list(scores.labels)
    names, its = scores.may_be[rows].tolist(), scores.scores[repeat, rows].astype(np.float64)
    truth = np.array([labels.index(name) if name in labels else -1 for name in names], np.intp)
    decided, confidence = its.argmax(axis=1), its.max(axis=1)
    noisy, told = scores.noisy[rows], truth >= 0
    finding = finding_of(labels)
    rankings = _rankings(labels, finding, truth, its, scores.shown[repeat, rows], noisy)

    def of(chosen: Rows) -> dict[str, float]:
        known = chosen[told[chosen]]
        figures = _of_decisions(truth[known], decided[known], confidence[known], its[known])
        for name, (ranking, counts) in rankings.items():
            area, sensitivity = ranking.figures(chosen[counts[chosen]], SPECIFICITY)
            figures[name] = area
            if name == f"{finding}_auc":
                figures[f"{finding}_sensitivity_at_specificity_0.90"] = sensitivity
        return figures

    return of


def _of_decisions(
    truth: Rows, decided: Rows, confidence: NDArray[np.float64], scores: NDArray[np.float64]
) -> dict[str, float]:
    """Return the figures of several classes."""
    names = ("accuracy", "balanced_accuracy", "macro_f1", "calibration_error", "accuracy_on_surest_80")
    if not len(truth):
        return dict.fromkeys(names, math.nan)
    matrix = metrics.confusion(truth, decided, scores.shape[1])
    values = (
        metrics.accuracy(matrix),
        metrics.balanced_accuracy(matrix),
        metrics.macro_f1(matrix),
        metrics.calibration_error(truth, scores),
        accuracy_at_coverage(truth == decided, confidence, SUREST),
    )
    return dict(zip(names, values, strict=True))


def _rankings(
    labels: Sequence[str],
    finding: str,
    truth: Rows,
    scores: NDArray[np.float64],
    shown: NDArray[np.float32],
    noisy: NDArray[np.int8],
) -> dict[str, tuple[Ranking, NDArray[np.bool_]]]:
    """Return what is ranked, and which rows count: the finding among all, noisy and clean; extrasystoles by normals."""
    place = list(labels).index(finding)
    ranking = Ranking(truth == place, scores[:, place])
    found = {
        f"{finding}_auc": (ranking, truth >= 0),
        f"{finding}_auc_noisy": (ranking, (truth >= 0) & (noisy == 1)),
        f"{finding}_auc_clean": (ranking, (truth >= 0) & (noisy == 0)),
    }
    if EXTRASTOLE in labels and NORMAL in labels:
        early, normal = list(labels).index(EXTRASTOLE), list(labels).index(NORMAL)
        ranking = Ranking(truth == early, shown)
        for name, value in (("clean", 0), ("noisy", 1)):
            counts = (truth == early) | ((truth == normal) & (noisy == value))
            found[f"{EXTRASTOLE}_auc_{name}_normals"] = (ranking, counts)
    return found


def _telling_part(scores: StudyScores, rows: Rows, repeat: int, finding: str, source: str) -> Family:
    """Return how well the finding is told in a set that tells no more."""
    may_be = [set(its.split(JOINT)) for its in scores.may_be[rows].tolist()]
    positive = np.array([its == {finding} for its in may_be], bool)
    told = positive | np.array([finding not in its for its in may_be], bool)
    ranking = Ranking(positive, scores.scores[repeat, rows, scores.labels.index(finding)])
    name = f"{finding}_auc in {source}"
    return lambda chosen: {name: ranking.figures(chosen[told[chosen]], SPECIFICITY)[0]}


def _windows(scores: StudyScores, repeat: int) -> Family:
    """Return how well premature beats are found in marked windows."""
    marked = scores.marked(repeat)
    positive, regular = marked.of_kind("premature"), marked.of_kind(REGULAR)
    ranking = Ranking(positive, np.asarray(marked.score))

    def of(chosen: Rows) -> dict[str, float]:
        return {
            "premature_auc_regular": ranking.figures(chosen[(positive | regular)[chosen]], SPECIFICITY)[0],
            "premature_auc_all": ranking.figures(chosen, SPECIFICITY)[0],
        }

    return of


def headline(scores: StudyScores, bootstrap: Bootstrap) -> dict[str, dict[str, float | None]]:
    """Return the figures, means over the seeds, as JSON values with their 95 % intervals over patients."""
    found: dict[str, dict[str, float | None]] = {}
    for patients, of in _mean_families(scores):
        figures = bootstrap.figures(of, patients)
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

        figures = bootstrap.figures(difference, patients)
        found |= {name: figure.to_json() for name, figure in figures.items()}
    return found


def _mean_families(scores: StudyScores) -> list[tuple[list[str], Family]]:
    """Return the families with the mean over the seeds."""
    by_seed = [families(scores, repeat) for repeat in range(scores.repeats)]
    return [(its[0][1], _mean([of for _, _, of in its])) for its in zip(*by_seed, strict=True)]


def _mean(of_seeds: Sequence[Family]) -> Family:
    """Return the mean of a family over the seeds; NaN where one of them has no value."""

    def of(rows: Rows) -> dict[str, float]:
        found = [of_seed(rows) for of_seed in of_seeds]
        return {name: sum(its[name] for its in found) / len(found) for name in found[0]}

    return of


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

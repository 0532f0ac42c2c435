"""The operating point of a murmur on held-out recordings, by data set, by the grade of the murmur, by age and by site.

    python benchmarks/accuracy/ablations.py set_b circor not_heart everyday --only ours
    python benchmarks/accuracy/operating_point.py set_b circor
    python docs/make/make_evidence.py

Reads the scores of the study in docs/evidence/ours.npz; the folders give the folds, and CirCor's table the grades and
ages. Each fold's threshold is chosen on the other folds. Seconds; needs no network.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.inference.bundle import DEFAULT_BUNDLE, find_bundle, read_settings
from monitor.labels import MURMUR
from training.calibration.operating_point import SPECIFICITY, ScoredSet, measure_operating_point, passes
from training.data.circor import CIRCOR
from training.data.corpus import Corpus
from training.data.discovery import discover
from training.data.folds import folds_of, with_patients
from training.evaluation.bootstrap import Bootstrap, mean_statistic
from training.evaluation.metrics import Ranking
from training.evaluation.subgroups import SITE
from training.study.runner import write_json
from training.study.scores import StudyScores, load_scores

ROOT = Path(__file__).resolve().parents[2]
FOLDS = 5
GRADES = {"I/VI": "grade I", "II/VI": "grade II", "III/VI": "grade III"}
MIN_SIDE = 10
"""Recordings with and without a murmur that a group needs."""

Rows = NDArray[np.intp]


def scored_sets(scores: StudyScores, folders: Sequence[Path], seeds: Sequence[int]) -> list[ScoredSet]:
    """Return the recordings of every set in which it is known who has a murmur, with the folds of each seed."""
    recordings = with_patients(discover(folders), "auto")
    corpus = Corpus.of(recordings)
    by_seed = [folds_of(recordings, corpus.fully_labelled, FOLDS, seed) for seed in seeds]
    fold_of = {
        (recording.source, recording.path.name): [folds[row] for folds in by_seed]
        for row, recording in enumerate(recordings)
    }
    sets = []
    for source in dict.fromkeys(scores.sources.tolist()):
        rows = scores.of_set(source)
        keys = [(source, name) for name in scores.names[rows].tolist()]
        sets.append(
            ScoredSet(
                source,
                scores.may_be[rows] == MURMUR,
                scores.scores[:, rows, scores.labels.index(MURMUR)].astype(np.float64),
                np.array([fold_of[key] for key in keys]).T,
                scores.patients[rows].tolist(),
            )
        )
    return sets


def groups_of(names: Sequence[str], table: Path) -> dict[str, tuple[NDArray[np.bool_], bool]]:
    """Return the recordings of CirCor in each group, and whether those without a murmur are of the group too."""
    with table.open(newline="", encoding="utf-8") as lines:
        rows = {row["Patient ID"]: row for row in csv.DictReader(lines)}
    children = [rows[name.partition("_")[0]] for name in names]
    grades = [GRADES.get(child["Systolic murmur grading"], "") for child in children]
    ages = [child["Age"].lower() for child in children]
    sites = [match["site"] if (match := SITE.search(Path(name).stem)) else "" for name in names]
    groups = {grade: (np.array([one == grade for one in grades]), False) for grade in GRADES.values()}
    for values, prefix in ((ages, "age: "), (sites, "site: ")):
        for value in sorted(set(values) - {"nan", ""}):
            groups[f"{prefix}{value}"] = np.array([one == value for one in values]), True
    return groups


def share(flags: NDArray[np.bool_]) -> float:
    """Return the share that is true, NaN of none."""
    return float(flags.mean()) if len(flags) else math.nan


def group_statistic(
    one: ScoredSet, passed: NDArray[np.bool_], labelled: NDArray[np.bool_], repeat: int, chosen: NDArray[np.bool_]
) -> Callable[[Rows], dict[str, float]]:
    """Return the function from rows to the metrics of the chosen recordings in one seed."""
    ranking = Ranking(one.positive, one.scores[repeat])

    def metrics(rows: Rows) -> dict[str, float]:
        of_group = rows[chosen[rows]]
        positive = one.positive[of_group]
        return {
            "auc": ranking.auc(of_group),
            "labelled": share(labelled[of_group][positive]),
            "sensitivity": share(passed[of_group][positive]),
            "specificity": 1.0 - share(passed[of_group][~positive]),
        }

    return metrics


def measured_groups(
    sets: Sequence[ScoredSet], names: Sequence[str], table: Path, labelled_from: float, draws: int
) -> dict[str, Any]:
    """Return the metrics of every group of CirCor that has enough recordings with a murmur and without one."""
    index = next(number for number, one in enumerate(sets) if one.name == CIRCOR)
    one, repeats = sets[index], range(len(sets[index].scores))
    passed = [passes(sets, repeat, SPECIFICITY)[index] for repeat in repeats]
    result = {}
    for name, (members, with_negatives) in groups_of(names, table).items():
        chosen = members if with_negatives else members | ~one.positive
        if min((one.positive & chosen).sum(), (~one.positive & chosen).sum()) < MIN_SIDE:
            continue
        statistic = mean_statistic(
            [
                group_statistic(one, passed[repeat], one.scores[repeat] >= labelled_from, repeat, chosen)
                for repeat in repeats
            ]
        )
        estimates = Bootstrap(0, draws).estimate(statistic, one.patients)
        result[name] = {
            "positives": int((one.positive & chosen).sum()),
            "negatives": int((~one.positive & chosen).sum()),
            **{key: estimate.to_json() for key, estimate in estimates.items()},
        }
    return result


def main() -> None:
    """Measure, print, and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs=2, type=Path, metavar="DATA", help="set B and CirCor, as the study had them")
    parser.add_argument("--evidence", type=Path, default=ROOT / "docs" / "evidence", metavar="DIR")
    parser.add_argument("--model", default=DEFAULT_BUNDLE, help="the bundle whose threshold of a label counts")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2], help="of the study (default: 0 1 2)")
    parser.add_argument("--draws", type=int, default=1000, metavar="N", help="of the bootstrap (default: 1000)")
    arguments = parser.parse_args()
    path = arguments.evidence / "ours.npz"
    scores = load_scores(path)
    seeds = arguments.seeds[: scores.repeats]
    sets = scored_sets(scores, arguments.data, seeds)
    labelled_from = read_settings(find_bundle(arguments.model))["decision"]["uncertain_below"]
    point = measure_operating_point(MURMUR, sets, labelled_from, Bootstrap(0, arguments.draws))
    if point is None:
        raise SystemExit("the operating point is no lower than the threshold of the label")
    names = scores.names[scores.of_set(CIRCOR)].tolist()
    groups = measured_groups(sets, names, arguments.data[1] / "training_data.csv", labelled_from, arguments.draws)
    for name, row in {**point.to_json()["sets"], **groups}.items():
        words = [f"{key} {value['value']:.3f}" for key, value in row.items() if isinstance(value, dict)]
        print(f"{name:20s} {'  '.join(words)}")
    write_json(
        {
            "type": "operating_point",
            "schema": 1,
            "command": f"python benchmarks/accuracy/operating_point.py {' '.join(one.name for one in arguments.data)}",
            "seeds": seeds,
            "scores_sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            "point": point.to_json(),
            "groups": groups,
        },
        arguments.evidence / "operating_point.json",
    )


if __name__ == "__main__":
    main()

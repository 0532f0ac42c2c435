"""The published figures follow from the published scores, computed here without a line of the code that published them.

``docs/evidence/NAME.npz`` holds the scores of held-out recordings and windows, ``NAME.json`` what was computed from
them. This module reads both with NumPy alone.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[2]
EVIDENCE = ROOT / "docs" / "evidence"
STUDIES = sorted(path.stem for path in EVIDENCE.glob("*.npz"))
CIRCOR = "CirCor DigiScope"

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]


def area(positive: Floats, negative: Floats) -> float:
    """Return the AUC by its definition: how often a positive is above a negative, a tie counting half."""
    difference = positive[:, None] - negative[None, :]
    return float((difference > 0).mean() + 0.5 * (difference == 0).mean())


def sensitivity(positive: Floats, negative: Floats, specificity: float) -> float:
    """Return the best sensitivity of any threshold "at or above" that keeps a specificity."""
    thresholds = np.concatenate([positive, negative])
    kept = [value for value in thresholds if (negative < value).mean() >= specificity - 1e-9]
    return float(max(((positive >= value).mean() for value in kept), default=0.0))


def calibration_error(confidence: Floats, correct: Bools) -> float:
    """Return the expected calibration error in ten bins of equal width."""
    total = 0.0
    for low in np.arange(10) / 10:
        inside = (confidence >= low) & ((confidence < low + 0.1) | (low > 0.85))
        if inside.any():
            total += inside.sum() * abs(correct[inside].mean() - confidence[inside].mean())
    return total / len(confidence)


class Published:
    """The scores of one study, and the rows that each metric is of."""

    def __init__(self, name: str) -> None:
        with np.load(EVIDENCE / f"{name}.npz", allow_pickle=False) as stored:
            arrays = {key: stored[key] for key in stored.files}
        self.labels = arrays["labels"].tolist()
        self.scores: Floats = arrays["scores"].astype(np.float64)  # (seeds, recordings, labels)
        self.audible: Floats = arrays["shown"].astype(np.float64)  # (seeds, recordings)
        self.windows: Floats = arrays["window_scores"].astype(np.float64)  # (seeds, windows)
        self.noisy = arrays["noisy"]
        self.source, self.may_be, self.patients = arrays["sources"], arrays["may_be"], arrays["patients"]
        self.full = np.isin(self.source, arrays["telling"])
        self.kinds = [set(kinds.split("|")) for kinds in arrays["window_kinds"].tolist()]

    def is_label(self, label: str) -> Bools:
        """Return which recordings of the fully labelled sets have a label."""
        return self.full & (self.may_be == label)

    def of_seed(self, seed: int) -> dict[str, float]:
        """Return the headline metrics of one seed."""
        truth = np.array([self.labels.index(name) for name in self.may_be[self.full]])
        scores = self.scores[seed, self.full]
        decided, confidence = scores.argmax(axis=1), scores.max(axis=1)
        correct = decided == truth
        recall = [correct[truth == label].mean() for label in range(len(self.labels))]
        hits, given, found = (
            np.bincount(values, minlength=len(self.labels)) for values in (truth[correct], truth, decided)
        )
        f1 = 2 * hits / (given + found)
        surest = np.argsort(-confidence)[: round(0.8 * len(truth))]
        murmur = self.scores[seed, :, self.labels.index("murmur")]
        with_murmur, without = self.is_label("murmur"), self.full & ~self.is_label("murmur")
        extrastole, normal = self.audible[seed, self.is_label("extrastole")], self.is_label("normal")
        circor, present = self.source == CIRCOR, self.may_be == "murmur"
        early = np.array(["premature" in kinds for kinds in self.kinds])
        regular = np.array(["regular" in kinds for kinds in self.kinds])
        windows = self.windows[seed]
        return {
            "accuracy": float(correct.mean()),
            "balanced_accuracy": float(np.mean(recall)),
            "macro_f1": float(np.mean(f1)),
            "calibration_error": calibration_error(confidence, correct),
            "accuracy_on_surest_80": float(correct[surest].mean()),
            "murmur_auc": area(murmur[with_murmur], murmur[without]),
            "murmur_sensitivity_at_specificity_0.90": sensitivity(murmur[with_murmur], murmur[without], 0.9),
            "murmur_auc_noisy": area(murmur[with_murmur & (self.noisy == 1)], murmur[without & (self.noisy == 1)]),
            "murmur_auc_clean": area(murmur[with_murmur & (self.noisy == 0)], murmur[without & (self.noisy == 0)]),
            "extrastole_auc_clean_normals": area(extrastole, self.audible[seed, normal & (self.noisy == 0)]),
            "extrastole_auc_noisy_normals": area(extrastole, self.audible[seed, normal & (self.noisy == 1)]),
            f"murmur_auc in {CIRCOR}": area(murmur[circor & present], murmur[circor & ~present]),
            "premature_auc_regular": area(windows[early], windows[regular & ~early]),
            "premature_auc_all": area(windows[early], windows[~early]),
        }


@pytest.fixture(scope="module", params=STUDIES)
def study(request: pytest.FixtureRequest) -> tuple[dict[str, Any], list[dict[str, float]], Published]:
    """Return a study's JSON, the metrics of each seed computed here, and its scores."""
    scores = Published(request.param)
    published = json.loads((EVIDENCE / f"{request.param}.json").read_text(encoding="utf-8"))
    return published, [scores.of_seed(seed) for seed in range(len(scores.scores))], scores


Study = tuple[dict[str, Any], list[dict[str, float]], Published]


def test_there_is_evidence() -> None:
    """The recipe and the article's recipe are among the studies."""
    assert {"ours", "article"} <= set(STUDIES)


def test_the_metrics_are_of_these_scores(study: Study) -> None:
    """The JSON names the digest of the scores that lie beside it."""
    published, _, _ = study
    content = (EVIDENCE / f"{published['name']}.npz").read_bytes()
    assert published["scores_sha256"] == hashlib.sha256(content).hexdigest()


def test_each_metric_is_the_mean_over_the_seeds(study: Study) -> None:
    """Every headline metric is the mean of what each seed's scores give, and none is missing."""
    published, seeds, _ = study
    assert len(seeds) == len(published["seeds"])
    assert published["headline"].keys() == seeds[0].keys()
    for name, metric in published["headline"].items():
        mean = np.mean([values[name] for values in seeds])
        assert metric["value"] == pytest.approx(mean, abs=1e-4), name


def test_each_seed(study: Study) -> None:
    """Every metric of every seed follows from that seed's scores."""
    published, seeds, _ = study
    for name, values in published["per_seed"].items():
        assert values == pytest.approx([of_seed[name] for of_seed in seeds], abs=1e-4), name


def resampled(
    statistic: Callable[[NDArray[np.intp]], float], patients: NDArray[np.str_], count: int
) -> Iterator[float]:
    """Yield a statistic of resamples of whole patients."""
    rng = np.random.default_rng(7)
    rows = [np.flatnonzero(patients == patient) for patient in np.unique(patients)]
    for _ in range(count):
        yield statistic(np.concatenate([rows[index] for index in rng.integers(0, len(rows), len(rows))]))


def test_the_interval_is_over_patients() -> None:
    """The interval of the accuracy is that of resampled patients, with all seeds each; of recordings it is narrower."""
    scores = Published("ours")
    truth = np.array([scores.labels.index(name) for name in scores.may_be[scores.full]])
    correct = (scores.scores[:, scores.full].argmax(axis=2) == truth).mean(axis=0)  # (recordings,), over the seeds
    patients = scores.patients[scores.full]
    means = list(resampled(lambda rows: float(correct[rows].mean()), patients, 1000))
    published = json.loads((EVIDENCE / "ours.json").read_text(encoding="utf-8"))["headline"]["accuracy"]
    assert [published["low"], published["high"]] == pytest.approx(np.percentile(means, [2.5, 97.5]), abs=0.01)
    alone = list(resampled(lambda rows: float(correct[rows].mean()), np.arange(len(truth)).astype(str), 1000))
    assert published["high"] - published["low"] > 1.05 * np.diff(np.percentile(alone, [2.5, 97.5]))[0]


def test_the_page_says_these_figures() -> None:
    """The first table of docs/EVIDENCE.md has, for both recipes, the values that the scores give."""
    page = (ROOT / "docs" / "EVIDENCE.md").read_text(encoding="utf-8")
    ours, article = (
        [Published(name).of_seed(seed) for seed in range(len(Published(name).scores))] for name in ("ours", "article")
    )
    titles = {
        "murmur AUC": "murmur_auc",
        "murmur sensitivity at specificity 0.90": "murmur_sensitivity_at_specificity_0.90",
        "accuracy": "accuracy",
        "balanced accuracy at the same operating point": "balanced_accuracy",
        "macro-F1 at the same operating point": "macro_f1",
        "murmur AUC among noisy recordings": "murmur_auc_noisy",
        "murmur AUC among clean recordings": "murmur_auc_clean",
        "calibration error": "calibration_error",
        "CirCor murmur AUC per recording": f"murmur_auc in {CIRCOR}",
        "extrastole clips against clean normals, set B, AUC": "extrastole_auc_clean_normals",
    }
    for title, name in titles.items():
        row = re.search(rf"^\| {re.escape(title)} \| ([\d.]+) \| ([\d.]+) \|", page, re.MULTILINE)
        assert row, title
        means = [np.mean([values[name] for values in seeds]) for seeds in (article, ours)]
        assert [float(row[1]), float(row[2])] == pytest.approx(means, abs=6e-4), title


def test_the_operating_point_follows_from_the_scores() -> None:
    """It is the lowest score with the stated specificity, the mean over the data sets; the bundle has a like one."""
    published = json.loads((EVIDENCE / "operating_point.json").read_text(encoding="utf-8"))
    scores = Published("ours")
    murmur, present = scores.scores[:, :, scores.labels.index("murmur")], scores.may_be == "murmur"
    sources = np.unique(scores.source)
    point = published["point"]

    def specificity(threshold: float) -> float:
        return float(np.mean([(murmur[:, (scores.source == one) & ~present] < threshold).mean() for one in sources]))

    assert specificity(point["possible_from"]) >= point["specificity"] > specificity(point["possible_from"] - 0.01)
    settings = json.loads((ROOT / "models" / "heart-sounds" / "bundle.json").read_text(encoding="utf-8"))
    threshold = settings["decision"]["uncertain_below"]
    for source in sources.tolist():
        of_set = (scores.source == source) & present
        labelled = (murmur[:, of_set] >= threshold).mean()
        assert point["sets"][source]["labelled"]["value"] == pytest.approx(labelled, abs=1e-4)
    assert settings["operating_point"]["label"] == point["label"]
    assert settings["operating_point"]["possible_from"] == pytest.approx(point["possible_from"], abs=0.05)


class Examinations:
    """The scores of examinations at two sites or more, computed here from the stored ones."""

    def __init__(self) -> None:
        content = (EVIDENCE / "sites" / "scores.npz").read_bytes()
        self.digest = hashlib.sha256(content).hexdigest()
        with np.load(EVIDENCE / "sites" / "scores.npz", allow_pickle=False) as stored:
            self.labels = stored["labels"].tolist()
            names, heard, scores = stored["names"].tolist(), stored["heard"], stored["scores"].astype(np.float64)
        places = [tuple(name.split("_")[:2]) for name in names]
        visits = sorted({visit for visit, _ in places})
        sites = {
            visit: [
                [row for row, place in enumerate(places) if place == (visit, site)]
                for site in ("AV", "PV", "TV", "MV")
                if (visit, site) in places
            ]
            for visit in visits
        }
        self.rows = [rows for rows in sites.values() if len(rows) > 1]
        self.scores = [np.stack([scores[:, of_site].mean(axis=1) for of_site in rows]) for rows in self.rows]
        self.murmur = np.array([any(heard[row] for of_site in rows for row in of_site) for rows in self.rows])

    def auc(self, pool: Callable[[Floats], Floats]) -> float:
        """Return the mean over the seeds of the murmur AUC of pooled scores."""
        index = self.labels.index("murmur")
        pooled = np.array([pool(of_visit[:, :, index]) for of_visit in self.scores])  # (visits, seeds)
        areas = [area(of_seed[self.murmur], of_seed[~self.murmur]) for of_seed in pooled.T]
        return float(np.mean(areas))


def test_several_sites_together() -> None:
    """The pools' AUCs, the counts and the findings of docs/evidence/sites/pooling.json follow from the scores there."""
    published = json.loads((EVIDENCE / "sites" / "pooling.json").read_text(encoding="utf-8"))
    found = Examinations()
    assert published["scores_sha256"] == found.digest
    assert (published["visits"], published["visits_with_murmur"]) == (len(found.rows), int(found.murmur.sum()))
    pools: dict[str, Callable[[Floats], Floats]] = {
        "mean": lambda scores: scores.mean(axis=0),
        "maximum": lambda scores: scores.max(axis=0),
        "noisy-or": lambda scores: 1 - (1 - scores).prod(axis=0),
    }
    for name, pool in pools.items():
        assert published["auc"][name]["value"] == pytest.approx(found.auc(pool), abs=1e-4), name
    threshold = json.loads((ROOT / "models" / "heart-sounds" / "bundle.json").read_text(encoding="utf-8"))["decision"][
        "uncertain_below"
    ]
    mean = np.array([of_visit.mean(axis=0) for of_visit in found.scores])  # (visits, seeds, labels)
    murmur = found.labels.index("murmur")
    sure = (mean.argmax(axis=2) == murmur) & (mean.max(axis=2) >= threshold)
    share = published["findings"]["with a murmur"]["murmur"]["value"]
    assert share == pytest.approx(sure[found.murmur].mean(), abs=1e-4)

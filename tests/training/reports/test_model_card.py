"""The card says what was measured, on whom, under which licence, and what it is not for."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from training.calibration.abstention import SelectiveAccuracy
from training.calibration.gate import GateMetrics
from training.evaluation.bootstrap import Estimate
from training.evaluation.cross_validated import CrossValidatedMetrics, measure
from training.reports.model_card import CITATIONS, write_card

LABELS = ("normal", "murmur", "extrastole")
DATA = [
    {"set": "PASCAL set B", "recordings": 12, "patients": 6, "labels": {"normal": 8, "murmur": 3, "extrastole": 1}},
    {"set": "mine", "recordings": 2, "patients": 2, "labels": {"normal or extrastole": 2}},
]


@pytest.fixture(scope="module")
def evidence() -> CrossValidatedMetrics:
    """Return some evidence."""
    truth = np.array([0] * 8 + [1] * 3 + [2], np.intp)
    scores = np.random.default_rng(0).dirichlet((3, 1, 1), 12)
    return measure(truth, scores, LABELS, [f"p{row // 2}" for row in range(12)])


def card(evidence: CrossValidatedMetrics, **changes: Any) -> str:
    """Return a card."""
    settings: dict[str, Any] = {
        "name": "mine",
        "recipe": "heart",
        "command": "auscult train set_b --out models/mine --seed 3",
        "labels": LABELS,
        "training_data": DATA,
        "synthetic_per_label": 0,
        "evidence": evidence,
        "other_sets": {},
        "decision": "The largest score decides.",
    }
    return write_card(**(settings | changes))


def test_what_it_is_not_for(evidence: CrossValidatedMetrics) -> None:
    """Near the top stands that it is for research and not for diagnosis."""
    assert "Research use, not for diagnosis." in card(evidence).split("##")[0]


def test_how_to_train_it_again(evidence: CrossValidatedMetrics) -> None:
    """The command, the recipe and the labels are there."""
    text = card(evidence)
    assert "`auscult train set_b --out models/mine --seed 3`" in text
    assert "Recipe `heart`; labels normal, murmur, extrastole" in text


def test_data_with_counts_and_licences(evidence: CrossValidatedMetrics) -> None:
    """Each set has its row; a known set its citation, another its name."""
    text = card(evidence)
    assert "| PASCAL set B | 12 | 6 | 8 normal, 3 murmur, 1 extrastole |" in text
    assert "| mine | 2 | 2 | 2 normal or extrastole |" in text
    assert CITATIONS["PASCAL set B"] in text
    assert "\n- mine\n" in text


def test_every_figure_is_the_evidences(evidence: CrossValidatedMetrics) -> None:
    """Overall and per label, every figure stands with its interval, as measured."""
    text = card(evidence)
    for figure in evidence.overall.values():
        assert str(figure) in text
    for label, figures in evidence.per_label.items():
        row = next(line for line in text.splitlines() if line.startswith(f"| {label} | ") and "(" in line)
        assert row == f"| {label} | " + " | ".join(str(figure) for figure in figures.values()) + " |"
    assert "12 recordings of 6 patients" in text
    assert "The largest score decides." in text


def test_confusion(evidence: CrossValidatedMetrics) -> None:
    """The confusion stands row by row, the truth in front."""
    for label, row in zip(LABELS, evidence.confusion.tolist(), strict=True):
        assert f"| {label} | " + " | ".join(map(str, row)) + " |" in card(evidence)


def test_made_sounds_are_declared(evidence: CrossValidatedMetrics) -> None:
    """Whether made sounds were trained on, and that the demo proves nothing then, is said."""
    assert "no made sounds" in card(evidence)
    text = card(evidence, synthetic_per_label=600)
    assert "600 made sounds of each label" in text
    assert "not how good the network is" in text


def test_other_sets(evidence: CrossValidatedMetrics) -> None:
    """Figures on other sets stand with the set's name; without any, nothing is said of them."""
    text = card(evidence, other_sets={"CirCor DigiScope": {"murmur_auc": Estimate(0.91, 0.88, 0.94)}})
    assert "- CirCor DigiScope: murmur auc 0.910 (0.880 to 0.940)" in text
    assert "other sets" not in card(evidence)


def test_limits_speak_of_the_labels_there_are(evidence: CrossValidatedMetrics) -> None:
    """The limit of the label extrastole is said only of bundles that have it."""
    assert "`extrastole` (the data set's spelling)" in card(evidence)
    assert "`extrastole` (the data set's spelling)" not in card(evidence, labels=("normal", "murmur", "other"))


def test_noise_apart(evidence: CrossValidatedMetrics) -> None:
    """Figures with the noise matched stand in a list of their own; without any, nothing is said of them."""
    apart = {"murmur_auc_clean": Estimate(0.95, 0.9, 0.98), "murmur_auc_noisy": Estimate(0.87, 0.8, 0.93)}
    text = card(dataclasses.replace(evidence, apart=apart))
    assert "- murmur auc clean 0.950 (0.900 to 0.980)\n- murmur auc noisy 0.870 (0.800 to 0.930)" in text
    assert "noise matched" not in card(evidence)


def test_repeats_are_declared(evidence: CrossValidatedMetrics) -> None:
    """That figures are means over repeats, and the confusion their sum, is said where it is so."""
    text = card(dataclasses.replace(evidence, num_repeats=3))
    assert "dealt into folds 3 times, and a figure is the mean over these repeats" in text
    assert "decided; summed over 3 repeats):" in text
    assert "repeats" not in card(evidence)


def test_an_end_by_hand_is_declared(evidence: CrossValidatedMetrics) -> None:
    """A training that was ended says so before its figures."""
    text = card(evidence, ended="Ended by hand: 2 of 5 folds were done.")
    assert text.index("Ended by hand: 2 of 5 folds were done.") < text.index("12 recordings of 6 patients")


def test_plots_are_listed(evidence: CrossValidatedMetrics) -> None:
    """Every plot is a link; without plots there is no list."""
    text = card(evidence, plots=["plots/roc.png", "plots/training_curves.png"])
    assert "Plots: [roc](plots/roc.png), [training curves](plots/training_curves.png)." in text
    assert "plots/" not in card(evidence)
    repeated = card(dataclasses.replace(evidence, num_repeats=2), plots=["plots/roc.png"])
    assert "Of the first repeat: [roc](plots/roc.png)." in repeated


def test_is_well_formed(evidence: CrossValidatedMetrics) -> None:
    """Every table has as many cells in each row, and the text ends with one line end."""
    text = card(evidence)
    assert text.startswith("# mine\n")
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    assert "\n\n\n" not in text
    for block in text.split("\n\n"):
        rows = [line for line in block.splitlines() if line.startswith("|")]
        assert len({row.count("|") for row in rows}) <= 1


def test_when_it_says_nothing(evidence: CrossValidatedMetrics) -> None:
    """Threshold, stated error, what came of it with others' thresholds, the curve; nothing where none was chosen."""
    told = SelectiveAccuracy(
        1 / 6, 0.55, Estimate(0.9, 0.8, 0.95), Estimate(0.15, 0.1, 0.2), [(0.0, 1.0, 0.18), (0.8, 0.0, np.nan)]
    )
    text = card(evidence, abstaining=told)
    assert "No label is given below a confidence of 0.55: chosen so that at most 0.167" in text
    assert "0.900 (0.800 to 0.950) of the recordings got a label, and 0.150 (0.100 to 0.200) of these" in text
    assert "| 0.00 | 1.000 | 0.180 |\n| 0.80 | 0.000 | - |" in text
    assert "When it says nothing" not in card(evidence)


def test_the_quality_gate(evidence: CrossValidatedMetrics) -> None:
    """By kind what passes, with intervals; nothing where none was fitted."""
    one = Estimate(0.9, 0.8, 1.0)
    figures = GateMetrics(Estimate(0.998, 0.99, 1.0), {"mine": 40, "speech": 7}, *[{"mine": one, "speech": one}] * 2)
    text = card(evidence, gate_figures=figures)
    assert "hearts against all else, AUC 0.998 (0.990 to 1.000)." in text
    assert "| speech | 7 | 0.900 (0.800 to 1.000) | 0.900 (0.800 to 1.000) |" in text
    assert "The quality gate" not in card(evidence)

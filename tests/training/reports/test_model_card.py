"""The card says what was measured, on which data, under which licence, and what it is not for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from monitor.inference.bundle import read_settings
from monitor.inference.calibration import Calibration
from monitor.inference.thresholds import DecisionThresholds
from training.calibration.abstention import SelectiveAccuracy
from training.calibration.gate import GateMetrics
from training.evaluation.bootstrap import Estimate
from training.evaluation.cross_validated import measure
from training.reports.model_card import CITATIONS, is_studied, write_card

LABELS = ("normal", "murmur", "extrastole")
DATA = [
    {"set": "PASCAL set B", "recordings": 12, "patients": 6, "labels": {"normal": 8, "murmur": 3, "extrastole": 1}},
    {"set": "mine", "recordings": 2, "patients": 2, "labels": {"normal or extrastole": 2}},
]
SHIPPED = Path(__file__).resolve().parents[3] / "models" / "heart-sounds"


@pytest.fixture(scope="module")
def metrics() -> dict[str, Any]:
    """Return the metrics of 12 recordings of 6 patients, as in bundle.json."""
    truth = np.array([0] * 8 + [1] * 3 + [2], np.intp)
    scores = np.random.default_rng(0).dirichlet((3, 1, 1), 12)
    measured = measure(truth, scores, LABELS, [f"p{row // 2}" for row in range(12)]).to_json()
    return {**measured, "decision": "The largest score decides.", "other_sets": {}}


def card(metrics: dict[str, Any], plots: tuple[str, ...] = (), **changes: Any) -> str:
    """Return a card."""
    settings: dict[str, Any] = {
        "name": "mine",
        "recipe": "heart",
        "command": "auscult train set_b --out models/mine --seed 3",
        "labels": LABELS,
        "training_data": DATA,
        "made_sounds_per_label": 0,
        "metrics": metrics,
        "calibration": Calibration().to_json(),
        "decision": DecisionThresholds(uncertain_below=0.6).to_json(),
    }
    return write_card(settings | changes, plots)


def test_the_shipped_card_matches_its_bundle() -> None:
    """The card of the default bundle is exactly what its bundle.json gives; rewrite_card makes it so."""
    settings = read_settings(SHIPPED)
    plots = [name for name in settings["sha256"] if name.startswith("plots/")]
    assert (SHIPPED / "CARD.md").read_text(encoding="utf-8") == write_card(settings, plots)


def test_which_scores_are_which(metrics: dict[str, Any]) -> None:
    """The share that is not heard and the acoustic scores of the threshold are those of the calibration."""
    given = ((0.8, 0.0, 0.2), (0.0, 0.8, 0.2), (0.0, 0.0, 1.0))
    text = card(metrics, calibration=Calibration(given=given).to_json()).split("## Training data")[0]
    assert "`acoustic_scores`, which the screen, text lines and figures show, are the probability of what is" in text
    assert "no score of extrastole is below 0.20, and none of another label above 0.80" in text
    assert "from a score of 0.60, which is an acoustic score of: normal 0.75, murmur 0.75, extrastole 0.50." in text


def test_from_which_score_a_label_is_possible(metrics: dict[str, Any]) -> None:
    """From which score a label is possible and what that finds; nothing of it for a bundle without one."""
    assert "possible" not in card(metrics)
    shares = {
        "labelled": {"value": 0.6, "low": 0.5, "high": 0.7},
        "sensitivity": {"value": 0.78, "low": 0.7, "high": 0.84},
        "specificity": {"value": 0.96, "low": 0.93, "high": 0.98},
    }
    point = {"label": "murmur", "specificity": 0.95, "possible_from": 0.34, "sets": {"CirCor DigiScope": shares}}
    text = card(metrics, operating_point=point)
    assert "## Operating point: possible murmur" in text
    assert "From a score of 0.34 the monitor says `possible murmur`" in text
    row = "| CirCor DigiScope | 0.600 (0.500 to 0.700) | 0.780 (0.700 to 0.840) | 0.960 (0.930 to 0.980) |"
    assert row in text


def test_one_kind_of_scores(metrics: dict[str, Any]) -> None:
    """Without such a share the card says that both are the same, and names no threshold."""
    head = card(metrics).split("## Training data")[0]
    assert "With this bundle they are the same." in head
    assert "acoustic score of" not in head


def test_what_it_is_not_for(metrics: dict[str, Any]) -> None:
    """Above the first section stands that it is for research and not for diagnosis."""
    assert "Research use, not for diagnosis." in card(metrics).split("##")[0]


def test_the_yaml_head(metrics: dict[str, Any]) -> None:
    """The hub's keys come first, without a digit; names of data sets are quoted."""
    named = [{**DATA[0], "set": "a: [b]"}]
    opening, head, _ = card(metrics, training_data=named).split("---\n", 2)
    assert opening == ""
    keys = [line.split(":")[0] for line in head.splitlines() if not line.startswith("- ")]
    assert keys == ["library_name", "pipeline_tag", "tags", "metrics", "datasets"]
    assert '- "a: [b]"\n' in head
    assert not any(character.isdigit() for character in head)


def test_a_licence_only_for_public_data(metrics: dict[str, Any]) -> None:
    """The head names the project's licence where all data are the public sets, and none for recordings of one's own."""
    assert "\nlicense: mit\n" in card(metrics, training_data=DATA[:1])
    assert "license:" not in card(metrics)


def test_how_to_train_it_again(metrics: dict[str, Any]) -> None:
    """The command, the recipe and the labels are there."""
    text = card(metrics)
    assert "`auscult train set_b --out models/mine --seed 3`" in text
    assert "Recipe `heart`; labels normal, murmur, extrastole" in text


def test_data_with_counts_and_licences(metrics: dict[str, Any]) -> None:
    """Each data set has its row; a public set its citation, another its name."""
    text = card(metrics)
    assert "| PASCAL set B | 12 | 6 | 8 normal, 3 murmur, 1 extrastole |" in text
    assert "| mine | 2 | 2 | 2 normal or extrastole |" in text
    assert CITATIONS["PASCAL set B"] in text
    assert "\n- mine\n" in text


def test_every_metric_has_its_interval(metrics: dict[str, Any]) -> None:
    """All metrics of bundle.json stand with their interval; one that is undefined is a dash."""
    text = card(metrics)
    for values in metrics["overall"].values():
        assert f" {values['value']:.3f} ({values['low']:.3f} to {values['high']:.3f}) " in text
    for label, values in metrics["per_label"].items():
        row = next(line for line in text.splitlines() if line.startswith(f"| {label} | ") and "." in line)
        cells = row.split(" | ")[1:]
        for cell, value in zip(cells, values.values(), strict=True):
            assert cell.startswith("-" if value["value"] is None else f"{value['value']:.3f}")
    assert "12 recordings of 6 patients" in text
    assert "The largest score decides." in text


def test_confusion_matrix(metrics: dict[str, Any]) -> None:
    """The confusion matrix stands row by row, the true label in front."""
    for label, row in zip(LABELS, metrics["confusion"], strict=True):
        assert f"| {label} | " + " | ".join(map(str, row)) + " |" in card(metrics)


def test_synthetic_sounds_are_declared(metrics: dict[str, Any]) -> None:
    """The number of synthetic sounds is said, and that the demo proves nothing then."""
    assert "no synthetic sounds" in card(metrics)
    text = card(metrics, made_sounds_per_label=600)
    assert "600 synthetic sounds of each label" in text
    assert "not how well the network performs" in text


def test_other_sets(metrics: dict[str, Any]) -> None:
    """Metrics on other data sets stand with the set's name; without any there is no such section."""
    others = {"CirCor DigiScope": {"murmur_auc": Estimate(0.91, 0.88, 0.94).to_json()}}
    text = card({**metrics, "other_sets": others})
    assert "- CirCor DigiScope: murmur AUC 0.910 (0.880 to 0.940)" in text
    assert "other data sets" not in card(metrics)


def test_limits_of_the_labels(metrics: dict[str, Any]) -> None:
    """The limit of the label extrastole is said only of bundles that have it."""
    sentence = "`extrastole` (the data set's spelling)"
    assert sentence in card(metrics)
    assert sentence not in card(metrics, labels=("normal", "murmur", "other"))


def test_metrics_at_equal_noise(metrics: dict[str, Any]) -> None:
    """Metrics among clean and among noisy recordings are a list of their own; without any there is none."""
    by_noise = {
        "murmur_auc_clean": Estimate(0.95, 0.9, 0.98).to_json(),
        "murmur_auc_noisy": Estimate(0.87, 0.8, 0.93).to_json(),
    }
    text = card({**metrics, "apart": by_noise})
    assert "- murmur AUC clean 0.950 (0.900 to 0.980)\n- murmur AUC noisy 0.870 (0.800 to 0.930)" in text
    assert "equal noise" not in card({**metrics, "apart": {}})


def test_repeats_are_declared(metrics: dict[str, Any]) -> None:
    """Where folds were repeated, metrics are means and the confusion matrix a sum, and the card says so."""
    text = card({**metrics, "repeats": 3})
    assert "split into folds 3 times, and a metric is the mean over these repeats" in text
    assert "predicted label; summed over 3 repeats):" in text
    assert "these repeats" not in card(metrics)
    assert "summed over" not in card(metrics)


def test_an_interrupted_training_is_declared(metrics: dict[str, Any]) -> None:
    """A training that was ended early says so before its metrics."""
    text = card({**metrics, "ended": "Ended by hand: 2 of 5 folds were done."})
    assert text.index("Ended by hand: 2 of 5 folds were done.") < text.index("12 recordings of 6 patients")


def test_plots_are_linked(metrics: dict[str, Any]) -> None:
    """Every plot is a link; without plots there is no list."""
    plots = ("plots/roc.png", "plots/training_curves.png")
    text = card(metrics, plots)
    assert "Plots: [roc](plots/roc.png), [training curves](plots/training_curves.png)." in text
    assert "plots/" not in card(metrics)
    assert "Plots of the first repeat: [roc](plots/roc.png)." in card({**metrics, "repeats": 2}, plots[:1])


def test_is_well_formed(metrics: dict[str, Any]) -> None:
    """Every table has as many cells in each row, and parts are one empty line apart."""
    text = card(metrics)
    assert text.split("---\n\n")[1].startswith("# mine\n")
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    assert "\n\n\n" not in text
    for block in text.split("\n\n"):
        rows = [line for line in block.splitlines() if line.startswith("|")]
        assert len({row.count("|") for row in rows}) <= 1


def test_the_operating_point(metrics: dict[str, Any]) -> None:
    """Threshold, stated error, coverage and error rate are there; nothing where no threshold was chosen."""
    coverage, error = Estimate(0.9, 0.8, 0.95), Estimate(0.15, 0.1, 0.2)
    selective = SelectiveAccuracy(1 / 6, 0.55, coverage, error, [(0.0, 1.0, 0.18), (0.8, 0.0, np.nan)])
    text = card({**metrics, "abstaining": selective.to_json()})
    assert "No label is given below a confidence of 0.55, chosen so that at most 0.167" in text
    assert "0.900 (0.800 to 0.950) of the recordings got a label (coverage), and 0.150 (0.100 to 0.200)" in text
    assert "| 0.00 | 1.000 | 0.180 |\n| 0.80 | 0.000 | - |" in text
    assert "Operating point" not in card(metrics)


def test_the_quality_gate(metrics: dict[str, Any]) -> None:
    """The pass rate of every kind of sound is there with its interval; nothing where no gate was fitted."""
    rate = Estimate(0.9, 0.8, 1.0)
    rates = {"mine": rate, "made hum": rate}
    gate = GateMetrics(Estimate(0.998, 0.99, 1.0), {"mine": 40, "made hum": 7}, rates, rates)
    text = card({**metrics, "quality_gate": gate.to_json()})
    assert "heart sounds against non-cardiac sounds, AUC 0.998 (0.990 to 1.000)." in text
    assert "| synthetic hum | 7 | 0.900 (0.800 to 1.000) | 0.900 (0.800 to 1.000) |" in text
    assert "Quality gate" not in card(metrics)


def test_the_int8_network(metrics: dict[str, Any]) -> None:
    """The card says what it is for, what was compared, and where a set was trained on; without figures, nothing."""
    counts = {"recordings": 9, "windows": 400, "largest_difference": 0.0151, "murmur_auc": 0.9, "murmur_auc_int8": 0.91}
    changes = {"recordings_with_other_verdict": 2, "windows_with_other_verdict": 7, "windows_gated_otherwise": 1}
    none = {"recordings_with_other_label": 0, "windows_with_other_label": 0}
    row = {"set": "mine", "seen_in_training": True, **counts, **changes, **none}
    times = {"invoke_ratio": 0.541, "int8_hop_to_float_invoke": 0.7, "float_hop_to_float_invoke": 1.2, "rounds": 9}
    times |= {"cpus": 2, "machine": "x86_64", "ai_edge_litert_version": "2.3.0"}
    text = card({**metrics, "int8": {"compared": [row], "hop_s": 0.5, "times": times}})
    assert "| mine* | 9 | 2 | 0 | 400 | 7 | 0 | 1 | 0.015 | 0.9000 | 0.9100 |" in text
    assert "its metrics on held-out patients come with the next training" in text
    assert "One run takes 0.54 of the float network's time" in text
    assert "--engine litert-int8" in text
    assert "int8" not in card(metrics)


def test_names_open_no_tag_and_end_no_code(metrics: dict[str, Any]) -> None:
    """The bundle's name, labels, data sets and command are text, whatever they hold."""
    text = card(
        metrics,
        name="<img>\n# x",
        command="auscult train `x`\x1b",
        training_data=[{**DATA[1], "set": "<script>|\u202e"}],
    )
    assert "<img>" not in text
    assert "<script>" not in text.partition("# &lt;img>")[2]
    assert all(line.isprintable() for line in text.splitlines())
    assert "Trained with `auscult train 'x'\\x1b`." in text


@pytest.mark.parametrize(("repeats", "seeds"), [(1, "one seed"), (3, "3 seeds")])
def test_whose_figures_these_are(metrics: dict[str, Any], repeats: int, seeds: str) -> None:
    """A card says that its figures are of this training, of how many seeds, and what gives or has the means."""
    text = card({**metrics, "repeats": repeats})
    assert f"the figures of this one training, {seeds}:" in text
    assert ("`--repeats 3`" in text) == (repeats == 1)
    assert "EVIDENCE" not in text  # the study is of other recordings


def test_where_the_means_over_seeds_are(metrics: dict[str, Any]) -> None:
    """A card of the studied recipe and data sets names the page with the means, and no other card does."""
    studied = [DATA[0], {**DATA[0], "set": "CirCor DigiScope"}]
    assert "over several seeds, with their intervals, are in docs/EVIDENCE.md" in card(metrics, training_data=studied)
    assert "EVIDENCE" not in card(metrics, training_data=studied, recipe="article")
    assert "EVIDENCE" not in card(metrics, training_data=studied[1:])


def test_several_sites_stand_on_the_card_where_they_were_measured(metrics: dict[str, Any]) -> None:
    """With their tables, and the remark that they are the recipe's."""
    assert "Several sites" not in card(metrics)
    pooling = read_settings(SHIPPED)["metrics"]["site_pooling"]
    text = card({**metrics, "site_pooling": pooling})
    section = text.split("## Several sites")[1]
    assert f"| mean score (used) | {pooling['auc']['mean']['value']:.3f} (" in section
    assert "not of this one training" in section


def test_whose_figures_are_those_of_the_study() -> None:
    """The recipe on its data sets, and nothing else."""
    assert is_studied("heart", {"PASCAL set B", "CirCor DigiScope", "mine"})
    assert not is_studied("heart", {"PASCAL set B"})
    assert not is_studied("article", {"PASCAL set B", "CirCor DigiScope"})

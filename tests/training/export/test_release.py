"""The result of a training becomes the files of a bundle."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="bundles are written with the training extra")

from monitor.errors import AuscultError, BundleError, MissingExtraError
from monitor.features.spec import HEART
from monitor.inference.bundle import load_bundle
from monitor.inference.calibration import Calibration
from monitor.inference.thresholds import DecisionThresholds
from training.data.recording import Recording
from training.evaluation.bootstrap import Estimate
from training.evaluation.cross_validated import measure
from training.export import release
from training.export.release import publish, rewrite_card
from training.fitting.trainer import TrainingHistory
from training.recipes.result import FoldHistory, HeldOutScores, Int8Metrics, TrainingResult

LABELS = ("normal", "murmur", "extrastole")
DOCS = Path(__file__).resolve().parents[3] / "docs"


@pytest.fixture
def result(tiny_network: Callable[..., Any], quick_figures: None) -> TrainingResult:
    """Return the result of a training without steps, with metrics of 12 recordings in two repeats."""
    truth = np.array([0, 1, 2] * 4, np.intp)
    scores = np.random.default_rng(0).dirichlet((1.0, 1.0, 1.0), (2, 12))
    recordings = [Recording(Path(f"{row}.wav"), (LABELS[label],), f"p{row}", "mine") for row, label in enumerate(truth)]
    return TrainingResult(
        network=tiny_network(),
        labels=LABELS,
        spec=HEART,
        calibration=Calibration(),
        decision=DecisionThresholds(),
        evidence=measure(truth, scores, LABELS, [recording.patient for recording in recordings]),
        other_sets={"part": {"murmur_auc": Estimate(0.9, 0.8, 0.95)}},
        recordings=recordings,
        histories=[FoldHistory("1.1", {"with": TrainingHistory(((2, 0.7),), ((2, 0.6),), 2, complete=True)})],
        held_out=HeldOutScores(recordings, scores[0], [1] * 12),
    )


def write(result: TrainingResult, out: Path) -> Path:
    """Publish a training."""
    return publish(out, result, recipe="heart", command="auscult train mine", synthetic_per_label=0)


def test_bundle_card_curves_and_plots(result: TrainingResult, tmp_path: Path) -> None:
    """The bundle loads; metrics, card, curves and plots are of this training."""
    pytest.importorskip("matplotlib", reason="plots are drawn with the training extra")
    bundle = load_bundle(write(result, tmp_path / "mine"))
    metrics = bundle.settings["metrics"]
    assert metrics["overall"] == result.evidence.to_json()["overall"]
    assert metrics["repeats"] == 2
    assert metrics["other_sets"] == {"part": {"murmur_auc": {"value": 0.9, "low": 0.8, "high": 0.95}}}
    assert "ended" not in metrics
    names = ["confusion", "coverage", "reliability", "roc", "training_curves"]
    assert sorted(path.stem for path in (bundle.path / "plots").iterdir()) == names
    assert all(f"(plots/{name}.png)" in bundle.card for name in names)
    assert json.loads((bundle.path / "training_curves.json").read_text(encoding="utf-8"))[0]["fit"] == "1.1"


def test_without_matplotlib(result: TrainingResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bundle is complete without plots; the curves are there as plain values."""

    def absent() -> None:
        raise MissingExtraError("no matplotlib", "train")

    monkeypatch.setattr(release, "check_matplotlib", absent)
    bundle = load_bundle(write(result, tmp_path / "mine"))
    assert not (bundle.path / "plots").exists()
    assert (bundle.path / "training_curves.json").is_file()
    assert "plots/" not in bundle.card


def test_an_interrupted_training(result: TrainingResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """That a training was ended early is in bundle.json and on the card."""
    monkeypatch.setattr(release, "_extras", lambda *given: [])
    bundle = load_bundle(write(dataclasses.replace(result, ended="Ended by hand."), tmp_path / "mine"))
    assert bundle.settings["metrics"]["ended"] == "Ended by hand."
    assert "\n\nEnded by hand.\n\n" in bundle.card


def test_plots_are_of_held_out_patients(
    result: TrainingResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Plots are of the first repeat's scores, and say that the patients were held out."""
    plotted: list[Any] = []
    monkeypatch.setattr(release, "write_plots", lambda evaluation, folder: plotted.append(evaluation) or [])
    write(result, tmp_path / "mine")
    (evaluation,) = plotted
    assert [data["set"] for data in evaluation.info.data] == ["held-out patients of mine"]
    assert evaluation.info.seen == []
    assert result.held_out is not None
    np.testing.assert_allclose(evaluation.labelled.scores, result.held_out.scores)


def test_the_int8_networks_figures(result: TrainingResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are in bundle.json and on the card, and rewriting the card changes nothing."""
    monkeypatch.setattr(release, "_extras", lambda *given: [])
    int8 = Int8Metrics(result.evidence, result.other_sets, labels_changed=3, largest_difference=0.0214)
    folder = write(dataclasses.replace(result, int8=int8), tmp_path / "mine")
    bundle = load_bundle(folder)
    held_out = bundle.settings["metrics"]["int8"]["held_out"]
    assert (held_out["labels_changed"], held_out["largest_difference"]) == (3, 0.0214)
    assert held_out["overall"] == bundle.settings["metrics"]["overall"]
    assert "3 of 24 recordings get another label" in bundle.card
    assert "score is 0.021." in bundle.card
    rewrite_card(folder)
    assert load_bundle(folder).card == bundle.card


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_an_older_bundle_survives_a_failure(
    result: TrainingResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    """A full disk, or Ctrl+C while plots are drawn, leaves the old bundle as it was, and nothing beside it."""
    write(result, tmp_path / "mine")
    before = (tmp_path / "mine" / "bundle.json").read_bytes()

    def fail(*given: object) -> None:
        raise error

    monkeypatch.setattr(release, "_extras", fail)
    with pytest.raises(AuscultError if isinstance(error, OSError) else KeyboardInterrupt):
        write(result, tmp_path / "mine")
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
    assert (tmp_path / "mine" / "bundle.json").read_bytes() == before
    load_bundle(tmp_path / "mine")


def test_the_access_mode_is_the_usual(result: TrainingResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bundle's folder has the access mode of any new folder."""
    monkeypatch.setattr(release, "_extras", lambda *given: [])
    (tmp_path / "usual").mkdir()
    out = write(result, tmp_path / "mine")
    assert out.stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_another_folder_is_left_alone(result: TrainingResult, tmp_path: Path) -> None:
    """A folder that is not a bundle is not replaced."""
    (tmp_path / "mine").mkdir()
    with pytest.raises(BundleError, match="exists and is not a bundle"):
        write(result, tmp_path / "mine")


def test_a_card_is_rewritten(result: TrainingResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A card in other words is signed again, the bundle loads, and all other files stay as they were."""
    pytest.importorskip("matplotlib", reason="plots are drawn with the training extra")
    folder = write(result, tmp_path / "mine")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    monkeypatch.setattr(release, "write_card", lambda settings, plots: f"# {settings['name']}: {plots}\n")
    rewrite_card(folder)
    bundle = load_bundle(folder)
    assert bundle.card.startswith("# mine: ['plots/confusion.png'")
    changed = {path.name for path, content in before.items() if path.read_bytes() != content}
    assert changed == {"CARD.md", "bundle.json"}


def test_rewriting_in_the_same_words_changes_nothing(result: TrainingResult, tmp_path: Path) -> None:
    """The card that a training writes is the one that its bundle.json gives."""
    folder = write(result, tmp_path / "mine")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    rewrite_card(folder)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_the_script_that_rewrites_cards(
    result: TrainingResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """docs/make/make_card.py writes the card of a bundle again; wrong usage exits with 2, a missing bundle with 1."""
    place = importlib.util.spec_from_file_location("make_card", DOCS / "make" / "make_card.py")
    assert place is not None
    assert place.loader is not None
    script = importlib.util.module_from_spec(place)
    place.loader.exec_module(script)
    folder = write(result, tmp_path / "mine")
    monkeypatch.setattr(release, "write_card", lambda settings, plots: "# in other words\n")
    assert script.main([str(folder)]) == 0
    assert load_bundle(folder).card == "# in other words\n"
    assert script.main(["--help"]) == 2
    assert script.main([str(tmp_path / "absent")]) == 1
    assert "absent" in capsys.readouterr().err


def test_figures_of_several_sites_go_to_bundles_of_the_studied_recipe(
    result: TrainingResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are signed with the bundle, and stay when the card is rewritten without them."""
    folder = write(result, tmp_path / "mine")
    monkeypatch.setattr(release, "write_card", lambda settings, plots: "# in other words\n")
    rewrite_card(folder, {"visits": 3})
    assert "site_pooling" not in load_bundle(folder).settings["metrics"]
    monkeypatch.setattr(release, "is_studied", lambda recipe, sets: True)
    rewrite_card(folder, {"visits": 3})
    rewrite_card(folder)
    assert load_bundle(folder).settings["metrics"]["site_pooling"] == {"visits": 3}

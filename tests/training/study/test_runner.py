"""A study from recordings to saved metrics, with a tiny network: stored, resumed, compared."""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

pytest.importorskip("tensorflow", reason="networks are trained with the training extra")

from monitor.errors import DataError
from training.data.corpus import Corpus
from training.data.recording import Recording
from training.fitting import heart_fit
from training.fitting.checkpoints import FoldCheckpoints
from training.fitting.cross_validation import FoldPlan, FoldResult, fit_fold, sounds_outputs
from training.fitting.options import HeartOptions
from training.progress import SilentProgress
from training.study import runner
from training.study.fold_outputs import score_fold
from training.study.headline import compare_all
from training.study.runner import Study, command_of, run_variants, write_json
from training.study.scores import load_scores
from training.study.variants import VARIANTS, Variant

OPTIONS = HeartOptions(folds=2, pretrain_steps=1, steps=1, batch_size=4, synthetic_per_label=2)


@pytest.fixture(scope="session")
def done(
    study_recordings: list[Recording], tiny_network: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory
) -> Study:
    """Return a study of the recipe with two seeds, of the article's recipe, and of two ablations."""
    folder = tmp_path_factory.mktemp("evidence")
    study = Study(folder / "out", folder / "work", OPTIONS, resamples=10)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(heart_fit, "heart_network", tiny_network)
        for name, repeats in (("ours", 2), ("article", 1), ("short", 1), ("no_rhythm_channel", 1), ("zero_padding", 1)):
            of_variant = dataclasses.replace(study, repeats=repeats)
            of_variant.run(VARIANTS[name], study_recordings, f"do {name}", SilentProgress())
    write_json(compare_all(study.folder, 10), study.folder / "comparisons.json")
    return study


def metrics_of(done: Study, name: str) -> dict[str, Any]:
    """Return what was saved of a variant."""
    return json.loads((done.folder / f"{name}.json").read_text())


def test_saved_files(done: Study) -> None:
    """Metrics, options, command, seeds, time and counts, and the scores; the working folder is empty."""
    ours = metrics_of(done, "ours")
    assert (ours["name"], ours["command"], ours["seeds"]) == ("ours", "do ours", [0, 1])
    assert ours["options"]["folds"] == 2
    assert ours["cpu_minutes"] > 0
    assert [(data["set"], data["recordings"], data["patients"]) for data in ours["held_out"]] == [
        ("clinic", 12, 12),
        ("CirCor DigiScope", 4, 4),
    ]
    assert done.is_done(VARIANTS["ours"])
    assert not done.is_done(VARIANTS["no_circor"])
    assert sorted(path.name for path in done.folder.iterdir() if path.name.startswith(".")) == []
    assert list(done.work.iterdir()) == []


def test_every_recording_is_scored_once_per_seed(done: Study) -> None:
    """Scores of every held-out recording and of every annotated window, for each seed; they sum to 1."""
    scores = load_scores(done.folder / "ours.npz")
    assert scores.scores.shape == (2, 16, 3)
    assert scores.window_scores.shape == (2, len(scores.window_names))
    assert set(scores.window_names.tolist()) == {f"{70 + child}_AV.wav" for child in range(4)}
    np.testing.assert_allclose(scores.scores.sum(axis=2), 1.0, atol=1e-5)
    assert not (scores.scores[0] == scores.scores[1]).all()


def test_tables_count_recordings_once(done: Study) -> None:
    """Recordings count once, whatever the seeds; the confusion sums over them."""
    ours = metrics_of(done, "ours")
    assert (ours["tables"]["recordings"], ours["tables"]["patients"]) == (12, 12)
    assert np.sum(ours["tables"]["confusion"]["matrix"]) == 24
    assert ours["tables"]["per_recording"]["murmur"]["positives"] == 4
    assert ours["other_sets"]["CirCor DigiScope"]["recordings"] == 4
    durations = ours["tables"]["subgroups"]["duration"]
    assert {name: group["recordings"] for name, group in durations.items()} == {"below 5 s": 3, "5 to 10 s": 9}


def test_the_headline_is_the_mean_over_the_seeds(done: Study) -> None:
    """It is not the metric of averaged scores."""
    ours = metrics_of(done, "ours")
    for name in ("accuracy", "murmur_auc", "premature_auc_all", "murmur_auc in CirCor DigiScope"):
        assert ours["headline"][name]["value"] == pytest.approx(np.mean(ours["per_seed"][name]), abs=1e-4)
    assert ours["headline"]["accuracy"]["value"] == ours["tables"]["accuracy"]["value"]


def test_rhythm_has_two_ground_truths(done: Study) -> None:
    """The labels of recordings and the annotations, for the recipe and the article's; a child counts once."""
    for name in ("ours", "article"):
        rhythm = metrics_of(done, name)["rhythm"]
        assert rhythm["label"]["all normals"]["positives"] == 4
        premature = rhythm["marks"]["definitions"]["premature"]
        assert (premature["recordings"], premature["patients"]) == (2, 2)
        assert rhythm["marks"]["regular"]["windows"] > 0
        assert 0 <= premature["auc_against_regular"]["value"] <= 1


def test_only_the_recipe_is_perturbed(done: Study) -> None:
    """Its held-out recordings have every perturbation, with the recorded noises too."""
    robustness = metrics_of(done, "ours")["robustness"]
    assert {"as recorded", "8 bit", "lung at 0 dB", "speech at 20 dB"} <= set(robustness)
    assert robustness["as recorded"]["accuracy"] == metrics_of(done, "ours")["headline"]["accuracy"]
    assert metrics_of(done, "zero_padding")["robustness"] is None


def test_variants_are_compared_with_the_same_seeds(done: Study) -> None:
    """Each with the first seeds of its reference; a difference is the variant minus the reference."""
    compared = json.loads((done.folder / "comparisons.json").read_text())["variants"]
    assert {name: variant["against"] for name, variant in compared.items()} == {
        "article": "ours",
        "no_rhythm_channel": "short",
        "short": "ours",
        "zero_padding": "short",
    }
    assert {variant["seeds"] for variant in compared.values()} == {1}
    changed = metrics_of(done, "no_rhythm_channel")["headline"]["accuracy"]["value"]
    reference = metrics_of(done, "short")["per_seed"]["accuracy"][0]
    assert compared["no_rhythm_channel"]["differences"]["accuracy"]["value"] == pytest.approx(
        changed - reference, abs=2e-4
    )
    assert compared["article"]["scores_sha256"] == [
        metrics_of(done, "article")["scores_sha256"],
        metrics_of(done, "ours")["scores_sha256"],
    ]


def test_a_stopped_study_is_resumed(
    study_recordings: list[Recording], tiny_network: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stored folds are not run again, and the scores are those of a study that was never stopped."""
    monkeypatch.setattr(heart_fit, "heart_network", tiny_network)
    variant = VARIANTS["no_made_rhythms"]
    whole = Study(tmp_path / "whole", tmp_path / "a", OPTIONS, repeats=1, resamples=10)
    stopped = Study(tmp_path / "stopped", tmp_path / "b", OPTIONS, repeats=1, resamples=10)
    whole.run(variant, study_recordings, "whole", SilentProgress())
    scored: list[int] = []

    def score_once(network: Any, held_out: Any, *rest: Any) -> Any:
        if len(scored) == 1:
            raise KeyboardInterrupt
        scored.append(len(held_out))
        return score_fold(network, held_out, *rest)

    monkeypatch.setattr(runner, "score_fold", score_once)
    with pytest.raises(KeyboardInterrupt):
        stopped.run(variant, study_recordings, "stopped", SilentProgress())
    assert not stopped.is_done(variant)
    scored.append(0)  # further calls go through
    stopped.run(variant, study_recordings, "stopped", SilentProgress())
    assert len(scored) == 3
    for first, second in zip(
        load_scores(whole.folder / f"{variant.name}.npz").scores,
        load_scores(stopped.folder / f"{variant.name}.npz").scores,
        strict=True,
    ):
        np.testing.assert_array_equal(first, second)


def test_the_networks_of_a_training_are_scored(
    study_recordings: list[Recording], tiny_network: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Folds that a training left are not fitted again, and the scores are those of a study that fits them."""
    monkeypatch.setattr(heart_fit, "heart_network", tiny_network)
    checkpoints = FoldCheckpoints(tmp_path / "mine.training", {}, resume=False)
    fitting = Study(tmp_path / "fitting", tmp_path / "a", OPTIONS, repeats=1, resamples=10)
    fitted: list[str] = []

    def fit_and_keep(plan: FoldPlan, corpus: Corpus, *rest: Any, **settings: Any) -> Any:
        result, validation = fit_fold(plan, corpus, *rest, **settings)
        outputs = sounds_outputs(result.network, [corpus.sounds[row] for row in plan.held_out.tolist()])
        rows = plan.training, plan.held_out, validation
        checkpoints.save(FoldResult(plan.repeat, plan.fold, result.network, *rows, result.histories, outputs))
        fitted.append(plan.name)
        return result, validation

    monkeypatch.setattr(runner, "fit_fold", fit_and_keep)
    fitting.run(VARIANTS["ours"], study_recordings, "fit", SilentProgress())
    assert len(fitted) == OPTIONS.folds
    scoring = dataclasses.replace(fitting, folder=tmp_path / "scoring", work=tmp_path / "b", trained=checkpoints)
    scoring.run(VARIANTS["ours"], study_recordings, "score", SilentProgress())
    assert len(fitted) == OPTIONS.folds
    first, second = (load_scores(study.folder / "ours.npz").scores for study in (fitting, scoring))
    np.testing.assert_array_equal(first, second)


def arguments(tmp_path: Path, **given: Any) -> argparse.Namespace:
    """Return the arguments of the script."""
    (tmp_path / "set_b").mkdir(exist_ok=True)
    defaults = {"data": [tmp_path / "set_b"], "only": "", "repeats": None, "steps": None, "again": False, "seed": 0}
    defaults |= {"checkpoints": None}
    return argparse.Namespace(
        **{**defaults, "draws": 1000, "out": tmp_path / "evidence", "work": tmp_path / "work", **given}
    )


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    """Record the variants instead of running them."""
    done: list[tuple[str, Any]] = []

    def run(study: Study, variant: Variant, recordings: Any, command: str, progress: Any) -> Path:
        done.append((variant.name, study))
        study.folder.mkdir(parents=True, exist_ok=True)
        for ending in (".json", ".npz"):
            (study.folder / f"{variant.name}{ending}").write_text("")
        return study.folder / f"{variant.name}.json"

    monkeypatch.setattr(Study, "run", run)
    monkeypatch.setattr(runner, "discover", lambda paths: [])
    monkeypatch.setattr(runner, "compare_all", lambda folder, resamples, note: {"variants": {}})
    return done


def quiet() -> Console:
    """Return a console without output."""
    return Console(quiet=True)


def test_all_that_is_not_done(tmp_path: Path, ran: list[tuple[str, Any]]) -> None:
    """Every variant runs once, in order; a second call runs none, and still compares."""
    assert run_variants(arguments(tmp_path), quiet()) == 0
    assert [name for name, _ in ran] == list(VARIANTS)
    (tmp_path / "evidence" / "comparisons.json").unlink()
    run_variants(arguments(tmp_path), quiet())
    assert len(ran) == len(VARIANTS)
    assert json.loads((tmp_path / "evidence" / "comparisons.json").read_text()) == {"variants": {}}


def test_some_variants_and_again(tmp_path: Path, ran: list[tuple[str, Any]]) -> None:
    """The named ones run; a done one only with `--again`, which deletes stored folds of that variant alone."""
    run_variants(arguments(tmp_path, only="ours, article"), quiet())
    assert [name for name, _ in ran] == ["ours", "article"]
    for name in ("ours-0123", "article-0123"):
        (tmp_path / "work" / name).mkdir(parents=True)
    run_variants(arguments(tmp_path, only="ours", again=True), quiet())
    assert [name for name, _ in ran] == ["ours", "article", "ours"]
    assert [path.name for path in (tmp_path / "work").iterdir()] == ["article-0123"]


def test_a_short_study(tmp_path: Path, ran: list[tuple[str, Any]]) -> None:
    """`--steps` shortens both stages; `--repeats` and `--seed` choose the seeds."""
    run_variants(arguments(tmp_path, only="ours", steps=10, repeats=2, seed=5), quiet())
    options = ran[0][1].options
    assert (options.steps, options.pretrain_steps, options.seed, ran[0][1].repeats) == (10, 10, 5, 2)


def test_an_unknown_variant(tmp_path: Path, ran: list[tuple[str, Any]]) -> None:
    """It is refused before anything is run, with the known names."""
    with pytest.raises(DataError, match=r"'our'.*no_rhythm_channel"):
        run_variants(arguments(tmp_path, only="article,our"), quiet())
    assert ran == []


def test_the_command_has_no_paths(tmp_path: Path) -> None:
    """It has the names of folders, and what differs from the defaults."""
    ours = VARIANTS["ours"]
    assert command_of(arguments(tmp_path), ours) == "python benchmarks/accuracy/ablations.py set_b --only ours"
    given = arguments(tmp_path, steps=10, repeats=2, seed=5, draws=50, again=True)
    assert command_of(given, ours).endswith("--only ours --repeats 2 --steps 10 --seed 5 --draws 50")
    assert str(tmp_path) not in command_of(given, ours)

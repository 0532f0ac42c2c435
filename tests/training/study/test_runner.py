"""A study from recordings to saved figures, with a tiny network: kept, continued, repeated, and the recipe put back."""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from rich.console import Console

from monitor.errors import DataError
from monitor.features.spec import HEART
from monitor.synthesis.phonocardiogram import phonocardiogram
from monitor.synthesis.random_parameters import random_parameters
from training.data.audio import read_sound
from training.data.discovery import discover
from training.data.recording import Recording
from training.examples.batches import BatchMaker
from training.examples.mixture import mix
from training.fitting import heart_fit
from training.fitting.cross_validation import held_out_outputs
from training.fitting.options import HeartOptions
from training.progress import SilentProgress
from training.study import runner
from training.study.figures import compare_all
from training.study.fold_outputs import FoldOutputs, Probe, hop_of, judged_fold, load_fold, noises_of, save_fold
from training.study.runner import Study, command_of, run_variants, write_json
from training.study.scores import load_scores
from training.study.variants import VARIANTS, Variant

pytest.importorskip("tensorflow", reason="networks are trained with the training extra")


LABELS = ("normal", "murmur", "extrastole")
OPTIONS = HeartOptions(folds=2, pretrain_steps=1, steps=1, batch_size=4, synthetic_per_label=2)


@pytest.fixture(scope="session")
def studied(tmp_path_factory: pytest.TempPathFactory) -> list[Recording]:
    """Return 12 recordings that tell all, 4 marked ones that tell a part, and 2 sounds that are no heart."""
    root = tmp_path_factory.mktemp("studied")
    for kind, label in enumerate(LABELS):
        for patient in range(4):
            folder = root / "clinic" / label / f"p{kind}{patient}"
            folder.mkdir(parents=True)
            write_heart(folder / "a.wav", label, [kind, patient], 2.5 if patient == 0 else 6.2)
    folder = root / "circor" / "training_data"
    folder.mkdir(parents=True)
    rows = ["Patient ID,Additional ID,Murmur,Murmur locations"]
    for child in range(4):
        write_heart(folder / f"{70 + child}_AV.wav", "murmur" if child % 2 else "normal", [9, child], 8.0)
        write_marks(folder / f"{70 + child}_AV.tsv", early=child < 2)
        rows.append(f"{70 + child},nan,{'Present,AV' if child % 2 else 'Absent,nan'}")
    (root / "circor" / "training_data.csv").write_text("\n".join(rows) + "\n")
    (root / "not_heart").mkdir()
    for number, name in enumerate(("lung_a", "speech_a")):
        noise = 0.1 * np.random.default_rng(number).standard_normal(24_000)
        soundfile.write(root / "not_heart" / f"{name}.wav", noise, 4000)
    return discover([root / "clinic", root / "circor", root / "not_heart"])


def write_heart(path: Path, label: str, seed: Sequence[int], duration_s: float) -> None:
    """Write a made heart."""
    rng = np.random.default_rng(seed)
    soundfile.write(path, phonocardiogram(duration_s, random_parameters(rng, label=label), rng).waveform, 4000)


def write_marks(path: Path, *, early: bool) -> None:
    """Write marks of a heart at 75 beats a minute; one beat in the middle may come early."""
    onsets = [0.8 * beat for beat in range(11)]
    onsets[5] -= 0.3 if early else 0.0
    lines = []
    for start, end in itertools.pairwise(onsets):
        edges = [start, start + 0.1, start + 0.2, start + 0.3, end]
        lines += [f"{edges[state]:.3f}\t{edges[state + 1]:.3f}\t{state + 1}" for state in range(4)]
    path.write_text("\n".join(lines) + "\n")


@pytest.fixture(scope="session")
def done(studied: list[Recording], tiny_network: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Study:
    """Return a study of the recipe with two seeds, of the article's recipe, and of two changes."""
    folder = tmp_path_factory.mktemp("evidence")
    made = Study(folder / "out", folder / "work", OPTIONS, draws=10)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(heart_fit, "heart_network", tiny_network)
        for name, repeats in (("ours", 2), ("article", 1), ("short", 1), ("no_rhythm_channel", 1), ("zero_padding", 1)):
            of_variant = dataclasses.replace(made, repeats=repeats)
            of_variant.run(VARIANTS[name], studied, f"do {name}", SilentProgress())
    write_json(compare_all(made.folder, 10), made.folder / "comparisons.json")
    return made


def figures(done: Study, name: str) -> dict[str, Any]:
    """Return what was saved of a variant."""
    return json.loads((done.folder / f"{name}.json").read_text())


def test_what_is_saved(done: Study) -> None:
    """Figures, options, command, seeds, time, counts; and the scores that they are made of."""
    ours = figures(done, "ours")
    assert (ours["name"], ours["command"], ours["seeds"]) == ("ours", "do ours", [0, 1])
    assert ours["options"]["folds"] == 2
    assert ours["cpu_minutes"] > 0
    assert [(its["set"], its["recordings"], its["patients"]) for its in ours["held_out"]] == [
        ("clinic", 12, 12),
        ("CirCor DigiScope", 4, 4),
    ]
    assert done.is_done(VARIANTS["ours"])
    assert not done.is_done(VARIANTS["no_circor"])
    assert sorted(path.name for path in done.folder.iterdir() if path.name.startswith(".")) == []
    assert list(done.work.iterdir()) == []


def test_everybody_is_judged_once_a_seed(done: Study) -> None:
    """Scores of every held-out recording and of every marked window, for each seed; they sum to 1."""
    scores = load_scores(done.folder / "ours.npz")
    assert scores.scores.shape == (2, 16, 3)
    assert scores.window_scores.shape == (2, len(scores.window_names))
    assert set(scores.window_names.tolist()) == {f"{70 + child}_AV.wav" for child in range(4)}
    np.testing.assert_allclose(scores.scores.sum(axis=2), 1.0, atol=1e-5)
    assert not (scores.scores[0] == scores.scores[1]).all()


def test_tables_count_once(done: Study) -> None:
    """Recordings count once, whatever the seeds; the confusion sums over them."""
    ours = figures(done, "ours")
    assert (ours["tables"]["recordings"], ours["tables"]["patients"]) == (12, 12)
    assert np.sum(ours["tables"]["confusion"]["matrix"]) == 24
    assert ours["tables"]["per_recording"]["murmur"]["positives"] == 4
    assert ours["other_sets"]["CirCor DigiScope"]["recordings"] == 4
    durations = ours["tables"]["subgroups"]["duration"]
    assert {name: its["recordings"] for name, its in durations.items()} == {"below 5 s": 3, "5 to 10 s": 9}


def test_the_headline_is_the_mean_over_the_seeds(done: Study) -> None:
    """Not the figure of averaged scores."""
    ours = figures(done, "ours")
    for name in ("accuracy", "murmur_auc", "premature_auc_all", "murmur_auc in CirCor DigiScope"):
        assert ours["headline"][name]["value"] == pytest.approx(np.mean(ours["per_seed"][name]), abs=1e-4)
    assert ours["headline"]["accuracy"]["value"] == ours["tables"]["accuracy"]["value"]


def test_rhythm_is_told_by_both_truths(done: Study) -> None:
    """The label of the recordings, and the marks, of the recipe and of the article's; a child counts once."""
    for name in ("ours", "article"):
        rhythm = figures(done, name)["rhythm"]
        assert rhythm["label"]["all normals"]["positives"] == 4
        found = rhythm["marks"]["definitions"]["premature"]
        assert (found["recordings"], found["patients"]) == (2, 2)
        assert rhythm["marks"]["regular"]["windows"] > 0
        assert 0 <= found["auc_against_regular"]["value"] <= 1


def test_only_the_recipe_is_disturbed(done: Study) -> None:
    """Its held-out recordings are, in every way that there is, with the real noises that were given."""
    robustness = figures(done, "ours")["robustness"]
    assert {"as recorded", "8 bit", "lung at 0 dB", "speech at 20 dB"} <= set(robustness)
    assert robustness["as recorded"]["accuracy"] == figures(done, "ours")["headline"]["accuracy"]
    assert figures(done, "zero_padding")["robustness"] is None


def test_changes_are_compared_with_the_same_seed(done: Study) -> None:
    """Each with the first seeds of what it is trained as long as; a difference is the variant less that."""
    found = json.loads((done.folder / "comparisons.json").read_text())["variants"]
    assert {name: its["against"] for name, its in found.items()} == {
        "article": "ours",
        "no_rhythm_channel": "short",
        "short": "ours",
        "zero_padding": "short",
    }
    assert {its["seeds"] for its in found.values()} == {1}
    changed = figures(done, "no_rhythm_channel")["headline"]["accuracy"]["value"]
    usual = figures(done, "short")["per_seed"]["accuracy"][0]
    assert found["no_rhythm_channel"]["differences"]["accuracy"]["value"] == pytest.approx(changed - usual, abs=2e-4)
    assert found["article"]["scores_sha256"] == [
        figures(done, "article")["scores_sha256"],
        figures(done, "ours")["scores_sha256"],
    ]


def test_the_recipe_is_put_back(done: Study) -> None:
    """After a variant, the recipe's own mixture and batches stand where they stood."""
    assert heart_fit.mix is mix
    assert heart_fit.BatchMaker is BatchMaker


def test_a_stopped_study_goes_on(
    studied: list[Recording], tiny_network: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Folds that are done are not run again, and the figures are those of a study that was never stopped."""
    monkeypatch.setattr(heart_fit, "heart_network", tiny_network)
    variant = VARIANTS["no_made_rhythms"]
    whole = Study(tmp_path / "whole", tmp_path / "a", OPTIONS, draws=10)
    stopped = Study(tmp_path / "stopped", tmp_path / "b", OPTIONS, draws=10)
    whole.run(variant, studied, "whole", SilentProgress())
    judged: list[int] = []

    def judge_once(network: Any, held: Any, *rest: Any) -> Any:
        if len(judged) == 1:
            raise KeyboardInterrupt
        judged.append(len(held))
        return judged_fold(network, held, *rest)

    monkeypatch.setattr(runner, "judged_fold", judge_once)
    with pytest.raises(KeyboardInterrupt):
        stopped.run(variant, studied, "stopped", SilentProgress())
    assert heart_fit.mix is mix
    assert not stopped.is_done(variant)
    judged.append(0)  # further calls go through
    stopped.run(variant, studied, "stopped", SilentProgress())
    assert len(judged) == 3
    for first, second in zip(
        load_scores(whole.folder / f"{variant.name}.npz").scores,
        load_scores(stopped.folder / f"{variant.name}.npz").scores,
        strict=True,
    ):
        np.testing.assert_array_equal(first, second)


def test_windows_are_those_of_the_recipe(studied: list[Recording], tiny_network: Callable[..., Any]) -> None:
    """Every second window of a marked recording, and every one of another, is what cross-validation judges."""
    from training.fitting.cross_validation import FoldRun

    held = np.arange(len(studied))
    sounds = [read_sound(recording, HEART) for recording in studied]
    network = tiny_network()
    outputs, disturbed = judged_fold(network, held, sounds, None, lambda picture: picture)
    assert disturbed == {}
    run = FoldRun(0, 0, network, held, held, held[:0], {})
    for recording, ours, theirs in zip(studied, outputs, held_out_outputs(run, sounds), strict=True):
        np.testing.assert_allclose(ours[::2] if hop_of(recording) == 0.5 else ours, theirs, atol=1e-5)


def test_disturbed_are_the_sets_asked_for(studied: list[Recording], tiny_network: Callable[..., Any]) -> None:
    """In each disturbance as many windows as undisturbed; what is unchanged is judged the same."""
    sounds = [read_sound(recording, HEART) for recording in studied]
    probe = Probe({"as recorded": keep, "the same": keep, "silence": silence}, {"clinic"})
    held = np.array([0, 3, len(studied) - 3])
    outputs, disturbed = judged_fold(tiny_network(), held, sounds, probe, lambda picture: picture)
    assert list(disturbed) == ["the same", "silence"]
    assert [sorted(its) for its in disturbed.values()] == [[0, 3], [0, 3]]
    np.testing.assert_allclose(disturbed["the same"][3], outputs[1], atol=1e-5)
    assert not np.allclose(disturbed["silence"][3], outputs[1])


def keep(waveform: Any, sample_rate: int, rng: Any) -> Any:
    """Return a waveform as it is."""
    return waveform


def silence(waveform: Any, sample_rate: int, rng: Any) -> Any:
    """Return nothing but zeros."""
    return np.zeros_like(waveform)


def test_real_noises_go_by_their_names(studied: list[Recording]) -> None:
    """The first word of a file's name says what is heard."""
    assert {name: len(its) for name, its in noises_of(studied).items()} == {"lung": 1, "speech": 1}


def test_a_fold_is_kept_whole(tmp_path: Path) -> None:
    """Outputs of every length, disturbances and time come back as they were; without a file there is nothing."""
    rng = np.random.default_rng(0)
    tables = [rng.standard_normal((count, 4)).astype(np.float32) for count in (1, 3, 2)]
    found = FoldOutputs(np.array([5, 7, 9]), tables, {"8 bit": {7: tables[2]}, "hum": {9: tables[0]}}, 12.5)
    assert load_fold(tmp_path / "f.npz") is None
    save_fold(found, tmp_path / "deep" / "f.npz")
    back = load_fold(tmp_path / "deep" / "f.npz")
    assert back is not None
    assert (back.held.tolist(), back.cpu_s) == ([5, 7, 9], 12.5)
    for ours, theirs in zip(back.outputs, tables, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert {name: list(its) for name, its in back.disturbed.items()} == {"8 bit": [7], "hum": [9]}
    np.testing.assert_array_equal(back.disturbed["8 bit"][7], tables[2])


pytest.importorskip("tensorflow", reason="networks are trained with the training extra")


def arguments(tmp_path: Path, **given: Any) -> argparse.Namespace:
    """Return the arguments of the script."""
    (tmp_path / "set_b").mkdir(exist_ok=True)
    usual = {"data": [tmp_path / "set_b"], "only": "", "repeats": None, "steps": None, "again": False, "seed": 0}
    return argparse.Namespace(
        **{**usual, "draws": 1000, "out": tmp_path / "evidence", "work": tmp_path / "work", **given}
    )


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    """Return what was run, instead of running it."""
    done: list[tuple[str, Any]] = []

    def run(study: Study, variant: Variant, recordings: Any, command: str, progress: Any) -> Path:
        done.append((variant.name, study))
        study.folder.mkdir(parents=True, exist_ok=True)
        for ending in (".json", ".npz"):
            (study.folder / f"{variant.name}{ending}").write_text("")
        return study.folder / f"{variant.name}.json"

    monkeypatch.setattr(Study, "run", run)
    monkeypatch.setattr(runner, "discover", lambda paths: [])
    monkeypatch.setattr(runner, "compare_all", lambda folder, draws, note: {"variants": {}})
    return done


def quiet() -> Console:
    """Return a console that nobody sees."""
    return Console(quiet=True)


def test_all_that_is_not_there(tmp_path: Path, ran: list[tuple[str, Any]]) -> None:
    """Every variant once, in order; a second call runs none, and compares all the same."""
    assert run_variants(arguments(tmp_path), quiet()) == 0
    assert [name for name, _ in ran] == list(VARIANTS)
    (tmp_path / "evidence" / "comparisons.json").unlink()
    run_variants(arguments(tmp_path), quiet())
    assert len(ran) == len(VARIANTS)
    assert json.loads((tmp_path / "evidence" / "comparisons.json").read_text()) == {"variants": {}}


def test_only_some_and_again(tmp_path: Path, ran: list[tuple[str, Any]]) -> None:
    """Those named; what is there only with `--again`, which forgets kept folds of that variant alone."""
    run_variants(arguments(tmp_path, only="ours, article"), quiet())
    assert [name for name, _ in ran] == ["ours", "article"]
    for name in ("ours-0123", "article-0123"):
        (tmp_path / "work" / name).mkdir(parents=True)
    run_variants(arguments(tmp_path, only="ours", again=True), quiet())
    assert [name for name, _ in ran] == ["ours", "article", "ours"]
    assert [path.name for path in (tmp_path / "work").iterdir()] == ["article-0123"]


def test_a_short_study(tmp_path: Path, ran: list[tuple[str, Any]]) -> None:
    """`--steps` shortens both stages, `--repeats` and `--seed` say which seeds."""
    run_variants(arguments(tmp_path, only="ours", steps=10, repeats=2, seed=5), quiet())
    options = ran[0][1].options
    assert (options.steps, options.pretrain_steps, options.seed, ran[0][1].repeats) == (10, 10, 5, 2)


def test_an_unknown_variant(tmp_path: Path, ran: list[tuple[str, Any]]) -> None:
    """Is refused before anything is run, with those that there are."""
    with pytest.raises(DataError, match=r"'our'.*no_rhythm_channel"):
        run_variants(arguments(tmp_path, only="article,our"), quiet())
    assert ran == []


def test_the_command_names_no_place(tmp_path: Path) -> None:
    """The folders by their names, and what is not usual."""
    ours = VARIANTS["ours"]
    assert command_of(arguments(tmp_path), ours) == "python benchmarks/accuracy/ablations.py set_b --only ours"
    given = arguments(tmp_path, steps=10, repeats=2, seed=5, draws=50, again=True)
    assert command_of(given, ours).endswith("--only ours --repeats 2 --steps 10 --seed 5 --draws 50")
    assert str(tmp_path) not in command_of(given, ours)

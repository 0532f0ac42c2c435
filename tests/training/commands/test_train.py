"""``auscult train``: from a folder to a bundle that the monitor loads, or one line that says why not."""

from __future__ import annotations

import contextlib
import csv
import importlib.util
import io
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

pytest.importorskip("tensorflow", reason="networks are trained with the training extra")

from monitor.cli import _parser, main
from monitor.features.article_image import ARTICLE
from monitor.features.extractor import FeatureExtractor
from monitor.features.spec import HEART
from monitor.inference.bundle import Bundle, load_bundle
from monitor.inference.networks import article_network
from monitor.process.interrupts import Interrupts
from training.commands import train
from training.data.discovery import discover
from training.fitting import heart_fit
from training.fitting.trainer import TrainingHistory
from training.progress import TerminalProgress
from training.recipes import article, heart

SHORT = ("--folds", "2", "--steps", "2", "--synthetic", "2")


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words: str | Path) -> int:
    """Run ``auscult train``."""
    return main(["train", *map(str, words)])


def refused(capsys: pytest.CaptureFixture[str], *words: str | Path) -> str:
    """Return the one line with which a training ends; nothing is left where the bundle was to go."""
    assert run(*words, "--out", "models/mine") == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    lines = printed.err.splitlines()
    assert lines[-1].startswith("auscult: ")
    assert "Traceback" not in printed.err
    assert not Path("models/mine").exists()
    assert not Path("models").exists() or list(Path("models").iterdir()) == []
    return lines[-1]


@pytest.fixture(scope="module")
def completed(
    made_folder: Path, tiny_network: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, str, str]:
    """Return the bundle, standard output and standard error of a whole training of a tiny network."""
    folder = tmp_path_factory.mktemp("workplace")
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("COLUMNS", "120")
        patch.setattr(heart_fit, "heart_network", tiny_network)
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            predictions = ("--predictions", "held_out.csv")
            assert run(made_folder, "--out", "models/mine", "--seed", "4", *predictions, *SHORT) == 0
    return folder / "models" / "mine", out.getvalue(), err.getvalue()


@pytest.fixture(scope="module")
def bundle(completed: tuple[Path, str, str]) -> Bundle:
    """Return the bundle that was written, loaded."""
    return load_bundle(completed[0])


def test_a_bundle_names_no_session(tmp_path: Path) -> None:
    """In the command that a bundle keeps, sessions are "sessions": the name of a session's folder holds its subject."""
    for name in ("2026-01-02_03-04-05_P-1", "2026-01-02_03-09-05_P-2"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "session.json").touch()
    parser = _parser("train")
    options = parser.parse_args(["train", *map(str, sorted(tmp_path.iterdir())), "clinic", "--out", "models/mine"])
    assert train._command(options) == "auscult train sessions clinic --out models/mine"
    assert "P-2" in train._command(options, as_typed=True)


class TestTraining:
    """What a whole training writes and prints."""

    def test_the_bundle_loads_and_scores(self, bundle: Bundle, signals: Any) -> None:
        """The bundle passes every check and gives scores of the labels it was trained on."""
        assert (bundle.name, bundle.labels, bundle.spec) == ("mine", ("normal", "murmur", "extrastole"), HEART)
        extractor = FeatureExtractor(bundle.spec, 4000)
        extractor.push(signals.clicks(np.arange(0.3, 5.0, 0.8).tolist(), 20_000))
        assert sum(bundle.scores(extractor.image(0)).values()) == pytest.approx(1.0)

    def test_results_go_to_standard_output(self, completed: tuple[Path, str, str]) -> None:
        """Metrics per label and of all labels are printed, with the number of recordings and patients; no progress."""
        _, out, _ = completed
        assert "18 recordings of 18 patients, each held out once" in out
        for label in ("normal", "murmur", "extrastole"):
            assert any(label in line and " 6 " in line for line in out.splitlines())
        for name in ("accuracy", "balanced accuracy", "macro-F1", "calibration error", "accuracy at 80 % coverage"):
            assert any(line.startswith(f"{name}: 0.") and " to " in line for line in out.splitlines())
        assert "steps" not in out

    def test_progress_goes_to_standard_error(self, completed: tuple[Path, str, str]) -> None:
        """What it trains on, stages, and at the end how to try the bundle are printed; nothing of TensorFlow's."""
        lines = completed[2].splitlines()
        assert lines[0].startswith(("training on the processor (", "training on the GPU "))
        assert lines[1] == "reading recordings (18 steps)"
        assert "fold 2 of 2: labelled recordings (2 steps)" in lines
        mine = Path("models/mine")
        assert lines[-1] == f"wrote {mine}; try it with: auscult replay FILE --model {mine}"
        assert sum(line.startswith("fold 2 of 2: murmur AUC 0.") for line in lines) == 1
        assert len(lines) == 14

    def test_predictions_are_written_outside_the_bundle(self, completed: tuple[Path, str, str]) -> None:
        """A row for each held-out recording, without a path of this machine, for the owner's eyes alone."""
        path = completed[0].parents[1] / "held_out.csv"
        rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
        assert f"wrote held_out.csv: {len(rows)} held-out recordings" in completed[2]
        assert f"\n{len(rows)} recordings of " in f"\n{completed[1]}"
        assert {row["label"] for row in rows} == {"normal", "murmur", "extrastole"}
        assert str(path.parents[1]) not in path.read_text(encoding="utf-8")
        if os.name == "posix":
            assert path.stat().st_mode & 0o077 == 0

    def test_a_network_that_knows_nothing_is_told(self, completed: tuple[Path, str, str]) -> None:
        """Two steps teach nothing, and a line says so."""
        assert "auscult: NO BETTER THAN ONE LABEL: balanced accuracy " in completed[2]

    def test_the_bundle_records_how_it_was_trained(self, bundle: Bundle) -> None:
        """Recipe, command, data and metrics are in bundle.json; the command has no path of this machine."""
        settings = bundle.settings
        assert settings["recipe"] == "heart"
        assert (
            settings["command"] == "auscult train clinic --out models/mine --seed 4 --folds 2 --steps 2 --synthetic 2"
        )
        counts = {"normal": 6, "murmur": 6, "extrastole": 6}
        assert settings["training_data"] == [
            {
                "set": "clinic",
                "recordings": 18,
                "patients": 18,
                "labels": {label: counts[label] for label in sorted(counts)},
            }
        ]
        assert settings["made_sounds_per_label"] == 2
        assert settings["metrics"]["recordings"] == 18
        assert set(settings["metrics"]["per_label"]) == set(bundle.labels)

    def test_the_card_has_the_same_metrics(self, bundle: Bundle) -> None:
        """The card has the command, the accuracy and the number of recordings of this training."""
        assert bundle.settings["command"] in bundle.card
        accuracy = bundle.settings["metrics"]["overall"]["accuracy"]["value"]
        assert f"{accuracy:.3f} (" in bundle.card
        assert "18 recordings of 18 patients" in bundle.card

    def test_curves_and_plots(self, bundle: Bundle) -> None:
        """The curves of every fit are in the bundle, and the plots are listed on the card, each with a digest."""
        curves = json.loads((bundle.path / "training_curves.json").read_text(encoding="utf-8"))
        assert [fit["fit"] for fit in curves] == ["1.1", "1.2", "all recordings"]
        assert all(stage["training_loss"] for fit in curves for stage in fit["stages"])
        if importlib.util.find_spec("matplotlib"):
            names = [f"plots/{name}.png" for name in ("confusion", "roc", "reliability", "coverage", "training_curves")]
            assert sorted(path.name for path in (bundle.path / "plots").iterdir()) == sorted(n[6:] for n in names)
            assert all(f"]({name})" in bundle.card and name in bundle.settings["sha256"] for name in names)

    def test_no_path_of_this_machine(self, bundle: Bundle, made_folder: Path) -> None:
        """Neither the settings nor the card have the path of the recordings."""
        for name in ("bundle.json", "CARD.md", "training_curves.json"):
            assert str(made_folder.parent) not in (bundle.path / name).read_text(encoding="utf-8")

    def test_nothing_else_is_left(self, completed: tuple[Path, str, str]) -> None:
        """Beside the bundle, and the table that was asked for, nothing was written."""
        assert [path.name for path in completed[0].parent.iterdir()] == ["mine"]
        assert sorted(path.name for path in completed[0].parent.parent.iterdir()) == ["held_out.csv", "models"]


def test_the_articles_recipe(
    made_folder: Path, workplace: Path, quick_figures: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``--recipe article`` writes a bundle that loads like any other and records its recipe."""
    done = TrainingHistory(((1, 0.5),), (), 1, complete=True)
    monkeypatch.setattr(article, "fit_article", lambda *given, **how: (article_network(ARTICLE.shape, 3), done))
    assert run(made_folder, "--recipe", "article", "--out", "models/old", "--folds", "2", "--steps", "1") == 0
    bundle = load_bundle("models/old")
    assert bundle.spec == ARTICLE
    assert bundle.settings["recipe"] == "article"
    assert bundle.settings["made_sounds_per_label"] == 0
    assert bundle.settings["command"].endswith("--recipe article --folds 2 --steps 1")


def test_no_such_folder(workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A missing folder is named."""
    assert "absent: no such folder; name a folder of recordings" in refused(capsys, "absent", *SHORT)


def test_no_labels(workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder without labelled recordings ends with a line that says how to arrange them."""
    Path("loose").mkdir()
    assert "loose: no labelled recordings found; put them in a folder per label" in refused(capsys, "loose", *SHORT)


def test_patients_in_several_labels(
    made_folder: Path, workplace: Path, capsys: pytest.CaptureFixture[str], tiny_network: Callable[..., Any]
) -> None:
    """Where patients have several labels one line says so, and what to do if they are several people."""
    folder = copy_of(made_folder, "murmur", "normal")
    for kind, label in ((0, "normal"), (1, "murmur")):
        for patient in range(3):
            (folder / label / f"p{kind}{patient}").rename(folder / label / f"same{patient}")
    train._warn_of_several_labels(discover([folder]))
    line = "auscult: 3 of 9 patients have recordings of several labels, such as data/same0; "
    assert capsys.readouterr().err.startswith(line)
    train._warn_of_several_labels(discover([made_folder]))
    assert capsys.readouterr().err == ""


def copy_of(made_folder: Path, *labels: str) -> Path:
    """Return a copy of some labels of the synthetic recordings."""
    for label in labels:
        shutil.copytree(made_folder / label, Path("data") / label)
    return Path("data")


def test_one_label(made_folder: Path, workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One label alone is an error."""
    line = refused(capsys, copy_of(made_folder, "murmur"), *SHORT)
    assert line == "auscult: only the label murmur was found; a network needs two labels or more"


def test_too_few_patients(made_folder: Path, workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The error of a label with too few patients has the number of folds that is possible."""
    line = refused(capsys, copy_of(made_folder, "murmur", "normal"), "--folds", "7", "--steps", "1", "--synthetic", "0")
    assert "the label murmur has 6 patients, too few for 7 folds" in line
    assert line.endswith("--folds 6")


def spoil(folder: Path) -> list[Path]:
    """Make every recording below a folder unusable, each in another way; return them."""
    contents = (None, np.array([0.1, np.nan]), np.zeros(0))
    spoilt = sorted(folder.rglob("*.wav"))
    for index, path in enumerate(spoilt):
        content = contents[index % len(contents)]
        if content is None:
            path.write_text("no sound", encoding="utf-8")
        else:
            soundfile.write(path, content, 4000, subtype="FLOAT")
    return spoilt


@pytest.mark.parametrize("recipe", ["heart", "article"])
def test_audio_that_cannot_be_used(
    made_folder: Path, workplace: Path, capsys: pytest.CaptureFixture[str], recipe: str
) -> None:
    """Files that cannot be used are named, a line each; where a label has no other, the training ends there."""
    folder = copy_of(made_folder, "murmur", "normal")
    spoilt = spoil(folder / "murmur")
    assert run(folder, "--recipe", recipe, "--out", "models/mine", *SHORT) == 1
    lines = capsys.readouterr().err.splitlines()
    for path in spoilt:
        assert sum(line.startswith(f"auscult: left out: {path}: ") for line in lines) == 1
    assert "no recording of murmur can be read" in lines[-1]
    assert not Path("models").exists()


@pytest.mark.parametrize(
    ("path", "why"), [("held_out.txt", "must end in .csv"), ("models/mine/a.csv", "in the bundle")]
)
def test_predictions_elsewhere(
    made_folder: Path, workplace: Path, capsys: pytest.CaptureFixture[str], path: str, why: str
) -> None:
    """Another ending, and a file in the bundle, are refused before the work."""
    with pytest.raises(SystemExit) as end:
        run(made_folder, "--out", "models/mine", "--predictions", path)
    assert end.value.code == 2
    assert why in capsys.readouterr().err


def test_out_is_not_a_bundle(made_folder: Path, workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder at --out that is not a bundle is never touched, and this is found before anything is read."""
    Path("thesis").mkdir()
    Path("thesis/chapter.txt").write_text("years of work", encoding="utf-8")
    assert run(made_folder, "--out", "thesis", *SHORT) == 1
    assert capsys.readouterr().err == (
        "auscult: thesis: exists and is not a bundle; choose another name with --out models/NAME\n"
    )
    assert Path("thesis/chapter.txt").read_text(encoding="utf-8") == "years of work"


def test_out_cannot_be_written(made_folder: Path, workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A path below a file cannot be written, which is found before minutes of work."""
    Path("notes").write_text("a file", encoding="utf-8")
    assert run(made_folder, "--out", "notes/models/mine", *SHORT) == 1
    reason = "cannot be written (notes is a file, not a folder); choose another path with --out"
    assert capsys.readouterr().err == f"auscult: {Path('notes/models')}: {reason}\n"


def test_a_disk_that_is_full(
    made_folder: Path, workplace: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the bundle cannot be written after all, one line says so."""
    from training.export import release

    def full(*given: object, **more: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(release, "write_bundle", full)
    monkeypatch.setattr(train, "_train", lambda *given: empty_result())
    assert run(made_folder, "--out", "models/mine", *SHORT) == 1
    reason = "cannot be written (No space left on device); choose another path with --out"
    assert capsys.readouterr().err.splitlines()[-1] == f"auscult: {Path('models/mine')}: {reason}"


def empty_result() -> Any:
    """Return the result of a training without networks."""
    from monitor.inference.calibration import Calibration
    from monitor.inference.thresholds import DecisionThresholds
    from training.evaluation.cross_validated import measure

    truth, scores = np.array([0, 1, 0, 1]), np.array([[0.9, 0.1], [0.4, 0.6], [0.3, 0.7], [0.2, 0.8]])
    evidence = measure(truth, scores, ("normal", "murmur"), ["a", "b", "c", "d"])
    return heart.TrainingResult(
        None, ("normal", "murmur"), HEART, Calibration(), DecisionThresholds(), evidence, {}, []
    )


@pytest.mark.parametrize(
    ("name", "value", "least"),
    [("folds", "1", 2), ("repeats", "0", 1), ("steps", "0", 1), ("synthetic", "-1", 0), ("seed", "-3", 0)],
)
def test_numbers_out_of_range(
    made_folder: Path, workplace: Path, capsys: pytest.CaptureFixture[str], name: str, value: str, least: int
) -> None:
    """A number out of range is a usage error that names it: exit code 2."""
    with pytest.raises(SystemExit) as caught:
        run(made_folder, "--out", "models/mine", f"--{name}", value)
    assert caught.value.code == 2
    assert f"--{name} {value} must be {least} or more" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--validation", "--watched"])
@pytest.mark.parametrize("share", ["1", "-0.1", "nan"])
def test_a_validation_share_out_of_range(
    made_folder: Path, capsys: pytest.CaptureFixture[str], share: str, option: str
) -> None:
    """A share of validation patients outside 0 to 1 is a usage error, also under the old name of the option."""
    with pytest.raises(SystemExit) as caught:
        run(made_folder, "--out", "models/mine", option, share)
    assert caught.value.code == 2
    assert f"--validation {float(share)} must be from 0 to below 1" in capsys.readouterr().err


def test_without_tensorflow(
    made_folder: Path, workplace: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the training extra, one line says what to install."""
    absent: Any = None
    monkeypatch.setitem(sys.modules, "tensorflow", absent)
    line = refused(capsys, made_folder, *SHORT)
    assert line == "auscult: auscult train needs TensorFlow; pip install 'auscult-monitor[train]'"


def test_a_bundle_is_replaced(
    made_folder: Path,
    bundle_dir: Path,
    workplace: Path,
    monkeypatch: pytest.MonkeyPatch,
    tiny_network: Callable[..., Any],
) -> None:
    """A bundle at --out stays until the new one is whole, also when the training fails, and is then replaced."""
    shutil.copytree(bundle_dir, "models/mine")
    bad = copy_of(made_folder, "murmur", "normal")
    spoil(bad / "murmur")
    assert run(bad, "--out", "models/mine", *SHORT) == 1
    assert load_bundle("models/mine").name == "lenient"
    from training.export.bundle import write_bundle

    write_bundle(
        Path("models/mine"),
        network=tiny_network(),
        labels=("normal", "murmur", "extrastole"),
        spec=HEART,
        calibration=load_bundle(bundle_dir).calibration,
        decision=load_bundle(bundle_dir).decision,
        gate=load_bundle(bundle_dir).gate,
        facts={"recipe": "heart"},
        card="# mine\n",
    )
    assert load_bundle("models/mine").name == "mine"


def test_the_article_has_no_gate(made_folder: Path, workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--gate with the article's recipe is a usage error: its network has no output for non-cardiac sounds."""
    with pytest.raises(SystemExit) as ended:
        run(made_folder, "--out", "models/mine", "--recipe", "article", "--gate", made_folder)
    assert ended.value.code == 2
    assert "--gate does not go with --recipe article" in capsys.readouterr().err


@pytest.fixture(scope="module")
def interrupted(
    made_folder: Path, tiny_network: Callable[..., Any], quick_figures_in_module: None
) -> Callable[..., tuple[Path, int, str]]:
    """Return a function that trains in a folder, with Ctrl+C after a line of progress."""

    def train_there(folder: Path, *words: str, after: str = "", times: int = 1) -> tuple[Path, int, str]:
        err = io.StringIO()
        note = TerminalProgress.note

        def interrupt(self: TerminalProgress, text: str) -> None:
            note(self, text)
            if after and text.startswith(after):
                for _ in range(times):
                    os.kill(os.getpid(), signal.SIGINT)

        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(folder)
            patch.setattr(heart_fit, "heart_network", tiny_network)
            patch.setattr(TerminalProgress, "note", interrupt)
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(err):
                code = run(made_folder, "--out", "models/mine", *SHORT, *words)
        return folder / "models", code, err.getvalue()

    return train_there


def content(models: Path) -> dict[str, Any]:
    """Return the parts of a bundle that a training determines: weights, settings, scores, card, curves."""
    import keras

    bundle = load_bundle(models / "mine")
    settings = {key: value for key, value in bundle.settings.items() if "sha256" not in key}
    files = {name: (bundle.path / name).read_bytes() for name in ("CARD.md", "training_curves.json")}
    weights = [weight.tobytes() for weight in keras.models.load_model(bundle.path / "model.keras").get_weights()]
    with np.load(bundle.path / "check.npz") as check:
        return {"settings": settings, "weights": weights, "scores": check["scores"].tobytes(), **files}


Train = Callable[..., tuple[Path, int, str]]


class TestInterrupted:
    """Ctrl+C, and --resume."""

    def test_keep_folds(self, interrupted: Train, tmp_path: Path) -> None:
        """With --keep-folds the checkpoints stay beside the bundle, and the recorded command is the same."""
        models, code, _ = interrupted(tmp_path, "--keep-folds")
        assert code == 0
        assert sorted(path.name for path in (models / "mine.training").glob("*.npz")) == [
            "fold-1-1.npz",
            "fold-1-2.npz",
        ]
        assert "--keep-folds" not in load_bundle(models / "mine").settings["command"]

    def test_data_for_the_gate_alone(self, interrupted: Train, made_folder: Path, tmp_path: Path) -> None:
        """They are in the command and in the gate's metrics, and not in the training data."""
        folder = tmp_path / "artifact"
        folder.mkdir()
        for index in range(4):
            shutil.copy(made_folder / "normal" / "p00" / "a.wav", folder / f"rustle_{index}.wav")
        models, code, _ = interrupted(tmp_path, "--gate", str(folder))
        assert code == 0
        settings = load_bundle(models / "mine").settings
        assert "--gate artifact" in settings["command"]
        assert settings["metrics"]["quality_gate"]["kinds"]["rustle"]["windows"] == 4
        assert [data["set"] for data in settings["training_data"]] == ["clinic"]

    def test_resuming_gives_the_same_bundle(self, interrupted: Train, tmp_path_factory: pytest.TempPathFactory) -> None:
        """A training that was ended and resumed gives the network and metrics of one that was not."""
        whole, code, _ = interrupted(tmp_path_factory.mktemp("whole"), "--repeats", "2")
        assert code == 0
        folder = tmp_path_factory.mktemp("parts")
        models, code, err = interrupted(folder, "--repeats", "2", after="repeat 1, fold 2")
        assert code == 130
        assert err.splitlines()[-1].endswith("--folds 2 --repeats 2 --steps 2 --synthetic 2 --resume")
        assert sorted(path.name for path in models.iterdir()) == ["mine", "mine.training"]
        partial = load_bundle(models / "mine")
        assert partial.settings["metrics"]["ended"].startswith("Ended by hand: 2 of 4 folds were done.")
        assert "Ended by hand: 2 of 4 folds were done." in partial.card
        assert partial.settings["metrics"]["repeats"] == 1
        models, code, err = interrupted(folder, "--repeats", "2", "--resume")
        assert code == 0
        assert "repeat 1, fold 1 of 2: labelled recordings (2 steps)" not in err
        assert "repeat 2, fold 2 of 2: labelled recordings (2 steps)" in err
        assert content(models) == content(whole)
        assert [path.name for path in models.iterdir()] == ["mine"]

    def test_twice_ends_at_once(self, interrupted: Train, tmp_path: Path) -> None:
        """A second Ctrl+C ends at once without a bundle; complete folds stay, and the next step is printed."""
        models, code, err = interrupted(tmp_path, after="fold 1", times=2)
        assert code == 130
        assert [path.name for path in models.iterdir()] == ["mine.training"]
        said = err.splitlines()[-1]
        assert said.startswith("auscult: 1 fold is complete; continue with: auscult train /")
        assert "/clinic --out models/mine " in said
        assert said.endswith(" --resume")
        assert "Traceback" not in err

    def test_another_command(self, interrupted: Train, tmp_path: Path) -> None:
        """Resuming with another seed ends in one line that says what differs; the checkpoints stay."""
        interrupted(tmp_path, after="fold 1", times=2)
        models, code, err = interrupted(tmp_path, "--seed", "3", "--resume")
        assert code == 1
        assert err.startswith("auscult: ")
        assert "is of another training: seed 0 there, 3 here" in err
        assert len(err.splitlines()) == 1
        assert [path.name for path in models.iterdir()] == ["mine.training"]

    def test_nothing_to_resume(self, interrupted: Train, tmp_path: Path) -> None:
        """Resuming without checkpoints ends before anything is read."""
        _, code, err = interrupted(tmp_path, "--resume")
        assert code == 1
        assert err == f"auscult: {Path('models/mine.training')}: there is no training to resume; leave out --resume\n"

    def test_before_the_first_fold(self, interrupted: Train, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A training that is ended before the first fold is complete writes nothing, and says so."""
        whole = TerminalProgress.whole

        def interrupt(self: TerminalProgress, name: str, total: int) -> None:
            whole(self, name, total)
            monkeypatch.setattr(Interrupts, "__call__", lambda self: True)

        monkeypatch.setattr(TerminalProgress, "whole", interrupt)
        models, code, err = interrupted(tmp_path)
        assert code == 130
        line = "auscult: ended before the first fold was complete: nothing is written; train again"
        assert err.splitlines()[-1] == line
        assert not models.exists()

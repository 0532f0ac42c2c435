"""``auscult train --segmentation``: what it refuses before any work, and what it prints and records."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("tensorflow", reason="networks are trained with the training extra")

from monitor.errors import BundleError, DataError
from monitor.inference.bundle import DEFAULT_BUNDLE, find_bundle
from training.commands.segmentation import _command, check_segmentation, run_segmentation
from training.commands.train import add_arguments
from training.data.recording import DataSet, Recording
from training.evaluation.bootstrap import Estimate
from training.recipes.segmentation import SegmentationResult


def parsed(*words: str) -> argparse.Namespace:
    """Return the options of a command line."""
    parser = argparse.ArgumentParser(exit_on_error=False)
    add_arguments(parser)
    return parser.parse_args(["circor", "--segmentation", *words])


MEASURED = {"held_out_folds": 1, "held_out_recordings": 1, "held_out_patients": 1}


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """Return a copy of the default bundle."""
    return Path(shutil.copytree(find_bundle(DEFAULT_BUNDLE), tmp_path / "mine"))


@pytest.mark.parametrize(
    "words", [("--synthetic", "5"), ("--recipe", "article"), ("--gate", "set_a"), ("--validation", "0")]
)
def test_options_of_the_classifier_do_not_go_with_it(
    bundle: Path, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """Each is a usage error that names it."""
    with pytest.raises(SystemExit):
        check_segmentation(parsed("--out", str(bundle), *words))
    assert f"{words[0]} does not go with --segmentation" in capsys.readouterr().err


def test_it_needs_a_bundle_to_add_to(tmp_path: Path) -> None:
    """A folder that is none is refused, with how to make one."""
    with pytest.raises(DataError, match="is no bundle") as caught:
        check_segmentation(parsed("--out", str(tmp_path / "new")))
    assert "cp -r models/heart-sounds" in caught.value.next_step


def test_a_bundle_that_does_not_load_is_known_before_the_training(bundle: Path) -> None:
    """Else hours of training would end with the fault."""
    (bundle / "model.tflite").write_bytes(b"")
    with pytest.raises(BundleError, match=r"model\.tflite"):
        check_segmentation(parsed("--out", str(bundle)))


def test_it_adds_to_the_bundle_and_prints_the_figures(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command is recorded with the options that were given; the table is on standard error or output."""
    recording = Recording(tmp_path / "a.wav", ("normal",), "a", "clinic")
    recording.path.with_suffix(".tsv").write_text("0\t1\t1\n")
    data_set = DataSet("clinic", tmp_path, (recording,), (), ())
    seen: dict[str, Any] = {}

    def train(recordings: list[Recording], options: Any, progress: Any, checkpoints: Any) -> SegmentationResult:
        seen.update(recordings=recordings, options=options)
        facts = {"recipe": {"folds": 3}, "training_data": [], "patients": 1, "annotated_s": 1.0, "total_s": 2.0}
        facts |= {"heart_sounds": 7, "swapped_throughout": 0, **MEASURED}
        content = (bundle / "segmentation.tflite").read_bytes()
        return SegmentationResult(content, (1.0, 0.0, 0.0, 0.0), 0.5, {"f1_s1": Estimate(0.9, 0.8, 1.0)}, (), facts)

    monkeypatch.setattr("training.commands.segmentation.read_sets", lambda paths: [data_set])
    monkeypatch.setattr("training.recipes.segmentation.train_segmentation", train)
    assert (
        run_segmentation(parsed("--out", str(bundle), "--steps", "9", "--folds", "3", "--repeats", "2", "--seed", "4"))
        == 0
    )
    assert seen["recordings"] == [recording]
    assert (seen["options"].steps, seen["options"].folds, seen["options"].seed) == (9, 3, 4)
    assert seen["options"].repeats == 2
    text = "".join(capsys.readouterr())
    assert "0.900 (0.800 to 1.000)" in text
    assert "segmentation.tflite; try it with: auscult replay FILE --json --model" in text
    assert "fit it again: python benchmarks/accuracy/murmur_timing.py" in text  # it heard the beats of another network
    card = (bundle / "CARD.md").read_text()
    assert "`auscult train circor --segmentation --out models/mine --steps 9 --folds 3 --repeats 2 --seed 4`" in card


def test_an_interrupted_training_says_how_to_go_on(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command as it was typed, with --resume; then nothing is left, and another training is not resumed."""
    recording = Recording(tmp_path / "a.wav", ("normal",), "a", "clinic")
    recording.path.with_suffix(".tsv").write_text("0\t1\t1\n")
    content = (bundle / "segmentation.tflite").read_bytes()
    stored: list[bytes | None] = []

    def train(recordings: list[Recording], options: Any, progress: Any, checkpoints: Any) -> SegmentationResult:
        stored.append(checkpoints.load_network(0, 0))
        if stored[-1] is None:
            checkpoints.save_network(0, 0, content)
            raise KeyboardInterrupt
        facts = {"recipe": {"folds": 3}, "training_data": [], "patients": 1, "annotated_s": 1.0, "total_s": 2.0}
        facts |= {"heart_sounds": 7, "swapped_throughout": 0, **MEASURED}
        return SegmentationResult(content, (1.0, 0.0, 0.0, 0.0), 0.5, {"f1_s1": Estimate(0.9, 0.8, 1.0)}, (), facts)

    data_set = DataSet("clinic", tmp_path, (recording,), (), ())
    monkeypatch.setattr("training.commands.segmentation.read_sets", lambda paths: [data_set])
    monkeypatch.setattr("training.recipes.segmentation.train_segmentation", train)
    words = ("--out", str(bundle), "--steps", "9", "--folds", "3")
    with pytest.raises(KeyboardInterrupt):
        run_segmentation(parsed(*words))
    command = f"auscult train circor --segmentation --out {bundle} --steps 9 --folds 3 --resume"
    assert capsys.readouterr().err == f"auscult: 1 fold is complete; continue with: {command}\n"
    with pytest.raises(DataError, match="is of another training: steps 9 there, 8 here"):
        run_segmentation(parsed("--out", str(bundle), "--steps", "8", "--folds", "3", "--resume"))
    assert run_segmentation(parsed(*words, "--resume")) == 0
    assert stored == [None, content]
    with pytest.raises(DataError, match=r"mine\.segmentation\.training: there is no training to resume"):
        run_segmentation(parsed(*words, "--resume"))


def test_a_session_is_not_named(bundle: Path, tmp_path: Path) -> None:
    """The command that a bundle holds names no subject, as the folder of a session does."""
    session = tmp_path / "2026-01-02_03-04-05_P-017_AV"
    session.mkdir()
    (session / "session.json").write_text("{}")
    options = parsed("--out", str(bundle))
    options.data.append(session)
    assert _command(options) == "auscult train circor sessions --segmentation --out models/mine"
    assert str(session) in _command(options, as_typed=True)

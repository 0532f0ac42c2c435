"""A trained network becomes a bundle: checked against Keras, written whole or not at all."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="bundles are written with the training extra")

from monitor.errors import BundleError
from monitor.features.article_image import ARTICLE
from monitor.features.spec import HEART
from monitor.inference.bundle import load_bundle, read_settings
from monitor.inference.calibration import Calibration, Loudness
from monitor.inference.engine import LiteRTEngine
from monitor.inference.networks import article_network, heart_network
from monitor.inference.quality_gate import DEFAULT_GATE
from monitor.inference.thresholds import DecisionThresholds
from monitor.inference.window_scorer import WindowScorer
from monitor.synthesis.parameters import HeartParameters, Murmur
from monitor.synthesis.phonocardiogram import phonocardiogram
from training.export import bundle
from training.export.bundle import check_tensor, write_bundle
from training.fitting.conversion import convert, convert_int8
from training.fitting.trainer import outputs_of


@pytest.fixture(scope="module")
def network(tiny_network: Callable[..., Any]) -> Any:
    """Return a network that costs next to nothing."""
    return tiny_network()


@pytest.fixture(scope="module", autouse=True)
def converted_once() -> Iterator[None]:
    """Convert each network once for all tests, since that takes longest."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bundle, "convert", functools.cache(convert))
        patch.setattr(bundle, "convert_int8", functools.cache(convert_int8))
        yield


def write(out: Path, network: Any, **changes: Any) -> Path:
    """Write a bundle."""
    settings: dict[str, Any] = {
        "labels": ("normal", "murmur", "extrastole"),
        "spec": HEART,
        "calibration": Calibration("softmax", 1.5, (0.0, 0.1, 0.2)),
        "decision": DecisionThresholds(uncertain_below=0.4),
        "gate": dataclasses.replace(DEFAULT_GATE, odds_weight=0.5),
        "facts": {"recipe": "heart", "training_data": []},
        "card": "# mine\n",
    }
    return write_bundle(out, network=network, **(settings | changes))


def test_everything_given_is_in_the_bundle(tmp_path: Path, network: Any) -> None:
    """Labels, settings, calibration, thresholds, facts and card come back as they were given."""
    out = write(tmp_path / "deep" / "down" / "mine", network, card="# mine\n\nTrüb, 25 µV.\n")
    bundle = load_bundle(out)
    assert (bundle.name, bundle.labels, bundle.spec) == ("mine", ("normal", "murmur", "extrastole"), HEART)
    assert bundle.calibration == Calibration("softmax", 1.5, (0.0, 0.1, 0.2))
    assert bundle.decision == DecisionThresholds(uncertain_below=0.4)
    assert bundle.gate == dataclasses.replace(DEFAULT_GATE, odds_weight=0.5)
    assert bundle.settings["recipe"] == "heart"
    assert bundle.card == "# mine\n\nTrüb, 25 µV.\n"


def test_the_settings_are_json(tmp_path: Path, network: Any) -> None:
    """bundle.json is plain JSON with format, sample rate, window and hop."""
    settings = json.loads((write(tmp_path / "mine", network) / "bundle.json").read_text(encoding="utf-8"))
    keys = ("format", "name", "sample_rate", "window_s", "hop_s")
    assert [settings[key] for key in keys] == [1, "mine", 4000, 5.0, 0.5]


def test_no_scratch_folder_is_left(tmp_path: Path, network: Any) -> None:
    """No scratch folder is left beside the bundle, also when an older bundle was replaced."""
    write(tmp_path / "mine", network, facts={"recipe": "old"})
    write(tmp_path / "mine", network, facts={"recipe": "new"})
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
    assert read_settings(tmp_path / "mine")["recipe"] == "new"


def test_extra_files(tmp_path: Path, network: Any) -> None:
    """Extra files are in the bundle with a digest, and are gone when it is replaced."""
    (tmp_path / "more" / "plots").mkdir(parents=True)
    (tmp_path / "more" / "plots" / "roc.png").write_bytes(b"image")
    out = write(tmp_path / "models" / "mine", network, extras=tmp_path / "more")
    assert (out / "plots" / "roc.png").read_bytes() == b"image"
    assert load_bundle(out).settings["sha256"]["plots/roc.png"] == hashlib.sha256(b"image").hexdigest()
    (out / "plots" / "roc.png").write_bytes(b"another")
    with pytest.raises(BundleError, match=r"plots/roc.png is damaged"):
        load_bundle(out)
    write(out, network)
    assert not (out / "plots").exists()
    assert [path.name for path in out.parent.iterdir()] == ["mine"]


def test_another_folder_is_left_alone(tmp_path: Path, network: Any) -> None:
    """A folder that is not a bundle is never replaced."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work", encoding="utf-8")
    with pytest.raises(BundleError, match="mine: exists and is not a bundle"):
        write(tmp_path / "mine", network)
    assert (tmp_path / "mine" / "thesis.txt").read_text(encoding="utf-8") == "years of work"


def test_a_bundle_that_does_not_load_is_not_written(
    tmp_path: Path, network: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the new bundle does not load, the old one stays as it was and nothing else is left."""
    write(tmp_path / "mine", network, facts={"recipe": "old"})

    def refuse(path: Path) -> None:
        raise BundleError(f"{path}: the self-check failed")

    monkeypatch.setattr(bundle, "load_bundle", refuse)
    with pytest.raises(BundleError, match="the self-check failed"):
        write(tmp_path / "mine", network, facts={"recipe": "new"})
    with pytest.raises(BundleError, match="the self-check failed"):
        write(tmp_path / "another", network)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
    assert read_settings(tmp_path / "mine")["recipe"] == "old"


def test_the_old_bundle_comes_back_when_the_new_cannot_be_moved(
    tmp_path: Path, network: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the very last step fails, the old bundle is put back."""
    write(tmp_path / "mine", network, facts={"recipe": "old"})
    replace, moved = os.replace, []

    def fail_at_the_second(source: Path, target: Path) -> None:
        moved.append(target)
        if len(moved) == 2:
            raise PermissionError("in use")
        replace(source, target)

    monkeypatch.setattr(os, "replace", fail_at_the_second)
    with pytest.raises(PermissionError, match="in use"):
        write(tmp_path / "mine", network, facts={"recipe": "new"})
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
    assert load_bundle(tmp_path / "mine").settings["recipe"] == "old"


@pytest.mark.parametrize("off", [0.01, np.nan])
def test_litert_must_agree_with_keras(
    tmp_path: Path, network: Any, monkeypatch: pytest.MonkeyPatch, off: float
) -> None:
    """Where the converted network gives other scores than Keras, or none, nothing is written."""
    shift = np.array([off, 0.0, 0.0, 0.0], np.float32)
    monkeypatch.setattr(bundle, "outputs_of", lambda network, images: outputs_of(network, images) + shift)
    with pytest.raises(BundleError, match=r"LiteRT and Keras give scores .* apart"):
        write(tmp_path / "mine", network)
    assert list(tmp_path.iterdir()) == []


def test_both_networks_are_written(tmp_path: Path) -> None:
    """The int8 network has its file, its digest and its own scores of the check input, near the float ones."""
    network = heart_network(HEART.shape, ("normal", "murmur", "extrastole", "not-heart"))
    out = write(tmp_path / "mine", network)
    assert (out / "model-int8.tflite").stat().st_size < (out / "model.tflite").stat().st_size / 3
    floating, int8 = (load_bundle(out, engine=engine) for engine in ("litert", "litert-int8"))
    with np.load(out / "check.npz") as check:
        assert sorted(check.files) == ["scores", "scores_int8", "tensor"]
        np.testing.assert_allclose(list(floating.scores(check["tensor"]).values()), check["scores"], atol=1e-5)
        np.testing.assert_allclose(list(int8.scores(check["tensor"]).values()), check["scores_int8"], atol=1e-5)
        assert np.abs(check["scores_int8"] - check["scores"]).max() <= bundle.MAX_INT8_DIFFERENCE


def test_a_network_that_says_how_loud_a_murmur_is(tmp_path: Path) -> None:
    """The bundle says it where it has the key; without the key the output is not used, and the scores are the same."""
    network = heart_network(HEART.shape, ("normal", "murmur", "extrastole", "not-heart"), grades_loudness=True)
    graded = load_bundle(write(tmp_path / "graded", network, facts={"loudness": {"weight": 1.5, "bias": -0.5}}))
    silent = load_bundle(write(tmp_path / "silent", network))
    assert graded.loudness == Loudness(1.5, -0.5)
    assert silent.loudness is None
    sound = phonocardiogram(6.0, HeartParameters(murmur=Murmur()), np.random.default_rng(0)).waveform
    with_word, without = (next(iter(WindowScorer(one, 4000).score_blocks([sound]))) for one in (graded, silent))
    assert with_word.scores == without.scores
    assert without.loud is None
    assert with_word.loud == pytest.approx(1 / (1 + np.exp(0.5 - 1.5 * with_word.outputs[4])), abs=1e-6)


def test_a_network_without_the_output_for_loudness(tmp_path: Path, network: Any) -> None:
    """A bundle that promises it is refused, not written."""
    with pytest.raises(BundleError, match="outputs for 3 labels"):
        write(tmp_path / "mine", network, facts={"loudness": {"weight": 1.5, "bias": -0.5}})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("off", [1.0, np.nan])
def test_an_int8_network_that_differs_is_left_out(
    tmp_path: Path, network: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], off: float
) -> None:
    """Hours of training are not lost for it: the bundle has the float network, and one line says so."""

    class Off(LiteRTEngine):
        def outputs(self, image: Any) -> Any:
            shift = off if self._content == convert_int8(network) else 0.0
            return super().outputs(image) + np.array([shift, 0.0, 0.0, 0.0], np.float32)

    monkeypatch.setattr(bundle, "convert_int8", lambda network: convert_int8(network))
    monkeypatch.setattr(bundle, "LiteRTEngine", Off)
    if convert(network) == convert_int8(network):
        pytest.fail("the two networks must differ for this test")
    out = write(tmp_path / "mine", network)
    assert not (out / "model-int8.tflite").exists()
    assert "the int8 network gives scores" in capsys.readouterr().err
    with pytest.raises(BundleError, match="has no int8 network"):
        load_bundle(out, engine="litert-int8")


def test_the_articles_bundle(tmp_path: Path) -> None:
    """The article's network, settings and sigmoids make a bundle like any other."""
    out = write(
        tmp_path / "article",
        article_network(ARTICLE.shape, 3),
        spec=ARTICLE,
        calibration=Calibration("share"),
        facts={"recipe": "article"},
    )
    bundle = load_bundle(out)
    assert bundle.spec == ARTICLE
    scores = bundle.scores(check_tensor(ARTICLE))
    assert sum(scores.values()) == pytest.approx(1.0)


@pytest.mark.parametrize("spec", [HEART, ARTICLE], ids=["heart", "article"])
def test_the_check_input_is_fixed(spec: Any) -> None:
    """The input of the self-check is the same each time, finite and not constant."""
    tensor = check_tensor(spec)
    np.testing.assert_array_equal(tensor, check_tensor(spec))
    assert not np.array_equal(tensor, check_tensor(spec, seed=1))
    assert tensor.shape == spec.shape
    assert np.isfinite(tensor).all()
    assert tensor.std() > 0.1

"""A trained network to a bundle: converted, checked against Keras, written whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from monitor.errors import BundleError
from monitor.features.extractor import FeatureExtractor
from monitor.features.spec import SpectrogramSpec
from monitor.inference.bundle import FORMAT, TOLERANCE, digest_of_settings, load_bundle, text_of_settings
from monitor.inference.calibration import Calibration
from monitor.inference.engine import LiteRTEngine
from monitor.inference.quality_gate import QualityGate
from monitor.inference.thresholds import DecisionThresholds
from monitor.synthesis.phonocardiogram import phonocardiogram
from monitor.synthesis.random_parameters import random_parameters
from training.fitting.trainer import outputs_of

__all__ = ["convert", "write_bundle"]

CHECK_SEED = 20_110


def write_bundle(
    out: Path,
    *,
    network: Any,
    labels: tuple[str, ...],
    spec: SpectrogramSpec,
    calibration: Calibration,
    decision: DecisionThresholds,
    gate: QualityGate,
    facts: Mapping[str, Any],
    card: str,
    extras: Path | None = None,
) -> Path:
    """Write a bundle and load it again; what stood at ``out`` goes only when the new one has proved itself.

    Parameters
    ----------
    out : Path
        Its last part is the bundle's name.
    network : keras.Model
    labels : tuple of str
    spec : SpectrogramSpec
    calibration : Calibration
    decision : DecisionThresholds
    gate : QualityGate
    facts : mapping
        More of ``bundle.json``: training data, metrics, recipe.
    card : str
        Model card, Markdown.
    extras : Path or None
        Folder of more files, such as plots, that go into the bundle as they are.

    Raises
    ------
    BundleError
        If ``out`` is something else than a bundle, LiteRT and Keras differ by more than the tolerance, or the
        written bundle does not load.
    """
    if out.exists() and not (out / "bundle.json").is_file():
        raise BundleError(f"{out}: exists and is no bundle", "choose another name")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as scratch:
        folder = Path(scratch) / out.name
        if extras is None:
            folder.mkdir()
        else:
            shutil.copytree(extras, folder)
        content = convert(network)
        (folder / "model.tflite").write_bytes(content)
        network.save(folder / "model.keras")
        (folder / "CARD.md").write_text(card, encoding="utf-8", newline="\n")
        tensor = check_tensor(spec)
        scores = _agreed_scores(network, content, tensor, calibration, len(labels))
        (folder / "check.npz").write_bytes(_archive(tensor=tensor, scores=scores))
        settings = {
            "format": FORMAT,
            "name": out.name,
            "labels": list(labels),
            "sample_rate": spec.sample_rate,
            "window_s": spec.window_s,
            "hop_s": spec.hop_s,
            "spectrogram": spec.to_json(),
            "calibration": calibration.to_json(),
            "decision": decision.to_json(),
            "gate": gate.to_json(),
            **facts,
            "sha256": _digests(folder),
        }
        settings["settings_sha256"] = digest_of_settings(settings)
        (folder / "bundle.json").write_text(text_of_settings(settings), encoding="utf-8", newline="\n")
        load_bundle(folder)
        _put_in_place(folder, out)
    return out


def convert(network: Any) -> bytes:
    """Return a Keras network as a float32 ``.tflite`` file.

    By way of a saved model: converting a concrete function of one picture gives a network whose outputs
    are NaN (TensorFlow 2.21), which the check against Keras finds.
    """
    with contextlib.redirect_stdout(io.StringIO()):  # it lists every variable
        return bytes(tf.lite.TFLiteConverter.from_keras_model(network).convert())


def check_tensor(spec: SpectrogramSpec) -> NDArray[np.float32]:
    """Return the picture of a made murmur, the fixed input of the self-check."""
    rng = np.random.default_rng(CHECK_SEED)
    settings = random_parameters(rng, label="murmur")
    extractor = FeatureExtractor(spec, spec.sample_rate)
    extractor.push(phonocardiogram(spec.window_s, settings, rng, spec.sample_rate).waveform, last=True)
    return extractor.features(0).image


def _agreed_scores(
    network: Any, content: bytes, tensor: NDArray[np.float32], calibration: Calibration, num_labels: int
) -> NDArray[np.float64]:
    """Return the check input's scores, on which Keras and LiteRT must agree."""
    scores = calibration.scores(LiteRTEngine(content).outputs(tensor), num_labels)
    keras_scores = calibration.scores(outputs_of(network, tensor[np.newaxis])[0], num_labels)
    if not np.abs(scores - keras_scores).max() <= TOLERANCE:
        raise BundleError(
            f"LiteRT and Keras give scores {np.abs(scores - keras_scores).max():.1e} apart", "train again"
        )
    return scores


def _digests(folder: Path) -> dict[str, str]:
    """Return the digest of every file, by its path in the folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def _archive(**arrays: NDArray[Any]) -> bytes:
    """Return arrays as the bytes of an ``.npz`` file."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def _put_in_place(folder: Path, out: Path) -> None:
    """Move a finished bundle to where it belongs; the old one is kept until the new one stands."""
    aside = folder.parent / "replaced"
    if out.exists():
        os.replace(out, aside)
    try:
        os.replace(folder, out)
    except OSError:
        if aside.exists():
            os.replace(aside, out)
        raise
    shutil.rmtree(aside, ignore_errors=True)

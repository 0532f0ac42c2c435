"""A trained network as a bundle: converted to LiteRT, checked against Keras, written whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from monitor.atomic_write import write_atomic
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

__all__ = ["convert", "sign", "write_bundle"]

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
    """Write a bundle and load it again; an older bundle at ``out`` is replaced only when the new one has loaded.

    Parameters
    ----------
    out : Path
        The last part is the bundle's name.
    network : keras.Model
        From images ``spec.shape`` to logits.
    labels : tuple of str
        In the order of the logits.
    spec : SpectrogramSpec
    calibration : Calibration
    decision : DecisionThresholds
    gate : QualityGate
    facts : mapping
        Further entries of ``bundle.json``: training data, metrics, recipe.
    card : str
        Model card, Markdown.
    extras : Path or None
        Folder of further files, such as plots, that are copied into the bundle.

    Raises
    ------
    BundleError
        If ``out`` exists and is not a bundle, LiteRT and Keras differ by more than the tolerance, or the
        written bundle does not load.
    """
    if out.exists() and not (out / "bundle.json").is_file():
        raise BundleError(f"{out}: exists and is not a bundle", "choose another name")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as scratch:
        folder = Path(scratch) / out.name
        if extras is None:
            folder.mkdir()
        else:
            shutil.copytree(extras, folder)
        _write_network(folder, network, spec, calibration, len(labels))
        write_atomic(folder / "CARD.md", card)
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
        }
        files = (path for path in folder.rglob("*") if path.is_file())
        sign(folder, settings, [path.relative_to(folder).as_posix() for path in files])
        load_bundle(folder)
        _move_into_place(folder, out)
    return out


def sign(folder: Path, settings: Mapping[str, Any], names: Iterable[str]) -> None:
    """Write ``bundle.json``: the settings, the digest of each file, and its own digest.

    Parameters
    ----------
    folder : Path
        Of the bundle.
    settings : mapping
        Digests in it are replaced.
    names : iterable of str
        Paths of the files, relative to ``folder``.
    """
    digests = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in sorted(names)}
    signed = {**settings, "sha256": digests}
    signed["settings_sha256"] = digest_of_settings(signed)
    write_atomic(folder / "bundle.json", text_of_settings(signed))


def _write_network(
    folder: Path, network: Any, spec: SpectrogramSpec, calibration: Calibration, num_labels: int
) -> None:
    """Write the network in both formats, and the input and scores of the self-check."""
    content = convert(network)
    tensor = check_tensor(spec)
    scores = _agreed_scores(network, content, tensor, calibration, num_labels)
    (folder / "model.tflite").write_bytes(content)
    network.save(folder / "model.keras")
    np.savez_compressed(folder / "check.npz", allow_pickle=False, tensor=tensor, scores=scores)


def convert(network: Any) -> bytes:
    """Return a Keras network as the content of a float32 ``.tflite`` file.

    It is converted by way of a saved model: converting a concrete function of one image gives a network whose
    outputs are NaN (TensorFlow 2.21), which the check against Keras finds.
    """
    with contextlib.redirect_stdout(io.StringIO()):  # the converter prints every variable
        return bytes(tf.lite.TFLiteConverter.from_keras_model(network).convert())


def check_tensor(spec: SpectrogramSpec) -> NDArray[np.float32]:
    """Return the input of the self-check: the image of a fixed synthetic murmur, shape ``spec.shape``, float32."""
    rng = np.random.default_rng(CHECK_SEED)
    parameters = random_parameters(rng, label="murmur")
    extractor = FeatureExtractor(spec, spec.sample_rate)
    extractor.push(phonocardiogram(spec.window_s, parameters, rng, spec.sample_rate).waveform, last=True)
    return extractor.image(0)


def _agreed_scores(
    network: Any, content: bytes, tensor: NDArray[np.float32], calibration: Calibration, num_labels: int
) -> NDArray[np.float64]:
    """Return the scores of the check input, on which Keras and LiteRT must agree."""
    scores = calibration.scores(LiteRTEngine(content).outputs(tensor), num_labels)
    keras_scores = calibration.scores(outputs_of(network, tensor[np.newaxis])[0], num_labels)
    difference = np.abs(scores - keras_scores).max()
    if not difference <= TOLERANCE:  # NaN fails too
        raise BundleError(f"LiteRT and Keras give scores {difference:.1e} apart", "train again")
    return scores


def _move_into_place(folder: Path, out: Path) -> None:
    """Move a finished bundle to its path; if that fails, the old one is put back."""
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

"""A trained network as a bundle: converted to LiteRT, checked against Keras, written whole or not at all.

The int8 network is checked against the float one; where they differ by more than rounding explains, the bundle is
written without it.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.atomic_write import write_atomic
from monitor.errors import BundleError
from monitor.features.extractor import FeatureExtractor
from monitor.features.spec import SpectrogramSpec
from monitor.inference.bundle import FORMAT, TOLERANCE, digest_of_settings, load_bundle, text_of_settings
from monitor.inference.bundle_files import INT8_SCORES, SCORES
from monitor.inference.bundle_folders import move_into_place
from monitor.inference.calibration import Calibration
from monitor.inference.engine import ENGINES, INT8_ENGINE, KERAS_ENGINE, KerasEngine, LiteRTEngine
from monitor.inference.quality_gate import QualityGate
from monitor.inference.thresholds import DecisionThresholds
from monitor.labels import DEFAULT_ENGINE
from monitor.output import say
from monitor.synthesis.phonocardiogram import phonocardiogram
from monitor.synthesis.random_parameters import random_parameters
from training.fitting.conversion import convert, convert_int8
from training.fitting.trainer import outputs_of

__all__ = ["keras_network", "move_into_place", "sign", "write_bundle", "write_int8"]

CHECK_SEED = 20_110
CHECK_IMAGES = 8
"""Images of synthetic murmurs among which that of the self-check is chosen."""

MAX_INT8_DIFFERENCE = 0.05
"""Largest difference of a score of the check input between the int8 and the float network. That of the shipped bundle
is 0.0034, and 0.023 at most over 23 687 windows of real recordings (decision 0015)."""


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
        move_into_place(folder, out)
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
    """Write the network in all formats, and the input and scores of the self-checks."""
    content = convert(network)
    tensor = _telling_tensor(spec, content, convert_int8(network), calibration, num_labels)
    scores = _agreed_scores(network, content, tensor, calibration, num_labels)
    (folder / ENGINES[DEFAULT_ENGINE]).write_bytes(content)
    network.save(folder / "model.keras")
    write_int8(folder, network, tensor, scores, calibration)


def write_int8(
    folder: Path, network: Any, tensor: NDArray[np.float32], scores: NDArray[np.float64], calibration: Calibration
) -> bool:
    """Write the int8 network, and the input and expected scores of both networks' self-checks.

    Parameters
    ----------
    folder : Path
        Of the bundle.
    network : keras.Model
    tensor : ndarray, shape spec.shape, float32
        The check input.
    scores : ndarray, shape (labels,)
        What the float network gives for it.
    calibration : Calibration

    Returns
    -------
    bool
        Whether the int8 network agrees with the float one. If not, it is left out of the bundle, and that is said.
    """
    content = convert_int8(network)
    int8_scores = calibration.scores(LiteRTEngine(content).outputs(tensor), len(scores))
    difference = np.abs(int8_scores - scores).max()
    arrays: dict[str, NDArray[Any]] = {"tensor": tensor, SCORES: scores}
    agrees = bool(difference <= MAX_INT8_DIFFERENCE)  # NaN does not
    if agrees:
        (folder / ENGINES[INT8_ENGINE]).write_bytes(content)
        arrays[INT8_SCORES] = int8_scores
    else:
        say(f"auscult: the int8 network gives scores {difference:.1e} from the float one's: the bundle has none")
    np.savez_compressed(folder / "check.npz", allow_pickle=False, **arrays)
    return agrees


def _telling_tensor(
    spec: SpectrogramSpec, content: bytes, int8_content: bytes, calibration: Calibration, num_labels: int
) -> NDArray[np.float32]:
    """Return the check input that tells the float and the int8 network apart best."""
    engines = LiteRTEngine(content), LiteRTEngine(int8_content)
    tensors = [check_tensor(spec, CHECK_SEED + index) for index in range(CHECK_IMAGES)]
    scores = np.array([[calibration.scores(one.outputs(tensor), num_labels) for tensor in tensors] for one in engines])
    return tensors[int(np.abs(scores[0] - scores[1]).max(axis=-1).argmax())]


def check_tensor(spec: SpectrogramSpec, seed: int = CHECK_SEED) -> NDArray[np.float32]:
    """Return an input of the self-check: the image of a fixed synthetic murmur, shape ``spec.shape``, float32."""
    rng = np.random.default_rng(seed)
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


def keras_network(folder: Path) -> Any:
    """Return the Keras network of a bundle.

    Raises
    ------
    BundleError
        If the bundle does not load, or has none.
    """
    engine = load_bundle(folder, engine=KERAS_ENGINE).engine
    if not isinstance(engine, KerasEngine):
        raise TypeError(f"{type(engine).__name__} is no engine of Keras")
    return engine.network

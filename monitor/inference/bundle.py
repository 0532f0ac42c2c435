"""Model bundles: a folder that holds a network and everything needed to trust it.

``models/<name>/`` holds ``model.tflite``, ``bundle.json``, ``check.npz``, ``CARD.md`` and perhaps ``model.keras``,
``model-int8.tflite``, ``model.onnx`` and ``plots/``. :func:`load_bundle` verifies all of it: every file must have the
digest that ``bundle.json`` gives, ``bundle.json`` the digest that it gives for itself, and the network that runs must
reproduce the scores of the check input. A bundle may be used by any number of threads.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.errors import BundleError, did_you_mean
from monitor.features.extractor import FeatureExtractor
from monitor.features.heart_rate import heart_rate
from monitor.features.sound_bands import BANDS_RATE
from monitor.features.spec import HEART, SpectrogramSpec
from monitor.inference.bundle_files import (
    INT8_SCORES,
    SCORES,
    SEGMENTATION,
    is_bundle_file,
    parse_json,
    read_check,
    read_file,
)
from monitor.inference.bundle_folders import bundles_folder, own_bundles
from monitor.inference.bundle_schema import check_settings
from monitor.inference.calibration import Calibration, Loudness, check_outputs
from monitor.inference.engine import ENGINES, INT8_ENGINE, OPTIONAL_NETWORKS, Engine, network_file, open_engine
from monitor.inference.quality_gate import DEFAULT_GATE, QualityGate, gate_features
from monitor.inference.segmentation.murmur_timing import TimingModel
from monitor.inference.segmentation.segmenter import CycleModel, read_segmentation
from monitor.inference.thresholds import DecisionThresholds
from monitor.labels import DEFAULT_BUNDLE, DEFAULT_ENGINE

__all__ = [
    "DEFAULT_BUNDLE",
    "FORMAT",
    "INT8_TOLERANCE",
    "TOLERANCE",
    "Bundle",
    "digest_of_settings",
    "list_bundles",
    "load_bundle",
    "read_settings",
    "text_of_settings",
]

FORMAT = 1
"""Version of the bundle format; see docs/formats/bundle-format.md."""

TOLERANCE = 1e-5
"""Largest difference of a score in the self-check, between engines and machines."""

INT8_TOLERANCE = 1e-3
"""The same for the int8 network, between machines: a rounding error of 1e-6 in the image may move an activation by one
step of 8 bits, and then a score of the check image by 2e-4; the float network is 6e-3 away (decision 0015)."""

RETRAIN = "install auscult again, or train a bundle: auscult train DATA --out models/NAME"

INSTALLED = bundles_folder(Path(__file__).resolve().parents[1])


@dataclasses.dataclass(frozen=True)
class Bundle:
    """A loaded bundle, checked.

    Attributes
    ----------
    name : str
    path : Path
    labels : tuple of str
        In the order of the scores.
    spec : SpectrogramSpec
    calibration : Calibration
    decision : DecisionThresholds
    settings : dict
        All of ``bundle.json``.
    model_sha256 : str
        Digest of the file that runs, such as ``model-int8.tflite`` with the engine ``litert-int8``; where Keras runs
        the network, that of ``model.tflite``.
    engine : Engine
        Runs one image at a time; a :class:`~monitor.inference.window_scorer.WindowScorer` takes a copy.
    gate : QualityGate
        Which windows are withheld.
    engine_name : {"litert", "litert-int8", "onnx", "keras"}
        What ``engine`` is.
    segmentation, timing, loudness : CycleModel, TimingModel, Loudness, each or None
        What finds S1 and S2, what tells where in the cycle a murmur lies, and how loud it is; None in a bundle that
        does not say it.
    """

    name: str
    path: Path
    labels: tuple[str, ...]
    spec: SpectrogramSpec
    calibration: Calibration
    decision: DecisionThresholds
    settings: dict[str, Any]
    model_sha256: str
    engine: Engine
    gate: QualityGate = DEFAULT_GATE
    engine_name: str = DEFAULT_ENGINE
    segmentation: CycleModel | None = None
    loudness: Loudness | None = None
    timing: TimingModel | None = None

    @property
    def finds_heart_sounds(self) -> bool:
        """Whether S1 and S2 are found with it."""
        return self.segmentation is not None and self.spec.sample_rate == BANDS_RATE

    @property
    def acoustic_thresholds(self) -> dict[str, float]:
        """The acoustic score from which a window is given each label."""
        return self.calibration.acoustic_thresholds(self.decision.uncertain_below, self.labels)

    def scores(self, image: NDArray[np.float32]) -> dict[str, float]:
        """Return the calibrated scores of one input image, by label.

        Parameters
        ----------
        image : ndarray, shape spec.shape, float32

        Raises
        ------
        BundleError
            If the network gives NaN or infinity.
        """
        values = self.calibration.scores(self.outputs(image, self.engine), len(self.labels))
        return dict(zip(self.labels, values.tolist(), strict=True))

    def outputs(self, image: NDArray[np.float32], engine: Engine) -> NDArray[np.float32]:
        """Return the finite outputs of the network for one input image, run by the bundle's engine or a copy of it.

        Raises
        ------
        BundleError
            If the network gives NaN or infinity.
        """
        outputs = engine.outputs(image)
        try:
            check_outputs(outputs)
        except ValueError as error:
            raise BundleError(f"{self.path}: {error}", "use another bundle: auscult models") from error
        return outputs

    @property
    def card(self) -> str:
        """The model card, Markdown; a BundleError where it cannot be read."""
        return _read_file(self.path, "CARD.md").decode("utf-8", errors="replace").replace("\r\n", "\n")


def load_bundle(model: str | Path = DEFAULT_BUNDLE, *, engine: str = DEFAULT_ENGINE) -> Bundle:
    """Return a bundle that has passed every check.

    Parameters
    ----------
    model : str or Path
        The name of a bundle, installed or under ``./models``, or its folder.
    engine : {"litert", "litert-int8", "onnx", "keras"}
        What runs the network. The int8 network takes about half the time and gives slightly other scores; a
        bundle need not have one.

    Raises
    ------
    BundleError
        If it is missing, damaged, of another format version, or fails its self-check, or lacks the network that is
        asked for.
    MissingExtraError
        If what the engine needs, ONNX Runtime or TensorFlow, is not installed.
    ValueError
        If ``engine`` is unknown.

    Examples
    --------
    >>> bundle = load_bundle("heart-sounds")
    >>> bundle.labels
    ('normal', 'murmur', 'extrastole')
    >>> scores = bundle.scores(np.zeros(bundle.spec.shape, np.float32))
    >>> round(sum(scores.values()), 6)
    1.0
    """
    if engine not in ENGINES:
        raise ValueError(f"engine={engine!r} must be one of {', '.join(ENGINES)}")
    path = find_bundle(model)
    settings = read_settings(path)
    needed = (ENGINES[DEFAULT_ENGINE], "check.npz", ENGINES[engine])
    segments = (SEGMENTATION,) if "segmentation" in settings else ()
    contents = _read_files(path, settings, (*needed, *segments))
    bundle = _assemble(path, settings, open_engine(engine, path, contents), engine)
    if segments:
        finder = read_segmentation(path, contents[SEGMENTATION], settings["segmentation"], RETRAIN)
        bundle = dataclasses.replace(bundle, segmentation=finder)
    _check_features(bundle)
    _self_check(bundle, contents["check.npz"])
    return bundle


def find_bundle(model: str | Path) -> Path:
    """Return the folder of a bundle given by name or by folder.

    Raises
    ------
    BundleError
        If there is none.
    """
    text, given = str(model), Path(model)
    if isinstance(model, Path) or given.name != text or (given.is_dir() and (given / "bundle.json").is_file()):
        candidates: Iterable[Path] = [given]
    else:
        candidates = (root / text for root in _roots())
    for path in candidates:
        if (path / "bundle.json").is_file():
            return path
    other = "it is a file, not a folder" if given.is_file() else "no such model bundle"
    question = did_you_mean(text, [path.name for path in list_bundles()])
    where = "that folder holds no bundle.json" if given.is_dir() else other
    raise BundleError(f"{text}: {where}", f"{question}see what there is with: auscult models")


def _roots() -> Iterator[Path]:
    """Yield the folders in which a name is looked up; the bundles that came with auscult are found first."""
    yield INSTALLED
    yield Path("models")
    yield own_bundles()


def list_bundles() -> list[Path]:
    """Return the folders of the bundles that came with auscult, are under ``./models`` or were installed, each once."""
    folders: dict[Path, None] = {}
    for root in _roots():
        for path in sorted(root.glob("*/bundle.json")):
            folders[path.parent.resolve()] = None
    return list(folders)


def read_settings(path: Path) -> dict[str, Any]:
    """Return ``bundle.json``, checked against its own digest and the format version.

    Raises
    ------
    BundleError
        If it cannot be read, is damaged, or has another format version.
    """
    try:
        text = read_file(path, "bundle.json").decode("utf-8").replace("\r\n", "\n")
        settings = parse_json(text)
    except (OSError, ValueError) as error:
        raise BundleError(f"{path}: bundle.json cannot be read ({_reason(error)})", RETRAIN) from error
    if not isinstance(settings, dict) or "format" not in settings:
        raise BundleError(f"{path}: bundle.json is not a bundle's", RETRAIN)
    if settings["format"] != FORMAT:
        raise BundleError(
            f"{path}: bundle format {repr(settings['format'])[:20]}, but this auscult reads format {FORMAT}",
            "use the auscult that made it, or train it again",
        )
    if not _is_as_written(settings, text):
        raise BundleError(f"{path}: bundle.json is damaged (its digest does not match)", RETRAIN)
    try:
        check_settings(settings)
    except ValueError as error:
        raise BundleError(f"{path}: bundle.json has a setting that cannot be used ({error})", RETRAIN) from error
    return settings


def _is_as_written(settings: dict[str, Any], text: str) -> bool:
    """Return whether the text of ``bundle.json`` is what auscult wrote."""
    try:
        return settings.get("settings_sha256") == digest_of_settings(settings) and text == text_of_settings(settings)
    except RecursionError:  # nested as deeply as no settings are
        return False


def _reason(error: Exception) -> str:
    """Return an error in a few words of one line."""
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join(text.split())[:200]


def digest_of_settings(settings: dict[str, Any]) -> str:
    """Return the digest of ``bundle.json`` without the digest itself."""
    others = {key: value for key, value in settings.items() if key != "settings_sha256"}
    return hashlib.sha256(json.dumps(others, sort_keys=True, allow_nan=False).encode()).hexdigest()


def text_of_settings(settings: dict[str, Any]) -> str:
    """Return the text of ``bundle.json``; any other text, even of the same values, counts as damaged."""
    return json.dumps(settings, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _read_files(path: Path, settings: dict[str, Any], needed: Sequence[str]) -> dict[str, bytes]:
    """Return the content of the needed files; the digest of every file of the bundle is verified."""
    digests = settings.get("sha256")
    if not isinstance(digests, dict):
        raise BundleError(f"{path}: bundle.json names no files", RETRAIN)
    contents = {}
    for name, digest in digests.items():
        content = _read_file(path, name)
        if hashlib.sha256(content).hexdigest() != digest:
            raise BundleError(f"{path}: {name} is damaged (its digest does not match)", RETRAIN)
        if name in needed:
            contents[name] = content
    for name in needed:
        if name not in contents and name in OPTIONAL_NETWORKS:
            words, step = OPTIONAL_NETWORKS[name]
            raise BundleError(
                f"{path}: this bundle has no {words}", f"use the engine {DEFAULT_ENGINE}, or {step.format(path=path)}"
            )
        if name not in contents:
            raise BundleError(f"{path}: bundle.json does not name {name}", RETRAIN)
    return contents


def _read_file(path: Path, name: str) -> bytes:
    """Return the content of a file that a bundle names."""
    if not is_bundle_file(name):
        raise BundleError(f"{path}: bundle.json names {name[:60]!a}, which is no file of a bundle", RETRAIN)
    try:
        return read_file(path, name)
    except FileNotFoundError as error:
        raise BundleError(f"{path}: {name} is missing", RETRAIN) from error
    except OSError as error:
        raise BundleError(f"{path}: {name} cannot be read ({_reason(error)})", RETRAIN) from error
    except ValueError as error:
        raise BundleError(f"{path}: {name} {error}", RETRAIN) from error


def _assemble(path: Path, settings: dict[str, Any], network: Engine, engine: str) -> Bundle:
    """Return the bundle that the settings describe."""
    try:
        return Bundle(
            name=str(settings["name"]),
            path=path,
            labels=tuple(str(label) for label in settings["labels"]),
            spec=SpectrogramSpec.from_json(settings["spectrogram"]),
            calibration=Calibration.from_json(settings["calibration"]),
            decision=_decision(settings),
            gate=QualityGate.from_json(settings["gate"]) if "gate" in settings else DEFAULT_GATE,
            settings=settings,
            model_sha256=str(settings["sha256"][network_file(engine)]),
            engine=network,
            engine_name=engine,
            loudness=Loudness.of(settings),
            timing=TimingModel.from_json(settings["murmur_timing"]) if "murmur_timing" in settings else None,
        )
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise BundleError(f"{path}: bundle.json has a setting that cannot be used ({error})", RETRAIN) from error


def _decision(settings: dict[str, Any]) -> DecisionThresholds:
    """Return the decision thresholds, with the operating point of a bundle that has one."""
    decision, point = DecisionThresholds.from_json(settings["decision"]), settings.get("operating_point")
    if point is None:
        return decision
    return dataclasses.replace(decision, possible=(str(point["label"]), point["possible_from"]))


def _check_features(bundle: Bundle) -> None:
    """Refuse settings of the input image, other than the default, from which no image can be computed."""
    if bundle.spec == HEART:
        return
    try:
        extractor = FeatureExtractor(bundle.spec, bundle.spec.sample_rate)
        extractor.push(np.zeros(bundle.spec.window_samples, np.float32), last=True)
        frames = extractor.frames(0)
        rate = heart_rate(frames.envelope, extractor.frame_hop_s, log_power=frames.log_power)
        gate_features(frames, rate.periodicity)
        extractor.image(0, frames)
    except (ValueError, ArithmeticError, LookupError) as error:
        raise BundleError(
            f"{bundle.path}: bundle.json has a setting that cannot be used (spectrogram: {_reason(error)})", RETRAIN
        ) from error


def _self_check(bundle: Bundle, content: bytes) -> None:
    """Refuse a bundle whose network does not give the expected scores for the check input."""
    expects, tolerance = (INT8_SCORES, INT8_TOLERANCE) if bundle.engine_name == INT8_ENGINE else (SCORES, TOLERANCE)
    try:
        image, expected = read_check(content, bundle.spec.shape, len(bundle.labels), expects)
        outputs = bundle.outputs(image, bundle.engine)
        others = (0, 1, 2) if bundle.loudness is None else (2,)
        if outputs.ndim != 1 or len(outputs) - len(bundle.labels) not in others:
            raise ValueError(f"the network has {outputs.shape} outputs for {len(bundle.labels)} labels")
        scores = bundle.calibration.scores(outputs, len(bundle.labels))
    except (ValueError, RuntimeError) as error:
        raise BundleError(f"{bundle.path}: the self-check could not be run ({_reason(error)})", RETRAIN) from error
    if not np.abs(scores - expected).max() <= tolerance:
        raise BundleError(
            f"{bundle.path}: the self-check failed, the network gives other scores than it was shipped with", RETRAIN
        )

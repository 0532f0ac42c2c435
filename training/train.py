"""The default recipe, top to bottom: recordings in, a calibrated network with honest figures out.

1. Folds by patient, before anything is cut or augmented.
2. For every fold, and once more for everything: fit on made sounds and on sets that tell only part
   of the truth, then go on with the set that tells all of it.
3. Calibrate on held-out outputs, each fold by the others; report; ship the network that saw everything.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.calibration import Calibration
from models.decision import Decision
from models.network import heart_network
from models.painter import Painter
from models.spec import HEART, SpectrogramSpec
from training import metrics
from training.batches import BatchMaker
from training.calibrate import cross_calibrated, fit_calibration, heart_threshold, recording_scores
from training.datasets import NOT_HEART, Recording, labels_of
from training.evidence import Evidence, Figure, measure
from training.fit import fit, make_repeatable, outputs_of
from training.folds import ALWAYS_TRAINING, folds_of, sets_that_tell_all
from training.made import MADE_LABELS, make_sounds
from training.mixture import drawn_labels, mix
from training.progress import Progress
from training.sounds import Sound, read_sound, read_usable

__all__ = ["HeartOptions", "Trained", "describe_recordings", "train_heart"]

EVALUATION_HOP_S = 1.0


@dataclasses.dataclass(frozen=True, slots=True)
class HeartOptions:
    """Settings of the default recipe.

    Attributes
    ----------
    seed : int
        Repeats a training to the last digit on one machine.
    folds : int
        Parts of the patients, each held out once.
    pretrain_steps, steps : int
        Batches before, and with, the set that tells all.
    batch_size : int
    made_per_label : int
        Made sounds of each label; 0 trains on recordings alone.
    prior_exponent : float
        1: scores are probabilities where labels are as common as in the recordings; 0: where all are equally
        common; between: half-way on a logarithmic scale.
    """

    seed: int = 0
    folds: int = 5
    pretrain_steps: int = 500
    steps: int = 350
    batch_size: int = 64
    made_per_label: int = 600
    prior_exponent: float = 1.0


@dataclasses.dataclass(frozen=True)
class Trained:
    """What a training gives.

    Attributes
    ----------
    network : keras.Model
    labels : tuple of str
    spec : SpectrogramSpec
    calibration : Calibration
    decision : Decision
    evidence : Evidence
        Of held-out patients of the set that tells all.
    other_sets : dict of str to dict of str to Figure
        The same networks on held-out patients of the sets that tell a part.
    recordings : sequence of Recording
    """

    network: Any
    labels: tuple[str, ...]
    spec: SpectrogramSpec
    calibration: Calibration
    decision: Decision
    evidence: Evidence
    other_sets: dict[str, dict[str, Figure]]
    recordings: Sequence[Recording]


def train_heart(recordings: Sequence[Recording], options: HeartOptions, progress: Progress) -> Trained:
    """Return a network trained by the default recipe; files that cannot be read are left out.

    Raises
    ------
    DataError
        If no set tells all labels, a label has too few patients for the folds, or none of its files can be read.
    """
    labels = labels_of(recordings)
    _split(recordings, labels, options)  # refused before minutes of reading
    recordings, sounds = _read(recordings, progress)
    telling, folds = _split(recordings, labels, options)
    made = _make_sounds(labels, options, progress)
    primary = [row for row, its in enumerate(recordings) if its.source in telling and folds[row] != ALWAYS_TRAINING]
    truth = np.array([labels.index(str(recordings[row].label)) for row in primary], np.intp)
    outputs: dict[int, NDArray[np.float32]] = {}
    for fold in range(options.folds):
        training = [sound for sound, its in zip(sounds, folds, strict=True) if its != fold]
        network = _fit_network(
            training, made, telling, labels, options, progress, f"fold {fold + 1} of {options.folds}"
        )
        held = [row for row in range(len(sounds)) if folds[row] == fold]
        outputs.update(zip(held, _outputs(network, [sounds[row] for row in held]), strict=True))
    held_out = [outputs[row] for row in primary]
    may_be = [recordings[row].window_labels if made else recordings[row].labels for row in primary]
    allowed = np.array([[label in its for label in labels] for its in may_be])
    common = np.bincount(truth, minlength=len(labels)).tolist()
    drawn = drawn_labels(mix(sounds, made, telling, HEART, options.seed).after, labels)
    scores = cross_calibrated(held_out, allowed, folds[primary], common, drawn, options.prior_exponent)
    calibration = fit_calibration(held_out, allowed, common, drawn, options.prior_exponent)
    return Trained(
        network=_fit_network(sounds, made, telling, labels, options, progress, "all recordings"),
        labels=labels,
        spec=HEART,
        calibration=calibration,
        decision=Decision(heart_from=heart_threshold(list(outputs.values()), calibration, len(labels))),
        evidence=measure(truth, scores, labels, [recordings[row].patient for row in primary]),
        other_sets=_other_sets(recordings, folds, outputs, telling, labels, calibration),
        recordings=recordings,
    )


def _split(
    recordings: Sequence[Recording], labels: tuple[str, ...], options: HeartOptions
) -> tuple[set[str], NDArray[np.intp]]:
    """Return the names of the sets that tell all labels, and the fold of every recording."""
    telling = sets_that_tell_all(recordings, labels)
    return telling, folds_of(recordings, telling, options.folds, options.seed)


def _read(recordings: Sequence[Recording], progress: Progress) -> tuple[list[Recording], list[Sound]]:
    """Return the recordings that can be read, and their sounds."""
    tick = progress.stage("reading recordings", len(recordings))
    return read_usable(recordings, lambda recording: read_sound(recording, HEART), tick)


def _make_sounds(labels: tuple[str, ...], options: HeartOptions, progress: Progress) -> list[Sound]:
    """Return made sounds for the labels that can be made, and for what is no heart."""
    wanted = [label for label in MADE_LABELS if label in (*labels, NOT_HEART)] if options.made_per_label else []
    tick = progress.stage("making sounds", max(1, len(wanted)))
    made = []
    for label in wanted:
        made += make_sounds(label, options.made_per_label, options.seed, HEART)
        tick(float("nan"))
    return made


def _fit_network(
    sounds: Sequence[Sound],
    made: Sequence[Sound],
    telling: set[str],
    labels: tuple[str, ...],
    options: HeartOptions,
    progress: Progress,
    name: str,
) -> Any:
    """Return a network fitted on some sounds."""
    make_repeatable(options.seed)
    outputs = (*labels, NOT_HEART)
    network = heart_network(HEART.shape, len(outputs))
    mixture = mix(sounds, made, telling, HEART, options.seed)
    stages = [("labelled recordings", mixture.after, options.steps, 1e-3)]
    if mixture.before and options.pretrain_steps:
        stages.insert(0, ("made and partly labelled sounds", mixture.before, options.pretrain_steps, 2e-3))
    for number, (stage, shares, steps, rate) in enumerate(stages):
        batches = BatchMaker(shares, outputs, HEART, options.seed + number)
        tick = progress.stage(f"{name}: {stage}", steps)
        fit(network, batches, steps=steps, batch_size=options.batch_size, rate=rate, tick=tick)
    return network


def _outputs(network: Any, sounds: Sequence[Sound]) -> list[NDArray[np.float32]]:
    """Return the network's outputs for the windows of each sound, as the monitor would cut them."""
    painter = Painter(HEART.num_frames)
    result = []
    for sound in sounds:
        starts = sound.starts(HEART, EVALUATION_HOP_S)
        pictures = [painter.draw(sound.frames.window(start, HEART.num_frames)) for start in starts]
        result.append(outputs_of(network, np.stack(pictures)))
    return result


def _other_sets(
    recordings: Sequence[Recording],
    folds: NDArray[np.intp],
    outputs: dict[int, NDArray[np.float32]],
    telling: set[str],
    labels: tuple[str, ...],
    calibration: Calibration,
) -> dict[str, dict[str, Figure]]:
    """Return, for each set that tells a part, how well the label it is certain of is found in held-out patients."""
    found: dict[str, dict[str, Figure]] = {}
    held = [row for row in outputs if recordings[row].source not in telling]
    for source in sorted({recordings[row].source for row in held}):
        rows = [row for row in held if recordings[row].source == source]
        scores = recording_scores([outputs[row] for row in rows], calibration, len(labels))
        patients = [recordings[row].patient for row in rows]
        for index, label in enumerate(labels):
            positive = np.array([recordings[row].label == label for row in rows])
            excluded = np.array([label not in recordings[row].labels for row in rows])
            if positive.any() and excluded.any() and (positive | excluded).all():
                found.setdefault(source, {})[f"{label}_auc"] = _auc_figure(positive, scores[:, index], patients)
    return found


def _auc_figure(positive: NDArray[np.bool_], score: NDArray[np.float64], patients: Sequence[str]) -> Figure:
    """Return the area under the ROC curve with its interval over patients."""

    def area(rows: NDArray[np.integer]) -> float:
        return metrics.auc(positive[rows], score[rows])

    low, high = metrics.bootstrap_interval(area, patients, np.random.default_rng(0))
    return Figure(area(np.arange(len(score))), low, high)


def describe_recordings(recordings: Sequence[Recording]) -> list[dict[str, Any]]:
    """Return the data sets with counts per label and patients, as plain JSON values."""
    described = []
    for source in dict.fromkeys(recording.source for recording in recordings):
        of_source = [recording for recording in recordings if recording.source == source]
        counts: dict[str, int] = {}
        for recording in of_source:
            name = " or ".join(recording.labels)
            counts[name] = counts.get(name, 0) + 1
        patients = len({recording.patient for recording in of_source} - {""})
        described.append({"set": source, "recordings": len(of_source), "patients": patients, "labels": counts})
    return described

"""The segmentation network of a bundle: trained on annotated heart sounds, measured on patients that it never heard.

Each fold's network is run as the monitor runs it: the LiteRT file, chunk by chunk, and the same decoder. The confidence
of a heart sound, and from where on it is shown, are fitted on what was found in the held-out recordings of all folds
together; what was found in held-out noise is wrong. The cross-validation may be repeated with other folds and seeds:
figures are then the means over the repeats.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from monitor.errors import DataError, RecordingError
from monitor.features.sound_bands import FRAME_HOP_S, frame_centre_s
from monitor.inference.segmentation.confidence import Evidence
from monitor.inference.segmentation.cycle_decoder import CycleDecoder, DecodedSound
from monitor.inference.segmentation.cycle_network import CycleNetwork
from monitor.inference.segmentation.segmenter import CycleModel, HeartSound
from monitor.output import say
from training.calibration.heart_sounds import fit_confidence, shown_threshold
from training.data.cycle_states import AnnotatedSound, read_annotated
from training.data.patient_split import patient_folds
from training.data.recording import Recording
from training.evaluation.bootstrap import Bootstrap, Estimate, mean_statistic
from training.evaluation.segmentation import (
    FoundSounds,
    found_in_noise,
    found_sounds,
    noise_metrics,
    segmentation_metrics,
)
from training.examples.diastolic import annotated_diastolic
from training.fitting.cycle_fit import CycleOptions, fit_cycle_network
from training.fitting.cycle_network import DELAY_FRAMES, convert_cycle_network
from training.progress import Progress

__all__ = [
    "ALL",
    "NetworkCheckpoints",
    "Repeat",
    "SegmentationResult",
    "assess",
    "fit_fold",
    "folds_of_sounds",
    "read_sounds",
    "train_segmentation",
]

ALL = -1
"""The fold of the network that is trained on every recording."""
FIRST_SEED = 10


@dataclasses.dataclass(frozen=True)
class Repeat:
    """A cross-validation.

    Attributes
    ----------
    folds : ndarray, shape (sounds,), int
        Of each sound.
    networks : mapping of int to bytes
        Of each fold that was trained, and of :data:`ALL`.
    """

    folds: NDArray[np.intp]
    networks: Mapping[int, bytes]

    def can_measure(self, row: int) -> bool:
        """Return whether there is a network that never heard a sound."""
        return int(self.folds[row]) in self.networks

    def decoded(self, row: int, sound: AnnotatedSound) -> list[DecodedSound]:
        """Return what the network that never heard a sound finds in it."""
        network, decoder = CycleNetwork(self.networks[int(self.folds[row])], DELAY_FRAMES), CycleDecoder()
        return [*decoder.push(network.push(sound.bands)), *decoder.push(network.finish())]


@dataclasses.dataclass(frozen=True)
class SegmentationResult:
    """A trained segmentation network and what is known of it.

    Attributes
    ----------
    content : bytes
        Of ``segmentation.tflite``.
    weights : tuple of float
        See :class:`monitor.inference.segmentation.segmenter.CycleModel`.
    shown_from : float
    metrics : dict of str to Estimate
        On held-out patients; see :func:`training.evaluation.segmentation.segmentation_metrics`.
    rows : tuple of tuple of FoundSounds
        Of each held-out recording, in each repeat.
    facts : mapping
        What it was trained on.
    """

    content: bytes
    weights: tuple[float, ...]
    shown_from: float
    metrics: dict[str, Estimate]
    rows: tuple[tuple[FoundSounds, ...], ...]
    facts: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        """Return ``segmentation`` of ``bundle.json``."""
        return {
            "delay_frames": DELAY_FRAMES,
            "confidence": {
                "weights": [round(weight, 6) for weight in self.weights],
                "shown_from": round(self.shown_from, 6),
            },
            "check": CycleNetwork(self.content, DELAY_FRAMES).check(),
            **self.facts,
            "metrics": {name: estimate.to_json() for name, estimate in self.metrics.items()},
        }


def read_sounds(recordings: Sequence[Recording], progress: Progress, variants: int = 0) -> list[AnnotatedSound]:
    """Return annotated recordings, and those of noise, with their frames; a line for each that cannot be read.

    With variants each has what is made from it for training, diastolic murmurs too.

    Parameters
    ----------
    recordings : sequence of Recording
    progress : Progress
    variants : int
        Of each annotated recording, in other tempi.

    Raises
    ------
    DataError
        If none has a state.
    """
    on_step = progress.stage("reading annotated recordings", len(recordings))
    sounds = []
    for recording in recordings:
        try:
            sounds.append(read_annotated(recording, variants))
        except RecordingError as error:
            say(f"auscult: left out: {error.message}")
        on_step(math.nan)
    if not any(sound.states.any() for sound in sounds):
        raise DataError("no annotation lies in its recording", "see that each .tsv stands beside its own recording")
    if not variants:
        return sounds
    made = annotated_diastolic([sound.recording for sound in sounds if not sound.is_noise])
    return [dataclasses.replace(sound, made=made.get(sound.recording.path, ())) for sound in sounds]


def folds_of_sounds(sounds: Sequence[AnnotatedSound], num_folds: int, seed: int) -> NDArray[np.intp]:
    """Return the fold of each sound; those of a patient, or of one source of noise, have the same.

    Raises
    ------
    DataError
        If there are fewer patients than folds.
    """
    hearts = np.flatnonzero([not sound.is_noise for sound in sounds])
    patients = [sounds[row].recording.patient for row in hearts.tolist()]
    folds = np.zeros(len(sounds), np.intp)
    folds[hearts] = patient_folds(patients, [""] * len(patients), num_folds, seed)
    sources = sorted({sound.recording.patient for sound in sounds if sound.is_noise})
    fold_of = dict(zip(np.random.default_rng(seed).permutation(sources).tolist(), itertools.cycle(range(num_folds))))
    for row, sound in enumerate(sounds):
        if sound.is_noise:
            folds[row] = fold_of[sound.recording.patient]
    return folds


def fit_fold(
    sounds: Sequence[AnnotatedSound],
    folds: NDArray[np.intp],
    fold: int,
    options: CycleOptions,
    progress: Progress,
) -> bytes:
    """Return the network of one fold, trained on all others; of :data:`ALL` on everything."""
    name = "segmentation, all patients" if fold == ALL else f"segmentation, fold {fold + 1} of {options.folds}"
    on_step = progress.stage(name, options.steps)
    chosen = [sound for sound, its_fold in zip(sounds, folds.tolist(), strict=True) if its_fold != fold]
    hearts, noises = [one for one in chosen if not one.is_noise], [one.bands for one in chosen if one.is_noise]
    seed = options.seed * 1000 + FIRST_SEED + fold
    return convert_cycle_network(fit_cycle_network(hearts, noises, options, seed, on_step))


class NetworkCheckpoints(Protocol):
    """Where the networks of folds are stored, by the number of the repeat, and of the fold or :data:`ALL`."""

    def load_network(self, repeat: int, fold: int) -> bytes | None:
        """Return a stored network; None if there is none."""

    def save_network(self, repeat: int, fold: int, content: bytes) -> None:
        """Store a network."""


def train_segmentation(
    recordings: Sequence[Recording],
    options: CycleOptions,
    progress: Progress,
    checkpoints: NetworkCheckpoints | None = None,
) -> SegmentationResult:
    """Train the network of a bundle, and one for each fold of each repeat to measure it.

    Parameters
    ----------
    recordings : sequence of Recording
    options : CycleOptions
    progress : Progress
    checkpoints : NetworkCheckpoints, optional
        Holds each network as soon as it is trained; one that it has already is not trained again.

    Raises
    ------
    DataError
        If no annotation can be used, or there are fewer patients than folds.
    """
    sounds = read_sounds(recordings, progress, options.variants)
    repeats = []
    for repeat in range(options.repeats):
        of_repeat = dataclasses.replace(options, seed=options.seed + repeat)
        folds = folds_of_sounds(sounds, options.folds, of_repeat.seed)
        networks = {}
        for fold in (*range(options.folds), ALL) if repeat == 0 else range(options.folds):
            content = checkpoints.load_network(repeat, fold) if checkpoints is not None else None
            if content is None:
                content = fit_fold(sounds, folds, fold, of_repeat, progress)
                if checkpoints is not None:
                    checkpoints.save_network(repeat, fold, content)
            networks[fold] = content
        repeats.append(Repeat(folds, networks))
    return assess(repeats, sounds, options)


def assess(repeats: Sequence[Repeat], sounds: Sequence[AnnotatedSound], options: CycleOptions) -> SegmentationResult:
    """Return the network that was trained on everything, with what those of the folds give for held-out patients.

    Parameters
    ----------
    repeats : sequence of Repeat
        The network that was trained on everything is that of the first.
    sounds : sequence of AnnotatedSound
    options : CycleOptions
    """
    held_out = [row for row in range(len(sounds)) if all(repeat.can_measure(row) for repeat in repeats)]
    hearts = [row for row in held_out if not sounds[row].is_noise]
    noises = [row for row in held_out if sounds[row].is_noise]
    decoded = [{row: repeat.decoded(row, sounds[row]) for row in held_out} for repeat in repeats]
    first, second, third, bias = fit_confidence(*_evidence(decoded, sounds, held_out))
    content = repeats[0].networks[ALL]
    model = CycleModel(CycleNetwork(content, DELAY_FRAMES), (first, second, third, bias), 0.0)
    rows = tuple(
        tuple(_against_annotations(sounds[row], _found(of_repeat[row], model)) for row in hearts)
        for of_repeat in decoded
    )
    every = [row for of_repeat in rows for row in of_repeat]
    shown_from = shown_threshold(
        np.concatenate([row.confidence for row in every]), np.concatenate([row.right for row in every])
    )
    patients = [sounds[row].recording.patient for row in hearts]
    metrics = Bootstrap().estimate(mean_statistic([segmentation_metrics(one, shown_from) for one in rows]), patients)
    if noises:
        sources = [sounds[row].recording.patient for row in noises]
        in_noise = [
            [found_in_noise(sounds[row].duration_s, _found(one[row], model), shown_from) for row in noises]
            for one in decoded
        ]
        metrics |= Bootstrap().estimate(mean_statistic([noise_metrics(one) for one in in_noise]), sources)
    return SegmentationResult(
        content=content,
        weights=model.weights,
        shown_from=shown_from,
        metrics=metrics,
        rows=rows,
        facts=_facts(sounds, hearts, rows, repeats, options),
    )


def _evidence_of(decoded: Sequence[DecodedSound]) -> list[tuple[float, float, float]]:
    """Return what speaks for each heart sound of a recording."""
    evidence = Evidence()
    return [evidence.of(sound) for sound in decoded]


def _evidence(
    decoded: Sequence[Mapping[int, Sequence[DecodedSound]]], sounds: Sequence[AnnotatedSound], rows: Sequence[int]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return what speaks for each heart sound in covered stretches and in noise, and whether it is right."""
    evidence, right = [], []
    for of_repeat in decoded:
        for row in rows:
            of_each = _evidence_of(of_repeat[row])
            if sounds[row].is_noise:
                evidence += of_each
                right.append(np.zeros(len(of_each), np.bool_))
            else:
                matched = _against_annotations(sounds[row], _times(of_repeat[row], [0.0] * len(of_each)))
                evidence += [of_each[index] for index in matched.kept.tolist()]
                right.append(matched.right)
    return np.array(evidence, np.float64).reshape(-1, 3), np.concatenate(right)


def _times(decoded: Sequence[DecodedSound], confidence: Sequence[float]) -> list[HeartSound]:
    """Return decoded sounds with their times; when they were decided does not matter here."""
    times = [float(frame_centre_s(0)) + sound.frame * FRAME_HOP_S for sound in decoded]
    return [
        HeartSound(sound.is_s1, at_s, one, at_s) for sound, at_s, one in zip(decoded, times, confidence, strict=True)
    ]


def _found(decoded: Sequence[DecodedSound], model: CycleModel) -> list[HeartSound]:
    """Return decoded sounds with their times and confidence."""
    return _times(decoded, [model.confidence(evidence) for evidence in _evidence_of(decoded)])


def _against_annotations(sound: AnnotatedSound, found: Sequence[HeartSound]) -> FoundSounds:
    """Return what was found in a recording, against its annotations."""
    return found_sounds(sound.recording.patient, sound.annotations, found)


def _facts(
    sounds: Sequence[AnnotatedSound],
    hearts: Sequence[int],
    rows: Sequence[Sequence[FoundSounds]],
    repeats: Sequence[Repeat],
    options: CycleOptions,
) -> dict[str, Any]:
    """Return what the network was trained and measured on; hearts are the rows of the recordings held out."""
    sets = Counter(sound.recording.source for sound in sounds)
    first = rows[0]
    return {
        "recipe": dataclasses.asdict(options),
        "training_data": [{"set": name, "recordings": count} for name, count in sets.items()],
        "patients": len({sound.recording.patient for sound in sounds if not sound.is_noise}),
        "held_out_folds": len(set(repeats[0].networks) - {ALL}),
        "held_out_recordings": len(first),
        "held_out_patients": len({row.patient for row in first}),
        "annotated_s": round(sum(row.covered_s for row in first), 1),
        "total_s": round(sum(sounds[row].duration_s for row in hearts), 1),
        "heart_sounds": int(sum(row.reference.sum() for row in first)),
        "swapped_throughout": [sum(row.is_swapped for row in of_repeat) for of_repeat in rows],
    }

"""The segmentation network of a bundle: trained on annotated heart sounds, measured on patients that it never heard.

Each fold's network is run as the monitor runs it: the LiteRT file, chunk by chunk, and the same decoder. The confidence
of a heart sound, and from where on it is shown, are fitted on the held-out heart sounds of all folds together.
"""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.errors import DataError, RecordingError
from monitor.features.sound_bands import FRAME_HOP_S, frame_centre_s
from monitor.inference.segmentation.cycle_decoder import CycleDecoder
from monitor.inference.segmentation.cycle_network import CycleNetwork
from monitor.inference.segmentation.segmenter import CycleModel, CycleSegmenter, Evidence
from monitor.output import say
from training.calibration.heart_sounds import fit_confidence, shown_threshold
from training.data.cycle_states import AnnotatedSound, read_annotated
from training.data.patient_split import patient_folds
from training.data.recording import Recording
from training.evaluation.bootstrap import Bootstrap, Estimate
from training.evaluation.segmentation import FoundSounds, estimate_segmentation, found_sounds
from training.fitting.cycle_fit import CycleOptions, fit_cycle_network
from training.fitting.cycle_network import DELAY_FRAMES, convert_cycle_network
from training.progress import Progress

__all__ = ["ALL", "SegmentationResult", "assess", "fit_fold", "folds_of_sounds", "read_sounds", "train_segmentation"]

ALL = -1
"""The fold of the network that is trained on every recording."""
FIRST_SEED = 10


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
    rows : tuple of FoundSounds
        Of each held-out recording.
    facts : mapping
        What it was trained on.
    """

    content: bytes
    weights: tuple[float, ...]
    shown_from: float
    metrics: dict[str, Estimate]
    rows: tuple[FoundSounds, ...]
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


def read_sounds(recordings: Sequence[Recording], progress: Progress) -> list[AnnotatedSound]:
    """Return annotated recordings with their frames; a line for each that cannot be read.

    Raises
    ------
    DataError
        If none has a state.
    """
    on_step = progress.stage("reading annotated recordings", len(recordings))
    sounds = []
    for recording in recordings:
        try:
            sounds.append(read_annotated(recording))
        except RecordingError as error:
            say(f"auscult: left out: {error.message}")
        on_step(math.nan)
    if not any(sound.states.any() for sound in sounds):
        raise DataError("no annotation lies in its recording", "see that each .tsv stands beside its own recording")
    return sounds


def folds_of_sounds(sounds: Sequence[AnnotatedSound], num_folds: int, seed: int) -> NDArray[np.intp]:
    """Return the fold of each sound; those of a patient have the same.

    Raises
    ------
    DataError
        If there are fewer patients than folds.
    """
    return patient_folds([sound.recording.patient for sound in sounds], [""] * len(sounds), num_folds, seed)


def fit_fold(
    sounds: Sequence[AnnotatedSound], folds: NDArray[np.intp], fold: int, options: CycleOptions, progress: Progress
) -> bytes:
    """Return the network of one fold, trained on all others; of :data:`ALL` on everything."""
    name = "segmentation, all patients" if fold == ALL else f"segmentation, fold {fold + 1} of {options.folds}"
    on_step = progress.stage(name, options.steps)
    chosen = [sound for sound, its_fold in zip(sounds, folds.tolist(), strict=True) if its_fold != fold]
    return convert_cycle_network(fit_cycle_network(chosen, options, options.seed * 1000 + FIRST_SEED + fold, on_step))


def train_segmentation(
    recordings: Sequence[Recording], options: CycleOptions, progress: Progress
) -> SegmentationResult:
    """Train the network of a bundle, and one for each fold to measure it.

    Raises
    ------
    DataError
        If no annotation can be used, or there are fewer patients than folds.
    """
    sounds = read_sounds(recordings, progress)
    folds = folds_of_sounds(sounds, options.folds, options.seed)
    networks = {fold: fit_fold(sounds, folds, fold, options, progress) for fold in (*range(options.folds), ALL)}
    return assess(networks, sounds, folds, options)


def assess(
    networks: Mapping[int, bytes], sounds: Sequence[AnnotatedSound], folds: NDArray[np.intp], options: CycleOptions
) -> SegmentationResult:
    """Return the network that was trained on everything, with what those of the folds give for held-out patients."""
    held_out = [row for row, fold in enumerate(folds.tolist()) if fold in networks]
    evidence, right = _evidence(networks, sounds, folds, held_out)
    weights = fit_confidence(evidence, right)
    rows = [_found(networks[int(folds[row])], sounds[row], weights) for row in held_out]
    confidence = np.concatenate([row.confidence for row in rows])
    shown_from = shown_threshold(confidence, np.concatenate([row.right for row in rows]))
    return SegmentationResult(
        content=networks[ALL],
        weights=weights,
        shown_from=shown_from,
        metrics=estimate_segmentation(rows, Bootstrap(), shown_from),
        rows=tuple(rows),
        facts=_facts(sounds, [sounds[row] for row in held_out], rows, options, len(set(networks) - {ALL})),
    )


def _evidence(
    networks: Mapping[int, bytes], sounds: Sequence[AnnotatedSound], folds: NDArray[np.intp], held_out: Sequence[int]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return what speaks for each heart sound that was found in covered stretches, and whether it is right."""
    evidence, right = [], []
    for row in held_out:
        network, decoder, said = CycleNetwork(networks[int(folds[row])], DELAY_FRAMES), CycleDecoder(), Evidence()
        decoded = [*decoder.push(network.push(sounds[row].bands)), *decoder.push(network.finish())]
        of_each = [said.of(sound) for sound in decoded]
        times = [_Found(sound.is_s1, float(frame_centre_s(0)) + sound.frame * FRAME_HOP_S, 0.0) for sound in decoded]
        found = found_sounds("", sounds[row].annotations, times)
        evidence += [of_each[index] for index in found.kept.tolist()]
        right.append(found.right)
    return np.array(evidence, np.float64).reshape(-1, 3), np.concatenate(right)


@dataclasses.dataclass(frozen=True, slots=True)
class _Found:
    """A heart sound that was found."""

    is_s1: bool
    at_s: float
    confidence: float


def _found(content: bytes, sound: AnnotatedSound, weights: tuple[float, ...]) -> FoundSounds:
    """Return what the monitor finds in a recording, against its annotations."""
    first, second, third, bias = weights
    model = CycleModel(CycleNetwork(content, DELAY_FRAMES), (first, second, third, bias), 0.0)
    segmenter = CycleSegmenter(model)
    found = [*segmenter.push_bands(sound.bands), *segmenter.finish()]
    return found_sounds(sound.recording.patient, sound.annotations, found)


def _facts(
    sounds: Sequence[AnnotatedSound],
    held_out: Sequence[AnnotatedSound],
    rows: Sequence[FoundSounds],
    options: CycleOptions,
    num_folds: int,
) -> dict[str, Any]:
    """Return what the network was trained and measured on."""
    sets = Counter(sound.recording.source for sound in sounds)
    return {
        "recipe": dataclasses.asdict(options),
        "training_data": [{"set": name, "recordings": count} for name, count in sets.items()],
        "patients": len({sound.recording.patient for sound in sounds}),
        "held_out_folds": num_folds,
        "held_out_recordings": len(rows),
        "held_out_patients": len({row.patient for row in rows}),
        "annotated_s": round(sum(row.covered_s for row in rows), 1),
        "total_s": round(sum(len(sound.bands) for sound in held_out) * FRAME_HOP_S, 1),
        "heart_sounds": int(sum(row.reference.sum() for row in rows)),
        "swapped_throughout": sum(row.is_swapped for row in rows),
    }

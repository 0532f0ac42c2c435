"""Outputs of a study's networks for held-out recordings, as recorded and perturbed; stored fold by fold.

Annotated recordings have a window every 0.5 s, others every second. Only recordings of fully labelled sets are
perturbed. Needs the training extra.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.atomic_write import write_atomic
from monitor.features.spec import HEART
from monitor.labels import NON_CARDIAC
from training.data.annotations import RHYTHM_HOP_S, annotations_beside
from training.data.audio import Sound, compute_frames, loop, read_waveform
from training.data.label_folders import EVERYDAY_SET
from training.data.recording import Recording
from training.fitting.cross_validation import EVALUATION_HOP_S, window_outputs
from training.fitting.recipe import HEART_RECIPE, HeartRecipe
from training.fitting.trainer import stream_outputs
from training.study.perturbations import AS_RECORDED, Perturbation, noise_perturbations, perturbations

__all__ = [
    "FoldOutputs",
    "PerturbedSets",
    "hop_of",
    "load_fold",
    "recorded_noises",
    "save_fold",
    "score_fold",
]

Outputs = list[NDArray[np.float32]]


@dataclasses.dataclass(frozen=True)
class FoldOutputs:
    """Outputs of one fold's network for the recordings that it was not fitted on.

    Attributes
    ----------
    held_out : ndarray of int
        Rows of the recordings.
    outputs : list of ndarray, each ``(windows, outputs)``
        In the order of ``held_out``; windows every :func:`hop_of` seconds.
    perturbed : dict of str to dict of int to ndarray
        By name of the perturbation and row; windows every second.
    cpu_s : float
        Processor time of the fold, fitting included.
    """

    held_out: NDArray[np.intp]
    outputs: Outputs
    perturbed: dict[str, dict[int, NDArray[np.float32]]]
    cpu_s: float


@dataclasses.dataclass(frozen=True)
class PerturbedSets:
    """Which held-out recordings are perturbed, and how.

    Attributes
    ----------
    perturbations : mapping of str to callable
        By name; :data:`training.study.perturbations.AS_RECORDED` is skipped.
    sources : set of str
        Names of the data sets.
    """

    perturbations: Mapping[str, Perturbation]
    sources: set[str]

    @classmethod
    def of(cls, recordings: Sequence[Recording], sources: set[str]) -> PerturbedSets:
        """Return every perturbation, with recorded noise from the non-cardiac recordings."""
        return cls({**perturbations(), **noise_perturbations(recorded_noises(recordings))}, sources)


def recorded_noises(recordings: Sequence[Recording]) -> dict[str, list[NDArray[np.float32]]]:
    """Return the waveforms of non-cardiac recordings with a known group, by the first word of their file names.

    Without everyday sounds, which are ten kinds and seldom near a chest piece.
    """
    noises: dict[str, list[NDArray[np.float32]]] = {}
    for recording in recordings:
        if recording.label == NON_CARDIAC and recording.patient and recording.source != EVERYDAY_SET:
            noises.setdefault(recording.path.stem.partition("_")[0], []).append(_waveform(recording))
    return noises


def hop_of(recording: Recording) -> float:
    """Return the seconds between two scored windows of a recording."""
    return RHYTHM_HOP_S if annotations_beside(recording) else EVALUATION_HOP_S


def score_fold(
    network: Any,
    held_out: NDArray[np.intp],
    sounds: Sequence[Sound],
    perturbed: PerturbedSets | None,
    recipe: HeartRecipe = HEART_RECIPE,
) -> tuple[Outputs, dict[str, dict[int, NDArray[np.float32]]]]:
    """Return a network's outputs for held-out recordings, as recorded and perturbed.

    Parameters
    ----------
    network : keras.Model
    held_out : ndarray of int
        Rows.
    sounds : sequence of Sound
        Of all recordings.
    perturbed : PerturbedSets or None
        None perturbs nothing.
    recipe : HeartRecipe
        Of which the channels count.
    """
    rows = held_out.tolist()
    plain = [(sounds[row], sounds[row].starts(HEART, hop_of(sounds[row].recording))) for row in rows]
    changed_rows = [row for row in rows if perturbed and sounds[row].recording.source in perturbed.sources]
    names = [name for name in perturbed.perturbations if name != AS_RECORDED] if perturbed else []
    changed = _perturbed_sounds(perturbed, [sounds[row] for row in changed_rows], names) if perturbed else ()
    more = ((sound, sound.starts(HEART, EVALUATION_HOP_S)) for sound in changed)

    outputs = window_outputs(functools.partial(stream_outputs, network), itertools.chain(plain, more), recipe)
    as_recorded = [next(outputs) for _ in plain]
    by_name: dict[str, dict[int, NDArray[np.float32]]] = {name: {} for name in names}
    for row in changed_rows:
        for name in names:
            by_name[name][row] = next(outputs)
    return as_recorded, by_name


def _perturbed_sounds(perturbed: PerturbedSets, sounds: Sequence[Sound], names: Sequence[str]) -> Iterator[Sound]:
    """Yield every sound in every perturbation, which depends on the names of both alone."""
    for sound in sounds:
        recording = sound.recording
        waveform = _waveform(recording)
        for name in names:
            rng = np.random.default_rng([zlib.crc32(name.encode()), zlib.crc32(recording.path.name.encode())])
            changed = perturbed.perturbations[name](waveform, HEART.sample_rate, rng)
            looped = loop(changed, 2 * HEART.window_samples) if len(changed) < HEART.window_samples else changed
            yield Sound(recording, compute_frames(looped, HEART), len(changed))


def _waveform(recording: Recording) -> NDArray[np.float32]:
    """Return a recording at the sample rate of the input image."""
    return read_waveform(
        recording.path, HEART.sample_rate, recording.start_s, recording.end_s, start_at_zero=HEART.remove_dc
    )


def save_fold(fold: FoldOutputs, path: Path) -> None:
    """Write a fold's outputs, whole or not at all."""
    tables = {AS_RECORDED: dict(zip(fold.held_out.tolist(), fold.outputs, strict=True)), **fold.perturbed}
    parts = [(name, row, outputs) for name, table in tables.items() for row, outputs in table.items()]
    arrays: dict[str, NDArray[Any]] = {
        "held": fold.held_out,
        "names": np.array([name for name, _, _ in parts]),
        "rows": np.array([row for _, row, _ in parts], np.intp),
        "windows": np.array([len(outputs) for _, _, outputs in parts], np.intp),
        "outputs": np.concatenate([outputs for _, _, outputs in parts]),
        "cpu_s": np.array(fold.cpu_s),
    }
    write_atomic(path, lambda file: np.savez(file, allow_pickle=False, **arrays))


def load_fold(path: Path) -> FoldOutputs | None:
    """Return what :func:`save_fold` wrote, or None where there is no such file."""
    if not path.is_file():
        return None
    with np.load(path) as stored:
        ends = np.cumsum(stored["windows"])
        parts = np.split(stored["outputs"], ends[:-1])
        perturbed: dict[str, dict[int, NDArray[np.float32]]] = {}
        as_recorded: Outputs = []
        for name, row, outputs in zip(stored["names"].tolist(), stored["rows"].tolist(), parts, strict=True):
            if name == AS_RECORDED:
                as_recorded.append(outputs)
            else:
                perturbed.setdefault(name, {})[row] = outputs
        return FoldOutputs(stored["held"], as_recorded, perturbed, float(stored["cpu_s"]))

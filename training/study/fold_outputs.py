"""What the networks of a study put out for held-out recordings, as they are and disturbed; kept fold by fold.

A recording with marks of its heart sounds is judged every 0.5 s, any other every second. Disturbed are recordings
of the sets that tell all labels. Needs the training extra.
"""

from __future__ import annotations

import dataclasses
import itertools
import os
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.features.article_image import ARTICLE, article_image
from monitor.features.image import ImageBuilder
from monitor.features.spec import HEART
from monitor.inference.networks import article_network
from training.data.annotations import RHYTHM_HOP_S, annotations_beside
from training.data.audio import Sound, frames_of, loop, read_waveform
from training.data.recording import NON_CARDIAC, Recording
from training.fitting.cross_validation import EVALUATION_HOP_S, FoldPlan
from training.fitting.trainer import make_repeatable, stream_outputs
from training.progress import Progress
from training.study.perturbations import AS_RECORDED, Disturbance, disturbances, noise_disturbances

__all__ = [
    "EPOCHS",
    "FoldOutputs",
    "Probe",
    "article_fold",
    "article_pictures",
    "hop_of",
    "judged_fold",
    "load_fold",
    "noises_of",
    "save_fold",
]

Outputs = list[NDArray[np.float32]]
Pictures = Iterator[NDArray[np.float32]]


@dataclasses.dataclass(frozen=True)
class FoldOutputs:
    """What one fold's network puts out for recordings that it was not fitted on.

    Attributes
    ----------
    held : ndarray of int
        Row numbers of the recordings.
    outputs : list of ndarray, each ``(windows, outputs)``
        In the order of ``held``; windows every :func:`hop_of` seconds.
    disturbed : dict of str to dict of int to ndarray
        By the name of the disturbance and the row; windows every second.
    cpu_s : float
        Processor time that the fold took, fitting included.
    """

    held: NDArray[np.intp]
    outputs: Outputs
    disturbed: dict[str, dict[int, NDArray[np.float32]]]
    cpu_s: float


@dataclasses.dataclass(frozen=True)
class Probe:
    """What held-out recordings are judged as, besides as they are.

    Attributes
    ----------
    disturbances : mapping of str to Disturbance
    sources : set of str
        Names of the data sets whose recordings are disturbed.
    """

    disturbances: Mapping[str, Disturbance]
    sources: set[str]

    @classmethod
    def of(cls, recordings: Sequence[Recording], sources: set[str]) -> Probe:
        """Return every disturbance, with real noise from the recordings that are no heart."""
        return cls({**disturbances(), **noise_disturbances(noises_of(recordings))}, sources)


def noises_of(recordings: Sequence[Recording]) -> dict[str, list[NDArray[np.float32]]]:
    """Return the sounds that are no heart and have a patient's place, by the first word of their files' names."""
    found: dict[str, list[NDArray[np.float32]]] = {}
    for recording in recordings:
        if recording.label == NON_CARDIAC and recording.patient:
            waveform = read_waveform(recording.path, HEART.sample_rate, recording.start_s, recording.end_s)
            found.setdefault(recording.path.stem.partition("_")[0], []).append(waveform)
    return found


def hop_of(recording: Recording) -> float:
    """Return the seconds between two windows of a recording that are judged."""
    return RHYTHM_HOP_S if annotations_beside(recording) else EVALUATION_HOP_S


def judged_fold(
    network: Any,
    held: NDArray[np.intp],
    sounds: Sequence[Sound],
    probe: Probe | None,
    seen: Callable[[NDArray[np.float32]], NDArray[np.float32]],
) -> tuple[Outputs, dict[str, dict[int, NDArray[np.float32]]]]:
    """Return a network's outputs for held-out recordings, as they are and disturbed.

    Parameters
    ----------
    network : keras.Model
    held : ndarray of int
        Rows.
    sounds : sequence of Sound
        Of all recordings.
    probe : Probe or None
        None disturbs nothing.
    seen : callable
        From pictures to what the network is shown.
    """
    rows = held.tolist()
    jobs = [(AS_RECORDED, row, _starts(sounds[row], hop_of(sounds[row].recording))) for row in rows]
    sources = probe.sources if probe else set[str]()
    disturbed = [row for row in rows if sounds[row].recording.source in sources]
    names = [name for name in probe.disturbances if name != AS_RECORDED] if probe else []
    jobs += [(name, row, _starts(sounds[row], EVALUATION_HOP_S)) for row in disturbed for name in names]
    plain = _pictures((sounds[row], starts) for name, row, starts in jobs[: len(rows)])
    more = _disturbed_pictures(probe, [sounds[row] for row in disturbed], names) if probe else iter(())
    outputs = stream_outputs(network, (seen(picture) for picture in itertools.chain(plain, more)))
    told = [np.stack([next(outputs) for _ in starts]) for _, _, starts in jobs]
    by_name: dict[str, dict[int, NDArray[np.float32]]] = {name: {} for name in names}
    for (name, row, _), its in zip(jobs[len(rows) :], told[len(rows) :], strict=True):
        by_name[name][row] = its
    return told[: len(rows)], by_name


def _starts(sound: Sound, hop_s: float) -> list[int]:
    """Return the first frames of the windows of a sound."""
    return sound.starts(HEART, hop_s)


def _pictures(jobs: Iterator[tuple[Sound, list[int]]] | Any) -> Pictures:
    """Yield the pictures of some windows of each sound."""
    painter = ImageBuilder(HEART.num_frames)
    for sound, starts in jobs:
        for start in starts:
            yield painter.draw(sound.frames.window(start, HEART.num_frames))


def _disturbed_pictures(probe: Probe, sounds: Sequence[Sound], names: Sequence[str]) -> Pictures:
    """Yield the pictures of every sound in every disturbance."""
    for sound in sounds:
        its = sound.recording
        waveform = read_waveform(its.path, HEART.sample_rate, its.start_s, its.end_s)
        for name in names:
            rng = np.random.default_rng([zlib.crc32(name.encode()), zlib.crc32(its.path.name.encode())])
            changed = probe.disturbances[name](waveform, HEART.sample_rate, rng)
            looped = loop(changed, 2 * HEART.window_samples) if len(changed) < HEART.window_samples else changed
            heard = Sound(its, frames_of(looped, HEART), len(changed))
            yield from _pictures([(heard, _starts(heard, EVALUATION_HOP_S))])


def save_fold(found: FoldOutputs, path: Path) -> None:
    """Write a fold's outputs, whole or not at all."""
    tables = {AS_RECORDED: dict(zip(found.held.tolist(), found.outputs, strict=True)), **found.disturbed}
    parts = [(name, row, its) for name, table in tables.items() for row, its in table.items()]
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".part")
    with temporary.open("wb") as file:
        np.savez(
            file,
            held=found.held,
            names=np.array([name for name, _, _ in parts]),
            rows=np.array([row for _, row, _ in parts], np.intp),
            windows=np.array([len(its) for _, _, its in parts], np.intp),
            outputs=np.concatenate([its for _, _, its in parts]),
            cpu_s=np.array(found.cpu_s),
        )
    os.replace(temporary, path)


def load_fold(path: Path) -> FoldOutputs | None:
    """Return what :func:`save_fold` wrote, or None where there is no such file."""
    if not path.is_file():
        return None
    with np.load(path) as kept:
        ends = np.cumsum(kept["windows"])
        parts = np.split(kept["outputs"], ends[:-1])
        disturbed: dict[str, dict[int, NDArray[np.float32]]] = {}
        outputs: Outputs = []
        for name, row, its in zip(kept["names"].tolist(), kept["rows"].tolist(), parts, strict=True):
            if name == AS_RECORDED:
                outputs.append(its)
            else:
                disturbed.setdefault(name, {})[row] = its
        return FoldOutputs(kept["held"], outputs, disturbed, float(kept["cpu_s"]))


ArticleImages = NDArray[np.float32]

EPOCHS, BATCH_SIZE = 150, 32
"""The article's own."""


def article_pictures(recordings: Sequence[Recording], progress: Progress) -> ArticleImages:
    """Return the article's picture of the first 5 s of every recording, ``(recordings, 64, 64, 3)``."""
    tick = progress.stage("drawing the article's pictures", len(recordings))
    pictures = []
    for recording in recordings:
        waveform = _waveform(recording)[: ARTICLE.window_samples]
        pictures.append(article_image(np.pad(waveform, (0, ARTICLE.window_samples - len(waveform))), ARTICLE))
        tick(float("nan"))
    return np.stack(pictures)


def article_fold(
    plan: FoldPlan,
    recordings: Sequence[Recording],
    pictures: ArticleImages,
    labels: Sequence[str],
    telling: set[str],
    progress: Progress,
    *,
    epochs: int = EPOCHS,
) -> FoldOutputs:
    """Return the outputs for a fold's held-out recordings: a row for the first 5 s, then one for every marked window.

    Parameters
    ----------
    plan : FoldPlan
    recordings : sequence of Recording
    pictures : ndarray, shape (recordings, 64, 64, 3)
    labels : sequence of str
    telling : set of str
        Names of the sets to train on.
    progress : Progress
    epochs : int
    """
    began = time.process_time()
    training = [row for row in plan.training.tolist() if _tells(recordings[row], labels, telling)]
    truth = np.array([labels.index(str(recordings[row].label)) for row in training], np.intp)
    tick = progress.stage(plan.name, epochs)
    make_repeatable(plan.seed * 1000 + plan.fold)
    network = _fitted(pictures[training], np.eye(len(labels), dtype=np.float32)[truth], epochs, tick)
    held = plan.held.tolist()
    counts = [1 + len(_annotated_starts(recordings[row])) for row in held]
    outputs = stream_outputs(network, _to_judge(recordings, pictures, held))
    told = [np.stack([next(outputs) for _ in range(count)]) for count in counts]
    return FoldOutputs(plan.held, told, {}, time.process_time() - began)


def _tells(recording: Recording, labels: Sequence[str], telling: set[str]) -> bool:
    """Return whether the article's recipe can be trained on a recording."""
    return recording.source in telling and recording.label in labels and recording.label != NON_CARDIAC


def _fitted(pictures: ArticleImages, targets: NDArray[np.float32], epochs: int, tick: Callable[[float], None]) -> Any:
    """Return the article's network, fitted as the article does: Adam, binary cross-entropy."""
    network = article_network(ARTICLE.shape, targets.shape[1])
    network.compile(optimizer="adam", loss="binary_crossentropy")
    for _ in range(epochs):  # one by one, so that each can be shown; the optimizer goes on
        kept = network.fit(pictures, targets, batch_size=BATCH_SIZE, epochs=1, verbose=0)
        tick(float(kept.history["loss"][-1]))
    return network


def _to_judge(recordings: Sequence[Recording], pictures: ArticleImages, held: Sequence[int]) -> Iterator[ArticleImages]:
    """Yield the first picture of every held-out recording, followed by those of its marked windows."""
    for row in held:
        yield pictures[row]
        starts = _annotated_starts(recordings[row])
        waveform = _waveform(recordings[row]) if starts else np.empty(0, np.float32)
        for start in starts:
            yield article_image(waveform[start : start + ARTICLE.window_samples], ARTICLE)


def _annotated_starts(recording: Recording) -> list[int]:
    """Return the first samples of the windows of a marked recording; none for any other."""
    if annotations_beside(recording) is None:
        return []
    last = len(_waveform(recording)) - ARTICLE.window_samples
    return list(range(0, last + 1, ARTICLE.hop_samples(RHYTHM_HOP_S)))


def _waveform(recording: Recording) -> NDArray[np.float32]:
    """Return a recording at the article's rate."""
    return read_waveform(recording.path, ARTICLE.sample_rate, recording.start_s, recording.end_s)

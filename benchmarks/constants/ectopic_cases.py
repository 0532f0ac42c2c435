"""The recordings that ectopic_beats.py measures: synthetic, spliced and real, with candidates and network scores.

Must not fit or print anything.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from annotated_beats import annotated_ectopic_s, runs_of
from numpy.typing import NDArray

from monitor.analysis.rhythm.beat_path import Beat, BeatPath
from monitor.analysis.rhythm.ectopic import Candidate, EctopicDetector
from monitor.analysis.rhythm.tracker import BeatTracker
from monitor.features.heart_rate import heart_rate
from monitor.features.image import ImageBuilder
from monitor.features.spec import HEART
from monitor.inference.bundle import load_bundle
from monitor.synthesis.phonocardiogram import SyntheticSound, phonocardiogram
from monitor.synthesis.random_parameters import random_parameters
from monitor.synthesis.rhythm import RhythmKind
from training.data.annotations import (
    RHYTHM_HOP_S,
    RHYTHM_WINDOW_S,
    RhythmWindow,
    annotations_beside,
    read_annotations,
    rhythm_windows,
)
from training.data.audio import Frames, Sound, compute_frames, read_sound, read_waveform
from training.data.recording import Recording
from training.examples.beat_splicing import AnnotatedBeat, longest_run
from training.study.fold_outputs import load_fold

KINDS = ("early beats", "none", "sinus arrhythmia", "jitter", "missed beats")
"""Of synthetic hearts; folds depend on these names."""
LEVELS_DB = (-40.0, -30.0, -22.0, -16.0)
SYNTHETIC_S = 30.0
HOP_FRAMES = 20
MISSED_OF = 12
REPEATS, FOLDS = 3, 5
MIN_ANNOTATED = 8
REGULAR = 0.13
MIDDLE = 2.0


@dataclasses.dataclass(frozen=True)
class Case:
    """A recording, or a window of one, with ground truth, candidates and network score.

    Attributes
    ----------
    set_name, patient : str
    ectopic_s : tuple of float
        True ectopic beats, seconds.
    duration_s, covered_s : float
        Of the recording, and of the tracked beats at the end.
    candidates : tuple of Candidate
    trackable : bool
        At the end.
    network : float
        Natural log-odds of the mean calibrated score of an extrasystole; NaN without a network.
    """

    set_name: str
    patient: str
    ectopic_s: tuple[float, ...]
    duration_s: float
    envelope: NDArray[np.float32]
    candidates: tuple[Candidate, ...]
    covered_s: float
    trackable: bool
    network: float = math.nan
    noise_db: float = 0.0
    label: str | None = None
    runs: tuple[NDArray[np.float64], ...] = ()
    rhythms: tuple[RhythmWindow, ...] = ()
    per_window: tuple[NDArray[np.float64], ...] = ()

    @property
    def annotated(self) -> bool:
        """Whether enough beats are annotated."""
        return sum(len(run) - 1 for run in self.runs) >= MIN_ANNOTATED

    def regular_at(self, at_s: float) -> bool:
        """Return whether the rhythm there is known to be regular: synthetic, or eight annotated beats around it."""
        if not self.runs:
            return self.set_name in (*KINDS, "control")
        for run in self.runs:
            if run[0] + MIDDLE < at_s < run[-1] - MIDDLE:
                index = int(np.searchsorted(run, at_s))
                intervals = np.diff(run[max(0, index - 4) : index + 4])
                return len(intervals) > 4 and np.abs(intervals / np.median(intervals) - 1.0).max() < REGULAR
        return False

    def windows(self) -> Iterator[Case]:
        """Yield the windows of 5 s whose rhythm the annotations give, each with the candidates inside."""
        for window in self.rhythms:
            start_s = window.index * RHYTHM_HOP_S
            inside = tuple(
                c for c in self.candidates if 0.0 <= c.position * HEART.frame_hop_s - start_s <= RHYTHM_WINDOW_S
            )
            yield dataclasses.replace(
                self, ectopic_s=(start_s,) if "premature" in window.kinds else (), candidates=inside,
                per_window=tuple(scores[window.index : window.index + 1] for scores in self.per_window),
            )  # fmt: skip

    def network_of(self, repeat: int) -> float:
        """Return the log-odds of a window by the network of one repeat."""
        return log_odds(self.per_window[repeat]) if self.per_window else math.nan


def log_odds(scores: NDArray[np.float64]) -> float:
    """Return the natural log-odds of the mean of some scores."""
    mean = float(np.clip(scores.mean(), 1e-4, 1 - 1e-4))
    return math.log(mean / (1.0 - mean))


class Network:
    """Extrasystole scores of the default bundle, or of the networks of a study on held-out patients."""

    def __init__(self, folds: Path | None) -> None:
        self._bundle = load_bundle()
        self._builder = ImageBuilder(HEART.num_frames)
        self._index = self._bundle.labels.index("extrastole")
        self._folds: dict[int, list[NDArray[np.float64]]] = {}
        for repeat in range(REPEATS if folds else 0):
            for fold in range(FOLDS):
                loaded = load_fold(folds / f"fold-{repeat}-{fold}.npz") if folds else None
                for row, outputs in zip(loaded.held_out.tolist(), loaded.outputs, strict=True) if loaded else ():
                    self._folds.setdefault(row, []).append(self._scores(outputs))
        self.has_folds = bool(self._folds)

    def _scores(self, outputs: NDArray[np.floating]) -> NDArray[np.float64]:
        return self._bundle.calibration.scores(outputs, len(self._bundle.labels))[..., self._index]

    def log_odds(self, frames: Frames) -> float:
        """Return the log-odds of a sound by the default bundle, a window every second."""
        starts = range(0, len(frames) - HEART.num_frames + 1, 2 * HOP_FRAMES)
        images = (self._builder.build(frames.window(start, HEART.num_frames)) for start in starts)
        return log_odds(self._scores(np.array([self._bundle.engine.outputs(image).copy() for image in images])))

    def held_out(self, row: int) -> tuple[NDArray[np.float64], ...]:
        """Return the scores of the windows of a recording, by the network of each repeat."""
        return tuple(self._folds.get(row, ()))


class _RecordingDetector(EctopicDetector):
    """A detector that keeps all candidates."""

    def __init__(self) -> None:
        self.candidates: list[Candidate] = []
        super().__init__()

    def add(self, beat: Beat, path: BeatPath) -> Candidate | None:
        """Take the next beat."""
        candidate = super().add(beat, path)
        if candidate is not None:
            self.candidates.append(candidate)
        return candidate


def tracked(set_name: str, patient: str, ectopic_s: Sequence[float], envelope: NDArray[np.float32]) -> Case:
    """Return a case with the candidates of the beat tracker, at a hop of 0.5 s."""
    detector = _RecordingDetector()
    beats = BeatTracker(detector=detector)
    for start in range(0, len(envelope) - HEART.num_frames + 1, HOP_FRAMES):
        window = envelope[start : start + HEART.num_frames]
        beats.push(window, start * HEART.frame_hop_s, heart_rate(window, HEART.frame_hop_s).bpm)
    end = beats.result
    duration_s = len(envelope) * HEART.frame_hop_s
    return Case(
        set_name,
        patient,
        tuple(ectopic_s),
        duration_s,
        envelope,
        tuple(detector.candidates),
        end.tracked_s,
        end.trackable,
    )


def synthetic_cases(network: Network, stream: int, count: int) -> list[Case]:
    """Return synthetic hearts of every kind, at every level of noise; one ectopic beat in 10 to 15."""
    cases = []
    for kind_index, kind in enumerate(KINDS):
        for level in LEVELS_DB:
            for index in range(count):
                rng = np.random.default_rng([8, stream, kind_index, round(-level), index])
                sound = synthesize(kind, level, rng)
                frames = compute_frames(sound.waveform, HEART)
                ectopic_s = sound.beats.s1_samples[sound.beats.ectopic] / sound.sample_rate
                case = tracked(kind, f"{kind} {level} {index}", ectopic_s.tolist(), frames.bands[0])
                cases.append(dataclasses.replace(case, network=network.log_odds(frames), noise_db=level))
    return cases


def synthesize(kind: str, level_db: float, rng: np.random.Generator) -> SyntheticSound:
    """Return 30 s of a synthetic heart."""
    rhythms: dict[str, RhythmKind] = {"early beats": "ectopic", "sinus arrhythmia": "sinus-arrhythmia"}
    rhythm = rhythms.get(kind, "regular")
    parameters = random_parameters(rng, label="extrastole" if rhythm == "ectopic" else "normal", kind=rhythm)
    jitter = 0.04 if kind == "jitter" else parameters.rhythm.jitter
    parameters = dataclasses.replace(
        parameters,
        rhythm=dataclasses.replace(parameters.rhythm, ectopic_gap_beats=(9, 14), jitter=jitter),
        background=dataclasses.replace(parameters.background, noise_db=level_db),
    )
    sound = phonocardiogram(SYNTHETIC_S, parameters, rng)
    if kind == "missed beats":
        onsets = sound.beats.s1_samples
        gain = np.ones(len(sound.waveform), np.float32)
        for beat in rng.choice(np.arange(2, len(onsets) - 2), max(1, len(onsets) // MISSED_OF), replace=False):
            gain[onsets[beat] - 200 : onsets[beat + 1] - 300] = 0.06
        sound.waveform[:] *= np.convolve(gain, np.hanning(161) / np.hanning(161).sum(), "same").astype(np.float32)
    return sound


def spliced_cases(recordings: Sequence[Recording], network: Network) -> list[Case]:
    """Return every annotated recording with one ectopic beat, and once more cut and filled without moving a beat."""
    cases = []
    for row, recording in enumerate(recordings):
        path = annotations_beside(recording)
        if path is None:
            continue
        sound = read_sound(recording, HEART)
        run = longest_run(read_annotations(path), HEART.frame_hop_s)
        beats = [beat for beat in run if beat.end <= len(sound.frames)]
        kinds: tuple[Literal["spliced", "control"], ...] = ("spliced", "control")
        for kind in kinds:
            moved = moved_beat(beats, len(sound.frames), np.random.default_rng([9, row]), ectopic=kind == "spliced")
            if moved is not None:
                order, ectopic_s = moved
                case = tracked(kind, recording.patient, ectopic_s, sound.frames.bands[0][order])
                odds = network.log_odds(dataclasses.replace(sound.frames, order=order))
                cases.append(dataclasses.replace(case, network=odds))
    return cases


def moved_beat(
    beats: Sequence[AnnotatedBeat], count: int, rng: np.random.Generator, *, ectopic: bool
) -> tuple[NDArray[np.intp], list[float]] | None:
    """Return an order of frames with one ectopic beat, or none, and its time; None where there is no room."""
    length = np.array([beat.end - beat.start for beat in beats], float)
    regular = [
        index for index in range(6, len(beats) - 4)
        if np.abs(length[index - 4 : index + 4] / np.median(length[index - 4 : index + 4]) - 1.0).max() <= 0.15
    ]  # fmt: skip
    if not regular:
        return None
    index = int(rng.choice(regular))
    before, beat = beats[index - 1], beats[index]
    taken = min(round(length[index - 1] * (1.0 - rng.uniform(0.5, 0.8))), before.end - before.diastole - 4)
    if taken < 0.2 * length[index - 1]:
        return None
    filled, given = (beat, round(taken * rng.uniform(0.4, 1.0))) if ectopic else (before, taken)
    room = max(1, filled.end - filled.diastole - 2)
    walk = (int(rng.integers(2 * room)) + np.arange(given)) % (2 * room)
    filling = filled.diastole + 1 + np.where(walk < room, walk, 2 * room - 1 - walk)
    cut = before.diastole + 2
    parts = [np.arange(cut), np.arange(cut + taken, filled.end), filling, np.arange(filled.end, count)]
    return np.concatenate(parts).astype(np.intp), [(beat.start - taken) * HEART.frame_hop_s] if ectopic else []


def real_cases(recordings: Sequence[Recording], network: Network) -> list[Case]:
    """Return the recordings that are as long as a window and have annotations, or a certain label of set B."""
    cases = []
    for row, recording in enumerate(recordings):
        path = annotations_beside(recording)
        if path is None and recording.label not in ("normal", "extrastole"):
            continue
        sound = read_sound(recording, HEART)
        if not sound.is_looped(HEART):
            cases.append(_real_case(recording, sound, path, network.held_out(row)))
    return cases


def _real_case(
    recording: Recording, sound: Sound, path: Path | None, fold_scores: tuple[NDArray[np.float64], ...]
) -> Case:
    """Return the case of one recording."""
    annotations = read_annotations(path) if path else np.empty((0, 3))
    runs = tuple(runs_of(annotations))
    case = tracked(recording.source, recording.patient, annotated_ectopic_s(runs), sound.frames.bands[0])
    rhythms = tuple(rhythm_windows(annotations, sound.num_samples / HEART.sample_rate)) if path else ()
    network = float(np.mean([log_odds(scores) for scores in fold_scores])) if fold_scores else math.nan
    label = None if path else recording.label
    return dataclasses.replace(case, network=network, label=label, runs=runs, rhythms=rhythms, per_window=fold_scores)


def set_a_cases(folder: Path) -> dict[str, list[Case]]:
    """Return the recordings of set A that are as long as a window, by the first word of their names."""
    cases: dict[str, list[Case]] = {}
    for path in sorted(folder.glob("*.flac")):
        waveform = read_waveform(path, HEART.sample_rate)
        if len(waveform) >= HEART.window_samples:
            envelope = compute_frames(waveform, HEART).bands[0]
            kind = path.stem.partition("_")[0] or "unlabelled"
            cases.setdefault(kind, []).append(tracked(f"set A {kind}", path.stem, (), envelope))
    return cases

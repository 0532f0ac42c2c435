"""Real recordings with one beat moved: ectopic beats with known ground truth, and controls that keep the rhythm.

Where a recording has annotations of its heart sounds (:mod:`training.data.annotations`), a part of one diastole is
taken out so that the next beat comes early, and the pause behind that beat is made longer. A control is cut and filled
in the same way, but within one diastole, so that a splice alone gives nothing away. Everything happens on frames: no
sample is cut, so there is no click.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from monitor.features.spec import SpectrogramSpec
from monitor.labels import EXTRASTOLE, NORMAL
from training.data.annotations import annotations_beside, beat_runs, read_annotations
from training.data.audio import Frames, Sound
from training.data.recording import Recording

__all__ = ["AnnotatedBeat", "longest_run", "splice_sounds"]

COUPLING_RATIO = (0.5, 0.8)
"""RR interval before the ectopic beat, of the usual one."""
COMPENSATION = (0.4, 1.0)
"""How much of what was taken out is given back as a pause: partial to full."""
MAX_IRREGULARITY = 0.15
"""Where intervals differ by more from their median, a recording is not spliced: its rhythm is not certain."""
REGULAR_AROUND = 3
"""Beats on either side that must be regular: those of any window."""
MARGIN_FRAMES = 2
"""Frames of a diastole that always stay, so that no heart sound is cut into."""
SPLICED = "spliced beats"


@dataclasses.dataclass(frozen=True, slots=True)
class AnnotatedBeat:
    """One annotated beat, in frames.

    Attributes
    ----------
    start : int
        Onset of S1.
    diastole : int
        Onset of the diastole that follows.
    end : int
        Onset of the next beat.
    """

    start: int
    diastole: int
    end: int


def longest_run(annotations: NDArray[np.float64], frame_hop_s: float) -> list[AnnotatedBeat]:
    """Return the longest run of annotated beats that follow each other without a gap.

    Parameters
    ----------
    annotations : ndarray, shape (annotations, 3)
        Start s, end s, state, as :func:`training.data.annotations.read_annotations` returns them.
    frame_hop_s : float
        Seconds per frame.
    """
    runs = beat_runs(annotations, frame_hop_s)
    beats = max(runs, key=len) if runs else np.empty((0, 5))
    frames = np.rint(beats[:, [0, 3, 4]] / frame_hop_s).astype(int)
    return [AnnotatedBeat(*onsets) for onsets in frames.tolist()]


def splice_sounds(sounds: Sequence[Sound], spec: SpectrogramSpec, seed: int, per_sound: int = 6) -> list[Sound]:
    """Return ectopic and control windows of every sound that has regular annotated beats.

    Parameters
    ----------
    sounds : sequence of Sound
    spec : SpectrogramSpec
    seed : int
    per_sound : int
        Windows of each kind.

    Returns
    -------
    list of Sound
        One window long, with the patient of the recording they came from. An ectopic window of a murmur may have
        either label, a control keeps the labels of the recording that are not an extrasystole.
    """
    spliced = []
    for index, sound in enumerate(sounds):
        path = annotations_beside(sound.recording)
        if path is None:
            continue
        run = longest_run(read_annotations(path), spec.frame_hop_s)
        beats = [beat for beat in run if beat.end <= len(sound.frames)]
        regular = _regular_beats(beats)
        if not regular:
            continue
        rng = np.random.default_rng([seed, index])
        for ectopic in (True, False) * per_sound:
            window = _splice(sound, beats, int(rng.choice(regular)), spec.num_frames, rng, ectopic=ectopic)
            if window is not None:
                spliced.append(window)
    return spliced


def _regular_beats(beats: Sequence[AnnotatedBeat]) -> list[int]:
    """Return the indices of beats around which the rhythm is regular, so that a moved beat is the only one."""
    intervals = np.array([beat.end - beat.start for beat in beats], float)
    regular = []
    for index in range(REGULAR_AROUND, len(beats) - REGULAR_AROUND):
        around = intervals[index - REGULAR_AROUND : index + REGULAR_AROUND + 1]
        if np.abs(around / np.median(around) - 1).max() <= MAX_IRREGULARITY:
            regular.append(index)
    return regular


def _splice(
    sound: Sound,
    beats: Sequence[AnnotatedBeat],
    index: int,
    num_frames: int,
    rng: np.random.Generator,
    *,
    ectopic: bool,
) -> Sound | None:
    """Return one window with a moved beat, or with a splice that moves none; None where no diastole is long enough."""
    before, beat = beats[index - 1], beats[index]
    taken = round((beat.start - before.start) * (1 - rng.uniform(*COUPLING_RATIO)))
    taken = min(taken, before.end - before.diastole - 2 * MARGIN_FRAMES)
    if taken < (beat.start - before.start) * (1 - COUPLING_RATIO[1]):
        return None
    cut = before.diastole + MARGIN_FRAMES
    if ectopic:
        pause = round(taken * rng.uniform(*COMPENSATION))
        parts = [np.arange(cut), np.arange(cut + taken, beat.end), _fill(beat, pause, rng)]
    else:
        parts = [np.arange(cut), np.arange(cut + taken, before.end), _fill(before, taken, rng)]
    rest_from = beat.end if ectopic else before.end
    order = np.concatenate([*parts, np.arange(rest_from, len(sound.frames))])
    moved = cut + (beat.start - cut - taken if ectopic else 0)  # new position of the beat
    return _window(sound, order, moved, num_frames, rng, ectopic=ectopic)


def _fill(beat: AnnotatedBeat, count: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Return ``count`` frames of a beat's diastole, played forwards and backwards in turn."""
    length = max(1, beat.end - beat.diastole - MARGIN_FRAMES)
    walk = (int(rng.integers(2 * length)) + np.arange(count)) % (2 * length)
    return (beat.diastole + MARGIN_FRAMES - 1 + np.where(walk < length, walk, 2 * length - 1 - walk)).astype(np.intp)


def _window(
    sound: Sound, order: NDArray[np.intp], moved: int, num_frames: int, rng: np.random.Generator, *, ectopic: bool
) -> Sound | None:
    """Return a window in which the moved beat is away from both ends."""
    margin = num_frames // 4
    first, last = max(0, moved - num_frames + margin), min(moved - margin, len(order) - num_frames)
    if last < first:
        return None
    start = int(rng.integers(first, last + 1))
    chosen = order[start : start + num_frames]
    labels = _labels(sound.recording, ectopic=ectopic)
    recording = Recording(sound.recording.path, labels, sound.recording.patient, SPLICED)
    frames = Frames(sound.frames.log_power, sound.frames.bands, chosen)
    return Sound(recording, frames, 0, ectopic=ectopic)


def _labels(recording: Recording, *, ectopic: bool) -> tuple[str, ...]:
    """Return the labels that a window may have, of a recording that is regular but for this beat."""
    others = tuple(label for label in recording.labels if label != EXTRASTOLE)
    if not ectopic:
        return others
    return (*(label for label in others if label != NORMAL), EXTRASTOLE)

"""Real hearts with one beat moved: premature beats whose truth is known, and controls that keep the rhythm.

Where a recording comes with marks of its heart sounds, a part of one diastole is taken out so that the next beat
comes early, and the pause behind that beat is made longer. A control is cut and filled in the same
way, but within one diastole, so that a splice by itself says nothing. Everything happens on frames: no
sample is cut, so there is no click.

Source: marks as CirCor DigiScope writes them (start s, end s, 1 S1, 2 systole, 3 S2, 4 diastole).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from monitor.features.spec import SpectrogramSpec
from training.data.audio import Frames, Sound
from training.data.recording import EXTRASTOLE, NON_CARDIAC, Recording

__all__ = ["read_beats", "splice_sounds"]

PREMATURITY = (0.5, 0.8)
"""Length of the early beat's interval, of the usual one."""
COMPENSATION = (0.4, 1.0)
"""How much of what was taken out is given back as a pause: partial to full."""
MOST_IRREGULAR = 0.15
"""Where intervals differ by more from their median the sound is left alone: its own truth is not certain."""
REGULAR_AROUND = 3
"""Beats on either side that must be regular: those of any window."""
KEPT_FRAMES = 2
"""Frames of a diastole that always stay, so that no sound is cut into."""
SPLICED = "spliced beats"


@dataclasses.dataclass(frozen=True, slots=True)
class AnnotatedBeat:
    """One marked beat, in frames.

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


def read_beats(path: Path, frame_hop_s: float) -> list[AnnotatedBeat]:
    """Return the longest run of marked beats that follow each other without a hole; none if marks are not understood.

    Parameters
    ----------
    path : Path
        Lines of start s, end s, state.
    frame_hop_s : float
        Seconds per frame.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        rows = np.loadtxt(lines, ndmin=2) if any(lines) else np.empty((0, 0))
    except ValueError:  # some other table of the same name
        return []
    if rows.shape[1] != 3:
        return []
    rows = rows[np.argsort(rows[:, 0])]
    states = rows[:, 2].astype(int)
    runs: list[list[AnnotatedBeat]] = [[]]
    for first in range(len(rows) - 4):
        joined = np.abs(rows[first : first + 4, 1] - rows[first + 1 : first + 5, 0]).max() < frame_hop_s
        if joined and tuple(states[first : first + 5]) == (1, 2, 3, 4, 1):
            start, diastole, end = (round(rows[first + step, 0] / frame_hop_s) for step in (0, 3, 4))
            if runs[-1] and runs[-1][-1].end != start:
                runs.append([])
            runs[-1].append(AnnotatedBeat(start, diastole, end))
    return max(runs, key=len)


def splice_sounds(sounds: Sequence[Sound], spec: SpectrogramSpec, seed: int, per_sound: int = 6) -> list[Sound]:
    """Return early and control windows of every sound that has regular marks.

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
        One window long, with the patient of the recording they came from. An early window of a murmur may have
        either label, a control keeps the labels of the recording that are not an extrasystole.
    """
    made = []
    for number, sound in enumerate(sounds):
        marks = sound.recording.path.with_suffix(".tsv")
        if sound.recording.label == NON_CARDIAC or sound.recording.is_part or not marks.is_file():
            continue
        beats = [beat for beat in read_beats(marks, spec.frame_hop_s) if beat.end <= len(sound.frames)]
        places = _regular_places(beats)
        if not places:
            continue
        rng = np.random.default_rng([seed, number])
        for early in (True, False) * per_sound:
            window = _splice(sound, beats, int(rng.choice(places)), spec.num_frames, rng, early=early)
            if window is not None:
                made.append(window)
    return made


def _regular_places(beats: Sequence[AnnotatedBeat]) -> list[int]:
    """Return the beats around which the rhythm is regular, so that a moved beat is the only one."""
    intervals = np.array([beat.end - beat.start for beat in beats], float)
    places = []
    for which in range(REGULAR_AROUND, len(beats) - REGULAR_AROUND):
        around = intervals[which - REGULAR_AROUND : which + REGULAR_AROUND + 1]
        if np.abs(around / np.median(around) - 1).max() <= MOST_IRREGULAR:
            places.append(which)
    return places


def _splice(
    sound: Sound, beats: Sequence[AnnotatedBeat], which: int, num_frames: int, rng: np.random.Generator, *, early: bool
) -> Sound | None:
    """Return one window with a moved beat, or with a splice that moves none; None where no diastole is long enough."""
    before, beat = beats[which - 1], beats[which]
    taken = round((beat.start - before.start) * (1 - rng.uniform(*PREMATURITY)))
    taken = min(taken, before.end - before.diastole - 2 * KEPT_FRAMES)
    if taken < (beat.start - before.start) * (1 - PREMATURITY[1]):
        return None
    cut = before.diastole + KEPT_FRAMES
    if early:
        given = round(taken * rng.uniform(*COMPENSATION))
        parts = [np.arange(cut), np.arange(cut + taken, beat.end), _fill(beat, given, rng)]
    else:
        parts = [np.arange(cut), np.arange(cut + taken, before.end), _fill(before, taken, rng)]
    rest_from = beat.end if early else before.end
    order = np.concatenate([*parts, np.arange(rest_from, len(sound.frames))])
    moved = cut + (beat.start - cut - taken if early else 0)  # where the beat now stands
    return _window(sound, order, moved, num_frames, rng, early=early)


def _fill(beat: AnnotatedBeat, count: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Return ``count`` frames of a beat's diastole, walking to and fro in it."""
    length = max(1, beat.end - beat.diastole - KEPT_FRAMES)
    walk = (int(rng.integers(2 * length)) + np.arange(count)) % (2 * length)
    return (beat.diastole + KEPT_FRAMES - 1 + np.where(walk < length, walk, 2 * length - 1 - walk)).astype(np.intp)


def _window(
    sound: Sound, order: NDArray[np.intp], moved: int, num_frames: int, rng: np.random.Generator, *, early: bool
) -> Sound | None:
    """Return a window in which the moved beat stands away from both ends."""
    margin = num_frames // 4
    least, most = max(0, moved - num_frames + margin), min(moved - margin, len(order) - num_frames)
    if most < least:
        return None
    start = int(rng.integers(least, most + 1))
    chosen = order[start : start + num_frames]
    recording = Recording(sound.recording.path, _labels(sound.recording, early=early), sound.recording.patient, SPLICED)
    frames = Frames(sound.frames.log_power, sound.frames.bands, chosen)
    return Sound(recording, frames, 0, premature=early)


def _labels(recording: Recording, *, early: bool) -> tuple[str, ...]:
    """Return the labels that a window may have, of a recording whose beats follow regularly but for this one."""
    others = tuple(label for label in recording.labels if label != EXTRASTOLE)
    if not early:
        return others
    return (*(label for label in others if label != "normal"), EXTRASTOLE)

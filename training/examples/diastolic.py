"""Diastolic murmurs, which recordings all but lack: made from annotated hearts, with controls that are cut alike.

A systolic murmur is moved: the stretch between S1 and S2 changes places with a stretch of the diastole behind it. Or a
synthetic one is added to the diastole of a heart without a murmur: the decrescendo of aortic or pulmonary
regurgitation, or the rumble of mitral stenosis. A control is cut at the same places and filled from the same phase of
the next beat, so cuts alone give nothing away. What is made keeps the patient of the heart that it came from. Belongs
to one thread; deterministic for its seed.

Source for the times, pitches and shapes: Leatham, Auscultation of the Heart and Phonocardiography; Tavel, Clinical
Phonocardiography.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from monitor.features.sound_bands import BANDS_RATE
from monitor.features.spec import SpectrogramSpec
from monitor.synthesis.noise import bandpass_gain, db_to_amplitude, equalize, frequencies, shaped_noise
from monitor.synthesis.phonocardiogram import MAX_DIASTOLE_S, SHAPES
from training.data.annotations import annotations_beside, beat_runs, read_annotations
from training.data.audio import Sound, read_recording, sound_of
from training.data.circor import murmur_timings
from training.data.cycle_states import AnnotatedSound, annotated_sound
from training.data.recording import Recording

__all__ = [
    "DIASTOLIC",
    "AnnotatedHeart",
    "MadeHeart",
    "annotated_diastolic",
    "annotated_hearts",
    "diastolic_sounds",
    "made_hearts",
]

DIASTOLIC = "made diastolic murmurs"
"""Source of what is made."""
MAX_GAP_S = 0.02
MIN_HEART_S = 5.5
"""Shortest run of annotated beats that is used: a window fits."""
FADE_S = 0.02
"""Each cut is a cross-fade of equal power, as long as this."""
S1_SHARE, S2_SHARE = 0.65, 0.75
"""How much of an annotated S1, and S2, holds the sound itself; a murmur is heard in the rest, so the cuts lie there."""
MIN_STRETCH_S = 0.06
"""A shorter systole or diastole is left as it is."""

LEVEL_DB = (-30.0, -8.0)
"""Largest root mean square of a synthetic murmur, against the median peak of S1."""
AUDIBLE_DB = (3.0, 9.0)
"""How far a murmur that the heart's own diastole would hide is raised above it, in the band of the murmur."""

Kind = Literal["control", "moved", "copied", "regurgitation", "stenosis"]
OF_NORMAL: tuple[Kind, ...] = ("control", "regurgitation", "stenosis")
OF_SYSTOLIC: tuple[Kind, ...] = ("control", "moved", "copied")
TIMINGS: dict[Kind, str] = {
    "moved": "diastolic",
    "copied": "systolic and diastolic",
    "regurgitation": "diastolic",
    "stenosis": "diastolic",
}


@dataclasses.dataclass(frozen=True, slots=True)
class AnnotatedHeart:
    """A stretch of a recording in which every beat is annotated.

    Attributes
    ----------
    recording : Recording
    waveform : ndarray, shape (samples,), float32
        At 4000 Hz, from the first S1 to the last.
    beats : ndarray, shape (beats, 5), int
        Samples at which S1, systole, S2, diastole and the next S1 begin.
    timing : str or None
        Where its murmur lies, "systolic", "diastolic" or "systolic and diastolic"; None where it has none.
    """

    recording: Recording
    waveform: NDArray[np.float32]
    beats: NDArray[np.intp]
    timing: str | None


@dataclasses.dataclass(frozen=True, slots=True)
class MadeHeart:
    """A heart that was made from another.

    Attributes
    ----------
    heart : AnnotatedHeart
        What it is now: its waveform and its timing; beats and recording are as they were.
    kind : {"control", "moved", "copied", "regurgitation", "stenosis"}
    level_db : float or None
        Of a synthetic murmur.
    """

    heart: AnnotatedHeart
    kind: Kind
    level_db: float | None = None


def annotated_hearts(recordings: Sequence[Recording], min_s: float = MIN_HEART_S) -> Iterator[AnnotatedHeart]:
    """Yield the stretches of annotated beats of some recordings, each read when it is its turn.

    A murmur of which it is not known where it lies is passed over.

    Parameters
    ----------
    recordings : sequence of Recording
    min_s : float
        Shortest stretch.

    Raises
    ------
    RecordingError
        If one cannot be read.
    """
    timings = murmur_timings(recordings)
    for recording in recordings:
        path = annotations_beside(recording)
        timing = timings.get(recording.path)
        if path is None or not recording.labels or ("murmur" in recording.labels and timing is None):
            continue
        runs = beat_runs(read_annotations(path), MAX_GAP_S)
        if not any(run[-1, 4] - run[0, 0] >= min_s for run in runs):
            continue
        waveform = read_recording(recording, BANDS_RATE, start_at_zero=True)
        for run in runs:
            beats = np.rint(run * BANDS_RATE).astype(np.intp)
            beats = beats[beats[:, 4] <= len(waveform)]
            if len(beats) and beats[-1, 4] - beats[0, 0] >= min_s * BANDS_RATE:
                inside = waveform[beats[0, 0] : beats[-1, 4]].copy()
                yield AnnotatedHeart(recording, inside, beats - beats[0, 0], timing)


def made_hearts(heart: AnnotatedHeart, seed: Sequence[int], kinds: Sequence[Kind] | None = None) -> list[MadeHeart]:
    """Return what can be made from one heart.

    Parameters
    ----------
    heart : AnnotatedHeart
    seed : sequence of int
    kinds : sequence of {"control", "moved", "copied", "regurgitation", "stenosis"}, or None
        None for all.

    Returns
    -------
    list of MadeHeart
        From a systolic murmur a control, one moved and one copied into diastole; from a heart without a murmur a
        control and those with a synthetic one, unless the noise of the heart would hide it. Nothing from others.
    """
    if heart.timing not in (None, "systolic"):
        return []
    possible = OF_NORMAL if heart.timing is None else OF_SYSTOLIC
    made: list[MadeHeart] = []
    for number, kind in enumerate(possible):
        rng = np.random.default_rng([*seed, number])
        if kinds is not None and kind not in kinds:
            continue
        timed = dataclasses.replace(heart, timing=heart.timing if kind == "control" else TIMINGS[kind])
        if kind in ("regurgitation", "stenosis"):
            made += _added(timed, kind, rng)
        else:
            made.append(MadeHeart(dataclasses.replace(timed, waveform=_spliced(timed, kind, rng)), kind))
    return made


def diastolic_sounds(
    recordings: Sequence[Recording], spec: SpectrogramSpec, seed: int, kinds: Sequence[Kind] | None = None
) -> list[Sound]:
    """Return made hearts and their controls as training examples; the patients stay those of the recordings.

    Parameters
    ----------
    recordings : sequence of Recording
        Without those of held-out patients.
    spec : SpectrogramSpec
    seed : int
    kinds : sequence of {"control", "moved", "copied", "regurgitation", "stenosis"}, or None
        None for all.

    Returns
    -------
    list of Sound
        Labelled murmur; a control has the labels of its recording.

    Raises
    ------
    RecordingError
        If a recording cannot be read.
    """
    sounds = []
    for index, heart in enumerate(annotated_hearts(recordings)):
        for made in made_hearts(heart, (seed, index), kinds):
            labels = heart.recording.labels if made.kind == "control" else ("murmur",)
            recording = Recording(Path(heart.recording.path), labels, heart.recording.patient, DIASTOLIC)
            sounds.append(sound_of(recording, made.heart.waveform, spec))
    return sounds


def annotated_diastolic(recordings: Sequence[Recording]) -> dict[Path, tuple[AnnotatedSound, ...]]:
    """Return made hearts with their states, by the path of the recording that each was made from.

    Controls are left out: they are what the recordings are. The source of each is its kind.

    Parameters
    ----------
    recordings : sequence of Recording

    Raises
    ------
    RecordingError
        If one cannot be read.
    """
    found: dict[Path, tuple[AnnotatedSound, ...]] = {}
    for heart in annotated_hearts(recordings):
        path = heart.recording.path
        known = found.get(path, ())
        made = made_hearts(heart, (*path.name.encode(), len(known)))
        annotations, patient = _annotations(heart.beats), heart.recording.patient
        found[path] = known + tuple(
            annotated_sound(Recording(path, ("murmur",), patient, one.kind), one.heart.waveform, annotations)
            for one in made
            if one.kind != "control"
        )
    return found


def _annotations(beats: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return beats as states, shape (annotations, 3)."""
    states = np.tile(np.arange(1, 5), len(beats))
    rows = np.column_stack((beats[:, :4].ravel() / BANDS_RATE, beats[:, 1:].ravel() / BANDS_RATE, states))
    return np.asarray(rows[rows[:, 1] > rows[:, 0]], np.float64)


def _spliced(heart: AnnotatedHeart, kind: Kind, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return a waveform in which systole and a stretch of diastole are replaced in every beat.

    A control gets both from the next beat; a moved murmur changes places with the stretch of diastole; a copied one is
    put there, and its systole comes from the next beat.
    """
    out, cuts = heart.waveform.copy(), _cuts(heart.beats)
    place = rng.uniform(0.0, 1.0) ** 2  # early in diastole more often than late
    for index, (systole, s2, diastole, end) in enumerate(cuts.tolist()):
        length = min(s2 - systole, end - diastole)
        if length < MIN_STRETCH_S * BANDS_RATE:
            continue
        late = round(float(np.clip(place + rng.normal(0.0, 0.03), 0.0, 1.0)) * (end - diastole - length))
        other = cuts[index + 1] if index + 1 < len(cuts) else cuts[index - 1]
        of_next = heart.waveform[other[0] : other[1]]
        into_systole, into_diastole = of_next, heart.waveform[systole:s2]
        if kind == "moved":
            into_systole = heart.waveform[diastole + late : end]
        if kind == "control":
            into_diastole = heart.waveform[other[2] + min(late, max(0, other[3] - other[2] - length)) : other[3]]
        _replace(out, systole, _filled(into_systole, s2 - systole))
        _replace(out, diastole + late, _filled(into_diastole, length))
    return out


def _cuts(beats: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return begin and end of systole and of diastole without the heart sounds, shape (beats, 4)."""
    systole = beats[:, 0] + np.rint(S1_SHARE * (beats[:, 1] - beats[:, 0])).astype(np.intp)
    diastole = beats[:, 2] + np.rint(S2_SHARE * (beats[:, 3] - beats[:, 2])).astype(np.intp)
    return np.column_stack((systole, beats[:, 2], diastole, beats[:, 4]))


def _filled(stretch: NDArray[np.float32], length: int) -> NDArray[np.float32]:
    """Return a stretch cut to a length, or played backwards and forwards in turn until it has it."""
    if len(stretch) >= length:
        return stretch[:length]
    walk = np.arange(length) % (2 * len(stretch))
    return stretch[np.where(walk < len(stretch), walk, 2 * len(stretch) - 1 - walk)]


def _replace(out: NDArray[np.float32], at: int, stretch: NDArray[np.float32]) -> None:
    """Put a stretch in the place of what is there, in place, faded in and out at equal power."""
    fade = min(round(FADE_S * BANDS_RATE), len(stretch) // 2)
    rise = np.sin(0.5 * np.pi * (np.arange(fade) + 0.5) / fade)
    new = np.ones(len(stretch))
    new[:fade], new[len(new) - fade :] = rise, rise[::-1]
    old = np.zeros(len(stretch))
    old[:fade], old[len(old) - fade :] = rise[::-1], rise
    part = slice(at, at + len(stretch))
    out[part] = (old * out[part] + new * stretch).astype(np.float32)


def _added(heart: AnnotatedHeart, kind: Kind, rng: np.random.Generator) -> list[MadeHeart]:
    """Return a heart with a synthetic diastolic murmur; nothing where its own noise would hide the loudest."""
    samples = len(heart.waveform)
    if kind == "regurgitation":
        band_hz = (rng.uniform(150.0, 220.0), rng.uniform(350.0, 500.0))
    else:
        band_hz = (rng.uniform(30.0, 50.0), rng.uniform(90.0, 130.0))
    peak = float(np.median([np.abs(heart.waveform[beat[0] : beat[1]]).max() for beat in heart.beats]))
    gain = bandpass_gain(frequencies(samples, BANDS_RATE), *band_hz, order=4)
    level_db = _audible_db(heart, gain, peak, rng)
    if level_db is None:
        return []
    waveform = heart.waveform.astype(np.float64)
    if kind == "regurgitation":
        envelope = _decrescendo(heart, rng)
    else:
        envelope, snaps = _rumble(heart, rng)
        waveform *= _loud_s1(heart, rng.uniform(1.2, 1.8))
        waveform += peak * db_to_amplitude(rng.uniform(-24.0, -8.0)) * snaps
    waveform += peak * db_to_amplitude(level_db) * envelope * shaped_noise(gain, samples, rng)
    waveform /= max(1.0, float(np.abs(waveform).max()))
    return [MadeHeart(dataclasses.replace(heart, waveform=waveform.astype(np.float32)), kind, level_db)]


def _audible_db(
    heart: AnnotatedHeart, gain: NDArray[np.float32], peak: float, rng: np.random.Generator
) -> float | None:
    """Return a level against S1 at which a murmur stands out in diastole; None where none in the range does."""
    own = equalize(heart.waveform, gain)
    middles = [own[beat[3] : beat[4]][(beat[4] - beat[3]) // 3 :] for beat in heart.beats if beat[4] > beat[3]]
    own_db = 10.0 * np.log10(np.square(np.concatenate(middles)).mean() / peak**2 + 1e-12)
    level_db = max(rng.uniform(*LEVEL_DB), own_db + rng.uniform(*AUDIBLE_DB))
    return float(level_db) if level_db <= LEVEL_DB[1] else None


def _decrescendo(heart: AnnotatedHeart, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return the envelope of regurgitation: it begins with S2 and fades in the course of diastole."""
    delay, share = round(rng.uniform(0.01, 0.03) * BANDS_RATE), rng.uniform(0.4, 1.0)
    envelope = np.zeros(len(heart.waveform))
    for beat in heart.beats:
        start = beat[2] + delay
        length = min(round(share * (beat[4] - start)), round(MAX_DIASTOLE_S * BANDS_RATE))
        _shape_into(envelope, start, length, SHAPES["decrescendo"], rng.uniform(0.75, 1.25))
    return envelope


def _rumble(heart: AnnotatedHeart, rng: np.random.Generator) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the envelope of mitral stenosis, and the opening snaps before it with a peak of about 1."""
    to_snap, behind = rng.uniform(0.06, 0.11), round(rng.uniform(0.01, 0.04) * BANDS_RATE)
    share, rises = rng.uniform(0.5, 1.0), rng.random() < 0.8  # none where the atrium fibrillates
    presystolic, rise = round(rng.uniform(0.07, 0.13) * BANDS_RATE), rng.uniform(0.7, 1.3)
    pitch_hz, decay_s = rng.uniform(120.0, 300.0), rng.uniform(0.004, 0.01)
    time_s = np.arange(round(0.04 * BANDS_RATE)) / BANDS_RATE
    snap = np.sin(2 * np.pi * pitch_hz * time_s) * np.exp(-time_s / decay_s) * np.minimum(1.0, time_s / 0.002)
    envelope, snaps = np.zeros(len(heart.waveform)), np.zeros(len(heart.waveform))
    for beat in heart.beats:
        from_s2 = min((to_snap + rng.normal(0.0, 0.003)) * BANDS_RATE, 0.45 * (beat[4] - beat[2]))
        opened = beat[2] + round(from_s2)
        part = snaps[opened : opened + len(snap)]
        part += snap[: len(part)] * rng.uniform(0.8, 1.2)
        start = opened + behind
        length = min(round(share * (beat[4] - start)), round(MAX_DIASTOLE_S * BANDS_RATE))
        loud = rng.uniform(0.75, 1.25)
        _shape_into(envelope, start, length, SHAPES["decrescendo"], loud)
        if rises:
            length = min(presystolic, beat[4] - start)
            _shape_into(envelope, beat[4] - length, length, SHAPES["crescendo"], loud * rise)
    return envelope, snaps


def _shape_into(
    envelope: NDArray[np.float64],
    start: int,
    length: int,
    shape: tuple[tuple[float, ...], tuple[float, ...]],
    loud: float,
) -> None:
    """Raise an envelope to a shape from a sample on, in place."""
    if length > 0:
        part = envelope[start : start + length]
        np.maximum(part, loud * np.interp(np.arange(len(part)) / length, *shape), out=part)


def _loud_s1(heart: AnnotatedHeart, factor: float) -> NDArray[np.float64]:
    """Return a gain that makes S1 louder, and rises and falls beside it."""
    gain, edge = np.ones(len(heart.waveform)), round(FADE_S * BANDS_RATE)
    for beat in heart.beats:
        first, last = max(0, int(beat[0]) - edge), min(len(gain), int(beat[1]) + edge)
        at = np.arange(first, last)
        near = np.clip(np.minimum(at - beat[0] + edge, beat[1] + edge - at) / edge, 0.0, 1.0)
        gain[first:last] += (factor - 1.0) * (0.5 - 0.5 * np.cos(np.pi * near))
    return gain

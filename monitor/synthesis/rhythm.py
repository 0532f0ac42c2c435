"""The rhythm of a synthetic heart: times of first and second sounds, and which beats are ectopic.

Pure timing, no sound: :func:`synthesize_beats` returns every beat that is audible in a synthetic
recording, regular or not, with the ground truth. Safe on any thread; draws every random number
from the generator it is given.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["Beats", "Rhythm", "RhythmKind", "synthesize_beats", "systole_s"]

RhythmKind = Literal["regular", "ectopic", "sinus-arrhythmia"]

FILLING_S = 0.08
"""Shortest time from a second sound to an ectopic beat: a ventricle that has not relaxed gives no audible beat."""

MEASURED_TO_BPM = 160.0
"""Where the line from rate to systole ends; a faster heart's systole has the same share of its cycle as here."""

CYCLE_TO_SYSTOLE = 0.08
"""Seconds of systole per second by which the previous cycle was longer: filling slightly prolongs ejection.
Source: slope of ejection time against the preceding cycle in atrial fibrillation, about 0.05 to 0.15."""

ECTOPIC_SYSTOLE = 0.88
"""Systole of an ectopic beat as a fraction of a normal one: less filled, the ventricle ejects for a shorter time."""


@dataclasses.dataclass(frozen=True, slots=True)
class Rhythm:
    """The heart rate and its variation.

    Parameters
    ----------
    kind : {"regular", "ectopic", "sinus-arrhythmia"}
        ``"ectopic"`` has ectopic beats followed by a pause; the others have none. Sinus
        arrhythmia is strong but smooth variation, which is physiological and not ectopic.
    heart_rate_bpm : float
        30 to 240, the mean rate without ectopic beats.
    jitter : float
        Standard deviation of an interval around the smooth variation, as a fraction. At rest the
        intervals of 5 min vary by 30 to 50 ms, most of it smooth.
        Source: Task Force on heart rate variability, Circulation 93:1043 (1996).
    respiratory : float
        Amplitude of the variation with breathing, as a fraction: 0.01 to 0.08 in adults, up to
        0.25 in the young. Source: Hirsch and Bishop, Am J Physiol 241:H620 (1981).
    drift : float
        Amplitude of the slow variation, as a fraction.
    drift_period_s : float
        Period of the slow variation; 10 s is the vasomotor wave.
    systole_offset_s : float
        Added to the mean systole of the rate; individuals differ by about 0.015 s (Weissler 1968).
    ectopic_gap_beats : tuple of int
        Minimum and maximum number of normal beats between two ectopic beats; (1, 1) is bigeminy.
    prematurity : tuple of float
        Minimum and maximum interval before an ectopic beat, as a fraction of the normal one; 0.5 to 0.85.
    compensation : float
        Length of the pause: 1 is fully compensatory (the two intervals together last as long as two
        normal ones, ventricular), 0 is none (atrial).
    """

    kind: RhythmKind = "regular"
    heart_rate_bpm: float = 72.0
    jitter: float = 0.01
    respiratory: float = 0.03
    drift: float = 0.015
    drift_period_s: float = 12.0
    systole_offset_s: float = 0.0
    ectopic_gap_beats: tuple[int, int] = (3, 5)
    prematurity: tuple[float, float] = (0.55, 0.75)
    compensation: float = 1.0

    def __post_init__(self) -> None:
        """Check the values.

        Raises
        ------
        ValueError
            If the kind is unknown or a value is out of its range.
        """
        if self.kind not in ("regular", "ectopic", "sinus-arrhythmia"):
            raise ValueError(f"kind={self.kind!r} must be regular, ectopic or sinus-arrhythmia")
        if not 30 <= self.heart_rate_bpm <= 240:
            raise ValueError(f"heart_rate_bpm={self.heart_rate_bpm:g} must be from 30 to 240")
        if not 1 <= self.ectopic_gap_beats[0] <= self.ectopic_gap_beats[1]:
            raise ValueError(f"ectopic_gap_beats={self.ectopic_gap_beats} must be two rising counts from 1")
        if not 0.5 <= self.prematurity[0] <= self.prematurity[1] <= 0.85:
            raise ValueError(f"prematurity={self.prematurity} must be two rising fractions from 0.5 to 0.85")


@dataclasses.dataclass(frozen=True, slots=True)
class Beats:
    """The beats of a synthetic recording, in order.

    Attributes
    ----------
    s1_samples : ndarray, shape (beats,), int64
        Onset of each first sound.
    s2_samples : ndarray, shape (beats,), int64
        Onset of each second sound, after the first; -1 where it is not audible.
    ectopic : ndarray, shape (beats,), bool
        Whether the beat is ectopic.
    """

    s1_samples: NDArray[np.int64]
    s2_samples: NDArray[np.int64]
    ectopic: NDArray[np.bool_]

    def inside(self, samples: int) -> Beats:
        """Return the beats whose first sound begins in ``[0, samples)``; a later second sound becomes -1."""
        inside = (self.s1_samples >= 0) & (self.s1_samples < samples)
        s2 = self.s2_samples[inside]
        return Beats(self.s1_samples[inside], np.where(s2 < samples, s2, -1), self.ectopic[inside])


def systole_s(heart_rate_bpm: float) -> float:
    """Return the mean time from first to second sound, in seconds.

    Electromechanical systole is 546 - 2.1 x rate ms; the first sound begins about 65 ms after
    the QRS, which is subtracted. Source: Weissler, Harris and Schoenfeld, Circulation
    37:149 (1968); Q to first sound from Tavel, Clinical Phonocardiography.

    Examples
    --------
    >>> round(systole_s(60.0), 3), round(systole_s(120.0), 3)
    (0.355, 0.229)
    """
    known = min(heart_rate_bpm, MEASURED_TO_BPM)
    return (546.0 - 2.1 * known - 65.0) / 1000.0 * known / heart_rate_bpm


def synthesize_beats(
    duration_s: float,
    lead_s: float,
    rhythm: Rhythm,
    breathing_phase: float,
    breathing_hz: float,
    rng: np.random.Generator,
    sample_rate: int,
) -> Beats:
    """Return every beat from ``lead_s`` before a recording to ``lead_s`` after it.

    Parameters
    ----------
    duration_s, lead_s : float
        Length of the recording, and of the margins before and after it.
    rhythm : Rhythm
    breathing_phase, breathing_hz : float
        Radians at time 0, and Hz: inspiration where the sine is positive.
    rng : numpy.random.Generator
    sample_rate : int
        Hz.

    Returns
    -------
    Beats
        Some lie in the margins. With kind ``"ectopic"`` at least one ectopic beat lies inside the
        recording together with its neighbours, if the recording lasts at least three cycles.
    """
    cycle = 60.0 / rhythm.heart_rate_bpm
    reach = math.ceil((duration_s + lead_s) / (0.45 * cycle)) + 3
    indices = np.arange(-reach, reach + 1)  # the time of beat 0 is random, the others follow from it
    anchor_s = rng.uniform(0.0, duration_s)
    intervals = _sinus_intervals(cycle, anchor_s + indices * cycle, rhythm, breathing_phase, breathing_hz, rng)
    ectopic = np.zeros(len(indices), bool)
    systole = np.full(len(indices), systole_s(rhythm.heart_rate_bpm) + rhythm.systole_offset_s)
    if rhythm.kind == "ectopic":
        positions = reach + _ectopic_indices(reach, rhythm.ectopic_gap_beats, rng)
        ectopic[positions] = True
        _shorten_coupling(intervals, positions, systole[0], rhythm, rng)
        anchor_s = _ectopic_time_s(intervals[reach - 2 : reach + 1], duration_s, rng)
    s1 = np.concatenate(([0.0], np.cumsum(intervals)[:-1]))  # (beats,), seconds
    s1 += anchor_s - s1[reach]
    systole[1:] += CYCLE_TO_SYSTOLE * (intervals[:-1] - cycle) * ~ectopic[1:]
    systole *= np.where(ectopic, ECTOPIC_SYSTOLE, 1.0) * (1.0 + 0.012 * rng.standard_normal(len(systole)))
    np.minimum(systole, intervals - 0.5 * FILLING_S, out=systole)
    audible = (s1 > -lead_s) & (s1 < duration_s + lead_s)
    s1_samples = np.round(s1[audible] * sample_rate).astype(np.int64)
    s2_samples = np.round((s1 + systole)[audible] * sample_rate).astype(np.int64)
    return Beats(s1_samples, s2_samples, ectopic[audible])


def _sinus_intervals(
    cycle: float,
    time_s: NDArray[np.floating],
    rhythm: Rhythm,
    phase: float,
    breathing_hz: float,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Return the intervals of a rhythm without ectopic beats: shorter during inspiration."""
    breath = np.sin(2.0 * np.pi * breathing_hz * time_s + phase)
    slow = np.sin(2.0 * np.pi * (time_s / rhythm.drift_period_s + rng.uniform()))
    jitter = rng.standard_normal(len(time_s))
    smooth = rhythm.respiratory * breath + rhythm.drift * slow
    intervals: NDArray[np.float64] = cycle * (1.0 - smooth + rhythm.jitter * np.clip(jitter, -2.0, 2.0))
    return intervals


def _ectopic_indices(reach: int, gap: tuple[int, int], rng: np.random.Generator) -> NDArray[np.int64]:
    """Return the indices of the ectopic beats: beat 0, and from there in both directions with random gaps."""
    count = reach // (gap[0] + 1)
    after = np.cumsum(rng.integers(gap[0], gap[1] + 1, count) + 1)
    before = -np.cumsum(rng.integers(gap[0], gap[1] + 1, count) + 1)
    ectopic = np.concatenate((before, [0], after))
    return ectopic[(ectopic > -reach + 1) & (ectopic < reach)]


def _shorten_coupling(
    intervals: NDArray[np.float64], ectopic: NDArray[np.int64], systole: float, rhythm: Rhythm, rng: np.random.Generator
) -> None:
    """Shorten, in place, the interval before each ectopic beat and lengthen the one after it."""
    normal = intervals[ectopic - 1]
    coupling = rng.uniform(*rhythm.prematurity, size=1) + 0.02 * rng.standard_normal(len(ectopic))
    coupling = np.clip(coupling, rhythm.prematurity[0], rhythm.prematurity[1])  # one focus has one coupling interval
    short = np.maximum(normal * coupling, np.minimum(systole + FILLING_S, 0.85 * normal))
    intervals[ectopic - 1] = short
    intervals[ectopic] += rhythm.compensation * (normal - short)


def _ectopic_time_s(neighbours: NDArray[np.float64], duration_s: float, rng: np.random.Generator) -> float:
    """Return a random time for an ectopic beat such that the beats around it lie inside the recording too.

    ``neighbours`` are the two intervals before it and the one after; in a short recording the
    interval before it and the pause take precedence.
    """
    latest = duration_s - neighbours[2] - 0.05
    for earliest in (neighbours[0] + neighbours[1] + 0.05, neighbours[1] + 0.05):
        if earliest <= latest:
            return float(rng.uniform(earliest, latest))
    return 0.5 * duration_s

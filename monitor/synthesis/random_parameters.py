"""Random parameters of hearts with a known label: for training, and for tests that need variety.

The ranges are physiological where :mod:`monitor.synthesis.parameters` names a source. The others are
fitted so that synthetic recordings have the spectra, peaks and noise floors of real ones from an
electronic stethoscope: per band, the 10th, 50th, 90th and 99th percentiles of the short-time spectrum
agree with PASCAL set B to within a few dB. Safe on any thread.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from monitor.synthesis.parameters import BackgroundNoise, HeartParameters, HeartSound, Murmur, MurmurShape
from monitor.synthesis.rhythm import Rhythm, RhythmKind

__all__ = ["random_parameters"]


def random_parameters(
    rng: np.random.Generator, *, label: str = "normal", murmur: bool = False, kind: RhythmKind | None = None
) -> HeartParameters:
    """Return the parameters of a random heart with a known label.

    Parameters
    ----------
    rng : numpy.random.Generator
    label : {"normal", "murmur", "extrastole"}
    murmur : bool
        Adds a murmur to ectopic beats; a "murmur" always has one, a "normal" never.
    kind : {"regular", "ectopic", "sinus-arrhythmia"} or None
        The rhythm; None draws one that fits the label. A "murmur" may have any.

    Returns
    -------
    HeartParameters

    Raises
    ------
    ValueError
        If the label is unknown or contradicts ``murmur`` or ``kind``.

    Examples
    --------
    >>> heart = random_parameters(np.random.default_rng(0), label="extrastole")
    >>> heart.label, heart.rhythm.kind, heart.murmur
    ('extrastole', 'ectopic', None)
    """
    kind = _rhythm_kind(label, murmur, kind, rng)
    background = _random_background(rng)
    s1 = _random_heart_sound(rng, pitch_hz=48.0, duration_s=0.122, level_db=0.0)
    s2 = _random_heart_sound(rng, pitch_hz=60.0, duration_s=0.1, level_db=rng.normal(-2.0, 4.5))
    breathing_bpm = float(np.clip(rng.lognormal(np.log(18.0), 0.3), 9.0, 40.0))
    narrow = float(rng.uniform(0.0, 0.015))
    return HeartParameters(
        rhythm=_random_rhythm(rng, kind, breathing_bpm),
        breathing_bpm=breathing_bpm,
        s1=s1,
        s2=s2,
        split_s=(narrow, narrow + float(rng.uniform(0.005, 0.045))),
        s3_db=_sometimes(rng, 0.2, -28.0, -13.0),
        s4_db=_sometimes(rng, 0.12, -28.0, -14.0),
        loudness_spread=float(rng.uniform(0.03, 0.17)),
        breathing_loudness=float(rng.uniform(0.0, 0.35)),
        ectopic_s1=float(rng.uniform(0.35, 1.4)),
        ectopic_s2=float(rng.uniform(0.1, 1.0)) if rng.random() < 0.7 else 0.0,
        murmur=_random_murmur(rng, background) if murmur or label == "murmur" else None,
        background=background,
        colour_db=_random_colour(rng),
        band_hz=(float(rng.uniform(10.0, 38.0)), float(np.exp(rng.uniform(np.log(420.0), np.log(1900.0))))),
        peak=_random_peak(rng),
    )


def _rhythm_kind(label: str, murmur: bool, kind: RhythmKind | None, rng: np.random.Generator) -> RhythmKind:
    """Return the rhythm for a label, refusing arguments that contradict it."""
    if label not in ("normal", "murmur", "extrastole"):
        raise ValueError(f"label={label!r} must be normal, murmur or extrastole")
    if label == "normal" and murmur:
        raise ValueError("murmur=True must go with the label murmur or extrastole")
    if kind is None:
        drawn: RhythmKind = "sinus-arrhythmia" if rng.random() < 0.25 else "regular"
        return "ectopic" if label == "extrastole" else drawn
    if (kind == "ectopic") != (label == "extrastole") and label != "murmur":
        raise ValueError(f"kind={kind!r} must be ectopic for the label extrastole, and not ectopic for normal")
    return kind


def _sometimes(rng: np.random.Generator, probability: float, min_db: float, max_db: float) -> float:
    """Return a random level with a probability, otherwise -200 dB."""
    return float(rng.uniform(min_db, max_db)) if rng.random() < probability else -200.0


def _random_heart_sound(rng: np.random.Generator, pitch_hz: float, duration_s: float, level_db: float) -> HeartSound:
    """Return a heart sound that varies around typical values."""
    return HeartSound(
        pitch_hz=float(np.clip(pitch_hz * rng.lognormal(0.0, 0.25), 28.0, 110.0)),
        duration_s=float(np.clip(duration_s + 0.022 * rng.standard_normal(), 0.06, 0.19)),
        snap_db=float(rng.uniform(-10.0, 7.0)),
        level_db=float(np.clip(level_db, -14.0, 8.0)),
    )


def _random_rhythm(rng: np.random.Generator, kind: RhythmKind, breathing_bpm: float) -> Rhythm:
    """Return a random rhythm of a kind; sinus arrhythmia stays smooth from beat to beat."""
    rate = float(np.clip(rng.lognormal(np.log(84.0), 0.26), 45.0, 140.0 if kind == "ectopic" else 160.0))
    per_beat = 2.0 * np.sin(np.pi * min(0.5, breathing_bpm / rate))  # change of one interval to the next
    if kind == "sinus-arrhythmia":
        respiratory = float(min(0.25, rng.uniform(0.07, 0.17) / per_beat))
    else:
        respiratory = float(min(rng.uniform(0.0, 0.06), 0.07 / per_beat))
    gap = int(rng.choice((1, 2, 3, 4, 6), p=(0.12, 0.18, 0.25, 0.25, 0.2)))
    earliest = float(rng.uniform(0.5, 0.72))
    return Rhythm(
        kind=kind,
        heart_rate_bpm=rate,
        jitter=float(rng.uniform(0.002, 0.018)),
        respiratory=respiratory,
        drift=float(rng.uniform(0.0, 0.04)),
        drift_period_s=float(rng.uniform(8.0, 40.0)),
        systole_offset_s=float(np.clip(0.015 * rng.standard_normal(), -0.03, 0.03)),
        ectopic_gap_beats=(gap, gap + int(rng.integers(0, 2 * gap + 1))),
        prematurity=(earliest, min(0.8, earliest + float(rng.uniform(0.0, 0.12)))),
        compensation=1.0 if rng.random() < 0.6 else float(rng.uniform(0.1, 1.0)),
    )


MURMUR_KINDS: tuple[tuple[float, Literal["systolic", "diastolic"], MurmurShape], ...] = (
    (0.32, "systolic", "plateau"),
    (0.34, "systolic", "diamond"),
    (0.07, "systolic", "decrescendo"),
    (0.07, "systolic", "crescendo"),
    (0.13, "diastolic", "decrescendo"),
    (0.07, "diastolic", "rumble"),
)
"""Probability, phase and shape of random murmurs: most audible murmurs are systolic."""


def _random_murmur(rng: np.random.Generator, background: BackgroundNoise) -> Murmur:
    """Return a random murmur that is audible above the background."""
    weights = np.array([weight for weight, _, _ in MURMUR_KINDS])
    _, phase, shape = MURMUR_KINDS[int(rng.choice(len(weights), p=weights / weights.sum()))]
    start, end = _random_interval(rng, phase, shape)
    centre_hz = float(rng.uniform(45.0, 140.0) if shape == "rumble" else np.exp(rng.uniform(np.log(100), np.log(420))))
    fall = background.noise_slope_db * np.log2(centre_hz / 50.0)
    masked_db = max(background.noise_db - fall, background.lungs_db - 4.0)
    return Murmur(
        phase=phase,
        shape=shape,
        interval=(start, end),
        peak=float(rng.uniform(0.25, 0.75)),
        centre_hz=centre_hz,
        width_octaves=float(rng.uniform(0.5, 3.0)),
        level_db=float(min(-1.0, max(rng.uniform(-28.0, -2.0), masked_db + rng.uniform(4.0, 14.0)))),
    )


def _random_interval(rng: np.random.Generator, phase: str, shape: str) -> tuple[float, float]:
    """Return start and end of a murmur as fractions of its phase."""
    if shape == "rumble":
        return float(rng.uniform(0.15, 0.3)), float(rng.uniform(0.6, 1.0))
    if phase == "diastolic":
        return float(rng.uniform(0.02, 0.12)), float(rng.uniform(0.4, 0.95))
    if shape == "decrescendo":
        return float(rng.uniform(0.05, 0.15)), float(rng.uniform(0.5, 0.95))
    if shape == "crescendo":
        return float(rng.uniform(0.3, 0.5)), float(rng.uniform(0.95, 1.05))
    if shape == "diamond":
        return float(rng.uniform(0.15, 0.3)), float(rng.uniform(0.7, 0.98))
    return float(rng.uniform(0.05, 0.2)), float(rng.uniform(0.9, 1.05))


def _random_background(rng: np.random.Generator) -> BackgroundNoise:
    """Return random background noise, from very quiet to rather noisy; one recording in three is noisy."""
    noisy = rng.random() < 0.33
    noise_db = float(rng.normal(-35.0, 4.0) + (rng.uniform(0.0, 10.0) if noisy else 0.0))
    return BackgroundNoise(
        noise_db=noise_db,
        noise_slope_db=float(rng.uniform(4.5, 8.5)),
        hiss_db=float(rng.normal(-68.0, 5.0) + (rng.uniform(0.0, 14.0) if noisy else 0.0)),
        lungs_db=float(rng.normal(-42.0, 7.0) + (rng.uniform(0.0, 14.0) if noisy else 0.0)),
        lungs_hz=float(rng.uniform(180.0, 480.0)),
        hum_db=_sometimes(rng, 0.2, -55.0, -26.0),
        hum_hz=float(rng.choice((50.0, 60.0))),
        whistle_db=_sometimes(rng, 0.45, -80.0, -52.0),
        knocks_per_s=float(rng.uniform(0.2, 2.0)) if rng.random() < (0.6 if noisy else 0.15) else 0.0,
        knocks_db=float(rng.uniform(-26.0, 3.0)),
    )


def _random_colour(rng: np.random.Generator) -> tuple[float, ...]:
    """Return a random smooth frequency response: a tilt, and deviations of a few dB."""
    octave = np.arange(8) - 2.0
    gains = rng.normal(0.0, 1.2) * octave + rng.normal(0.0, 2.5, 8)
    return tuple(float(gain) for gain in gains)


def _random_peak(rng: np.random.Generator) -> float:
    """Return a random peak; about one recording in six is overdriven, as in PASCAL set B (83 of 461 clipped)."""
    if rng.random() < 0.17:
        return float(rng.uniform(1.0, 2.0))
    return float(np.exp(rng.uniform(np.log(0.04), 0.0)))

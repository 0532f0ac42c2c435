"""Random parameters of hearts with a diastolic murmur: regurgitation of an outflow valve, stenosis of an inflow valve.

Recordings with such murmurs are rare (2 of 189 patients in the part of CirCor DigiScope that the project is trained
on), so training has them synthetic. The hearts are those of adults, in whom these murmurs occur. Safe on any thread.

Source of the sounds: Tavel, Clinical Phonocardiography; Leatham, Auscultation of the Heart and Phonocardiography. A
regurgitation begins with the second sound, high-pitched, and decreases; a mitral stenosis has a loud first sound, often
an opening snap 0.04 to 0.12 s after the second sound, a low-pitched rumble from there, and, while the atria still
contract, a crescendo up to the first sound.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from monitor.synthesis.parameters import BackgroundNoise, HeartParameters, Murmur
from monitor.synthesis.random_parameters import random_parameters

__all__ = ["ADULT_BPM", "random_diastolic"]

ADULT_BPM = (50.0, 110.0)
STENOSIS_SHARE = 0.6
REGURGITATION_HZ, RUMBLE_HZ = (100.0, 420.0), (32.0, 120.0)
"""Centre of the spectrum."""
SNAP_S = (0.04, 0.12)


def random_diastolic(rng: np.random.Generator) -> HeartParameters:
    """Return the parameters of a random adult heart with a diastolic murmur.

    Parameters
    ----------
    rng : numpy.random.Generator

    Examples
    --------
    >>> heart = random_diastolic(np.random.default_rng(0))
    >>> heart.label, heart.murmur.phase, 50 <= heart.rhythm.heart_rate_bpm <= 110
    ('murmur', 'diastolic', True)
    """
    heart = random_parameters(rng, label="murmur")
    low, high = np.log(ADULT_BPM)
    rhythm = dataclasses.replace(heart.rhythm, heart_rate_bpm=float(np.exp(rng.uniform(low, high))))
    heart = dataclasses.replace(heart, rhythm=rhythm, band_hz=(min(heart.band_hz[0], 25.0), heart.band_hz[1]))
    return _with_stenosis(heart, rng) if rng.random() < STENOSIS_SHARE else _with_regurgitation(heart, rng)


def _with_regurgitation(heart: HeartParameters, rng: np.random.Generator) -> HeartParameters:
    """Return a heart with an early decrescendo."""
    centre_hz = float(np.exp(rng.uniform(*np.log(REGURGITATION_HZ))))
    murmur = Murmur(
        phase="diastolic",
        shape="decrescendo",
        interval=(float(rng.uniform(0.0, 0.1)), float(rng.uniform(0.35, 1.0))),
        centre_hz=centre_hz,
        width_octaves=float(rng.uniform(0.6, 2.5)),
        level_db=_audible_db(heart.background, centre_hz, rng),
    )
    return dataclasses.replace(heart, murmur=murmur)


def _with_stenosis(heart: HeartParameters, rng: np.random.Generator) -> HeartParameters:
    """Return a heart with a rumble, and with what else is heard of a narrowed inflow valve."""
    centre_hz = float(np.exp(rng.uniform(*np.log(RUMBLE_HZ))))
    level_db = _audible_db(heart.background, centre_hz, rng)
    has_snap, is_sinus = rng.random() < 0.6, rng.random() < 0.65
    snap_s = float(rng.uniform(*SNAP_S))
    diastole_s = 60.0 / heart.rhythm.heart_rate_bpm * 0.6
    murmur = Murmur(
        phase="diastolic",
        shape="rumble" if rng.random() < 0.5 else "decrescendo",
        interval=(min(0.4, snap_s / diastole_s), float(rng.uniform(0.6, 1.0))),
        centre_hz=centre_hz,
        width_octaves=float(rng.uniform(0.6, 2.0)),
        level_db=level_db,
        presystolic_db=level_db + float(rng.uniform(-4.0, 6.0)) if is_sinus else -200.0,
    )
    loud_s1 = rng.random() < 0.6
    s1 = dataclasses.replace(heart.s1, snap_db=float(rng.uniform(-2.0, 8.0))) if loud_s1 else heart.s1
    quieter_s2 = dataclasses.replace(heart.s2, level_db=float(rng.uniform(-12.0, -2.0)))
    return dataclasses.replace(
        heart,
        murmur=murmur,
        s1=s1,
        s2=quieter_s2 if loud_s1 else heart.s2,
        opening_snap_db=float(rng.uniform(-20.0, -6.0)) if has_snap else -200.0,
        opening_snap_s=snap_s,
    )


def _audible_db(background: BackgroundNoise, centre_hz: float, rng: np.random.Generator) -> float:
    """Return a random level of a murmur that is audible above the background."""
    masked_db = background.noise_db - background.noise_slope_db * np.log2(centre_hz / 50.0)
    if centre_hz > background.lungs_hz / 2:
        masked_db = max(masked_db, background.lungs_db - 4.0)
    return float(min(-4.0, max(rng.uniform(-30.0, -6.0), masked_db + rng.uniform(4.0, 14.0))))

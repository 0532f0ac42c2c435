"""Parameters of a synthetic heart sound, as frozen dataclasses in clinical and acoustic units.

:mod:`monitor.synthesis.phonocardiogram` synthesizes sound from them, :mod:`monitor.synthesis.random_parameters` draws
them at random. The defaults are an adult at rest, recorded with a good stethoscope. Safe on any thread.
"""

from __future__ import annotations

import dataclasses
from typing import Literal

from monitor.synthesis.rhythm import Rhythm

__all__ = ["BackgroundNoise", "HeartParameters", "HeartSound", "Label", "Murmur", "MurmurShape"]

MurmurShape = Literal["plateau", "diamond", "decrescendo", "crescendo", "rumble"]
Label = Literal["normal", "murmur", "extrastole"]


@dataclasses.dataclass(frozen=True, slots=True)
class HeartSound:
    """A first or second heart sound: a few damped vibrations that begin within 30 ms of each other.

    Parameters
    ----------
    pitch_hz : float
        Main frequency, 30 to 120 Hz. Source: Arnott, Pfeiffer and Tavel, J Biomed Eng
        6:121 (1984): the first sound peaks below 60 Hz, the second slightly higher.
    duration_s : float
        Until the sound has decayed. First sound 0.122 s, second 0.092 s, both with a standard deviation of
        0.022 s. Source: Schmidt et al., Physiol Meas 31:513 (2010).
    snap_db : float
        Peak of the sharp onset, up to 1000 Hz, relative to the rest of the sound.
    level_db : float
        Peak of the whole sound relative to the first sound.
    """

    pitch_hz: float
    duration_s: float
    snap_db: float = -9.0
    level_db: float = 0.0


@dataclasses.dataclass(frozen=True, slots=True)
class Murmur:
    """Turbulent flow in one part of the cycle.

    Parameters
    ----------
    phase : {"systolic", "diastolic"}
    shape : {"plateau", "diamond", "decrescendo", "crescendo", "rumble"}
    interval : tuple of float
        Start and end as fractions of the phase; at most 0.6 s of diastole count.
    peak : float
        Position of the maximum of a diamond within the interval, 0 to 1.
    centre_hz, width_octaves : float
        Of the bell-shaped spectrum: mostly 100 to 400 Hz, rumbles lower.
        Source: Rangayyan and Lehner, CRC Crit Rev Biomed Eng 15:211 (1988).
    level_db : float
        Maximum root mean square relative to the peak of the first sound.
    presystolic_db : float
        The same of a crescendo in the last PRESYSTOLIC_S before the first sound, when the atria contract against a
        narrowed valve; -200 for none.
    """

    phase: Literal["systolic", "diastolic"] = "systolic"
    shape: MurmurShape = "plateau"
    interval: tuple[float, float] = (0.12, 0.98)
    peak: float = 0.5
    centre_hz: float = 190.0
    width_octaves: float = 1.6
    level_db: float = -14.0
    presystolic_db: float = -200.0


@dataclasses.dataclass(frozen=True, slots=True)
class BackgroundNoise:
    """All sound besides the heart. Levels are root mean squares relative to the peak of the heart sound.

    Parameters
    ----------
    noise_db : float
        Low-frequency noise of body and room.
    noise_slope_db : float
        Decrease of that noise per octave, 3 to 9.
    hiss_db : float
        White noise of the converter.
    lungs_db : float
        Breath sounds during inspiration; 100 to 1000 Hz.
        Source: Pasterkamp, Kraman and Wodicka, Am J Respir Crit Care Med 156:974 (1997).
    lungs_hz : float
        Centre frequency of the breath sounds.
    hum_db : float
        Mains hum with harmonics; -200 for none.
    hum_hz : float
        50 or 60.
    whistle_db : float
        Steady tones of the device, 300 Hz and above; -200 for none.
    knocks_per_s : float
        Rate of irregular knocks and creaks on the chest piece.
    knocks_db : float
        Peak of the loudest knock.
    """

    noise_db: float = -36.0
    noise_slope_db: float = 6.0
    hiss_db: float = -66.0
    lungs_db: float = -45.0
    lungs_hz: float = 300.0
    hum_db: float = -200.0
    hum_hz: float = 50.0
    whistle_db: float = -62.0
    knocks_per_s: float = 0.0
    knocks_db: float = -15.0


@dataclasses.dataclass(frozen=True, slots=True)
class HeartParameters:
    """A heart, the patient's body and the stethoscope.

    Parameters
    ----------
    rhythm : Rhythm
    breathing_bpm : float
        Breaths per minute: 12 to 20 in adults, up to 40 in infants.
        Source: Fleming et al., Lancet 377:1011 (2011).
    s1, s2 : HeartSound
        First and second heart sound.
    split_s : tuple of float
        Time from the aortic to the pulmonary part of the second sound in expiration and inspiration;
        up to 0.015 and about 0.02 to 0.06 s. Source: Leatham, Lancet 264:607 (1954).
    s3_db, s4_db : float
        Soft third sound 0.12 to 0.18 s after the second, and fourth sound 0.08 to 0.14 s before the
        first; -200 for none. Source: Tavel, Clinical Phonocardiography.
    opening_snap_db : float
        Short, sharp sound of a narrowed mitral valve that opens; -200 for none.
    opening_snap_s : float
        Its time after the second sound, 0.04 to 0.12 s. Source: Tavel, Clinical Phonocardiography.
    timbre : int or None
        Seed of the waveforms of the heart sounds: the same seed is the same person's heart. None
        draws the waveforms from the common generator.
    loudness_spread : float
        Standard deviation of the loudness of a beat, as a fraction.
    breathing_loudness : float
        Amplitude of the loudness modulation by breathing, as a fraction: lungs attenuate the heart.
    ectopic_s1, ectopic_s2 : float
        Loudness of the sounds of an ectopic beat, as a factor; a second sound below 0.02 is absent.
    murmur : Murmur or None
    background : BackgroundNoise
    colour_db : tuple of float
        Gain of chest and device at 16, 31, 62, 125, 250, 500, 1000 and 2000 Hz.
    band_hz : tuple of float
        Lower and upper cutoff frequency of the device.
    peak : float
        Peak of the recording; above 1 it is clipped at 1, like an overdriven input.

    Examples
    --------
    >>> HeartParameters().label, HeartParameters(murmur=Murmur(level_db=-20.0)).label
    ('normal', 'murmur')
    """

    rhythm: Rhythm = dataclasses.field(default_factory=Rhythm)
    breathing_bpm: float = 15.0
    s1: HeartSound = HeartSound(pitch_hz=48.0, duration_s=0.125)
    s2: HeartSound = HeartSound(pitch_hz=62.0, duration_s=0.095, snap_db=-6.0, level_db=-3.0)
    split_s: tuple[float, float] = (0.01, 0.035)
    s3_db: float = -200.0
    s4_db: float = -200.0
    opening_snap_db: float = -200.0
    opening_snap_s: float = 0.08
    timbre: int | None = None
    loudness_spread: float = 0.08
    breathing_loudness: float = 0.1
    ectopic_s1: float = 0.8
    ectopic_s2: float = 0.35
    murmur: Murmur | None = None
    background: BackgroundNoise = BackgroundNoise()
    colour_db: tuple[float, ...] = (0.0,) * 8
    band_hz: tuple[float, float] = (22.0, 900.0)
    peak: float = 0.7

    @property
    def label(self) -> Label:
        """Ground truth; a murmur takes precedence over ectopic beats."""
        if self.murmur is not None:
            return "murmur"
        return "extrastole" if self.rhythm.kind == "ectopic" else "normal"

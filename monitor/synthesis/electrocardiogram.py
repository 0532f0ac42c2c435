"""A synthetic electrocardiogram in which every R peak is known, alone or beside a synthetic phonocardiogram.

Each beat is a sum of Gaussian waves P, Q, R, S and T, as in ECGSYN; an ectopic beat has no P wave, and a wide complex
that points the other way. Baseline wander, mains hum, muscle noise and electrode motion are added. Pure NumPy; the same
generator state gives the same signal.

Source: McSharry, Clifford, Tarassenko and Smith, IEEE Trans Biomed Eng 50:289 (2003), for times, heights and widths of
the waves (its table I, angles as seconds of a beat of 1 s).
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from monitor.synthesis.noise import bandpass_gain, frequencies, shaped_noise

__all__ = ["R_TO_S1_S", "EcgNoise", "Electrocardiogram", "electrocardiogram"]

R_TO_S1_S = 0.03
"""Seconds from the R peak to the onset of S1. Source: Q to S1 about 65 ms (Tavel, Clinical Phonocardiography), Q to the
R peak about 35 ms in a complex of 80 ms."""

WAVES = ((-0.2, 0.12, 0.035), (-0.03, -0.1, 0.012), (0.0, 1.0, 0.012), (0.03, -0.2, 0.012), (0.27, 0.25, 0.05))
"""Seconds from the R peak, height relative to it, and standard deviation in seconds, of P, Q, R, S and T."""
ECTOPIC_WAVES = ((0.0, -1.1, 0.03), (0.07, 0.35, 0.03), (0.3, 0.35, 0.06))
"""The same of a ventricular ectopic beat: its largest deflection stands for the R peak."""
LATE_S = 0.1
"""Seconds from the R peak beyond which a wave moves and widens with the square root of the interval: P and T."""


@dataclasses.dataclass(frozen=True, slots=True)
class EcgNoise:
    """What lies over the signal; amplitudes relative to the R peak.

    Parameters
    ----------
    wander, wander_hz : float
        Amplitude and frequency of the baseline wander by breathing.
    hum, hum_hz : float
        Amplitude and frequency of the mains.
    muscle : float
        Root mean square of the muscle noise, 20 to 150 Hz.
    motion_per_s, motion : float
        Steps of the baseline per second, by moved electrodes, and their largest height; each fades within a second.
    """

    wander: float = 0.0
    wander_hz: float = 0.25
    hum: float = 0.0
    hum_hz: float = 50.0
    muscle: float = 0.0
    motion_per_s: float = 0.0
    motion: float = 2.0


@dataclasses.dataclass(frozen=True, slots=True)
class Electrocardiogram:
    """A synthetic electrocardiogram and its ground truth.

    Attributes
    ----------
    waveform : ndarray, shape (samples,), float32
        Within -1 to 1.
    sample_rate : int
        Hz.
    r_samples : ndarray, shape (beats,), int64
        The R peaks.
    """

    waveform: NDArray[np.float32]
    sample_rate: int
    r_samples: NDArray[np.int64]


def electrocardiogram(
    r_samples: NDArray[np.int64],
    num_samples: int,
    sample_rate: int,
    rng: np.random.Generator,
    noise: EcgNoise | None = None,
    *,
    ectopic: NDArray[np.bool_] | None = None,
    peak: float = 0.3,
    inverted: bool = False,
) -> Electrocardiogram:
    """Return an electrocardiogram with R peaks at some samples.

    Parameters
    ----------
    r_samples : ndarray, shape (beats,), int
        Ascending; those outside of the signal are left out.
    num_samples : int
    sample_rate : int
        Hz.
    rng : numpy.random.Generator
    noise : EcgNoise or None
        None for none.
    ectopic : ndarray, shape (beats,), bool, or None
        Which beats are ectopic; None for none.
    peak : float
        Height of the R peaks. What the noise takes beyond 1 is clipped, as by a converter.
    inverted : bool
        Whether the electrodes are the other way round.

    Examples
    --------
    >>> ecg = electrocardiogram(np.array([2000, 5000]), 8000, 4000, np.random.default_rng(0))
    >>> int(ecg.waveform.argmax()) in (2000, 5000), round(float(ecg.waveform.max()), 2)
    (True, 0.3)
    """
    inside = (r_samples >= 0) & (r_samples < num_samples)
    early = np.zeros(len(r_samples), bool) if ectopic is None else ectopic
    signal = np.zeros(num_samples)
    intervals = np.diff(r_samples, append=r_samples[-1:] + sample_rate) / sample_rate
    for at, interval_s, is_ectopic in zip(r_samples[inside].tolist(), intervals[inside], early[inside], strict=True):
        _add_beat(signal, at, float(min(max(interval_s, 0.25), 1.5)), sample_rate, is_ectopic=bool(is_ectopic))
    if noise is not None:
        signal += _noise(noise, num_samples, sample_rate, rng)
    signal *= -peak if inverted else peak
    return Electrocardiogram(np.clip(signal, -1.0, 1.0).astype(np.float32), sample_rate, r_samples[inside])


def _add_beat(signal: NDArray[np.float64], at: int, interval_s: float, sample_rate: int, *, is_ectopic: bool) -> None:
    """Add the waves of a beat, in place."""
    for offset_s, height, width_s in ECTOPIC_WAVES if is_ectopic else WAVES:
        stretch = np.sqrt(interval_s) if abs(offset_s) > LATE_S else 1.0
        centre, width = at + offset_s * stretch * sample_rate, width_s * stretch * sample_rate
        begin, end = max(0, int(centre - 5 * width)), min(len(signal), int(centre + 5 * width) + 1)
        if begin < end:
            signal[begin:end] += height * np.exp(-0.5 * ((np.arange(begin, end) - centre) / width) ** 2)


def _noise(noise: EcgNoise, num_samples: int, sample_rate: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return what lies over the signal."""
    time_s = np.arange(num_samples) / sample_rate
    phase = rng.uniform(0.0, 2.0 * np.pi, 2)
    total: NDArray[np.float64] = noise.wander * np.sin(2.0 * np.pi * noise.wander_hz * time_s + phase[0])
    total += noise.hum * np.sin(2.0 * np.pi * noise.hum_hz * time_s + phase[1])
    if noise.muscle:
        shape = bandpass_gain(frequencies(num_samples, sample_rate), 20.0, 150.0)
        total += noise.muscle * shaped_noise(shape, num_samples, rng)
    for start in rng.integers(0, num_samples, rng.poisson(noise.motion_per_s * num_samples / sample_rate)).tolist():
        total[start:] += rng.uniform(-noise.motion, noise.motion) * np.exp(-5.0 * (time_s[start:] - time_s[start]))
    return total
